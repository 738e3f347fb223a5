"""Tapes in JAX: short operations one by one; the steps of a recurrence, and long stretches without any, as a loop.

While a tape is played its rows are one array, (rows, …): those that it reads from outside, then its own results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from autograd.compiler.formulas import may_be_singular, slope_formulas
from autograd.compiler.instructions import Into, Tape, rows
from autograd.compiler.on_jax.operations import apply, compute
from autograd.op import Op
from autograd.symbol import Symbol

if TYPE_CHECKING:
    from autograd.compiler.on_jax.replay import Replay

__all__ = ["TapePlayer"]

Array = Any
MOST_WRITTEN_OUT = 256  # operations without a recurrence; XLA compiles more of them slowly


class Stretch(NamedTuple):
    """Operations of a tape that follow each other, as a step that is taken several times.

    Attributes:
        start: the place of the first on the tape.
        period: operations in a step.
        times: steps.
    """

    start: int
    period: int
    times: int


class TapePlayer:
    """A tape's operations on JAX arrays.

    Args:
        tape: the tape.
        recorded: the operands that something flows to, (n, 2).
    """

    def __init__(self, tape: Tape, recorded: NDArray[np.bool_]) -> None:
        self.tape, self.recorded = tape, recorded
        inside = tape.inside
        self._outside = [at for batched in (False, True) for at in tape.operands_in(batched, ~inside)]
        self._before = sum(at.count for at in self._outside)
        self._places = np.where(inside, tape.operands - tape.out.start + self._before, -1)
        start = 0
        for at in self._outside:  # each operand's place among the rows that are read from outside
            chosen = ~inside & (tape.batched == at.batched)
            self._places[chosen] = start + np.searchsorted(at.numbers, tape.operands[chosen])
            start += at.count
        self._stretches: list[Stretch] = []
        place = 0
        for loop in (*tape.loops, None):
            stop = len(tape.codes) if loop is None else loop.start
            if stop > place:
                self._stretches.append(Stretch(place, stop - place, 1))
            if loop is not None:
                stretch = Stretch(*loop)
                whole = stretch._replace(period=loop.period * loop.times, times=1)
                self._stretches.append(stretch if self._steps(stretch).alike else whole)
                place = loop.start + loop.period * loop.times

    # --- forward ------------------------------------------------------------------------------------------------------

    def play(self, replay: Replay) -> tuple[Array, Array]:
        """Compute the tape's results, and the rows that its way back reads."""
        leading = replay.leading if self.tape.out.batched else ()
        read = [jnp.moveaxis(jnp.broadcast_to(replay.read(at), (*leading, at.count)), -1, 0) for at in self._outside]
        x = jnp.concatenate([*read, jnp.zeros((self.tape.out.count, *leading), replay.dtype)])
        for stretch in self._stretches:
            x = self._play_in_turn(x, stretch) if self._is_long(stretch) else self._play(x, stretch)
        return jnp.moveaxis(x[self._before :], 0, -1), x

    def _is_long(self, stretch: Stretch) -> bool:
        return stretch.times == 1 and stretch.period > MOST_WRITTEN_OUT

    def _play(self, x: Array, stretch: Stretch) -> Array:
        """Carry out a step, written out, as often as it comes."""
        at = self._steps(stretch)

        def step(i: Array, x: Array) -> Array:
            found: list[Array] = []
            for j in range(stretch.period):
                op = self.tape.ops[self.tape.codes[stretch.start + j]]
                operands = [self._operand(x, at, found, i, j, slot) for slot in range(len(op.slopes))]
                found.append(jnp.broadcast_to(apply(op, operands), x.shape[1:]))
            return lax.dynamic_update_slice_in_dim(x, jnp.stack(found), at.own(i), axis=0)

        return _repeat(stretch.times, step, x)

    def _steps(self, stretch: Stretch) -> _Steps:
        stop = stretch.start + stretch.period * stretch.times
        places = self._places[stretch.start : stop].reshape(stretch.times, stretch.period, 2)
        return _Steps(self._before + stretch.start, stretch.period, places)

    def _operand(self, x: Array, at: _Steps, found: Sequence[Array], i: Array, j: int, slot: int) -> Array:
        """Read an operand: a result of the same step, or a row of before."""
        local = at.local(j, slot)
        return lax.dynamic_index_in_dim(x, at.place(i, j, slot), keepdims=False) if local is None else found[local]

    def _play_in_turn(self, x: Array, stretch: Stretch) -> Array:
        """Carry out a long stretch, an operation at a time."""
        part = slice(stretch.start, stretch.start + stretch.period)
        places, codes = jnp.asarray(self._places[part]), jnp.asarray(self.tape.codes[part])
        shape = x.shape[1:]

        def make(op: Op) -> Callable[[Array, Array], Array]:
            return lambda a, b: jnp.broadcast_to(apply(op, (a, b)[: len(op.slopes)]), shape)

        branches = [make(op) for op in self.tape.ops]

        def step(i: Array, x: Array) -> Array:
            a, b = (lax.dynamic_index_in_dim(x, places[i, slot], keepdims=False) for slot in (0, 1))
            out = lax.switch(codes[i], branches, a, b)
            return lax.dynamic_update_index_in_dim(x, out, self._before + stretch.start + i, axis=0)

        return _repeat(stretch.period, step, x)

    # --- backward -----------------------------------------------------------------------------------------------------

    def rewind(self, replay: Replay, x: Array, into: Sequence[Into]) -> None:
        """Pass adjoints on from the tape's end, by the rows that were kept."""
        above = jnp.moveaxis(replay.adjoint(self.tape.out.adjoints), -1, 0)
        flows = jnp.concatenate([jnp.zeros((self._before, *x.shape[1:]), x.dtype), jnp.asarray(above, x.dtype)])
        for stretch in reversed(self._stretches):
            rewind = self._rewind_in_turn if self._is_long(stretch) else self._rewind
            flows = rewind(x, flows, stretch)
        start = 0
        for at in self._outside:
            numbers = at.numbers
            for each in into:
                if each.rows.batched == at.batched:
                    chosen = np.isin(numbers, each.rows.numbers)
                    if chosen.any():
                        found = jnp.moveaxis(flows[start + np.flatnonzero(chosen)], 0, -1)
                        to = rows(at.batched, numbers[chosen]).adjoints
                        replay.deliver(Into(to, True), found, self.tape.out.batched)
            start += at.count

    def _rewind(self, x: Array, flows: Array, stretch: Stretch) -> Array:
        """Pass adjoints back through a step, as often as it comes."""
        at = self._steps(stretch)
        stop = stretch.start + stretch.period * stretch.times
        flowing = self.recorded[stretch.start : stop].reshape(stretch.times, stretch.period, 2).any(axis=0)

        def step(i: Array, flows: Array) -> Array:
            i = stretch.times - 1 - i
            own = lax.dynamic_slice_in_dim(x, at.own(i), stretch.period)
            above = list(lax.dynamic_slice_in_dim(flows, at.own(i), stretch.period))
            for j in range(stretch.period - 1, -1, -1):
                op = self.tape.ops[self.tape.codes[stretch.start + j]]
                slots = [slot for slot in range(len(op.slopes)) if flowing[j, slot]]
                operands = [self._operand(x, at, own, i, j, slot) for slot in range(len(op.slopes))]
                for slot, flow in zip(slots, _flows(op, slots, above[j], own[j], operands), strict=True):
                    local = at.local(j, slot)
                    if local is None:
                        place = at.place(i, j, slot)
                        known = lax.dynamic_index_in_dim(flows, place, keepdims=False)
                        flows = lax.dynamic_update_index_in_dim(flows, known + flow, place, axis=0)
                    else:
                        above[local] = above[local] + flow
            return flows

        return _repeat(stretch.times, step, flows)

    def _rewind_in_turn(self, x: Array, flows: Array, stretch: Stretch) -> Array:
        """Pass adjoints back through a long stretch, an operation at a time."""
        part = slice(stretch.start, stretch.start + stretch.period)
        kinds = self.tape.codes[part] * 4 + self.recorded[part] @ np.array([1, 2])
        distinct, which = np.unique(kinds, return_inverse=True)
        places, codes = jnp.asarray(self._places[part]), jnp.asarray(which)
        shape = x.shape[1:]

        def make(op: Op, slots: list[int]) -> Callable[..., tuple[Array, Array]]:
            def pass_on(above: Array, out: Array, a: Array, b: Array) -> tuple[Array, Array]:
                found = dict(zip(slots, _flows(op, slots, above, out, (a, b)[: len(op.slopes)]), strict=True))
                first, second = (jnp.broadcast_to(found.get(slot, jnp.zeros_like(above)), shape) for slot in (0, 1))
                return first, second

            return pass_on

        branches = [
            make(self.tape.ops[kind // 4], [slot for slot in (0, 1) if kind % 4 >> slot & 1]) for kind in distinct.tolist()
        ]

        def step(i: Array, flows: Array) -> Array:
            i = stretch.period - 1 - i
            row = self._before + stretch.start + i
            above, out = (lax.dynamic_index_in_dim(array, row, keepdims=False) for array in (flows, x))
            a, b = (lax.dynamic_index_in_dim(x, places[i, slot], keepdims=False) for slot in (0, 1))
            for slot, flow in enumerate(lax.switch(codes[i], branches, above, out, a, b)):
                known = lax.dynamic_index_in_dim(flows, places[i, slot], keepdims=False)
                flows = lax.dynamic_update_index_in_dim(flows, known + flow, places[i, slot], axis=0)
            return flows

        return _repeat(stretch.period, step, flows)


class _Steps:
    """Where the operands of a step lie, each time that it comes.

    Args:
        first: the row of the first step's first result.
        period: operations in a step.
        places: rows of the operands, (times, period, 2).
    """

    def __init__(self, first: int, period: int, places: NDArray[np.int64]) -> None:
        self._first, self._period, self._places = first, period, places
        own = first + period * np.arange(len(places))[:, None, None]
        self._local = places - own
        self._is_local = (self._local >= 0).all(axis=0)
        alike = (self._local == self._local[0]).all(axis=0) | (self._local < 0).all(axis=0)
        self.alike = bool(alike.all())  # whether each operand is a result of the same step in all steps or in none

    def own(self, i: Array) -> Array:
        """Return the row of a step's first result."""
        return self._first + self._period * i

    def local(self, j: int, slot: int) -> int | None:
        """Return which operation of the same step an operand is the result of, if it is of one."""
        return int(self._local[0, j, slot]) if self._is_local[j, slot] else None

    def place(self, i: Array, j: int, slot: int) -> Array:
        """Return an operand's row in a step."""
        places = self._places[:, j, slot]
        stride = int(places[1] - places[0]) if len(places) > 1 else 0
        if (places == places[0] + stride * np.arange(len(places))).all():
            return int(places[0]) + stride * i
        return jnp.asarray(places)[i]


def _repeat(times: int, step: Callable[[Any, Array], Array], x: Array) -> Array:
    return step(0, x) if times == 1 else lax.fori_loop(0, times, step, x)


def _flows(op: Op, slots: Sequence[int], above: Array, out: Array, operands: Sequence[Array]) -> list[Array]:
    """Compute what flows to some operands of an operation."""
    letters = [Symbol(f"x{slot}") for slot in range(len(operands))]
    wanted = [slot in slots for slot in range(len(letters))]
    rules = [slope_formulas(op, Symbol("out"), letters, wanted)[slot] for slot in slots]
    given = {letter.name: x for letter, x in zip(letters, operands, strict=True)} | {"out": out}
    found = []
    for rule, slope in zip(rules, compute(rules, given), strict=True):
        flow = jnp.broadcast_to(above * slope, above.shape)
        found.append(jnp.where(above == 0.0, 0.0, flow) if may_be_singular(op, rule) else flow)
    return found
