"""First-order optimisers that divide each gradient by the size it usually has: AdaGrad, AdaDelta, RMSProp, Adam.

What is remembered are sums or running means of squared gradients; every rule is as in `nn.optim.first_order`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from autograd import Value, maximum, sqrt
from nn.errors import StateError
from nn.optim.first_order import FirstOrder, Numbers
from nn.optim.flat import Vector
from nn.optim.optimizer import is_count
from nn.optim.options import Flag, Number, unpack

#: What is remembered where steps are counted weight by weight: the shares of the zeros that are left in m and v.
LEFT = ("left1", "left2")

__all__ = ["AdaDelta", "AdaGrad", "Adam", "AdamW", "RMSProp"]


class AdaGrad(FirstOrder):
    """AdaGrad: a gradient is divided by the root of the sum of its own squares so far (lecture L4.15).

    ::

        G = G + ∇E²,   ΔW_t = η(∇E/(√G + ε) + ρW) + μΔW_{t−1},   W = W − ΔW_t

    The slide has no ε: a weight whose gradient has always been 0 would become 0/0. As there, the decay ρW is not
    divided; PyTorch adds it to the gradient. (J. Duchi et al., JMLR 12 (2011) 2121.)

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        eps: ε, from 0.
        momentum: μ in [0, 1).
        weight_decay: ρ, from 0.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "eps", "momentum", "weight_decay")
    slots = ("G", "dW")
    eps, momentum, weight_decay = Number(), Number(high=1.0), Number()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        eps: float = 1e-10,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.eps, self.momentum, self.weight_decay = eps, momentum, weight_decay

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, G: Numbers, dW: Numbers,
        lr: float, eps: float, momentum: float, weight_decay: float,
    ) -> tuple[Numbers, ...]:  # fmt: skip
        """Return the new weights, G and ΔW."""
        G = G + g * g
        descent = lr * (g / (sqrt(G) + eps) + weight_decay * w)
        dW = descent + momentum * dW if momentum else descent
        return w - dW, G, dW


