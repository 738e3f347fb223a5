"""A descent as one loop that JAX compiles: batch after batch forward, backward, and a step by the optimiser's rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograd.compiler.descent import Descent, Steps
from autograd.compiler.instructions import Rows
from autograd.compiler.on_jax.operations import compute
from autograd.compiler.on_jax.replay import Plan, Replay
from autograd.compiler.rules import Rule, read_rule

__all__ = ["Descend", "compile_descent"]

Array = Any
Descend = Callable[[Descent, Array], Steps]
LEAST_ROOM = 64  # steps for which a loop is compiled; each greater one has room for so many times as many
GROWTH = 16


def compile_descent(plan: Plan, places: Sequence[Rows], parameters: int, dtype: np.dtype[Any]) -> Descend:
    """Make the function that takes the steps of a descent.

    Args:
        plan: the program with its sweep by the parameters.
        places: the rows of its results, of which the first is the loss.
        parameters: how many it differentiates by.
        dtype: of its numbers.
    """
    loop = _Loop(plan, tuple(places), parameters)
    take = jax.jit(loop.take, static_argnames=("rule", "nonzero"))

    def descend(descent: Descent, constants: Array) -> Steps:
        batch, order, settings = descent.batch, np.asarray(descent.order, np.int32), np.asarray(descent.settings, dtype)
        given: dict[str, Any] = {
            "examples": jnp.asarray(descent.examples, dtype),
            "frozen": None if descent.frozen is None else loop.split(np.asarray(descent.frozen, np.bool_)),
            "clip_norm": np.asarray(descent.clip_norm, dtype) if descent.clip_norm else None,
            "constants": np.asarray(constants, dtype),
        }
        slots = np.asarray(descent.slots, dtype).reshape(-1, parameters)
        state: Any = loop.split(np.asarray(descent.weights, dtype)), [loop.split(slot) for slot in slots]
        losses, outputs = np.zeros(len(settings)), np.zeros((len(order), len(places) - 1))
        kinds = [(*row, (s + 1) * batch <= len(order)) for s, row in enumerate((settings != 0.0).tolist())]
        done = 0
        for kind, group in groupby(kinds):
            stop = done + len(list(group))
            part = slice(done * batch, min(stop * batch, len(order)))
            rows = order[part].reshape(stop - done, -1)
            room = _find_room(len(rows))
            given |= {"order": _pad(rows, room), "settings": _pad(settings[done:stop], room), "rule": descent.rule}
            *after, some, others, taken = take(*state, steps=len(rows), nonzero=kind[:-1], **given)
            if taken < len(rows):  # what is not finite was not to happen: the same steps once more, up to there
                *after, some, others, taken = take(*state, steps=int(taken), nonzero=kind[:-1], **given)
            state = after
            losses[done:stop] = np.asarray(some)[: len(rows)]
            outputs[part] = np.asarray(others)[: len(rows)].reshape(rows.size, len(places) - 1)
            done += int(taken)
            if done < stop:
                break
        weights, slots = (_join(state[0]), np.array([_join(slot) for slot in state[1]]).reshape(-1, parameters))
        return Steps(weights, slots, losses, outputs).first(done, batch)

    return descend


def _join(pieces: Sequence[Array]) -> Array:
    return np.concatenate([np.asarray(piece, np.float64) for piece in pieces]) if pieces else np.zeros(0)


def _find_room(steps: int) -> int:
    """Choose a number of steps that a loop has room for, so that few loops are compiled."""
    room = LEAST_ROOM
    while room < steps:
        room *= GROWTH
    return room


def _pad(rows: Array, room: int) -> Array:
    return np.concatenate([rows, np.zeros((room - len(rows), *rows.shape[1:]), rows.dtype)])


class _Loop:
    """The steps of a descent on batches of one size, in which weights stay in the pieces that instructions read.

    Args:
        plan, places, parameters: as in `compile_descent`.
    """

    def __init__(self, plan: Plan, places: Sequence[Rows], parameters: int) -> None:
        self._plan, self._places = plan, places
        self._pieces = [Rows(False, start, count) for start, count in sorted(plan.pieces[False]) if start < parameters]

    def split(self, row: Array) -> list[Array]:
        """Split one number a parameter into pieces."""
        return [row[at.start : at.start + at.count] for at in self._pieces]

    def take(
        self, weights: list[Array], slots: list[list[Array]], *, steps: Array, order: Array, settings: Array,
        examples: Array, frozen: list[Array] | None, clip_norm: Array | None, constants: Array,
        rule: Callable[..., Any], nonzero: tuple[bool, ...],
    ) -> Any:  # fmt: skip
        """Take steps, up to the first after which a number is not finite.

        Args:
            weights, slots, examples, frozen, clip_norm, rule: as in `Descent`; in pieces.
            steps: how many.
            order: which examples each takes, (room, batch).
            settings: what the rule takes in each, (room, numbers).
            constants: numbers of the program's other leaves.
            nonzero: which of the settings are not zero.

        Returns:
            the weights and slots, the loss and the further results of each step, and how many ended well.
        """
        read, dtype = read_rule(rule, len(slots), nonzero), examples.dtype
        room, batch = order.shape
        share = jnp.full(batch, 1.0 / batch, dtype)

        def going_on(state: Any) -> Array:
            return (state[0] < steps) & state[1]

        def step(state: Any) -> Any:
            s, _, w, remembered, losses, outputs = state
            run = Replay(self._plan, w, constants, examples[order[s]])
            loss, *others = [run.result(at) for at in self._places]
            flows = run.pull_back([(self._places[0], share)])[False]
            slopes = [flows.read(at) for at in self._pieces]
            if clip_norm is not None:
                slopes = _shorten(slopes, clip_norm, frozen)
            now = {name: settings[s, k] for k, name in enumerate(read.settings)}
            made = [self._move(read, now, i, w, slopes, remembered, frozen) for i in range(len(w))]
            new, kept = [x for x, *_ in made], [[each[k] for each in made] for k in range(1, 1 + len(slots))]
            mean = loss.mean()
            fine = jnp.isfinite(mean)
            for piece in new:
                fine &= jnp.isfinite(piece).all()
            if others:
                outputs = outputs.at[s].set(jnp.stack(others, axis=1))
            return s + fine, fine, new, kept, losses.at[s].set(mean), outputs

        losses, outputs = jnp.zeros(room, dtype), jnp.zeros((room, batch, len(self._places) - 1), dtype)
        done, _, *moved, losses, outputs = lax.while_loop(
            going_on, step, (jnp.asarray(0), jnp.asarray(True), weights, slots, losses, outputs)
        )
        return *moved, losses, outputs, done

    def _move(
        self, read: Rule, now: dict[str, Array], i: int, weights: Sequence[Array], slopes: Sequence[Array],
        slots: Sequence[Sequence[Array]], frozen: Sequence[Array] | None,
    ) -> list[Array]:  # fmt: skip
        """Move a piece of the weights by the rule; what is remembered of it follows."""
        held = [weights[i], *(slot[i] for slot in slots)]
        given = now | {read.gradient: slopes[i]} | dict(zip((read.weight, *read.slots), held, strict=True))
        moved = [jnp.broadcast_to(jnp.asarray(x, held[0].dtype), held[0].shape) for x in compute(read.results, given)]
        return moved if frozen is None else [jnp.where(frozen[i], old, x) for old, x in zip(held, moved, strict=True)]


def _shorten(slopes: list[Array], limit: Array, frozen: Sequence[Array] | None) -> list[Array]:
    """Shorten a gradient that is longer than a limit; scaled, so that no square overflows or vanishes."""
    free = slopes if frozen is None else [jnp.where(at, 0.0, x) for at, x in zip(frozen, slopes, strict=True)]
    largest = jnp.max(jnp.stack([jnp.abs(x).max(initial=0.0) for x in free]), initial=0.0)
    usable = (largest > 0.0) & jnp.isfinite(largest)
    scale = jnp.where(usable, largest, 1.0)
    length = scale * jnp.sqrt(sum(jnp.square(x / scale).sum() for x in free))
    factor = jnp.where(usable & (length > limit), limit / jnp.where(length > 0.0, length, 1.0), 1.0)
    return [x * factor for x in slopes]
