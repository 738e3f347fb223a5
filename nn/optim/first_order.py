"""First-order optimisers: each is one rule, from a weight and its gradient to the new weight and what is remembered.

A rule is generic in its number type: arrays of all weights, the floats of one, or symbols, from which the compiler
writes its loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import Value, equal, greater, maximum, minimum, where
from nn.errors import StateError
from nn.optim import flat
from nn.optim.flat import Mask, Vector
from nn.optim.groups import Group, GroupedRule, ParameterGroup, check_options, read_groups
from nn.optim.objective import Objective
from nn.optim.optimizer import Optimizer
from nn.optim.options import Flag, Number, read_number, unpack

__all__ = ["SGD", "FirstOrder", "QuickProp", "RProp"]

NO_STEP_YET = -1.0  # what RProp remembers of a weight before its first step, which is the rate of that moment
WEIGHTS_OF_A_BLOCK = 8192  # that a rule is applied to at a time: its intermediate arrays stay in the processor's cache

Numbers = Any  # a float, or an array of them


class FirstOrder(Optimizer):
    """An optimiser whose step follows from the gradient, weight by weight.

    A subclass gives `rule`, the names of its `slots` (what is remembered of each weight) and of its `options`. An
    option that is a `Number` or a `Flag` of the class is checked whenever it is assigned.

    Parameters may be given in groups with options of their own: ``[{"params": first, "lr": 0.1}, {"params": others}]``.
    Rates keep their ratio when `lr` is assigned, as schedules do.

    Attributes:
        rule: ``(w, g, *slots, *settings) -> (new w, *new slots)``, written with operators and operations. It may branch
            on whether a setting is zero; by the weights it chooses with `where`, `greater` and `equal`.
        slots: names of the rule's memories, which start at 0.
    """

    rule: ClassVar[Callable[..., tuple[Numbers, ...]]]
    slots: tuple[str, ...] = ()
    #: Options that change what is remembered, so that all groups of parameters share them.
    shared: ClassVar[tuple[str, ...]] = ()
    #: Arguments that are several options at once, and these.
    packed: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        listed, self.groups = read_groups(type(self), parameters, lr)
        super().__init__(listed, lr)
        self.own_slots = len(self.slots)
        masks = [f"group{k}" for k in range(1, len(self.groups))]
        self.slots = (*self.slots, *masks)
        self.state = {"t": 0} | {name: np.zeros(len(self.parameters)) for name in self.slots}
        start = 0
        for name, group in zip(["", *masks], self.groups, strict=False):
            if name:
                self.state[name][start : start + len(group.parameters)] = 1.0
            start += len(group.parameters)

    @property
    def present_rule(self) -> Callable[..., tuple[Numbers, ...]]:
        """The rule of one weight."""
        return type(self).rule

    @property
    def applied_rule(self) -> Callable[..., tuple[Numbers, ...]]:
        """The rule that is applied to all weights: of groups each with its own settings."""
        rule = self.present_rule
        return GroupedRule(rule, self.own_slots, len(self.groups)) if self.groups else rule

    @property
    def param_groups(self) -> list[ParameterGroup]:
        """The groups of parameters with their options, which may be set there; without groups one of all."""
        return [ParameterGroup(self, group) for group in self.groups] or [ParameterGroup(self, None)]

    @property
    def rates(self) -> Vector:
        """The learning rate of each weight."""
        if not self.groups:
            return np.full(len(self.parameters), self.lr)
        return np.concatenate([np.full(len(group.parameters), self.lr * group.ratio) for group in self.groups])

    def count_each(self) -> None:
        """Prepare for steps in which frozen weights take no part, where the rule depends on how many were taken."""

    def check_together(self, options: Mapping[str, Any]) -> None:
        """Check options that depend on each other, of a group or of all.

        Raises:
            ValueError: they do not go together.
        """

    def _check_groups(self) -> None:
        """Check the options of each group together: the last line of a constructor that needs it."""
        for group in self.param_groups:
            self.check_together(group)

    def settings(self, t: int) -> tuple[Any, ...]:
        """Return the numbers that the rule takes in step t, counted from 1: the options, unless they depend on t."""
        return tuple(getattr(self, name) for name in self.options)

    def settings_ahead(self, steps: int, rates: Sequence[float] | None = None) -> NDArray[np.float64]:
        """Return the settings of the next steps, (steps, settings); those of each group one after the other.

        Args:
            steps: how many.
            rates: the learning rate of each; the present one in all of them unless given.
        """
        if not self.groups:
            return self._settings_of_all(steps, rates)
        found = []
        for group in self.groups:
            with self._as(group):
                own = None if rates is None else [rate * group.ratio for rate in rates]
                found.append(self._settings_of_all(steps, own))
        return np.concatenate(found, axis=1)

    @contextmanager
    def _as(self, group: Group) -> Iterator[None]:
        """Have the options of a group."""
        own = group.options | {"lr": self.lr * group.ratio}
        before = {name: getattr(self, name) for name in own}
        vars(self).update(own)
        try:
            yield
        finally:
            vars(self).update(before)

    def _settings_of_all(self, steps: int, rates: Sequence[float] | None) -> NDArray[np.float64]:
        t, rate = self.state["t"], self.lr
        if rates is None and type(self).settings is FirstOrder.settings:  # the same in each
            return np.tile(np.array(self.settings(t + 1), dtype=np.float64), (steps, 1))
        rows = []
        try:
            for s in range(steps):
                vars(self)["lr"] = rate if rates is None else rates[s]
                rows.append(self.settings(t + s + 1))
        finally:
            vars(self)["lr"] = rate
        return np.array(rows, dtype=np.float64).reshape(steps, -1)

    @property
    def memory(self) -> NDArray[np.float64]:
        """What is remembered of each weight, (slots, n)."""
        return np.array([self.state[name] for name in self.slots]).reshape(len(self.slots), len(self.parameters))

    def move_on(self, steps: int, memory: NDArray[np.float64]) -> None:
        """Take over what is remembered after steps that were taken elsewhere."""
        self.state = {"t": self.state["t"] + steps} | dict(zip(self.slots, memory, strict=True))

    def state_dict(self) -> dict[str, Any]:
        """Copy everything that the next steps depend on besides the weights, the options of groups too."""
        saved = super().state_dict()
        return (
            saved | {"groups": [[group.ratio, dict(group.options)] for group in self.groups]} if self.groups else saved
        )

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, so that training goes on exactly as it would have.

        Raises:
            StateError: it is of another class or of other groups, names and sizes do not fit, or something is no
                number, not finite or a negative count. Nothing is changed.
        """
        groups, masks = saved.get("groups", []), self.slots[self.own_slots :]
        if len(groups) != len(self.groups) or not all(
            np.array_equal(saved.get("state", {}).get(name), self.state[name]) for name in masks
        ):
            raise StateError(
                f"The state is of {len(groups) or 'no'} groups of parameters, and {type(self).__name__} has "
                f"{len(self.groups) or 'none'}, or others in them: build it as it was. Nothing was changed."
            )
        try:
            read = [check_options(type(self), options) for _, options in groups]
            ratios = [read_number(type(self).__name__, "ratio of a group", ratio) for ratio, _ in groups]
        except (TypeError, ValueError) as error:
            raise StateError(f"The state does not fit: {error} Nothing was changed.") from error
        super().load_state_dict(saved)
        for group, ratio, options in zip(self.groups, ratios, read, strict=True):
            group.ratio, group.options = ratio, options

    def update(self, w: Vector, g: Vector) -> Vector:
        """Apply the rule once, and keep what it remembers in `state`.

        Args:
            w: the weights, (n,); not changed.
            g: their gradients, (n,).

        Returns:
            the new weights, (n,).
        """
        t, rule = self.state["t"] + 1, self.applied_rule
        slots = [self.state[name] for name in self.slots]
        settings = self.settings_ahead(1)[0].tolist() if self.groups else self.settings(t)
        results = [np.empty_like(w) for _ in (w, *slots)]
        for start in range(0, len(w), WEIGHTS_OF_A_BLOCK):
            part = slice(start, start + WEIGHTS_OF_A_BLOCK)
            pieces = rule(w[part], g[part], *[slot[part] for slot in slots], *settings)
            if not isinstance(pieces, tuple | list) or len(pieces) != len(results):
                given = f"{len(pieces)}" if isinstance(pieces, tuple | list) else f"a {type(pieces).__name__}"
                raise TypeError(
                    f"The rule of {type(self).__name__} must return a tuple of {len(results)}, the new weight and the "
                    f"{len(results) - 1} slot(s) that it remembers, not {given}: end it with `return "
                    f"({', '.join(['w', *self.slots])}{',' * (not self.slots)})`."
                )
            for result, piece in zip(results, pieces, strict=True):
                result[part] = piece
        self.state = {"t": t} | dict(zip(self.slots, results[1:], strict=True))
        return results[0]

    def _advance(self, w: Vector, free: Mask, objective: Objective | None) -> tuple[float | None, Vector]:
        loss: float | None = None
        if objective is None:
            self._check_backward(free)
            g = flat.gradient(self.parameters)
        else:
            loss, g = objective.value_and_gradient(w)
        g = np.where(free, g, 0.0)
        self._check_gradient(w, g)
        if free.all():
            return loss, self.update(w, g)
        # Frozen weights take no part: neither decay nor momentum moves them, and what is remembered of them stays.
        self.count_each()
        whole = self.state
        self.state = {"t": whole["t"]} | {name: whole[name][free] for name in self.slots}
        moved = w.copy()
        moved[free] = self.update(w[free], g[free])
        for name in self.slots:
            kept = whole[name].copy()
            kept[free] = self.state[name]
            self.state[name] = kept
        return loss, moved

    def _check_backward(self, free: Mask) -> None:
        if free.any() and all(parameter.grad is None for parameter in self.parameters):
            raise ValueError(
                f"{type(self).__name__}.step() found no gradient: none of its {flat.count(len(self.parameters))}, of "
                f"which the first is {flat.label(self.parameters, 0)}, has one. Call loss.backward() first, on a loss "
                "computed from these very parameters; those of another model are other Values."
            )


