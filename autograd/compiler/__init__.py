"""The compiler: a scalar graph is recorded once, re-rolled into operations on arrays, and replayed on batches."""

from autograd.compiler.compile import compile  # noqa: A004
from autograd.compiler.compiled import Compiled
from autograd.compiler.program import Program

__all__ = ["Compiled", "Program", "compile"]
