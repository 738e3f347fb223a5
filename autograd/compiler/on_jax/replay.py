"""Instructions carried out on JAX arrays: forward, and backward along the sweep that the compiler wrote.

Carried out while JAX traces them, they become one pure function of weights and inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import jax.tree_util
import numpy as np

from autograd.compiler.access import parts_of, values_of, writes
from autograd.compiler.adjoint import Aim, differentiate, mark_active, recorded_slopes
from autograd.compiler.formulas import may_be_singular
from autograd.compiler.instructions import (
    Choice,
    ChoiceFlow,
    Clear,
    Composite,
    Instruction,
    Into,
    Map,
    MatrixProduct,
    OuterProduct,
    RowDots,
    Rows,
    RowSums,
    Slopes,
    Spread,
    Sum,
    Tape,
    TapeSweep,
    TransposedProduct,
)
from autograd.compiler.on_jax.operations import apply, compute
from autograd.compiler.on_jax.rows import Flows, Numbers, find_runs
from autograd.compiler.on_jax.tapes import TapePlayer
from autograd.compiler.roll import Layout

__all__ = ["Plan", "Replay"]

Array = Any


class Plan:
    """What a program does, forward and back: written once, carried out whenever JAX traces it.

    Args:
        layout: its instructions.
        aim: of its sweep; None for a program that is only run forward.

    Attributes:
        sweep: the sweep, if there is one.
        factors: the rows by which flows are multiplied.
        tapes: what plays each tape.
        pieces: (start, count) of the rows that are written together, by whether they are batched.
    """

    def __init__(self, layout: Layout, aim: Aim | None) -> None:
        self.layout, self.sweep = layout, None if aim is None else differentiate(layout, aim)
        self.factors = set() if self.sweep is None else self.sweep.find_factors()
        active = mark_active(layout, () if aim is None else aim.wanted)
        steps = [part for each in (*layout.shared, *layout.batched) for part in self.parts(each)]
        self.tapes = {
            id(each): TapePlayer(each, recorded_slopes(each, active)) for each in steps if isinstance(each, Tape)
        }
        self.pieces = {batched: self._cut([each.out for each in steps], batched) for batched in (False, True)}

    def _cut(self, outs: Sequence[Rows], batched: bool) -> list[tuple[int, int]]:
        """Cut the rows of a memory into those that are written, or flowed to, together."""
        layout = self.layout
        written = [(at.start, at.count) for at in outs if at.batched == batched]
        free = np.ones(layout.batched_rows if batched else layout.shared_rows, np.bool_)
        for start, count in written:
            free[start : start + count] = False
        cuts = {0, len(free)}
        for instruction in () if self.sweep is None else (*self.sweep.batched, *self.sweep.shared):
            for at in (into.rows for into in writes(instruction)):
                if at.ordered and at.batched == batched:
                    cuts |= {at.start, at.start + at.count}
        for at in () if self.sweep is None else self.sweep.aim.wanted:
            if at.batched == batched:
                cuts.add(at.count)
        for start, stop in pairwise(sorted(cuts)):
            written += [(start + first, count) for first, count in _join(np.flatnonzero(free[start:stop]))]
        return written

    def parts(self, instruction: Instruction) -> tuple[Any, ...]:
        """List the instructions that one is carried out by: of a composite whose slopes are used, theirs too."""
        used = isinstance(instruction, Composite) and instruction.slopes in self.factors
        return (parts_of if used else values_of)(instruction)


def _join(numbers: Any) -> list[tuple[int, int]]:
    """Join rows that follow each other: (start, count) of each stretch."""
    return [(row, count) for _, row, count in find_runs(np.asarray(numbers))] if len(numbers) else []


class Replay:
    """One run of a program on arrays.

    Args:
        plan: what it does.
        weights: the parameters' numbers, (n,), or in the plan's pieces of them.
        constants: numbers of the other leaves.
        inputs: the numbers of an example, (inputs,), or of several, (examples, inputs).

    Attributes:
        numbers: the rows by whether they are batched.
        played: what each tape keeps for its way back.
    """

    def __init__(self, plan: Plan, weights: Array | Sequence[Array], constants: Sequence[float], inputs: Array) -> None:
        self.plan, self.leading, self.dtype = plan, inputs.shape[:-1], inputs.dtype
        self.played: dict[int, Array] = {}
        self.numbers = {False: Numbers((), self.dtype), True: Numbers(self.leading, self.dtype)}
        self._write_leaves(weights, constants, inputs)
        for instruction in (*plan.layout.shared, *plan.layout.batched):
            for part in plan.parts(instruction):
                self._carry_out(part)

    def _write_leaves(self, weights: Array | Sequence[Array], constants: Sequence[float], inputs: Array) -> None:
        n, shared = 0, self.numbers[False]
        for piece in [weights] if hasattr(weights, "shape") else weights:
            if len(piece):
                shared.write(n, len(piece), piece)
                n += len(piece)
        if len(constants):
            shared.write(n, len(constants), jnp.asarray(constants))
        if inputs.shape[-1]:
            self.numbers[True].write(0, inputs.shape[-1], inputs)
        literals = dict(self.plan.layout.literals)
        for start, count in _join(sorted(literals)):
            shared.write(start, count, np.array([literals[row] for row in range(start, start + count)]))

    def result(self, at: Rows) -> Array:
        """Return a row for each example."""
        return jnp.broadcast_to(self.read(at)[..., 0], self.leading)

    def read(self, at: Rows) -> Array:
        """Read rows."""
        return self.numbers[at.batched].read(at)

    def _blocks(self, at: Rows, k: int) -> Array:
        """Read rows as (…, sum, term)."""
        found = self.read(at)
        if at.repeated:
            found = jnp.broadcast_to(found, (*found.shape[:-1], at.count))
        return found.reshape(*found.shape[:-1], at.count // k, k)

    # --- forward ------------------------------------------------------------------------------------------------------

    def _carry_out(self, instruction: Any) -> None:
        out = instruction.out
        match instruction:
            case Map(op=op, operands=operands):
                found = apply(op, [self.read(at) for at in operands])
            case Sum(terms=terms, k=k):
                found = self._blocks(terms, k).sum(axis=-1)
            case RowDots(weights=weights, inputs=inputs, k=k, bias=bias):
                found = (self._blocks(weights, k) * self._blocks(inputs, k)).sum(axis=-1)
                found = found if bias is None else found + self.read(bias)
            case MatrixProduct():
                found = self._multiply(instruction)
            case Choice():
                found = self._choose(instruction)
            case _:
                found, self.played[id(instruction)] = self.plan.tapes[id(instruction)].play(self)
        self.numbers[out.batched].write(out.start, out.count, found)

    def _matrix(self, at: Rows, count: int, m: int) -> Array:
        found = self.read(at)
        return found.reshape(*found.shape[:-1], count, m)

    def _multiply(self, p: MatrixProduct) -> Array:
        weights = self._matrix(p.weights, p.n, p.k)
        if p.m == 1:
            product = self.read(p.inputs) @ weights.T
            return product if p.bias is None else product + self.read(p.bias)
        product = jnp.einsum("nk,...km->...nm", weights, self._matrix(p.inputs, p.k, p.m))
        if p.bias is not None:
            product = product + self.read(p.bias)[:, None]
        return product.reshape(*product.shape[:-2], p.n * p.m)

    def _places(self, which: Rows, n: int, k: int) -> tuple[Array, Array]:
        """Return the places that are chosen, (…, n), and whether there are such."""
        places = self.read(which)
        places = jnp.broadcast_to(places, (*places.shape[:-1], n))
        valid = (places >= 0) & (places < k) & (places == jnp.floor(places))
        return jnp.where(valid, places, 0).astype(jnp.int32), valid

    def _choose(self, choice: Choice) -> Array:
        n, k = choice.out.count, choice.k
        places, valid = self._places(choice.which, n, k)
        table = self._blocks(choice.choices, k)
        if table.ndim == 2:
            found = table[np.arange(n), places]
        else:
            places = jnp.broadcast_to(places, (*table.shape[:-2], n))
            found = jnp.take_along_axis(table, places[..., None], axis=-1)[..., 0]
        return jnp.where(valid, found, jnp.nan)

    # --- backward -----------------------------------------------------------------------------------------------------

    def pull_back(self, seeds: Sequence[tuple[Rows, Array]]) -> dict[bool, Flows]:
        """Sweep: what flows back from seeds, an adjoint for each of some rows, summed over examples for shared rows."""
        sweep = self.plan.sweep
        assert sweep is not None
        self.flows = {
            False: Flows((), self.dtype, self.plan.pieces[False]),
            True: Flows(self.leading, self.dtype, self.plan.pieces[True]),
        }
        for at, seed in seeds:
            self.deliver(Into(at.adjoints, True), seed[..., None], True)
        for instruction in (*sweep.batched, *sweep.shared):
            self._pass(instruction)
        return self.flows

    def adjoint(self, at: Rows) -> Array:
        """Read adjoints."""
        return self.flows[at.batched].read(at)

    def deliver(self, into: Into, flows: Array, batched: bool) -> None:
        """Bring flows, (…, rows), to the rows that they flow to."""
        at = into.rows
        leading = self.leading if batched else ()
        flows = jnp.broadcast_to(flows, (*leading, at.count))
        if batched and not at.batched and leading:
            flows = flows.sum(axis=tuple(range(len(leading))))
        self.flows[at.batched].add(at, flows)

    def _pass(self, instruction: Any) -> None:
        match instruction:
            case Slopes():
                self._pass_slopes(instruction)
            case Spread():
                self._spread(instruction)
            case TransposedProduct(into=into, weights=weights, n=n, k=k, adjoint=adjoint, m=m):
                matrix, flows = self._matrix(weights, n, k), self.adjoint(adjoint)
                if m == 1:
                    flows = flows @ matrix
                else:
                    parts = flows.reshape(*flows.shape[:-1], n, m)
                    flows = jnp.einsum("nk,...nm->...km", matrix, parts).reshape(*flows.shape[:-1], k * m)
                self.deliver(into, flows, adjoint.batched)
            case OuterProduct(into=into, adjoint=adjoint, n=n, k=k, inputs=inputs, m=m):
                flows, given = self.adjoint(adjoint), self._matrix(inputs, k, m)
                parts = flows.reshape(*flows.shape[:-1], n, m)
                axes = "abcd"[: len(flows.shape) - 1]
                product = jnp.einsum(f"{axes}nm,{axes}km->nk", parts, given)
                self.deliver(into, product.reshape(n * k), False)
            case RowSums(into=into, adjoint=adjoint, n=n, m=m):
                flows = self.adjoint(adjoint)
                flows = flows.reshape(*flows.shape[:-1], n, m).sum(axis=-1)
                self.deliver(into, flows, adjoint.batched)
            case ChoiceFlow():
                self._pass_choice(instruction)
            case TapeSweep(tape=tape):
                self.plan.tapes[id(tape)].rewind(self, self.played[id(tape)], instruction.into)
            case _:
                assert isinstance(instruction, Clear)  # every adjoint starts from zero

    def _pass_slopes(self, instruction: Slopes) -> None:
        given = {f"x{slot}": self.read(at) for slot, at in enumerate(instruction.operands)}
        given["out"], adjoint = self.read(instruction.result), self.adjoint(instruction.adjoint)
        found = compute(instruction.slopes, given)
        for into, rule, slope in zip(instruction.into, instruction.slopes, found, strict=True):
            flows = adjoint * slope
            if may_be_singular(instruction.op, rule):  # nothing flows from an adjoint of zero, whatever the slope
                flows = jnp.where(adjoint == 0.0, 0.0, flows)
            self.deliver(into, flows, instruction.result.batched)

    def _spread(self, instruction: Spread) -> None:
        source, k = self.adjoint(instruction.source)[..., None], instruction.k
        flows = jnp.broadcast_to(source, (*source.shape[:-1], k))
        if instruction.factors is not None:
            product = self._blocks(instruction.factors, k) * source
            flows = jnp.where(source == 0.0, 0.0, product) if instruction.singular else product
        count = prod(flows.shape[-2:])
        self.deliver(instruction.into, flows.reshape(*flows.shape[:-2], count), instruction.source.batched)

    def _pass_choice(self, instruction: ChoiceFlow) -> None:
        into, n, k = instruction.into, instruction.source.count, instruction.k
        places, valid = self._places(instruction.which, n, k)
        flows = jnp.where(valid, self.adjoint(instruction.source), 0.0)
        batched = instruction.source.batched
        if batched and not into.rows.batched:  # only what is chosen is touched
            rows = np.arange(n) * k + places
            flows = jnp.zeros(n * k, self.dtype).at[rows].add(flows)
            self.deliver(into, flows, False)
            return
        spread = jnp.where(places[..., None] == np.arange(k), flows[..., None], 0.0)
        self.deliver(into, spread.reshape(*spread.shape[:-2], n * k), batched)


def _flatten(replay: Replay) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    pieces, starts = zip(*[replay.numbers[batched].parts() for batched in (False, True)], strict=True)
    return (pieces, replay.played), (replay.plan, replay.leading, np.dtype(replay.dtype), starts)


def _unflatten(fixed: tuple[Any, ...], arrays: tuple[Any, ...]) -> Replay:
    replay = object.__new__(Replay)
    replay.plan, replay.leading, replay.dtype, starts = fixed
    pieces, replay.played = arrays
    leading = (), replay.leading
    replay.numbers = {
        batched: Numbers(leading[batched], replay.dtype, starts[batched], pieces[batched]) for batched in (False, True)
    }
    return replay


# So that JAX carries a run from the way forward to the way back.
jax.tree_util.register_pytree_node(Replay, _flatten, _unflatten)
