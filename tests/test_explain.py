"""Derivations: the lectures' own, sums over paths, many paths, deep graphs, errors."""

import math
import time

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from perceptron import named, perceptron
from scipy.special import expit

import autograd
from autograd import (
    AutogradError,
    Explanation,
    NotConnectedError,
    OperandTypeError,
    Value,
    cos,
    dot,
    exp,
    explain,
    gradients,
    log,
    relu,
    sigmoid,
    sin,
    softmax,
    tanh,
)
from autograd.scaled import Scaled, multiply


def test_lecture_1_4_weight_of_the_hidden_layer():
    net = perceptron()
    derivation = explain(net.error, net.hidden_weights[0][1])
    assert str(derivation) == (
        "∂E/∂W1[0][1] = ∂E/∂O · ∂O/∂a1 · ∂a1/∂s1 · ∂s1/∂W1[0][1] = (O − t)·W2[0]·[s1 > 0]·x2 "
        "= 0.84 × 0.5 × 1 × 0.7 = 0.294"
    )
    assert derivation.total == pytest.approx(0.294, abs=1e-15)


def test_lecture_1_4_deltas():
    net = perceptron()
    assert str(explain(net.error, net.activations[0])) == (
        "∂E/∂a1 = ∂E/∂O · ∂O/∂a1 = (O − t)·W2[0] = 0.84 × 0.5 = 0.42"
    )
    assert str(explain(net.error, net.sums[1])) == (
        "∂E/∂s2 = ∂E/∂O · ∂O/∂a2 · ∂a2/∂s2 = (O − t)·W2[1]·[s2 > 0] = 0.84 × 0.3 × 1 = 0.252"
    )
    assert str(explain(net.error, net.output)) == "∂E/∂O = O − t = 0.84"


def test_lecture_1_4_latex():
    net = perceptron()
    assert explain(net.error, net.output_weights[0]).latex() == (
        r"\frac{\partial E}{\partial w^{(2)}_{1}} = \frac{\partial E}{\partial O} \cdot "
        r"\frac{\partial O}{\partial w^{(2)}_{1}} = \left(O - t\right) \cdot a_{1} = 0.84 \times 2.6 = 2.184"
    )


def test_lecture_2_4_factor_chain():
    """∂E/∂w = I·(O − T)·O·(1 − O) with L2.1's network and T = 0.9."""
    x = [0.5, 0.9, -0.3]
    hidden = [[1.0, -2.0, 2.0], [2.0, 1.0, -4.0], [1.0, -1.0, 0.0]]
    outer = [-3.0, 1.0, -3.0]
    inputs = [named(sigmoid(dot([Value(w) for w in row], x)), f"I{i}") for i, row in enumerate(hidden, 1)]
    weights = [Value(w, name=f"w{i}") for i, w in enumerate(outer, 1)]
    output = named(sigmoid(dot(weights, inputs)), "O")
    target = Value(0.9, name="T", requires_grad=False)
    error = named(0.5 * (output - target) ** 2, "E")
    derivation = explain(error, weights[0])
    assert str(derivation).startswith("∂E/∂w1 = ∂E/∂O · ∂O/∂w1 = (O − T)·O·(1 − O)·I1 = ")
    inner = expit(np.array(hidden) @ x)
    outcome = expit(inner @ outer)
    assert derivation.total == pytest.approx((outcome - 0.9) * outcome * (1 - outcome) * inner[0], rel=1e-13)


def test_lecture_5_2_one_neuron():
    x, w = Value(2.0, name="x"), Value(0.3, name="w")
    y = Value(1.0, name="y")
    p = named(sigmoid(w * x), "σ")
    loss = named((y - p) ** 2, "L")
    derivation = explain(loss, w)
    assert "= −2·(y − σ)·σ·(1 − σ)·x =" in str(derivation)
    s = 1 / (1 + math.exp(-0.6))
    assert derivation.total == pytest.approx(-2 * (1 - s) * s * (1 - s) * 2.0, rel=1e-14)
    assert r"-2 \cdot \left(y - \sigma\right) \cdot \sigma \cdot \left(1 - \sigma\right) \cdot x" in derivation.latex()


