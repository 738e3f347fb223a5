"""Formulas for SymPy: the same numbers as the graph, and derivatives equal to the edges' own."""

import math
import sys

import pytest
import sympy
from hypothesis import given, settings

import autograd
import autograd.symbolic
from autograd import CATALOGUE, Graph, Op, Value, explain, gradients, log, relu, sigmoid
from autograd.testing.strategies import expressions

#: SymPy has no rounding to decimal digits, halves to the even side.
READ = [op for op in CATALOGUE if op.name != "round"]


def number(expression, values):
    names = {sympy.Symbol(v.name, real=True): sympy.Rational(v.data) for v in values}
    return float(sympy.N(expression.subs(names), 17))


@settings(max_examples=40)
@given(expressions(operations=READ, steps=5, inputs=2))
def test_the_expression_and_its_derivatives_are_the_graph_s(program):
    leaves = program.values()
    output = program(*leaves)
    used = [leaf for leaf in leaves if leaf in output.graph()]
    expression = output.graph().to_sympy()
    assert number(expression, used) == pytest.approx(output.data, rel=1e-7, abs=1e-9)
    for leaf, slope in zip(used, gradients(output, used), strict=True):
        from_the_edges = autograd.symbolic.differentiate(output, leaf, output.graph().names)
        assert number(from_the_edges, used) == pytest.approx(slope, rel=1e-6, abs=1e-8)
        if all(op.kink is None for op, _ in program.steps):  # SymPy differentiates floor and |x| in its own way
            theirs = sympy.diff(expression, sympy.Symbol(leaf.name, real=True))
            assert number(theirs, used) == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("x", [-2.5, -0.5, 0.5, 3.0])
def test_lgamma_is_real_left_of_0_too(x):
    y = autograd.lgamma(Value(x, "x"))
    symbol = sympy.Symbol("x", real=True)
    assert complex(sympy.N(y.graph().to_sympy().subs(symbol, x))) == pytest.approx(y.data)
    slope = sympy.diff(y.graph().to_sympy(), symbol)
    assert complex(sympy.N(slope.subs(symbol, x))) == pytest.approx(gradients(y, [y.operands[0]])[0])


def test_several_outputs():
    x = Value(2.0, name="x")
    X = sympy.Symbol("x", real=True)
    assert Graph(x * x, x + 1.5).to_sympy() == (X**2, X + sympy.Rational(3, 2))


def test_where_a_person_would_go_on_simplifying():
    x, w = Value(1.3, name="x"), Value(0.4, name="w")
    X = sympy.Symbol("x", real=True)
    assert str(explain(x ** (2 * x * log(x)), x).simplified()) == "2*x**(2*x*log(x))*(log(x) + 2)*log(x)"
    assert explain(sum(x**k for k in range(4)), x).simplified() == 3 * X**2 + 2 * X + 1
    assert str(explain(w * x - relu(x), w).simplified()) == "x"
    scores = [Value(v, name=f"s{i}") for i, v in enumerate((0.5, -0.2, 0.9))]
    loss = autograd.logsumexp(scores) - scores[1]
    assert str(explain(loss, scores[0]).simplified()) == "exp(s0)/(exp(s0) + exp(s1) + exp(s2))"


def test_a_value_in_between_is_a_name():
    w, x = Value(0.4, name="w"), Value(1.3, name="x")
    s = w * x
    assert str(explain((s - 1.0) ** 2, s).simplified()) == "2*v1 - 2"
    s.name = "s"
    assert str(explain((s - 1.0) ** 2, s).simplified()) == "2*s - 2"
    assert str(explain(s, s).simplified()) == "1"


def test_an_operation_that_sympy_does_not_have_is_a_function_of_its_name():
    bump = Op("bump", lambda x: math.exp(-x * x), [lambda out, x: -2.0 * x * out])
    x = Value(0.5, name="x")
    assert str(bump(x).graph().to_sympy()) == "bump(x)"
    assert str(explain(bump(x), x).simplified()) == "-2*x*bump(x)"


def test_what_is_said_without_sympy(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    x = Value(0.5, name="x")
    for call in (sigmoid(x).graph().to_sympy, explain(sigmoid(x), x).simplified):
        with pytest.raises(ImportError) as raised:
            call()
        assert str(raised.value) == (
            "Simplified formulas need SymPy, which is not installed. Run: pip install 'edgegrad[symbolic]'"
        )
