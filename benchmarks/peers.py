"""The libraries that record scalar operations, each behind the same four steps: lift, record, sweep, read.

Each is used as its own documentation says, in float64 and on one thread. A peer that is not installed raises
`ImportError` when it is made.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.workload import Functions, Workload

__all__ = ["PEERS", "Peer", "Recording", "version"]


class Peer:
    """A library that records operations on numbers of its own and sweeps back over them.

    Attributes:
        package: the name of its distribution.
        native: whether its graph lies outside Python's objects, so that only the process's size shows it.
        note: what a reader has to know beside its figures.
        arithmetic_only: whether it lacks tanh, sin and exp.
        functions: its functions of one operand.
        leaf: makes a number of its own from a float.
    """

    package = ""
    native = False
    note = ""
    arithmetic_only = False
    functions: Functions
    leaf: Callable[[float], Any]

    def lift(self, numbers: list[float]) -> list[Any]:
        """Make the leaves."""
        return [self.leaf(number) for number in numbers]

    def record(self, run: Callable[[list[Any]], Any], leaves: list[Any]) -> Any:
        """Record a function of the leaves; returns what the sweep starts from."""
        return run(leaves)

    def sweep(self, output: Any, leaves: list[Any]) -> Any:
        """Compute the gradient; what it returns is kept for `read`."""
        output.backward()

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value and the gradient as floats."""
        return output.data, [leaf.grad for leaf in leaves]


class Recording:
    """One workload recorded and swept by one peer, step by step."""

    def __init__(self, peer: Peer, workload: Workload, operations: int) -> None:
        self.peer = peer
        self.leaves = peer.lift(list(workload.leaves))
        self._run = lambda xs: workload.run(xs, peer.functions, operations)
        self.output: Any = None
        self.swept: Any = None

    def record(self) -> None:
        """Run the loop."""
        self.output = self.peer.record(self._run, self.leaves)

    def sweep(self) -> None:
        """Sweep back from its output."""
        self.swept = self.peer.sweep(self.output, self.leaves)

    def read(self) -> tuple[float, list[float]]:
        """Give the value and the gradient."""
        return self.peer.read(self.output, self.leaves, self.swept)


class PlainFloats(Peer):
    """The same loop on plain floats: what remains when nothing is recorded."""

    package = "Python"
    note = "the loop itself; nothing is recorded"

    def __init__(self) -> None:
        self.leaf = float
        self.functions = Functions(lambda x: x if x > 0.0 else 0.0, math.tanh, math.sin, math.exp)

    def sweep(self, output: Any, leaves: list[Any]) -> Any:
        """Do nothing."""

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value; there is no gradient."""
        return output, []


class Edgegrad(Peer):
    """This project."""

    package = "edgegrad"

    def __init__(self) -> None:
        import autograd

        self.leaf = autograd.Value
        self.functions = Functions(autograd.relu, autograd.tanh, autograd.sin, autograd.exp)


class Micrograd(Peer):
    """micrograd, from PyPI."""

    package = "micrograd"
    arithmetic_only = True
    note = "has no tanh, sin or exp; recurses, so it needs a larger stack"

    def __init__(self) -> None:
        from micrograd.engine import Value  # type: ignore[import-untyped,unused-ignore]

        self.leaf = Value
        self.functions = Functions(Value.relu)


class Torch(Peer):
    """PyTorch's tensors without axes."""

    package = "torch"
    native = True
    note = "0-dimensional float64 tensors"

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.leaf = partial(torch.tensor, dtype=torch.float64, requires_grad=True)
        self.functions = Functions(torch.relu, torch.tanh, torch.sin, torch.exp)

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value and the gradient as floats."""
        return output.item(), [leaf.grad.item() for leaf in leaves]


class Xad(Peer):
    """XAD: a tape in C++ under Python operators."""

    package = "xad"
    native = True
    note = "a C++ tape, which keeps no graph to look at"

    def __init__(self) -> None:
        import xad.math  # type: ignore[import-untyped,unused-ignore]
        from xad.adj_1st import Real, Tape  # type: ignore[import-untyped,unused-ignore]

        self.leaf, self._tape = Real, Tape
        self.functions = Functions(lambda x: xad.math.max(x, 0.0), xad.math.tanh, xad.math.sin, xad.math.exp)

    def record(self, run: Callable[[list[Any]], Any], leaves: list[Any]) -> Any:
        """Record on a tape of its own."""
        tape = self._tape()
        tape.activate()
        tape.registerInputs(leaves)
        tape.newRecording()
        return run(leaves), tape

    def sweep(self, output: Any, leaves: list[Any]) -> Any:
        """Compute the adjoints of the tape."""
        y, tape = output
        tape.registerOutput(y)
        y.setDerivative(1.0)
        tape.computeAdjoints()

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value and the gradient as floats."""
        y, tape = output
        gradient = [leaf.getDerivative() for leaf in leaves]
        tape.deactivate()
        return y.getValue(), gradient


