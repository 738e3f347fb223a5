"""Lecture 1, neural networks: the perceptron by hand, its training, and the Boston housing regression."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

import nn
from autograd import Value, derivative, dot, exp, explain, grad, log, relu
from edgegrad.lectures.networks import PERCEPTRON_INPUT, inputs, perceptron, run_perceptron
from edgegrad.lectures.report import Report, row

RATE = 0.1
OUTPUTS = [1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125]  # lecture L1.6
ERRORS = [0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16]


@row("nn.Layer", "autograd.dot")
def L1_1(report: Report) -> None:
    """Compute weighted sums by hand, then as matrix × vector."""
    x1, x2 = inputs(PERCEPTRON_INPUT)
    s1, s2 = 1 * x1 + 3 * x2, -2 * x1 + 4 * x2
    output = 0.5 * relu(s1) + 0.3 * relu(s2)
    model = perceptron()
    hidden = model.layers[0]([x1, x2])
    report.compare("hidden sums by hand", [s1.data, s2.data], [2.6, 1.8])
    report.compare("output by hand", output.data, 1.84)
    report.compare("hidden sums of the layer", [a.data for a in hidden], [2.6, 1.8])
    [drawn] = model([x1, x2])
    report.compare("output of the network", drawn.data, 1.84)
    report.say("The slides once print 0.5 + 2.5 for 0.5 + 2.1, and once W1 transposed: misprints.")
    report.picture("network", drawn.graph)


@row("nn.ACTIVATIONS", "nn.plots.activations", "autograd.grad")
def L1_2(report: Report) -> None:
    """Plot the activations with their derivatives."""
    points = [-2.0, 0.0, 2.0]
    for name, numbers, slopes in (
        ("sigmoid", [0.11920292202211755, 0.5, 0.8807970779778824], [0.10499358540350652, 0.25, 0.10499358540350652]),
        ("tanh", [-0.9640275800758169, 0.0, 0.9640275800758169], [0.07065082485316447, 1.0, 0.07065082485316447]),
        ("relu", [0.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        ("leaky_relu", [-0.2, 0.0, 2.0], [0.1, 0.1, 1.0]),
        ("elu", [-0.08646647167633873, 0.0, 2.0], [0.01353352832366127, 0.1, 1.0]),
        ("identity", points, [1.0, 1.0, 1.0]),
        ("step", [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
    ):
        f = nn.ACTIVATIONS[name]
        report.compare(f"{f} at −2, 0, 2", [f(x) for x in points], numbers, "closed form", digits=6)
        report.compare(f"its derivative, {f}′", [grad(f)(x) for x in points], slopes, "closed form", digits=6)
    whole = nn.ACTIVATIONS["softmax"]([1.0, 2.0, 3.0])
    weights = [math.exp(k - 3.0) for k in (1, 2, 3)]
    report.compare("softmax of (1, 2, 3)", whole, [w / sum(weights) for w in weights], "closed form", digits=6)
    report.picture("gallery", nn.plots.activations)


@row("autograd.grad", "autograd.derivative", "autograd.explain")
def L1_3(report: Report) -> None:
    """Differentiate the slides' functions, by all their variables."""
    both = grad(lambda x, y: 2 * x + y**4, (0, 1))
    report.compare("∇(2x + y⁴) at (3, 2)", list(both(3.0, 2.0)), [2.0, 32.0])
    report.compare("(2x⁴)′ at 1.5", derivative(lambda x: 2 * x**4)(1.5), 27.0)
    both = grad(lambda x, y: exp(x) + log(y), (0, 1))
    report.compare("∇(eˣ + ln y) at (1, 2)", list(both(1.0, 2.0)), [math.e, 0.5])
    three = grad(lambda x, y, z: exp(x) - 1 / y**2 + 2**z, (0, 1, 2))
    report.compare("∇(eˣ − 1/y² + 2ᶻ) at (1, 2, 3)", list(three(1.0, 2.0, 3.0)), [math.e, 0.25, 8 * math.log(2)])
    x = Value(1.7, name="x")
    f = x ** (2 * x * log(x))
    f.name = "f"
    f.backward()
    report.compare("(x^(2x ln x))′ at 1.7", x.grad, 6.995357654110236)
    report.say(explain(f, x))
    report.picture("power", f.graph)


