"""Regularisers: a penalty on the weights that is part of the graph, Q = L + R(w) (lecture L5.6)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd import Value, dot, scope, total
from nn import arrays

if TYPE_CHECKING:
    Weights = Mapping[str, Value] | Sequence[Value] | Sequence[tuple[str, Value]]

__all__ = ["L1", "L2", "Regularizer"]


class Regularizer(ABC):
    """A penalty R(w): called with parameters it gives a Value; two of them add up with ``+``."""

    @abstractmethod
    def __call__(self, parameters: Weights) -> Value:
        """Compute R(w) as a Value.

        Args:
            parameters: a model's ``named_parameters()`` or ``parameters()``, or arrays of them.
        """

    def __add__(self, other: Regularizer) -> Regularizer:
        return _Sum(self, other)


class _Norm(Regularizer):
    """A multiple of a norm of the weights.

    Args:
        strength: what the sum is multiplied by, from 0.
        only: says by its name whether a parameter is penalised; all of them are unless given.

    Raises:
        ValueError: strength is negative or not finite.
    """

    def __init__(self, strength: float, *, only: Callable[[str], bool] | None = None) -> None:
        if not 0.0 <= strength < math.inf:
            raise ValueError(
                f"The strength of {type(self).__name__} must be a finite number from 0, not {strength!r}: a negative "
                "one would reward large weights."
            )
        self.strength = float(strength)
        self.only = only

    @abstractmethod
    def penalty(self, weights: list[Value]) -> Value:
        """Compute the penalty of a list of weights that is not empty."""

    def __call__(self, parameters: Weights) -> Value:
        values = self.choose(parameters)
        with scope("regularizer"):
            return self.penalty(values) if values else Value(0.0, requires_grad=False)

    def choose(self, parameters: Weights) -> list[Value]:
        """List the parameters that are penalised."""
        listed: list[Any] = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        if not listed or not isinstance(listed[0], tuple):
            listed = [(p.name or "", p) for p in arrays.flat(listed)]
        return [p for name, p in listed if self.only is None or self.only(name)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.strength!r})"


class L1(_Norm):
    """R(w) = ρ Σ|w|, which drives weights to exactly zero (lecture L5.6); ∂R/∂w = ρ sign(w).

    Example:
        >>> float(L1(0.5)([Value(-3.0), Value(1.0)]))
        2.0
    """

    def penalty(self, weights: list[Value]) -> Value:
        """Compute ρ Σ|w|."""
        penalty: Value = self.strength * total([abs(w) for w in weights])
        return penalty


class L2(_Norm):
    """R(w) = ρ/2 Σw², so that ∂R/∂w = ρw is the decay of lecture L4.10, ΔW = η(∇E + ρW).

    Keras leaves out the half: its ``l2(ρ)`` is ``L2(2 * ρ)``.

    Example:
        >>> float(L2(0.5)([Value(-3.0), Value(1.0)]))
        2.5
    """

    def penalty(self, weights: list[Value]) -> Value:
        """Compute ρ/2 Σw², as a single node for the sum."""
        penalty: Value = 0.5 * self.strength * dot(weights, weights)
        return penalty

    def errors(self, parameters: Weights) -> list[Value]:
        """Return √ρ·w for each weight, whose halved squares sum to R(w), for methods of least squares."""
        return [math.sqrt(self.strength) * w for w in self.choose(parameters)]


class _Sum(Regularizer):
    """The sum of two penalties: ``L1(0.01) + L2(0.1)`` is the elastic net."""

    def __init__(self, first: Regularizer, second: Regularizer) -> None:
        self.terms = (first, second)

    def __call__(self, parameters: Weights) -> Value:
        return self.terms[0](parameters) + self.terms[1](parameters)

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.terms))
