"""Lecture 2: inference and training of a network, losses, and learning rates from the curvature of the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import nn
from autograd import Value, derivative, dot, explain, sigmoid
from edgegrad.lectures.networks import SIGMOID_INPUT, inputs, sigmoid_network
from edgegrad.lectures.report import Report, row

HIDDEN = [0.13010847436, 0.95689274506, 0.40131233989]
OUTPUTS = [0.34584136460, 0.85314921077]
START = [1.0, -1.0]  # of descents on two weights


@row("nn.Sequential", "nn.Layer")
def L2_1(report: Report) -> None:
    """Run the 3-3-2 sigmoid network forward, sum by sum."""
    [output, _] = sigmoid_network()(inputs(SIGMOID_INPUT))
    nodes = {node.name: node.data for node in output.graph()}
    report.compare("hidden sums", [nodes[f"s1[{i}]"] for i in range(3)], [-1.9, 3.1, -0.4])
    hidden = [nodes[f"a1[{i}]"] for i in range(3)]
    report.compare("hidden neurons", hidden, HIDDEN, "exact", digits=11, rounding=1e-11)
    report.compare("hidden neurons, rounded", hidden, [0.13, 0.96, 0.40], digits=11)
    outputs = [a.data for a in sigmoid_network()(SIGMOID_INPUT)]
    report.compare("outputs", outputs, OUTPUTS, "exact", digits=11, rounding=1e-11)
    report.compare("outputs, rounded", outputs, [0.35, 0.85], digits=11)
    report.picture("network", output.graph)


@row("nn.Layer", "nn.predict")
def L2_2(report: Report) -> None:
    """Run the same network in matrix form, one call a layer."""
    model = sigmoid_network()
    hidden = model.layers[0](SIGMOID_INPUT)
    outputs = [a.data for a in model.layers[1](hidden)]
    report.compare("outputs of two calls", outputs, OUTPUTS, "exact", digits=11, rounding=1e-11)
    batch = nn.predict(model, [SIGMOID_INPUT, [0.0, 0.0, 0.0]])
    report.compare("outputs as a row of a batch", batch[0].tolist(), OUTPUTS, "exact", digits=11, rounding=1e-11)


@row("nn.DataLoader", "nn.SGD", "nn.fit", "nn.Module.train", "nn.Module.eval")
def L2_3(report: Report, epochs: int = 250) -> None:
    """Write the training procedure as a loop over mini-batches and epochs."""
    X, y = nn.two_moons(40, noise=0.15, seed=0)
    test = nn.two_moons(40, noise=0.15, seed=1)

    def make() -> tuple[nn.MLP, nn.SGD]:
        model = nn.MLP(2, [5, 1], activation="tanh", seed=0)
        return model, nn.SGD(model.parameters(), lr=0.3)

    model, optimizer = make()
    history = nn.History()
    for _ in range(epochs):
        model.train()
        seen = 0.0
        for rows, targets in nn.DataLoader(X, y, batch_size=10):
            optimizer.zero_grad()
            outputs = [model(x)[0] for x in rows.tolist()]
            loss = nn.bce_with_logits(outputs, targets)
            loss.backward()
            optimizer.step()
            seen += loss.data * len(rows)
        model.eval()
        history.append({"loss": seen / len(X), "val_loss": nn.evaluate(model, *test, "bce_with_logits")["loss"]})
    twin, descent = make()
    by_fit = nn.fit(twin, X, y, "bce_with_logits", descent, epochs, 10, shuffle=False)
    report.compare("loss of the first epoch", history["loss"][0], by_fit["loss"][0], "nn.fit", digits=4)
    report.compare("loss of the last epoch", history["loss"][-1], by_fit["loss"][-1], "nn.fit", digits=4, rounding=1e-6)
    score = nn.evaluate(model, *test, "bce_with_logits", ["accuracy_with_logits"])["accuracy_with_logits"]
    report.compare("accuracy on test examples", score, digits=3)
    report.picture("curves", lambda: history.plot("loss", scale="log"))


@row("nn.half_squared_error", "autograd.explain")
def L2_4(report: Report) -> None:
    """Follow one chain of factors back: ∂E/∂w = I·(O − T)·O·(1 − O)."""
    model = sigmoid_network()
    [output, _] = model(inputs(SIGMOID_INPUT))
    target = Value(0.9, name="T", requires_grad=False)
    error = nn.half_squared_error(output, target)
    error.name = "E"
    error.backward()
    weight = dict(model.named_parameters())["W2[0][0]"]
    assert weight.grad is not None
    report.compare("∂E/∂w", weight.grad, -0.016311717994853, "exact", digits=14, rounding=1e-15)
    report.compare("∂E/∂w, from rounded numbers", weight.grad, -0.01626625)
    report.say(explain(error, weight))
    report.picture("chain", error.graph)


@row("nn.mse", "nn.cross_entropy", "nn.bce", "nn.summed_log_loss", "nn.bce_with_logits")
def L2_5(report: Report) -> None:
    """Compute the losses: least squares, cross-entropy, and both forms of the log-loss."""
    p, t = [0.8, 0.3, 0.6], [1.0, 0.0, 1.0]
    logs = math.log(0.8) + math.log(0.7) + math.log(0.6)
    report.compare("least squares", nn.mse(p, t), (0.04 + 0.09 + 0.16) / 3, "closed form")
    report.compare("binary cross-entropy", nn.bce(p, t), -logs / 3, "closed form")
    report.compare("summed log-loss of the lab", nn.summed_log_loss(p, t), -logs, "closed form")
    logits = [math.log(q / (1 - q)) for q in p]
    report.compare("the same on logits", nn.bce_with_logits(logits, t), -logs / 3, "closed form")
    total = math.exp(2.0) + math.exp(-1.0) + math.exp(0.5)
    report.compare(
        "cross-entropy on logits", nn.cross_entropy([2.0, -1.0, 0.5], 2), math.log(total) - 0.5, "closed form"
    )


class BiasedSigmoid(nn.Module):
    """The slide's second module: O = σ(I + b)."""

    def __init__(self, b: Sequence[float]) -> None:
        self.b = [Value(x, parameter=True) for x in b]
        self.bind()

    def forward(self, inputs: Any) -> Any:
        """FPROP: compute σ(I + b)."""
        return sigmoid(inputs + self.b)