def test_lecture_5_3_only_the_path_through_one_hidden_neuron():
    x = Value(0.7, name="x")
    w1 = [Value(v, name=f"w1{j}") for j, v in enumerate((0.4, -1.2))]
    w2 = [Value(v, name=f"w2{j}") for j, v in enumerate((0.9, 0.3))]
    z = [named(sigmoid(w * x), f"z{j}") for j, w in enumerate(w1)]
    p = named(sigmoid(dot(w2, z)), "p")
    loss = named((1.0 - p) ** 2, "L")
    derivation = explain(loss, w1[1])
    assert derivation.count == 1
    assert str(derivation).startswith("∂L/∂w11 = ∂L/∂p · ∂p/∂z1 · ∂z1/∂w11 = −2·(1 − p)²·p·w21·z1·(1 − z1)·x")


def test_lecture_5_4_sum_over_three_children():
    """E_x = E_z·∂z/∂x + E_s·∂s/∂x + E_t·∂t/∂x on a graph with skip connections."""
    x, y = Value(0.5, name="x"), Value(-0.3, name="y")
    z = named(tanh(0.4 * x + 0.9 * y), "z")
    s = named(sigmoid(0.7 * z - 1.1 * x), "s")
    t = named(tanh(0.2 * x + 0.5 * s + 0.3 * z), "t")
    quality = named((t - 1.0) ** 2, "Q")
    quality.backward()
    derivation = explain(quality, x)
    first, second, *_ = str(derivation).splitlines()
    assert first == "∂Q/∂x = ∂Q/∂z·∂z/∂x + ∂Q/∂s·∂s/∂x + ∂Q/∂t·∂t/∂x"
    assert second.endswith(f"= {x.grad:.6g}".replace("-", "−"))
    assert [child.node.name for child in derivation.children] == ["z", "s", "t"]
    for child in derivation.children:  # E_α stands at every node
        assert child.adjoint == pytest.approx(child.node.grad, rel=1e-14)
    assert sum(c.adjoint * c.slope for c in derivation.children) == pytest.approx(x.grad, rel=1e-14)

    def by_hand(value):
        h = mpmath.tanh(0.4 * value - mpmath.mpf(0.9) * 0.3)
        g = 1 / (1 + mpmath.exp(-(mpmath.mpf(0.7) * h - mpmath.mpf(1.1) * value)))
        return (mpmath.tanh(mpmath.mpf(0.2) * value + g / 2 + mpmath.mpf(0.3) * h) - 1) ** 2

    assert derivation.total == pytest.approx(float(mpmath.diff(by_hand, 0.5)), rel=1e-12)


def test_the_direct_edge_is_told_from_the_total():
    x = Value(2.0, name="x")
    z = named(x * x, "z")
    q = named(z * x, "q")
    assert str(explain(q, x)).splitlines()[0] == "∂q/∂x = ∂q/∂z·∂z/∂x + ∂q/∂x directly"
    assert r"\Big|_{\text{direct}}" in explain(q, x).latex()


def test_a_negative_term_of_a_sum_over_children_is_in_brackets():
    x = Value(2.0, name="x")
    z, s = named(-3.0 * x, "z"), named(-5.0 * x, "s")
    assert str(explain(named(z + 2.0 * s - x, "q"), x)).splitlines()[:2] == [
        "∂q/∂x = ∂q/∂z·∂z/∂x + ∂q/∂s·∂s/∂x + ∂q/∂x directly",
        "  = 1 × (−3) + 2 × (−5) + (−1) = −14",
    ]
    assert "\n  = −1 × (−3) + (−2 × (−5)) = 13\n" in str(explain(named(-z - 2.0 * s, "r"), x))


def test_an_unnamed_output_is_called_y_and_written_out():
    x = Value(0.5, name="x")
    assert str(explain(tanh(sin(exp(x))), x)).startswith("y = tanh(sin(eˣ))\n∂y/∂x = (1 − y²)·cos(eˣ)·eˣ = ")


def test_the_same_value_twice_is_two_paths():
    x = Value(3.0, name="x")
    derivation = explain(named(x * x, "y"), x)
    assert derivation.count == 2
    assert str(derivation).splitlines() == [
        "∂y/∂x = 2·x = 6", "the sum over 2 paths:", "  1. x = 3   (operand 1 of y)", "  2. x = 3   (operand 2 of y)",
    ]  # fmt: skip


def test_a_value_by_itself():
    x = Value(3.0, name="x")
    assert str(explain(x, x)) == "∂x/∂x = 1"


