"""Names that are often asked for and are not there: whoever reads one is told what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["Absent"]


class Absent:
    """An attribute that a class has not. It costs nothing until it is read, as `__getattr__` would at every other name.

    Args:
        advice: what to write instead.

    Example:
        >>> class Box:
        ...     open = Absent("write box.lid.lift()")
        >>> Box().open
        Traceback (most recent call last):
        ...
        AttributeError: A Box has no 'open': write box.lid.lift().
    """

    def __init__(self, advice: str) -> None:
        self.advice = advice
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise AttributeError(f"A {owner.__name__} has no {self.name!r}: {self.advice}.", name=self.name, obj=instance)
