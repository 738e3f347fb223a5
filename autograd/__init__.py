"""edgegrad's engine: scalar reverse-mode automatic differentiation with every derivative on an edge.

`Value` records operations as a graph; `backward()` sweeps it; each edge holds ∂out/∂in as a number and a formula.
Importing this package needs the standard library only.
"""

from __future__ import annotations

from os.path import dirname as _dirname
from os.path import exists as _exists
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

if _exists(_dirname(__file__) + "/tracer.py"):
    raise ImportError(
        "Two packages share the folder 'autograd': edgegrad and HIPS' autograd were installed into one environment. "
        "Run: pip uninstall -y autograd edgegrad && pip install edgegrad"
    )

from autograd.backward import gradients
from autograd.draw.explorer import Frames, Plane, explore
from autograd.errors import (
    AutogradError,
    CompileError,
    ControlFlowError,
    DivisionByZeroError,
    DomainError,
    DrawingError,
    ExpressionError,
    InteriorDataError,
    NoGradientError,
    NonFiniteGradientError,
    NotConnectedError,
    OpDefinitionError,
    OperandTypeError,
    ParameterAssignmentError,
    StaleGraphError,
    ValueOverflowError,
)
from autograd.explain import Explanation, explain
from autograd.functional import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad
from autograd.graph import Edge, Graph
from autograd.op import Interval, Notation, Op
from autograd.ops import (
    CATALOGUE,
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    cos,
    cosh,
    dot,
    elu,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    greater,
    hypot,
    identity,
    largest,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    logsumexp,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    prod,
    reciprocal,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    step,
    sub,
    tan,
    tanh,
    total,
    truediv,
    where,
)
from autograd.symbol import Symbol
from autograd.value import Value, is_traced, no_grad, scope

if _TYPE_CHECKING:
    from autograd.compiler import Program, compile

__version__ = "0.1.0"

__all__ = [
    "CATALOGUE",
    "AutogradError",
    "CompileError",
    "ControlFlowError",
    "DivisionByZeroError",
    "DomainError",
    "DrawingError",
    "Edge",
    "Explanation",
    "ExpressionError",
    "Frames",
    "Graph",
    "InteriorDataError",
    "Interval",
    "NoGradientError",
    "NonFiniteGradientError",
    "NotConnectedError",
    "Notation",
    "Op",
    "OpDefinitionError",
    "OperandTypeError",
    "ParameterAssignmentError",
    "Plane",
    "Program",
    "StaleGraphError",
    "Symbol",
    "Value",
    "ValueOverflowError",
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "compile",
    "cos",
    "cosh",
    "derivative",
    "dot",
    "elu",
    "equal",
    "erf",
    "erfc",
    "exp",
    "explain",
    "explore",
    "expm1",
    "gelu",
    "grad",
    "gradients",
    "greater",
    "hessian",
    "hvp",
    "hypot",
    "identity",
    "is_traced",
    "jacobian",
    "jvp",
    "largest",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "maximum",
    "minimum",
    "mul",
    "neg",
    "no_grad",
    "pow",
    "prod",
    "reciprocal",
    "relu",
    "scope",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "step",
    "sub",
    "tan",
    "tanh",
    "total",
    "truediv",
    "value_and_grad",
    "where",
]


def __getattr__(name: str) -> _Any:
    """Import the compiler, and NumPy with it, when it is first asked for."""
    if name in ("Program", "compile"):
        from autograd import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
