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
from autograd.compiler.on_jax.steps import Steps, scan
from autograd.op import Op
from autograd.symbol import Symbol

if TYPE_CHECKING:
    from autograd.compiler.on_jax.replay import Replay

__all__ = ["TapePlayer"]

Array = Any
MOST_WRITTEN_OUT = 16  # operations without a recurrence; XLA compiles more of them slowly


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
                self._stretches.append(stretch if self._steps(stretch).regular else whole)
                place = loop.start + loop.period * loop.times

    # --- forward ------------------------------------------------------------------------------------------------------

    def play(self, replay: Replay) -> tuple[Array, Array]:
        """Compute the tape's results, and the rows that its way back reads."""
        leading = replay.leading if self.tape.out.batched else ()
        read = [jnp.moveaxis(jnp.broadcast_to(replay.read(at), (*leading, at.count)), -1, 0) for at in self._outside]
        x = jnp.concatenate([jnp.zeros((0, *leading), replay.dtype), *read])
        for stretch in self._stretches:
            x = self._play_in_turn(x, stretch) if self._is_long(stretch) else self._play(x, stretch)
        return jnp.moveaxis(x[self._before :], 0, -1), x

    def _is_long(self, stretch: Stretch) -> bool:
        return stretch.times == 1 and stretch.period > MOST_WRITTEN_OUT

    def _play(self, x: Array, stretch: Stretch) -> Array:
        """Carry out a step as often as it comes; it hands on the results that later ones read."""
        at = self._steps(stretch)

        def step(window: Array, outside: Array) -> tuple[Array, Array]:
            found: list[Array] = []
            for j in range(stretch.period):
                op = self.tape.ops[self.tape.codes[stretch.start + j]]
                operands = [at.operand(j, slot, found, window, outside) for slot in range(len(op.slopes))]
                found.append(jnp.broadcast_to(apply(op, operands), x.shape[1:]))
            own = jnp.stack(found)
            return jnp.concatenate([window, own])[stretch.period :], own

        _, made = scan(step, at.window(x), x[at.outside], stretch.times)
        return jnp.concatenate([x, made.reshape(-1, *x.shape[1:])])

    def _steps(self, stretch: Stretch) -> Steps:
        stop = stretch.start + stretch.period * stretch.times
        places = self._places[stretch.start : stop].reshape(stretch.times, stretch.period, 2)
        return Steps(self._before + stretch.start, stretch.period, places)

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

        room = jnp.zeros((stretch.period, *shape), x.dtype)
        return lax.fori_loop(0, stretch.period, step, jnp.concatenate([x, room]))

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
        """Pass adjoints back through a step, as often as it comes; it hands on what flows to earlier ones."""
        at, period, shape = self._steps(stretch), stretch.period, x.shape[1:]
        part = slice(stretch.start, stretch.start + period * stretch.times)
        flowing = np.any(self.recorded[part].reshape(stretch.times, period, 2), axis=0)
        own = slice(at.first, at.first + period * stretch.times)

        def step(waiting: Array, now: tuple[Array, ...]) -> tuple[Array, Array]:
            window, outside, found, above = now
            to = {
                "same": list(above + waiting[at.reach :]), "earlier": list(waiting[: at.reach]),
                "outside": [jnp.zeros(shape, x.dtype)] * len(outside),
            }  # fmt: skip
            for j in range(period - 1, -1, -1):
                op = self.tape.ops[self.tape.codes[stretch.start + j]]
                slots = [slot for slot in range(len(op.slopes)) if flowing[j, slot]]
                operands = [at.operand(j, slot, found, window, outside) for slot in range(len(op.slopes))]
                for slot, flow in zip(slots, _flows(op, slots, to["same"][j], found[j], operands), strict=True):
                    kind, place = at.sources[j, slot]
                    to[kind][place] = to[kind][place] + flow
            none = jnp.zeros((period, *shape), x.dtype)
            earlier = jnp.stack(to["earlier"]) if at.reach else waiting[:0]
            return jnp.concatenate([none, earlier]), jnp.stack(to["outside"]) if len(outside) else outside

        size = (stretch.times, period, *shape)
        given = at.windows(x), x[at.outside], x[own].reshape(size), flows[own].reshape(size)
        start = jnp.zeros((at.reach + period, *shape), x.dtype)
        waiting, sent = scan(step, start, given, stretch.times, reverse=True)
        missing = max(0, at.reach - at.first)
        flows = flows.at[at.first - at.reach + missing : at.first].add(waiting[period + missing :])
        return flows.at[at.outside.ravel()].add(sent.reshape(-1, *shape))

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
            make(self.tape.ops[kind // 4], [slot for slot in (0, 1) if kind % 4 >> slot & 1])
            for kind in distinct.tolist()
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

        return lax.fori_loop(0, stretch.period, step, flows)


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
