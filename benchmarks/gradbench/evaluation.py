"""What an eval is: its inputs by size, and how each library computes its value and its derivative from them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Array", "Eval", "Inputs", "Run", "casadi_gradient", "casadi_sum", "flatten", "jitted_gradient", "load",
    "torch_gradient",
]  # fmt: skip

Array = NDArray[Any]
Inputs = dict[str, Any]  # arrays, and the whole numbers of the size
Run = Callable[[], Array]  # the value, where it is had with the derivative; the derivative, in one order for all


class Eval(NamedTuple):
    """One eval of GradBench.

    Attributes:
        name: its name there.
        what: what is computed, the derivative last.
        inputs: makes the numbers of a size, the same every time.
        libraries: by name what makes ready, and returns what computes value and derivative once.
        sizes: those of GradBench that are measured, the smallest first.
        tick: a size for a run of everything.
        edgegrad: how edgegrad computes it, in a few words.
        reference: what GradBench itself expects, where its inputs are no random ones.
    """

    name: str
    what: str
    inputs: Callable[..., Inputs]
    libraries: Mapping[str, Callable[[Inputs], Run]]
    sizes: tuple[Mapping[str, int], ...]
    tick: Mapping[str, int]
    edgegrad: str
    reference: tuple[float, ...] = ()


def load(package: str) -> Any:
    """Import a library, set to one thread and to doubles.

    Raises:
        ImportError: it is not installed.
    """
    module = importlib.import_module(package)
    if package == "torch":
        module.set_num_threads(1)
        module.set_default_dtype(module.float64)
    elif package == "jax":
        module.config.update("jax_platforms", "cpu")
        module.config.update("jax_enable_x64", True)
    return module


def flatten(*pieces: Any) -> Array:
    """Put numbers and arrays of any library into one row."""
    return np.concatenate([np.asarray(piece, dtype=np.float64).ravel() for piece in pieces])


def casadi_gradient(y: Any, x: Any, numbers: Array) -> Run:
    """Differentiate a scalar expression of CasADi's by a vector, and compute both on its own machine."""
    casadi = load("casadi")
    both = casadi.Function("both", [x], [y, casadi.gradient(y, x)])
    given = casadi.DM(numbers.ravel().tolist())
    return lambda: flatten(*both(given))


def casadi_sum(term: Any, x: Any, example: Any, numbers: Array, examples: Array) -> Run:
    """Differentiate the sum of an expression of CasADi's over examples, (numbers, examples), by a vector."""
    casadi = load("casadi")
    both = casadi.Function("both", [x, example], [casadi.vertcat(term, casadi.gradient(term, x))])
    mapped, given = both.map(examples.shape[1]), (casadi.DM(numbers.ravel().tolist()), casadi.DM(examples))
    return lambda: flatten(casadi.sum2(mapped(*given)))


def torch_gradient(objective: Callable[..., Any], leaves: Sequence[Array], data: Sequence[Array] = ()) -> Run:
    """Differentiate a function of tensors by the first of them, as PyTorch's documentation does."""
    torch = load("torch")
    tensors = [torch.tensor(array, requires_grad=True) for array in leaves]
    others = [torch.tensor(array) for array in data]

    def run() -> Array:
        value = objective(*tensors, *others)
        return flatten(value.detach(), *torch.autograd.grad(value, tensors))

    return run


def jitted_gradient(objective: Callable[..., Any], leaves: Sequence[Array], data: Sequence[Array] = ()) -> Run:
    """Differentiate a function of JAX's arrays by the first of them, compiled."""
    jax = load("jax")
    arrays = [jax.numpy.asarray(array) for array in (*leaves, *data)]
    both = jax.jit(jax.value_and_grad(objective, argnums=tuple(range(len(leaves)))))

    def run() -> Array:
        value, slopes = both(*arrays)
        return flatten(value, *slopes)

    return run
