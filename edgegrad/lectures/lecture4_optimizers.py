"""Lecture 14, the optimisers: each by the slide's formula on one bowl, and all of them on one exhibit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import Value
from edgegrad.lectures import pictures
from edgegrad.lectures.exhibit import optimisers, train
from edgegrad.lectures.report import Report, row

Floats = NDArray[np.float64]

A = np.array([[4.0, 1.0], [1.0, 1.0]])  # E = ½wᵀAw − w₁, whose gradient is Aw − (1, 0)
MINIMUM = [1.0 / 3.0, -1.0 / 3.0]
START = np.array([2.0, -1.5])
STEPS = 6


def bowl(w: list[Value]) -> Value:
    """Compute E = 2w₁² + w₁w₂ + ½w₂² − w₁."""
    return 2.0 * w[0] ** 2 + w[0] * w[1] + 0.5 * w[1] ** 2 - w[0]


def slope(w: Floats) -> Floats:
    """Compute the gradient by the matrix form, to check the engine's with."""
    slopes: Floats = A @ w - [1.0, 0.0]
    return slopes


def descend(make: Callable[[list[Value]], nn.Optimizer], steps: int = STEPS) -> list[float]:
    """Take steps with an optimiser on the bowl, with the engine's gradients, and return w."""
    w = [Value(x, name=f"w{k}") for k, x in enumerate(START.tolist(), 1)]
    optimizer, objective = make(w), nn.Objective.from_closure(w, lambda: bowl(w))
    for _ in range(steps):
        optimizer.step(objective)
    return [x.data for x in w]


def _compare(
    report: Report, what: str, make: Callable[[list[Value]], nn.Optimizer], rule: Callable[[Floats, Any], Any]
) -> None:
    """Compare w after some steps with the slide's formula, `rule`, which gives ΔW and what it keeps in mind."""
    w, kept = START.copy(), None
    for _ in range(STEPS):
        change, kept = rule(w, kept)
        w = w - change
    report.compare(f"w after {STEPS} steps, {what}", descend(make), w.tolist(), "the formula", digits=8)


@row("nn.SGD")
def L4_10(report: Report) -> None:
    """Descend plainly, with momentum, and with L2: ΔW = η(∇E + ρW) + μΔW."""
    for label, mu, rho in (("plain", 0.0, 0.0), ("momentum μ = 0.9", 0.9, 0.0), ("momentum and ρ = 0.1", 0.9, 0.1)):

        def rule(w: Floats, before: Any, mu: float = mu, rho: float = rho) -> Any:
            change = 0.1 * (slope(w) + rho * w) + mu * (0.0 if before is None else before)
            return change, change

        _compare(report, label, partial(nn.SGD, lr=0.1, momentum=mu, weight_decay=rho), rule)


@row("nn.QuickProp")
def L4_11(report: Report) -> None:
    """Jump to the minimum of each weight's parabola with quickProp."""

    def rule(w: Floats, kept: Any) -> Any:
        S = slope(w)
        before, last = kept or (np.zeros(2), np.zeros(2))
        change = []
        for s, b, d in zip(S, before, last, strict=True):
            beta = s / (b - s) if b != s else np.inf
            mu = 1.75 if beta > 1.75 or s * d * beta < 0 else beta
            eta = 0.1 if d == 0 or d * s > 0 else 0.0
            change.append(eta * s + (mu * d if d else 0.0))
        return np.array(change), (S, np.array(change))

    _compare(report, "quickProp", lambda w: nn.QuickProp(w, lr=0.1), rule)
    report.say("The slide writes its conditions with −ΔW, as Fahlman does, but subtracts ΔW: here all lines subtract.")


@row("nn.RProp")
def L4_12(report: Report) -> None:
    """Follow the signs of the gradient only, with rProp: steps grow by 1.2 and shrink by 0.5."""

    def rule(w: Floats, kept: Any) -> Any:
        sign = np.sign(slope(w))
        before, step = kept or (np.zeros(2), np.full(2, 0.1))
        step = np.clip(np.where(before * sign > 0, 1.2 * step, np.where(before * sign < 0, 0.5 * step, step)), 1e-6, 50)
        return step * sign, (sign, step)

    _compare(report, "rProp", lambda w: nn.RProp(w, lr=0.1), rule)


@row("nn.ConjugateGradients")
def L4_13(report: Report) -> None:
    """Reach the bottom of a bowl of two weights in two steps, with conjugate gradients."""
    for label, method in (("Fletcher–Reeves", "fletcher-reeves"), ("Polak–Ribière", "polak-ribiere")):
        found = descend(partial(nn.ConjugateGradients, method=method, c1=1e-9, c2=1e-6), 2)
        report.compare(f"w after 2 steps, {label}", found, MINIMUM, "the minimum", digits=6, rounding=1e-5)


@row("nn.SGD")
def L4_14(report: Report) -> None:
    """Take the gradient at the weights shifted by the momentum: Nesterov's descent."""
    w, change = START.copy(), np.zeros(2)
    for _ in range(STEPS):
        change = 0.1 * slope(w - 0.9 * change) + 0.9 * change
        w = w - change
    found = descend(lambda w: nn.SGD(w, lr=0.1, momentum=0.9, nesterov=True))
    report.compare(f"W − μΔW after {STEPS} steps", found, (w - 0.9 * change).tolist(), "the formula", digits=8)
    report.say("The parameters hold the shifted weights W − μΔW, so that the gradient is taken where the model is.")


