"""Values that a model keeps from before: computed from its weights once, they would not follow when these move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from autograd import Graph, Value
from nn import arrays
from nn.data.examples import separate
from nn.module import Module, evaluating
from nn.training.runner import Array
from nn.training.trial import trying

__all__ = ["check_attributes", "check_calls"]


def check_calls(model: Module, first: Any, second: Any) -> None:
    """Check that what two calls of a model gave shares nothing but leaves.

    Raises:
        ValueError: it keeps a Value that was computed from its weights.
    """
    shared = list_computed(first).keys() & list_computed(second).keys()
    if not shared:
        return
    for node in reversed(
        [node for node in Graph(*_values(first)) if node in shared]
    ):  # what the model reads comes last
        for leaf in Graph(node).leaves:
            if leaf.is_parameter or leaf.requires_grad:
                _refuse(model, node, leaf)


def list_computed(result: Any) -> dict[Value, None]:
    """List the Values below a result that were computed: leaves, which are most, are passed over quickly."""
    stack = [v for v in _values(result) if not v.is_leaf]
    found = dict.fromkeys(stack)
    while stack:
        for v in stack.pop().operands:
            if type(v) is Value and not v.is_leaf and v not in found:
                found[v] = None
                stack.append(v)
    return found


def check_attributes(model: Module, X: Array) -> None:
    """Call a model twice on the first of some inputs, if one of its attributes was computed, and check the same.

    Raises:
        ValueError: it keeps a Value that was computed from its weights.
    """
    held = (arrays.first(content) for module in model.modules() for content in vars(module).values())
    if any(isinstance(content, Value) and not content.is_leaf for content in held):
        with evaluating(model), trying(model):
            check_calls(model, *[model.batch(separate(X[:1]))[0] for _ in range(2)])


def _values(nested: Any) -> Iterable[Value]:
    return (v for v in arrays.flat(nested) if isinstance(v, Value))


def _refuse(model: Module, node: Value, leaf: Value) -> NoReturn:
    for module in model.modules():
        for name, content in vars(module).items():
            for place, held in arrays.entries(content, name):
                if held is node:
                    what = f"{place} of {module.title}"
                    raise ValueError(_message(what, leaf, "forward()"))
    raise ValueError(_message(node.describe(), leaf, "the function that uses it"))


def _message(what: str, leaf: Value, where: str) -> str:
    return (
        f"{what} was computed from {leaf.describe()} before the model was called: it would stay as it is while the "
        f"weights move. Compute it in {where}; or keep its number, with .detach(), if it is meant to stay."
    )