@row("nn.Module", "nn.Layer", "nn.Sequential")
def L2_6(report: Report) -> None:
    """Build a model of modules with FPROP and BPROP, and read the deltas between them."""
    linear, squash = nn.Layer(2, 2, bias=False, W=[[0.5, -1.0], [2.0, 0.25]]), BiasedSigmoid([0.1, -0.2])
    model = nn.Sequential(linear, squash)
    I = [Value(x, name=f"I{k}") for k, x in enumerate((0.6, -0.4), 1)]
    between = linear(I)
    outputs = squash(between)
    error = dot([1.0, -2.0], outputs)
    error.backward()
    delta = np.array([s.grad for s in between])
    W, x = linear.state_dict()["W"], [0.6, -0.4]
    report.compare("δI = Wᵀδ", [i.grad for i in I], (W.T @ delta).tolist(), "matrix form")
    slopes = [w.grad for weights in linear.W for w in weights]
    report.compare("δW = δIᵀ", slopes, np.outer(delta, x).ravel().tolist(), "matrix form")
    report.compare("δb = δ", [b.grad for b in squash.b], delta.tolist(), "matrix form")
    report.say(model)
    report.picture("modules", error.graph)


@row("nn.fit", "nn.WeightPath", "nn.plots.loss_surface")
def L2_7(report: Report) -> None:
    """Compare stochastic, mini-batch and full-batch descent, and what each makes of redundant examples."""
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
        report.compare(f"loss over the lowest, {label}, {len(path.points) - 1} steps", loss / lowest, digits=4)
    full, single = _passes(X, t, lowest, None, 2.3), _passes(X, t, lowest, 1, 0.05)
    report.compare("examples looked at, full batches of 100 × 10", full)
    report.compare("examples looked at, one by one", single)
    report.compare("how many times fewer", full / single, "at least 10", digits=3)
    model = _neuron()
    report.picture(
        "paths",
        lambda: nn.plots.loss_surface(
            model, X, t, "half_squared_error", model.parameters(), paths=paths, resolution=21
        ),
    )


@row("nn.curvature.hessian", "nn.plots.loss_curve")
def L2_8(report: Report) -> None:
    """Descend on one weight with a learning rate that is too small, right, and too large."""
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    curvature = float(nn.curvature.hessian(_neuron([4.0]), x, t, "half_squared_error")[0, 0])
    paths = {}
    for label, share in (("too small", 0.1), ("right", 1.0), ("too large", 2.1)):
        model = _neuron([4.0])
        path = nn.WeightPath(model.parameters())
        optimizer = nn.SGD(model.parameters(), lr=share / curvature)
        nn.fit(model, x, t, "half_squared_error", optimizer, 5, None, callbacks=[path])
        paths[f"η = {share / curvature:.3g}, {label}"] = path.points
        expected = 1.0 + 3.0 * (1.0 - share) ** 5
        report.compare(f"w after 5 steps, {label}", path.points[-1, 0].item(), expected, "1 + 3(1 − ηE″)⁵")
    model = _neuron([4.0])
    report.picture(
        "rates", lambda: nn.plots.loss_curve(model, x, t, "half_squared_error", model.parameters()[0], paths=paths)
    )


