"""What the functions that differentiate share: a function is called on Values made for the purpose, and swept.

Numbers in, numbers out. Where an argument holds Values, or the function captures one that takes a gradient, the results
are Values; inside `no_grad` they are numbers all the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from autograd import ops, tree
from autograd.arrays import is_array
from autograd.backward import differentiable_sweep, gradients_and_leaves
from autograd.context import current, differentiating
from autograd.errors import OperandTypeError
from autograd.floats import real_number
from autograd.graph import topological
from autograd.value import FROZEN, LIFTED, Value, number_of

__all__ = [
    "Function",
    "Lifted",
    "below",
    "call",
    "captures",
    "check_function",
    "holds_values",
    "one_number",
    "read_argnums",
    "read_outputs",
    "read_vector",
    "sweep",
    "value_and_aux",
    "without_graph",
]

Function = Callable[..., Any]


class Lifted(NamedTuple):
    """An argument, the same made of fresh Values, these in order, and whether the result is made of Values."""

    given: Any
    argument: Any
    leaves: list[Value]
    nested: bool = False

    def rebuild(self, results: list[Any], kind: Any = None) -> Any:
        """Return results, one for each leaf, in the shape of the argument; of `kind`, if there are none."""
        return tree.rebuild(self.given, results, kind)

    @property
    def blank(self) -> Any:
        """Zeros in the shape of the argument."""
        return self.rebuild([0.0] * len(self.leaves))


def _lift(argument: Any) -> Lifted:
    """Make a fresh Value for each number, and for each Value an alias that the sweep stops at."""
    leaves: list[Value] = []

    def lift(x: Any) -> Value:
        leaf = ops.identity(x) if isinstance(x, Value) else Value(x)
        if isinstance(x, Value):
            leaf.name = x.name
        else:
            leaf._y = LIFTED
        leaves.append(leaf)
        return leaf

    return Lifted(argument, tree.map_leaves(lift, argument), leaves)


def sweep(y: Any, leaves: list[Value], nested: bool) -> list[Any]:
    """Compute the gradient of an output: numbers, unless `nested`, or what f captured takes a gradient itself."""
    if not isinstance(y, Value):
        return [0.0] * len(leaves)
    chosen = frozenset(leaves)
    if not nested:
        numbers, reached = gradients_and_leaves(y, leaves)
        if not captures(reached):
            return numbers
    adjoints = differentiable_sweep(y, 1.0, chosen, until=chosen)
    return [adjoints.get(leaf, 0.0) for leaf in leaves]


def read_argnums(argnums: Any) -> int | tuple[int, ...]:
    """Return the position of an argument, or several, as Python's integers.

    Raises:
        TypeError: they are neither.
    """
    with suppress(TypeError):
        return operator.index(argnums)
    with suppress(TypeError):
        return tuple(map(operator.index, argnums))
    raise TypeError(f"argnums must be the position of an argument, or a tuple of positions, not {argnums!r}.")


def call(
    f: Function, args: tuple[Any, ...], named: Mapping[str, Any], argnums: int | Sequence[int]
) -> tuple[Any, list[Lifted]]:
    """Call f with the chosen arguments lifted, and return its result and these.

    Raises:
        TypeError: f is no function, or there is no such argument.
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    check_function(f, "grad")
    for number in chosen:
        if not -len(args) <= number < len(args):
            by_name = ": give those to differentiate by their place, not their name" if named else ""
            raise TypeError(
                f"argnums names argument {number}, but the function was called with {len(args)} argument(s){by_name}."
            )
    lifted = {number % len(args): _lift(args[number % len(args)]) for number in chosen}
    own = frozenset(leaf for each in lifted.values() for leaf in each.leaves)
    outer: frozenset[Value] = current().differentiating
    with differentiating(own):
        out = f(*(lifted[i].argument if i in lifted else arg for i, arg in enumerate(args)), **named)
    nested = holds_values((*args, *named.values()))
    nested = nested or bool(outer and not _numbers_are_due() and not outer.isdisjoint(below(out, own)))
    return out, [lifted[number % len(args)]._replace(nested=nested) for number in chosen]


