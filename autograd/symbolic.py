"""Formulas for SymPy, which goes on simplifying where `explain` stops. SymPy is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import ops
from autograd.graph import Graph, edges_of, topological
from autograd.op import Op
from autograd.symbol import Symbol
from autograd.value import Value

__all__ = ["differentiate", "load", "to_sympy"]

LARGEST_DENOMINATOR = 1000  # of a float that is taken for a fraction

#: What SymPy calls functions that are no expression of others here.
NAMES: dict[Op, str] = {
    ops.exp: "exp", ops.log: "log", ops.sqrt: "sqrt", ops.sin: "sin", ops.cos: "cos", ops.tan: "tan", ops.asin: "asin",
    ops.acos: "acos", ops.atan: "atan", ops.atan2: "atan2", ops.sinh: "sinh", ops.cosh: "cosh", ops.tanh: "tanh",
    ops.asinh: "asinh", ops.acosh: "acosh", ops.atanh: "atanh", ops.erf: "erf", ops.erfc: "erfc", ops.erfinv: "erfinv",
    ops.digamma: "digamma", ops.trigamma: "trigamma", ops.polygamma: "polygamma",
    ops.abs: "Abs", ops.sign: "sign", ops.floor: "floor", ops.ceil: "ceiling", ops.mod: "Mod", ops.minimum: "Min",
    ops.maximum: "Max", ops.largest: "Max",
}  # fmt: skip


def _bracket(sympy: Any, condition: Any) -> Any:
    return sympy.Piecewise((1, condition), (0, True))


#: How the others are written with SymPy, which is the first argument.
FORMS: dict[Op, Callable[..., Any]] = {
    ops.add: lambda sympy, x, y: x + y,
    ops.sub: lambda sympy, x, y: x - y,
    ops.mul: lambda sympy, x, y: x * y,
    ops.truediv: lambda sympy, x, y: x / y,
    ops.pow: lambda sympy, x, y: x**y,
    ops.neg: lambda sympy, x: -x,
    ops.lgamma: lambda sympy, x: sympy.re(sympy.loggamma(x)),  # complex left of 0, where ours is log|Γ(x)|
    ops.square: lambda sympy, x: x**2,
    ops.reciprocal: lambda sympy, x: 1 / x,
    ops.cbrt: lambda sympy, x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
    ops.floordiv: lambda sympy, x, y: sympy.floor(x / y),
    ops.expm1: lambda sympy, x: sympy.exp(x) - 1,
    ops.log1p: lambda sympy, x: sympy.log(1 + x),
    ops.log2: lambda sympy, x: sympy.log(x, 2),
    ops.log10: lambda sympy, x: sympy.log(x, 10),
    ops.hypot: lambda sympy, x, y: sympy.sqrt(x**2 + y**2),
    ops.unit: lambda sympy, x, y: x / sympy.sqrt(x**2 + y**2),
    ops.sigmoid: lambda sympy, x: 1 / (1 + sympy.exp(-x)),
    ops.softplus: lambda sympy, x: sympy.log(1 + sympy.exp(x)),
    ops.relu: lambda sympy, x: sympy.Piecewise((x, x > 0), (0, True)),
    ops.leaky_relu: lambda sympy, x, alpha: sympy.Piecewise((x, x > 0), (alpha * x, True)),
    ops.elu: lambda sympy, x, alpha: sympy.Piecewise((x, x > 0), (alpha * (sympy.exp(x) - 1), True)),
    ops.greater: lambda sympy, x, y: _bracket(sympy, x > y),
    ops.equal: lambda sympy, x, y: _bracket(sympy, sympy.Eq(x, y)),
    ops.step: lambda sympy, x: _bracket(sympy, x > 0),
    ops.where: lambda sympy, condition, x, y: sympy.Piecewise((x, sympy.Ne(condition, 0)), (y, True)),
    ops.total: lambda sympy, *xs: sympy.Add(*xs),
    ops.mean: lambda sympy, *xs: sympy.Add(*xs) / len(xs),
    ops.prod: lambda sympy, *xs: sympy.Mul(*xs),
    ops.logsumexp: lambda sympy, *xs: sympy.log(sympy.Add(*map(sympy.exp, xs))),
    ops.logaddexp: lambda sympy, x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
}


def load() -> Any:
    """Import SymPy.

    Raises:
        ImportError: it is not installed; the message says what to run.
    """
    try:
        import sympy
    except ImportError:
        raise ImportError(
            "Simplified formulas need SymPy, which is not installed. Run: pip install 'edgegrad[symbolic]'"
        ) from None
    return sympy


def to_sympy(graph: Graph) -> Any:
    """Write the outputs of a graph as SymPy expressions of its leaves: one, or a tuple of several."""
    sympy = load()
    known = _write_nodes(sympy, graph.nodes, graph.names, frozenset())
    outputs = tuple(known[output] for output in graph.outputs)
    return outputs[0] if len(outputs) == 1 else outputs


def differentiate(output: Value, value: Value, names: Mapping[Value, str]) -> Any:
    """Add up the slopes of all paths from one Value to another as a SymPy expression of the leaves.

    Args:
        output: the Value that is differentiated.
        value: the Value it is differentiated by, which is a name in the result.
        names: what the leaves and the value are called.
    """
    sympy = load()
    nodes = topological([output], frozenset([value]))
    known = _write_nodes(sympy, nodes, names, frozenset([value]))
    derivatives: dict[Value, Any] = {value: sympy.Integer(1)}
    for node in nodes:
        below = [edge for edge in edges_of(node) if edge.operand in derivatives] if node is not value else []
        if not below:
            continue
        leaves = {f"x{slot}": known[v] if isinstance(v, Value) else _number(sympy, v)
                  for slot, v in enumerate(node.operands)}  # fmt: skip
        places = [Symbol(f"x{slot}") if isinstance(v, Value) else v for slot, v in enumerate(node.operands)]
        wanted = [False] * len(places)
        for edge in below:
            wanted[edge.slot] = True
        slopes = node._op.slopes_at(Symbol("out"), places, wanted)
        leaves["out"] = known[node]
        derivatives[node] = sympy.Add(
            *(_convert(sympy, slopes[edge.slot], leaves) * derivatives[edge.operand] for edge in below)
        )
    return derivatives[output]


def _write_nodes(
    sympy: Any, nodes: Sequence[Value], names: Mapping[Value, str], held: frozenset[Value]
) -> dict[Value, Any]:
    known: dict[Value, Any] = {}
    for node in nodes:
        if node._x is None or node in held:
            known[node] = sympy.Symbol(names[node], real=True)
        else:
            operands = [known[v] if isinstance(v, Value) else _number(sympy, v) for v in node.operands]
            known[node] = _apply(sympy, node._op, operands)
    return known


def _convert(sympy: Any, x: Any, leaves: Mapping[str, Any]) -> Any:
    """Write a symbol or float with SymPy."""
    done: list[Any] = []
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        if isinstance(item, Symbol) and item.plain is not None:
            stack.append((item.plain, False))
        elif not isinstance(item, Symbol):
            done.append(_number(sympy, item))
        elif item.op is None:
            done.append(leaves[item.name])
        elif ready:
            count = len(item.operands)
            operands = done[len(done) - count :] if count else []
            del done[len(done) - count :]
            done.append(_apply(sympy, item.op, operands))
        else:
            stack.append((item, True))
            stack.extend((operand, False) for operand in reversed(item.operands))
    return done[0]


def _apply(sympy: Any, op: Op, operands: Sequence[Any]) -> Any:
    """Apply an operation to SymPy expressions; one that SymPy does not have is a function of its name."""
    if op in NAMES:
        return getattr(sympy, NAMES[op])(*operands)
    if op in FORMS:
        return FORMS[op](sympy, *operands)
    if not op.generic:
        return sympy.Function(op.name)(*operands)
    names = [f"x{place}" for place in range(len(operands))]
    return _convert(sympy, op.forward(*map(Symbol, names)), dict(zip(names, operands, strict=True)))


def _number(sympy: Any, number: Any) -> Any:
    """Write a float as the whole number or fraction that it is, where that is a short one."""
    if number - number != 0.0:
        return sympy.Float(number)
    from fractions import Fraction

    near = Fraction(number).limit_denominator(LARGEST_DENOMINATOR)
    if near.numerator / near.denominator == number:
        return sympy.Rational(near.numerator, near.denominator)
    return sympy.Float(number, 17)
