"""Which runner computes a model: what can be traced and is worth it, a compiled program; the rest, the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from autograd import CompileError, Value
from nn.losses.regularizers import Regularizer
from nn.module import Module
from nn.training.compiled import CompiledRunner
from nn.training.eager import EagerRunner
from nn.training.programs import NotWorthwhileError, describe_shapes, programs_of
from nn.training.runner import Array, Loss, Runner
from nn.training.whole_batches import BatchRunner

__all__ = ["choose_runner"]

MIN_EXAMPLES_TO_COMPILE = 64  # over all epochs: fewer are computed on the engine before a program is ready
MIN_PRODUCTS_FOR_NUMBA = 1.6e9  # products and instructions: fewer are computed before machine code is loaded


def choose_runner(
    model: Module,
    loss: Loss,
    X: Array,
    T: Array | None,
    parameters: Sequence[Value] | None = None,
    regularizer: Regularizer | None = None,
    *,
    asked: bool | str = "auto",
    examples: int | None = None,
    batch: int | None = None,
    check: Callable[..., None] | None = None,
    weighted: bool = False,
) -> tuple[Runner, str]:
    """Choose what computes a model: a compiled program, or the engine.

    Args:
        model: the model, in the mode it will be in.
        loss: ``(outputs, target) -> Value`` of one example.
        X: inputs, of which the first stands for all.
        T: targets; None where only outputs are needed.
        parameters: what to differentiate by; all of the model's unless given.
        regularizer: a penalty that is added to the mean loss.
        asked: True, ``"numpy"``, ``"numba"`` or ``"jax"`` for a program, False for the engine, ``"auto"`` for what is
            faster.
        examples: how many will be computed in all; as many as there are unless given.
        batch: how many at a time.
        check: tries the model on the first example; where a program of the model is known already, it is called with
            ``shape=`` of the outputs instead.
        weighted: whether each example comes with what its loss is multiplied by.

    Returns:
        the runner, and one sentence about what kept it from a program; empty where nothing did.

    Raises:
        CompileError: a program was asked for, and the model cannot be traced.
    """
    eager = EagerRunner(model, loss, parameters, regularizer)
    count = len(X) if examples is None else examples
    few = asked == "auto" and count < MIN_EXAMPLES_TO_COMPILE
    whole = model.looks_at_batches
    if asked is False or (few and (model.training or whole)):
        if check is not None:
            check()
        return eager, ""
    if whole and not model.training:  # one program for each number of examples would not pay
        return eager, ""
    if few:
        return _choose_for_few(eager, X, T, check, weighted), ""
    try:
        backend = "numpy" if asked in (True, "auto") else str(asked)
        if whole:
            runner: CompiledRunner = BatchRunner(eager, X, T, backend, batch or count, weighted)
        else:
            runner = CompiledRunner(eager, X, T, backend, check, weighted)
    except CompileError as error:
        if asked != "auto":
            raise
        first = str(error).partition(": ")[0].partition(". ")[0]
        return eager, f"not compiled, but run on the engine: {first[0].lower()}{first[1:]}"
    if asked in (True, "auto") and runner.cost(count, batch or count) > MIN_PRODUCTS_FOR_NUMBA:
        runner.use_numba()
    return runner, ""


def _choose_for_few(
    eager: EagerRunner, X: Array, T: Array | None, check: Callable[..., None] | None, weighted: bool
) -> Runner:
    """Choose for a call with a few examples: a program that is known, or one if many such calls were made."""
    kept, shapes = programs_of(eager.model), describe_shapes(X, T, weighted)
    pays, backend = partial(kept.pays, shapes, len(X)), kept.backend_of(shapes)
    try:
        if backend is not None or pays():
            return CompiledRunner(eager, X, T, backend or "numpy", check, weighted, None if backend is None else pays)
    except (CompileError, NotWorthwhileError):
        pass
    if check is not None:
        check()
    return eager