def test_the_largest_paths_are_written_and_the_rest_is_one_number():
    v = x = Value(0.5, name="x")
    for _ in range(64):
        v = v * 1.01 + v * 0.02
    derivation = explain(v, x, paths=3)
    assert derivation.count == 2**64
    assert [path.number for path in derivation.paths] == sorted((p.number for p in derivation.paths), reverse=True)
    assert derivation.paths[0].number == pytest.approx(1.01**64, rel=1e-12)
    assert derivation.paths[1].number == pytest.approx(1.01**63 * 0.02, rel=1e-12)
    assert sum(p.number for p in derivation.paths) + derivation.rest == pytest.approx(1.03**64, rel=1e-12)
    assert str(derivation).splitlines()[-1].startswith("     the other 18,446,744,073,709,551,613 together: ")
    assert "18,446,744,073,709,551,613 more paths" in derivation.latex()


def test_a_chain_of_100000_nodes():
    v = x = Value(0.5, name="x")
    for _ in range(100_000):
        v = v * 1.0
    derivation = explain(v, x)
    assert derivation.total == 1.0
    assert str(derivation).endswith("∂y/∂x = 1")


def test_tied_paths_take_no_longer():
    u = x = Value(0.01, name="x")
    for _ in range(60):
        u = tanh(u + u)
    derivation = explain(u, x)
    assert derivation.count == 2**60
    assert [path.number for path in derivation.paths] == pytest.approx([derivation.paths[0].number] * 5, rel=1e-12)


def test_infinite_slopes_that_cancel_are_no_number():
    z = Value(0.0, name="z")
    assert math.isnan(explain(z.sqrt() - z.sqrt(), z).total)


def test_an_infinite_slope_behind_a_zero_adjoint_adds_nothing():
    x = Value(0.0, name="x")
    derivation = explain(named(0.0 * x.sqrt() + 2.0 * x, "y"), x)
    assert derivation.total == 2.0


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=5), st.integers(1, 4))
def test_all_paths_add_up_to_the_gradient(numbers, paths):
    xs = [Value(v, name=f"x{i}") for i, v in enumerate(numbers)]
    inner = named(dot(numbers, xs), "s")
    y = named(cos(inner) * xs[0] + relu(inner) * xs[1] + inner * inner, "y")
    [expected] = gradients(y, [xs[0]])
    derivation = explain(y, xs[0], paths=paths)
    shown = sum(path.number for path in derivation.paths)
    assert shown + derivation.rest == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert len(derivation.paths) == min(paths, derivation.count)
    for path in derivation.paths:
        assert math.prod(f.number for f in path.factors) == pytest.approx(path.number, rel=1e-12, abs=1e-300)


def test_it_shows_itself():
    x = Value(1.0, name="x")
    derivation = explain(named(x * 2.0, "y"), x)
    assert isinstance(derivation, Explanation)
    assert repr(derivation) == "∂y/∂x = 2"
    assert derivation._repr_latex_() == r"$\displaystyle \frac{\partial y}{\partial x} = 2$"


def test_unconnected_values():
    x, other = Value(1.0, name="x"), Value(1.0, name="x")
    with pytest.raises(NotConnectedError) as caught:
        explain(named(2.0 * x, "y"), other)
    assert str(caught.value) == (
        "y = 2 does not depend on x = 1: no path of edges leads from one to the other. Pass the very Value that the "
        "output was computed from, not a copy of the same name."
    )


def test_unconnected_values_without_names():
    a, b = Value(2.0), Value(3.0)
    with pytest.raises(NotConnectedError, match=r"^the unnamed add 5 does not depend on the unnamed leaf 3: "):
        explain(a + 3.0, b)


def test_two_nodes_of_one_name_are_numbered_everywhere():
    w, other = Value(3.0, name="w"), Value(4.0, name="w")
    y = named(w * other + w, "y")
    assert str(explain(y, w)) == ("∂y/∂w⟨1⟩ = w⟨2⟩ + 1 = 5\nthe sum over 2 paths:\n  1. w⟨2⟩ = 4\n  2. 1")
    assert list(y.graph().names.values()) == ["w⟨1⟩", "w⟨2⟩", "v1", "y"]
    product = y.operands[0]
    assert repr(product.edges[0]) == "<Edge ∂(w⟨1⟩·w⟨2⟩)/∂w⟨1⟩ = w⟨2⟩ = 4>"
    assert "w⟨2⟩ = 4" in str(y.tree())
    assert r"{w^{\langle 2 \rangle}} + 1 = 5" in explain(y, w).latex()


