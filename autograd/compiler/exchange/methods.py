"""What a program is for other libraries; each of these is a method of `Program`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from autograd.compiler.derivatives import check_reduce, check_wrt
from autograd.compiler.exchange.objectives import Objective, start_objective, start_residuals
from autograd.errors import CompileError

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["function", "objective", "residuals", "to_torch"]


def _check_installed(module: str, what: str, extra: str) -> None:
    """Check that a library is there.

    Raises:
        CompileError: it is not; the extra that brings it is named.
    """
    if util.find_spec(module) is None:
        raise CompileError(f"{what} needs {module}, which is not installed: run pip install 'edgegrad[{extra}]'.")


def function(program: Program) -> Callable[..., Any]:
    """The program as a pure JAX function, ``f(weights, *inputs)``, of one example, or of several along leading axes.

    `jax.jit`, `jax.vmap`, `jax.grad` and `jax.hessian` work on it, by the compiler's own sweep and the catalogue's
    rules: at kinks and ties its slopes are the engine's. It computes in the type of what it is given. Where a number is
    undefined it gives NaN or ∞, as JAX does. Other Values that the program reads are taken as they are now.

    A batch is best given as such: under `jax.vmap`, the gradient by weights that all examples share is made for each
    example, and then added.

    Raises:
        CompileError: JAX is not installed.
    """
    _check_installed("jax", "program.function", "jax")
    from autograd.compiler.on_jax.function import pure_function

    return pure_function(program)


def to_torch(program: Program) -> Callable[..., Any]:
    """Return the program as a function of PyTorch tensors, ``f(weights, *inputs)``, which autograd differentiates.

    Inputs are those of a call: a batch, or one example. `weights` is a tensor with one number a parameter, such as
    ``torch.tensor(program.weights(), requires_grad=True)``. Derivatives of any order are the program's own; errors too.
    Numbers are computed on the processor in the program's type, and given back where the weights lie and in their type.

    Raises:
        CompileError: PyTorch is not installed.
    """
    _check_installed("torch", "program.to_torch()", "interop")
    from autograd.compiler.exchange.tensors import tensor_function

    return tensor_function(program)


def objective(
    program: Program, *arrays: ArrayLike, wrt: str = "parameters", reduce: str = "mean", second: str | None = None
) -> Objective:
    """Return what ``scipy.optimize.minimize`` takes: ``minimize(**program.objective(X, T), method="BFGS")``.

    Args:
        arrays: the examples; by inputs one example, where the search starts.
        wrt: ``"parameters"``, from what they hold now, or ``"inputs"``: every argument, one after the other.
        reduce: by parameters, the ``"mean"`` or ``"sum"`` of the examples' values.
        second: ``"hessp"`` gives products with the Hessian too, which Newton-CG and trust-ncg take; ``"hess"`` the
            matrix.

    Raises:
        CompileError: the function's result is no single number, or an option is none of these.

    Example:
        >>> from autograd import compile
        >>> valley = compile(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, [0.0, 0.0])
        >>> from scipy.optimize import minimize
        >>> minimize(**valley.objective([-1.2, 1.0], wrt="inputs"), method="BFGS").x.round(6)
        array([1., 1.])
    """
    program._check_scalar()
    check_wrt(wrt)
    if second not in (None, "hess", "hessp"):
        raise CompileError(f'second must be None, "hess" or "hessp", not {second!r}.')
    return start_objective(program, arrays, wrt, check_reduce(reduce), second)


def residuals(program: Program, *arrays: ArrayLike, wrt: str = "parameters") -> Objective:
    """Return what ``scipy.optimize.least_squares`` and ``root`` take: ``least_squares(**program.residuals(X, T))``.

    The residuals are the numbers of the function's result, example after example.

    Args:
        arrays: the examples; by inputs one example, where the search starts.
        wrt: ``"parameters"``, from what they hold now, or ``"inputs"``: every argument, one after the other.

    Example:
        >>> from autograd import compile
        >>> both = compile(lambda x: [x[0] ** 2 + x[1] ** 2 - 4.0, x[0] - x[1]], [0.0, 0.0])
        >>> from scipy.optimize import root
        >>> root(**both.residuals([1.0, 2.0], wrt="inputs")).x.round(6)
        array([1.414214, 1.414214])
    """
    check_wrt(wrt)
    return start_residuals(program, arrays, wrt)
