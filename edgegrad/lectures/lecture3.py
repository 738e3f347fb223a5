"""Lecture 3, introduction: neurons as regressions, universal approximation, the U-Net."""

from __future__ import annotations

import math

import numpy as np

import nn
from autograd import Value, explain
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import inputs
from edgegrad.lectures.report import Report, row


@row("nn.Neuron", "nn.fit")
def L3_1(report: Report) -> None:
    """Train one neuron as a linear and as a logistic regression."""
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 2))
    y = X @ [1.5, -0.7] + 0.4 + random.normal(0.0, 0.3, 60)
    linear = nn.Neuron(2, seed=0)
    nn.fit(linear, X, y, "mse", "newton", 3, None)
    columns = np.column_stack([X, np.ones(60)])
    best = np.linalg.lstsq(columns, y, rcond=None)[0]
    report.compare("w and b, σ = identity", _weights(linear), best.tolist(), "least squares", digits=6, rounding=1e-9)
    classes = (y > 0.4).astype(float)
    classes[:6] = 1 - classes[:6]  # without which the weights would grow for ever
    logistic = nn.Neuron(2, "sigmoid", seed=0)
    history = nn.fit(logistic, X, classes, "bce", "newton", 12, None)
    expected = _logistic_regression(columns, classes)
    report.compare(
        "w and b, σ = logistic", _weights(logistic), expected, "reweighted least squares", digits=6, rounding=1e-7
    )
    report.say(history)
    report.picture("logistic", lambda: nn.plots.decision(logistic, X, classes))


@row("nn.Layer", "nn.Neuron", "nn.Sequential")
def L3_2(report: Report) -> None:
    """Write a layer of H neurons, and two of them, as σ(xᵀW + bᵀ)."""
    x = [0.4, -1.2, 0.7]
    model = nn.MLP(3, [4, 2], activation="sigmoid", output_activation="sigmoid", seed=0)
    state = model.state_dict()
    hidden = [
        nn.Neuron(3, "sigmoid", w=w, b=b)(x)[0].data
        for w, b in zip(state["W1"].tolist(), state["b1"].tolist(), strict=True)
    ]
    outer = [
        nn.Neuron(4, "sigmoid", w=w, b=b)(hidden)[0].data
        for w, b in zip(state["W2"].tolist(), state["b2"].tolist(), strict=True)
    ]
    matrix = np.asarray(x)
    for k in (1, 2):
        matrix = 1 / (1 + np.exp(-(matrix @ state[f"W{k}"].T + state[f"b{k}"])))
    report.compare("one layer, as 4 neurons", [a.data for a in model.layers[0](x)], hidden, "neurons")
    report.compare("two layers, as 6 neurons", [a.data for a in model(x)], outer, "neurons")
    report.compare("two layers, as a matrix form", [a.data for a in model(x)], matrix.tolist(), "NumPy")


@row("nn.step_network", "nn.step_approximation", "nn.wavy_function")
def L3_3(report: Report) -> None:
    """Approximate a function by hand, with pairs of step neurons."""
    places, weights = [0.35, 0.7, 0.7, 0.0, 0.35], [0.8, -0.8, 1.5, 0.4, -0.4]
    grid = np.linspace(0.0, 1.0, 401)
    exact = [nn.wavy_function(x) for x in grid.tolist()]
    stages = {"f": exact}
    for count, at, slide in ((1, 0.5, 0.8), (2, 0.9, 0.0), (3, 0.9, 1.5), (5, 0.2, 0.4)):
        model = nn.step_network(places[:count], weights[:count])
        stages[f"{count} neuron{'s' * (count > 1)}"] = nn.predict(model, grid[:, None])[:, 0].tolist()
        report.compare(f"y({at}) of {count} neuron{'s' * (count > 1)}", model([at])[0].data, slide)
    closer = {"f": exact}
    errors = []
    for pairs in (5, 20, 80):
        answers = nn.predict(nn.step_approximation(nn.wavy_function, pairs), grid[:, None])[:, 0]
        closer[f"{pairs} pairs"] = answers.tolist()
        errors.append(float(np.abs(answers - exact).max()))
    report.compare("largest error of 5, 20, 80 pairs", errors, digits=4)
    report.picture("by-hand", lambda: pictures.curves(grid, stages, title="the lecture's steps, one by one"))
    report.picture("steps", lambda: pictures.curves(grid, closer, title="more neurons, a smaller error"))