def test_examples_of_a_batch_are_numbered():
    """Lecture L5.2: Q = Σ (y − σ(w·x))², a term for each example."""
    w = Value(0.3, name="w")
    errors = []
    for x, y in ((2.0, 1.0), (-1.0, 0.0)):
        p = named(sigmoid(w * Value(x, name="x", requires_grad=False)), "p")
        errors.append((Value(y, name="y", requires_grad=False) - p) ** 2)
    derivation = str(explain(named(errors[0] + errors[1], "Q"), w))
    assert derivation.splitlines()[0] == "∂Q/∂w = ∂Q/∂p⟨1⟩·∂p⟨1⟩/∂w + ∂Q/∂p⟨2⟩·∂p⟨2⟩/∂w"
    assert "−2·(y⟨1⟩ − p⟨1⟩)·p⟨1⟩·(1 − p⟨1⟩)·x⟨1⟩ = −2 × 0.354344 × 0.645656 × 0.354344 × 2 = " in derivation


def test_values_without_names_get_letters():
    a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    y = a * b + c
    assert str(explain(y, a)) == "y = x1·x2 + x3\n∂y/∂x1 = x2 = −3"
    assert explain(y, a).latex().splitlines()[1:3] == [
        r"y &= x_{1} \cdot x_{2} + x_{3} \\", r"\frac{\partial y}{\partial x_{1}} &= x_{2} = -3"
    ]  # fmt: skip
    assert list(map(repr, y.graph().edges[:2])) == [
        "<Edge ∂(x1·x2)/∂x1 = x2 = −3>", "<Edge ∂(x1·x2)/∂x2 = x1 = 2>"
    ]  # fmt: skip
    assert str(y.tree()).splitlines()[2].startswith("│   ├── x1 = 2")
    x = Value(2.0)
    assert str(explain(x * x, x)).splitlines()[:2] == ["y = x·x", "∂y/∂x = 2·x = 4"]
    assert str(explain(Value(5.0, name="y") * x, x)).splitlines() == ["v1 = y·x", "∂v1/∂x = y = 5"]


@pytest.mark.parametrize(
    ("make", "first"),
    [
        (lambda x, y, z: 2 * x + y**4, ["∂f/∂x = 2", "∂f/∂y = 4·y³ = 1.372"]),
        (lambda x, y, z: 2 * x**4 + 0 * y, ["∂f/∂x = 8·x³ = 17.576"]),
        (lambda x, y, z: exp(x) + log(y), ["∂f/∂x = eˣ = 3.6693", "∂f/∂y = 1/y = 1.42857"]),
        (
            lambda x, y, z: exp(x) - 1 / y**2 + 2**z,
            ["∂f/∂x = eˣ = 3.6693", "∂f/∂y = 2/y³ = 5.8309", "∂f/∂z = 2ᶻ·ln(2) = 2.77259"],
        ),
        (lambda x, y, z: x ** (2 * x * log(x)), ["∂f/∂x = 2·f·ln(x)·(ln(x) + 2) = 1.41979"]),
        (lambda x, y, z: exp(named(2 * x * log(x) ** 2, "u")), ["∂f/∂x = 2·f·ln(x)·(ln(x) + 2) = 1.41979"]),
        (lambda x, y, z: -(z * log(y) + (1 - z) * log(1 - y)), [None, "∂f/∂y = −z/y + (1 − z)/(1 − y) = −6.19048"]),
        (lambda x, y, z: 0.5 * (x - z) ** 2, ["∂f/∂x = x − z = −0.7", None, "∂f/∂z = −(x − z) = 0.7"]),
    ],
)
def test_the_lectures_derivatives(make, first):
    """Lecture L1.3, and the losses of L2.5."""
    leaves = [Value(v, name=name) for v, name in ((1.3, "x"), (0.7, "y"), (2.0, "z"))]
    f = named(make(*leaves), "f")
    for leaf, line in zip(leaves, first, strict=False):
        if line is not None:
            assert str(explain(f, leaf)).splitlines()[0] == line


