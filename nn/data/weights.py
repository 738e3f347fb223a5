"""Weights of examples: how much each counts in the mean of losses, given one by one or class by class.

The mean that is meant is ``Σ w L / Σ w`` over all examples. A step multiplies losses by ``w / w̄``, with the mean w̄ of
all weights: on n examples it minimises ``(1/n) Σ (w/w̄) L``, which over an epoch averages to that mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_mask, read_array
from nn.data.examples import Examples, read_examples

__all__ = ["check_classes", "even_out", "multiply_by_class", "read_weighted", "read_weights"]

Array = NDArray[Any]


def read_weights(weights: ArrayLike | None = None, *, n: int, name: str = "sample_weight") -> Array | None:
    """Read the weights of n examples.

    Args:
        weights: n numbers from 0; None where all count alike.
        n: how many examples there are.
        name: what to call them in errors.

    Raises:
        ValueError: there are more or fewer, one is negative or not finite, or all are 0.
        TypeError: they are no real numbers, or a masked array.
    """
    if weights is None:
        return None
    check_mask(weights, name)
    try:
        given = read_array(weights)
        if given.dtype.kind not in "biufO":
            raise TypeError
        array = given.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be real numbers, one for each example.") from None
    array = array.reshape(-1) if array.shape == (n, 1) else array
    if array.shape != (n,):
        raise ValueError(f"{name} must be one number for each of {n} examples, got shape {array.shape}.")
    for row in np.flatnonzero(~np.isfinite(array) | (array < 0.0))[:1]:
        raise ValueError(f"{name}[{row}] is {array[row]:g}: a weight is a finite number from 0.")
    if not array.any():
        raise ValueError(f"{name} is 0 for all {n} examples, so that there is nothing to average.")
    return array


def read_weighted(given: Sequence[Any], where: str = "") -> Examples:
    """Read inputs, targets and, if it is given, how much each example counts.

    Args:
        given: (X, y), or (X, y, weights).
        where: they come from, for their names in errors.

    Raises:
        ValueError, TypeError: as `read_examples` and `read_weights` do.
    """
    X, y, *weights = given
    inputs, targets = read_examples(X, y, (f"X{where}", f"y{where}"))
    return Examples(inputs, targets, read_weights(*weights, n=len(inputs), name=f"sample_weight{where}"))


def check_classes(class_weight: Any, examples: Examples) -> None:
    """Check the weights of classes against all targets.

    Raises:
        ValueError: targets are no classes, a weight is none, or a class does not occur.
        TypeError: it is neither a dict nor ``"balanced"``.
    """
    classes = _classes(examples)
    if isinstance(class_weight, str) and class_weight == "balanced":
        return
    if not isinstance(class_weight, Mapping):
        raise TypeError(f'class_weight must be a dict {{class: weight}} or "balanced", not {class_weight!r}.')
    known = set(np.unique(classes).tolist())
    for label, weight in class_weight.items():
        if label not in known:
            shown = ", ".join(f"{c:g}" for c in sorted(known))
            raise ValueError(f"class_weight names the class {label!r}, which no target is: there are {shown}.")
        if not (isinstance(weight, int | float | np.number) and 0.0 <= weight < np.inf):
            raise ValueError(f"class_weight[{label!r}] is {weight!r}: a weight is a finite number from 0.")


def multiply_by_class(examples: Examples, class_weight: Mapping[Any, float] | str | None) -> Examples:
    """Multiply the weights of examples by those of their classes.

    Args:
        examples: their targets are classes (n,) or (n, 1), or one number for each class, of which the largest counts.
        class_weight: the weight of each class, 1 where it is left out; ``"balanced"`` for n/(k·n_c), so that each of k
            classes counts alike.
    """
    if class_weight is None:
        return examples
    classes = _classes(examples)
    labels, places, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if isinstance(class_weight, Mapping):
        factors = np.array([class_weight.get(label, 1.0) for label in labels.tolist()], dtype=np.float64)
    else:
        factors = len(classes) / (len(labels) * counts)
    of_examples = factors[places]
    return examples._replace(weights=of_examples if examples.weights is None else examples.weights * of_examples)


def even_out(examples: Examples, *, weighted: bool) -> Examples:
    """Divide weights by their mean; where others are weighted and these are not, each becomes 1.

    Raises:
        ValueError: all are 0, such as those of the part that is trained on.
    """
    if not weighted:
        return examples
    if examples.weights is None:
        return examples._replace(weights=np.ones(len(examples.X)))
    largest = examples.weights.max()
    if not largest:
        raise ValueError(f"All {len(examples.X)} examples of one part have the weight 0, so that nothing is averaged.")
    scaled = examples.weights / largest  # so that the mean of large ones stays finite
    return examples._replace(weights=scaled / scaled.mean())


def _classes(examples: Examples) -> Array:
    """Return the class of each target."""
    T = examples.T
    if T.ndim > 2:
        raise ValueError(f"class_weight needs one class for each example, but targets have shape {T.shape}.")
    classes = T.reshape(-1) if T.ndim == 1 or T.shape[1] == 1 else np.argmax(T, axis=1)
    for row in np.flatnonzero(classes != np.floor(classes))[:1]:
        raise ValueError(
            f"class_weight takes classes as targets, but y[{examples.number(row)}] is {classes[row]:g}: give "
            "sample_weight."
        )
    return classes
