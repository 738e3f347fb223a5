"""The plan of a sweep: what is written, what is added, what starts from zero, and what is left out."""

import numpy as np
from hypothesis import given
from strategies import programs, wirings

import autograd
import nn
from autograd import Value, dot, tanh
from autograd.compiler.adjoint import Clear, Pass
from autograd.compiler.instructions import MatrixProduct


def planned(f, *example, parameters=(), wrt="parameters"):
    program = autograd.compile(f, *example, parameters=parameters, backend="numpy")
    return program, program.execution.plan(wrt)


def steps_of(plan):
    return [*plan.batched, *plan.shared]


def slots_of_products(plan):
    passes = [step for step in plan.batched if isinstance(step, Pass) and isinstance(step.instruction, MatrixProduct)]
    return [sorted(flow.slot for flow in step.flows) for step in passes]


class TestLayers:
    model = nn.MLP(3, [4, 3, 1], activation="tanh", seed=0)

    def test_every_flow_is_written_and_none_added(self):
        """In a chain of layers every number has one consumer: nothing is cleared, nothing summed up."""
        _, plan = planned(lambda x: self.model(x)[0], np.zeros(3), parameters=self.model.parameters())
        steps = steps_of(plan)
        assert all(isinstance(step, Pass) for step in steps)
        assert not any(flow.add for step in steps for flow in step.flows)

    def test_what_nobody_asks_for_is_not_computed(self):
        _, plan = planned(lambda x: self.model(x)[0], np.zeros(3), parameters=self.model.parameters())
        assert slots_of_products(plan) == [[0, 1, 2], [0, 1, 2], [0, 2]]
        _, plan = planned(lambda x: self.model(x)[0], np.zeros(3), parameters=self.model.parameters(), wrt="inputs")
        assert slots_of_products(plan) == [[1], [1], [1]]

    def test_frozen_layers_are_not_swept(self):
        last = [p for p in self.model.parameters() if p.name.startswith(("W3", "b3"))]
        _, plan = planned(lambda x: self.model(x)[0], np.zeros(3), parameters=last)
        assert len(plan.batched) == 1


def test_rows_that_nothing_reaches_are_cleared():
    w, idle = Value(2.0, "w"), Value(3.0, "idle")
    program, plan = planned(lambda x: tanh(w * x), 0.0, parameters=[w, idle])
    cleared = [row for step in steps_of(plan) if isinstance(step, Clear) for row in step.into.numbers.tolist()]
    assert cleared == [1]
    for _ in range(2):
        assert program.value_and_grad([0.0])[1].tolist() == [0.0, 0.0]


def test_a_second_consumer_adds():
    w = Value(2.0, "w")
    _, plan = planned(lambda x: tanh(w * x) * (w * x), 0.0, parameters=[w])
    flows = [flow for step in plan.batched if isinstance(step, Pass) for flow in step.flows]
    assert any(flow.add for flow in flows)
    assert not flows[0].add


def test_detached_numbers_pass_nothing_on():
    w = Value(2.0, "w")
    _, plan = planned(lambda x: (w * x).detach() * x, 0.0, parameters=[w])
    assert not any(isinstance(step, Pass) for step in steps_of(plan))


def test_shared_rows_come_last():
    w = Value(2.0, "w")
    _, plan = planned(lambda x: dot([tanh(w), w, w], [x, x * x, x]), 0.0, parameters=[w])
    assert all(not step.instruction.out.shared for step in plan.batched if isinstance(step, Pass))
    assert [step.instruction.op.name for step in plan.shared if isinstance(step, Pass)] == ["identity", "tanh"]


@given(case=programs() | wirings())
def test_every_adjoint_is_written_before_it_is_added_to_or_read(case):
    """Memories are never cleared as a whole, so a plan must not rely on what an earlier batch left."""
    program = autograd.compile(case.f, *case.example, parameters=case.parameters, backend="numpy")
    output = program.execution.outputs("parameters")[0]
    for wrt in ("parameters", "inputs"):
        plan = program.execution.plan(wrt)
        written = {True: set(), False: set()}
        written[output.shared].add(output.start)
        for step in steps_of(plan):
            if isinstance(step, Clear):
                rows = set(step.into.numbers.tolist())
                assert not rows & written[step.into.shared]
                written[step.into.shared] |= rows
                continue
            assert set(step.instruction.out.numbers.tolist()) <= written[step.instruction.out.shared]
            for flow in step.flows:
                rows = set(flow.into.numbers.tolist())
                if flow.add:
                    assert rows <= written[flow.into.shared]
                else:
                    assert not rows & written[flow.into.shared]
                written[flow.into.shared] |= rows
        wanted = range(len(program.parameters)) if wrt == "parameters" else range(program.execution.inputs)
        assert set(wanted) <= written[wrt == "parameters"]