def test_softmax_and_cross_entropy_give_p_minus_t():
    scores = [Value(v, name=f"s{i}") for i, v in enumerate((0.5, -0.2, 0.9))]
    shares = softmax(scores)
    for i, share in enumerate(shares):
        share.name = f"p{i}"
    loss = named(-log(shares[1]), "L")
    assert str(explain(loss, scores[1])).splitlines()[0] == "∂L/∂s1 = p1 − 1 = −0.83383"


def test_every_number_stands_under_its_symbol():
    x, y, z = Value(3.0, name="x"), Value(4.0, name="y"), Value(-2.0, name="z")
    s = named(x / y, "s")
    assert str(explain(named(s * z * 3.0, "f"), y)) == (
        "∂f/∂y = ∂f/∂s · ∂s/∂y = −3·z·s/y = −3 × (−2) × 0.75 / 4 = 1.125"
    )


def test_the_rules_are_named():
    net = perceptron()
    assert str(explain(net.error, net.hidden_weights[0][1], rules=True)).endswith(
        "= 0.294   (chain: constant factor, power, constant term, sum and product, derivative of relu)"
    )
    x = Value(2.0, name="x")
    assert str(explain(named(x * exp(x), "y"), x, rules=True)).splitlines()[2:] == [
        "  1. x·eˣ = 14.7781   (chain: product, derivative of exp)", "  2. eˣ = 7.38906   (product)"
    ]  # fmt: skip
    assert str(explain(x, x, rules=True)) == "∂x/∂x = 1"


def test_arguments_that_are_no_values():
    with pytest.raises(OperandTypeError) as caught:
        explain(Value(1.0), 3.0)
    assert str(caught.value) == "explain takes two Values, the output and one it was computed from, not float."
    with pytest.raises(ValueError, match=r"^paths must be a whole number from 1, not 0\.$"):
        explain(Value(1.0), Value(1.0), paths=0)


# --- products that leave the floats on the way ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "start"),
    [
        ((1e-160, 1e-160, 1e10), 0.5),
        ((1e200, 1e200, 1e-200), 1e-300),
        ((1e-200, 1e-200, 1e-200, 1e200, 1e200, 1e200), 1.0),
        ((1e-200, 1e-200), 1.0),
        ((-1e200, 1e200, 1e-300), 1e-300),
        ((1e-300, 1e-300, 1e300, 7.0, 1e300), 3.0),
    ],
)
def test_a_product_that_leaves_the_floats_on_the_way(factors, start):
    x = Value(start, name="x")
    y = x
    for factor in factors:
        y = y * factor
    exact = mpmath.mpf(1)
    for factor in factors:
        exact *= factor
    derivation = explain(named(y, "y"), x)
    assert derivation.total == pytest.approx(float(exact), rel=1e-14, abs=5e-324)
    assert [path.number for path in derivation.paths] == [derivation.total]
    written = str(derivation).rpartition(" = ")[2].replace("−", "-")
    assert float(mpmath.mpf(written) / exact) == pytest.approx(1.0, rel=1e-5)


def test_sums_and_children_beyond_the_floats():
    x = Value(1e-150, name="x")
    a = named(x * 1e-200, "a")
    b = named(a * 1e-200 + x * 2, "b")
    c = named(b * 1e200 * 1e-300 * 1e200 * 1e200 * 1e100, "c")
    derivation = explain(c, x)
    assert str(derivation) == (
        "∂c/∂x = ∂c/∂a·∂a/∂x + ∂c/∂b·∂b/∂x\n"
        "  = 1e+200 × 1e−200 + 1e+400 × 2 = 2e+400\n"
        "the sum over 2 paths:\n"
        "  1. ∂c/∂b · ∂b/∂x = 1e+400 × 2 = 2e+400\n"
        "  2. ∂c/∂b · ∂b/∂a · ∂a/∂x = 1e+400 × 1e−200 × 1e−200 = 1"
    )
    assert derivation.total == math.inf
    assert [path.number for path in derivation.paths] == [math.inf, pytest.approx(1.0)]
    assert [child.slope for child in derivation.children] == [1e-200, 2.0]
    assert [child.adjoint for child in derivation.children] == [pytest.approx(1e200), math.inf]
    assert derivation.latex().endswith(
        r"1 \times 10^{400} \times 1 \times 10^{-200} \times 1 \times 10^{-200} = 1" "\n\\end{aligned}"
    )


