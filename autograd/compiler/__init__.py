"""The compiler: a scalar graph is recorded once, re-rolled into operations on arrays, and replayed on batches."""

from autograd.compiler.program import Program, compile  # noqa: A004

__all__ = ["Program", "compile"]
