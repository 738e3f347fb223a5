"""edgegrad's engine: scalar reverse-mode automatic differentiation with every derivative on an edge.

`Value` records operations as a graph; `backward()` sweeps it; each edge holds ∂out/∂in as a number and a formula.
Importing this package needs the standard library only.
"""

from __future__ import annotations

import builtins as _builtins
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
from autograd.choosing import choose
from autograd.collector import hold_collector
from autograd.context import differentiating, no_grad, scope
from autograd.draw.draw_dot import draw_dot
from autograd.draw.explorer import Frames, Plane, explore
from autograd.errors import (
    AutogradError,
    CompileError,
    ControlFlowError,
    DetachedNumberError,
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
    PlaceError,
    StaleGraphError,
    ValueOverflowError,
)
from autograd.explain import Explanation, explain
from autograd.functional import derivative, grad, hessian, jacobian, value_and_grad
from autograd.graph import Edge, Graph
from autograd.native import FACTORIES as _FACTORIES
from autograd.notation import Notation
from autograd.op import Interval, Op
from autograd.ops import CATALOGUE
from autograd.practice import practice
from autograd.products import hvp, jvp, vjp
from autograd.recording import is_traced
from autograd.softmax import log_softmax, softmax
from autograd.symbol import Symbol
from autograd.value import Value

if _TYPE_CHECKING:
    from autograd import testing as testing
    from autograd.compiler import Compiled, Program
    from autograd.compiler import compile as compile
    from autograd.exercise import Exercise as Exercise
    from autograd.operations import *  # noqa: F403
    from autograd.vectors import Values as Values

__version__ = "0.1.0"
#: Whether the sweep and the recorders run compiled, as an install may ask for.
__compiled__ = bool(_FACTORIES)
_NOT_THE_USERS = True  # errors name the line of a caller outside

__all__ = [
    "CATALOGUE",
    "AutogradError",
    "CompileError",
    "Compiled",
    "ControlFlowError",
    "DetachedNumberError",
    "DivisionByZeroError",
    "DomainError",
    "DrawingError",
    "Edge",
    "Exercise",
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
    "PlaceError",
    "Plane",
    "Program",
    "StaleGraphError",
    "Symbol",
    "Value",
    "ValueOverflowError",
    "Values",
    "choose",
    "derivative",
    "differentiating",
    "draw_dot",
    "explain",
    "explore",
    "grad",
    "gradients",
    "hessian",
    "hold_collector",
    "hvp",
    "is_traced",
    "jacobian",
    "jvp",
    "log_softmax",
    "no_grad",
    "practice",
    "scope",
    "softmax",
    "value_and_grad",
    "vjp",
]
globals().update({op.name: op for op in CATALOGUE})
# `from autograd import *` leaves Python's own functions alone: autograd.abs, autograd.pow and autograd.compile are
# written in full, or imported by name.
__all__ += [op.name for op in CATALOGUE if not hasattr(_builtins, op.name)]


def __getattr__(name: str) -> _Any:
    """Import what needs NumPy, what tests derivatives, and what asks for them, when they are first asked for."""
    if name in ("Compiled", "Program", "compile"):
        from autograd import compiler

        return getattr(compiler, name)
    if name == "Exercise":
        from autograd.exercise import Exercise

        return Exercise
    if name == "Values":
        from autograd.vectors import Values

        return Values
    if name == "testing":
        from importlib import import_module

        return import_module("autograd.testing")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what is public, also what is loaded when it is first asked for."""
    return sorted({*globals(), *__all__, "compile", "testing"})
