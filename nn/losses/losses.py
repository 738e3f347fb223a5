"""Losses of one example: generic in the number type, so that floats give a float and Values a differentiable Value.

Each is one stable, branch-free formula, which training step by step and a compiled run share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

from autograd import (
    Value,
    dot,
    equal,
    log,
    logsumexp,
    maximum,
    minimum,
    relu,
    scope,
    softplus,
    square,
    total,
    where,
)
from autograd import abs as absolute
from nn.losses.arguments import (
    Flat,
    Numbers,
    check_distribution,
    check_finite_loss,
    check_probabilities,
    class_index,
    is_constant,
    read_number,
    read_pair,
    scores_and_target,
)

__all__ = [
    "LOSSES",
    "Loss",
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "half_squared_error",
    "hinge",
    "huber",
    "kl",
    "kl_with_logits",
    "mae",
    "mse",
    "multi_margin",
    "summed_log_loss",
]

P = ParamSpec("P")
Loss = Callable[[Numbers, Numbers], Any]

MASKED_LOGIT = -1e308  # a logit whose exponential is 0 beside any other


def _label_nodes(formula: Callable[P, Any]) -> Callable[P, Any]:
    """Label the nodes of a loss with the scope ``loss``, so that drawings can fold them."""

    @wraps(formula)
    def loss(*args: P.args, **kwargs: P.kwargs) -> Any:
        with scope("loss"):
            return formula(*args, **kwargs)

    return loss


@_label_nodes
def mse(outputs: Numbers, targets: Numbers) -> Any:
    """Average the squared errors: ``(1/n) Σ (oᵢ − tᵢ)²`` (lectures L1.8, L2.5, L4.7).

    Args:
        outputs: a number, or a list, nested list or array of n numbers of any kind.
        targets: as many, in the same shape; axes of length 1 do not count.

    Returns:
        a float if all are plain numbers, else a Value.

    Raises:
        ValueError: the shapes differ, or there is no number at all.
        TypeError: something is no number.

    Example:
        >>> mse([1.0, 5.0], [0.0, 2.0])
        5.0
    """
    return _mean([square(e) for e in _errors("mse", outputs, targets)])


@_label_nodes
def mae(outputs: Numbers, targets: Numbers) -> Any:
    """Average the absolute errors: ``(1/n) Σ |oᵢ − tᵢ|``, with slope 0 where an error is 0 (lecture L1.8).

    Args and Raises as in `mse`.

    Example:
        >>> mae([1.0, 5.0], [0.0, 2.0])
        2.0
    """
    return _mean([absolute(e) for e in _errors("mae", outputs, targets)])


@_label_nodes
def half_squared_error(outputs: Numbers, targets: Numbers) -> Any:
    """Add up half the squared errors: ``E = ½ Σ (oᵢ − tᵢ)²``, so that ``∂E/∂o = o − t`` (lectures L1.4, L2.4).

    It sums over the outputs and does not average them. Args and Raises as in `mse`.

    Example:
        >>> half_squared_error([1.0, 5.0], [0.0, 2.0])
        5.0
    """
    return 0.5 * _sum([square(e) for e in _errors("half_squared_error", outputs, targets)])


@_label_nodes
def huber(outputs: Numbers, targets: Numbers, delta: float = 1.0) -> Any:
    """Average an error that is ``½e²`` up to `delta` and ``δ(|e| − ½δ)`` beyond, so that outliers pull less.

    With c the error clamped into [−δ, δ] it is ``c(e − ½c)``. Source: Huber 1964, Robust estimation of a location
    parameter.

    Args:
        outputs: as in `mse`.
        targets: as in `mse`.
        delta: error above which the loss grows linearly; positive.

    Raises:
        ValueError: `delta` is not positive; or as in `mse`.
        TypeError: as in `mse`.

    Example:
        >>> huber([0.5, 3.0], [0.0, 0.0])
        1.3125
    """
    if not delta > 0:
        raise ValueError(f"huber needs delta > 0, the error at which it becomes linear; got {delta!r}.")
    errors = _errors("huber", outputs, targets)
    clamped = [maximum(minimum(e, delta), -delta) for e in errors]
    return _mean([c * (e - 0.5 * c) for c, e in zip(clamped, errors, strict=True)])


@_label_nodes
def cross_entropy(logits: Numbers, target: Numbers) -> Any:
    """Measure how little probability ``softmax(logits)`` gives the target (lectures L2.5, L4.7).

    For a class c it is ``−log softmax(z)_c = softplus(log Σ_{i≠c} exp(zᵢ − z_c))``, which keeps full relative
    accuracy down to the smallest losses. For a distribution p it is ``−Σ pᵢ log softmax(z)ᵢ = log Σ exp(zᵢ − p·z)``.

    Args:
        logits: scores of k ≥ 2 classes: what the last layer gives without an activation.
        target: the class, from 0 to k − 1 (an int, a whole float, a list of one, or a Value), or a distribution:
            k probabilities that sum to 1.

    Raises:
        ValueError: the class is no whole number from 0 to k − 1, the distribution has another length, a number
            outside [0, 1] or another sum, or there are fewer than two logits.
        TypeError: something is no number.

    Example:
        >>> round(cross_entropy([2.0, 0.0, 1.0], 0), 6), cross_entropy([-1000.0, 1000.0], 0)
        (0.407606, 2000.0)
    """
    scores, p = scores_and_target("cross_entropy", "bce_with_logits", logits, target)
    if len(p.numbers) == 1:
        return _class_loss(scores, class_index("cross_entropy", p.numbers[0], len(scores)))
    check_distribution("cross_entropy", p, len(scores))
    return _distribution_loss(scores, p.numbers)


@_label_nodes
def bce(outputs: Numbers, targets: Numbers) -> Any:
    """Average the binary cross-entropy of probabilities: ``−(1/n) Σ [t log p + (1 − t) log(1 − p)]`` (lecture L2.5).

    A term whose weight t or 1 − t is 0 counts as 0. Nothing is clamped: a target that the output gives probability 0
    has an infinite loss and is an error. Prefer `bce_with_logits`, which has no such point.

    Args:
        outputs: probabilities: what a last layer with a sigmoid gives; shapes as in `mse`.
        targets: as many numbers in [0, 1], usually 0 or 1.

    Raises:
        ValueError: an output or a target lies outside [0, 1], the loss is infinite, or as in `mse`.
        TypeError: something is no number.

    Example:
        >>> round(bce([0.5, 0.9], [1, 1]), 6)
        0.399254
    """
    return _mean(_log_losses("bce", outputs, targets))


@_label_nodes
def summed_log_loss(outputs: Numbers, targets: Numbers) -> Any:
    """Add up the binary cross-entropy: ``−Σ [t log p + (1 − t) log(1 − p)]``, the laboratory's log-loss (L2.5).

    It is `bce` times the number of outputs; Args and Raises as there.

    Example:
        >>> round(summed_log_loss([0.5, 0.9], [1, 1]), 6)
        0.798508
    """
    return _sum(_log_losses("summed_log_loss", outputs, targets))


@_label_nodes
def bce_with_logits(logits: Numbers, targets: Numbers) -> Any:
    """Average the binary cross-entropy of ``σ(z)``: ``(1/n) Σ [t softplus(−z) + (1 − t) softplus(z)]`` (lecture L2.5).

    Finite and accurate at any logit, where ``bce(sigmoid(z), t)`` meets log 0.

    Args:
        logits: scores: what the last layer gives without an activation; shapes as in `mse`.
        targets: as many numbers in [0, 1], usually 0 or 1.

    Raises:
        ValueError: a target lies outside [0, 1], or as in `mse`.
        TypeError: something is no number.

    Example:
        >>> bce_with_logits([1000.0, -1000.0], [1, 1])
        500.0
    """
    z, t = read_pair("bce_with_logits", logits, targets)
    check_probabilities("bce_with_logits", t)
    return _mean([_weighted_sum((t, 1.0 - t), (softplus(-z), softplus(z))) for z, t in _zip(z, t)])


@_label_nodes
def kl(outputs: Numbers, targets: Numbers) -> Any:
    """Measure how far a distribution q lies from the target p: ``KL(p ‖ q) = Σ pᵢ log(pᵢ / qᵢ)`` (lecture L4.7).

    A term with pᵢ = 0 counts as 0. Prefer `kl_with_logits`, which is finite for any logits. Source: Kullback and
    Leibler 1951, On information and sufficiency.

    Args:
        outputs: q, the k probabilities of the model, such as softmax gives. That they sum to 1 is not checked, so that
            a derivative can be taken by one of them; where they do not, the result may be below 0.
        targets: p, k probabilities that sum to 1.

    Raises:
        ValueError: a number lies outside [0, 1], p does not sum to 1, the loss is infinite (q is 0 where p is not),
            or as in `mse`.
        TypeError: something is no number.

    Example:
        >>> round(kl([0.5, 0.5], [0.9, 0.1]), 6)
        0.368064
    """
    q, p = read_pair("kl", outputs, targets)
    check_distribution("kl", p, len(p.numbers))
    check_probabilities("kl", q, "kl_with_logits")
    check_finite_loss("kl", 0.0, q, p, "kl_with_logits")
    logs = [0.0 if is_constant(pi, 0.0) else _log(pi, pi) - _log(qi, pi) for qi, pi in _zip(q, p)]
    return _weighted_sum(p.numbers, logs)


@_label_nodes
def kl_with_logits(logits: Numbers, targets: Numbers) -> Any:
    """Measure how far ``softmax(logits)`` lies from the target p: ``log Σ exp(zᵢ − p·z) + Σ pᵢ log pᵢ`` (lecture L4.7).

    It is `cross_entropy` less the target's own entropy, so it has the same gradient and is 0 at best.

    Args:
        logits: scores of k ≥ 2 classes.
        targets: p, k probabilities that sum to 1.

    Raises:
        ValueError: a target lies outside [0, 1], they do not sum to 1, or the lengths differ.
        TypeError: something is no number.

    Example:
        >>> kl_with_logits([1000.0, 1000.0], [0.5, 0.5])
        0.0
    """
    scores, p = scores_and_target("kl_with_logits", "bce_with_logits", logits, targets)
    check_distribution("kl_with_logits", p, len(scores))
    logs = [0.0 if is_constant(pi, 0.0) else _log(pi, pi) for pi in p.numbers]
    return _distribution_loss(scores, p.numbers) + _weighted_sum(p.numbers, logs)


@_label_nodes
def hinge(outputs: Numbers, targets: Numbers) -> Any:
    """Average the margins that are missing: ``(1/n) Σ max(0, 1 − tᵢoᵢ)``, with slope 0 at the corner.

    The margin loss of a support vector machine. Source: Cortes and Vapnik 1995, Support-vector networks.

    Args:
        outputs: scores, positive for the class 1 and negative for the class −1; shapes as in `mse`.
        targets: as many numbers, each −1 or 1.

    Raises:
        ValueError: a target is neither −1 nor 1, or as in `mse`.
        TypeError: something is no number.

    Example:
        >>> hinge([0.25, 3.0], [-1, 1])
        0.625
    """
    scores, t = read_pair("hinge", outputs, targets)
    for place, number in enumerate(map(read_number, t.numbers)):
        if number not in (-1.0, 1.0, None):
            raise ValueError(
                f"hinge: {t.name(place)} is {number!r}, but a target is −1 or 1. Turn classes 0 and 1 into 2·t − 1."
            )
    return _mean([relu(1.0 - ti * oi) for oi, ti in _zip(scores, t)])


@_label_nodes
def multi_margin(scores: Numbers, target: Numbers, margin: float = 1.0) -> Any:
    """Average the margins by which other classes come too close: ``(1/k) Σ_{i≠c} max(0, margin − z_c + zᵢ)``.

    Source: Weston and Watkins 1999, Support vector machines for multi-class pattern recognition; PyTorch's
    ``multi_margin_loss``.

    Args:
        scores: scores of k ≥ 2 classes.
        target: the class c, from 0 to k − 1, as in `cross_entropy`.
        margin: how far the right score must be above every other; positive.

    Raises:
        ValueError: the class is no whole number from 0 to k − 1, `margin` is not positive, or there are fewer than
            two scores.
        TypeError: something is no number.

    Example:
        >>> multi_margin([2.0, 1.5, -1.0], 0)
        0.16666666666666666
    """
    if not margin > 0:
        raise ValueError(f"multi_margin needs margin > 0; got {margin!r}.")
    z, targets = scores_and_target("multi_margin", "hinge", scores, target)
    if len(targets.numbers) != 1:
        raise ValueError(
            f"multi_margin takes one class from 0 to {len(z) - 1} as its target, not {len(targets.numbers)} numbers."
        )
    chosen = _one_hot(class_index("multi_margin", targets.numbers[0], len(z)), len(z))
    right = _weighted_sum(chosen, z)
    others = [1.0 - bracket for bracket in chosen]
    close = [relu(margin - right + zi) for zi in z]
    return _weighted_sum(others, close) / len(z)


#: Every loss by the name that `fit` takes.
LOSSES: dict[str, Loss] = {
    "mse": mse,
    "mae": mae,
    "half_squared_error": half_squared_error,
    "huber": huber,
    "cross_entropy": cross_entropy,
    "bce": bce,
    "bce_with_logits": bce_with_logits,
    "summed_log_loss": summed_log_loss,
    "kl": kl,
    "kl_with_logits": kl_with_logits,
    "hinge": hinge,
    "multi_margin": multi_margin,
}

# --- formulas that losses share ---------------------------------------------------------------------------------------


def _errors(loss: str, outputs: Numbers, targets: Numbers) -> list[Any]:
    errors = [o - t for o, t in _zip(*read_pair(loss, outputs, targets))]
    for i, error in enumerate(errors):
        if isinstance(error, Value):
            error.name = f"e[{i}]"
    return errors


def _log_losses(loss: str, outputs: Numbers, targets: Numbers) -> list[Any]:
    p, t = read_pair(loss, outputs, targets)
    check_probabilities(loss, p, "bce_with_logits")
    check_probabilities(loss, t)
    for impossible in (0.0, 1.0):
        check_finite_loss(loss, impossible, p, t, "bce_with_logits")
    return [_log_loss(pi, ti) for pi, ti in _zip(p, t)]


def _log_loss(p: Any, t: Any) -> Any:
    cases = [(weight, q) for weight, q in ((t, p), (1.0 - t, 1.0 - p)) if not is_constant(weight, 0.0)]
    return -_weighted_sum([weight for weight, _ in cases], [_log(q, weight) for weight, q in cases])


def _class_loss(scores: list[Any], target: Any) -> Any:
    """Write cross-entropy for a class; where it is a Value, brackets choose it and the numbers are the same."""
    if isinstance(target, int):
        right = scores[target]
        return softplus(logsumexp([z - right for i, z in enumerate(scores) if i != target]))
    chosen = _one_hot(target, len(scores))
    right = dot(chosen, scores)
    ahead = [where(bracket, MASKED_LOGIT, z - right) for bracket, z in zip(chosen, scores, strict=True)]
    return softplus(logsumexp(ahead))


def _distribution_loss(scores: list[Any], p: list[Any]) -> Any:
    expected = _weighted_sum(p, scores)
    return logsumexp([z - expected for z in scores])


def _one_hot(target: Any, classes: int) -> list[Any]:
    return [equal(target, float(i)) for i in range(classes)]


def _log(probability: Any, weight: Any) -> Any:
    """Write log p, or 0 where its weight w is 0: the limit of w log p. A constant weight is known not to be 0."""
    return log(where(equal(weight, 0.0), 1.0, probability) if isinstance(weight, Value) else probability)


def _weighted_sum(weights: Sequence[Any], terms: Sequence[Any]) -> Any:
    """Write Σ wᵢxᵢ as one node, without the products that constant weights 0 and 1 make trivial."""
    kept = [(w, x) for w, x in zip(weights, terms, strict=True) if not is_constant(w, 0.0)]
    if all(is_constant(w, 1.0) for w, _ in kept):
        return _sum([x for _, x in kept])
    return dot([w for w, _ in kept], [x for _, x in kept])


def _sum(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else total(terms)


def _mean(terms: list[Any]) -> Any:
    return _sum(terms) if len(terms) == 1 else _sum(terms) / len(terms)


def _zip(outputs: Flat, targets: Flat) -> zip[tuple[Any, Any]]:
    return zip(outputs.numbers, targets.numbers, strict=True)
