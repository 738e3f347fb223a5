"""A descent as one loop that JAX compiles: batch after batch forward, backward, and one step of the optimiser's rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
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
from autograd.compiler.rules import read_rule

__all__ = ["Descend", "compile_descent"]

Array = Any
Descend = Callable[[Descent, Array], Steps]
LEAST_ROOM = 64  # steps for which a loop is compiled; each greater one has room for so many times as many
GROWTH = 16


def compile_descent(plan: Plan, places: Sequence[Rows], dtype: np.dtype[Any]) -> Descend:
    """Make the function that takes the steps of a descent.

    Args:
        plan: the program with its sweep by the parameters.
        places: the rows of its results, of which the first is the loss.
        dtype: of its numbers.
    """
    take = jax.jit(partial(_take, plan, tuple(places)), static_argnames=("rule", "nonzero"))

    def descend(descent: Descent, constants: Array) -> Steps:
        order, settings = np.asarray(descent.order, np.int32), np.asarray(descent.settings, dtype)
        n, batch = len(descent.weights), descent.batch
        given = {
            "examples": jnp.asarray(descent.examples, dtype),
            "frozen": np.zeros(n, np.bool_) if descent.frozen is None else np.asarray(descent.frozen, np.bool_),
            "clip_norm": np.asarray(descent.clip_norm or np.inf, dtype),
            "constants": np.asarray(constants, dtype),
        }
        state: Any = np.asarray(descent.weights, dtype), np.asarray(descent.slots, dtype).reshape(-1, n)
        losses, outputs = np.zeros(len(settings)), np.zeros((len(order), len(places) - 1))
        kinds = [(*row, (s + 1) * batch <= len(order)) for s, row in enumerate((settings != 0.0).tolist())]
        done = 0
        for kind, group in groupby(kinds):
            stop = done + len(list(group))
            part = slice(done * batch, min(stop * batch, len(order)))
            rows = order[part].reshape(stop - done, -1)
            room = _find_room(len(rows))
            *state, some, others, taken = take(
                *state, steps=len(rows), order=_pad(rows, room), settings=_pad(settings[done:stop], room),
                rule=descent.rule, nonzero=kind[:-1], **given,
            )  # fmt: skip
            losses[done:stop] = np.asarray(some)[: len(rows)]
            outputs[part] = np.asarray(others)[: len(rows)].reshape(rows.size, len(places) - 1)
            done += int(taken)
            if done < stop:
                break
        return Steps(*(np.array(array, np.float64) for array in (*state, losses, outputs))).first(done, batch)

    return descend


def _find_room(steps: int) -> int:
    """Choose a number of steps that a loop has room for, so that few loops are compiled."""
    room = LEAST_ROOM
    while room < steps:
        room *= GROWTH
    return room


def _pad(rows: Array, room: int) -> Array:
    return np.concatenate([rows, np.zeros((room - len(rows), *rows.shape[1:]), rows.dtype)])


def _take(
    plan: Plan, places: Sequence[Rows], weights: Array, slots: Array, *, steps: Array, order: Array, settings: Array,
    examples: Array, frozen: Array, clip_norm: Array, constants: Array, rule: Callable[..., Any],
    nonzero: tuple[bool, ...],
) -> Any:  # fmt: skip
    """Take steps on batches of one size, up to the one before a number stops being finite.

    Args:
        weights, slots, examples, frozen, clip_norm, rule: as in `Descent`.
        steps: how many.
        order: which examples each takes, (room, batch).
        settings: what the rule takes in each, (room, numbers).
        constants: numbers of the program's other leaves.
        nonzero: which of the settings are not zero.

    Returns:
        the weights and slots, the loss and the further results of each step, and how many were taken.
    """
    read = read_rule(rule, len(slots), nonzero)
    room, batch = order.shape
    wanted, share = Rows(False, 0, len(weights)), jnp.full(batch, 1.0 / batch, weights.dtype)

    def going_on(state: Any) -> Array:
        s, fine = state[0], state[1]
        return (s < steps) & fine

    def step(state: Any) -> Any:
        s, _, w, remembered, losses, outputs = state
        run = Replay(plan, w, constants, examples[order[s]])
        loss, *others = [run.result(at) for at in places]
        slopes = run.pull_back([(places[0], share)])[False].read(wanted) if len(w) else w
        given = {read.weight: w, read.gradient: _shorten(slopes, clip_norm, frozen)}
        given |= dict(zip(read.slots, remembered, strict=True))
        given |= {name: settings[s, k] for k, name in enumerate(read.settings)}
        moved = [jnp.broadcast_to(jnp.asarray(x, w.dtype), w.shape) for x in compute(read.results, given)]
        new, *kept = (jnp.where(frozen, old, x) for old, x in zip((w, *remembered), moved, strict=True))
        mean = loss.mean()
        fine = jnp.isfinite(mean) & jnp.isfinite(new).all()
        kept = jnp.where(fine, jnp.stack(kept), remembered) if kept else remembered
        losses = losses.at[s].set(mean)
        if others:
            outputs = outputs.at[s].set(jnp.stack(others, axis=1))
        return s + fine, fine, jnp.where(fine, new, w), kept, losses, outputs

    losses, outputs = jnp.zeros(room, weights.dtype), jnp.zeros((room, batch, len(places) - 1), weights.dtype)
    done, _, weights, slots, losses, outputs = lax.while_loop(
        going_on, step, (0, True, weights, slots, losses, outputs)
    )
    return weights, slots, losses, outputs, done


def _shorten(slopes: Array, limit: Array, frozen: Array) -> Array:
    """Shorten a gradient that is longer than a limit; scaled, so that no square overflows or vanishes."""
    free = jnp.where(frozen, 0.0, slopes)
    largest = jnp.abs(free).max(initial=0.0)
    usable = (largest > 0.0) & jnp.isfinite(largest)
    scale = jnp.where(usable, largest, 1.0)
    length = scale * jnp.sqrt(jnp.square(free / scale).sum())
    return jnp.where(usable & (length > limit), slopes * (limit / jnp.where(length > 0.0, length, 1.0)), slopes)
