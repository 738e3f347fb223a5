"""Tests for derivatives: a gradient check that says what is wrong, and hypothesis strategies for graphs.

The strategies are in `autograd.testing.strategies`, which alone needs `hypothesis`: they are imported when they are
first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.testing.check import GradientMismatch, check_gradients, check_op

if TYPE_CHECKING:
    from autograd.testing.strategies import expressions, networks, values

__all__ = ["GradientMismatch", "check_gradients", "check_op", "expressions", "networks", "values"]


def __getattr__(name: str) -> Any:
    if name in ("expressions", "networks", "values"):
        from autograd.testing import strategies

        return getattr(strategies, name)
    raise AttributeError(f"module 'autograd.testing' has no attribute {name!r}")