class SGD(FirstOrder):
    """Gradient descent, with momentum, Nesterov's momentum, and L2 and L1 penalties (lectures L1.4, L4.10, L4.14).

    ::

        ΔW_t = η(∇E + ρW + λ sign W) + μΔW_{t−1},   W = W − ΔW_t

    With `nesterov` the gradient belongs to weights shifted by the momentum. The lecture's slide shifts them to
    W + μΔW; where ΔW is subtracted, that looks back, and W − μΔW is meant. The parameters held here ARE the
    shifted weights Θ = W − μΔW, so that the gradient is taken where the model computes::

        ΔW_t = η∇E(Θ_{t−1}) + μΔW_{t−1},   Θ_t = Θ_{t−1} − (η∇E(Θ_{t−1}) + μΔW_t)

    (I. Sutskever et al., ICML 2013; Y. Bengio et al., 2012.) PyTorch keeps ΔW/η instead of ΔW: the same while η holds;
    when a schedule lowers η, here the momentum gathered at the old rate runs out by itself.

    Args:
        parameters: leaves to train.
        lr: η, from 0.
        momentum: μ in [0, 1).
        nesterov: whether the gradient is that of the shifted weights.
        weight_decay: ρ, the strength of the L2 penalty ½ρ‖W‖², from 0.
        l1: λ, the strength of the L1 penalty λ‖W‖₁, from 0; a weight at exactly 0 is not moved by it.

    Raises:
        ValueError: an option is out of its range, or `nesterov` without momentum.
    """

    options = ("lr", "momentum", "nesterov", "weight_decay", "l1")
    slots = ("dW",)
    momentum, nesterov = Number(high=1.0), Flag()
    weight_decay, l1 = Number(), Number()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self.nesterov = momentum, nesterov
        self.weight_decay, self.l1 = weight_decay, l1
        self._check_groups()

    def check_together(self, options: Mapping[str, Any]) -> None:
        """Check that there is a momentum where weights are shifted by it.

        Raises:
            ValueError: there is none.
        """
        if options["nesterov"] and not options["momentum"]:
            raise ValueError("SGD with nesterov=True shifts the weights by the momentum: give momentum, such as 0.9.")

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, dW: Numbers,
        lr: float, momentum: float, nesterov: bool, weight_decay: float, l1: float,
    ) -> tuple[Numbers, ...]:  # fmt: skip
        """Return the new weights and ΔW."""
        if weight_decay:
            g = g + weight_decay * w
        if l1:
            g = g + l1 * autograd.sign(w)
        descent = lr * g
        dW = descent + momentum * dW if momentum else descent
        return w - (descent + momentum * dW if nesterov else dW), dW


