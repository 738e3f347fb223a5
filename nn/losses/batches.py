"""PyTorch's losses: of one example or of a batch, with its words and its reductions; `nn.functional` has them.

They are the formulas of `nn.losses.losses`, example by example or number by number, reduced to one: ``"mean"``,
``"sum"``, or ``"none"`` for all of them in an array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value, choose, dot, equal, exp, log, logsumexp, scope, softplus, square, total, where
from autograd import abs as absolute
from nn import arrays
from nn.errors import ShapeError
from nn.losses import losses
from nn.losses.arguments import class_index, flat, read_number

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "check_reduction",
    "chosen",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "read_ignored",
    "smooth_l1_loss",
]

REDUCTIONS = ("mean", "sum", "none")
IGNORED_CLASS = -100  # PyTorch's default of ignore_index

Array = Any


def check_reduction(reduction: Any, known: Sequence[str] = REDUCTIONS) -> str:
    """Return the name of a reduction.

    Raises:
        ValueError: it is none.
    """
    if reduction not in known:
        raise ValueError(f"reduction must be {', '.join(map(repr, known[:-1]))} or {known[-1]!r}, not {reduction!r}.")
    return str(reduction)


# --- number by number -------------------------------------------------------------------------------------------------


def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Any:  # noqa: A002  (PyTorch's word)
    """Reduce the squared errors (o − t)².

    Args:
        input: the outputs, of any shape.
        target: as many, in the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> mse_loss([[1.0], [5.0]], [[0.0], [2.0]])
        5.0
    """
    return _by_number("mse_loss", input, target, reduction, lambda o, t: square(o - t))


def l1_loss(input: Array, target: Array, reduction: str = "mean") -> Any:  # noqa: A002
    """Reduce the absolute errors |o − t|. Args and Raises as in `mse_loss`."""
    return _by_number("l1_loss", input, target, reduction, lambda o, t: absolute(o - t))


def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Any:  # noqa: A002
    """Reduce errors that are ½e² up to delta and δ(|e| − ½δ) beyond. Args and Raises as in `mse_loss`."""
    return _by_number("huber_loss", input, target, reduction, lambda o, t: losses.huber(o, t, delta))


def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Any:  # noqa: A002
    """Reduce errors that are ½e²/β up to beta and |e| − ½β beyond. Args and Raises as in `mse_loss`."""
    if not beta:
        return l1_loss(input, target, reduction)
    return _by_number("smooth_l1_loss", input, target, reduction, lambda o, t: losses.huber(o, t, beta) / beta)


def binary_cross_entropy(
    input: Array,  # noqa: A002
    target: Array,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> Any:
    """Reduce −[t log p + (1 − t) log(1 − p)] of probabilities p.

    PyTorch cuts the logarithms off at −100, where their slope then is 0; here what is infinite is an error.

    Args:
        input: the probabilities.
        target: as many numbers in [0, 1].
        weight: a factor for each, in the same shape, or in one that broadcasts.
        reduction: as in `mse_loss`.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a number lies outside [0, 1], or the loss is infinite.
    """
    return _by_number("binary_cross_entropy", input, target, reduction, losses.bce, weight)


def binary_cross_entropy_with_logits(
    input: Array,  # noqa: A002
    target: Array,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
    pos_weight: ArrayLike | None = None,
) -> Any:
    """Reduce the binary cross-entropy of σ(z): w·[c·t softplus(−z) + (1 − t) softplus(z)].

    Args:
        input: the scores z.
        target: as many numbers in [0, 1].
        weight: w, as in `binary_cross_entropy`.
        reduction: as in `mse_loss`.
        pos_weight: c, a factor for what belongs to class 1: one number, or one for each output.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a target lies outside [0, 1].
    """
    name = "binary_cross_entropy_with_logits"
    if pos_weight is None:
        return _by_number(name, input, target, reduction, losses.bce_with_logits, weight)
    check_reduction(reduction)
    outputs, targets = _pair(name, input, target)
    factors = np.broadcast_to(_read_factors(pos_weight, "pos_weight"), arrays.shape(outputs)).ravel().tolist()
    with scope("loss"):
        terms = [
            dot([c * t, 1.0 - t], [softplus(-z), softplus(z)])
            for z, t, c in zip(arrays.flat(outputs), arrays.flat(targets), factors, strict=True)
        ]
        return _reduce(_weigh(terms, weight, arrays.shape(outputs)), reduction, arrays.shape(outputs))


def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:  # noqa: A002
    """Reduce p(log p − q) of logarithms of probabilities q and probabilities p: Kullback and Leibler's divergence.

    Args:
        input: q, what `log_softmax` gives.
        target: p; or log p with `log_target`.
        reduction: as in `mse_loss`; or ``"batchmean"``, the sum over the number of examples, which is the divergence.
        log_target: whether the targets are logarithms.

    Raises:
        ShapeError: the shapes differ.
    """

    def term(q: Any, p: Any) -> Any:
        if log_target:
            return exp(p) * (p - q)
        return 0.0 * q if read_number(p) == 0.0 else p * (log(p) - q)

    check_reduction(reduction, ("batchmean", *REDUCTIONS))
    if reduction != "batchmean":
        return _by_number("kl_div", input, target, reduction, term)
    outputs, _ = _pair("kl_div", input, target)
    return _by_number("kl_div", input, target, "sum", term) / (arrays.shape(outputs) or (1,))[0]


def _by_number(
    name: str,
    outputs: Array,
    targets: Array,
    reduction: str,
    term: Callable[[Any, Any], Any],
    weight: ArrayLike | None = None,
) -> Any:
    check_reduction(reduction)
    outputs, targets = _pair(name, outputs, targets)
    shape = arrays.shape(outputs)
    with scope("loss"):
        terms = [term(o, t) for o, t in zip(arrays.flat(outputs), arrays.flat(targets), strict=True)]
        return _reduce(_weigh(terms, weight, shape), reduction, shape)


def _pair(name: str, outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Read outputs and targets of one shape.

    Raises:
        ShapeError: the shapes differ, or there is nothing.
    """
    o, t = read(outputs), read(targets)
    given, due = arrays.shape(t), arrays.shape(o)
    if given != due:
        alike = [n for n in given if n != 1] == [n for n in due if n != 1]
        cure = f"write targets.reshape({due})" if alike else "give each output one target"
        raise ShapeError(f"{name} takes targets of the shape of the outputs, {due}, got {given}: {cure}.")
    if 0 in due:
        raise ShapeError(f"{name} needs one output or more; these have shape {due}.")
    return o, t