def test_the_number_of_a_formula_beyond_the_floats():
    x = Value(1e-250, name="x")
    assert str(explain(named(x**2 * 1e100 * 1e200 * 1e200, "y"), x)) == "∂y/∂x = 2e+500·x = 2e+250"
    assert str(explain(named(x * -x * 1e100 * 1e200 * 1e200, "y"), x)).endswith(
        "  2. −1e+500·x = −1e+250   (through v1)"
    )
    x = Value(1e150, name="x")
    assert str(explain(named(x**2 * 1e-300 * 1e-200, "y"), x)) == "∂y/∂x = 2e−500·x = 2e−350"
    assert (
        explain(named(x**2 * 1e-300 * 1e-200, "y"), x)
        .latex()
        .endswith(r"= 2 \times 10^{-500} \cdot x = 2 \times 10^{-350}")
    )


@pytest.mark.parametrize("depth", [1600, 20_000])
def test_deep_chains_below_the_floats(depth):
    x = Value(3.0, name="x")
    y = x
    for _ in range(depth):
        y = tanh(y * 0.5)
    derivation = explain(y, x)
    point, slope = mpmath.mpf(3), mpmath.mpf(1)
    for _ in range(depth):
        point = mpmath.tanh(point / 2)
        slope *= (1 - point**2) / 2
    written = str(derivation).rpartition(" = ")[2].replace("−", "-")
    assert float(mpmath.mpf(written) / slope) == pytest.approx(1.0, rel=1e-5)
    assert derivation.total == 0.0


@given(st.lists(st.floats(-1e308, 1e308).filter(bool), min_size=1, max_size=40))
def test_scaled_products_are_right_and_the_floats_own_where_those_hold(numbers):
    exact, plain, inside = mpmath.mpf(1), 1.0, True
    with mpmath.workprec(3000):
        for number in numbers:
            exact *= number
            plain *= number
            inside = inside and 1e-300 < abs(plain) < math.inf
        product = multiply(numbers)
        ratio = mpmath.ldexp(product.mantissa, product.exponent) / exact
    assert float(ratio) == pytest.approx(1.0, rel=1e-14)
    if inside:
        assert float(product) == plain


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_scaled_sums_are_the_floats_own(numbers):
    plain, total = 0.0, Scaled(0.0)
    for number in numbers:
        plain, total = plain + number, total + Scaled(number)
    if abs(plain) < math.inf:
        assert float(total) == plain


def test_scaled_infinities_and_nan():
    assert float(Scaled(math.inf) * Scaled(-2.0)) == -math.inf
    assert float(Scaled(math.inf) * Scaled(0.0)) == 0.0  # as in the sweep: a zero adjoint passes zeros
    assert math.isnan(float(Scaled(math.nan) + Scaled(1.0)))
    assert Scaled(math.inf).decimal(6) is None
    assert Scaled(1.5).decimal(6) is None
    assert Scaled(0.75, -2000).decimal(3) == ("6.53", -603)


def test_lone_surrogates_are_replaced_wherever_a_name_is_written():
    """Such names come from file names and command lines that are no UTF-8; no terminal and no file takes them."""
    x = Value(2.0, name="a\udc80b")
    y = named(x * x.sin(), "q\ud800")
    assert str(explain(y, x)).splitlines()[0] == (
        "∂q\ufffd/∂a\ufffdb = sin(a\ufffdb) + a\ufffdb·cos(a\ufffdb) = 0.0770038"
    )
    derivation = explain(y, x)
    texts = [str(derivation), repr(derivation), derivation.latex(), str(explain(y * y, x)), x.describe()]
    texts += [part for edge in y.edges for part in (repr(edge), edge.formula, edge.latex)]
    with pytest.raises(NotConnectedError) as caught:
        explain(x, y)
    with pytest.raises(AutogradError) as outside:
        log(-x)
    for text in [*texts, str(caught.value), str(outside.value)]:
        assert "\ufffd" in text
        text.encode("utf-8")
    assert x.name == "a\udc80b"


def test_of_equal_paths_the_leftmost_come_first():
    x = Value(0.5, name="x")
    y = x * 2.0
    for k in range(5):
        y = y + named(x * 2.0, f"h{k}")
    derivation = explain(y, x, paths=6)
    assert [path.number for path in derivation.paths] == [2.0] * 6
    slots = [[edge.slot for edge in path.edges] for path in derivation.paths]
    assert slots == [[0] * 6] + [[0] * (5 - k) + [1, 0] for k in range(1, 6)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(-3.0, 3.0)), min_size=1, max_size=9))