class QuickProp(FirstOrder):
    """QuickProp: each weight jumps to the minimum of the parabola through its last two slopes (lecture L4.11).

    ::

        S = ∇E + ρW,   β = S_t/(S_{t−1} − S_t),   γ = S·ΔW_{t−1}·β
        η = η₀ if ΔW_{t−1} = 0 or ΔW_{t−1}·S > 0, else 0
        μ = μ_max if β > μ_max or γ < 0, else β
        ΔW_t = ηS + μΔW_{t−1},   W = W − ΔW_t

    The slide writes the two conditions with −ΔW. They come from Fahlman, whose ΔW is added; the slide's own is
    subtracted, and read literally it stops descending while the slope holds and accelerates uphill when it turns. Here
    all three lines subtract. Where both slopes are equal the parabola is a line, and the step grows by μ_max.
    Meant for full batches. (S. Fahlman, An empirical study of learning speed in back-propagation networks, 1988.)

    Args:
        parameters: leaves to train.
        lr: η₀, from 0; the slide's range is 0.01 to 0.6.
        mu_max: the most by which a step grows over the last one, from 0.
        weight_decay: ρ, from 0.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "mu_max", "weight_decay")
    slots = ("S", "dW")
    mu_max, weight_decay = Number(), Number()

    def __init__(
        self, parameters: Iterable[Value], lr: float = 0.1, mu_max: float = 1.75, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, lr)
        self.mu_max, self.weight_decay = mu_max, weight_decay

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, S: Numbers, dW: Numbers, lr: float, mu_max: float, weight_decay: float
    ) -> tuple[Numbers, ...]:
        """Return the new weights, S and ΔW."""
        before, S = S, g + weight_decay * w
        change = before - S
        level = equal(change, 0.0)
        beta = S / (change + level)
        line = level * (1.0 - equal(S, 0.0))
        mu = where(line + greater(beta, mu_max) + greater(0.0, S * dW * beta), mu_max, beta)
        eta = where(equal(dW, 0.0) + greater(dW * S, 0.0), lr, 0.0)
        dW = eta * S + mu * dW
        return w - dW, S, dW


class RProp(FirstOrder):
    """RProp: only the sign of a gradient counts; each weight has a step of its own (lecture L4.12).

    As on the slide, a weight moves in every step; PyTorch's pauses when its gradient turns, which is ``hold=True``::

        S = ∇E_{t−1}·∇E_t
        η = min(η_max, aη) if S > 0;  max(η_min, bη) if S < 0;  η otherwise
        ΔW_t = η sign ∇E_t,   W = W − ΔW_t

    For full batches: a mini-batch's noise turns signs. With `hold` a weight stays where it is in the step in which its
    gradient turns, and its step does not shrink twice (C. Igel, M. Hüsken, iRprop−, 2000).

    Args:
        parameters: leaves to train.
        lr: the first step of every weight, positive. The steps then adapt; assigning `lr` after the first has no
            effect, here as in PyTorch.
        etas: (b, a), with b in [0, 1) and a from 1.
        step_sizes: (η_min, η_max).
        hold: whether a weight pauses when its gradient turns, as in PyTorch.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "shrink", "grow", "step_min", "step_max", "hold")
    slots = ("step", "sign")
    shrink, grow = Number(high=1.0, called="etas[0]"), Number(low=1.0, called="etas[1]")
    step_min, step_max = Number(called="step_sizes[0]"), Number(called="step_sizes[1]")
    hold = Flag()
    packed = {"etas": ("shrink", "grow"), "step_sizes": ("step_min", "step_max")}

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        hold: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.shrink, self.grow = unpack("RProp", "etas", etas, 2)
        self.step_min, self.step_max = unpack("RProp", "step_sizes", step_sizes, 2)
        self.hold = hold
        self._check_groups()
        self.state["step"] = np.full(len(self.parameters), NO_STEP_YET)

    def check_together(self, options: Mapping[str, Any]) -> None:
        """Check that there is a first step, and that steps are between two ends.

        Raises:
            ValueError: there is none, or they are not.
        """
        if not options["lr"]:
            raise ValueError("RProp's lr is the first step of every weight and must be positive, not 0.")
        self._number("step_sizes[1]", options["step_max"], low=options["step_min"])

    @staticmethod
    def rule(
        w: Numbers, g: Numbers, step: Numbers, sign: Numbers,
        lr: float, shrink: float, grow: float, step_min: float, step_max: float, hold: bool,
    ) -> tuple[Numbers, ...]:  # fmt: skip
        """Return the new weights, their steps, and the signs of the gradient to compare with next time."""
        step = where(greater(0.0, step), lr, step)
        before, sign = sign, autograd.sign(g)
        turn = before * sign
        longer, shorter = minimum(step_max, grow * step), maximum(step_min, shrink * step)
        step = where(greater(turn, 0.0), longer, where(greater(0.0, turn), shorter, step))
        if hold:
            sign = where(greater(0.0, turn), 0.0, sign)
        return w - step * sign, step, sign
