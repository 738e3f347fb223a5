"""What lowers a loss: every optimiser written once on flat vectors, with line searches, clipping and schedules.

An `Objective` is the loss as they see it, so that nothing here knows of models or data.
"""

from typing import Any

from nn import absent
from nn.optim.optimizers import (
    BFGS,
    LBFGS,
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    ConjugateGradients,
    LevenbergMarquardt,
    Newton,
    QuickProp,
    RMSProp,
    RProp,
)

__all__ = [
    "BFGS",
    "LBFGS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ConjugateGradients",
    "LevenbergMarquardt",
    "Newton",
    "QuickProp",
    "RMSProp",
    "RProp",
]


def __getattr__(name: str) -> Any:
    absent.refuse("nn.optim", name, absent.OPTIMIZERS, __all__)
