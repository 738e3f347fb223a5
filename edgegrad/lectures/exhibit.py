"""The exhibit of lecture L4.18: one small network, one task, and each optimiser from the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import nn
from autograd import Value
from nn.training.choice import choose_runner

__all__ = ["Trained", "moons", "optimisers", "train"]

Make = Callable[[Sequence[Value]], nn.Optimizer]


class Trained(NamedTuple):
    """A network after its training.

    Attributes:
        model: the network.
        history: the loss before each step.
        evaluations: how often the loss, with or without its derivatives, was computed.
        accuracy: the share of the test examples that it gets right.
    """

    model: nn.MLP
    history: nn.History
    evaluations: int
    accuracy: float


def optimisers() -> dict[str, Make]:
    """Return the optimisers of lectures L4.10 to L4.17, with learning rates that suit the task."""
    return {
        "plain descent": lambda w: nn.SGD(w, lr=0.2),
        "momentum": lambda w: nn.SGD(w, lr=0.2, momentum=0.9),
        "momentum and L2": lambda w: nn.SGD(w, lr=0.2, momentum=0.9, weight_decay=1e-3),
        "quickProp": lambda w: nn.QuickProp(w, lr=0.1),
        "rProp": lambda w: nn.RProp(w, lr=0.05),
        "Fletcher–Reeves": lambda w: nn.ConjugateGradients(w, method="fletcher-reeves"),
        "Polak–Ribière": lambda w: nn.ConjugateGradients(w, method="polak-ribiere"),
        "NAG": lambda w: nn.SGD(w, lr=0.2, momentum=0.9, nesterov=True),
        "AdaGrad": lambda w: nn.AdaGrad(w, lr=0.5),
        "AdaDelta": lambda w: nn.AdaDelta(w, lr=10.0),
        "Newton": nn.Newton,
        "BFGS": nn.BFGS,
        "Levenberg–Marquardt": nn.LevenbergMarquardt,
    }


def moons() -> tuple[Any, Any, Any, Any]:
    """Draw 60 points of two moons to learn from and 30 for the test, with targets −1 and 1."""
    X, y = nn.two_moons(90, noise=0.15, seed=5)
    t = 2.0 * y - 1.0
    return X[:60], t[:60], X[60:], t[60:]


def train(make: Make, steps: int) -> Trained:
    """Train the same 2-6-1 network from the same weights by full batches, on the mean squared error.

    Args:
        make: builds the optimiser.
        steps: how many it takes.
    """
    X, t, X_test, t_test = moons()
    model = nn.MLP(2, [6, 1], activation="tanh", seed=3)
    optimizer = make(model.parameters())
    compiled = optimizer.needs != "residuals"
    runner, _ = choose_runner(model, nn.mse, X, t, optimizer.parameters, asked=compiled)
    objective = runner.objective(X, t)
    history = nn.History()
    for _ in range(steps):
        loss = optimizer.step(objective)
        assert loss is not None
        history.append({"loss": loss})
    evaluations = objective.evaluations
    scores = nn.predict(model, X_test)[:, 0]
    return Trained(model, history, evaluations, float(((scores > 0.0) == (t_test > 0.0)).mean()))
