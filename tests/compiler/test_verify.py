"""The verifier: it accepts every program, and finds each kind of fault in one that was broken by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from strategies import chains, programs, wirings

import autograd
import nn
from autograd import CompileError, Value, cos, dot, sin, tanh
from autograd.compiler import adjoint, execution, lifetimes
from autograd.compiler.instructions import Clear, Into, Map, MatrixProduct, OuterProduct, Slopes
from autograd.compiler.roll import roll
from autograd.compiler.verify import verify

FAULT = " This is a fault of the compiler, not of your function: please report both."


@pytest.fixture
def parts():
    """A layer's layout and sweep, whose instructions are a product and its activation."""
    layer = nn.Layer(3, 2, activation="tanh", seed=0)
    parameters = layer.parameters()
    program = autograd.compile(lambda x: dot(*[layer(x)] * 2), np.zeros(3), parameters=parameters, backend="numpy")
    return program.execution.layout, program.execution.backward("parameters")


def refused(layout, sweep=None):
    with pytest.raises(CompileError) as raised:
        verify(layout, sweep)
    return str(raised.value).removesuffix(FAULT)


def with_first(layout, **changes):
    first, *others = layout.batched
    return dataclasses.replace(layout, batched=[dataclasses.replace(first, **changes), *others])


def with_step(sweep, kind, **changes):
    steps = [dataclasses.replace(each, **changes) if isinstance(each, kind) else each for each in sweep.batched]
    return sweep._replace(batched=tuple(steps))


PRODUCT = "The instruction 'dense 2×3 (6 products) → s' "


class TestForward:
    def test_sound(self, parts):
        verify(*parts)

    def test_sound_for_weights_that_several_steps_share(self):
        layer = nn.Linear(3, 2, seed=0)
        program = autograd.compile(
            lambda xs: sum(dot(*[layer(x)] * 2) for x in xs), np.zeros((4, 3)), parameters=layer.parameters()
        )
        sweep = program.execution.backward("parameters")
        assert [each.m for each in sweep.batched if isinstance(each, OuterProduct)] == [4]
        verify(program.execution.layout, sweep)

    def test_rows_out_of_bounds(self, parts):
        layout, _ = parts
        inputs = dataclasses.replace(layout.batched[0].inputs, start=layout.batched_rows - 2)
        assert refused(with_first(layout, inputs=inputs)) == PRODUCT + "names rows that do not exist."
        assert refused(dataclasses.replace(layout, batched_rows=4)) == PRODUCT + "names rows that do not exist."

    def test_read_before_it_is_written(self, parts):
        layout, _ = parts
        swapped = dataclasses.replace(layout, batched=layout.batched[::-1])
        assert refused(swapped).endswith("reads rows that nothing has written.")

    def test_written_twice(self, parts):
        layout, _ = parts
        twice = dataclasses.replace(layout, batched=[layout.batched[0], *layout.batched])
        assert refused(twice) == PRODUCT + "writes a row a second time."
        verify(dataclasses.replace(twice, before=twice))

    def test_matrices_out_of_order(self, parts):
        layout, _ = parts
        product = layout.batched[0]
        assert isinstance(product, MatrixProduct)
        turned = dataclasses.replace(product.weights, index=product.weights.numbers[::-1].astype(np.int32))
        assert refused(with_first(layout, weights=turned)) == PRODUCT + "needs 6 rows that follow each other."
        assert refused(with_first(layout, k=2)) == PRODUCT.replace("2×3 (6", "2×2 (4") + (
            "needs 4 rows that follow each other."
        )

    def test_results_out_of_order(self, parts):
        layout, _ = parts
        place, each = next(
            (i, each) for i, each in enumerate(layout.batched) if isinstance(each, Map) and each.out.count > 1
        )
        turned = dataclasses.replace(each.out, index=each.out.numbers[::-1].astype(np.int32))
        changed = dataclasses.replace(each, out=turned)
        broken = dataclasses.replace(layout, batched=[*layout.batched[:place], changed, *layout.batched[place + 1 :]])
        assert refused(broken).endswith(f"needs {each.out.count} rows that follow each other.")

    def test_a_result_that_is_not_computed(self, parts):
        layout, _ = parts
        assert refused(dataclasses.replace(layout, batched=layout.batched[:-1])) == "A result is never computed."


def deep(x):
    """Results that die one after the other, and a product whose inputs do not lie side by side."""
    h = [tanh(v) for v in x]
    for _ in range(4):
        h = [dot(h[::-1], row) for row in deep.W]
        h = [tanh(v) * u for v, u in zip(h, x, strict=True)]
    return dot(h, h)


deep.W = [[Value(0.5 + 0.1 * i - 0.2 * j) for j in range(3)] for i in range(3)]


def with_product(layout, changes):
    """Change the first multiplication."""
    place = next(i for i, each in enumerate(layout.batched) if each.name == "mul")
    product = layout.batched[place]
    changed = dataclasses.replace(product, **changes(product))
    return dataclasses.replace(layout, batched=[*layout.batched[:place], changed, *layout.batched[place + 1 :]])