@row("nn.Sequential", "nn.SGD", "autograd.explain")
def L1_4(report: Report) -> None:
    """Take one full step with the 2-2-1 ReLU perceptron."""
    model = perceptron()
    error = run_perceptron(model)
    error.backward()
    nodes = {node.name: node for node in error.graph()}
    report.compare("E", error.data, 0.3528)
    report.compare("∂E/∂O", nodes["O"].grad, 0.84)
    report.compare("∂E/∂W2", _slopes(model, "W2"), [2.184, 1.512])
    report.compare("δ2 = ∂E/∂a", [nodes[f"a1[{i}]"].grad for i in (0, 1)], [0.42, 0.252])
    report.compare("∂E/∂W1", _slopes(model, "W1"), [0.21, 0.294, 0.126, 0.1764])
    report.say(*(explain(error, w) for w in model.parameters()))
    report.picture("perceptron", error.graph)
    nn.SGD(model.parameters(), lr=RATE).step()
    state = model.state_dict()
    report.compare("new W2", state["W2"].ravel().tolist(), [0.2816, 0.1488])
    report.compare("new W1", state["W1"].ravel().tolist(), [0.979, 2.9706, -2.0126, 3.98236])


@row("nn.fit", "nn.predict", "nn.evaluate")
def L1_5(report: Report) -> None:
    """Compute the output again, as the slide did and as it is right."""
    model = perceptron()
    nn.fit(model, [PERCEPTRON_INPUT], [1.0], "half_squared_error", nn.SGD(model.parameters(), lr=RATE))
    after = [a.data for a in model.layers[0](PERCEPTRON_INPUT)]
    mixed = dot([0.5, 0.3], after)
    report.compare("O from the new W1 and the old W2", mixed, 1.8188)
    report.compare("its E", 0.5 * (mixed - 1.0) ** 2, 0.33521672)
    report.compare("O with both new", float(nn.predict(model, [PERCEPTRON_INPUT])[0, 0]), 0.9884730496)
    right = nn.evaluate(model, [PERCEPTRON_INPUT], [1.0], "half_squared_error")
    report.compare("its E, as in the lecture's table", right["loss"], 6.64352927620e-05)
    report.say("The slide used the new W1 with the old W2; the lecture's own table has both new.")


@row("nn.fit", "nn.History")
def L1_6(report: Report) -> None:
    """Train that perceptron, and write the table of epochs."""
    _, history, _ = train_perceptron()
    report.compare("O before each update", history["output"], OUTPUTS, digits=11, rounding=1e-11)
    report.compare("E before each update", history["loss"], ERRORS, digits=5)
    report.say("The lecture's table prints epoch 0 twice: its rows 0 and 1 are both 1.84.", history)


@row("nn.History.plot", "nn.plots.loss_curve")
def L1_7(report: Report) -> None:
    """Plot the error, the output, the logarithm and the change of the error, and the error over W2[0]."""
    _, history, path = train_perceptron()
    losses = history["loss"]
    report.compare("log₁₀E", [math.log10(E) for E in losses], [math.log10(E) for E in ERRORS], digits=5, rounding=1e-4)
    changes = np.diff(losses).tolist()
    report.compare("change of E", changes, np.diff(ERRORS).tolist(), "its table", digits=5, rounding=1e-8)
    model = perceptron()
    weight = model.parameters()[4]
    run_perceptron(model).backward()
    assert weight.grad is not None
    report.compare("slope of E over W2[0] where it starts", weight.grad, 2.184)
    report.compare("W2[0] where that E is least", 0.5 - weight.grad / 2.6**2, 0.46 / 2.6, "closed form")
    report.say(*_error_by_weight())
    report.picture("error", lambda: history.plot("loss"))
    report.picture("output", lambda: history.plot("output"))
    report.picture("log-error", lambda: history.plot("loss", scale="log"))
    report.picture("change", lambda: history.plot("loss", scale="change"))
    report.picture(
        "error-over-W2",
        lambda: nn.plots.loss_curve(
            model,
            [PERCEPTRON_INPUT],
            [1.0],
            "half_squared_error",
            weight,
            span=(-0.5, 1.0),
            paths={"five updates": path.points[:, 4]},
        ),
    )


