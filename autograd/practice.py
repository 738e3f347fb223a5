"""Practice: the door to exercises, which are loaded when the first one is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from autograd.errors import OperandTypeError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.exercise import Exercise

__all__ = ["Asked", "practice"]

Asked = Literal["slopes", "flows", "gradients"]


def practice(
    output: Value, *values: Value, ask: Asked = "slopes", every: bool = False, beside: Sequence[Value] = ()
) -> Exercise:
    """Make an exercise of a graph: questions about its derivatives, judged, with hints and solutions.

    Args:
        output: the Value to differentiate.
        values: what to differentiate by in the end; every leaf that takes a gradient unless given.
        ask: what is asked for on the way: ``"slopes"``, each derivative between two neighbours and then the whole;
            ``"flows"``, what flows back along each edge; ``"gradients"``, the derivative of the output by every node.
        every: ask about Values without a name as well; they are called v1, v2, … as in a drawing.
        beside: named Values that the output does not depend on, which are shown, and which an answer may name.

    Raises:
        OperandTypeError: an argument is no Value.
        NotConnectedError: the output does not depend on one of the values.
        StaleGraphError: a leaf was assigned since the graph was recorded.
        ValueError: there would be too many questions, or none, or what is beside the graph has no name.

    Example:
        >>> w, x = Value(3.0, name="w"), Value(0.7, name="x", requires_grad=False)
        >>> s = w * x
        >>> s.name = "s"
        >>> E = (s - 2) ** 2
        >>> E.name = "E"
        >>> exercise = practice(E, w)
        >>> exercise.question
        ∂E/∂s = ?
        >>> exercise.hint()
        'Chain rule, from the outside in: power, constant term.'
        >>> exercise.check("s - 2"), exercise.check("2(s − 2)")
        (A factor 2 is missing., Right.)
        >>> print(exercise)
        Question 2 of 3: ∂s/∂w = ?
    """
    for argument in (output, *values, *beside):
        if not isinstance(argument, Value):
            raise OperandTypeError(
                f"practice takes Values, the output and those it was computed from, not {type(argument).__name__}."
            )
    if ask not in get_args(Asked):
        raise ValueError(f"ask is one of {', '.join(get_args(Asked))}, not {ask!r}.")
    for value in beside:
        if not value._name:
            raise ValueError(f"{value._describe()} is shown beside the graph: give it a name by which to speak of it.")
    from autograd.exercise import Exercise

    exercise = Exercise(output, values, ask, every, beside)
    if not exercise.questions:
        raise ValueError(
            f"Nothing can be asked about {output._describe()}: no leaf that it is made of takes a gradient."
        )
    return exercise