def read(given: Array) -> Array:
    """Read an array, nested lists or a number; of PyTorch's tensors the numbers."""
    if isinstance(given, Value | np.ndarray | list | tuple) or not hasattr(given, "__array__"):
        return arrays.array(given)
    return arrays.read_array(given)


def _read_factors(given: ArrayLike, name: str = "weight") -> NDArray[np.float64]:
    arrays.check_mask(given, name)
    return np.asarray(given, dtype=np.float64)


def _weigh(terms: list[Any], weight: ArrayLike | None, shape: tuple[int, ...]) -> list[Any]:
    if weight is None:
        return terms
    factors = np.broadcast_to(_read_factors(weight), shape).ravel().tolist()
    return [factor * term for factor, term in zip(factors, terms, strict=True)]


def _reduce(terms: list[Any], reduction: str, shape: tuple[int, ...], count: float | None = None) -> Any:
    """Reduce terms to one number, or lay them out in a shape; a mean is over their number, unless `count` is given."""
    if reduction == "none":
        return arrays.make(terms, shape) if shape else terms[0]
    summed = terms[0] if len(terms) == 1 else total(terms)
    if reduction == "sum":
        return summed
    count = len(terms) if count is None else count
    return summed if isinstance(count, int | float) and count == 1 else summed / count


