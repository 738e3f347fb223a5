"""A row of the lectures, and the report of its run: figures beside those of the slide, words and pictures."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from autograd import Explanation, Graph, Value, hold_collector
from autograd.draw.files import check_place, write

__all__ = ["Comparison", "Derivation", "Report", "Row", "row"]

SLIDE = "slide"  # the source of a figure that a slide prints
Quantity: TypeAlias = float | str | Sequence[Any]


def _format(quantity: Quantity, digits: int) -> str:
    if isinstance(quantity, str):
        return quantity
    if isinstance(quantity, Sequence):
        return "(" + ", ".join(_format(number, digits) for number in quantity) + ")"
    number = float(quantity)
    return f"{number + 0.0:.{digits}g}".replace("-", "−")


def _is_whole(quantity: Quantity | None) -> bool:
    return isinstance(quantity, int) or (isinstance(quantity, Sequence) and all(isinstance(q, int) for q in quantity))


@dataclass(frozen=True)
class Comparison:
    """One quantity of a row: what the engine gives, beside what the slide prints and what it was checked against.

    Attributes:
        what: its name.
        ours: a number, several, or words such as "diverges".
        expected: what it should be, of the same kind; None where nothing says.
        source: whose figure `expected` is: the slide's, or such words as "closed form".
        digits: significant digits of ours to show.
        rounding: a difference below this is not told from 0.
        slide: what the slide prints, where `expected` is a more exact figure.
    """

    what: str
    ours: Quantity
    expected: Quantity | None = None
    source: str = SLIDE
    digits: int = 10
    rounding: float = 1e-12
    slide: Quantity | None = None

    @property
    def difference(self) -> float | None:
        """The largest distance between ours and what it should be; None for words, or without one."""
        if self.expected is None or isinstance(self.ours, str) or isinstance(self.expected, str):
            return None
        ours, expected = ([q] if not isinstance(q, Sequence) else list(q) for q in (self.ours, self.expected))
        return max(abs(float(a) - float(b)) for a, b in zip(ours, expected, strict=True))

    @property
    def printed(self) -> Quantity | None:
        """What the slide prints; None where no slide has this figure."""
        return self.expected if self.source == SLIDE and self.slide is None else self.slide

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """What it is, the slide's figure, ours, the difference and what it is one from, as text."""
        shown = "—" if self.printed is None else _format(self.printed, 12)
        ours = _format(self.ours, self.digits)
        return self.what, shown, ours, self._apart(), self._checked()

    def _apart(self) -> str:
        apart = self.difference
        if apart is None:
            words = isinstance(self.ours, str) and isinstance(self.expected, str)
            return "—" if not words else "none" if self.ours == self.expected else "differs"
        if apart == 0.0 and _is_whole(self.ours) and _is_whole(self.expected):
            return "0"
        return _format(apart, 2) if apart >= self.rounding else "< " + f"{self.rounding:.0e}".replace("-", "−")

    def _checked(self) -> str:
        if self.expected is None:
            return "—"
        if self.source == SLIDE or self.difference is None or self.difference < self.rounding:
            return self.source
        return f"{self.source}: {_format(self.expected, self.digits)}"


class Derivation(str):
    """A derivation as text, which can be set as mathematics too.

    Attributes:
        markup: the same as HTML with MathML.
    """

    markup: str

    def __new__(cls, explanation: Explanation) -> Derivation:
        """Write it while its nodes have the names and numbers that they have now."""
        written = super().__new__(cls, explanation)
        written.markup = explanation.mathml()
        return written


