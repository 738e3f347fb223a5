"""What does not go together in a training, though each part alone is right: notes that say what to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import autograd
from autograd import Value
from nn import arrays
from nn.losses.losses import bce_with_logits, cross_entropy, hinge, kl_with_logits, multi_margin
from nn.metrics import METRICS
from nn.training.runner import Loss

__all__ = ["advise", "find_last_activation"]

#: The losses of scores, which are of either sign and any size, and what takes a model's probabilities instead.
LOSSES_OF_SCORES: dict[Loss, str] = {
    cross_entropy: 'the loss "kl" on rows of probabilities',
    kl_with_logits: 'the loss "kl"',
    bce_with_logits: 'the loss "bce"',
    hinge: "",
    multi_margin: "",
}
#: Those that turn scores into probabilities themselves, and by what.
OWN_ACTIVATION: dict[Loss, str] = {cross_entropy: "softmax", kl_with_logits: "softmax", bce_with_logits: "sigmoid"}
#: Metrics that ask whether a single output is above ½, and those that ask whether it is above 0.
WITH_LOGITS = {METRICS[name]: METRICS[f"{name}_with_logits"] for name in METRICS if f"{name}_with_logits" in METRICS}


def find_last_activation(outputs: Any) -> str:
    """Return which activation gave the outputs of one example, as their graph shows; empty for none or another.

    >>> find_last_activation(autograd.softmax([Value(1.0), Value(2.0)]))
    'softmax'
    """
    values = arrays.flat(outputs)
    if not values or not all(isinstance(v, Value) and v.op is not None for v in values):
        return ""
    kinds = {v.op for v in values}
    if kinds == {autograd.truediv} and _are_shares(values):
        return "softmax"
    if kinds == {autograd.sub} and _share_a_normaliser(values):
        return "log_softmax"
    known = {autograd.sigmoid: "sigmoid", autograd.relu: "relu", autograd.tanh: "tanh"}
    return known.get(kinds.pop(), "") if len(kinds) == 1 else ""


def _are_shares(values: Iterable[Any]) -> bool:
    """Whether each is an exponential over the sum of them all."""
    weights, wholes = map(set, zip(*[v.operands for v in values], strict=True))
    whole = wholes.pop()
    if wholes or not isinstance(whole, Value) or whole.op is not autograd.total:
        return False
    return weights <= set(whole.operands) and all(weight.op is autograd.exp for weight in weights)


def _share_a_normaliser(values: Iterable[Any]) -> bool:
    """Whether each is a score without log Σ exp of all scores."""
    normalisers = set()
    for v in values:
        if not isinstance(v, Value) or v.op is not autograd.sub:
            return False
        normalisers.add(v.operands[1])
    only = normalisers.pop()
    return not normalisers and isinstance(only, Value) and only.op is autograd.logsumexp


def advise(outputs: Any, loss: Loss, metrics: Iterable[Any]) -> list[str]:
    """Say what was probably meant otherwise.

    Args:
        outputs: those of one example, recorded.
        loss: the loss.
        metrics: the metrics' functions.

    Returns:
        sentences without their full stop, for `History.notes`.
    """
    count, activation = len(arrays.flat(outputs)), find_last_activation(outputs)
    name = getattr(loss, "__name__", "loss")
    notes = _advise_on_loss(loss, name, activation, count)
    if count > 1:
        return notes
    scores = loss in (bce_with_logits, hinge) and activation not in ("sigmoid", "softmax")
    for metric in metrics:
        if metric in WITH_LOGITS and scores:
            notes.append(
                f'the metric "{metric.__name__}" chooses class 1 where the output is above 0.5, but {name} trains '
                f'scores, whose border is 0: write metrics=["{WITH_LOGITS[metric].__name__}"]'
            )
        elif metric in WITH_LOGITS.values() and activation in ("sigmoid", "softmax"):
            short = metric.__name__.removesuffix("_with_logits")
            notes.append(
                f'the metric "{metric.__name__}" chooses class 1 where the output is above 0, which every output of '
                f'{activation} is: write metrics=["{short}"]'
            )
    return notes


def _advise_on_loss(loss: Loss, name: str, activation: str, count: int) -> list[str]:
    if activation in ("softmax", "log_softmax") and count == 1:
        always = "1" if activation == "softmax" else "0"
        return [
            f"{activation} over a single output is always {always}, so that nothing is trained: use a sigmoid for "
            "two classes, or one output for each class"
        ]
    instead = LOSSES_OF_SCORES.get(loss)
    if instead is None:
        return []
    if activation == "log_softmax" and OWN_ACTIVATION.get(loss) == "softmax":
        return [f"{name} applies log_softmax itself, a second time here, which changes nothing: leave out the model's"]
    if activation in ("sigmoid", "softmax"):
        own = f" and applies {OWN_ACTIVATION[loss]} itself" if loss in OWN_ACTIVATION else " of either sign"
        rest = f", or take {instead}" if instead and activation == OWN_ACTIVATION[loss] else ""
        return [
            f"{name} takes scores{own}, but the model ends with {activation}, whose outputs lie between 0 and 1: leave "
            f"the {activation} out{rest}"
        ]
    if activation == "relu":
        return [
            f"{name} takes scores of either sign, but the model ends with relu, which gives none below 0 and no "
            "gradient there: leave the last relu out"
        ]
    return []
