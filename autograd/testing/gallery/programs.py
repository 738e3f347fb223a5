"""Mistakes in programs: the engine is right, and what is done with it is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.ops import exp, log, logsumexp, sigmoid, softplus
from autograd.testing.check import check_gradients
from autograd.testing.gallery.exhibit import Exhibit
from autograd.value import Value

__all__ = ["PROGRAMS"]


def descend(steps: int) -> list[float]:
    """Descend (w − 3)² from 0 at the rate 0.3, and list where w was."""
    w, places = Value(0.0, name="w"), []
    for _ in range(steps):
        places.append(w.data)
        loss = (w - 3.0) ** 2
        loss.backward()
        w.data -= 0.3 * w.grad
        w.grad = None
    return places


def descend_with_old_gradients(steps: int) -> list[float]:
    """Descend, with gradients that add up from step to step."""
    w, places = Value(0.0, name="w"), []
    for _ in range(steps):
        places.append(w.data)
        loss = (w - 3.0) ** 2
        loss.backward()
        w.data -= 0.3 * w.grad
    return places


def descend_beside_the_model(steps: int) -> list[float]:
    """Descend with a name that leaves the model."""
    model, places = [Value(0.0, name="w")], []
    for _ in range(steps):
        places.append(model[0].data)
        loss = (model[0] - 3.0) ** 2
        loss.backward()
        for w in model:
            w = w - 0.3 * w.grad
    return places


def softmax_as_written(scores: list[Any]) -> list[Any]:
    """Compute softmax as the formula stands in books."""
    exponentials = [exp(s) for s in scores]
    return [e / sum(exponentials) for e in exponentials]


def softmax_shifted(scores: list[Any]) -> list[Any]:
    """Compute softmax so that no exponent is positive: exp(s − logsumexp(scores))."""
    return [exp(s - logsumexp(scores)) for s in scores]


def surprise_as_written(score: Any) -> Any:
    """Compute −log σ(s) as it is written."""
    return -log(sigmoid(score))


def surprise_in_one(score: Any) -> Any:
    """Compute −log σ(s) = log(1 + e⁻ˢ) without the probability between."""
    return softplus(-score)


def penalty_of_a_number(w: Any) -> Any:
    """Compute a loss with an L2 penalty of plain numbers."""
    return (w - 3.0) ** 2 + 0.1 * w.data**2


def penalty(w: Any) -> Any:
    """Compute a loss with an L2 penalty that is part of the graph."""
    return (w - 3.0) ** 2 + 0.1 * w**2


def check_descent(program: Callable[[int], list[float]]) -> None:
    """Compare a descent of (w − 3)² with its closed form: w − 3 shrinks by 1 − 2·0.3 at each step.

    Raises:
        AssertionError: it takes another way; the message names the first step that differs.
    """
    for step, w in enumerate(program(20)):
        due = 3.0 - 3.0 * (1.0 - 2.0 * 0.3) ** step
        if not math.isclose(w, due, rel_tol=1e-12):
            raise AssertionError(f"After {step} step(s) w is {w:g}, where {due:g} is due.")


def check_softmax(softmax: Callable[[list[Any]], list[Any]]) -> None:
    """Check softmax and its gradient at scores of size 1, then of size 1000.

    Raises:
        ValueOverflowError: an exponential is beyond the largest float.
    """
    for size in (0.0, 1000.0):
        check_gradients(softmax, [size, size + 1.0], order=1)


def check_surprise(surprise: Callable[[Any], Any]) -> None:
    """Check −log σ(s) and its gradient for a usual score, then for one that is far off.

    Raises:
        DomainError: the probability is 0, and has no logarithm.
    """
    for score in (0.5, -800.0):
        check_gradients(surprise, score, order=1)


def check_penalty(loss: Callable[[Any], Any]) -> None:
    """Check a loss at w = 2 with `check_gradients`.

    Raises:
        GradientMismatch: a part of the loss has no gradient.
    """
    check_gradients(loss, 2.0)


PROGRAMS = (
    Exhibit(
        "forgotten zero_grad",
        descend_with_old_gradients,
        descend,
        check_descent,
        "The loss falls at first, overshoots, and swings: it looks like too large a learning rate, or like momentum.",
        "`backward()` adds to a leaf's gradient, so that several losses can share one. What was used has to be "
        "cleared: `w.grad = None`, or `model.zero_grad()`.",
    ),
    Exhibit(
        "parameter replaced",
        descend_beside_the_model,
        descend,
        check_descent,
        "The loss does not move at all.",
        "`w = w - …` makes a new Value and a new name for it; the model keeps the old one. Assign `w.data`. On a "
        "model's parameter `w -= …` is an error here, which says so.",
    ),
    Exhibit(
        "softmax as written",
        softmax_as_written,
        softmax_shifted,
        check_softmax,
        "Elsewhere inf/inf = nan, some epochs into a training that went well; here an error at the first exp.",
        "Softmax does not change when all scores are shifted, but exp(1000) is beyond the largest float. "
        "`autograd.softmax` shifts.",
    ),
    Exhibit(
        "logarithm of a probability",
        surprise_as_written,
        surprise_in_one,
        check_surprise,
        "The loss is inf or nan for the very examples that the model gets most wrong.",
        "σ(−800) is 0 to the last bit, and log 0 does not exist. Losses take scores, not probabilities: "
        "`nn.bce_with_logits`, `nn.cross_entropy`.",
    ),
    Exhibit(
        "number off the graph",
        penalty_of_a_number,
        penalty,
        check_penalty,
        "The loss prints as it should, and the weights behave as if the penalty were not there.",
        "`.data`, `float()` and the functions of `math` give plain numbers, which have no edges.",
    ),
)
