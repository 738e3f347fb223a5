"""Optimisers that choose a direction from the curvature, and the distance by a line search.

Conjugate gradients, BFGS and L-BFGS learn the curvature from the gradients they meet; Newton asks the engine for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd import Value
from nn.optim import flat
from nn.optim.flat import Mask, Vector
from nn.optim.line_search import EPSILON, Point, strong_wolfe
from nn.optim.objective import NO_FINITE_VALUE, Objective
from nn.optim.optimizer import Optimizer, StepError
from nn.optim.options import Number

__all__ = ["BFGS", "LBFGS", "ConjugateGradients", "LineSearchOptimizer", "Newton"]


class LineSearchOptimizer(Optimizer):
    """An optimiser that chooses a direction, and how far to go by the strong Wolfe conditions.

    For full batches: from one step to the next the objective must be the same function. Penalties on the weights
    belong into the loss. Where the own direction does not descend, or holds no lower point, what was learned of the
    curvature is forgotten and the step goes down the gradient.

    Attributes:
        stalled: whether the last step found no lower point, to within rounding: the weights are at a minimum.

    Args:
        parameters: leaves to train.
        lr: multiplies the first step length that is tried; 0 leaves the weights as they are.
        c1: what share of the fall that the slope promises is asked for (see `strong_wolfe`).
        c2: what share of the slope may be left.

    Raises:
        ValueError: an option is out of its range.
    """

    needs = "objective"
    options: ClassVar[tuple[str, ...]] = ("lr", "c1", "c2")
    c1, c2 = Number(high=1.0), Number(high=1.0)

    def __init__(self, parameters: Iterable[Value], lr: float, c1: float, c2: float) -> None:
        super().__init__(parameters, lr)
        self.c2 = c2
        self.c1 = self._number("c1", c1, high=self.c2)
        self.stalled = False
        self._last: tuple[Objective, Mask, Point] | None = None

    @abstractmethod
    def _direction(self, here: Point, objective: Objective, free: Mask) -> Vector:
        """Choose where to go from a point, as (n,) changes of the weights."""

    def _first_step(self, here: Point, direction: Vector) -> float:
        """Choose the step length to try first: the whole direction."""
        return 1.0

    def _learn(self, here: Point, there: Point, direction: Vector) -> None:
        """Remember an accepted step, in a new `state`."""

    def _forget(self) -> None:
        """Drop what was learned of the curvature."""

    def _advance(self, w: Vector, free: Mask, objective: Objective | None) -> tuple[float | None, Vector]:
        assert objective is not None
        known = self._recall(w, free, objective)
        here = known or self._evaluate(w, objective)
        if not self.lr or (known and self.stalled):
            return here.value, w
        learned = self.state
        for own in (True, False):
            direction = self._direction(here, objective, free) if own else -here.gradient
            direction = np.where(free, direction, 0.0)
            there = self._search(here, direction, objective)
            if there is not None:
                self._learn(here, there, direction)
                self._last, self.stalled = (objective, free, there), False
                return here.value, there.weights
            if own:
                self._forget()
        self.state = learned
        self._last, self.stalled = (objective, free, here), True
        return here.value, w

    def _recall(self, w: Vector, free: Mask, objective: Objective) -> Point | None:
        """Recall the point where the last step ended, if it is still the present one."""
        if self._last is None or self._last[0] is not objective:
            return None
        _, before, point = self._last
        return point if np.array_equal(before, free) and np.array_equal(point.weights, w) else None

    def _evaluate(self, w: Vector, objective: Objective) -> Point:
        """Compute the loss and its gradient at the present weights."""
        value, gradient = objective.value_and_gradient(w)
        if not np.isfinite(value):
            raise StepError(
                f"{type(self).__name__} did not step: the loss is {value:g} at the present weights, which are as they "
                "were. Look for NaN in the data, or start from smaller weights."
            )
        self._check_gradient(w, gradient)
        return Point(0.0, value, 0.0, w, gradient)

    def _search(self, here: Point, direction: Vector, objective: Objective) -> Point | None:
        slope = float(direction @ here.gradient)
        if not -np.inf < slope < 0.0:
            return None

        def probe(step: float) -> Point:
            w = here.weights + step * direction
            try:
                value, gradient = objective.value_and_gradient(w)
            except NO_FINITE_VALUE:
                return Point(step, np.inf, np.nan, w, here.gradient)
            finite = np.isfinite(value) and np.isfinite(gradient).all()
            return Point(step, value if finite else np.inf, float(direction @ gradient), w, gradient)

        start = here._replace(step=0.0, slope=slope)
        return strong_wolfe(probe, start, self.lr * self._first_step(start, direction), c1=self.c1, c2=self.c2)


class ConjugateGradients(LineSearchOptimizer):
    """Conjugate gradients: each direction keeps a part of the one before (lecture L4.13).

    ::

        p₀ = ∇E,   p = ∇E + βp,   W = W − ηp,   η from min E(W − ηp)
        Fletcher–Reeves: β = gₜᵀgₜ / gₜ₋₁ᵀgₜ₋₁
        Polak–Ribière:   β = gₜᵀ(gₜ − gₜ₋₁) / gₜ₋₁ᵀgₜ₋₁

    and β = 0 every n cycles, which drops what rounding and non-quadratic terms have spoilt. A negative β of
    Polak–Ribière is taken as 0, without which the method may cycle (J. Gilbert, J. Nocedal, SIAM J. Optim. 2 (1992)
    21). The slide's ρW and μΔW are left out: a line search along p + ρW minimises another function than E.
    On a quadratic of n weights with exact searches (small c2) the minimum is reached in n steps.

    Args:
        parameters: leaves to train.
        lr: multiplies the first step length that is tried.
        method: "fletcher-reeves" or "polak-ribiere".
        reset_every: steps between resets; the number of parameters that are not frozen, unless given.
        c1: see `LineSearchOptimizer`.
        c2: see `LineSearchOptimizer`; conjugacy needs sharper searches than the other methods.

    Raises:
        ValueError: an option is out of its range, or the method is unknown.
    """

    options = ("lr", "c1", "c2", "method", "reset_every")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1.0,
        method: str = "fletcher-reeves",
        reset_every: int | None = None,
        c1: float = 1e-4,
        c2: float = 0.1,
    ) -> None:
        super().__init__(parameters, lr, c1, c2)
        if method not in ("fletcher-reeves", "polak-ribiere"):
            raise ValueError(
                f"ConjugateGradients knows the methods 'fletcher-reeves' and 'polak-ribiere', not {method!r}."
            )
        if reset_every is not None and (not isinstance(reset_every, int) or reset_every < 1):
            raise ValueError(f"ConjugateGradients's reset_every must be a whole number from 1, not {reset_every!r}.")
        self.method = method
        self.reset_every = reset_every
        self._forget()

    def _forget(self) -> None:
        nothing = np.zeros(len(self.parameters))
        self.state = {"p": nothing, "g": nothing, "cycle": 0, "fall": 0.0}

    def _direction(self, here: Point, objective: Objective, free: Mask) -> Vector:
        g, before = here.gradient, self.state["g"]
        if self.state["cycle"] % (self.reset_every or np.count_nonzero(free)) == 0 or not before.any():
            return -g
        change = g if self.method == "fletcher-reeves" else g - before
        beta = max(0.0, float(g @ change) / float(before @ before))
        p: Vector = g + beta * self.state["p"]
        return -p

    def _first_step(self, here: Point, direction: Vector) -> float:
        # The first-order fall is taken to be that of the last step (Nocedal & Wright, section 3.5).
        fall = self.state["fall"]
        return float(fall / here.slope) if fall else _cautious(here)

    def _learn(self, here: Point, there: Point, direction: Vector) -> None:
        fall = there.step * float(direction @ here.gradient)
        self.state = {"p": -direction, "g": here.gradient, "cycle": self.state["cycle"] + 1, "fall": fall}


class BFGS(LineSearchOptimizer):
    """BFGS: a running estimate V of the inverse Hessian, from changes of weights and gradients (lecture L4.16).

    ::

        W = W − ηV∇E
        V = (I − s rᵀ/sᵀr) V (I − r sᵀ/sᵀr) + s sᵀ/sᵀr,   s = ΔW, r = Δ∇E

    The slide's V − V s sᵀV/(sᵀV s) + r rᵀ/(sᵀs) is the update of the Hessian itself (with sᵀs for sᵀr), where V stands
    for its inverse. V starts as (sᵀr/rᵀr)I instead of 1, which gives the first
    steps the right size. Source: J. Nocedal, S. Wright, Numerical Optimization (2006), formulas 6.17 and 6.20.

    Args:
        parameters: leaves to train, at most 10,000: V holds the square of their number.
        lr: multiplies the first step length that is tried.
        c1: see `LineSearchOptimizer`.
        c2: see `LineSearchOptimizer`.

    Raises:
        ValueError: an option is out of its range, or there are too many parameters.
    """

    def __init__(self, parameters: Iterable[Value], lr: float = 1.0, c1: float = 1e-4, c2: float = 0.9) -> None:
        super().__init__(parameters, lr, c1, c2)
        self._check_matrix()
        self._forget()

    def _forget(self) -> None:
        self.state = {"V": np.eye(len(self.parameters)), "updates": 0}

    def _direction(self, here: Point, objective: Objective, free: Mask) -> Vector:
        step: Vector = -(self.state["V"] @ here.gradient)
        return step

    def _first_step(self, here: Point, direction: Vector) -> float:
        return 1.0 if self.state["updates"] else _cautious(here)

    def _learn(self, here: Point, there: Point, direction: Vector) -> None:
        s, r = there.weights - here.weights, there.gradient - here.gradient
        sr = float(s @ r)
        if not _is_curved(s, r, sr):
            return
        V, updates = self.state["V"], self.state["updates"]
        if not updates:
            V = V * (sr / float(r @ r))
        Vr = V @ r
        cross = np.outer(Vr, s)
        V = V + (1.0 + float(r @ Vr) / sr) * np.outer(s, s) / sr - (cross + cross.T) / sr
        self.state = {"V": V, "updates": updates + 1}


class LBFGS(LineSearchOptimizer):
    """L-BFGS: BFGS that keeps the last few pairs (s, r) instead of the matrix V, for many parameters.

    ::

        q = ∇E;            for each pair from the last:   a = sᵀq/sᵀr,   q = q − a·r
        q = (sᵀr/rᵀr)·q;   for each pair from the first:  q = q + (a − rᵀq/sᵀr)·s
        W = W − ηq

    so that q = V∇E for the V of BFGS that starts from (sᵀr/rᵀr)I of the last pair.
    Source: J. Nocedal, S. Wright, Numerical Optimization (2006), algorithm 7.4.

    Args:
        parameters: leaves to train.
        lr: multiplies the first step length that is tried.
        history_size: the number of pairs kept, from 1.
        c1: see `LineSearchOptimizer`.
        c2: see `LineSearchOptimizer`.

    Raises:
        ValueError: an option is out of its range.
    """

    options = ("lr", "c1", "c2", "history_size")

    def __init__(
        self, parameters: Iterable[Value], lr: float = 1.0, history_size: int = 10, c1: float = 1e-4, c2: float = 0.9
    ) -> None:
        super().__init__(parameters, lr, c1, c2)
        if not isinstance(history_size, int) or history_size < 1:
            raise ValueError(f"LBFGS's history_size must be a whole number from 1, not {history_size!r}.")
        self.history_size = history_size
        self._forget()

    def _forget(self) -> None:
        none = np.empty((0, len(self.parameters)))
        self.state = {"s": none, "r": none}

    def _shape(self, key: str, state: Mapping[str, Any]) -> tuple[int, ...]:
        return (len(state["s"]) if np.ndim(state["s"]) else 0, len(self.parameters))

    def _direction(self, here: Point, objective: Objective, free: Mask) -> Vector:
        pairs = [(s, r, float(s @ r)) for s, r in zip(self.state["s"], self.state["r"], strict=True)]
        q = here.gradient.copy()
        shares = []
        for s, r, sr in reversed(pairs):
            shares.append(float(s @ q) / sr)
            q -= shares[-1] * r
        if pairs:
            _, r, sr = pairs[-1]
            q *= sr / float(r @ r)
        for (s, r, sr), share in zip(pairs, reversed(shares), strict=True):
            q += (share - float(r @ q) / sr) * s
        return -q

    def _first_step(self, here: Point, direction: Vector) -> float:
        return 1.0 if len(self.state["s"]) else _cautious(here)

    def _learn(self, here: Point, there: Point, direction: Vector) -> None:
        s, r = there.weights - here.weights, there.gradient - here.gradient
        if _is_curved(s, r, float(s @ r)):
            kept = slice(-self.history_size, None)
            self.state = {"s": np.vstack([self.state["s"], s])[kept], "r": np.vstack([self.state["r"], r])[kept]}


class Newton(LineSearchOptimizer):
    """Newton's method: straight to the minimum of the local parabola (lecture L4.16).

    ::

        W = W − ηH⁻¹∇E

    H comes from the engine. Its eigenvalues are made positive first: where the loss is curved downwards λ becomes |λ|,
    so that a saddle repels, and |λ| is at least `damping`·max|λ|, so that a singular H can be inverted; H = 0 leaves
    steepest descent. A positive definite H is used as it is: on a quadratic with η = 1 one step does it.
    Source: J. Nocedal, S. Wright, Numerical Optimization (2006), section 3.4; Y. Dauphin et al., NIPS 2014.

    Args:
        parameters: leaves to train, at most 10,000: H holds the square of their number.
        lr: η with `line_search` off; with it, the first η that is tried.
        damping: the smallest curvature, as a share of the largest, from 0 to below 1.
        line_search: whether η is chosen by a line search. Without it the step is taken as it comes, as on the slide.
        c1: see `LineSearchOptimizer`.
        c2: see `LineSearchOptimizer`.

    Raises:
        ValueError: an option is out of its range, or there are too many parameters.
    """

    needs = "hessian"
    options = ("lr", "c1", "c2", "damping", "line_search")
    damping = Number(high=1.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1.0,
        damping: float = 1e-8,
        line_search: bool = True,
        c1: float = 1e-4,
        c2: float = 0.9,
    ) -> None:
        super().__init__(parameters, lr, c1, c2)
        self._check_matrix()
        self.damping = damping
        self.line_search = bool(line_search)

    def _direction(self, here: Point, objective: Objective, free: Mask) -> Vector:
        chosen = np.flatnonzero(free)
        H = objective.hessian(here.weights)[np.ix_(chosen, chosen)]
        row = flat.first_not_finite(H) if H.size else None
        if row is not None:
            raise StepError(
                "Newton did not step: the Hessian has a second derivative by "
                f"{flat.label(self.parameters, chosen[row])} that is infinite or NaN. The weights are as they were. "
                "Look for an operation at the edge of its domain."
            )
        curvature, axes = np.linalg.eigh(H)
        strength = np.abs(curvature)
        largest = strength.max(initial=0.0)
        floor = max(self.damping, EPSILON) * largest if largest else 1.0
        step = np.zeros(len(free))
        step[chosen] = -axes @ ((axes.T @ here.gradient[chosen]) / np.maximum(strength, floor))
        return step

    def _search(self, here: Point, direction: Vector, objective: Objective) -> Point | None:
        if self.line_search:
            return super()._search(here, direction, objective)
        if not direction.any():
            return None
        w = here.weights + self.lr * direction
        value, gradient = objective.value_and_gradient(w)
        if not np.isfinite(value):
            raise StepError(
                f"Newton did not step: the loss would be {value:g}. The weights are as they were. Take a smaller lr, "
                "or line_search=True."
            )
        return Point(self.lr, value, float(direction @ gradient), w, gradient)


def _cautious(here: Point) -> float:
    """Choose the first step along a gradient of unknown scale: no weight is moved by more than 1 in all."""
    return float(min(1.0, 1.0 / np.abs(here.gradient).sum()))


def _is_curved(s: Vector, r: Vector, sr: float) -> bool:
    """Whether a pair of changes shows positive curvature, beyond rounding."""
    return bool(sr > EPSILON * np.linalg.norm(s) * np.linalg.norm(r))