class HipsAutograd(Peer):
    """HIPS autograd, whose package is called `autograd` as well: it lives in a folder of its own (``--hips``)."""

    package = "autograd"
    note = "traces NumPy calls; its objects and its closures are all Python's"

    def __init__(self) -> None:
        import autograd

        if not Path(autograd.__file__).with_name("tracer.py").exists():
            raise ImportError("HIPS autograd is not installed")
        import autograd.numpy as anp  # type: ignore[import-not-found,unused-ignore]
        from autograd.core import make_vjp  # type: ignore[import-not-found]

        self.leaf = float
        self._make_vjp = make_vjp
        self.functions = Functions(lambda x: anp.maximum(x, 0.0), anp.tanh, anp.sin, anp.exp)

    def record(self, run: Callable[[list[Any]], Any], leaves: list[Any]) -> Any:
        """Trace the loop."""
        return self._make_vjp(lambda xs: run([xs[i] for i in range(len(leaves))]), leaves)

    def sweep(self, output: Any, leaves: list[Any]) -> Any:
        """Pull 1 back."""
        pull_back, _ = output
        return pull_back(1.0)

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value and the gradient as floats."""
        _, value = output
        return float(value), [float(slope) for slope in swept]


class Casadi(Peer):
    """CasADi's scalar expressions, which are built first and computed afterwards."""

    package = "casadi"
    native = True
    note = "symbolic: its sweep builds the gradient's expression, makes a function of it and calls that once"

    def __init__(self) -> None:
        import casadi

        self._casadi = casadi
        self.functions = Functions(lambda x: casadi.fmax(x, 0.0), casadi.tanh, casadi.sin, casadi.exp)
        self._numbers: list[float] = []

    def lift(self, numbers: list[float]) -> list[Any]:
        """Make symbols, and keep the numbers they stand for."""
        self._numbers = numbers
        return [self._casadi.SX.sym(f"x{i}") for i in range(len(numbers))]

    def sweep(self, output: Any, leaves: list[Any]) -> Any:
        """Build the gradient, make a function of value and gradient, and call it."""
        xs = self._casadi.vertcat(*leaves)
        function = self._casadi.Function("f", [xs], [output, self._casadi.gradient(output, xs)])
        return function(self._numbers)

    def read(self, output: Any, leaves: list[Any], swept: Any) -> tuple[float, list[float]]:
        """Give the value and the gradient as floats."""
        value, gradient = swept
        return float(value), [float(slope) for slope in gradient.full().ravel()]


PEERS: dict[str, type[Peer]] = {
    "plain floats": PlainFloats,
    "edgegrad": Edgegrad,
    "micrograd": Micrograd,
    "torch": Torch,
    "XAD": Xad,
    "HIPS autograd": HipsAutograd,
    "CasADi SX": Casadi,
}


def version(name: str) -> str:
    """Return the version of a peer that is installed."""
    package = PEERS[name].package
    if package == "Python":
        return platform.python_version()
    if package == "edgegrad":
        import autograd

        return autograd.__version__
    return metadata.version(package)
