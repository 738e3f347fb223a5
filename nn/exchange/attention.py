"""Attention to and from PyTorch, whose module takes queries, keys and values, and gives weights beside the outputs."""

from __future__ import annotations

from functools import cache
from typing import Any

from nn.modules.attention import MultiheadAttention

__all__ = ["TORCH_NAMES", "holder", "is_attending", "make", "read"]

#: PyTorch's names of our arrays; those of the last two are in the module ``out_proj`` within.
TORCH_NAMES = {"W_in": "in_proj_weight", "b_in": "in_proj_bias", "W_out": "out_proj.weight", "b_out": "out_proj.bias"}


@cache
def _attending(module: type) -> Any:
    """Make the class of a module in a chain that attends within each sequence; PyTorch is loaded when it is wanted."""

    class Attending(module):  # type: ignore[misc]
        """Hands the steps to PyTorch's attention as queries, keys and values, and leaves its weights."""

        def __init__(self, attention: Any, causal: bool) -> None:
            super().__init__()
            self.attention, self.causal = attention, causal

        def forward(self, steps: Any) -> Any:
            mask = steps.new_ones(steps.shape[-2], steps.shape[-2]).triu(1).bool() if self.causal else None
            return self.attention(steps, steps, steps, attn_mask=mask, need_weights=False)[0]

    return Attending


def is_attending(part: Any, module: type) -> bool:
    """Whether a module of PyTorch's is one that `make` made."""
    return isinstance(part, _attending(module))


def make(part: MultiheadAttention, nn: Any) -> list[Any]:
    """Make the module that hands its input to PyTorch's attention."""
    attention = nn.MultiheadAttention(part.embed_dim, part.num_heads, bias=part.bias, batch_first=True)
    return [_attending(nn.Module)(attention, part.causal)]


def holder(part: Any, module: type) -> Any:
    """Return the module that holds the arrays: PyTorch's own, within the one that `make` made."""
    return part.attention if is_attending(part, module) else part


def read(part: Any) -> MultiheadAttention:
    """Make ours of what `make` made, still without its weights."""
    theirs = part.attention
    bias = theirs.in_proj_bias is not None
    return MultiheadAttention(theirs.embed_dim, theirs.num_heads, bias=bias, causal=part.causal)
