"""Simplifying: what is left out, what becomes a weighted sum, and what must stay apart."""

import math

import pytest

import autograd
from autograd import Value, dot, identity, ops, square, tanh, total
from autograd.compiler.simplify import Expressions, simplify
from autograd.compiler.trace import trace


def simplified(f, *example, parameters=()):
    traced = trace(f, example, parameters)
    outputs = traced.result if isinstance(traced.result, list | tuple) else [traced.result]
    return simplify(traced, outputs)


def operations(expressions):
    return [op.name for op in expressions.op if op is not None]


class TestExpressions:
    def test_equal_expressions_become_one(self):
        e = Expressions()
        x, y = (e.leaves([Value(1.0)], batched=True)[0] for _ in range(2))
        assert e.apply(ops.mul, (x, y)) == e.apply(ops.mul, (x, y))
        assert e.apply(ops.mul, (x, y)) != e.apply(ops.mul, (y, x))  # which may round alike, but is not the same text
        assert len(e) == 4

    def test_literals_by_their_bits(self):
        e = Expressions()
        assert e.constant(0.0) != e.constant(-0.0)
        assert e.constant(math.nan) == e.constant(math.nan)
        assert e.constant(2.0) == e.constant(2.0)

    def test_what_is_batched(self):
        e = Expressions()
        x, w, two = e.leaves([Value(1.0)], batched=True)[0], e.leaves([Value(2.0)], batched=False)[0], e.constant(2.0)
        assert [e.batched[e.apply(ops.mul, pair)] for pair in ((x, w), (w, w), (w, two))] == [True, False, False]

    @pytest.mark.parametrize(
        ("op", "operand"), [(ops.mul, 1.0), (ops.truediv, 1.0), (ops.pow, 1.0)], ids=lambda x: getattr(x, "name", x)
    )
    def test_neutral_operands(self, op, operand):
        e = Expressions()
        x = e.leaves([Value(3.0)], batched=True)[0]
        assert e.apply(op, (x, e.constant(operand))) == x
        assert e.apply(ops.identity, (x,)) == x

    def test_what_is_not_neutral(self):
        """x + 0 turns −0 into 0, and 1/x or 1**x are not x."""
        e = Expressions()
        x, one, zero = e.leaves([Value(3.0)], batched=True)[0], e.constant(1.0), e.constant(0.0)
        for op, operands in ((ops.add, (x, zero)), (ops.truediv, (one, x)), (ops.pow, (one, x)), (ops.mul, (x, zero))):
            assert e.op[e.apply(op, operands)] is op
        assert e.apply(ops.mul, (one, x)) == x

    def test_the_square(self):
        e = Expressions()
        x = e.leaves([Value(3.0)], batched=True)[0]
        assert e.apply(ops.pow, (x, e.constant(2.0))) == e.apply(ops.square, (x,))

    def test_literals_are_folded(self):
        e = Expressions()
        six = e.apply(ops.mul, (e.constant(2.0), e.constant(3.0)))
        assert (e.op[six], e.literal[six]) == (None, 6.0)

    def test_what_has_no_number_is_left_to_the_run(self):
        e = Expressions()
        assert e.op[e.apply(ops.log, (e.constant(-1.0),))] is ops.log
        assert e.op[e.apply(ops.truediv, (e.constant(1.0), e.constant(0.0)))] is ops.truediv

    def test_names(self):
        e = Expressions()
        x = e.leaves([Value(1.0, "x")], batched=True)[0]
        y = Value(1.0) * 2.0
        y.name = "y"
        assert (e.name(x), e.name(e.constant(2.5))) == ("x", "2.5")
        assert e.name(e.apply(ops.tanh, (x,))) == "tanh"
        assert e.name(e.apply(ops.sin, (x,), y)) == "y"
        e.apply(ops.tanh, (x,), y)  # the same as before, but with a name
        assert e.name(e.apply(ops.tanh, (x,))) == "y"


class TestSums:
    w = [Value(0.5 * i, f"w[{i}]") for i in range(4)]

    @pytest.mark.parametrize(
        "neuron",
        [
            lambda w, x: dot(w[:3], x, w[3]),
            lambda w, x: dot(w[:3], x) + w[3],
            lambda w, x: w[3] + dot(w[:3], x),
            lambda w, x: sum((a * b for a, b in zip(w, x, strict=False)), w[3]),
            lambda w, x: w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3],
            lambda w, x: x[0] * w[0] + (x[1] * w[1] + (w[3] + x[2] * w[2])),
            lambda w, x: total([w[0] * x[0], w[1] * x[1], w[3], w[2] * x[2]]),
        ],
    )
    def test_neurons_of_every_kind_become_one_weighted_sum(self, neuron, backend):
        e = simplified(lambda x: neuron(self.w, x), [1.0, 2.0, 3.0], parameters=self.w)
        assert operations(e) == ["dot"]
        [place] = [i for i, op in enumerate(e.op) if op is ops.dot]
        assert len(e.operands[place]) == 7
        assert not any(e.batched[i] for i in e.operands[place][:3])
        assert all(e.batched[i] for i in e.operands[place][3:6])
        program = autograd.compile(lambda x: neuron(self.w, x), [0.0] * 3, parameters=self.w, backend=backend)
        value, gradient = program.value_and_grad([[1.0, 2.0, 3.0]])
        assert (value, gradient.tolist()) == (5.5, [1.0, 2.0, 3.0, 1.0])

    def test_chains_of_additions_become_one_sum(self):
        assert operations(simplified(lambda x: x[0] + x[1] + x[2] + x[3], [0.0] * 4)) == ["total"]
        assert operations(simplified(lambda x: x[0] + x[1], [0.0] * 2)) == ["add"]

    def test_one_product_is_no_weighted_sum(self):
        assert operations(simplified(lambda x: self.w[0] * x + self.w[1], 0.0, parameters=self.w)) == ["mul", "add"]

    def test_what_is_used_elsewhere_is_not_taken_apart(self):
        def f(x):
            a, b = self.w[0] * x[0], self.w[1] * x[1]
            return tanh(a) + square(a + b + x[1])

        e = simplified(f, [0.0, 0.0], parameters=self.w)
        assert sorted(operations(e)) == ["add", "mul", "mul", "square", "tanh", "total"]

    def test_an_output_is_not_taken_apart(self, backend):
        def f(x):
            p = self.w[1] * x[0]
            s = p + self.w[2] * x[1]
            return s, [p, s + x[0] + x[1]]

        program = autograd.compile(f, [0.0, 0.0], parameters=self.w, backend=backend)
        s, parts = program([[1.0, 2.0]])
        assert (s.tolist(), parts.tolist()) == ([2.5], [[0.5, 5.5]])

    def test_unused_nodes_are_left_out(self):
        def f(x):
            _ = tanh(x) * 3.0
            return square(x)

        assert operations(simplified(f, 0.0)) == ["square"]

    def test_identities_leave_no_trace(self):
        e = simplified(lambda x: identity(identity(x) * 1.0), 0.0)
        assert operations(e) == []
        assert e.batched[e.outputs[0]]