@row("autograd.derivative", "nn.curvature.optimal_learning_rate", "nn.curvature.largest_stable_learning_rate")
def L2_9(report: Report) -> None:
    """Reach the minimum of a quadratic in one step, with the inverse of the second derivative."""
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    model = _neuron([4.0])
    second = nn.curvature.hessian(model, x, t, "half_squared_error")
    by_hand = derivative(lambda w: (0.5 * (2 * w - 1) ** 2 + 0.5 * (w - 3) ** 2) / 2, order=2)
    report.compare("∂²E/∂w², backward through backward", float(second[0, 0]), 2.5, "closed form")
    report.compare("the same from E as a function of w", by_hand(4.0), 2.5, "closed form")
    rate = nn.curvature.optimal_learning_rate(second)
    report.compare("η_opt = 1/(∂²E/∂w²)", rate, 0.4, "closed form")
    report.compare("η_max = 2η_opt", nn.curvature.largest_stable_learning_rate(second), 2 * rate, "slide's formula")
    nn.fit(model, x, t, "half_squared_error", nn.SGD(model.parameters(), lr=rate), batch_size=None)
    report.compare("w after one step", model.parameters()[0].data, 1.0, "the minimum")


@row("nn.two_gaussians", "nn.curvature.hessian", "nn.curvature.eigenvalues")
def L2_10(report: Report) -> None:
    """Find the largest learning rate of a linear neuron on two Gaussians from its Hessian."""
    X, t = nn.two_gaussians(100, lambda_max=0.84, seed=1)
    model = _neuron(bias=True)
    weights = model.parameters()[:2]
    curvature = nn.curvature.hessian(model, X, t, "half_squared_error", weights)
    report.compare("λ_max", float(nn.curvature.eigenvalues(curvature)[-1]), 0.84)
    report.compare("η_max = 2/λ_max", nn.curvature.largest_stable_learning_rate(curvature), 2.38)
    paths, losses = {}, {}
    for label, size, rate, epochs in (
        ("η = 2.3", None, 2.3, 60),
        ("η = 2.5", None, 2.5, 60),
        ("stochastic, η = 0.2", 1, 0.2, 4),
    ):
        model = _neuron(bias=True)
        assert model.b is not None
        model.b[0].requires_grad = False  # at its minimum; there its λ of 1 would bound η by 2
        path = nn.WeightPath(model.parameters()[:2])
        optimizer = nn.SGD(model.parameters(), lr=rate)
        history = nn.fit(model, X, t, "half_squared_error", optimizer, epochs, size, seed=0, callbacks=[path])
        losses[label], paths[label] = history["loss"], path.points
    for label, slide in (("η = 2.3", "converges"), ("η = 2.5", "diverges")):
        found = "converges" if losses[label][-1] < losses[label][-2] else "diverges"
        report.compare(f"batch, {label}", found, slide)
    near = losses["stochastic, η = 0.2"][-1] / _lowest(X, t)
    report.compare("stochastic, η = 0.2", "converges" if near < 2 else "diverges", "converges")
    report.compare("its loss over the lowest", near, digits=4)
    report.say("A bias has λ = 1 under this loss whatever the inputs, so it stays frozen at its best value, 0.")
    model, wild = _neuron(bias=True), paths.pop("η = 2.5")
    shown = paths | {"η = 2.5, 8 steps": wild[:9]}
    report.picture(
        "paths",
        lambda: nn.plots.loss_surface(
            model, X, t, "half_squared_error", model.parameters()[:2], paths=shown, resolution=21
        ),
    )


@row("nn.fit", "nn.History.stop_reason")
def L2_11(report: Report) -> None:
    """Stop when the error is small enough, or after a maximum of iterations."""
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


@row("nn.fit", "nn.EarlyStopping")
def L2_12(report: Report) -> None:
    """Watch a model that is too complex over-fit, and stop it early."""
    X, y = nn.two_moons(24, noise=0.35, seed=2)
    unseen = nn.two_moons(60, noise=0.35, seed=3)

    def train(patience: int | None) -> tuple[nn.History, float]:
        model = nn.MLP(2, [12, 1], activation="tanh", seed=0)
        optimizer = nn.Adam(model.parameters(), lr=0.05)
        history = nn.fit(
            model, X, y, "bce_with_logits", optimizer, 120, None, validation_data=unseen, patience=patience
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
    report.say(stopped.summary)
    report.picture("curves", lambda: history.plot("loss"))


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