@row("nn.MLP", "nn.RMSProp", "nn.Standardizer", "nn.fit", "nn.boston")
def L1_8(report: Report, epochs: int = 200, data: str | os.PathLike[str] | None = None) -> None:
    """Predict house prices with 13-128-128-64-1, RMSProp and batches of 16.

    `data` is the Boston table as a CSV file, see `nn.boston`; without it the table is scikit-learn's diabetes set.
    """
    (X, y), (X_test, y_test) = nn.boston(data) if data is not None else _diabetes()
    scaler = nn.Standardizer().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    model = nn.MLP(X.shape[1], [128, 128, 64, 1], activation="relu", seed=0)
    if data is not None:
        report.compare("parameters", len(model.parameters()), 26_625)
        report.compare("examples for training and test", [len(X), len(X_test)], [404, 102])
    optimizer = nn.RMSProp(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    before = nn.evaluate(model, X_test, y_test, "mse", ["mae"])["mae"]
    history = nn.fit(model, X, y, "mse", optimizer, epochs, 16, validation_split=0.2, metrics=["mae"], seed=0)
    after = nn.evaluate(model, X_test, y_test, "mse", ["mae"])["mae"]
    baseline = float(np.abs(y.mean() - y_test).mean())
    report.compare("MAE on the test examples, untrained", before, digits=4)
    report.compare(f"MAE after {epochs} epoch{'s' * (epochs > 1)}", after, digits=4)
    report.compare("MAE of always saying the mean", baseline, digits=4)
    predictions = nn.predict(model, X_test[:20])[:, 0]
    report.say(history, "prediction   target")
    report.say(*(f"{p:>10.2f} {t:>8.1f}" for p, t in zip(predictions, y_test, strict=False)))
    report.picture("curves", lambda: history.plot(["loss", "mae"]))


@row("nn.RMSProp")
def L1_9(report: Report) -> None:
    """Take steps of RMSProp: G = αG + (1 − α)g², w = w − ηg/(√G + ε)."""
    w = Value(1.0, name="w")
    optimizer = nn.RMSProp([w], lr=0.1, alpha=0.9, eps=1e-7)
    path, expected, G, v = [], [], 0.0, 1.0
    for _ in range(5):
        optimizer.zero_grad()
        (w**2).backward()
        G = 0.9 * G + 0.1 * w.grad * w.grad
        v -= 0.1 * w.grad / (math.sqrt(G) + 1e-7)
        optimizer.step()
        path.append(w.data)
        expected.append(v)
    report.compare("w on E = w² in five steps", path, expected, "closed form")


def _error_by_weight() -> list[str]:
    """Draw E and its slope over W2[0], the rest fixed, in characters."""
    model = perceptron()
    weight = model.parameters()[4]
    points = []
    for tenths in range(-2, 7):
        weight.data, weight.grad = tenths / 10, None
        error = run_perceptron(model)
        error.backward()
        points.append((weight.data, error.data, weight.grad))
    top = max(E for _, E, _ in points)
    lines = [f"{w:>6.1f} {E:>9.4f} {slope:>10.3f}   {'█' * round(40 * E / top)}".rstrip() for w, E, slope in points]
    return [line.replace("-", "−") for line in (f"{'W2[0]':>6} {'E':>9} {'∂E/∂W2[0]':>10}", *lines)]


def _slopes(model: nn.Sequential, array: str) -> list[Any]:
    return [w.grad for name, w in model.named_parameters() if name.startswith(array)]


def _output(outputs: Any, targets: Any) -> float:
    return float(outputs[0, 0])


def train_perceptron(epochs: int = 5) -> tuple[nn.Sequential, nn.History, nn.WeightPath]:
    """Train the perceptron as the lecture does, and return it with its errors and the way of its weights."""
    model = perceptron()
    path, optimizer = nn.WeightPath(model.parameters()), nn.SGD(model.parameters(), lr=RATE)
    X, t, metrics = [PERCEPTRON_INPUT], [1.0], {"output": _output}
    history = nn.fit(model, X, t, "half_squared_error", optimizer, epochs, None, metrics=metrics, callbacks=[path])
    return model, history, path


def _diabetes() -> Any:
    """Load scikit-learn's diabetes set, ten inputs and a measure of the illness after a year, four fifths to train."""
    try:
        from sklearn.datasets import load_diabetes
    except ImportError:
        raise ImportError(
            "L1.8 without a file of the Boston table runs on scikit-learn's diabetes set: pip install scikit-learn, "
            "or give the table with --data."
        ) from None
    X, y = load_diabetes(return_X_y=True)
    X, X_test, y, y_test = nn.train_test_split(X, y, test_size=0.2, seed=0)
    return (X, y), (X_test, y_test)
