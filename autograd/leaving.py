"""Numbers that leave the graph: refused where a derivative or a program would silently lose them."""

from __future__ import annotations

from autograd.context import current
from autograd.errors import DetachedNumberError
from autograd.floats import user_line
from autograd.graph import topological
from autograd.symbol import printable
from autograd.value import Value

__all__ = ["check_leaving"]


def check_leaving(v: Value, how: str) -> None:
    """Check that the number of v may be taken out of the graph here.

    Args:
        v: the Value.
        how: what takes it out, such as ``float()``.

    Raises:
        ControlFlowError: a function that depends on v is being compiled.
        DetachedNumberError: a function is being differentiated, and v depends on what by.
    """
    context = current()
    if context.trace is not None:
        context.trace.check_leaving(v, how)
    if context.paused or not context.differentiating:
        return
    leaves = context.differentiating
    by = next((node for node in topological([v]) if node in leaves), None)
    if by is not None:
        name = printable(by._name or "its argument")
        raise DetachedNumberError(
            f"{how} takes the number out of {v._describe()}{user_line()}, inside a function that is being "
            f"differentiated by {name}: what is computed from that number would be lost to the derivative. Compute "
            "with the Value itself (autograd.exp instead of math.exp, an array of Values instead of one of floats), or "
            "write v.data, v.detach() or no_grad() where a constant is meant."
        )