class AdaDelta(FirstOrder):
    """AdaDelta: the step has the size of recent steps, over that of recent gradients (lecture L4.15).

    ::

        S = αS + (1 − α)∇E²,   g = √(D + ε)/√(S + ε) ∇E,   D = βD + (1 − β)g²
        ΔW_t = η(g + ρW) + μΔW_{t−1},   W = W − ΔW_t

    The slide has no ε: from D₀ = 0 it would never move (M. Zeiler, arXiv 1212.5701, has it in both roots). The slide
    averages the squares of ΔW; with η = 1 and no momentum or decay that is g. With η < 1 it would shrink its own
    steps again and again, so here D averages g, as in PyTorch.

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        rho: α, the share of S that stays, in [0, 1). PyTorch's name; not the slide's ρ.
        eps: ε, from 0.
        beta: β, the share of D that stays, in [0, 1); α unless given.
        momentum: μ in [0, 1).
        weight_decay: the slide's ρ, from 0.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "rho", "eps", "beta", "momentum", "weight_decay")
    slots = ("S", "D", "dW")
    rho, eps, beta = Number(high=1.0), Number(), Number(high=1.0)
    momentum, weight_decay = Number(high=1.0), Number()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        beta: float | None = None,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.rho, self.eps = rho, eps
        self.beta = rho if beta is None else beta
        self.momentum, self.weight_decay = momentum, weight_decay
        for group in self.groups:
            if beta is None and "rho" in group.options:
                group.options.setdefault("beta", group.options["rho"])

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, S: Numbers, D: Numbers, dW: Numbers,
        lr: float, rho: float, eps: float, beta: float, momentum: float, weight_decay: float,
    ) -> tuple[Numbers, ...]:  # fmt: skip
        """Return the new weights, S, D and ΔW."""
        S = rho * S + (1.0 - rho) * (g * g)
        g = sqrt(D + eps) / sqrt(S + eps) * g
        D = beta * D + (1.0 - beta) * (g * g)
        descent = lr * (g + weight_decay * w)
        dW = descent + momentum * dW if momentum else descent
        return w - dW, S, D, dW


class RMSProp(FirstOrder):
    """RMSProp: a gradient is divided by the root of the running mean of its squares (lecture L1.9).

    ::

        G = αG + (1 − α)g⊙g,   w = w − η g/(√G + ε)

    Centred, the root is that of the variance, G − ḡ² with ḡ = αḡ + (1 − α)g; with momentum μ what is subtracted is ηΔ,
    Δ = μΔ + g/(√… + ε). Both as in PyTorch (A. Graves, arXiv 1308.0850, formula 38).

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        alpha: α, the share of G that stays, in [0, 1).
        eps: ε, from 0; outside the root, as in the lecture and in PyTorch.
        momentum: μ in [0, 1).
        centered: whether the mean gradient is taken off.
        weight_decay: ρ, from 0; ρw is added to the gradient.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "alpha", "eps", "momentum", "centered", "weight_decay")
    shared = ("momentum", "centered")
    alpha, eps, momentum = Number(high=1.0), Number(), Number(high=1.0)
    centered, weight_decay = Flag(), Number()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        alpha: float = 0.9,
        eps: float = 1e-7,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.slots = ("G", *["mean"] * bool(centered), *["step"] * bool(momentum))
        super().__init__(parameters, lr)
        self.alpha, self.eps, self.momentum = alpha, eps, momentum
        self.centered, self.weight_decay = centered, weight_decay

    @staticmethod
    def rule(w: Numbers, g: Numbers, G: Numbers, *others: Numbers) -> tuple[Numbers, ...]:
        """Return the new weights, G, and the mean gradient and the step where they are remembered."""
        *memories, lr, alpha, eps, momentum, centered, weight_decay = others
        if weight_decay:
            g = g + weight_decay * w
        G = alpha * G + (1.0 - alpha) * (g * g)
        spread, kept = G, []
        if centered:
            kept.append(alpha * memories.pop(0) + (1.0 - alpha) * g)
            spread = maximum(G - kept[0] * kept[0], 0.0)  # which rounding may carry below
        step = g / (sqrt(spread) + eps)
        if memories:
            step = momentum * memories[0] + step
            kept.append(step)
        return w - lr * step, G, *kept


