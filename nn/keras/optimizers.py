"""Keras' optimisers, with its defaults, and its ε where Keras has it: inside the root of `RMSprop`, beside Adam's.

``compile`` is given a name, or one of these without parameters; an optimiser of `nn` goes, too.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, sqrt
from nn import absent
from nn.keras.layers import refuse_options
from nn.optim import first_order
from nn.optim.first_order import FirstOrder, Numbers
from nn.optim.optimizer import Optimizer

__all__ = ["SGD", "Adam", "Choice", "RMSprop", "find"]

#: What Keras has beside these: what to write.
ABSENT = {
    "Adadelta": "give compile an nn.AdaDelta(model.network.parameters())",
    "Adagrad": "give compile an nn.AdaGrad(model.network.parameters())",
    "AdamW": "give compile an nn.AdamW(model.network.parameters())",
    "Nadam": "take Adam",
    "schedules": "train model.network with nn.fit(…, schedule=…)",
}
ADVICE = {
    "clipnorm": "train model.network with nn.fit(…, clip_norm=…), which shortens the gradient of all weights together",
    "global_clipnorm": "train model.network with nn.fit(…, clip_norm=…)",
    "weight_decay": "train model.network with nn.fit(…, regularizer=nn.L2(…))",
    "lr": "write learning_rate",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.keras.optimizers", name, ABSENT, __all__)


class Choice(ABC):
    """An optimiser that is chosen, before the model has weights.

    Args:
        options: those of the optimiser, by name.
        others: options of Keras' that there are not.
    """

    def __init__(self, options: dict[str, Any], others: dict[str, Any]) -> None:
        refuse_options(f"{type(self).__name__} of nn.keras", others, ADVICE)
        self.options = options

    @abstractmethod
    def over(self, parameters: Iterable[Value]) -> Optimizer:
        """Make the optimiser of some parameters."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"


class SGD(Choice):
    """Gradient descent, with momentum or Nesterov's.

    Args:
        learning_rate: η.
        momentum: μ in [0, 1).
        nesterov: whether the gradient is that of the weights shifted by the momentum.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **others: Any
    ) -> None:
        super().__init__({"learning_rate": learning_rate, "momentum": momentum, "nesterov": nesterov}, others)

    def over(self, parameters: Iterable[Value]) -> Optimizer:
        """Make the optimiser of some parameters."""
        return first_order.SGD(parameters, *self.options.values())


class RMSprop(Choice):
    """A gradient divided by the root of the running mean of its squares: w − η g/√(G + ε).

    Args:
        learning_rate: η.
        rho: α, the share of G that stays.
        momentum: μ in [0, 1).
        epsilon: ε, under the root; the lecture has it beside, as `nn.RMSProp` does.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        **others: Any,
    ) -> None:
        options = {"learning_rate": learning_rate, "rho": rho, "momentum": momentum, "epsilon": epsilon}
        super().__init__(options, others)

    def over(self, parameters: Iterable[Value]) -> Optimizer:
        """Make the optimiser of some parameters."""
        return _RootMeanSquare(parameters, *self.options.values())


class Adam(Choice):
    """Adam, in the form of Kingma and Ba's section 2: w − η√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m/(√v + ε).

    Args:
        learning_rate: η.
        beta_1: β₁ in [0, 1).
        beta_2: β₂ in [0, 1).
        epsilon: ε, beside the root that is not corrected; `nn.Adam` has it beside the corrected one.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **others: Any,
    ) -> None:
        options = {"learning_rate": learning_rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
        super().__init__(options, others)

    def over(self, parameters: Iterable[Value]) -> Optimizer:
        """Make the optimiser of some parameters."""
        return _AdaptiveMoments(parameters, *self.options.values())


class _RootMeanSquare(FirstOrder):
    """The steps of `RMSprop`."""

    options = ("lr", "rho", "momentum", "eps")
    slots = ("G", "dW")

    def __init__(self, parameters: Iterable[Value], lr: float, rho: float, momentum: float, eps: float) -> None:
        super().__init__(parameters, lr)
        self.rho = self._number("rho", rho, high=1.0)
        self.momentum = self._number("momentum", momentum, high=1.0)
        self.eps = self._number("epsilon", eps)

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, G: Numbers, dW: Numbers, lr: float, rho: float, momentum: float, eps: float
    ) -> tuple[Numbers, ...]:
        """Return the new weights, G and ΔW."""
        G = rho * G + (1.0 - rho) * (g * g)
        descent = lr * g / sqrt(G + eps)
        dW = descent + momentum * dW if momentum else descent
        return w - dW, G, dW


class _AdaptiveMoments(FirstOrder):
    """The steps of `Adam`."""

    options = ("lr", "beta1", "beta2", "eps")
    slots = ("m", "v")

    def __init__(self, parameters: Iterable[Value], lr: float, beta1: float, beta2: float, eps: float) -> None:
        super().__init__(parameters, lr)
        self.beta1 = self._number("beta_1", beta1, high=1.0)
        self.beta2 = self._number("beta_2", beta2, high=1.0)
        self.eps = self._number("epsilon", eps)

    def settings(self, t: int) -> tuple[float, ...]:
        """Return η√(1 − β₂ᵗ)/(1 − β₁ᵗ), β₁, β₂ and ε."""
        rate = self.lr * math.sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)
        return rate, self.beta1, self.beta2, self.eps

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, m: Numbers, v: Numbers, rate: float, beta1: float, beta2: float, eps: float
    ) -> tuple[Numbers, ...]:
        """Return the new weights, m and v."""
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * (g * g)
        return w - rate * m / (sqrt(v) + eps), m, v


#: The optimisers by the names that ``compile`` takes.
NAMES: dict[str, Callable[[], Choice]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}


def find(optimizer: str | Choice | Optimizer) -> Choice | Optimizer:
    """Return the optimiser that is meant.

    Raises:
        ValueError: the name is unknown.
        TypeError: it is none.
    """
    if isinstance(optimizer, str):
        kind = NAMES.get(optimizer.lower())
        if kind is None:
            advice = next((cure for name, cure in ABSENT.items() if name.lower() == optimizer.lower()), "")
            raise ValueError(
                f"{optimizer!r} is no optimiser of nn.keras. Known: {', '.join(NAMES)}"
                f"{f'; {advice}' if advice else ''}."
            )
        return kind()
    if not isinstance(optimizer, Choice | Optimizer):
        raise TypeError(f"optimizer must be a name such as 'rmsprop', or one of keras.optimizers, not {optimizer!r}.")
    return optimizer