@dataclass
class Report:
    """What a row found: comparisons, words, and the pictures that it left.

    Attributes:
        row: the row.
        out: the folder for pictures; None to make none.
        comparisons: by name, every quantity that was compared.
        words: what else there is to read: sentences, tables, each `Derivation`.
        sights: of these the sentences that say what to see.
        pictures: the files that were written.
        title: what it did, in a line: the row's title, unless it had to do something else.
    """

    row: Row
    out: Path | None = None
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    sights: list[str] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        self.title = self.title or self.row.title

    def compare(
        self,
        what: str,
        ours: Quantity | None,
        expected: Quantity | None = None,
        source: str = SLIDE,
        *,
        digits: int = 10,
        rounding: float = 1e-12,
        slide: Quantity | None = None,
    ) -> None:
        """Add a quantity, with what it should be. Args as `Comparison` has them.

        Raises:
            ValueError: ours is None, as a gradient is before a backward pass.
        """
        if ours is None:
            raise ValueError(f"{what} of row {self.row.name} has no number: run backward() first.")
        self.comparisons[what] = Comparison(what, ours, expected, source, digits, rounding, slide)

    def say(self, *words: object) -> None:
        """Add lines to read."""
        self.words += [Derivation(one) if isinstance(one, Explanation) else str(one) for one in words]

    def see(self, sentence: str) -> None:
        """Add the sentence that says what to see, in the pictures or else in the figures."""
        self.sights.append(sentence)
        self.words.append(sentence)

    def picture(self, name: str, make: Callable[[], Any], *, keep: Sequence[Value] = ()) -> None:
        """Write a picture, if pictures are wanted: a `Graph` as ``.svg``, a matplotlib figure as ``.png``.

        Args:
            name: of the file, after the row's.
            make: draws it; not called otherwise.
            keep: Values of a graph that stay by themselves where it is folded.
        """
        if self.out is None:
            return
        drawn = make()
        path = self.out / f"{self.row.name}-{name}.{'svg' if isinstance(drawn, Graph) else 'png'}"
        if isinstance(drawn, Graph):
            drawn.save(path, keep=keep)
        else:
            check_place(path)
            content = io.BytesIO()
            drawn.savefig(content, format="png")
            write(path, content.getvalue())
        self.pictures.append(path)

    def __getitem__(self, what: str) -> Any:
        """Return ours of a quantity by its name."""
        return self.comparisons[what].ours


@dataclass(frozen=True)
class Row:
    """A row of the lectures: call it to run it.

    Attributes:
        function: what runs, on a `Report`.
        where: the public names that it shows.
    """

    function: Callable[..., None]
    where: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name: ``L1.4``."""
        return self.function.__name__.replace("_", ".")

    @property
    def number(self) -> tuple[int, int]:
        """Its lecture and its place there: (1, 4)."""
        lecture, place = self.name[1:].split(".")
        return int(lecture), int(place)

    @property
    def title(self) -> str:
        """What it does, in a line."""
        return (inspect.getdoc(self.function) or "").splitlines()[0].removesuffix(".")

    @property
    def snippet(self) -> str:
        """Its essence in three lines to type, as an interactive session."""
        about = inspect.getdoc(self.function) or ""
        return about[about.find(">>> ") :] if ">>> " in about else ""

    @property
    def options(self) -> dict[str, Any]:
        """What may be asked of it, with the defaults: ``{"epochs": 1}``."""
        return {name: p.default for name, p in list(inspect.signature(self.function).parameters.items())[1:]}

    @hold_collector()
    def __call__(self, out: Path | None = None, **options: Any) -> Report:
        """Run the row.

        Args:
            out: the folder for its pictures; None to make none.
            options: some of `options`.

        Raises:
            ImportError: pictures are wanted and matplotlib is not installed.
        """
        report = Report(self, out)
        self.function(report, **options)
        return report

    def __repr__(self) -> str:
        return f"<Row {self.name}: {self.title}>"


def row(*where: str) -> Callable[[Callable[..., None]], Row]:
    """Make a row of a function on a `Report`: its name is the function's, its title the docstring's first line.

    Args:
        where: the public names that it shows, such as ``nn.Layer``.
    """
    return lambda function: Row(function, where)
