"""What an operation is: one frozen record, whose rules are ordinary expressions.

A rule never says what kind of number it works on. Fed with floats it gives the slope of one edge, with
Values a slope that can be differentiated again, with symbols the formula, with arrays a batch of slopes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from keyword import iskeyword
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from autograd.errors import (
    DivisionByZeroError,
    DomainError,
    OpDefinitionError,
    OperandTypeError,
    ValueOverflowError,
)

__all__ = ["REAL", "Interval", "Notation", "Op", "real_number"]

Rule = Callable[..., Any]


class Interval(NamedTuple):
    """The open interval (low, high) in which an operand may lie."""

    low: float
    high: float

    def __contains__(self, number: object) -> bool:
        """Say whether a number lies strictly inside."""
        return isinstance(number, float) and self.low < number < self.high

    def describe(self, name: str) -> str:
        """Write the interval as a condition on `name`: ``-1 < x < 1``."""
        low, high = (f"{end:g}".replace("-", "−") for end in self)
        if self.low == -math.inf:
            return f"{name} < {high}" if self.high < math.inf else f"any {name}"
        return f"{low} < {name} < {high}" if self.high < math.inf else f"{name} > {low}"


REAL = Interval(-math.inf, math.inf)
POSITIVE = Interval(0.0, math.inf)


class Notation(NamedTuple):
    """How an operation is written, as templates with one ``{}`` for each operand.

    `precedence` is that of the result (1 sum, 2 product, 3 power, 4 atom); `operand` is the least
    precedence each operand may have without parentheses.
    """

    text: str
    latex: str
    python: str
    precedence: int = 4
    operand: tuple[int, ...] = (0, 0, 0)


#: How an operation applies to operands of a type that records or writes rather than computes:
#: `autograd.symbol` and `autograd.value` each put theirs in.
READINGS: dict[type, Callable[[Op, tuple[Any, ...]], Any]] = {}


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
        domain: for each operand, the open interval in which the operation is defined and where tests
            may probe.
        kink: a generic expression of the operands that is zero where the operation has no derivative.
        convention: what the slope is taken to be there, in words.
        source: where the formula comes from.
        doc: one sentence that says what it computes.

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
    kink: Callable[..., Any] | None
    convention: str
    source: str
    summary: str
    nary: bool
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
        kink: Callable[..., Any] | None = None,
        convention: str = "",
        source: str = "",
        doc: str = "",
    ) -> None:
        if not name.isidentifier() or iskeyword(name):
            raise OpDefinitionError(
                f"An operation's name must be a Python identifier, not {name!r}: it is how the operation is "
                "written in formulas and in code. Choose a name such as 'cube'."
            )
        nary = callable(slopes)
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
        default = Notation(f"{name}({', '.join(['{}'] * count)})", _latex_call(name, count), "")
        fields: dict[str, Any] = {
            "name": name, "forward": forward, "slopes": rules, "array": array, "operands": names,
            "defaults": tuple(map(float, defaults)), "pack": pack, "notation": notation or default,
            "domain": intervals, "kink": kink, "convention": convention, "source": source, "summary": doc, "nary": nary,
            "_recorder": None, "_kind": None,
        }  # fmt: skip
        for field, content in fields.items():
            object.__setattr__(self, field, content)
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
        operands = self.pack(*arguments, **named) if self.pack is not None else arguments
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
        """Apply the operation to its operands as a node holds them: all of them, one after the other."""
        plain = True
        for operand in operands:
            kind = type(operand)
            if kind is not float:
                reading = READINGS.get(kind)
                if reading is not None:
                    return reading(self, operands)
                plain = False
        if plain:
            return self.on_floats(operands)
        if any(is_array(operand) for operand in operands):
            return self.on_arrays(operands)
        return self.on_floats(tuple(real_number(operand, self.name) for operand in operands))

    def on_floats(self, operands: tuple[float, ...]) -> float:
        """Compute the operation on floats.

        Raises:
            DomainError: the operation is undefined there.
            ValueOverflowError: finite operands, but the result is beyond the largest float.
        """
        try:
            out = self.forward(*operands)
            if type(out) is float and out - out == 0.0:
                return out
            return real_result(self, out, operands)
        except OpDefinitionError:
            raise
        except (ArithmeticError, ValueError) as error:
            from autograd.symbol import Symbol

            letters = [Symbol(letter) for letter in self.letters(len(operands))]
            raise failure(self, operands, letters, error) from None

    def on_arrays(self, operands: tuple[Any, ...]) -> Any:
        """Compute the operation elementwise on NumPy arrays (IEEE rules: infinities and NaN, no errors)."""
        import numpy

        # Whole numbers would overflow, and truth values add as "or".
        operands = tuple([x.astype(float) if is_array(x) and x.dtype.kind in "iub" else x for x in operands])
        if isinstance(self.array, str):
            return getattr(numpy, self.array)(*operands)
        if self.array is not None:
            return self.array(*operands)
        if self.generic:
            return self.forward(*operands)
        return numpy.vectorize(self.forward, otypes=[float])(*operands)

    @property
    def generic(self) -> bool:
        """Whether `forward` reads every kind of number, as a primitive such as `math.erf` does not."""
        from autograd.symbol import Symbol

        try:
            made = self.forward(*map(Symbol, "xyz" if self.nary else self.operands))
        except Exception:  # whatever a user's function does with what is no number
            return False
        return isinstance(made, Symbol)

    def letters(self, count: int) -> tuple[str, ...]:
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


def _latex_call(name: str, count: int) -> str:
    written = name.replace("_", r"\_")
    return rf"\operatorname{{{{{written}}}}}\left({', '.join(['{}'] * count)}\right)"


def is_array(operand: object) -> bool:
    """Say whether an operand is a NumPy array of one or more axes (without importing NumPy)."""
    return hasattr(operand, "__array__") and getattr(operand, "ndim", 0) > 0


def real_number(operand: object, where: str) -> float:
    """Turn an int, float, bool or NumPy scalar into a float.

    Raises:
        OperandTypeError: it is something else; the message says what to write instead.
        ValueOverflowError: it is an integer beyond the largest float.
    """
    if isinstance(operand, float | int):
        try:
            return float(operand)
        except OverflowError:
            raise ValueOverflowError(
                f"{where} was given an integer beyond the largest float, 1.8e308. Scale it down."
            ) from None
    kind = type(operand).__name__
    if isinstance(operand, str):
        advice = f"Write float({operand!r})." if _is_numeral(operand) else "Names go into Value(number, name=…)."
    elif operand is None:
        advice = "A function without a return statement gives None."
    elif isinstance(operand, complex) or "complex" in kind:
        advice = "Only real numbers can be differentiated here: use .real and .imag as two Values."
    elif hasattr(operand, "__array__") and getattr(operand, "shape", ()) != ():
        advice = "A Value is one number: write [f(x) for x in array], or autograd.dot and autograd.total over a list."
    elif isinstance(operand, list | tuple):
        advice = "A Value is one number: write [f(x) for x in xs], or autograd.dot and autograd.total over a list."
    elif hasattr(operand, "__float__") and getattr(operand, "ndim", 0) == 0:
        return float(operand)
    elif hasattr(operand, "__float__"):
        advice = "Take the number out of the array with .item()."
    else:
        advice = "Give an int, a float, a NumPy scalar or a Value."
    raise OperandTypeError(f"{where} works on real numbers, not on {_a(kind)}. {advice}")


def real_result(op: Op, out: Any, numbers: Sequence[float]) -> float:
    """Turn what a forward function gave into a float, which is finite where the operands are.

    Raises:
        ValueError: it is complex, or NaN from finite operands.
        OverflowError: it is infinite from finite operands.
        OpDefinitionError: it is no number.
    """
    if isinstance(out, complex):
        raise ValueError("complex result")
    if not hasattr(out, "__float__") or isinstance(out, str):
        raise OpDefinitionError(
            f"The forward function of operation {op.name!r} gave {_a(type(out).__name__)}, where a float is due."
        )
    result = float(out)
    if result - result != 0.0 and all(x - x == 0.0 for x in numbers):
        # Among many operands ∞ − ∞ is an overflow, in one function NaN is no number.
        raise ValueError("no number") if result != result and not op.nary else OverflowError
    return result


def _a(noun: str) -> str:
    if noun == "NoneType":
        return "None"
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _is_numeral(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def failure(op: Op, numbers: Sequence[float], symbols: Sequence[Any], error: Exception) -> ArithmeticError | ValueError:
    """Make the error for an operation that has no finite result, naming operands and the user's line.

    Args:
        numbers: the operands' numbers.
        symbols: how each operand is written; None for one that is written as its number.
        error: what the forward function raised.
    """
    from autograd.symbol import Symbol, symbol_reading, text

    called = [number if symbol is None else symbol for symbol, number in zip(symbols, numbers, strict=True)]
    shown = called
    if op.nary and len(called) > 6:
        shown = [*called[:3], Symbol(f"… {len(called) - 5} more …"), *called[-2:]]
    call = text(symbol_reading(op, tuple(shown)))
    given = [
        f"{text(x)} = {v!r}".replace("-", "−") for x, v in zip(called, numbers, strict=True) if isinstance(x, Symbol)
    ]
    at = ", ".join(given if len(given) <= 6 else [*given[:3], f"… {len(given) - 5} more …", *given[-2:]])
    at, where = at and f" at {at}", user_line()
    if isinstance(error, ZeroDivisionError):
        return DivisionByZeroError(
            f"{call} divides by zero{at}{where}. Keep the divisor away from 0, for instance by adding a small number "
            "to it."
        )
    if isinstance(error, OverflowError):
        return ValueOverflowError(
            f"{call} is larger than the largest float, 1.8e308,{at}{where}. Scale the operands down, or use a stable "
            "form (logsumexp, softplus, cross-entropy on logits)."
        )
    needs = [i.describe(n) for n, i in zip(op.operands, op.domain, strict=True) if i != REAL and n.islower()]
    if op.name == "pow" and op.catalogued:
        needs = ["x > 0, or a whole exponent"]
    return DomainError(
        f"{call} is undefined{at}{where}" + (f"; {op.name} needs {' and '.join(needs)}." if needs else ".")
    )


def user_line() -> str:
    """Say which line of the user's own code is running: `` at train.py:12 (`loss = log(p)`)``."""
    import linecache

    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        module = str(frame.f_globals.get("__name__", ""))
        if module == "edgegrad.cli":  # the formula of a command has no line
            return ""
        package = module.partition(".")[0]
        if package not in ("autograd", "nn", "edgegrad", "contextlib") and not file.startswith("<autograd"):
            code = linecache.getline(file, frame.f_lineno, frame.f_globals).strip()
            place = file.replace("\\", "/").rpartition("/")[2]
            code = code if len(code) <= 80 else code[:79] + "…"
            return f", in {place}:{frame.f_lineno}" + (f" (`{code}`)" if code else "")
        frame = frame.f_back
    return ""
