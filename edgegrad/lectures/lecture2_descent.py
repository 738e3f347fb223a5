"""Lecture 2, descent: batches, learning rates from the curvature of the loss, when to stop, and over-fitting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import nn
from autograd import Value, derivative, explain, gradients
from edgegrad.lectures.report import Report, row

START = [1.0, -1.0]  # of descents on two weights


@row("nn.fit", "nn.WeightPath", "nn.plots.loss_surface")
def L2_7(report: Report) -> None:
    """Compare stochastic, mini-batch and full-batch descent, and what each makes of redundant examples.

    >>> import nn
    >>> (X, t), model = nn.two_gaussians(100, seed=3), nn.Layer(2, 1, bias=False, W=[[1.0, -1.0]])
    >>> optimizer = nn.SGD(model.parameters(), lr=0.05)
    >>> nn.fit(model, X, t, "half_squared_error", optimizer, epochs=2, batch_size=1, seed=0)["loss"][-1] < 0.05
    True
    """
    X, t = nn.two_gaussians(100, seed=3)
    lowest = _lowest(X, t)
    paths = {}
    for label, size, rate, epochs in (
        ("batch", None, 1.5, 12),
        ("mini-batch of 10", 10, 0.3, 4),
        ("stochastic", 1, 0.05, 2),
    ):
        model = _neuron()
        path, optimizer = nn.WeightPath(model.parameters()), nn.SGD(model.parameters(), lr=rate)
        nn.fit(model, X, t, "half_squared_error", optimizer, epochs, size, seed=0, callbacks=[path])
        paths[label] = path.points
        loss = nn.evaluate(model, X, t, "half_squared_error")["loss"]
        steps = len(path.points) - 1
        report.compare(f"{label}: steps, and examples seen", [steps, 100 * epochs])
        report.compare(f"{label}: loss over the lowest after them", loss / lowest, digits=4)
    full, single = _passes(X, t, lowest, None, 2.3), _passes(X, t, lowest, 1, 0.05)
    report.compare("examples looked at, full batches of 100 × 10", full)
    report.compare("examples looked at, one by one", single)
    report.compare("how many times fewer", full / single, "at least 10", digits=3)
    report.say(
        "Batch descent has seen six times as many examples as stochastic descent when it is a little nearer.",
    )
    report.see(
        "In the picture batch descent goes straight down across the contours; the fewer examples a step sees, the more "
        "it wanders."
    )
    model = _neuron()
    report.picture(
        "paths",
        lambda: nn.plots.loss_surface(
            model, X, t, "half_squared_error", model.parameters(), paths=paths, resolution=21
        ),
    )


@row("nn.curvature.hessian", "nn.plots.loss_curve")
def L2_8(report: Report) -> None:
    """Descend on one weight with a learning rate too small, right, above it, and too large.

    >>> import nn
    >>> from autograd import Value
    >>> w = Value(4.0, name="w")
    >>> for _ in range(5):
    ...     w.grad = None; (1.25 * (w - 1) ** 2).backward(); nn.SGD([w], lr=0.68).step()
    >>> w.data
    0.4957899999999995
    """
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    curvature = float(nn.curvature.hessian(_neuron([4.0]), x, t, "half_squared_error")[0, 0])
    paths = {}
    for label, share in (("too small", 0.1), ("right", 1.0), ("above it", 1.7), ("too large", 2.1)):
        model = _neuron([4.0])
        path = nn.WeightPath(model.parameters())
        optimizer = nn.SGD(model.parameters(), lr=share / curvature)
        nn.fit(model, x, t, "half_squared_error", optimizer, 5, None, callbacks=[path])
        paths[f"η = {share / curvature:.3g}, {label}"] = path.points
        expected = 1.0 + 3.0 * (1.0 - share) ** 5
        report.compare(f"w after 5 steps, {label}", path.points[-1, 0].item(), expected, "1 + 3(1 − ηE″)⁵")
    report.see(
        "Below η_opt the steps stay on one side, from there to 2η_opt they cross and close in, above they leave."
    )
    model = _neuron([4.0])
    report.picture(
        "rates", lambda: nn.plots.loss_curve(model, x, t, "half_squared_error", model.parameters()[0], paths=paths)
    )


@row("autograd.derivative", "nn.curvature.optimal_learning_rate", "nn.curvature.largest_stable_learning_rate")
def L2_9(report: Report) -> None:
    """Reach the minimum of a quadratic in one step, with the inverse of the second derivative.

    >>> from autograd import derivative
    >>> E = lambda w: 1.25 * (w - 1) ** 2
    >>> eta = 1 / derivative(E, order=2)(4.0)
    >>> eta, 4.0 - eta * derivative(E)(4.0)
    (0.4, 1.0)
    """
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    model = _neuron([4.0])
    second = nn.curvature.hessian(model, x, t, "half_squared_error")
    by_hand = derivative(lambda w: (0.5 * (2 * w - 1) ** 2 + 0.5 * (w - 3) ** 2) / 2, order=2)
    report.compare("∂²E/∂w², backward through backward", float(second[0, 0]), 2.5, "closed form")
    report.compare("the same from E as a function of w", by_hand(4.0), 2.5, "closed form")
    rate = nn.curvature.optimal_learning_rate(second)
    report.compare("η_opt = 1/(∂²E/∂w²)", rate, 0.4, "closed form")
    report.compare("η_max = 2η_opt", nn.curvature.largest_stable_learning_rate(second), 2 * rate, "slide's formula")
    w = Value(4.0, name="w")
    E = (0.5 * (2 * w - 1) ** 2 + 0.5 * (w - 3) ** 2) / 2
    E.name = "E"
    [slope] = gradients(E, [w], create_graph=True)
    slope.name = "E′"
    slope.backward()
    report.compare("∂E/∂w at 4, and its own derivative", [slope.data, w.grad], [7.5, 2.5], "closed form")
    report.say(explain(slope, w))
    path = nn.WeightPath(model.parameters())
    optimizer = nn.SGD(model.parameters(), lr=rate)
    nn.fit(model, x, t, "half_squared_error", optimizer, batch_size=None, callbacks=[path])
    report.compare("w after one step", model.parameters()[0].data, 1.0, "the minimum")
    report.see("In the graph of E′ backward has gone through backward: what flows into w is ∂²E/∂w².")
    report.picture("second-derivative", slope.graph)
    ways = {f"η_opt = {rate:g}: one step": path.points}
    report.picture(
        "step",
        lambda: nn.plots.loss_curve(
            model, x, t, "half_squared_error", model.parameters()[0], span=(-2.0, 4.5), paths=ways
        ),
    )


@row("nn.two_gaussians", "nn.curvature.hessian", "nn.curvature.eigenvalues")
def L2_10(report: Report) -> None:
    """Find the largest learning rate of a linear neuron on two Gaussians from its Hessian.

    >>> import nn
    >>> (X, t), model = nn.two_gaussians(100, lambda_max=0.84, seed=1), nn.Layer(2, 1, bias=False, seed=0)
    >>> H = nn.curvature.hessian(model, X, t, "half_squared_error")
    >>> round(float(2 / nn.curvature.eigenvalues(H)[-1]), 4)
    2.381
    """
    X, t = nn.two_gaussians(100, lambda_max=0.84, seed=1)
    model = _neuron(bias=True)
    weights = model.parameters()[:2]
    curvature = nn.curvature.hessian(model, X, t, "half_squared_error", weights)
    found = float(nn.curvature.eigenvalues(curvature)[-1])
    report.compare("λ_max", found, 0.84, "by construction", slide=0.84)
    report.say(
        "The set is scaled so that λ_max is the slide's 0.84, for E = ½ mean (O − t)². A free bias has λ = 1, would "
        "allow only η < 2, and is held at 0.",
    )
    largest = nn.curvature.largest_stable_learning_rate(curvature)
    report.compare("η_max = 2/λ_max", largest, 2 / 0.84, "2/0.84", slide=2.38)
    whole = nn.curvature.eigenvalues(nn.curvature.hessian(model, X, t, "half_squared_error"))
    report.compare("λ of both weights and of the bias", whole.tolist(), digits=4)
    report.compare("the batch rate that stochastic η = 0.2 amounts to", round(0.2 * len(X), 9), 20)
    paths, losses = {}, {}
    for label, size, rate, epochs in (
        ("η = 2.3", None, 2.3, 60),
        ("η = 2.5", None, 2.5, 60),
        ("stochastic, η = 0.2", 1, 0.2, 4),
    ):
        model = _neuron(bias=True)
        assert model.b is not None
        model.b[0].requires_grad = False  # its λ of 1 would bound η by 2
        path = nn.WeightPath(model.parameters()[:2])
        optimizer = nn.SGD(model.parameters(), lr=rate)
        history = nn.fit(model, X, t, "half_squared_error", optimizer, epochs, size, seed=0, callbacks=[path])
        losses[label], paths[label] = history["loss"], path.points
    for label, due, bound in (("η = 2.3", "converges", "η < η_max"), ("η = 2.5", "diverges", "η > η_max")):
        verdict = "converges" if losses[label][-1] < losses[label][-2] else "diverges"
        report.compare(f"batch, {label}", verdict, due, bound)
    near = losses["stochastic, η = 0.2"][-1] / _lowest(X, t)
    verdict = "converges" if near < 2 else "diverges"
    report.compare("stochastic, η = 0.2", verdict, "converges", "its loss under twice the lowest")
    report.compare("its loss over the lowest", near, digits=4)
    report.see("In the picture 2.3 swings across the valley and closes in, 2.5 swings wider each time.")
    model = _neuron(bias=True)
    shown = {
        "batch, η = 2.3": paths["η = 2.3"][:41],
        "batch, η = 2.5, 8 steps": paths["η = 2.5"][:9],
        "stochastic, η = 0.2": paths["stochastic, η = 0.2"],
    }
    report.picture(
        "paths",
        lambda: nn.plots.loss_surface(
            model, X, t, "half_squared_error", model.parameters()[:2], paths=shown, resolution=21
        ),
    )


@row("nn.fit", "nn.History.stop_reason")
def L2_11(report: Report) -> None:
    """Stop when the error is small enough, or after a maximum of iterations.

    >>> import nn
    >>> model = nn.Layer(1, 1, bias=False, W=[[0.0]])
    >>> history = nn.fit(model, [[2.0], [1.0]], [2.0, 1.0], "half_squared_error", nn.SGD(model.parameters(), lr=0.1),
    ...                  epochs=100, batch_size=None, min_loss=1e-3)
    >>> history.epochs, history.stop_reason
    (14, 'loss 0.0007055 is not above 0.001')
    """
    x, t = [[2.0], [1.0]], [2.0, 1.0]

    def train(**limits: Any) -> nn.History:
        model = _neuron([0.0])
        optimizer = nn.SGD(model.parameters(), lr=0.1)
        return nn.fit(model, x, t, "half_squared_error", optimizer, batch_size=None, **limits)

    # E = 1.25 (w − 1)² shrinks by (1 − 0.1 · 2.5)² a step.
    wanted = 1 + math.ceil(math.log(1e-3 / 1.25) / math.log(0.75**2))
    enough, most = train(epochs=100, min_loss=1e-3), train(epochs=5, min_loss=1e-30)
    report.compare("epochs until E ≤ 0.001", enough.epochs, wanted, "closed form")
    report.compare("epochs where 5 are the most", most.epochs, 5, "the limit")
    report.say(enough.summary, most.summary)
    report.see("In the picture the same curve is cut off at an error, and at a number of iterations.")
    report.picture("stops", lambda: nn.plots.compare({"until E ≤ 0.001": enough, "5 epochs at most": most}))


@row("nn.fit", "nn.EarlyStopping")
def L2_12(report: Report) -> None:
    """Watch a model that is too complex over-fit, and stop it early.

    >>> import nn
    >>> (X, y), unseen = nn.two_moons(24, noise=0.35, seed=2), nn.two_moons(60, noise=0.35, seed=3)
    >>> model = nn.MLP(2, [12, 1], activation="tanh", seed=0)
    >>> history = nn.fit(model, X, y, "bce_with_logits", "adam", epochs=400, batch_size=None,
    ...                  validation_data=unseen, patience=10)
    """
    X, y = nn.two_moons(24, noise=0.35, seed=2)
    unseen = nn.two_moons(60, noise=0.35, seed=3)

    def train(patience: int | None) -> tuple[nn.History, float]:
        model = nn.MLP(2, [12, 1], activation="tanh", seed=0)
        optimizer = nn.Adam(model.parameters(), lr=0.05)
        history = nn.fit(
            model,
            X,
            y,
            "bce_with_logits",
            optimizer,
            120,
            None,
            validation_data=unseen,
            patience=patience,
            metrics={"accuracy": nn.accuracy_with_logits},
        )
        return history, nn.evaluate(model, *unseen, "bce_with_logits")["loss"]

    history, late = train(None)
    best, lowest = history.best("val_loss")
    report.compare(
        "training loss at the best epoch, and at the last", [history["loss"][best - 1], history["loss"][-1]], digits=3
    )
    report.compare("validation loss at the best epoch, and at the last", [lowest, late], digits=3)
    stopped, early = train(10)
    report.compare(
        "epochs with a patience of 10", stopped.epochs, stopped.best("val_loss")[0] + 10, "10 past its best", digits=4
    )
    report.compare("validation loss of its weights", early, stopped.best("val_loss")[1], "its best", digits=3)
    kept = [[history[name][k] for name in ("accuracy", "val_accuracy")] for k in (best - 1, -1)]
    report.compare("accuracy at the best epoch, training and validation", kept[0], digits=3)
    report.compare("accuracy at the last", kept[1], digits=3)
    report.say(stopped.summary)
    report.see("Where the validation loss turns upwards the network learns the noise, and its accuracy there falls.")
    report.picture("curves", lambda: history.plot(["loss", "accuracy"]))


def _neuron(weights: Sequence[float] = START, bias: bool = False) -> nn.Layer:
    """Make a linear neuron, with b = 0 if it has one."""
    return nn.Layer(len(weights), 1, bias=bias, W=[list(weights)], b=[0.0] if bias else None)


def _lowest(X: Any, t: Any) -> float:
    """Compute the least loss of a linear neuron without a bias."""
    best = np.linalg.lstsq(X, t, rcond=None)[0]
    return float(np.mean((X @ best - t) ** 2) / 2.0)


def _passes(X: Any, t: Any, lowest: float, size: int | None, rate: float) -> float:
    """Count the examples looked at, out of the set ten times over, until the loss is within a tenth of the lowest."""
    many, repeated = np.tile(X, (10, 1)), np.tile(t, 10)
    model = _neuron([-1.0, 1.0])
    optimizer = nn.SGD(model.parameters(), lr=rate)
    looked = 0
    while nn.evaluate(model, X, t, "half_squared_error")["loss"] > 1.1 * lowest and looked < 100_000:
        part = slice(None) if size is None else slice(looked % 1000, looked % 1000 + 100)
        nn.fit(model, many[part], repeated[part], "half_squared_error", optimizer, 1, size, seed=looked)
        looked += len(many[part])
    return float(looked)
