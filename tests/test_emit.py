"""Emitted recorders: their text is made from the record, and unusual cases leave it."""

import linecache
import traceback

import mpmath
import numpy as np
import pytest

import autograd
from autograd import CATALOGUE, DomainError, Op, Value, no_grad
from autograd.draw.explorer.javascript import table
from autograd.emit import emit, recorder_source, scalar
from autograd.recording import recorders
from autograd.testing import check_op

FIXED = [op for op in CATALOGUE if not op.nary and len(op.slopes) < 3]


def test_the_text_of_tanh():
    source, functions = recorder_source(autograd.tanh)
    assert (
        source
        == """\
def make(_op, tanh):

    def _record(_x):
        _context = current()
        if _context.special:
            return record(_op, (_x,))
        _a = _x._data
        try:
            _out = tanh(_a)
            _da = 1.0 - (_out * _out)
        except (ArithmeticError, ValueError):
            return record(_op, (_x,))
        if _out - _out != 0.0:
            return record(_op, (_x,))
        _node = new(Value)
        _node._data = _out
        _node._grad = None
        _node._op = _op
        _node._name = None
        _node._x = _x
        _node._y = None
        _node._dx = _da
        _node._dy = None
        _node._pending = 0
        _node._scope = _context.scope
        return _node


    return _record
"""
    )
    assert functions == {"tanh": autograd.tanh.forward}


@pytest.mark.parametrize("op", FIXED, ids=lambda op: op.name)
def test_every_operation_has_a_recorder(op):
    made = recorders(op)
    assert recorders(op) is made
    assert (made if len(op.slopes) == 1 else made[0]).__name__ == op.name


@pytest.mark.parametrize("op", [op for op in CATALOGUE if op.generic and not op.nary], ids=lambda op: op.name)
def test_scalar_inlines_a_generic_function(op):
    inlined = scalar(op)
    for x in (-1.3, 0.4, 2.0):
        operands = (x, 0.7, 0.2)[: len(op.slopes)]
        try:
            due = op.apply(operands)
        except DomainError:
            continue
        assert inlined(*operands) == due


def test_integers_become_floats_exactly():
    x = Value(1.0)
    for n in (2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 10**300):
        assert (x * n).operands[1] == float(n)
        assert (n - x).operands[0] == float(n)
        assert type((x * n).operands[1]) is float


def test_no_grad_is_seen_by_recorders_that_exist_already():
    x = Value(0.5)
    before = x * x
    with no_grad():
        during = x * x
    after = x * x
    assert (before.requires_grad, during.requires_grad, after.requires_grad) == (True, False, True)
    assert (before.operands, during.operands, after.operands) == ((x, x), (), (x, x))


def test_a_traceback_shows_the_emitted_line():
    op = Op("odd", lambda x: x + 1.0, [lambda out, x: out])
    function = emit(op)
    with pytest.raises(AttributeError) as raised:
        function("no Value")
    assert "_a = _x._data" in "".join(traceback.format_tb(raised.value.__traceback__))
    assert linecache.getline("<autograd odd>", 3).strip() == "def _record(_x):"


def newton(a):
    """Solve x³ + x = a."""
    x = a
    for _ in range(50):
        x = x - (x * x * x + x - a) / (3 * x * x + 1)
    return x


class TestFunctionsThatIterate:
    """What a function computes from a number is written once, so a loop costs its steps and not 2 to their power."""

    def test_in_the_function(self):
        op = Op("root", newton, [lambda out, a: 1 / (3 * out * out + 1)])
        assert op.generic
        for a in (2.0, -0.3, 30.0):
            with mpmath.workdps(30):
                root = mpmath.findroot(lambda x, a=a: x**3 + x - a, a / 3)
            y = op(Value(a))
            assert y.data == op(a) == newton(a) == pytest.approx(float(root), rel=1e-14)
            assert y.slopes[0] == pytest.approx(float(1 / (3 * root**2 + 1)), rel=1e-14)
        assert op(np.array([2.0]))[0] == 1.0
        assert scalar(op)(2.0) == 1.0
        assert autograd.derivative(op, order=2)(2.0) == -6.0 / 64.0
        assert len(recorder_source(op)[0]) < 30_000
        check_op(op)

    def test_in_another_operation(self):
        inner = Op("root", newton, [lambda out, a: 1 / (3 * out * out + 1)])
        outer = Op("roots", lambda x, y: inner(x) * inner(2.0 * y), [
            lambda out, x, y: inner(2.0 * y) / (3 * autograd.square(inner(x)) + 1),
            lambda out, x, y: 2.0 * inner(x) / (3 * autograd.square(inner(2.0 * y)) + 1),
        ])  # fmt: skip
        check_op(outer, [(2.0, 1.0), (0.3, 0.7)])
        for z in (outer(Value(2.0), 1.0), outer(2.0, Value(1.0)), outer(Value(2.0), Value(1.0))):
            assert z.data == 1.0

    def test_in_a_rule(self):
        def rule(out, x):
            s = x
            for _ in range(60):
                s = s * 0.5 + 0.125 * s * s
            return s

        op = Op("f", lambda x: x * 1.0, [rule])
        edge = op(Value(0.5, name="x")).edges[0]
        assert edge.slope == rule(0.0, 0.5)
        assert edge.formula == "(…·0.5 + …·…)·0.5 + 0.125·(… + …)·(…·0.5 + …·…)"
        assert "…" in op.card
        assert table([(op, 1)], {})[1] == set()
        program = autograd.compile(op, 0.5)
        assert program.value_and_grad([0.5], wrt="inputs")[1][0].tolist() == pytest.approx([rule(0.0, 0.5)], rel=1e-13)

    @pytest.mark.parametrize("step", [autograd.tanh, autograd.square, lambda x: 1.0 / (1.0 + x), lambda x: 0.5 * x + x])
    def test_deep_ones(self, step):
        def f(x):
            for _ in range(300):
                x = step(x)
            return x

        op = Op("f", f, [lambda out, x: 1.0])
        assert op(Value(0.7)).data == op(0.7) == f(0.7)
