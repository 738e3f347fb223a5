"""Execution by JAX: runs, sweeps and descents as functions that JAX compiles, once for each number of examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from autograd.compiler.descent import Descent, Steps
from autograd.compiler.execution import Execution, count
from autograd.compiler.on_jax.descent import Descend, compile_descent
from autograd.compiler.on_jax.replay import Plan, Replay
from autograd.compiler.roll import Layout
from autograd.compiler.verify import verify

__all__ = ["JaxExecution"]

Array = NDArray[Any]


class JaxExecution(Execution):
    """Runs a program with JAX, in the program's own dtype whatever JAX's default is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._functions: dict[Any, Callable[..., Any]] = {}
        self._descend: Descend | None = None

    @cached_property
    def forward_layout(self) -> Layout:
        """The layout of a run that is not swept: no row is written twice, whatever is left out."""
        return self.layout

    def _plan(self, wrt: str) -> Plan:
        plan = Plan(self.layout, None if wrt == "none" else self.aim(wrt))
        if self.options.verify:
            verify(self.layout, plan.sweep)
        return plan

    def _function(self, key: Any, make: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
        """Return a function for JAX, made once."""
        if key not in self._functions:
            self._functions[key] = jax.jit(make())
        return self._functions[key]

    def _load(self, given: Sequence[Array], weights: Array, constants: Sequence[float]) -> tuple[Array, Array, Array]:
        """Return weights, constants and the examples' numbers, (examples, numbers), as a function takes them."""
        rows = np.concatenate(given, axis=1) if given else np.zeros((1, 0))
        return weights.astype(self.dtype), np.asarray(constants, self.dtype), rows.astype(self.dtype, copy=False)

    def run(self, given: Sequence[Array], weights: Array, constants: Sequence[float]) -> Array:
        """Compute the results, (results, examples); see `Execution.run`."""

        def make() -> Callable[..., Any]:
            plan, places = self._plan("none"), self.outputs("none")

            def run(weights: Any, constants: Any, inputs: Any) -> Any:
                replay = Replay(plan, weights, constants, inputs)
                found = [replay.result(at) for at in places]
                return jnp.stack(found) if found else jnp.zeros((0, len(inputs)), self.dtype)

            return run

        with jax.enable_x64(True), np.errstate(all="ignore"):
            return np.array(self._function("run", make)(*self._load(given, weights, constants)))

    def sweep(
        self, wrt: str, given: Sequence[Array], weights: Array, constants: Sequence[float], share: float
    ) -> tuple[Array, Array, Array]:
        """Run forward and backward; see `Execution.sweep`."""

        def make() -> Callable[..., Any]:
            aim, plan = self.aim(wrt), self._plan(wrt)

            def sweep(weights: Any, constants: Any, inputs: Any, share: Any) -> tuple[Any, Any]:
                replay = Replay(plan, weights, constants, inputs)
                flows = replay.pull_back([(aim.output, jnp.broadcast_to(share, len(inputs)))])
                found = [flows[at.batched].read(at) for at in aim.wanted]
                return replay.result(aim.output), found[0] if found else jnp.zeros(0, self.dtype)

            return sweep

        with jax.enable_x64(True), np.errstate(all="ignore"):
            arguments = (*self._load(given, weights, constants), self.dtype.type(share))
            values, slopes = map(np.array, self._function(("sweep", wrt), make)(*arguments))
        nothing = np.zeros((self.inputs, count(given)), self.dtype)
        if wrt == "parameters":
            return values, slopes if self.parameters else np.zeros(0, self.dtype), nothing
        return values, np.zeros(0, self.dtype), slopes.T if self.inputs else nothing

    def descend(self, descent: Descent, constants: Sequence[float]) -> Steps:
        """Take a step for each row of settings; see `Program.descend`."""
        self._check_descent(descent)

        with jax.enable_x64(True), np.errstate(all="ignore"):
            if self._descend is None:
                plan, places = self._plan("parameters"), self.outputs("parameters")
                self._descend = compile_descent(plan, places, self.parameters, self.dtype)
            return self._descend(descent, np.asarray(constants))
