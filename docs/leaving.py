"""Write docs/leaving.md, the ways in which a number can leave a Value, each tried: ``python docs/leaving.py``."""

from __future__ import annotations

import copy
import decimal
import fractions
import io
import json
import logging
import math
import operator
import pickle
import random
import re
import statistics
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
from autograd import AutogradError, Value, explain, grad, gradients, no_grad

PAGE = Path(__file__).with_name("leaving.md")

INTRODUCTION = """# Numbers that leave a Value

<!-- Written by docs/leaving.py, which tries every cell: change that. -->

A derivative can only follow what is computed with Values. Where a plain number is taken out of one inside a function
that is being differentiated, compiled or trained on, what is computed from it would be lost without a word, so that is
refused; `x.data`, `x.detach()` and `no_grad()` say that a constant is meant. It is refused in the thread that calls the
function; a thread that the function starts itself has to be told, by `contextvars.copy_context().run`. Each cell was
tried on x·way(x) at x = 2, whose derivative is 4, and for what rounds the rounded number:

- **kept**: the result is a Value still, and the derivative is right;
- **refused**: an error says what to write instead, or Python itself knows no such thing;
- **meant**: a constant was asked for, and the derivative is that of the other factor, 2;
- **copy**: a Value of its own, with its own gradient;
- **number**: a number comes out, and nothing is lost, as nobody differentiates here;
- **text**: a text is shown, with the right number;
- **branch**: the number decides which way is taken, and the derivative is that of the way.

| way | top level | in `grad` | in `compile` | in a loss of `fit` | in `no_grad` |
|---|---|---|---|---|---|
"""

#: Functions of the module math of one number, which take it by ``float()``.
MATH = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "degrees",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "gamma",
    "isfinite",
    "isnan",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "radians",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    "ulp",
]


def _assign(x: Any) -> Any:
    array = np.zeros(1)
    array[0] = x
    return array[0]


def _fill(x: Any) -> Any:
    array = np.zeros(2)
    array[:] = [x, x]
    return array[1]


