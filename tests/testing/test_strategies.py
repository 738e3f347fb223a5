"""The strategies: what they generate runs on every kind of number and covers the whole catalogue."""

import math
from collections import Counter

import numpy as np
import pytest
from effort import in_ci
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from oracles import MPMATH

import autograd
from autograd import CATALOGUE, Op, Symbol, Value
from autograd.symbol import text
from autograd.testing.strategies import MARGIN, Expression, Step, expressions, networks, values

THOROUGH = settings(max_examples=300, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@given(st.data())
def test_values(data):
    x = data.draw(values(-1.0, 2.0, name="x"))
    assert (type(x), x.name, x.is_leaf, x.requires_grad) == (Value, "x", True, True)
    assert -1.0 <= x.data <= 2.0
    assert not data.draw(values(requires_grad=False)).requires_grad


@given(expressions() | networks())
def test_a_program_runs_on_every_kind_of_number(program):
    point = program.point
    due = program(*point)
    assert math.isfinite(due)
    assert program(*program.values()).data == due
    assert text(program(*map(Symbol, program.names)))
    with np.errstate(all="ignore"):
        batch = np.broadcast_to(program(*(np.full(3, x) for x in point)), 3)
    np.testing.assert_allclose(batch, due, rtol=1e-9, atol=1e-11)
    exact = program.run(point, lambda op, operands: MPMATH[op.name](*operands))
    assert float(exact) == pytest.approx(due, rel=1e-9, abs=1e-11)
    assert program.run(point, lambda op, operands: 0.0) == 0.0


@given(expressions() | networks())
def test_every_step_counts(program):
    y = program(*program.values())
    assert len(program.names) == len(program.point) == len(program.values())
    if isinstance(y, Value):
        made = {node for node in y.graph() if not node.is_leaf}
        assert len(made) == len(program.steps)


@given(expressions(inputs=2, steps=5))
def test_limits(program):
    assert 1 <= len(program.point) <= 2
    assert 1 <= len(program.steps) <= 5 + 6  # at most 7 loose ends, 2 inputs and 5 steps, are joined by 6 more


@given(expressions())
def test_smooth_programs_stay_off_kinks_and_ends(program):
    leaves = program.values()
    y = program(*leaves)
    slopes = autograd.gradients(y, leaves)
    assert all(map(math.isfinite, slopes))
    ends = {autograd.add, autograd.sub, autograd.mul, autograd.largest}  # they join the loose ends
    for node in y.graph():
        if node.op is not None and node.op not in ends and node.op.kink is not None:
            assert abs(node.op.kink(*(float(x) for x in node.operands))) >= MARGIN


@in_ci
def test_the_whole_catalogue_is_reached():
    seen, shared = Counter(), Counter()

    @settings(THOROUGH, max_examples=1000)
    @given(expressions())
    def collect(program):
        seen.update({step.op.name for step in program.steps})
        uses = Counter(x for step in program.steps for x in set(step.operands) if type(x) is int)
        shared[any(count > 1 for place, count in uses.items() if place >= len(program.point))] += 1

    collect()
    assert seen.keys() == {op.name for op in CATALOGUE}
    assert shared[True] > 10


def test_kinks_are_reached_where_they_are_wanted():
    def at_kink(program):
        nodes = program(*program.values()).graph()
        kinked = [node for node in nodes if node.op is not None and node.op.kink is not None]
        return any(node.op.kink(*(float(x) for x in node.operands)) == 0.0 for node in kinked)

    program = find(expressions(smooth=False), at_kink, settings=THOROUGH)
    assert len(program.steps) == 1


def test_failures_shrink_to_little():
    program = find(
        expressions(), lambda program: any(step.op is autograd.tanh for step in program.steps), settings=THOROUGH
    )
    assert repr(program) == "f(x1 = 0.0): r1 = tanh(x1)"


def test_only_the_operations_that_are_asked_for():
    double = Op("double", lambda x: 2.0 * x, [lambda out, x: 2.0])
    joins = {autograd.add, autograd.mul, autograd.sub, autograd.largest}

    @given(expressions(operations=[double]))
    def check(program):
        assert {step.op for step in program.steps} <= {double} | joins

    check()


@given(networks(inputs=2, layers=2, width=3))
def test_networks(program):
    names = program.names
    assert names[0] == "x1"
    assert "W1[0][0]" in names
    assert len(set(names)) == len(names)
    kinds = Counter(step.op for step in program.steps)
    assert kinds[autograd.dot] >= 2
    assert program.steps[-1].op is autograd.mul
    assert program(*program.point) >= 0.0
    leaves = program.values()
    y = program(*leaves)
    dots = [node for node in y.graph() if node.op is autograd.dot]
    assert all(operand in leaves or operand.op is not None for dot in dots for operand in dot.operands)


def test_networks_skip_layers():
    def skips(program):
        first = program.values()
        dots = [node for node in program(*first).graph() if node.op is autograd.dot]
        return any(first[0] in node.operands and any(x.op for x in node.operands) for node in dots)

    assert find(networks(), skips, settings=THOROUGH)


class TestExpression:
    program = Expression(
        (2.0, 3.0),
        (Step(autograd.mul, (0, 1)), Step(autograd.leaky_relu, (2, 0.5)), Step(autograd.total, (3, 2, 1.5))),
        ("x1", "x2"),
    )

    def test_it_prints_as_a_program(self):
        assert repr(self.program) == (
            "f(x1 = 2.0, x2 = 3.0): r1 = mul(x1, x2); r2 = leaky_relu(r1, 0.5); r3 = total(r2, r1, 1.5)"
        )

    def test_it_computes(self):
        assert self.program(2.0, 3.0) == 13.5
        y = self.program(*self.program.values())
        assert y.op is autograd.total
        assert y.operands[1] is y.operands[0].operands[0]
        assert [leaf.name for leaf in y.graph().leaves] == ["x1", "x2"]

    def test_it_counts_its_inputs(self):
        with pytest.raises(TypeError) as raised:
            self.program(1.0)
        assert str(raised.value) == "The program takes 2 inputs, got 1."

    def test_it_is_frozen(self):
        with pytest.raises(AttributeError):
            self.program.point = ()
        assert self.program == Expression(self.program.point, self.program.steps, self.program.names)
        assert hash(self.program)
