"""Every optimiser by its name, each written once on flat vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from autograd import Value
from nn.optim.adaptive import AdaDelta, AdaGrad, Adam, AdamW, RMSProp
from nn.optim.first_order import SGD, FirstOrder, QuickProp, RProp
from nn.optim.least_squares import LevenbergMarquardt
from nn.optim.objective import Objective
from nn.optim.optimizer import Optimizer, StepError
from nn.optim.second_order import BFGS, LBFGS, ConjugateGradients, LineSearchOptimizer, Newton
from nn.registry import look_up

__all__ = [
    "BFGS",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ConjugateGradients",
    "FirstOrder",
    "LevenbergMarquardt",
    "LineSearchOptimizer",
    "Newton",
    "Objective",
    "Optimizer",
    "QuickProp",
    "RMSProp",
    "RProp",
    "StepError",
    "optimizer",
]

#: The optimisers by the names that `fit` takes.
OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {
        "sgd": SGD,
        "quickprop": QuickProp,
        "rprop": RProp,
        "adagrad": AdaGrad,
        "adadelta": AdaDelta,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
        "conjugate_gradients": ConjugateGradients,
        "newton": Newton,
        "bfgs": BFGS,
        "lbfgs": LBFGS,
        "levenberg_marquardt": LevenbergMarquardt,
    }
)


def optimizer(name: str, parameters: Iterable[Value], **options: Any) -> Optimizer:
    """Make an optimiser by its name.

    Args:
        name: one of `OPTIMIZERS`, with the learning rate in parentheses or without: ``"adam"``, ``"sgd(0.1)"``.
        parameters: leaves to train.
        options: what the class of that name takes; its defaults otherwise.

    Raises:
        ValueError: there is no such optimiser, or an option is out of its range.

    Example:
        >>> w = Value(1.0, name="w")
        >>> optimizer("sgd(0.5)", [w], momentum=0.9)
        SGD(1 parameter, lr=0.5, momentum=0.9, nesterov=False, weight_decay=0.0, l1=0.0)
    """
    kind, numbers = look_up(name, OPTIMIZERS, "optimiser")
    return kind(parameters, *numbers, **options)
