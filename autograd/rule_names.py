"""What the rules of differentiation are called: the one that each edge follows, in the words of a first course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.factors import POWERS
from autograd.graph import Edge
from autograd.notation import DIFFERENCE, NEGATIVE, POWER, PRODUCT, QUOTIENT, SUM
from autograd.op import Op
from autograd.value import Value

__all__ = ["ADVICE", "name_rule", "name_rules"]

#: The rule of an operation whose operands all vary, by its record.
RULES: dict[Op, str] = {
    ops.total: "sum",
    ops.mean: "sum and constant factor",
    ops.dot: "sum and product",
    ops.prod: "product",
}
#: What the rules say, in words.
ADVICE = {
    "constant term": "What does not depend on it falls away.",
    "constant factor": "A constant factor stays.",
    "sum": "Each term is differentiated alone.",
    "difference": "Each term is differentiated alone; the second keeps its minus.",
    "sum and constant factor": "Each term is differentiated alone, and the constant factor stays.",
    "product": "The other factor stays.",
    "sum and product": "Only its own term counts, and there the other factor stays.",
    "quotient": "Of a quotient u/v: u′/v for the numerator, −u·v′/v² for the denominator.",
    "power": "The exponent comes down as a factor, and falls by one.",
    "exponential": "A power with the variable above stays, times the logarithm of its base.",
}
BY_NOTATION = ((SUM, "sum"), (DIFFERENCE, "difference"), (PRODUCT, "product"), (QUOTIENT, "quotient"), (POWER, "power"))


def name_rule(edge: Edge) -> str:
    """Name the rule that an edge follows.

    >>> x = Value(2.0, name="x")
    >>> [name_rule(y.edges[0]) for y in (3.0 * x, x * x, x**3, 1.0 / x, 2.0**x, ops.tanh(x))]
    ['constant factor', 'product', 'power', 'quotient', 'exponential', 'derivative of tanh']
    """
    node, op = edge.output, edge.output._op
    notation = op.notation
    others = [v for slot, v in enumerate(node.operands) if slot != edge.slot]
    varying = any(_varies(v) for v in others)
    if notation in (SUM, DIFFERENCE) and others and not varying:
        return "constant term"
    if notation is PRODUCT and not varying:
        return "constant factor"
    if notation is QUOTIENT and edge.slot == 0 and not varying:
        return "constant factor"
    if notation is POWER and edge.slot == 1:
        return "exponential"
    if notation is NEGATIVE:
        return "constant factor"
    if op in POWERS:
        return "power"
    return RULES.get(op) or next((name for sign, name in BY_NOTATION if sign is notation), f"derivative of {op.name}")


def name_rules(edges: Sequence[Edge]) -> str:
    """Name the rules along a path, in order: ``chain: power, difference, product``."""
    names = list(dict.fromkeys(map(name_rule, edges)))
    return f"chain: {', '.join(names)}" if len(edges) > 1 else ", ".join(names)


def _varies(v: Any) -> bool:
    """Whether an operand is more than a number: a frozen leaf with a name is a constant too."""
    return isinstance(v, Value) and not (v._x is None and not v.requires_grad)
