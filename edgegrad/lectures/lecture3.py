"""Lecture 3, introduction: neurons as regressions, universal approximation, the U-Net."""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import numpy as np

import nn
from autograd import Graph, Value, dot, explain, sigmoid
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import inputs
from edgegrad.lectures.report import Report, row


@row("nn.Neuron", "nn.SGD", "nn.fit")
def L3_1(report: Report) -> None:
    """Train one neuron as a linear and as a logistic regression, by θ = θ − η∇L.

    >>> import nn
    >>> neuron = nn.Neuron(1, w=[-1.0], b=0.0); optimizer = nn.SGD(neuron.parameters(), lr=0.2)
    >>> history = nn.fit(neuron, [[0.0], [1.0], [2.0]], [0.4, 1.9, 3.4], "mse", optimizer, epochs=300)
    >>> [round(p.data, 3) for p in neuron.parameters()]
    [1.5, 0.4]
    """
    random = np.random.default_rng(0)
    x = random.uniform(-2.0, 2.0, 60)
    y = 1.5 * x + 0.4 + random.normal(0.0, 0.5, 60)
    linear = nn.Neuron(1, w=[-1.0], b=0.0)
    path = nn.WeightPath(linear.parameters())
    nn.fit(linear, x[:, None], y, "mse", nn.SGD(linear.parameters(), lr=0.1), 200, None, callbacks=[path])
    columns = np.column_stack([x, np.ones(60)])
    best = np.linalg.lstsq(columns, y, rcond=None)[0]
    report.compare("w and b, σ = identity", _weights(linear), best.tolist(), "least squares", digits=6, rounding=1e-9)
    theta, one = path.points[0], columns[0]
    slope = 2 / 60 * columns.T @ (columns @ theta - y)
    report.compare("θ after one step", path.points[1].tolist(), (theta - 0.1 * slope).tolist(), "θ − η(2/n)Xᵀ(Xθ − y)",
                   slide="θ − η∇L")  # fmt: skip
    X = random.normal(size=(60, 2))
    classes = (X @ [1.5, -0.7] + random.normal(0.0, 0.8, 60) > 0).astype(float)
    logistic = nn.Neuron(2, "sigmoid", seed=0)
    history = nn.fit(logistic, X, classes, "bce", nn.SGD(logistic.parameters(), lr=2.0), 900, None)
    due = _logistic_regression(np.column_stack([X, np.ones(60)]), classes)
    report.compare(
        "w and b, σ = logistic", _weights(logistic), due, "reweighted least squares", digits=6, rounding=1e-6
    )
    one_w, one_b = (Value(number, name=name, parameter=True) for number, name in ((-1.0, "w"), (0.0, "b")))
    at = Value(float(one[0]), name="x", requires_grad=False)
    p = sigmoid(one_w * at + one_b)
    p.name = "y"
    report.say(explain(p, one_w))
    report.say(history)
    report.see("The line turns into the cloud in a few steps; the two regressions differ in σ alone.")
    grid = np.linspace(-2.0, 2.0, 41)
    lines = {f"step {k}": path.points[k, 0] * grid + path.points[k, 1] for k in (0, 2, 5, 200)}
    report.picture("linear", lambda: pictures.curves(grid, lines, points=(x, y), title="ŷ = wx + b on its way"))
    report.picture("logistic", lambda: pictures.decide(logistic, X, classes, "logistic regression"))


