"""What a compiled build has in C: in the plain package nothing is compiled.

A build with ``HATCH_BUILD_HOOK_ENABLE_CUSTOM=1`` has an extension of this name, which Python finds first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.value import Value

__all__ = ["FACTORIES", "show_collector"]

#: What makes the recorders of an operation that is compiled, by its name.
FACTORIES: dict[str, Callable[..., Any]] = {}


def show_collector(roots: Sequence[Value]) -> None:
    """Let the garbage collector look at graphs, which a compiled build keeps from it, before a leaf holds one."""