def captures(nodes: Iterable[Value]) -> bool:
    """Whether there is a leaf among the nodes that takes a gradient and is no function's argument.

    The argument of a function around this one is found by `call`; that of one inside it, which is over, is a constant.
    """
    if _numbers_are_due():
        return False
    return any(node._x is None and node._op is not FROZEN and node._y is not LIFTED for node in nodes)


def _numbers_are_due() -> bool:
    """Whether it is taken inside `no_grad`: around the `enable_grad` that every function that differentiates opens."""
    around = current().outer
    return around is not None and around.paused


def holds_values(x: Any) -> bool:
    """Whether there is a Value in an argument, so that the results have to be Values."""
    return not _numbers_are_due() and any(isinstance(leaf, Value) for leaf in tree.leaves(x, is_leaf=_holds_floats))


def _holds_floats(x: Any) -> bool:
    return is_array(x) and x.dtype != object


def below(outputs: Any, until: frozenset[Value]) -> list[Value]:
    """Return the nodes below a result, down to some leaves."""
    return topological([y for y in tree.leaves(outputs, is_leaf=_holds_floats) if isinstance(y, Value)], until)


def check_function(f: object, where: str) -> None:
    """Raise an error if what is to be differentiated is no function.

    Raises:
        OperandTypeError: it is a Value, or cannot be called.
    """
    if isinstance(f, Value):
        raise OperandTypeError(
            f"{where} takes a function, not the Value {f._describe()}: write {where}(lambda x: …), or call backward() "
            "on the Value and read the gradients of its leaves."
        )
    if not callable(f):
        raise OperandTypeError(f"What is differentiated must be a function of numbers, not a {type(f).__name__}.")


def one_number(f: Function, y: Any) -> Any:
    """Return the result of f, which is to be one number.

    Raises:
        OperandTypeError: it is something else.
    """
    if getattr(y, "shape", None) == ():
        y = y.item()
    if isinstance(y, Value):
        return y
    try:
        return real_number(y, "grad")
    except OperandTypeError:
        name = getattr(f, "__name__", "the function")
        pair = isinstance(y, tuple) and len(y) == 2
        raise OperandTypeError(
            f"grad needs a function whose result is one Value, but {name} returned {type(y).__name__}. Use jacobian "
            "for several outputs, or return their total."
            + (" If the second of the pair is not to be differentiated, write has_aux=True." if pair else "")
        ) from None


def read_outputs(f: Function, outputs: Any, where: str) -> list[Any]:
    """Return the numbers of a result in order: Values, and constants.

    Raises:
        OperandTypeError: there is something else in it, whose numbers would be taken for constants.
    """
    found = tree.leaves(outputs)
    for y in found:
        if isinstance(y, Value):
            continue
        try:
            real_number(y, where)
        except OperandTypeError:
            name, kind = getattr(f, "__name__", "the function"), "None" if y is None else type(y).__name__
            returned = f"returned {kind}" if y is outputs else f"has {kind} in its result"
            many = hasattr(y, "__iter__") and not isinstance(y, str)
            advice = "Is a return missing?" if y is None else "Make a list of it." if many else "Return numbers alone."
            raise OperandTypeError(
                f"{where} needs a function whose result is a Value, or lists, tuples, dicts and arrays of Values, but "
                f"{name} {returned}. {advice}"
            ) from None
    return found


def value_and_aux(f: Function, out: Any) -> tuple[Any, Any]:
    """Return the two parts of the result of f: what is differentiated, and what else is to be known.

    Raises:
        OperandTypeError: it is no pair.
    """
    if not isinstance(out, tuple) or len(out) != 2:
        name = getattr(f, "__name__", "the function")
        found = f"a tuple of {len(out)}" if isinstance(out, tuple) else type(out).__name__
        raise OperandTypeError(
            f"has_aux=True needs a function that returns a pair (value, aux), but {name} returned {found}."
        )
    return out


def without_graph(x: Any) -> Any:
    """Return a result with numbers in the places of its Values."""
    return tree.map_leaves(number_of, x, is_leaf=_holds_floats)


def read_vector(argument: Any, vector: Any) -> list[Any]:
    """Return the numbers of a vector in the order of the argument's, whose shape it has to have."""
    entries = tree.leaves_like(argument, vector)
    return [x if isinstance(x, Value) else real_number(x, "tangent") for x in entries]
