"""Lines of a derivation: the formula, the numbers of its factors and the product of the slopes are one number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, explain, mean, softmax
from autograd.factors import evaluate
from autograd.symbol import Symbol
from autograd.testing.strategies import expressions


@given(expressions(), st.booleans())
def test_every_line_is_what_was_computed(program, named):
    """On random graphs, with a name for every node and without any."""
    leaves = program.values()
    output = program(*leaves)
    for place, node in enumerate(output.graph().nodes):
        node.name = f"n{place}" if named else None
    for leaf in output.graph().leaves:
        derivation = explain(output, leaf, paths=3)
        for line, path in zip(derivation._chains.lines, derivation._every, strict=True):
            if line.symbol is None:
                continue
            assert evaluate(line.symbol) == pytest.approx(path.number, rel=1e-6, abs=1e-12)
            numbers = math.prod(map(float, line.above)) / math.prod(map(float, line.below))
            assert (-numbers if line.negative else numbers) == pytest.approx(path.number, rel=1e-6, abs=1e-12)
        whole = derivation._sum
        if whole is not None and "…" not in str(whole):  # which stands for parts that have no number of their own
            assert evaluate(whole) == pytest.approx(derivation.total, rel=1e-6, abs=1e-9)


def test_leaves_that_were_assigned_since_keep_their_formula():
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    s = w * x
    s.name = "s"
    y = s * s
    y.name = "y"
    x.data = 5.0
    first, *paths, note = str(explain(y, w)).splitlines()
    assert first == "∂y/∂w = 2·s·x = 24"
    assert paths[1:] == [
        "  1. ∂y/∂s · ∂s/∂w = s·x = 6 × 2 = 12   (operand 1 of y)",
        "  2. ∂y/∂s · ∂s/∂w = s·x = 6 × 2 = 12   (operand 2 of y)",
    ]
    assert note == "as recorded: x = 5 assigned since"


def test_a_share_that_has_a_name_is_written_by_it():
    scores = [Value(v, name=f"s{i}") for i, v in enumerate((0.5, -0.2, 0.9))]
    shares = softmax(scores)
    for i, share in enumerate(shares):
        share.name = f"p{i}"
    derivation = explain(shares[0], scores[0])
    assert {str(line.symbol) for line in derivation._chains.lines} >= {"p0"}
    assert isinstance(derivation._chains.lines[0].symbol, Symbol)


def name_each(values, letter):
    for k, v in enumerate(values):
        v.name = f"{letter}{k}"
    return values


@pytest.mark.parametrize("classes", [3, 7, 8, 12, 40, 100])
def test_the_closed_sum_of_a_loss_depends_on_no_number_of_classes(classes):
    torch = pytest.importorskip("torch", reason="the oracle")
    numbers = [math.sin(3.0 * k) for k in range(classes)]
    ours = name_each([Value(number) for number in numbers], "s")
    theirs = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    loss = nn.cross_entropy(ours, 1)
    torch.nn.functional.cross_entropy(theirs, torch.tensor(1)).backward()
    every = ", ".join(v.name for v in ours) if classes <= 6 else f"s0, s1, …, s{classes - 1}"
    for k, less in ((0, ""), (1, " − 1")):
        derivation = explain(loss, ours[k])
        closed = f"= exp(s{k} − logsumexp({every})){less} = "
        assert closed in str(derivation).splitlines()[1]
        assert derivation.total == pytest.approx(float(theirs.grad[k]), rel=1e-12)
        assert evaluate(derivation._chains.add_up(derivation._total)) == pytest.approx(float(theirs.grad[k]), rel=1e-9)


@pytest.mark.parametrize("classes", [3, 9, 10, 60])
def test_the_slope_of_a_share_is_written_by_its_name(classes):
    scores = name_each([Value(0.1 * k) for k in range(classes)], "s")
    shares = name_each(softmax(scores), "p")
    assert str(explain(shares[1], scores[1])).startswith("∂p1/∂s1 = p1·(1 − p1) = ")


@pytest.mark.parametrize("shift", [0.0, 0.3, -40.0, 1000.0])
def test_the_number_that_keeps_a_share_from_an_overflow_is_not_in_its_slope(shift):
    torch = pytest.importorskip("torch", reason="the oracle")
    numbers = [shift + 0.1 * k for k in range(4)]
    scores = name_each([Value(number) for number in numbers], "s")
    shares = name_each(softmax(scores), "p")
    theirs = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    torch.softmax(theirs, 0)[1].backward()
    derivation = explain(shares[1], scores[2])
    line = derivation._chains.lines[0]
    if shift < 700.0:
        assert str(derivation).startswith("∂p1/∂s2 = −p1·exp(s2)/(exp(s0) + exp(s1) + exp(s2) + exp(s3)) = −")
    assert derivation.total == pytest.approx(float(theirs.grad[2]), rel=1e-12)
    assert evaluate(line.symbol) == pytest.approx(float(theirs.grad[2]), rel=1e-9)


@pytest.mark.parametrize("shown", [1, 5, 20])
def test_the_closed_sum_over_examples_does_not_depend_on_the_paths_that_are_shown(shown):
    w, b = Value(0.3, name="w"), Value(0.1, name="b")
    xs = name_each([Value(0.1 * k, requires_grad=False) for k in range(20)], "x")
    errors = name_each([w * x + b - 0.02 * k for k, x in enumerate(xs)], "e")
    loss = mean([e**2 for e in errors])
    loss.name = "L"
    by_bias = str(explain(loss, b, paths=shown)).splitlines()
    assert by_bias[:2] == [
        "∂L/∂b = ∂L/∂e0·∂e0/∂b + ∂L/∂e1·∂e1/∂b + … + ∂L/∂e19·∂e19/∂b",
        "  = 0.01 × 1 + 0.011 × 1 + … + 0.029 × 1 = 0.39",
    ]
    assert by_bias[2] == "  = 0.1·(e0 + e1 + … + e19)"
    assert "  = 0.1·(e0·x0 + e1·x1 + … + e19·x19)" in str(explain(loss, w, paths=shown))
    others = [line for line in by_bias if "the other" in line]
    assert [line.split(" together")[0].strip() for line in others] == (
        [f"the other {20 - shown}"] if shown < 20 else []
    )


def test_the_closed_sum_over_outputs():
    torch = pytest.importorskip("torch", reason="the oracle")
    model = nn.Linear(2, 10, seed=0)
    x = Value(0.1, name="x")
    derivation = explain(nn.mse(model([x, 0.2]), [0.1] * 10), x)
    assert "  = 0.2·(e[0]·W[0][0] + e[1]·W[1][0] + … + e[9]·W[9][0])" in str(derivation)
    assert r"\cdots + " in derivation.latex()
    their = torch.tensor([0.1, 0.2], dtype=torch.float64, requires_grad=True)
    W, b = (torch.tensor([[w.data for w in row] for row in rows], dtype=torch.float64) for rows in (model.W, [model.b]))
    torch.nn.functional.mse_loss(W @ their + b[0], torch.full((10,), 0.1, dtype=torch.float64)).backward()
    assert derivation.total == pytest.approx(float(their.grad[0]), rel=1e-12)