# --- class by class ---------------------------------------------------------------------------------------------------


def cross_entropy(
    input: Array,  # noqa: A002
    target: Array,
    weight: ArrayLike | None = None,
    ignore_index: int | None = IGNORED_CLASS,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Reduce how little probability ``softmax(scores)`` gives each target (lecture L2.5).

    Args:
        input: scores of k classes: (k,) of one example, (n, k) of a batch, (n, k, …) of a batch of pictures.
        target: classes from 0 to k − 1: one, (n,), or (n, …); or probabilities in the shape of the scores.
        weight: a factor for each class, (k,). The mean is then over the factors of the targets.
        ignore_index: a class that is left out, of the mean too; None for none.
        reduction: as in `mse_loss`.
        label_smoothing: ε, the share of each target that is spread evenly over all classes.

    Raises:
        ShapeError: the targets do not go with the scores.
        ValueError: a target is no class or no distribution, or all are ignored, so that they have no mean.
        TypeError: `ignore_index` is no whole number.
        DivisionByZeroError: all are ignored, in a program whose inputs the classes are.

    Example:
        >>> round(cross_entropy([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]], [0, 2]), 6)
        0.753109
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing must be a share from 0 to 1, not {label_smoothing!r}.")

    def loss(scores: list[Any], target: Any, factors: list[float] | None) -> Any:
        return _cross_entropy_of(scores, target, factors, label_smoothing)

    return _by_class("cross_entropy", input, target, weight, ignore_index, reduction, loss, distributions=True)


def nll_loss(
    input: Array,  # noqa: A002
    target: Array,
    weight: ArrayLike | None = None,
    ignore_index: int | None = IGNORED_CLASS,
    reduction: str = "mean",
) -> Any:
    """Reduce −q_c, of logarithms of probabilities q, as `log_softmax` gives them, and classes c.

    Args and Raises as in `cross_entropy`.
    """

    def loss(scores: list[Any], target: Any, factors: list[float] | None) -> Any:
        likelihood = chosen(target, scores)
        return -(likelihood if factors is None else chosen(target, factors) * likelihood)

    return _by_class("nll_loss", input, target, weight, ignore_index, reduction, loss, distributions=False)


def _cross_entropy_of(scores: list[Any], target: Any, factors: list[float] | None, smoothing: float) -> Any:
    """Compute w_c·(1 − ε)·CE(z, c) + ε/k·Σ wᵢ(log Σ exp z − zᵢ); with a distribution p the first term is its sum."""
    k = len(scores)
    if isinstance(target, list) and factors is not None:
        normaliser = logsumexp(scores)
        smoothed = [(1.0 - smoothing) * p + smoothing / k for p in target]
        weights = [w * p for w, p in zip(factors, smoothed, strict=True)]
        return dot(weights, [normaliser - z for z in scores])
    own = losses.cross_entropy(scores, target)
    if factors is not None:
        own = chosen(target, factors) * own
    if not smoothing:
        return own
    normaliser = logsumexp(scores)
    even = dot([1.0] * k if factors is None else factors, [normaliser - z for z in scores])
    return (1.0 - smoothing) * own + (smoothing / k) * even


def chosen(target: Any, numbers: list[Any]) -> Any:
    """Return the number of a class; where that is a Value, brackets choose it."""
    if isinstance(target, int):
        return numbers[target]
    return dot([equal(target, float(i)) for i in range(len(numbers))], numbers)


