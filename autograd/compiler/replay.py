"""Replay on the engine: a traced graph computed again, node by node, to show an example or to say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import tree
from autograd.backward import gradients
from autograd.compiler.trace import Traced
from autograd.copying import deepcopy
from autograd.errors import DomainError, ValueOverflowError
from autograd.recording import evaluate, refill
from autograd.value import Value, number_of

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["raise_failure", "record_example", "replay"]

Array = NDArray[Any]


def replay(traced: Traced, example: Sequence[Array], weights: Array | None = None) -> None:
    """Compute every node of a graph again at the numbers of one example.

    Args:
        traced: the graph.
        example: its numbers, an array for each argument.
        weights: numbers to use for the parameters, instead of those they hold.

    Raises:
        DomainError, ValueOverflowError: an operation has no finite result.
    """
    for argument, numbers in zip(traced.arguments, example, strict=True):
        for leaf, number in zip(argument.leaves, numbers.tolist(), strict=True):
            leaf._data = number
    before = [parameter._data for parameter in traced.parameters]
    if weights is not None:
        for parameter, number in zip(traced.parameters, weights.tolist(), strict=True):
            parameter._data = number
    try:
        for node in traced.nodes:
            if node.op is not None:
                node._grad = None
                refill(node, *evaluate(node.op, node.operands))
    finally:
        for parameter, number in zip(traced.parameters, before, strict=True):
            parameter._data = number


def record_example(traced: Traced, example: Sequence[Array]) -> Any:
    """Return the result of a traced function at one example, on a graph of its own that ends at the same parameters.

    Args:
        traced: the graph.
        example: its numbers, an array for each argument.

    Raises:
        DomainError, ValueOverflowError: an operation has no finite result.
    """
    twins: dict[int, Any] = {id(leaf): leaf for leaf in (*traced.parameters, *traced.constants)}
    for node in traced.nodes:
        deepcopy(node, twins)
    for argument, numbers in zip(traced.arguments, example, strict=True):
        for leaf, number in zip(argument.leaves, numbers.tolist(), strict=True):
            if id(leaf) in twins:
                twins[id(leaf)]._data = number
    for node in traced.nodes:
        twin = twins[id(node)]
        if twin.op is not None:
            twin._grad = None
            refill(twin, *evaluate(twin.op, twin.operands))
    return tree.map_leaves(lambda leaf: twins[id(leaf)] if isinstance(leaf, Value) else leaf, traced.result)


def _compute_at(
    place: int, traced: Traced, example: Sequence[Array], weights: Array, swept: Value | None, wrt: str, several: bool
) -> list[float]:
    """Compute results, and the gradient of the one that is swept, on the engine at an example.

    Args:
        place: which example it is, which the error says.
        traced: the graph.
        example: its numbers, an array for each argument.
        weights: numbers of the parameters.
        swept: the result that is differentiated, if there is one.
        wrt: ``"parameters"`` or ``"inputs"``.
        several: whether there are others, so that the error says which it is.

    Raises:
        DomainError, ValueOverflowError, NonFiniteGradientError: a number is not finite.
    """
    try:
        replay(traced, example, weights)
        numbers = list(map(number_of, tree.leaves(traced.result)))
        if swept is not None:
            leaves = [leaf for argument in traced.arguments for leaf in argument.leaves]
            numbers += gradients(swept, list(traced.parameters) if wrt == "parameters" else leaves)
    except (ArithmeticError, ValueError) as error:
        if several:
            error.add_note(f"This happened at example {place} of the run.")
        error.example = place  # type: ignore[union-attr]
        raise
    return numbers


def raise_failure(
    program: Program, examples: Array, given: list[Array], w: Array, wrt: str = "parameters", rows: int = 1
) -> None:
    """Find the first example whose numbers are not finite, and raise the error that the engine raises for it.

    Args:
        program: the program.
        examples: which examples to look at.
        given: the examples' numbers, an array for each argument.
        w: numbers of the parameters.
        wrt: ``"parameters"`` or ``"inputs"``.
        rows: how many examples in a row belong to one of the user's.

    Raises:
        DomainError, ValueOverflowError, NonFiniteGradientError: a number is not finite.
    """
    shared = [w, np.array(program._constants())]
    several = any(len(array) > rows for array in given)
    endless = any(x in (inf, -inf) for node in program._traced.nodes for x in node.operands if type(x) is float)
    spreads = not len(examples)
    for i in examples.tolist():
        row = [array[i] for array in given]
        if program._scalar:
            found = program.execution.sweep(wrt, [a[i : i + 1] for a in given], w, program._constants(), 1.0)
            if all(np.isfinite(numbers).all() for numbers in found):
                continue
        with program.execution.running:  # the graph is computed at this example
            swept = program._outputs[0] if program._scalar else None
            numbers = np.array(_compute_at(i // rows, program._traced, row, w, swept, wrt, several))
        spreads = not all(np.isfinite(array).all() for array in (*shared, *row))
        spreads = spreads or (endless and not np.isfinite(numbers).all())
        if spreads:  # an ∞ or NaN that was given may, as on the engine
            continue
        if np.isnan(numbers).any():
            raise DomainError(
                f"Example {i // rows} has a result or gradient that is no number: the function holds a constant that "
                "is none, or a slope that it computes does not exist there."
            )
        raise ValueOverflowError(
            f"Example {i // rows} has a result or gradient beyond the largest {program.dtype}, though the engine's own "
            "floats still hold it. Scale the data down"
            + ("." if program.dtype == np.float64 else ', or compile with dtype="float64".')
        )
    if not spreads and all(np.isfinite(array).all() for array in (*shared, *given)):
        raise ValueOverflowError(
            "Every example is finite, but the sum over them is beyond the largest float. Scale the data down."
        )
