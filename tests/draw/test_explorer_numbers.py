"""Other numbers in a real browser: every operation, random graphs, errors, against Python."""

import json
import math
import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from perceptron import forward, perceptron
from screens import NOW, agree, replace, shown

from autograd import (
    CATALOGUE,
    Op,
    Value,
    cos,
    explore,
    log,
    sqrt,
    total,
    where,
)
from autograd.symbol import number_text
from autograd.testing.strategies import expressions


def test_a_leaf_is_changed_in_the_page(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    w = net.error.graph().nodes.index(net.hidden_weights[0][1])
    tab.click(f"#n{w}")
    tab.fill("#leaf", "2,5")
    net.hidden_weights[0][1].data = 2.5
    again = forward(net.inputs, net.hidden_weights, net.output_weights)
    agree(tab.evaluate(NOW), again.error.graph())
    assert tab.locator("h1").text_content() == f"E = {number_text(again.error.data)}"
    assert "W1[0][1] = 2.5 (recorded: 3)" in tab.locator("#what-if").text_content()
    assert "changed" in tab.locator(f"#n{w}").get_attribute("class").split()
    tab.fill("#leaf", "two")
    assert tab.locator("#leaf").get_attribute("aria-invalid") is not None
    assert tab.locator("h1").text_content() == f"E = {number_text(again.error.data)}"
    tab.locator("#leaf-slider").fill("-1.02")
    assert tab.locator("#leaf").input_value() == "-1.02"
    tab.click("#undo")
    assert tab.locator("h1").text_content() == "E = 0.3528"
    assert tab.locator("#leaf").input_value() == "3"
    assert tab.locator("#what-if").is_hidden()


POINTS = {
    "acosh": [1.0001, 1.5, 40.0], "log": [1e-9, 0.5, 300.0], "log2": [0.1, 8.0], "log10": [0.1, 1000.0],
    "log1p": [-0.999, 1e-12, 5.0], "sqrt": [1e-8, 2.0, 1e10], "reciprocal": [-3.0, 0.01],
    "asin": [-0.999, 0.0, 0.4], "acos": [-0.5, 0.999], "atanh": [-0.99, 0.3], "exp": [-700.0, 1.0, 20.0],
    "expm1": [-40.0, 1e-12, 3.0], "sinh": [-5.0, 1e-8, 5.0], "cosh": [-5.0, 0.0, 5.0], "tan": [-1.5, 0.7, 4.0],
    "erf": [-6.0, -2.0, -1.9999, -0.3, 0.0, 1e-10, 0.49, 0.51, 0.99, 1.01, 1.999, 2.001, 3.5, 9.0],
    "erfc": [-6.0, -0.5, 0.0, 0.499, 0.501, 0.999, 1.0, 1.001, 2.0, 5.0, 10.0, 26.0],
    "erfinv": [-0.999, -0.5, 1e-9, 0.3, 0.9999], "lgamma": [-1.5, 0.1, 3.5, 30.0, 1e5],
    "digamma": [-0.5, 0.1, 2.5, 12.0, 1e4], "trigamma": [-0.5, 0.1, 2.5, 12.0, 1e4],
    "gelu": [-12.0, -3.0, -0.1, 0.0, 2.0, 9.0],
}  # fmt: skip
ANYWHERE = [-30.0, -2.5, -1.0, -1e-6, 0.0, 1e-6, 0.75, 1.0, 3.0, 40.0]


def single(op):
    """Leaves for one operation, with points to try them at."""
    if op.nary:
        count = 5 if op.name == "dot" else 4
        return count, [
            [-1.5, 0.5, 2.0, 0.5, 3.0],
            [0.0, 0.0, 1.0, 2.0, -1.0],
            [1e8, 1.0, -1e8, 1.0, 0.5],
            [7.0, 7.0, 7.0, 7.0, 1.0],
        ]
    if len(op.slopes) == 1:
        return 1, [[x] for x in POINTS.get(op.name, ANYWHERE)]
    if op.name == "pow":
        return 2, [[2.0, 3.0], [0.5, -1.5], [1e-3, 2.2], [-2.0, 3.0], [0.0, 2.0], [0.0, 0.0], [1.0, 500.0]]
    if op.name == "truediv":
        return 2, [[1.0, 3.0], [-2.0, 1e-5], [0.0, -4.0]]
    if op.name in ("mod", "floordiv"):
        return 2, [[7.5, 2.0], [-7.5, 2.0], [7.5, -2.0], [6.0, 3.0], [-0.3, 0.1], [1e9, 0.7]]
    if op.name == "round":
        return 2, [[2.6, 0.0], [2.5, 0.0], [-3.5, 0.0], [2.675, 2.0], [1250.0, -2.0]]
    if op.name == "clip":
        return 3, [[0.5, 0.0, 1.0], [2.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    if op.name == "where":
        return 3, [[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [-0.5, 1e300, 1.0]]
    return 2, [[1.0, 2.0], [2.0, 2.0], [-3.0, 1e-7], [0.0, -2.0], [4.0, -0.25]]


@pytest.fixture(scope="module")
def all_operations():
    """One graph with every operation of the catalogue, and the points at which each is tried."""
    tried = [(op, *single(op)) for op in CATALOGUE]
    start = [[float(x) for x in points[0][:count]] for _, count, points in tried]

    def build(numbers):
        leaves = [
            [Value(x, name=f"{op.name}{i}") for i, x in enumerate(row)]
            for (op, _, _), row in zip(tried, numbers, strict=True)
        ]
        return leaves, total([op.apply(tuple(row)) for (op, _, _), row in zip(tried, leaves, strict=True)])

    return tried, start, build


def test_every_operation_computes_as_python_does(visit, all_operations):
    tried, start, build = all_operations
    leaves, y = build(start)
    page = explore(y)
    assert json.loads(re.search(r'id="record">(.*?)</script>', page.html).group(1))["closed"] == []
    tab = visit(page)
    place = {node: i for i, node in enumerate(y.graph().nodes)}
    rounds = max(len(points) for _, _, points in tried)
    for k in range(1, rounds):
        numbers = [[float(x) for x in points[k % len(points)][:count]] for _, count, points in tried]
        changes = [
            [place[leaf], x] for row, xs in zip(leaves, numbers, strict=True) for leaf, x in zip(row, xs, strict=True)
        ]
        tab.evaluate("changes => { for (const [node, number] of changes) explorer.engine.set(node, number); }", changes)
        agree(tab.evaluate(NOW), build(numbers)[1].graph())


def test_erfc_and_gelu_keep_their_relative_accuracy_far_out(visit):
    from math import erfc

    x = Value(1.0, name="x")
    tab = visit(explore(x.erfc()))
    for number in (0.3, 0.7, 1.0, 1.3, 2.0, 4.0, 8.0, 16.0, 26.0):
        got = tab.evaluate("x => { explorer.engine.set(0, x); return explorer.engine.now.data[1]; }", number)
        assert got == pytest.approx(erfc(number), rel=2e-13)


def test_lgamma_is_zero_where_the_gamma_function_is_one(visit):
    """Where something small were left over, what asks for its sign would be another number than Python's."""
    x = Value(3.0, name="x")
    tab = visit(explore(x.lgamma()))
    for number in (1.0, 2.0):
        assert tab.evaluate("x => { explorer.engine.set(0, x); return explorer.engine.now.data[1]; }", number) == 0.0


@pytest.fixture
def tab(visit):
    return visit(explore(Value(1.0)))


@settings(max_examples=24, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=expressions(steps=14, smooth=False))
def test_random_graphs_run_again_as_in_python(tab, program):
    y = program(*program.values())
    assume(not y.is_leaf)
    replace(tab, explore(y))
    nodes = y.graph().nodes
    tab.evaluate("() => { const { engine } = explorer; engine.now = engine.compute(new Map()); }")
    agree(tab.evaluate(NOW), y.graph())
    point = [x + 0.01 for x in program.point]
    try:
        again = program(*(Value(x, name=name) for x, name in zip(point, program.names, strict=True)))
    except (ArithmeticError, ValueError):
        return
    for i, node in enumerate(nodes):
        if node.is_leaf and node.name in program.names:
            tab.evaluate("([i, x]) => explorer.engine.set(i, x)", [i, point[program.names.index(node.name)]])
    if [v.op for v in nodes] == [v.op for v in again.graph().nodes]:
        agree(tab.evaluate(NOW), again.graph())


def test_a_zero_adjoint_passes_zero_whatever_the_slope(visit):
    x = Value(4.0, name="x")
    y = where(x > 1, 0.0, 1.0) * 0.0 + sqrt(x) * 0.0 + x
    tab = visit(explore(y))
    root = next(i for i, v in enumerate(y.graph().nodes) if v.op is not None and v.op.name == "sqrt")
    tab.evaluate("explorer.change(0, 0)")
    got = tab.evaluate(NOW)
    assert got["slopes"][root] == ["Infinity"]
    assert got["grads"][0] == 1.0


def test_an_infinite_gradient_is_said_calmly(visit):
    x = Value(0.0, name="x")
    page = explore(sqrt(x))
    tab = visit(page, "#step=3")
    assert shown(tab, 0, "grad") == "∞"
    assert tab.locator("#now .trouble").text_content() == (
        "The gradient stops being finite here: the slope is infinite or undefined at these numbers."
    )


@pytest.mark.parametrize(
    ("make", "number", "short", "text"),
    [
        (lambda x: log(x), -1.0, "undefined", "log needs x > 0."),
        (lambda x: log(x), 0.0, "undefined", "log needs x > 0."),
        (lambda x: 1.0 / x, 0.0, "÷ 0", "Keep the divisor away from 0."),
        (lambda x: x.exp(), 1000.0, "too large", "Scale the operands down."),
        (lambda x: x**0.5, -2.0, "undefined", "pow needs x > 0, or a whole exponent."),
        (lambda x: x**-1.0, 0.0, "÷ 0", "Keep the divisor away from 0."),
        (lambda x: x * 1e300, 1e300, "too large", "Scale the operands down."),
    ],
)
def test_domain_errors_stand_at_the_node(visit, make, number, short, text):
    x = Value(2.0, name="x")
    inner = make(x)
    y = inner * 2.0 + x
    tab = visit(explore(y))
    tab.evaluate("number => explorer.change(0, number)", number)
    with pytest.raises(ArithmeticError if short != "undefined" else ValueError):
        make(Value(number))
    assert shown(tab, 1, "data") == short
    assert "failed" in tab.locator("#n1").get_attribute("class").split()
    assert [shown(tab, i, "data") for i in (2, 3)] == ["—", "—"]
    assert {shown(tab, i, "grad") for i in range(4)} == {"—"}
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    assert text in tab.locator("#now .trouble").text_content()
    tab.evaluate("explorer.change(0, 2)")
    agree(tab.evaluate(NOW), y.graph())


def test_an_operation_of_ones_own(visit):
    cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
    sealed = Op("sealed", lambda x: math.floor(x) + 0.5, [lambda out, x: cos(x)])
    x, z = Value(2.0, name="x"), Value(1.5, name="z")
    y = cube(x) + sealed(z)
    tab = visit(explore(y))
    tab.evaluate("explorer.change(0, 3)")
    assert tab.evaluate(NOW)["data"] == [3, 27, 1.5, 1.5, 28.5]
    assert tab.evaluate(NOW)["grads"][0] == 27
    tab.evaluate("explorer.choose(2)")
    assert "known to Python only" in tab.locator("#chosen").text_content()
    assert tab.locator("#leaf").count() == 0