@row("nn.MLP", "nn.Adam", "nn.fit")
def L3_4(report: Report, epochs: int = 300) -> None:
    """Learn the same function by gradient descent."""
    grid = np.linspace(0.0, 1.0, 81)[:, None]
    targets = np.array([nn.wavy_function(x) for x in grid[:, 0].tolist()])
    model = nn.MLP(1, [24, 1], activation="tanh", seed=0)
    model.layers[0].load_state_dict({"W": np.full((24, 1), 20.0), "b": -20.0 * np.linspace(0.0, 1.0, 24)})
    answers, middle = {"f": targets}, max(1, epochs // 10)

    def keep(training: nn.Training) -> None:
        if training.epoch in (1, middle, epochs):
            answers[f"epoch {training.epoch}"] = nn.predict(model, grid)[:, 0]

    optimizer = nn.Adam(model.parameters(), lr=0.02)
    history = nn.fit(model, grid, targets, "mse", optimizer, epochs, 27, seed=0, callbacks=[keep])
    rms = [math.sqrt(history["loss"][k - 1]) for k in (1, middle, epochs)]
    report.compare(f"root mean squared error after 1, {middle}, {epochs} epochs", rms, digits=2)
    report.compare("that of a constant", float(targets.std()), digits=2)
    report.picture("learned", lambda: pictures.curves(grid[:, 0], answers, title="learned by gradient descent"))
    report.picture("loss", lambda: history.plot("loss", scale="log"))


@row("nn.fit", "nn.SGD")
def L3_5(report: Report) -> None:
    """Compute a step of full-batch, mini-batch and stochastic descent by the slides' formulas."""
    X, t = nn.two_gaussians(8, seed=0)
    start = np.array([0.5, -0.5])
    for label, size in (("batch", None), ("mini-batch of 2", 2), ("stochastic", 1)):
        model = nn.Layer(2, 1, bias=False, W=[start.tolist()])
        nn.fit(model, X, t, "mse", nn.SGD(model.parameters(), lr=0.1), 1, size, shuffle=False)
        theta = start.copy()
        for first in range(0, 8, size or 8):
            some = slice(first, first + (size or 8))
            theta -= 0.1 * 2.0 * X[some].T @ (X[some] @ theta - t[some]) / len(X[some])
        report.compare(f"θ after an epoch, {label}", model.state_dict()["W"][0].tolist(), theta.tolist(), "normal form")


@row("nn.UNet", "nn.cells", "nn.iou_with_logits")
def L3_6(report: Report, epochs: int = 4) -> None:
    """Find the boundaries of cells with a small U-Net."""
    X, T = nn.cells(16, size=8, across=2, seed=0)
    unseen, truth = nn.cells(20, size=8, across=2, seed=1)
    model = nn.UNet(1, channels=[3, 6], seed=0)
    levels = nn.UNet(1, channels=[1, 1, 1, 1, 1], seed=0)
    report.compare("levels down and up", [len(levels.downsample), len(levels.upsample)], [4, 4])
    report.compare("parameters", len(model.parameters()), _unet_parameters([3, 6]), "counted by hand")
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    history = nn.fit(model, X, T, "bce_with_logits", optimizer, epochs, 4, seed=0)
    report.compare("loss of the first and the last epoch", [history["loss"][0], history["loss"][-1]], digits=3)
    found = nn.evaluate(model, unseen, truth, "bce_with_logits", ["iou_with_logits"])["iou_with_logits"]
    by_threshold = max(nn.iou(1.0 - unseen, truth, 1.0 - level) for level in np.linspace(0.2, 0.8, 25))
    report.compare("overlap with the boundaries of unseen cells", found, digits=3)
    report.compare("overlap of the best threshold on brightness", by_threshold, digits=3)
    scores = nn.predict(model, unseen[:2])
    report.picture(
        "cells",
        lambda: pictures.patterns(
            {
                "picture": -unseen[0, 0],
                "boundary": truth[0, 0],
                "score": scores[0, 0],
                "another": -unseen[1, 0],
                "its boundary": truth[1, 0],
                "its score": scores[1, 0],
            }
        ),
    )


@row("nn.MLP", "autograd.explain")
def L3_7(report: Report) -> None:
    """Show how the gradients of a two-layer network with one output are computed."""
    model = nn.MLP(2, [2, 1], activation="sigmoid", seed=0)
    [y] = model(inputs([0.6, -0.3]))
    t = Value(1.0, name="t", requires_grad=False)
    loss = nn.mse(y, t)
    loss.name = "L"
    loss.backward()
    nodes = {node.name: node for node in loss.graph()}
    outer = dict(model.named_parameters())
    h = nodes["a1[0]"].data
    chain = 2 * (y.data - 1.0) * outer["W2[0][0]"].data * h * (1 - h) * 0.6
    slopes = [outer[name].grad for name in ("W2[0][0]", "W1[0][0]")]
    report.compare("∂L/∂W2[0][0] and ∂L/∂W1[0][0]", slopes, [2 * (y.data - 1) * h, chain], "chain rule by hand")
    report.say(*(explain(loss, w) for w in model.parameters()))
    report.picture("derivation", loss.graph)


def _weights(neuron: nn.Neuron) -> list[float]:
    assert neuron.b is not None
    return [w.data for w in (*neuron.w, neuron.b)]


def _logistic_regression(
    X: np.ndarray[tuple[int, int], np.dtype[np.float64]], y: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> list[float]:
    """Fit by iteratively reweighted least squares. Source: McCullagh and Nelder, Generalized Linear Models, 2.5."""
    beta = np.zeros(X.shape[1])
    for _ in range(25):
        p = 1.0 / (1.0 + np.exp(-X @ beta))
        beta += np.linalg.solve(X.T @ (X * (p * (1.0 - p))[:, None]), X.T @ (y - p))
    return [float(b) for b in beta]


def _unet_parameters(channels: list[int]) -> int:
    """Count the weights of a U-Net with one level from and to one channel: 9 a kernel, 4 on the way up, and biases."""

    def block(into: int, out: int) -> int:
        return 9 * into * out + 9 * out * out + 2 * out + 4 * out

    top, low = channels
    return block(1, top) + block(top, low) + block(low, top) + (4 * top * top + top) + block(2 * top, top) + top + 1