def test_the_largest_paths_are_those_of_all(steps):
    x = Value(1.0, name="x")
    nodes = [x]
    for one, other, factor in steps:
        nodes.append(nodes[one % len(nodes)] * factor + nodes[other % len(nodes)])
    y = nodes[-1]
    everything = list(y.graph().paths(y, x))
    products = [float(multiply(edge.slope for edge in reversed(path))) for path in everything]
    for wanted in (1, 3, len(products) + 1):
        derivation = explain(y, x, paths=wanted)
        assert derivation.count == len(products)
        largest = sorted(map(abs, products), reverse=True)[:wanted]
        assert [abs(path.number) for path in derivation.paths] == largest
        assert len({path.edges for path in derivation.paths}) == len(derivation.paths)
        for path in derivation.paths:
            assert path.edges in everything


def test_floats_give_way_before_a_product_leaves_their_range():
    x = Value(1.0, name="x")
    for small, count in ((1e-200, 2), (1e-140, 3), (1e-300, 1)):
        y = x
        for _ in range(count):
            y = y * small
        for _ in range(count):
            y = y * (1.0 / small)
        assert explain(y, x).total == pytest.approx(1.0, rel=1e-12)
        assert explain(y, x).paths[0].number == explain(y, x).total


@pytest.mark.parametrize("name", ["total", "mean", "largest", "logsumexp", "prod"])
def test_the_slope_of_one_operand_of_many_is_written_as_among_few(name):
    xs = [Value(1.0 + 0.01 * k, name=f"x{k}") for k in range(120)]
    y = getattr(autograd, name)([*xs[:3], -xs[3], *xs[4:]])
    assert str(explain(y, xs[3])).splitlines()[-1].startswith("∂y/∂x3 = ")
    for edge in (y.edges[2], y.edges[3]):
        assert edge.formula == autograd.textbook.formula(
            y.op.slopes_at(autograd.expression.expression(y), list(map(autograd.expression.expression, y.operands)))[
                edge.slot
            ]
        )


@pytest.mark.parametrize("shape", ["one sum", "one sum after the other"])
def test_the_cost_grows_linearly_with_the_paths(shape):
    def seconds(count):
        x = Value(0.5, name="x")
        if shape == "one sum":
            y = autograd.total([x * float(k) for k in range(count)])
        else:
            y = x
            for _ in range(count):
                y = y + x * 1.5
        start = time.process_time()
        derivation = explain(y, x, paths=20)
        str(derivation), derivation.latex()
        return time.process_time() - start

    assert min(seconds(8_000) for _ in range(3)) < 30 * min(seconds(800) for _ in range(3))


@pytest.mark.parametrize("wrt", ["x", "n", "K"])
def test_a_named_quotient_of_powers_whose_exponent_is_a_value(wrt):
    """Hill's function, as biochemists write it."""
    leaves = {"x": Value(2.0, name="x"), "n": Value(3.0, name="n"), "K": Value(1.5, name="K")}
    x, n, K = leaves.values()
    h = x**n / (K**n + x**n)
    h.name = "h"
    derivation = explain(h**2, leaves[wrt])
    assert derivation.total == pytest.approx(gradients(h**2, [leaves[wrt]])[0], rel=1e-14)
    assert str(derivation).startswith(f"y = h²\n∂y/∂{wrt} = ")
    assert "h" in derivation.latex()


def test_a_power_of_a_number_with_a_power_of_ten_is_latex():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    x = Value(2.0, name="x")
    for y, written in [
        (1e-7**x, r"\left(1 \times 10^{-7}\right)^{x}"),
        (x**1e-7, r"x^{1 \times 10^{-7}}"),
        (1e-7 * x, r"1 \times 10^{-7} \cdot x"),
    ]:
        first = explain(y, x).latex().splitlines()[1].strip()
        assert first == rf"y &= {written} \\"
        mathtext.MathTextParser("path").parse(f"${written}$")


def test_a_function_that_is_being_compiled_is_not_explained():
    with pytest.raises(autograd.ControlFlowError, match=r"explain\(\)"):
        autograd.compile(lambda x: Value(float(len(str(explain(x * x, x))))) * x, 2.0)