def _log(text: str, x: Any) -> str:
    """Send a number to a log, whose handler says what goes wrong, instead of printing it and going on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.handleError = _raise  # type: ignore[method-assign]
    handler.handle(logging.LogRecord("log", logging.INFO, "", 0, text, (x,), None))
    return stream.getvalue()


def _raise(record: logging.LogRecord) -> None:
    raise


def _print(x: Any) -> str:
    stream = io.StringIO()
    print(x, file=stream)
    return stream.getvalue()


#: What takes a number out, or seems to; each gives something to multiply x by.
WAYS: dict[str, Callable[[Any], Any]] = {
    "x.data": lambda x: x.data,
    "x.detach()": lambda x: x.detach(),
    "float(x)": float,
    "x.item()": lambda x: x.item(),
    "int(x)": int,
    "complex(x)": complex,
    "round(x, 1)": lambda x: round(x, 1),
    "x.real": lambda x: x.real,
    "divmod(x, 5)[1]": lambda x: divmod(x, 5)[1],
    "operator.index(x)": operator.index,
    "range(x)": lambda x: len(range(x)),
    "[0.0, 1.0, 2.0][x]": lambda x: [0.0, 1.0, 2.0][x],
    "math.pow(x, 1)": lambda x: math.pow(x, 1),
    "math.hypot(x, 0)": lambda x: math.hypot(x, 0),
    "math.fsum([x])": lambda x: math.fsum([x]),
    "math.prod([x])": lambda x: math.prod([x]),
    **{f"math.{name}(x)": (lambda x, name=name: getattr(math, name)(0.25 * x)) for name in MATH if name != "acosh"},
    "math.acosh(x)": math.acosh,
    "np.float64(x)": np.float64,
    "np.array(x) * 1.0": lambda x: np.array(x) * 1.0,
    "np.array([x])": lambda x: np.array([x])[0],
    "np.array([x]).astype(float)": lambda x: np.array([x]).astype(float)[0],
    "np.maximum(np.array([x]), 1.0)": lambda x: np.maximum(np.array([x]), 1.0)[0],
    "np.polyval([1.0, 0.0], x)": lambda x: np.polyval([1.0, 0.0], x),
    "np.interp(x, [0, 4], [0, 4])": lambda x: np.interp(x, [0, 4], [0, 4]),
    "np.format_float_positional(x)": lambda x: float(np.format_float_positional(x)),
    "np.asarray([x], dtype=float)": lambda x: np.asarray([x], dtype=float)[0],
    "np.array(x, dtype=float)": lambda x: np.array(x, dtype=float),
    "array[0] = x": _assign,
    "array[:] = [x, x]": _fill,
    "np.exp(np.array([x]))": lambda x: np.log(np.exp(np.array([x])))[0],
    "np.dot([x], [1.0])": lambda x: np.dot(np.array([x]), np.array([1.0])),
    "copy.copy(x)": copy.copy,
    "copy.deepcopy(x)": copy.deepcopy,
    "pickle.loads(pickle.dumps(x))": lambda x: pickle.loads(pickle.dumps(x)),
    "float(f'{x:.17g}')": lambda x: float(f"{x:.17g}"),
    "float('%f' % x)": lambda x: float("%f" % x),  # noqa: UP031
    "logging.info('%f', x)": lambda x: float(_log("%f", x)),
    "float(format(x, 'e'))": lambda x: float(format(x, "e")),
    "max(x, 1.0)": lambda x: max(x, 1.0),
    "min([x, 3.0])": lambda x: min([x, 3.0]),
    "sorted([x, 3.0])[0]": lambda x: sorted([x, 3.0])[0],
    "sum([x])": lambda x: sum([x]),
    "statistics.mean([x])": lambda x: statistics.mean([x]),
    "statistics.fmean([x])": lambda x: statistics.fmean([x]),
    "random.gauss(x, 0.0)": lambda x: random.Random(0).gauss(x, 0.0),
    "struct.pack('d', x)": lambda x: struct.unpack("d", struct.pack("d", x))[0],
    "json.dumps(x)": lambda x: float(json.dumps(x)),
    "decimal.Decimal(x)": lambda x: float(decimal.Decimal(x)),
    "fractions.Fraction(x)": lambda x: float(fractions.Fraction(x)),
    "gradients(x * x, [x])[0] / 2": lambda x: gradients(x * x, [x])[0] / 2,
}
#: What rounds, which has slope 0: the derivative is the rounded number, that of the other factor.
ROUNDINGS = tuple(WAYS[name] for name in ("round(x, 1)", "math.ceil(x)", "math.floor(x)", "math.trunc(x)"))
#: What says that a constant is meant: the derivative is that of the other factor alone.
MEANT = (WAYS["x.data"], WAYS["x.detach()"], WAYS["gradients(x * x, [x])[0] / 2"])
#: What makes a Value of its own, which outside a derivative is what is asked for.
COPIES = (WAYS["copy.copy(x)"], WAYS["copy.deepcopy(x)"], WAYS["pickle.loads(pickle.dumps(x))"])
#: What shows a number as text.
TEXTS: dict[str, Callable[[Any], str]] = {
    "str(x)": str,
    "repr(x)": repr,
    "f'{x}'": lambda x: f"{x}",
    "'%s' % x": lambda x: "%s" % x,  # noqa: UP031
    "print(x)": _print,
    "logging.info('%s', x)": lambda x: _log("%s", x),
    "str(np.array([x]))": lambda x: str(np.array([x])),
    "x.describe()": lambda x: x.describe(),
    "(1 * x).tree()": lambda x: str((1 * x).tree()),
    "(1 * x).graph().to_svg()": lambda x: (1 * x).graph().to_svg(),
    "explain(x * x, x)": lambda x: str(explain(x * x, x)),
}
#: What decides by a number.
BRANCHES: dict[str, Callable[[Any], bool]] = {
    "bool(x)": bool,
    "x == 2.0": lambda x: x == 2.0,
    "x != 3.0": lambda x: x != 3.0,
    "x < 3.0": lambda x: x < 3.0,
    "x in (1.0, 2.0)": lambda x: x in (1.0, 2.0),
    "np.equal(x, 2.0)": lambda x: bool(np.equal(x, 2.0)),
    "math.isclose(x, 2.0)": lambda x: math.isclose(x, 2.0),
    "np.isclose(x, 2.0)": lambda x: bool(np.isclose(x, 2.0)),
    "not np.isnan(x)": lambda x: not np.isnan(x),
    "hash(x) == hash(x)": lambda x: hash(x) == hash(x),
    "{x: True}[x]": lambda x: {x: True}[x],
}


def _at_top(f: Callable[[Any], Any]) -> float | None:
    x = Value(2.0)
    y = f(x)
    if not isinstance(y, Value):
        return None
    y.backward()
    return float(x.grad)


def _in_grad(f: Callable[[Any], Any]) -> float | None:
    return float(grad(f)(2.0))


def _in_compile(f: Callable[[Any], Any]) -> float | None:
    program = autograd.compile(f, 2.0)
    return float(program.value_and_grad(2.0, wrt="inputs")[1][0])


def _in_fit(f: Callable[[Any], Any]) -> float | None:
    neuron = nn.Neuron(1, "identity", bias=False, w=[2.0])
    step = nn.SGD(neuron.parameters(), lr=1.0)
    nn.fit(
        neuron, [[1.0]], [0.0], loss=lambda out, t: f(out[0]), optimizer=step, epochs=1, compile=False, progress=False
    )
    return 2.0 - neuron.parameters()[0].data


def _in_no_grad(f: Callable[[Any], Any]) -> float | None:
    with no_grad():
        f(Value(2.0))
    return None


PLACES = (_at_top, _in_grad, _in_compile, _in_fit, _in_no_grad)


def try_number(way: Callable[[Any], Any], place: Callable[..., Any]) -> str:
    """Return what comes of a way in a place: ``kept``, ``refused``, ``number``, or ``silently wrong``."""
    kept = []

    def f(x: Any) -> Any:
        taken = way(x)
        kept.append(isinstance(taken, Value) and taken.requires_grad)
        return x * taken

    try:
        slope = place(f)
    except Exception:  # Python's own as well: there is no way
        return "refused"
    if place is _in_no_grad or (place is _at_top and not kept[-1]):
        return "number"
    if slope == (float(way(2.0)) if way in ROUNDINGS else 4.0):
        return "kept"
    if place is _at_top and way in COPIES and slope == 2.0:
        return "copy"
    return "meant" if way in MEANT and slope == 2.0 else "silently wrong"


def try_text(way: Callable[[Any], str], place: Callable[..., Any]) -> str:
    """Return whether a text is shown with the right number in a place."""
    shown: list[str] = []

    def f(x: Any) -> Any:
        shown.append(way(x))
        return x * x

    try:
        place(f)
    except AutogradError:
        return "refused"
    return "text" if all(re.search(r"\b2\b", text) for text in shown) else "silently wrong"


def try_branch(way: Callable[[Any], bool], place: Callable[..., Any]) -> str:
    """Return whether the branch of the number is taken in a place, with its derivative."""
    try:
        slope = place(lambda x: x * x if way(x) else 3.0 * x)
    except AutogradError:
        return "refused"
    return "branch" if slope in (4.0, None) else "silently wrong"


def table() -> dict[str, list[str]]:
    """Try every way in every place."""
    rows = {name: [try_number(way, place) for place in PLACES] for name, way in WAYS.items()}
    rows |= {name: [try_text(way, place) for place in PLACES] for name, way in TEXTS.items()}
    return rows | {name: [try_branch(way, place) for place in PLACES] for name, way in BRANCHES.items()}


def page() -> str:
    """Write the page."""
    lines = [f"| `{name}` | {' | '.join(cells)} |" for name, cells in table().items()]
    return INTRODUCTION + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
