"""Emitted recorders: their text is made from the record, and unusual cases leave it."""

import linecache
import traceback

import numpy as np
import pytest

import autograd
from autograd import CATALOGUE, DomainError, Op, Value, no_grad
from autograd.emit import emit, recorder_source, scalar
from autograd.recording import record, recorders

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


def test_unusual_operands_leave_the_fast_path():
    x = Value(0.5)
    for other in (True, np.float64(2.0), np.float32(2.0), np.int64(2), 2**60, np.array(2.0)):
        direct, reflected = x * other, other * x
        assert direct.operands == (x, float(other))
        assert reflected.operands == (float(other), x)
        assert direct.slopes == (float(other), None)
        assert reflected.slopes == (None, float(other))
        assert all(type(v.operands[i]) is float for v, i in ((direct, 1), (reflected, 0)))


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


def test_the_slow_path_makes_the_same_node():
    x, y = Value(0.5, name="x"), Value(2.0)
    for op, operands in ((autograd.atan2, (x, y)), (autograd.pow, (x, 2.0)), (autograd.sub, (1.0, y))):
        assert record(op, operands).graph() == op(*operands).graph()
