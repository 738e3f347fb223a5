"""Optimizer: what every descent has in common, from SGD to Levenberg–Marquardt.

A step reads the parameters as one flat vector, computes new weights and assigns them all; or it fails and changes none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from autograd import AutogradError, Value
from nn.errors import StateError
from nn.interrupts import allow_interrupts
from nn.optim import flat
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Objective
from nn.optim.options import Number, read_number

__all__ = ["Optimizer", "StepError", "is_count"]


class StepError(AutogradError, ArithmeticError):
    """A step could not be taken: a gradient or the new weights were infinite or NaN.

    Cause: training diverges (a learning rate that is too large, inputs that are not scaled), or the data hold a NaN.
    The weights and the optimiser are as they were before the step. Cure: a smaller `lr`, clipped gradients
    (`clip_grad_norm`), standardised inputs.
    """


MAX_PARAMETERS_OF_A_MATRIX = 10_000  # parameters beyond which a matrix over all pairs of them takes more than 0.8 GB

#: What each kind of optimiser computes with beyond the gradients in `grad`.
NEEDS = {
    "objective": "the loss at other weights than the present ones",
    "hessian": "the loss, its gradient and its Hessian",
    "residuals": "the residuals of all examples and their Jacobian",
}


class Optimizer(ABC):
    """Trains a list of parameters, one `step` at a time.

    Attributes:
        parameters: the Values it trains, in order. Frozen ones (`requires_grad` False) are left alone.
        lr: the learning rate η, from 0; may be assigned, as schedules do.
        state: what it remembers between steps: arrays whose last axis runs over the parameters, and numbers.
        needs: "gradient" where `step()` works from the parameters' `grad`; "objective", "hessian" or "residuals"
            where it must be called as ``step(objective)``.
        options: names of the attributes that govern the step, lr first.

    Args:
        parameters: leaves to train, such as `model.parameters()`.
        lr: the learning rate.

    Raises:
        TypeError: parameters are not Values.
        ValueError: there are no parameters, or an option is out of its range.
    """

    needs: ClassVar[str] = "gradient"
    options: ClassVar[tuple[str, ...]] = ("lr",)
    #: What of the state, beside counts, is never 0 or negative.
    positive: ClassVar[frozenset[str]] = frozenset()
    lr = Number()

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = flat.parameter_list(parameters, type(self).__name__)
        self.state: dict[str, Any] = {}
        self.lr = lr

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts from none."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self, objective: Objective | None = None) -> float | None:
        """Move the parameters once.

        Args:
            objective: the loss as a function of the weights. With it, every optimiser computes what it needs;
                without it, first-order ones work from the `grad` that a backward pass left.

        Returns:
            the loss at the weights the step started from; None without an objective.

        Raises:
            ValueError: an objective is needed and missing or over other parameters, or no gradient is computed.
            StepError: a gradient or the new weights are not finite. Nothing is changed then.
        """
        if objective is None and self.needs != "gradient":
            raise ValueError(
                f"{type(self).__name__}.step() needs {NEEDS[self.needs]}, not only gradients: call step(objective) "
                "with objective = Objective.from_closure(parameters, loss"
                f"{', residuals' if self.needs == 'residuals' else ''})."
            )
        if objective is not None:
            self.check_parameters(objective.parameters)
        w, free, state = flat.weights(self.parameters), flat.free(self.parameters), self.state
        try:
            with np.errstate(all="ignore"), allow_interrupts():  # what is not finite is found below, and named
                loss, moved = self._advance(w, free, objective)
            self._check_finite(w, moved)
            flat.assign(self.parameters, moved)
        except BaseException:
            self.state = state
            flat.assign(self.parameters, w)  # Ctrl-C may have kept an objective from putting them back
            raise
        return loss

    @abstractmethod
    def _advance(self, w: Vector, free: Mask, objective: Objective | None) -> tuple[float | None, Vector]:
        """Compute the loss at w, if there is an objective, and the new weights; replace `state`, never change it."""

    def check_parameters(self, parameters: Sequence[Value]) -> None:
        """Make sure that this optimiser trains exactly these parameters, in this order.

        Raises:
            ValueError: it trains others, such as those of another model.
        """
        name = type(self).__name__
        if len(parameters) != len(self.parameters):
            raise ValueError(
                f"{name} trains {flat.count(len(self.parameters))}, but {len(parameters):,} were given: they belong to "
                "another model, or to a part of this one. Build the optimiser from the same model.parameters()."
            )
        for index, (own, other) in enumerate(zip(self.parameters, parameters, strict=True)):
            if own is not other:
                raise ValueError(
                    f"{name} trains other parameters than the ones given: at parameter {index} it has "
                    f"{own.describe()} and was given {other.describe()}, another Value. Build the optimiser from the "
                    "same model.parameters()."
                )

    def state_dict(self) -> dict[str, Any]:
        """Copy everything that the next steps depend on besides the weights.

        Returns:
            ``{"optimizer": class name, "options": {name: number}, "state": {name: array or number}}``.
        """
        state = {name: part.copy() if isinstance(part, np.ndarray) else part for name, part in self.state.items()}
        options = {name: getattr(self, name) for name in self.options}
        return {"optimizer": type(self).__name__, "options": options, "state": state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, so that training goes on exactly as it would have.

        Raises:
            StateError: it is of another class, names and sizes do not fit, or something is no number, not finite or a
                negative count; all is listed, nothing is changed.
        """
        name, size = type(self).__name__, len(self.parameters)
        problems = [f"it has no entry {key!r}" for key in ("optimizer", "options", "state") if key not in saved]
        if not problems and saved["optimizer"] != name:
            problems.append(f"it is of {saved['optimizer']}")
        if not problems:
            problems += _differences("option", saved["options"], self.options)
            problems += _differences("state", saved["state"], self.state)
            problems += [
                f"state {key!r} {problem}"
                for key, part in saved["state"].items()
                if key in self.state and (problem := self._problem(key, part, saved["state"]))
            ]
        if problems:
            raise StateError(
                f"The state does not fit {name} over {flat.count(size)}: {'; '.join(problems)}. Nothing was changed."
            )
        before = {option: getattr(self, option) for option in self.options}
        try:
            for option in self.options:
                setattr(self, option, saved["options"][option])
        except (TypeError, ValueError) as error:
            for option, content in before.items():
                setattr(self, option, content)
            raise StateError(f"The state does not fit {name}: {error} Nothing was changed.") from error
        self.state = {
            key: part.astype(np.float64) if isinstance(part, np.ndarray) else type(self.state[key])(part)
            for key, part in saved["state"].items()
        }

    def _problem(self, key: str, part: Any, state: Mapping[str, Any]) -> str:
        """Say what is wrong with something that was remembered; nothing where it can be gone on from."""
        own, size = self.state[key], len(self.parameters)
        if not isinstance(own, np.ndarray):
            return _problem_of_number(part, isinstance(own, int), key in self.positive)
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "fiu":
            return f"is {part!r:.40} instead of an array of numbers"
        if part.shape[-1:] != (size,):
            return f"is for {flat.count(part.shape[-1]) if part.shape else 'no parameters'} instead of {size:,}"
        if part.shape != (wanted := self._shape(key, state)):
            return f"has shape {part.shape} instead of {wanted}"
        index = flat.first_not_finite(part) if part.size else None
        return "" if index is None else f"is infinite or NaN for {flat.label(self.parameters, index)}"

    def _shape(self, key: str, state: Mapping[str, Any]) -> tuple[int, ...]:
        """Return of what shape an array of a state has to be."""
        shape: tuple[int, ...] = self.state[key].shape
        return shape

    def _number(self, option: str, number: Any, low: float = 0.0, high: float = np.inf) -> float:
        """Check that an option is a number in [low, high)."""
        return read_number(type(self).__name__, option, number, low, high)

    def _check_matrix(self) -> None:
        """Check that a matrix over all pairs of parameters fits into memory."""
        name, n = type(self).__name__, len(self.parameters)
        if n > MAX_PARAMETERS_OF_A_MATRIX:
            raise ValueError(
                f"{name} computes with a matrix over all pairs of parameters: for {n:,} of them it takes "
                f"{8e-9 * n * n:.1f} GB. Its limit is {MAX_PARAMETERS_OF_A_MATRIX:,} parameters: use LBFGS or Adam."
            )

    def _check_gradient(self, w: Vector, g: Vector) -> None:
        index = flat.first_not_finite(g)
        if index is not None:
            others = int(np.count_nonzero(~np.isfinite(g))) - 1
            raise StepError(
                f"{type(self).__name__} did not step: the gradient of {flat.label(self.parameters, index)} is "
                f"{g[index]:g}, where the weight is {w[index]:g}{_and_others(others)}. The weights are as they were. "
                "Look for NaN in the data, take a smaller lr, or clip the gradients."
            )

    def _check_finite(self, w: Vector, moved: Vector) -> None:
        for what, part in {"weight": moved, **self.state}.items():
            index = flat.first_not_finite(part) if isinstance(part, np.ndarray) and part.size else None
            if index is not None:
                quantity = "it" if what == "weight" else f"its {what} in the optimiser's state"
                raise StepError(
                    f"{type(self).__name__} did not step: {flat.label(self.parameters, index)} is {w[index]:g}, and "
                    f"the step with lr = {self.lr:g} would make {quantity} infinite or NaN. The weights are as they "
                    "were. Take a smaller lr, or clip the gradients."
                )

    def __repr__(self) -> str:
        options = [f"{name}={getattr(self, name)!r}" for name in self.options]
        groups = len(getattr(self, "groups", ()))
        count = flat.count(len(self.parameters)) + (f" in {groups} group{'s' * (groups != 1)}" if groups else "")
        return f"{type(self).__name__}({', '.join([count, *options])})"


def _and_others(count: int) -> str:
    return f" (and {count:,} more {'is' if count == 1 else 'are'} not finite)" if count else ""


def is_count(content: Any) -> bool:
    """Whether something is a whole number from 0."""
    return isinstance(content, int | np.integer) and not isinstance(content, bool) and int(content) >= 0


def _problem_of_number(content: Any, whole: bool, positive: bool) -> str:
    if whole:
        return "" if is_count(content) else f"is {content!r:.40} instead of a whole number from 0"
    number = isinstance(content, int | float | np.integer | np.floating) and not isinstance(content, bool)
    if number and np.isfinite(content) and (content > 0 or not positive):
        return ""
    return f"is {content!r:.40} instead of a {'positive' if positive else 'finite'} number"


def _differences(kind: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
    given, known = list(given), list(known)
    missing = [f"{kind} {name!r} is missing" for name in known if name not in given]
    return missing + [f"{kind} {name!r} is unknown" for name in given if name not in known]
