"""What an operation is: one frozen record, whose rules are ordinary expressions.

A rule never says what kind of number it works on. Fed with floats it gives the slope of one edge, with Values a slope
that can be differentiated again, with symbols the formula, with arrays a batch of slopes. What an operation does with
each kind of number is written in a module of its own, which registers it in `READINGS`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Any, NamedTuple, NoReturn

from autograd.errors import OpDefinitionError
from autograd.notation import Notation, call_notation

__all__ = ["LIMITS", "POSITIVE", "READINGS", "REAL", "Interval", "Op", "Rule", "is_same"]

Rule = Callable[..., Any]


class Interval(NamedTuple):
    """The open interval (low, high) in which an operand may lie."""

    low: float
    high: float

    def __contains__(self, number: object) -> bool:
        """Whether a number lies strictly inside."""
        return isinstance(number, float) and self.low < number < self.high

    def describe(self, name: str) -> str:
        """Write the interval as a condition on `name`: ``-1 < x < 1``."""
        low, high = (f"{end:g}".replace("-", "−") for end in self)
        if self.low == -math.inf:
            return f"{name} < {high}" if self.high < math.inf else f"any {name}"
        return f"{low} < {name} < {high}" if self.high < math.inf else f"{name} > {low}"


def is_same(x: float, number: float) -> bool:
    """Whether x is a number, down to the sign of zero."""
    return x == number and math.copysign(1.0, x) == math.copysign(1.0, number)


REAL = Interval(-math.inf, math.inf)
POSITIVE = Interval(0.0, math.inf)


#: What an operation does with operands of each type. `float` stands for plain floats, `object` for numbers of other
#: types and for arrays, which are known by what they can do; every other type decides wherever it occurs.
READINGS: dict[type, Callable[[Op, tuple[Any, ...]], Any]] = {}

#: The catalogue's limits by the functions they belong to: another record of the same function has the same limit.
LIMITS: dict[Callable[..., Any], Callable[..., float]] = {}


class Op:
    """A frozen record of one operation: its function, one slope rule for each operand, and its card.

    Args:
        name: Python name of the operation; also its call notation.
        forward: the function itself, on floats. Written with operators and other operations it is
            generic too; a primitive such as `math.tanh` names its array form in `array`.
        slopes: one rule ``(out, *operands) -> slope`` for each operand; for an operation of any
            number of operands, one rule ``(out, operands) -> list of slopes``. A rule is a branch-free
            expression of operators and operations, and never multiplies by the incoming gradient.
        array: the forward function on NumPy arrays: the name of a NumPy function, or a callable.
            Without it a generic `forward` serves, and a primitive one is applied element by element.
        operands: names of the operands, for the card.
        defaults: numbers for operands that may be left out, from the right.
        pack: turns the arguments a user writes into the flat operands, for n-ary operations.
        notation: how it is written; ``name(x, y)`` without.
        domain: for each operand, an open interval in which the operation is defined, and where tests
            may probe.
        needs: what the operands have to be, in words, where the intervals are not all of the domain.
        limit: a function of floats: the result where `forward` raises, ±∞ at a pole or beyond the largest float, NaN
            where there is none. A primitive that the catalogue has too takes that from there.
        neutral: for an operand's place, the number that leaves the other operand as the result, exactly.
        tidy: a function of symbols and floats that gives a shorter way to write the operation, or None.
        kink: a generic expression of the operands that is zero where the operation has no first derivative.
        cusp: a generic expression of the operands that is zero where slopes are given by `convention` and have no
            derivative of their own: a second one is refused there. Operands that are not differentiated by are floats.
        branch: a function of floats that gives another number on each of several smooth pieces; the sign of `kink`
            unless given.
        signed: whether the operation tells −0.0 from 0.0 by more than the sign of its result.
        convention: what the slope is taken to be there, in words.
        reference: where the formula comes from.
        doc: one sentence that says what it computes.
        letters: for an operation of any number of operands, an example of them, for the card.

    Raises:
        OpDefinitionError: the record cannot work: the name is no identifier, or there is no rule.

    Example:
        >>> from autograd import Value
        >>> cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
        >>> x = Value(2.0, name="x")
        >>> y = cube(x)
        >>> y.edges[0].formula, y.edges[0].slope
        ('3·x²', 12.0)
    """

    name: str
    forward: Callable[..., Any]
    slopes: tuple[Rule, ...]
    array: str | Callable[..., Any] | None
    operands: tuple[str, ...]
    defaults: tuple[float, ...]
    pack: Callable[..., tuple[Any, ...]] | None
    notation: Notation
    domain: tuple[Interval, ...]
    needs: str
    limit: Callable[..., float] | None
    neutral: Mapping[int, float]
    tidy: Callable[..., Any] | None
    kink: Callable[..., Any] | None
    cusp: Callable[..., Any] | None
    branch: Callable[..., Any] | None
    signed: bool
    convention: str
    reference: str
    doc: str
    letters: tuple[str, ...]
    nary: bool
    _generic: bool | None  # None until somebody asks
    _recorder: Any
    _kind: type | None  # Value, once `_recorder` takes a single one

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        slopes: Sequence[Rule] | Rule,
        *,
        array: str | Callable[..., Any] | None = None,
        operands: Sequence[str] | None = None,
        defaults: Sequence[float] = (),
        pack: Callable[..., tuple[Any, ...]] | None = None,
        notation: Notation | None = None,
        domain: Sequence[tuple[float, float]] | None = None,
        needs: str = "",
        limit: Callable[..., float] | None = None,
        neutral: Mapping[int, float] | None = None,
        tidy: Callable[..., Any] | None = None,
        kink: Callable[..., Any] | None = None,
        cusp: Callable[..., Any] | None = None,
        branch: Callable[..., Any] | None = None,
        signed: bool = False,
        convention: str = "",
        reference: str = "",
        doc: str = "",
        letters: Sequence[str] = ("x₁", "x₂", "x₃"),
    ) -> None:
        if not name.isidentifier() or iskeyword(name):
            raise OpDefinitionError(
                f"An operation's name must be a Python identifier, not {name!r}: it is how the operation is "
                "written in formulas and in code. Choose a name such as 'cube'."
            )
        nary = callable(slopes)
        slopes = slopes if callable(slopes) or hasattr(slopes, "__iter__") else ()
        rules: tuple[Rule, ...] = (slopes,) if callable(slopes) else tuple(slopes)
        if not rules or not all(callable(rule) for rule in rules):
            raise OpDefinitionError(
                f"Operation {name!r} needs one slope rule for each operand, each a function (out, *operands) -> slope: "
                f"pass slopes=[lambda out, x: …]."
            )
        count = 1 if nary else len(rules)
        names = tuple(operands) if operands else (("xs",) if nary else ("x", "y", "z", "u", "v", "w")[:count])
        intervals = tuple(Interval(*pair) for pair in domain) if domain else (REAL,) * count
        if len(names) != count or len(intervals) != count:
            raise OpDefinitionError(
                f"Operation {name!r} has {count} slope rule(s) but {len(names)} operand name(s) and {len(intervals)} "
                "domain interval(s): give as many of each."
            )
        fields: dict[str, Any] = {
            "name": name,
            "forward": forward,
            "slopes": rules,
            "array": array,
            "operands": names,
            "defaults": tuple(map(float, defaults)),
            "pack": pack,
            "notation": notation or call_notation(name, count),
            "domain": intervals,
            "needs": needs,
            "limit": limit or next((known for function, known in LIMITS.items() if function is forward), None),
            "neutral": neutral or {},
            "tidy": tidy,
            "kink": kink,
            "cusp": cusp,
            "branch": branch or kink,
            "signed": signed,
            "convention": convention,
            "reference": reference,
            "doc": doc,
            "letters": tuple(letters),
            "nary": nary,
            "_generic": None,
            "_recorder": None,
            "_kind": None,
        }
        for field, content in fields.items():
            object.__setattr__(self, field, content)
        if self.neutral and count != 2:
            raise OpDefinitionError(
                f"Operation {name!r} has neutral numbers but {count} operand(s): such a number leaves the other one of "
                "two operands. Use tidy= for the formula."
            )
        caller = sys._getframe(1)
        object.__setattr__(self, "__module__", caller.f_globals.get("__name__", "__main__"))

    def __setattr__(self, field: str, content: object) -> NoReturn:
        raise AttributeError(
            f"Operation {self.name!r} is a frozen record: {field!r} cannot be assigned. Make a new Op with the "
            "field you want."
        )

    def __delattr__(self, field: str) -> NoReturn:
        self.__setattr__(field, None)

    def __repr__(self) -> str:
        return f"<Op {self.name}({', '.join(self.operands)})>"

    def _repr_html_(self) -> str:
        from html import escape

        return f'<pre style="font-family: monospace">{escape(self.card)}</pre>'

    def __reduce__(self) -> str:
        return self.name

    def __copy__(self) -> Op:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Apply the operation to numbers, Values, symbols or arrays; what is fed decides what comes out."""
        if len(arguments) == 1 and type(arguments[0]) is self._kind:
            return self._recorder(arguments[0], **named)
        operands = self._pack(arguments, named) if self.pack is not None else arguments
        if named and self.pack is None:
            operands = self._in_order(arguments, named)
        elif not self.nary:
            missing = len(self.slopes) - len(operands)
            if missing:
                if not 0 < missing <= len(self.defaults):
                    raise TypeError(
                        f"{self.name}({', '.join(self.operands)}) takes {len(self.slopes)} operand(s), "
                        f"got {len(operands)}."
                    )
                operands = (*operands, *self.defaults[-missing:])
        return self.apply(operands)

    def _pack(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        assert self.pack is not None
        try:
            return self.pack(*arguments, **named)
        except TypeError:
            from inspect import signature

            due = signature(self.pack)
            try:
                due.bind(*arguments, **named)
            except TypeError as error:
                names = ", ".join(due.parameters)
                raise TypeError(f"{self.name}({names}) takes its operands in lists: {error}.") from None
            raise

    def _in_order(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        due = self.operands[len(arguments) :]
        given = dict(zip(self.operands[::-1], self.defaults[::-1], strict=False)) | named
        if not named.keys() <= set(due) or not set(due) <= given.keys():
            names = ", ".join(f"{name}=" for name in named)
            raise TypeError(
                f"{self.name}({', '.join(self.operands)}) cannot take {len(arguments)} operand(s) by place and {names} "
                "by name."
            )
        return (*arguments, *(given[name] for name in due))

    def apply(self, operands: tuple[Any, ...]) -> Any:
        """Apply the operation to its operands as a node holds them: all of them, one after the other.

        Raises:
            OperandTypeError: an operand is no real number.
            DomainError: the operation is undefined there, on floats and Values.
            ValueOverflowError: the result is beyond the largest float, on floats and Values.
        """
        reading = READINGS[float]
        for operand in operands:
            kind = type(operand)
            if kind is not float:
                found = READINGS.get(kind)
                if found is not None:
                    return found(self, operands)
                reading = READINGS[object]
        return reading(self, operands)

    @property
    def generic(self) -> bool:
        """Whether `forward` reads every kind of number, as a primitive such as `math.erf` does not."""
        if self._generic is None:
            from autograd.symbol import is_generic

            object.__setattr__(self, "_generic", is_generic(self))
        return bool(self._generic)

    def name_operands(self, count: int) -> tuple[str, ...]:
        """Name `count` operands as the card does: x, y, or x1, x2, … for any number of them."""
        stem = self.operands[0].rstrip("s")
        return tuple(f"{stem}{i}" for i in range(1, count + 1)) if self.nary else self.operands

    @property
    def catalogued(self) -> bool:
        """Whether the record is one of `autograd.CATALOGUE`, rather than a user's."""
        return bool(self.__module__ == "autograd.ops")

    def slopes_at(self, out: Any, operands: Sequence[Any], wanted: Sequence[bool] | None = None) -> list[Any]:
        """Evaluate the slope rules for the operands that are `wanted` (None for the others).

        `out` and `operands` are numbers of any one kind: floats, Values, symbols, arrays.
        """
        if self.nary:
            every = self.slopes[0](out, operands)
            if len(every) != len(operands):
                raise OpDefinitionError(
                    f"The rule of operation {self.name!r} gave {len(every)} slope(s) for {len(operands)} operand(s): "
                    "return a list with one slope for each."
                )
            return every if wanted is None else [s if w else None for s, w in zip(every, wanted, strict=True)]
        keep = wanted or (True,) * len(operands)
        return [rule(out, *operands) if w else None for rule, w in zip(self.slopes, keep, strict=True)]

    def describe_domain(self) -> str:
        """Write where the operation is defined: ``x > 0``."""
        intervals = zip(self.domain, self.operands, strict=True)
        return self.needs or ", ".join(interval.describe(name) for interval, name in intervals)

    @property
    def card(self) -> str:
        """The operation's card: formula, derivative by each operand, domain, kink, source. `help(op)` shows it."""
        from autograd.symbol import card

        return card(self)


class _Documentation:
    """The docstring of the class on the class, and the card on each of its records."""

    def __init__(self, docstring: str | None) -> None:
        self.docstring = docstring

    def __get__(self, op: Op | None, owner: type) -> str | None:
        return self.docstring if op is None else op.card


Op.__doc__ = _Documentation(Op.__doc__)  # type: ignore[assignment]