class Adam(FirstOrder):
    """Adam: momentum over RMSProp's root, both corrected for having started at 0.

    ::

        m = β₁m + (1 − β₁)g,   v = β₂v + (1 − β₂)g⊙g
        w = w − η m̂/(√v̂ + ε),   m̂ = m/(1 − β₁ᵗ),   v̂ = v/(1 − β₂ᵗ)

    Source: D. Kingma, J. Ba, arXiv 1412.6980, algorithm 1. With `amsgrad` the root is that of the largest v so far, so
    that a rate never grows (S. Reddi, S. Kale, S. Kumar, ICLR 2018; corrected as in PyTorch). Steps in which a weight
    was frozen do not count in its t.

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        betas: (β₁, β₂), each in [0, 1).
        eps: ε, from 0.
        weight_decay: ρ, from 0; ρw is added to the gradient (see `AdamW` for the other way).
        amsgrad: whether v never shrinks.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "beta1", "beta2", "eps", "weight_decay", "amsgrad")
    slots: tuple[str, ...] = ("m", "v")
    shared = ("amsgrad",)
    beta1, beta2 = Number(high=1.0, called="betas[0]"), Number(high=1.0, called="betas[1]")
    eps, weight_decay, amsgrad = Number(), Number(), Flag()
    packed = {"betas": ("beta1", "beta2")}
    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        if amsgrad:
            self.slots = ("m", "v", "v_max")
        super().__init__(parameters, lr)
        self.amsgrad = amsgrad
        self.beta1, self.beta2 = unpack(type(self).__name__, "betas", betas, 2)
        self.eps, self.weight_decay = eps, weight_decay

    @property
    def present_rule(self) -> Callable[..., tuple[Numbers, ...]]:
        """The rule; `rule_of_each` once steps are counted weight by weight."""
        return self.rule if LEFT[0] not in self.slots else self.rule_of_each

    def count_each(self) -> None:
        """Remember β₁ᵗ and β₂ᵗ of each weight from now on."""
        if LEFT[0] not in self.slots:
            self.slots = (*self.slots[: self.own_slots], *LEFT, *self.slots[self.own_slots :])
            self.own_slots += len(LEFT)
            self.state.update(self._left(self.state["t"]))

    def _left(self, t: int) -> dict[str, Vector]:
        parts = [(len(group.parameters), group.options) for group in self.groups] or [(len(self.parameters), {})]
        return {
            name: np.concatenate([np.full(n, own.get(beta, getattr(self, beta)) ** t) for n, own in parts])
            for name, beta in zip(LEFT, ("beta1", "beta2"), strict=True)
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, so that training goes on exactly as it would have.

        Raises:
            StateError: it is of another class or of other groups, names and sizes do not fit, or something is no
                number, not finite or a negative count. Nothing is changed.
        """
        state, before = saved.get("state", {}), (self.slots, self.own_slots, self.state.copy())
        if LEFT[0] in state:
            self.count_each()
        elif LEFT[0] in self.slots and "t" in state:
            saved = {**saved, "state": self._left(state["t"] if is_count(state["t"]) else 0) | state}
        try:
            super().load_state_dict(saved)
        except StateError:
            self.slots, self.own_slots, self.state = before
            raise

    def settings(self, t: int) -> tuple[float, ...]:
        """Return η/(1 − β₁ᵗ), √(1 − β₂ᵗ), β₁, β₂, ε, and the decays that go through the root and past it.

        The first two are η and 1 once the steps of each weight are counted.
        """
        rate, spread = self.lr, 1.0
        if LEFT[0] not in self.slots:
            rate, spread = self.lr / (1.0 - self.beta1**t), math.sqrt(1.0 - self.beta2**t)
        through, past = (0.0, self.lr * self.weight_decay) if self.decoupled else (self.weight_decay, 0.0)
        return rate, spread, self.beta1, self.beta2, self.eps, through, past

    @staticmethod
    def rule(w: Numbers, g: Numbers, m: Numbers, v: Numbers, *others: Numbers) -> tuple[Numbers, ...]:
        """Return the new weights, m and v, and with `amsgrad` the largest v."""
        *largest, rate, spread, beta1, beta2, eps, through, past = others
        if through:
            g = g + through * w
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * (g * g)
        largest = [maximum(before, v) for before in largest]
        descent = rate * (m / (sqrt(largest[0] if largest else v) / spread + eps))
        if past:
            descent = descent + past * w
        return w - descent, m, v, *largest

    @staticmethod
    def rule_of_each(w: Numbers, g: Numbers, m: Numbers, v: Numbers, *others: Numbers) -> tuple[Numbers, ...]:
        """Return what `rule` does, with the correction of each weight, and its β₁ᵗ and β₂ᵗ."""
        *largest, left1, left2, lr, _, beta1, beta2, eps, through, past = others
        left1, left2 = beta1 * left1, beta2 * left2
        corrected = lr / (1.0 - left1), sqrt(1.0 - left2)
        return *Adam.rule(w, g, m, v, *largest, *corrected, beta1, beta2, eps, through, past), left1, left2


class AdamW(Adam):
    """Adam whose decay shrinks the weights themselves instead of going through the root.

    ::

        w = w − η(m̂/(√v̂ + ε) + ρw)

    with m̂ and v̂ as in `Adam`. Source: I. Loshchilov, F. Hutter, arXiv 1711.05101, algorithm 2.

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        betas: (β₁, β₂), each in [0, 1).
        eps: ε, from 0.
        weight_decay: ρ, from 0.
        amsgrad: whether v never shrinks.

    Raises:
        ValueError: an option is out of its range.
    """

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad)