class TestReuse:
    def test_sound(self):
        program = autograd.compile(deep, np.zeros(3), backend="numpy")
        layout = program.execution.forward_layout
        assert layout.before is program.execution.layout
        assert layout.batched_rows < layout.before.batched_rows
        verify(layout)

    def test_rows_given_back_two_instructions_too_early(self, monkeypatch):
        def skip(x):
            h = tanh(x)
            return h * cos(sin(h))

        real, X = lifetimes._last_readers, np.array([0.5, 2.0])
        monkeypatch.setattr(lifetimes, "_last_readers", lambda *given: real(*given) - 2)
        with pytest.raises(CompileError, match="'mul 1 → mul' reads rows in which another result"):
            autograd.compile(skip, 0.0, backend="numpy")(X)
        monkeypatch.setattr(execution, "verify", lambda *_: None)
        assert not np.allclose(autograd.compile(skip, 0.0, backend="numpy")(X), skip(X))

    def test_another_result_stands_in_the_row(self):
        layout = autograd.compile(deep, np.zeros(3), backend="numpy").execution.forward_layout
        broken = with_product(layout, lambda product: {"operands": product.operands[::-1]})
        assert refused(broken) == (
            "The instruction 'mul 3 → mul' reads rows in which another result has replaced the one that it needs."
        )

    def test_a_row_that_its_own_instruction_reads(self):
        layout = autograd.compile(deep, np.zeros(3), backend="numpy").execution.forward_layout
        broken = with_product(layout, lambda product: {"out": product.operands[0]})
        assert refused(broken) == "The instruction 'mul 3 → mul' writes rows that it reads."

    def test_a_result_that_is_written_over(self):
        program = autograd.compile(lambda x: [tanh(x), tanh(x) * x], 0.0, backend="numpy")
        layout = program.execution.forward_layout
        row = list(layout.row)
        first, second = layout.expressions.outputs
        row[first], row[second] = row[second], row[first]
        assert refused(dataclasses.replace(layout, row=row)) == "A result is written over before the run ends."


class TestSweep:
    def test_added_to_what_nothing_has_written(self, parts):
        layout, sweep = parts
        step = next(each for each in sweep.batched if isinstance(each, OuterProduct))
        broken = with_step(sweep, OuterProduct, into=step.into._replace(add=True))
        assert refused(layout, broken).endswith("adds to rows that nothing has written.")

    def test_written_instead_of_added(self, parts):
        layout, sweep = parts
        steps = [*sweep.batched, next(each for each in sweep.batched if isinstance(each, OuterProduct))]
        assert refused(layout, sweep._replace(batched=tuple(steps))).endswith("writes a row a second time.")

    def test_one_row_met_twice_and_not_added(self, parts):
        layout, sweep = parts
        step = next(each for each in sweep.batched if isinstance(each, Slopes))
        at = dataclasses.replace(step.into[0].rows, index=np.array([step.into[0].rows.start] * 2, np.int32))
        assert refused(layout, with_step(sweep, Slopes, into=(Into(at, False),))).endswith(
            "writes a row a second time."
        )

    def test_an_adjoint_that_is_read_before_it_is_written(self, parts):
        layout, sweep = parts
        steps = [each for each in sweep.batched if not isinstance(each, Slopes)]
        assert refused(layout, sweep._replace(batched=tuple(steps))).endswith("reads rows that nothing has written.")

    def test_what_is_asked_for_is_missing(self, parts):
        layout, sweep = parts
        steps = [each for each in sweep.batched if not isinstance(each, OuterProduct)]
        assert refused(layout, sweep._replace(batched=tuple(steps))) == (
            "The sweep leaves adjoints that are asked for as an earlier run left them."
        )


def several(x):
    """Numbers of which the first alone is swept, with a weight that it does not depend on."""
    w, idle = several.parameters
    return tanh(w * x), idle * x


several.parameters = (Value(2.0, "w"), Value(3.0, "idle"))


def test_without_clearing_a_sweep_is_refused(monkeypatch):
    monkeypatch.setattr(adjoint._Writer, "clear", lambda writer, at: [])
    with pytest.raises(CompileError, match="This is a fault of the compiler"):
        autograd.compile(several, 0.0, parameters=several.parameters, backend="numpy").value_and_grad([0.0])


def test_what_is_cleared_is_zero_also_in_a_smaller_last_batch(backend):
    program = autograd.compile(several, 0.0, parameters=several.parameters, backend=backend)
    X = np.linspace(-1.0, 1.0, 7)
    found = program.descend(
        X, order=np.arange(7), batch=4, weights=[2.0, 3.0], rule=lambda w, g, lr: (w - lr * g,),
        slots=np.zeros((0, 2)), settings=np.full((2, 1), 0.1),
    )  # fmt: skip
    assert found.weights[1] == 3.0
    for part in (X, X[:3]):
        assert program.value_and_grad(part)[1][1] == 0.0


@given(case=programs() | wirings() | chains())
def test_every_program_is_sound_also_on_tapes(case):
    program = autograd.compile(case.f, *case.example, parameters=case.parameters, backend="numpy")
    verify(program.execution.forward_layout)
    with_tapes = dataclasses.replace(program.execution, layout=roll(program.execution.layout.expressions))
    for each in (program.execution, with_tapes):
        for wrt in ("parameters", "inputs"):
            verify(each.layout, each.backward(wrt))


@pytest.mark.parametrize("kind", ["output", "leaves"])
def test_clears_are_needed(kind):
    """Each is there because something reads, adds to or asks for what it clears: without one the sweep is refused."""
    model = nn.Sequential(nn.Conv2d(1, 2, 2, activation="tanh", seed=0), nn.Flatten(), nn.Layer(8, 3, seed=1))
    program = autograd.compile(
        lambda x: model(x)[0] + x[0][0][0] * several.parameters[0], np.zeros((1, 3, 3)), backend="numpy",
        parameters=[*model.parameters(), *several.parameters],
    )  # fmt: skip
    layout, sweep = program.execution.layout, program.execution.backward("parameters" if kind == "leaves" else "inputs")
    for part in ("batched", "shared"):
        steps = getattr(sweep, part)
        for place, each in enumerate(steps):
            if isinstance(each, Clear):
                refused(layout, sweep._replace(**{part: steps[:place] + steps[place + 1 :]}))