@row("nn.Layer", "nn.Neuron", "nn.Sequential")
def L3_2(report: Report) -> None:
    """Write a layer of H neurons, and two of them, as σ(xᵀW + bᵀ).

    >>> import nn
    >>> import numpy as np
    >>> from autograd import sigmoid
    >>> layer, x = nn.Layer(3, 4, "sigmoid", seed=0), [0.4, -1.2, 0.7]
    >>> W, b = layer.state_dict().values()
    >>> np.allclose(sigmoid(W @ x + b), [a.data for a in layer(x)])
    True
    """
    x = [0.4, -1.2, 0.7]
    model = nn.MLP(3, [4, 2], activation="sigmoid", output_activation="sigmoid", seed=0)
    state = model.state_dict()
    hidden: list[float] = []
    outer: list[float] = []
    for k, given, found in ((1, x, hidden), (2, hidden, outer)):
        for w, b in zip(state[f"W{k}"].tolist(), state[f"b{k}"].tolist(), strict=True):
            found.append(nn.Neuron(len(w), "sigmoid", w=w, b=b)(given)[0].data)
    matrix = np.asarray(x)
    for k in (1, 2):
        matrix = 1 / (1 + np.exp(-(matrix @ state[f"W{k}"].T + state[f"b{k}"])))
    slide = "y = σ(xᵀW + bᵀ)"
    report.compare("one layer, as 4 neurons", [a.data for a in model.layers[0](x)], hidden, "neurons", slide=slide)
    report.compare("two layers, as 6 neurons", [a.data for a in model(x)], outer, "neurons")
    report.compare("two layers, as a matrix form", [a.data for a in model(x)], matrix.tolist(), "NumPy",
                   slide="σ₂(σ₁(xᵀW₁ + b₁ᵀ)W₂ + b₂ᵀ)")  # fmt: skip
    report.say("Here a row of W belongs to one neuron, as in L1; this slide writes its columns so: W is transposed.")
    neuron = nn.Neuron(3, "sigmoid", w=state["W1"][0].tolist(), b=0.1)
    [y] = neuron(inputs(x))
    y.name = "y"
    layer = nn.Layer(2, 2, "sigmoid", seed=0)
    report.see("The second picture is the first twice: a layer is neurons that share their inputs.")
    report.picture("neuron", y.graph)
    report.picture("layer", lambda: Graph(*layer(inputs(x[:2]))))


@row("nn.step_network", "nn.step_approximation", "nn.wavy_function")
def L3_3(report: Report) -> None:
    """Approximate a function by hand, with pairs of step neurons.

    >>> import nn
    >>> model = nn.step_approximation(nn.wavy_function, 80)
    >>> model([0.3])[0].data, nn.wavy_function(0.3)
    (0.09819094396536258, 0.07205349812425915)
    """
    places, weights = [0.35, 0.7, 0.7, 0.0, 0.35], [0.8, -0.8, 1.5, 0.4, -0.4]
    step = nn.Neuron(1, "step", w=[2.0], b=-0.7)
    report.compare("u of w = 2, b = −0.7 at 0.34 and 0.36", [step([x])[0].data for x in (0.34, 0.36)], [0.0, 1.0],
                   "s = −b/w = 0.35", slide="s = −b/w")  # fmt: skip
    grid = np.linspace(0.0, 1.0, 401)
    exact = [nn.wavy_function(x) for x in grid.tolist()]
    steps = {}
    for count, at, due, slide in (
        (1, 0.5, 0.8, "s = 0.35, w = 0.8"),
        (2, 0.9, 0.0, "s₂ = 0.35, w₂ = −w₁ = −0.8"),
        (3, 0.9, 1.5, "s₃ = s₂ = 0.7, w₃ = 1.5"),
        (5, 0.2, 0.4, "s₄ = 0, s₅ = s₁ = 0.35, w₄ = −w₅ = 0.4"),
    ):
        model = nn.step_network(places[:count], weights[:count])
        steps[f"{count} neuron{'s' * (count > 1)}"] = nn.predict(model, grid[:, None])[:, 0].tolist()
        y, label = model([at])[0].data, f"y({at}) of {count} neuron{'s' * (count > 1)}"
        report.compare(label, y, due, "Σw of those that fire", slide=slide)
    worst = float(np.abs(np.subtract(steps["5 neurons"], exact)).max())
    report.compare("largest error of the slide's five", worst, digits=4)
    drawn = model([0.5])[0]
    drawn.name = "y"
    closer = {"f": exact}
    errors = []
    for pairs in (5, 20, 80):
        answers = nn.predict(nn.step_approximation(nn.wavy_function, pairs), grid[:, None])[:, 0]
        closer[f"{pairs} pairs"] = answers.tolist()
        errors.append(float(np.abs(answers - exact).max()))
    report.compare("largest error |y − f| of 5, 20, 80 pairs of steps", errors, digits=4)
    smooth: dict[str, Any] = {"f": exact}
    errors = []
    for steepness in (20.0, 60.0, 240.0):
        pairs_of_steps = nn.step_approximation(nn.wavy_function, 96, (-0.1, 1.1))
        answers = nn.predict(_soften(pairs_of_steps, steepness), grid[:, None])[:, 0]
        smooth[f"σ({steepness:g}(x − s))"] = answers
        errors.append(float(np.abs(answers - exact).max()))
    report.compare("the same of 96 pairs of sigmoids on [−0.1, 1.1], k = 20, 60, 240", errors, digits=3)
    report.say(
        "The slide prints s₂ = 0.35, where the second neuron would undo the first at once; its picture, and its next "
        "line, have 0.7. Its five neurons are there to show the steps, not to fit.",
        "Cybenko's theorem is about continuous sigmoids: σ(k(x − s)) comes as close to a step as k is large, and at "
        "k = 240 it rounds the corners of steps of width 1/80, so that the error is below that of the steps. Some "
        "stand outside [0, 1], for a sigmoid is not yet 1, or no longer 0, beside its place.",
    )
    report.see("In the panels each neuron adds a jump at s by w, its weight in the second layer.")
    report.picture("by-hand", lambda: pictures.stages(grid, exact, steps))
    report.picture("network", drawn.graph)
    report.picture("steps", lambda: pictures.curves(grid, closer, title="more neurons, a smaller error"))
    report.picture("sigmoids", lambda: pictures.curves(grid, smooth, title="96 pairs of sigmoids, steeper and steeper"))


