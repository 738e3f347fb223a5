"""Tests for derivatives: a gradient check that says what is wrong, and hypothesis strategies for graphs.

The strategies are in `autograd.testing.strategies`, which alone needs `hypothesis`.
"""

from __future__ import annotations

from autograd.testing.check import GradientMismatch, check_gradients, check_op

__all__ = ["GradientMismatch", "check_gradients", "check_op"]