@row("nn.AdaGrad", "nn.AdaDelta")
def L4_15(report: Report) -> None:
    """Divide gradients by their own history: AdaGrad and AdaDelta."""

    def adagrad(w: Floats, G: Any) -> Any:
        g = slope(w)
        G = g * g + (0.0 if G is None else G)
        return 0.5 * g / (np.sqrt(G) + 1e-10), G

    def adadelta(w: Floats, kept: Any) -> Any:
        g = slope(w)
        S, D = kept or (np.zeros(2), np.zeros(2))
        S = 0.9 * S + 0.1 * g * g
        step = np.sqrt(D + 1e-6) / np.sqrt(S + 1e-6) * g
        return step, (S, 0.9 * D + 0.1 * step * step)

    _compare(report, "AdaGrad", lambda w: nn.AdaGrad(w, lr=0.5), adagrad)
    _compare(report, "AdaDelta", lambda w: nn.AdaDelta(w), adadelta)
    still = descend(lambda w: nn.AdaDelta(w, eps=0.0))
    report.compare("w of AdaDelta without the ε that the slide leaves out", still, START.tolist(), "where it began")


@row("nn.Newton", "nn.BFGS")
def L4_16(report: Report) -> None:
    """Use the curvature: Newton's step ΔW = H⁻¹∇E, and BFGS, which learns H⁻¹ on the way."""
    report.compare("w after 1 step of Newton", descend(nn.Newton, 1), MINIMUM, "the minimum", digits=6, rounding=1e-9)
    w = [Value(x) for x in START.tolist()]
    optimizer, objective = nn.BFGS(w, c1=1e-9, c2=1e-6), nn.Objective.from_closure(w, lambda: bowl(w))
    for _ in range(3):
        optimizer.step(objective)
    report.compare("w after 3 steps of BFGS", [x.data for x in w], MINIMUM, "the minimum", digits=6, rounding=1e-5)
    inverse = optimizer.state["V"].ravel().tolist()
    report.compare("its estimate of H⁻¹", inverse, np.linalg.inv(A).ravel().tolist(), "A⁻¹", digits=6, rounding=1e-4)
    report.say("The slide's BFGS mixes the updates of H and of H⁻¹: here it is that of H⁻¹.")


@row("nn.LevenbergMarquardt")
def L4_17(report: Report) -> None:
    """Fit a curve by Levenberg–Marquardt: ΔW = (JᵀJ + μ diag(JᵀJ))⁻¹Jᵀe, J from the engine."""
    x, y = [0.0, 1.0, 2.0, 3.0], [2.1, 1.1, 0.8, 0.3]
    w = [Value(1.0, name="w1"), Value(0.3, name="w2")]

    def errors() -> list[Value]:
        return [w[0] * (-w[1] * a).exp() - b for a, b in zip(x, y, strict=True)]

    objective = nn.Objective.from_closure(w, residuals=errors)
    e, J = objective.residuals_and_jacobian(np.array([1.0, 0.3]))
    decay = np.exp(-0.3 * np.array(x))
    report.compare("J by w1", J[:, 0].tolist(), decay.tolist(), "closed form")
    normal = J.T @ J
    expected = [1.0, 0.3] - np.linalg.solve(normal + 1e-3 * np.diag(np.diag(normal)), J.T @ e)
    optimizer = nn.LevenbergMarquardt(w, mu=1e-3)
    optimizer.step(objective)
    report.compare("w after a step", [p.data for p in w], expected.tolist(), "the formula", rounding=1e-9)
    for _ in range(12):
        optimizer.step(objective)
    report.compare("squared error where it ends", 2 * objective.value(np.array([p.data for p in w])), digits=5)


@row("nn.OPTIMIZERS", "nn.plots.compare", "nn.plots.decision", "nn.plots.weights")
def L4_18(report: Report, steps: int = 100) -> None:
    """Show each optimiser on the same exhibit: its errors, its decision on test data, its first layer."""
    shown = {label: train(make, steps) for label, make in optimisers().items()}
    for label, one in shown.items():
        losses = one.history["loss"]
        report.compare(
            f"{label}: E at the start, after 10 steps, at the end", [round(losses[k], 3) for k in (0, 10, -1)], digits=3
        )
        report.compare(f"{label}: evaluations, and accuracy on test data", [one.evaluations, one.accuracy], digits=3)
    histories = {label: one.history for label, one in shown.items()}
    report.picture("errors", lambda: nn.plots.compare(histories, start=10))
    report.picture("exhibit", lambda: pictures.exhibit(shown))


@row("nn.digits", "nn.train_test_split", "nn.fit", "nn.confusion_matrix")
def L4_19(report: Report, epochs: int = 8) -> None:
    """Practise on handwritten digits: split, mini-batches, a modified descent, quality metrics."""
    X, y = nn.digits()
    X, X_test, y, y_test = nn.train_test_split(X, y, test_size=0.25, seed=0)
    model = nn.MLP(64, [24, 10], activation="relu", seed=0)
    optimizer = nn.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    history = nn.fit(
        model, X, y, "cross_entropy", optimizer, epochs, 16, validation_split=0.1, metrics=["accuracy"], seed=0
    )
    accuracy = nn.evaluate(model, X_test, y_test, "cross_entropy", ["accuracy"])["accuracy"]
    table = nn.confusion_matrix(nn.predict(model, X_test), y_test)
    report.compare("examples for training and test", [len(X), len(X_test)], [1347, 450], "3 : 1 of 1,797")
    report.compare("accuracy on the test examples", accuracy, digits=2)
    report.say(history, table)
    report.picture("curves", lambda: history.plot(["loss", "accuracy"]))
    report.picture("first-layer", lambda: nn.plots.weights(model, shape=(8, 8)))