@row("nn.MLP", "nn.SGD", "nn.fit")
def L3_4(report: Report, epochs: int = 10_000) -> None:
    """Learn the same function by gradient descent, from neurons placed by hand and from random ones.

    >>> import nn
    >>> import numpy as np
    >>> x, model = np.linspace(0.0, 1.0, 81), nn.MLP(1, [24, 1], activation="tanh", seed=0)
    >>> targets = [nn.wavy_function(a) for a in x.tolist()]
    >>> history = nn.fit(model, x[:, None], targets, "mse", nn.SGD(model.parameters(), 0.05), 10_000, batch_size=None)
    """
    grid = np.linspace(0.0, 1.0, 81)[:, None]
    targets = np.array([nn.wavy_function(x) for x in grid[:, 0].tolist()])
    middle = max(1, epochs // 10)
    shown: dict[str, Any] = {"f": targets}
    histories = {}
    for start in ("placed", "random"):
        model = nn.MLP(1, [24, 1], activation="tanh", seed=0)
        if start == "placed":
            spread = {"W": np.full((24, 1), 20.0), "b": -20.0 * np.linspace(0.0, 1.0, 24)}
            model.layers[0].load_state_dict(spread)
        answers: dict[int, Any] = {}
        history = nn.History()
        optimizer = nn.SGD(model.parameters(), lr=0.05)
        for until in sorted({1, middle, epochs}):
            for epoch in nn.fit(model, grid, targets, "mse", optimizer, until - len(history.rows), None).rows:
                history.append(epoch)
            answers[until] = nn.predict(model, grid)[:, 0]
        histories[start] = history
        rms = [math.sqrt(history["loss"][k - 1]) for k in (1, middle, epochs)]
        report.compare(f"{start}: root mean squared error after 1, {middle}, {epochs} epochs", rms, digits=2)
        kept = answers if start == "placed" else {epochs: answers[epochs]}
        shown |= {f"{start}, epoch {k}": column for k, column in kept.items()}
    report.compare("that of a constant", float(targets.std()), digits=2)
    report.say(
        "Placed: the 24 hidden neurons begin as steep steps spread over [0, 1] (W = 20, b = −20·0 … −20·1), as in "
        "L3.3, and are then trained like all weights. Random: as a layer begins by itself. Both by the slide's "
        "θ − η∇L with all examples at once, η = 0.05.",
    )
    report.see(
        "From random weights the network has only wide bends to begin with, and the fast waves of f are learned last."
    )
    report.picture("learned", lambda: pictures.curves(grid[:, 0], shown, title="learned by gradient descent"))
    report.picture("loss", lambda: nn.plots.compare(histories))


@row("nn.fit", "nn.SGD", "nn.plots.loss_surface")
def L3_5(report: Report) -> None:
    """Compute a step of full-batch, mini-batch and stochastic descent by the slides' formulas.

    >>> import nn
    >>> (X, t), model = nn.two_gaussians(8, seed=0), nn.Layer(2, 1, bias=False, W=[[0.5, -0.5]])
    >>> history = nn.fit(model, X, t, "mse", nn.SGD(model.parameters(), lr=0.1), epochs=1, batch_size=2, shuffle=False)
    >>> model.state_dict()["W"]
    array([[0.74114155, 0.14616162]])
    """
    X, t = nn.two_gaussians(8, seed=0)
    start = np.array([0.5, -0.5])
    paths = {}
    for label, size, slide in (
        ("batch", None, "θ − η∇((1/n)ΣL)"),
        ("mini-batch of 2", 2, "θ − η∇((1/B)ΣL)"),
        ("stochastic", 1, "θ − η∇L(ŷ_i, y_i)"),
    ):
        model = nn.Layer(2, 1, bias=False, W=[start.tolist()])
        path, optimizer = nn.WeightPath(model.parameters()), nn.SGD(model.parameters(), lr=0.1)
        nn.fit(model, X, t, "mse", optimizer, 3, size, shuffle=False, callbacks=[path])
        paths[label], steps = path.points, 8 // (size or 8)
        theta = start.copy()
        for first in range(0, 8, size or 8):
            some = slice(first, first + (size or 8))
            theta -= 0.1 * 2.0 * X[some].T @ (X[some] @ theta - t[some]) / len(X[some])
        report.compare(f"θ after an epoch, {label}", path.points[steps].tolist(), theta.tolist(),
                       "θ − η(2/B)Xᵀ(Xθ − y)", slide=slide)  # fmt: skip
    report.see(
        "Three epochs each, of one step, four and eight: the more steps, the further from as many looks at examples."
    )
    model = nn.Layer(2, 1, bias=False, W=[start.tolist()])
    report.picture(
        "paths", lambda: nn.plots.loss_surface(model, X, t, "mse", model.parameters(), paths=paths, resolution=21)
    )


@row("nn.UNet", "nn.cells", "nn.iou_with_logits")
def L3_6(report: Report, epochs: int = 8) -> None:
    """Find the boundaries of cells with a small U-Net.

    >>> import nn
    >>> (X, T), model = nn.cells(4, size=16, across=3, seed=0), nn.UNet(1, channels=[2, 3], seed=0)
    >>> history = nn.fit(model, X, T, "bce_with_logits", nn.Adam(model.parameters(), lr=0.03), epochs=1, batch_size=2)
    >>> nn.predict(model, X).shape
    (4, 1, 16, 16)
    """
    X, T = nn.cells(12, size=16, across=3, seed=0)
    unseen, truth = nn.cells(8, size=16, across=3, seed=1)
    model = nn.UNet(1, channels=[4, 6, 8], seed=0)
    deep = nn.UNet(1, channels=[1, 1, 1, 1, 1], seed=0).eval()
    report.compare("levels down and up of the slide's network", [len(deep.downsample), len(deep.upsample)], [4, 4])
    report.compare(
        "shape of its scores for 16 × 16 points", list(deep(unseen[0].tolist()).shape), [1, 16, 16], "the picture's"
    )
    report.compare(
        "parameters of a network of two levels", len(model.parameters()), _unet_parameters([4, 6, 8]), "counted by hand"
    )
    optimizer = nn.Adam(model.parameters(), lr=0.03)
    history = nn.fit(model, X, T, "bce_with_logits", optimizer, epochs, 2, seed=0)
    report.compare("loss of the first and the last epoch", [history["loss"][0], history["loss"][-1]], digits=3)
    found = nn.evaluate(model, unseen, truth, "bce_with_logits", ["iou_with_logits"])["iou_with_logits"]
    by_threshold = max(nn.iou(1.0 - unseen, truth, 1.0 - level) for level in np.linspace(0.2, 0.8, 25))
    report.compare("overlap with the boundaries of unseen cells", found, digits=3)
    report.compare("overlap of the best threshold on brightness", by_threshold, digits=3)
    scores = nn.predict(model, unseen[:2])
    report.say("The network is the slide's with fewer channels and, where it is trained, two levels instead of four.")
    report.see("Dark scores follow the lines between cells, and close gaps that the noise has torn into them.")
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
    """Show how the gradients of a two-layer network with one output are computed.

    >>> import nn
    >>> from autograd import explain
    >>> model = nn.MLP(2, [2, 1], activation="sigmoid", seed=0)
    >>> L = nn.mse(model([0.6, -0.3]), [1.0]); L.name = "L"
    >>> print(explain(L, model.layers[0].W[0, 0]))
    ∂L/∂W1[0][0] = ∂L/∂e[0] · ∂e[0]/∂a2[0] · ∂a2[0]/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][0] =
        1.2·e[0]·W2[0][0]·a1[0]·(1 − a1[0]) = 1.2 × (−0.644732) × 0.150806 × 0.658568 × 0.341432 = −0.0262351
    """
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
    report.see("With M = 1 each weight has one way to L: its gradient is the product of the arrows on it, and no sum.")
    report.picture("derivation", loss.graph)


@row("nn.ThresholdNeuron", "nn.Neuron", "nn.MLP")
def L3_9(report: Report) -> None:
    """Learn by Hebb's rule of 1949 and Rosenblatt's of 1958, and see what one neuron cannot learn.

    >>> w, points = [0.0, 0.0, 0.0], {(0, 0, 1): 0, (0, 1, 1): 0, (1, 0, 1): 0, (1, 1, 1): 1}
    >>> for x, t in list(points.items()) * 10:
    ...     y = sum(a * b for a, b in zip(w, x)) > 0
    ...     w = [a + 0.5 * (t - y) * b for a, b in zip(w, x)]
    >>> w, [sum(a * b for a, b in zip(w, x)) > 0 for x in points]
    ([1.0, 0.5, -1.0], [False, False, False, True])
    """
    points = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    targets = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
    signed = [[2 * x - 1 for x in point] for point in points]
    hebb = np.array([[*point, 1.0] for point in signed]).T @ [2 * t - 1 for t in targets["AND"]]
    states = [float(x @ hebb > 0) for x in np.array([[*point, 1.0] for point in signed])]
    report.compare("Hebb, w = Σtx over ±1: AND", states, [0, 0, 0, 1], "truth table")
    learned = {}
    for name, ts in targets.items():
        weights, wrong = _rosenblatt(points, ts)
        learned[name] = weights
        if name == "XOR":
            report.compare(
                "Rosenblatt, fewest wrong in a round of 200: XOR", min(wrong), "at least 1", "no line parts it"
            )
        else:
            report.compare(f"Rosenblatt, wrong in the last round: {name}", wrong[-1], 0, "convergence theorem")
            report.compare(f"rounds until then: {name}", len(wrong), digits=2)
    w, x = Value(0.0, name="w"), Value(1.0, name="x", requires_grad=False)
    t, y = Value(1.0, name="t", requires_grad=False), Value(0.0, name="y", requires_grad=False)
    criterion = (y - t) * (w * x)
    criterion.name = "P"
    report.say("Rosenblatt's rule w ← w + η(t − y)x, here with η = 0.5, steps down P = (y − t)·s, s = wx, y, t held:")
    report.say(explain(criterion, w))
    single = nn.Neuron(2, "sigmoid", seed=0)
    nn.fit(single, points, targets["XOR"], "bce", nn.SGD(single.parameters(), lr=1.0), 500, None)
    alone = nn.evaluate(single, points, targets["XOR"], "bce")["loss"]
    report.compare(
        "one sigmoid neuron on XOR: its loss", alone, math.log(2), "ln 2, as of always ½", digits=6, rounding=1e-6
    )
    layers = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    nn.fit(layers, points, targets["XOR"], "bce_with_logits", nn.SGD(layers.parameters(), lr=1.0), 300, None)
    right = (nn.predict(layers, points)[:, 0] > 0).astype(int).tolist()
    report.compare("two layers on XOR", right, targets["XOR"], "truth table")
    report.see(
        "One neuron draws one line: it parts AND, where (1, 0) lies on the line and s = 0 still gives 0, but on XOR a "
        "point stays on the wrong side of every line, and the neuron learns to say ½ always."
    )
    report.say("The rules and XOR are not on the slide, which names people and years.")
    *w_and, b_and = learned["AND"]
    s_and = nn.Layer(2, 1, W=[w_and], b=[b_and])  # its sum, which the step parts at 0
    for name, title, model, threshold in (
        ("and-by-rosenblatt", "AND, Rosenblatt", s_and, 0.0),
        ("xor-one-neuron", "XOR, one neuron: ½ everywhere", single, 0.5),
        ("xor-two-layers", "XOR, two layers", layers, 0.0),
    ):
        report.picture(name, partial(pictures.decide, model, points, targets[title[:3]], title, threshold=threshold))


def _rosenblatt(points: list[list[float]], targets: list[int], rounds: int = 200) -> tuple[list[float], list[int]]:
    """Apply w ← w + η(t − y)x, the bias a weight on 1, until a round changes nothing; return w and errors by round."""
    weights = [0.0, 0.0, 0.0]
    wrong: list[int] = []
    while len(wrong) < rounds:
        wrong.append(0)
        for point, t in zip(points, targets, strict=True):
            x = [*point, 1.0]
            w = [Value(number) for number in weights]
            s = dot(w, x)
            y = 1.0 if s.data > 0 else 0.0
            ((y - t) * s).backward()
            weights = [v.data - 0.5 * (v.grad or 0.0) for v in w]
            wrong[-1] += y != t
        if not wrong[-1]:
            break
    return weights, wrong


def _soften(model: nn.Sequential, steepness: float) -> nn.Sequential:
    """Replace the step neurons of a network by sigmoids σ(k(x − s))."""
    state = model.state_dict()
    first = nn.Layer(1, len(state["b1"]), "sigmoid", W=steepness * state["W1"], b=steepness * state["b1"])
    return nn.Sequential(first, nn.Layer(len(state["b1"]), 1, bias=False, W=state["W2"]))


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
    """Count the weights of a U-Net from and to one channel: 9 a kernel, 4 on the way up, and biases."""

    def block(into: int, out: int) -> int:
        return 9 * into * out + 9 * out * out + 2 * out + 4 * out

    count = block(1, channels[0])
    for upper, lower in itertools.pairwise(channels):
        count += block(upper, lower)  # down
    now = channels[-2]
    count += block(channels[-1], now)  # the middle gives as many channels as the level above
    for k in range(len(channels) - 2, -1, -1):
        out = channels[max(k - 1, 0)]
        count += 4 * now * now + now + block(2 * now, out)
        now = out
    return count + now + 1