def _by_class(
    name: str,
    outputs: Array,
    targets: Array,
    weight: ArrayLike | None,
    ignored: int | None,
    reduction: str,
    loss: Callable[[list[Any], Any, list[float] | None], Any],
    *,
    distributions: bool,
) -> Any:
    check_reduction(reduction)
    ignored = read_ignored(ignored, name)
    rows, classes, shape = _separate(name, read(outputs), read(targets), distributions)
    k = len(rows[0])
    factors = None if weight is None else _read_factors(weight).tolist()
    if factors is not None and np.shape(factors) != (k,):
        raise ShapeError(f"weight of {name} takes one factor for each of {k} classes, got shape {np.shape(factors)}.")
    left_out = [not isinstance(c, list) and _equals(c, ignored) for c in classes]
    nothing = all(out is True for out in left_out)
    if reduction == "mean" and nothing:
        raise ValueError(f"{name}: every target is {ignored}, ignore_index, so that there is nothing to average.")
    terms, shares = [], []
    with scope("loss"):
        for row, c, out in zip(rows, classes, left_out, strict=True):
            if out is not True:
                c = c if isinstance(c, list) else _unless(out, class_index(name, c, k))
                terms.append(_unless(out, _checked(loss(row, c, factors), c, k)))
                shares.append(_unless(out, 1.0 if factors is None or isinstance(c, list) else chosen(c, factors)))
            elif reduction == "none" or nothing:
                terms.append(where(1.0, 0.0, row[0]))  # 0, of which every derivative is 0
        count = sum(shares) if reduction == "mean" else None
        if count is not None and read_number(count) == 0.0:
            raise ValueError(f"{name}: the weights of the targets' classes sum to 0, so that they have no mean.")
        return _reduce(terms, reduction, shape, count)


def read_ignored(ignore_index: Any, owner: str) -> int | None:
    """Read the class that is left out; None for none.

    Raises:
        TypeError: it is no whole number.
    """
    if ignore_index is None:
        return None
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, int | np.integer):
        raise TypeError(
            f"ignore_index of {owner} must be a whole number, the one class that is left out, not {ignore_index!r}."
        )
    return int(ignore_index)


def _equals(target: Any, ignored: int | None) -> Any:
    """Whether a class is the one that is ignored; a bracket where every run has its own."""
    number = read_number(target)
    return ignored is not None and (equal(target, float(ignored)) if number is None else bool(number == ignored))


def _unless(out: Any, content: Any) -> Any:
    """Return a class or a term; 0 where a bracket leaves it out."""
    return content if out is False else where(out, 0.0, content)


def _checked(term: Any, target: Any, k: int) -> Any:
    """Return the term of a class; where every run has another, a run fails at one that there is not."""
    return term + choose(target, [0.0] * k) if isinstance(target, Value) and read_number(target) is None else term


def _separate(name: str, outputs: Array, targets: Array, distributions: bool) -> tuple[list[Any], list[Any], Any]:
    """Return the scores of each example and place, their targets, and the shape of all targets."""
    given, due = arrays.shape(targets), arrays.shape(outputs)
    if not due or 0 in due:
        raise ShapeError(f"{name} takes scores (k,) of one example or (n, k) of a batch, got shape {due}.")
    k = due[0] if len(due) == 1 else due[1]
    places = due[:1] + due[2:] if len(due) > 1 else ()
    whole = distributions and given == due
    if not whole and given != places:
        either = f", or probabilities of shape {due}" if distributions else ""
        raise ShapeError(f"{name} of scores {due} takes classes of shape {places}{either}, got {given}.")
    rows = _rows_of_classes(outputs, k)
    if k < 2:
        raise ShapeError(
            f"{name} takes scores of 2 classes or more, got {k}: for one score take binary_cross_entropy_with_logits."
        )
    return rows, (_rows_of_classes(targets, k) if whole else flat(name, "target", targets).numbers), places


def _rows_of_classes(nested: Array, k: int) -> list[list[Any]]:
    array = arrays.array(nested)
    moved = np.moveaxis(array, 1, -1) if array.ndim > 1 else array
    return moved.reshape(-1, k).tolist()  # type: ignore[no-any-return]
