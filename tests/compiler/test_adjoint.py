"""The sweep's instructions: what is written, what is added, what starts from zero, and what is left out."""

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value, dot, tanh
from autograd.compiler.access import reads, writes
from autograd.compiler.instructions import Clear, Map, OuterProduct, RowSums, TransposedProduct


def swept(f, *example, parameters=(), wrt="parameters"):
    program = autograd.compile(f, *example, parameters=parameters, backend="numpy")
    return program, program.execution.backward(wrt)


def instructions_of(sweep):
    return [*sweep.batched, *sweep.shared]


class TestLayers:
    model = nn.MLP(3, [4, 3, 1], activation="tanh", seed=0)

    def sweep(self, parameters=None, wrt="parameters"):
        parameters = self.model.parameters() if parameters is None else parameters
        return swept(lambda x: self.model(x)[0], np.zeros(3), parameters=parameters, wrt=wrt)[1]

    def test_every_flow_is_written_and_none_added(self):
        """In a chain of layers every number has one consumer: nothing is cleared, nothing summed up."""
        instructions = instructions_of(self.sweep())
        assert not any(isinstance(each, Clear) for each in instructions)
        assert not any(into.add for each in instructions for into in writes(each))

    def test_what_nobody_asks_for_is_not_computed(self):
        kinds = (OuterProduct, TransposedProduct, RowSums)
        found = [type(each) for each in self.sweep().batched if isinstance(each, kinds)]
        assert found == [*kinds, *kinds, OuterProduct, RowSums]
        found = [type(each) for each in self.sweep(wrt="inputs").batched if isinstance(each, kinds)]
        assert found == [TransposedProduct] * 3

    def test_frozen_layers_are_not_swept(self):
        last = [p for p in self.model.parameters() if p.name.startswith(("W3", "b3"))]
        assert [type(each) for each in self.sweep(last).batched] == [OuterProduct, RowSums]

    def test_the_sweep_prints_as_the_program_does(self):
        program, _ = swept(lambda x: self.model(x)[0], np.zeros(3), parameters=self.model.parameters())
        assert str(program.backward) == (
            "outer 1×3 (3 products) · transposed 3×1 (3 products) · row sums 1×1 · slopes of tanh 3 · "
            "outer 3×4 (12 products) · transposed 4×3 (12 products) · row sums 3×1 · slopes of tanh 4 · "
            "outer 4×3 (12 products) · row sums 4×1"
        )
        assert str(program) == f"{program.instructions}\nbackward: {program.backward}"

    def test_a_program_without_parameters_prints_no_sweep(self):
        program = autograd.compile(tanh, 0.0)
        assert str(program) == "tanh 1"

    def test_a_program_of_several_numbers_has_no_sweep(self):
        program = autograd.compile(lambda x: [x, tanh(x)], 0.0)
        with pytest.raises(CompileError, match="so it has no one gradient"):
            _ = program.backward


def test_rows_that_nothing_reaches_are_cleared():
    w, idle = Value(2.0, "w"), Value(3.0, "idle")
    program, sweep = swept(lambda x: tanh(w * x), 0.0, parameters=[w, idle])
    cleared = [row for each in instructions_of(sweep) if isinstance(each, Clear) for row in each.out.numbers.tolist()]
    assert cleared == [1]
    for _ in range(2):
        assert program.value_and_grad([0.0])[1].tolist() == [0.0, 0.0]


def test_a_second_consumer_adds():
    w = Value(2.0, "w")
    _, sweep = swept(lambda x: tanh(w * x) * (w * x), 0.0, parameters=[w])
    flows = [into for each in sweep.batched if not isinstance(each, Clear) for into in writes(each)]
    assert any(into.add for into in flows)
    assert not flows[0].add


def test_detached_numbers_pass_nothing_on():
    w = Value(2.0, "w")
    _, sweep = swept(lambda x: (w * x).detach() * x, 0.0, parameters=[w])
    assert [type(each) for each in instructions_of(sweep)] == [Clear]


def test_shared_rows_come_last():
    w = Value(2.0, "w")
    program, sweep = swept(lambda x: dot([tanh(w), w, w], [x, x * x, x]), 0.0, parameters=[w])
    assert all(any(at.batched for at in reads(each)) for each in sweep.batched if not isinstance(each, Clear))
    assert not any(at.batched for each in sweep.shared for at in reads(each))
    assert [each.op.name for each in program.execution.layout.shared if isinstance(each, Map)] == ["tanh", "identity"]
