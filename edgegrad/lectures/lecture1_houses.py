"""Lecture 1, the Boston housing regression: its training, RMSProp, and the formulas of the listing."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

import nn
from autograd import Value, dot, explain
from edgegrad.lectures.lecture1 import RATE, train_perceptron
from edgegrad.lectures.networks import perceptron, run_perceptron
from edgegrad.lectures.report import Report, row


@row("nn.MLP", "nn.RMSProp", "nn.Standardizer", "nn.fit", "nn.boston")
def L1_8(report: Report, epochs: int = 200, data: str | os.PathLike[str] | None = None) -> None:
    """Predict house prices with 13-128-128-64-1, RMSProp and batches of 16.

    `data` is the Boston table as a CSV file, see `nn.boston`; without it the table is scikit-learn's diabetes set.

    >>> import nn
    >>> (X, y), _ = nn.boston("boston_housing.csv")
    >>> model = nn.MLP(13, [128, 128, 64, 1], activation="relu", seed=0)
    >>> history = nn.fit(model, nn.Standardizer().fit(X).transform(X), y, "mse", "rmsprop", epochs=5, batch_size=16)
    """
    (X, y), (X_test, y_test) = nn.boston(data) if data is not None else load_diabetes()
    if data is None:
        report.title = "Predict diabetes, for want of the Boston table: the same network with 10 inputs"
    named = "Boston housing" if data is not None else "diabetes (scikit-learn), no houses"
    report.compare("data", named, slide="Boston housing")
    scaler = nn.Standardizer().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    model = nn.MLP(X.shape[1], [128, 128, 64, 1], activation="relu", seed=0)
    if data is not None:
        report.compare("parameters", len(model.parameters()), 26_625, "Σ n_l(n_{l−1} + 1)")
        report.compare("examples for training and test", [len(X), len(X_test)], [404, 102], "Keras' split")
    optimizer = nn.RMSProp(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    before = nn.evaluate(model, X_test, y_test, "mse", ["mae"])["mae"]
    history = nn.fit(model, X, y, "mse", optimizer, epochs, 16, validation_split=0.2, metrics=["mae"], seed=0)
    after = nn.evaluate(model, X_test, y_test, "mse", ["mae"])["mae"]
    baseline = float(np.abs(y.mean() - y_test).mean())
    report.compare("MAE on the test examples, untrained", before, digits=4)
    report.compare(f"MAE after {epochs} epoch{'s' * (epochs > 1)}", after, digits=4)
    report.compare("MAE of always saying the mean", baseline, digits=4)
    predictions = nn.predict(model, X_test[:20])[:, 0]
    unit = "thousand dollars" if data is not None else "progress of the illness after a year"
    report.say(history)
    report.say(
        f"inputs: (x − mean)/std with the training examples' mean {_few(scaler.mean)} and std {_few(scaler.std)}"
    )
    report.say("targets are left as they are, so predictions need no p·std + mean (L1.10 has both)")
    report.say(f"prediction   target, {unit}")
    report.say(*(f"{p:>10.2f} {t:>8.1f}" for p, t in zip(predictions, y_test, strict=False)))
    report.see("Where the dashed curve of validation stops falling and the other goes on, the network learns by heart.")

    def curves() -> Any:
        figure = history.plot(["loss", "mae"])
        figure.suptitle(named)
        return figure

    report.picture("curves", curves)


@row("nn.RMSProp")
def L1_9(report: Report) -> None:
    """Take steps of RMSProp: G = αG + (1 − α)g², w = w − ηg/(√G + ε).

    >>> import nn
    >>> from autograd import Value
    >>> w = Value(1.0, name="w")
    >>> (w**2).backward(); nn.RMSProp([w], lr=0.1, alpha=0.9, eps=1e-7).step()
    >>> w.data, 1 - 0.1 * 2 / (0.1 * 2**2) ** 0.5
    (0.6837722839831541, 0.683772233983162)
    """
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
    report.compare("w on E = w² in five steps", path, expected, "the formula")
    model = perceptron()
    optimizer = nn.RMSProp(model.parameters(), lr=0.01, alpha=0.9, eps=1e-7)
    history, G, start = nn.History(), 0.0, model.parameters()[4].data
    report.say("The perceptron of L1.4 by these formulas, as the slide invites to; weight W2[0]:")
    report.say(f"{'epoch':>5} {'E':>10} {'g':>9} {'G':>9} {'√G':>9} {'ηg/√G':>9} {'W2[0]':>9}")
    for epoch in range(1, 16):
        optimizer.zero_grad()
        error = run_perceptron(model)
        error.backward()
        g, before = model.parameters()[4].grad, model.parameters()[4].data
        assert g is not None
        optimizer.step()
        G = 0.9 * G + 0.1 * g * g
        after = model.parameters()[4].data
        history.append({"loss": error.data})
        if epoch == 1:
            moves = [abs(a - b.data) for a, b in zip((1, 3, -2, 4, 0.5, 0.3), model.parameters(), strict=True)]
            due = [0.01 / math.sqrt(0.1)] * 6
            report.compare("its first step of all six weights", moves, due, "η/√(1 − α)", digits=6, rounding=1e-6)
            start -= 0.01 * g / (math.sqrt(G) + 1e-7)
            report.compare("W2[0] after it", after, start, "the formula")
        line = f"{epoch:>5} {error.data:>10.6f} {g:>9.4f} {G:>9.4f} {math.sqrt(G):>9.4f}"
        report.say(f"{line} {before - after:>9.5f} {after:>9.5f}".replace("-", "−"))
    report.say(
        "The first step is η/√(1 − α) for every weight, whatever its gradient: that is the norming of the slide.",
    )
    report.see(
        "In the picture plain descent is faster: E of one example has one steep direction, and nothing to even out. "
        "Norming pays where weights differ in steepness, as in L1.8 and L4.18."
    )
    plain = train_perceptron(15)[1]
    report.picture(
        "perceptron",
        lambda: nn.plots.compare({f"plain, η = {RATE}": plain, "RMSProp, η = 0.01": history}),
    )


@row("nn.MLP", "nn.mse", "nn.mae", "autograd.explain")
def L1_12(report: Report) -> None:
    """Check the listing's formulas: Z = WA + b and its shapes, ∂MSE/∂w of the last layer, MAE and its derivative.

    >>> import nn
    >>> from autograd import Value, dot, explain
    >>> w, h = [Value(0.5, name="w1"), Value(-0.3, name="w2")], [Value(1.0, name="h1"), Value(2.0, name="h2")]
    >>> E = nn.mse([dot(w, h)], [0.8]); E.name = "MSE"
    >>> print(explain(E, w[0]))
    ∂MSE/∂w1 = ∂MSE/∂e[0] · ∂e[0]/∂w1 = 2·e[0]·h1 = 2 × (−0.9) × 1 = −1.8
    """
    model = nn.MLP(13, [128, 128, 64, 1], activation="relu", seed=0)
    state = model.state_dict()
    for k, shape in enumerate(((128, 13), (128, 128), (64, 128), (1, 64)), 1):
        report.compare(f"shape of W⁽{'¹²³⁴'[k - 1]}⁾", list(state[f"W{k}"].shape), list(shape))
    X, t = np.random.default_rng(0).normal(size=(4, 13)), [24.0, 21.6, 34.7, 33.4]
    A = X.T  # a column an example
    for k in (1, 2, 3, 4):
        b = state[f"b{k}"][:, None]
        Z = state[f"W{k}"] @ A + b
        A, mark = np.maximum(Z, 0.0), "¹²³⁴"[k - 1]
        shapes = [" × ".join(map(str, array.shape)) for array in (b, Z)]
        report.say(f"b⁽{mark}⁾ is {shapes[0]}, and Z⁽{mark}⁾ of four examples {shapes[1]}.")
    hidden = np.array([_last_hidden(state, x) for x in X])
    last = model.parameters()[-65:-1]  # the 64 weights before the output's bias
    for name, loss in (("MSE", nn.mse), ("MAE", nn.mae)):
        for weight in model.parameters():
            weight.grad = None
        outputs = [model(x)[0] for x in X.tolist()]
        loss(outputs, t).backward()
        errors = np.array([p.data - y for p, y in zip(outputs, t, strict=True)])
        due, formula, squared = {
            "MSE": (0.5 * errors @ hidden, "(2/n)Σ(ŷ − y)h", 0.5 * errors**2 @ hidden),
            "MAE": (0.25 * np.sign(errors) @ hidden, "(1/n)Σ sign(ŷ − y)h", None),
        }[name]
        slopes = np.array([w.grad for w in last])
        what = f"∂{name}/∂w⁽⁴⁾ of all 64 weights, n = 4: largest distance from the formula"
        report.compare(what, round(float(np.abs(slopes - due).max()), 12), 0.0, formula)
        if squared is not None:
            report.compare("and from the slide's, with the square", float(np.abs(slopes - squared).max()), digits=4,
                           slide="(2/n)Σ(ŷ − y)²·h")  # fmt: skip
    report.say(
        "The same by hand for four examples of two hidden values, written out by the engine; e(i) = ŷi − yi, and "
        "2/n = ½:",
    )
    w = [Value(x, name=f"w{j}", parameter=True) for j, x in enumerate((0.5, -0.3), 1)]
    predictions = []
    for i, (h1, h2) in enumerate(((1.0, 2.0), (0.4, 0.0), (0.0, 0.5), (1.5, 1.0)), 1):
        h = [Value(x, name=f"h{j}({i})", requires_grad=False) for j, x in enumerate((h1, h2), 1)]
        p = dot(w, h)
        p.name = f"ŷ{i}"
        predictions.append(p)
    targets = [Value(y, name=f"y{i}", requires_grad=False) for i, y in enumerate((0.8, -0.2, 0.3, 1.1), 1)]
    drawn = {}
    for name, loss in (("MSE", nn.mse), ("MAE", nn.mae)):
        E = loss(predictions, targets)
        E.name = name
        for node in E.graph():
            if node.name and node.name.startswith("e["):
                node.name = f"e({int(node.name[2:-1]) + 1})"
        drawn[name] = E
        report.say(explain(E, w[0]))
    drawn["MSE"].backward()
    report.say(
        "The slide prints the square in ∂MSE/∂w too; the derivative of a square has none. Its sums run from i = 0 to "
        "n, which would be n + 1 examples: from 1. And weights change every 16 examples, not, as it says, every 16 "
        "epochs.",
    )
    report.see(
        "In the picture four paths lead from MSE to each weight, one an example; h2(2) = 0 and h1(3) = 0 pass "
        "nothing on."
    )
    report.picture("mse", drawn["MSE"].graph)


def _last_hidden(state: Any, x: Any) -> Any:
    """Compute H⁽³⁾ in matrix form."""
    for k in (1, 2, 3):
        x = np.maximum(0.0, state[f"W{k}"] @ x + state[f"b{k}"])
    return x


def _few(numbers: Any) -> str:
    """Write the first numbers of an array."""
    return ("(" + ", ".join(f"{x:.3g}" for x in np.asarray(numbers)[:4]) + ", …)").replace("-", "−")


def load_diabetes() -> Any:
    """Load scikit-learn's diabetes set, ten inputs and a measure of the illness after a year, four fifths to train."""
    try:
        from sklearn.datasets import load_diabetes as read_diabetes
    except ImportError:
        raise ImportError(
            "Without a file of the Boston table L1.8 and L1.10 run on scikit-learn's diabetes set: pip install "
            "scikit-learn, or give the table with --data."
        ) from None
    X, y = read_diabetes(return_X_y=True)
    X, X_test, y, y_test = nn.train_test_split(X, y, test_size=0.2, seed=0)
    return (X, y), (X_test, y_test)
