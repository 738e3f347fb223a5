"""Lecture 14, exhibits: every optimiser on one task, practice, local minima, and weights held small."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import nn
from autograd import Value, explain
from edgegrad.lectures import pictures
from edgegrad.lectures.exhibit import optimisers, train
from edgegrad.lectures.report import Report, row

#: The optimisers of the exhibit in groups that fit a page.
GROUPS = {
    "plain": ("plain descent", "momentum", "momentum and L2", "NAG"),
    "by-weight": ("quickProp", "rProp", "AdaGrad", "AdaDelta"),
    "curvature": ("Fletcher–Reeves", "Polak–Ribière", "Newton", "BFGS", "Levenberg–Marquardt"),
}
STEPS_OF_COSTLY_ONES = 60  # of Newton and Levenberg–Marquardt, which are done by then


@row("nn.OPTIMIZERS", "nn.plots.compare", "nn.plots.decision", "nn.plots.weights")
def L4_18(report: Report, steps: int = 400) -> None:
    """Show each optimiser on the same exhibit: its errors, its decision on test data, its first layer.

    >>> from edgegrad.lectures.exhibit import optimisers, train
    >>> one = train(optimisers()["rProp"], steps=100)
    >>> one.evaluations, round(one.accuracy, 2)
    (100, 0.93)
    """
    shown = {}
    for label, make in optimisers().items():
        few = label in ("Newton", "Levenberg–Marquardt")
        shown[label] = one = train(make, min(steps, STEPS_OF_COSTLY_ONES) if few else steps)
        losses = one.history["loss"]
        report.compare(
            f"{label}: E at the start, after 10 steps, at the end", [round(losses[k], 3) for k in (0, 10, -1)], digits=3
        )
        report.compare(f"{label}: evaluations, and accuracy on test data", [one.evaluations, one.accuracy], digits=3)
    report.say(
        f"{steps} steps each, {STEPS_OF_COSTLY_ONES} of Newton and Levenberg–Marquardt; one network, one start, full "
        "batches of two moons.",
        "Levenberg–Marquardt fits 60 noisy points to the last: E = 0, and a low accuracy on test points.",
        "First-layer weights on pictures of digits, as the slide captions them, are left by L4.19.",
    )
    report.see("The plateau near E = 0.4 is a straight border; what leaves it soonest has curvature.")
    for group, labels in GROUPS.items():
        some = {label: shown[label] for label in labels}
        histories = {label: one.history for label, one in some.items()}
        report.picture(f"errors-{group}", partial(nn.plots.compare, histories, start=10))
        report.picture(f"exhibit-{group}", partial(pictures.exhibit, some))


@row("nn.digits", "nn.train_test_split", "nn.fit", "nn.confusion_matrix")
def L4_19(report: Report, epochs: int = 8) -> None:
    """Practise on handwritten digits: split, mini-batches, a modified descent, quality metrics.

    >>> import nn
    >>> (X, y), model = nn.digits(), nn.MLP(64, [24, 10], activation="relu", seed=0)
    >>> optimizer = nn.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    >>> nn.fit(model, X, y, "cross_entropy", optimizer, 3, 16, metrics=["accuracy"], seed=0)["accuracy"][-1] > 0.9
    True
    """
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
    counts = np.asarray(table)
    precision, recall = (np.diag(counts) / counts.sum(axis=axis) for axis in (0, 1))
    F1 = 2 * precision * recall / (precision + recall)
    means = [float(metric.mean()) for metric in (precision, recall, F1)]
    report.compare("precision, recall and F1, mean of the ten classes", means, digits=2)
    report.say(history, table, "class  precision  recall     F1")
    lines = zip(precision, recall, F1, strict=True)
    report.say(*(f"{k:>5} {p:>10.3f} {r:>7.3f} {f:>6.3f}" for k, (p, r, f) in enumerate(lines)))
    report.say("precision = TP/(TP + FP) down a column of the table, recall = TP/(TP + FN) along a row.")
    report.see("In the picture of the first layer each square is one neuron's 64 weights, as the digit lies on them.")
    report.picture("curves", lambda: history.plot(["loss", "accuracy"]))
    report.picture("first-layer", lambda: nn.plots.weights(model, shape=(8, 8)))


@row("nn.SGD", "autograd.explain")
def L4_20(report: Report) -> None:
    """Leave a local minimum by momentum, or by the noise of stochastic descent, which jumps on unless η shrinks.

    >>> import nn
    >>> from autograd import Value
    >>> w = Value(1.6, name="w"); optimizer = nn.SGD([w], lr=0.02, momentum=0.9)
    >>> for _ in range(400):
    ...     w.grad = None; ((w**2 - 1) ** 2 + 0.3 * w).backward(); optimizer.step()
    >>> round(w.data, 4)
    -1.0356
    """
    deep, rise, shallow = np.sort(np.roots([4.0, 0.0, -4.0, 0.3]).real).tolist()
    w = Value(1.6, name="w")
    E = well(w)
    E.name = "E"
    E.backward()
    report.compare("E′ at 1.6", w.grad, 4 * 1.6**3 - 4 * 1.6 + 0.3, "4w³ − 4w + 0.3")
    report.say(explain(E, w))
    ways = {}
    for label, mu in (("plain", 0.0), ("momentum", 0.9)):
        ways[label] = _roll(mu)
        due = shallow if label == "plain" else deep
        report.compare(f"{label}: w at the end, from 1.6", ways[label][-1], due, "root of E′", digits=6, rounding=1e-5)
    random = np.random.default_rng(1)
    noise = random.normal(0.0, 6.0, 600)
    fixed = _roll(0.0, start=shallow, steps=600, noise=noise, rate=lambda t: 0.03)
    falling = _roll(0.0, start=shallow, steps=600, noise=noise, rate=lambda t: 0.03 / (1 + t / 60))
    spread = [float(np.std(way[-150:])) for way in (fixed, falling)]
    report.compare("stochastic, from the shallow minimum: share of its last 150 steps in the deep valley",
                   [float(np.mean(np.array(way[-150:]) < rise)) for way in (fixed, falling)], digits=2)  # fmt: skip
    report.compare("spread of w over those steps, η fixed and η falling", spread, digits=2)
    report.say(
        "Noise stands for the example of the moment: ΔW = η(E′ + noise). At a fixed η it never comes to rest.",
    )
    report.see(
        "ΔW = ηE′ + μΔW: what the ball has gathered on the slope carries it over the rise at w = 0.075, where plain "
        "descent has to stop. A small enough rise, that is: which μ and η get over it has to be tried."
    )
    grid = np.linspace(-1.6, 1.65, 131)
    report.picture("wells", lambda: pictures.rolling(grid, [well(x) for x in grid.tolist()], ways, well))
    steps = np.arange(len(fixed))
    columns = {"η fixed": fixed, "η falling": falling}
    report.picture("jumping", lambda: pictures.curves(steps, columns, labels=("step", "w"), title="stochastic descent"))


@row("nn.fit", "nn.ConjugateGradients", "nn.LevenbergMarquardt", "autograd.explain")
def L4_21(report: Report, epochs: int = 400) -> None:
    """Hold weights small against over-fitting, reset conjugate directions, and see J of M outputs and P examples.

    >>> import nn
    >>> (X, y), model = nn.two_moons(24, noise=0.35, seed=2), nn.MLP(2, [12, 1], activation="tanh", seed=0)
    >>> optimizer = nn.SGD(model.parameters(), lr=0.3, momentum=0.9, weight_decay=0.003)
    >>> history = nn.fit(model, X, y, "bce_with_logits", optimizer, epochs=400, batch_size=None)
    """
    X, y = nn.two_moons(24, noise=0.35, seed=2)
    unseen = nn.two_moons(200, noise=0.35, seed=3)
    histories, models = {}, {}
    for label, rho in (("ρ = 0", 0.0), ("ρ = 0.003", 0.003)):
        model = nn.MLP(2, [12, 1], activation="tanh", seed=0)
        optimizer = nn.SGD(model.parameters(), lr=0.3, momentum=0.9, weight_decay=rho)
        histories[label] = nn.fit(model, X, y, "bce_with_logits", optimizer, epochs, None, validation_data=unseen)
        models[label] = model
        last = histories[label]
        report.compare(
            f"{label}: loss on training and on unseen examples", [last["loss"][-1], last["val_loss"][-1]], digits=2
        )
        length = float(np.sqrt(sum(w.data**2 for w in model.parameters())))
        report.compare(f"{label}: ‖W‖", length, digits=3)
    for name, method in (("Fletcher–Reeves", "fletcher-reeves"), ("Polak–Ribière", "polak-ribiere")):
        ends = {n: _bend(method, n) for n in (2, 1000)}
        report.compare(
            f"{name} in a bent valley: E after 20 steps, reset every 2 and never", list(ends.values()), digits=2
        )
    model = nn.MLP(2, [2, 2], activation="tanh", seed=0)
    inputs, targets = [[0.5, -1.0], [0.2, 0.4], [-0.7, 0.3]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    drawn: list[Value] = []

    def errors() -> list[Value]:
        drawn.clear()
        for p, (x, d) in enumerate(zip(inputs, targets, strict=True), 1):
            given = [Value(number, name=f"x{i}({p})", requires_grad=False) for i, number in enumerate(x, 1)]
            for m, (o, t) in enumerate(zip(model(given), d, strict=True), 1):
                drawn.append(o - t)
                drawn[-1].name = f"e{m}{p}"
        return drawn

    weights = model.parameters()
    objective = nn.Objective.from_closure(weights, residuals=errors)
    _, J = objective.residuals_and_jacobian(np.array([w.data for w in weights]))
    report.compare("shape of J: M·P = 2·3 errors, n weights", list(J.shape), [6, 12], "M·P × n")
    state = model.state_dict()
    h = np.tanh(state["W1"] @ inputs[0] + state["b1"])
    due = state["W2"][1, 0] * (1 - h[0] ** 2) * 0.5
    report.compare("its entry ∂e₂₁/∂W1[0][0]", float(J[1, 0]), float(due), "w₂₁(1 − h₁²)x₁")
    errors()
    report.say(explain(drawn[1], weights[0]))
    report.picture("error", drawn[1].graph)
    trainer = nn.LevenbergMarquardt(weights, mu=0.01)
    before = objective.value(np.array([w.data for w in weights]))
    for _ in range(15):
        trainer.step(objective)
    after = round(objective.value(np.array([w.data for w in weights])), 9)
    report.compare("½Σe² before and after 15 steps of Levenberg–Marquardt", [before, after], digits=2)
    report.say(
        "A reset, p := ∇E, drops a direction that the bend has made useless: for Fletcher–Reeves it matters. "
        "Polak–Ribière resets itself, as its β is taken as 0 where it would be negative.",
    )
    report.see(
        "With ρW in ΔW the training loss ends higher and the loss on unseen examples lower, from shorter weights: its "
        "border in the picture is smoother."
    )
    report.picture("loss", lambda: nn.plots.compare(histories, "val_loss"))
    for label, name in (("ρ = 0", "without-L2"), ("ρ = 0.003", "with-L2")):
        report.picture(name, partial(pictures.decide, models[label], X, y, label, threshold=0.0))


def well(w: Any) -> Any:
    """Compute E = (w² − 1)² + 0.3w, a double well."""
    return (w**2 - 1) ** 2 + 0.3 * w


def _roll(mu: float, start: float = 1.6, steps: int = 400, noise: Any = None, rate: Any = None) -> list[float]:
    """Descend in the double well by ΔW = η(E′ + noise) + μΔW, with the engine's E′, and return w before each step."""
    w = Value(start)
    way: list[float] = []
    change = 0.0
    for t in range(steps):
        way.append(w.data)
        w.grad = None
        well(w).backward()
        slope: float = w.grad or 0.0
        eta = 0.02 if rate is None else rate(t)
        change = eta * (slope + (0.0 if noise is None else noise[t])) + mu * change
        w.data -= change
    return [*way, w.data]


def _bend(method: str, reset_every: int) -> float:
    """Descend 20 steps by conjugate gradients in the bent valley of Rosenbrock 1960, E = (1 − a)² + 20(b − a²)²."""
    w = [Value(-1.2), Value(1.0)]
    optimizer = nn.ConjugateGradients(w, method=method, reset_every=reset_every)
    objective = nn.Objective.from_closure(w, lambda: (1 - w[0]) ** 2 + 20 * (w[1] - w[0] ** 2) ** 2)
    for _ in range(20):
        optimizer.step(objective)
    return objective.value(np.array([x.data for x in w]))
