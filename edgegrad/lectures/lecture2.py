"""Lecture 2: inference and training of a network, its losses, and the modules that it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import nn
from autograd import Graph, Value, dot, explain, grad, log, log2, sigmoid, square
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import SIGMOID_INPUT, inputs, sigmoid_network
from edgegrad.lectures.report import Report, row

HIDDEN = [0.13010847436, 0.95689274506, 0.40131233989]
OUTPUTS = [0.34584136460, 0.85314921077]


@row("nn.Sequential", "nn.Layer", "autograd.Graph")
def L2_1(report: Report) -> None:
    """Run the 3-3-2 sigmoid network forward, sum by sum.

    >>> from edgegrad.lectures.networks import sigmoid_network
    >>> model = sigmoid_network()
    >>> model([0.5, 0.9, -0.3])
    array([Value(0.3458413646040655, name='a2[0]', op=sigmoid),
           Value(0.8531492107655707, name='a2[1]', op=sigmoid)], dtype=object)
    """
    graph = _named(Graph(*sigmoid_network()(inputs(SIGMOID_INPUT))))
    nodes = {node.name: node.data for node in graph}
    report.compare("hidden sums", [nodes[f"s1[{i}]"] for i in range(3)], [-1.9, 3.1, -0.4])
    hidden, outputs = [nodes[f"H{i}"] for i in (1, 2, 3)], [nodes[f"O{i}"] for i in (1, 2)]
    report.compare("hidden neurons", hidden, HIDDEN, "exact", digits=11, rounding=1e-11, slide=[".13", ".96", ".40"])
    sums = [nodes[f"s2[{i}]"] for i in range(2)]
    due = [-3 * HIDDEN[0] + HIDDEN[1] - 3 * HIDDEN[2], HIDDEN[1] + 2 * HIDDEN[2]]
    report.compare("output sums", sums, due, "exact", rounding=1e-10, slide=["−.63", "1.76"])
    report.compare("outputs", outputs, OUTPUTS, "exact", digits=11, rounding=1e-11, slide=[".35", ".85"])
    report.say("The slide goes on from rounded neurons, so −.63 stands for −0.637; both round to .35.")
    report.see("In the picture each neuron takes all of the layer before it: follow O2, whose weight from H1 is 0.")
    report.picture("network", lambda: graph)


@row("nn.Layer", "nn.predict")
def L2_2(report: Report) -> None:
    """Run the same network in matrix form, one call a layer.

    >>> from autograd import sigmoid
    >>> from edgegrad.lectures.networks import sigmoid_network
    >>> W = sigmoid_network().layers[0].state_dict()["W"]
    >>> W @ [0.5, 0.9, -0.3], sigmoid(W @ [0.5, 0.9, -0.3])
    (array([-1.9,  3.1, -0.4]), array([0.13010847, 0.95689275, 0.40131234]))
    """
    model = sigmoid_network()
    W, x = model.layers[0].state_dict()["W"], np.array(SIGMOID_INPUT)
    report.compare("W·x", (W @ x).tolist(), [-1.9, 3.1, -0.4])
    hidden = model.layers[0](inputs(SIGMOID_INPUT))
    values = [a.data for a in hidden]
    report.compare("S(W·x)", values, HIDDEN, "exact", digits=11, rounding=1e-11, slide=[".13", ".96", "0.4"])
    outputs = [a.data for a in model.layers[1](values)]
    report.compare("outputs of two calls", outputs, OUTPUTS, "exact", digits=11, rounding=1e-11, slide=[".35", ".85"])
    batch = nn.predict(model, [SIGMOID_INPUT, [0.0, 0.0, 0.0]])
    report.compare("outputs as a row of a batch", batch[0].tolist(), OUTPUTS, "exact", digits=11, rounding=1e-11)
    lines = zip(W.tolist(), x.tolist(), (W @ x).tolist(), values, strict=True)
    report.say(f"{'W':^21} {'x':>6} {'W·x':>6} {'S(W·x)':>8}")
    for row_, given, total, state in lines:
        weights = " ".join(f"{w:>6.1f}" for w in row_)
        report.say(f"{weights} {given:>6.1f} {total:>6.1f} {state:>8.2f}".replace("-", "−"))
    report.see("In the picture a row of W stands on the arrows into one neuron: one node, Σ w·x, is one row times x.")
    report.picture("layer", lambda: _named(Graph(*hidden)))


@row("nn.DataLoader", "nn.SGD", "nn.fit", "nn.Module.train", "nn.Module.eval")
def L2_3(report: Report, epochs: int = 250) -> None:
    """Write the training procedure as a loop over mini-batches and epochs.

    >>> import nn
    >>> (X, y), model = nn.two_moons(40, noise=0.15, seed=0), nn.MLP(2, [5, 1], activation="tanh", seed=0)
    >>> optimizer = nn.SGD(model.parameters(), lr=0.3)
    >>> for rows, targets in nn.DataLoader(X, y, batch_size=10):
    ...     optimizer.zero_grad()
    ...     nn.bce_with_logits(model(rows)[:, 0], targets).backward()
    ...     optimizer.step()
    """
    X, y = nn.two_moons(40, noise=0.15, seed=0)
    test = nn.two_moons(40, noise=0.15, seed=1)

    def make() -> tuple[nn.MLP, nn.SGD]:
        model = nn.MLP(2, [5, 1], activation="tanh", seed=0)
        return model, nn.SGD(model.parameters(), lr=0.3)

    model, optimizer = make()
    history = nn.History()
    for _ in range(epochs):
        model.train()
        running_loss, right = 0.0, 0
        for rows, targets in nn.DataLoader(X, y, batch_size=10):
            optimizer.zero_grad()
            outputs = [model(x)[0] for x in rows.tolist()]
            loss = nn.bce_with_logits(outputs, targets)
            loss.backward()
            optimizer.step()
            running_loss += loss.data * len(rows)
            right += sum((s.data > 0) == (t > 0) for s, t in zip(outputs, targets, strict=True))
        model.eval()
        unseen = nn.evaluate(model, *test, "bce_with_logits", {"accuracy": nn.accuracy_with_logits})
        now = {"loss": running_loss / len(X), "accuracy": right / len(X)}
        history.append(now | {f"val_{name}": number for name, number in unseen.items()})
    twin, descent = make()
    by_fit = nn.fit(twin, X, y, "bce_with_logits", descent, epochs, 10, shuffle=False)
    report.compare("loss of the first epoch", history["loss"][0], by_fit["loss"][0], "nn.fit", digits=4)
    report.compare("loss of the last epoch", history["loss"][-1], by_fit["loss"][-1], "nn.fit", digits=4, rounding=1e-6)
    report.compare("accuracy on test examples", history["val_accuracy"][-1], digits=3)
    report.say("zero_grad, forward, loss, backward, step: five lines a mini-batch; L2.13 has the slide's own listing.")
    report.see("The loss falls smoothly, accuracy in steps of one example: it asks only on which side an output lies.")
    report.picture("curves", lambda: history.plot(["loss", "accuracy"]))


@row("nn.half_squared_error", "autograd.explain")
def L2_4(report: Report) -> None:
    """Follow one chain of factors back: ∂E/∂w = I·(O − T)·O·(1 − O).

    >>> import nn
    >>> from autograd import explain
    >>> from edgegrad.lectures.networks import sigmoid_network
    >>> model = sigmoid_network()
    >>> E = nn.half_squared_error(model([0.5, 0.9, -0.3])[0], 0.9); E.name = "E"
    >>> print(explain(E, model.layers[1].W[0, 0]))
    ∂E/∂W2[0][0] = ∂E/∂e[0] · ∂e[0]/∂a2[0] · ∂a2[0]/∂s2[0] · ∂s2[0]/∂W2[0][0] = e[0]·a2[0]·(1 − a2[0])·a1[0] =
        −0.554159 × 0.345841 × 0.654159 × 0.130108 = −0.0163117
    """
    model = sigmoid_network()
    [output, _] = model(inputs(SIGMOID_INPUT))
    target = Value(0.9, name="T", requires_grad=False)
    error = nn.half_squared_error(output, target)
    error.name = "E"
    error.backward()
    weight = dict(model.named_parameters())["W2[0][0]"]
    assert weight.grad is not None
    report.compare("∂E/∂w", weight.grad, -0.016311717994853, "exact", digits=14, rounding=1e-15,
                   slide=".13·(.35 − .9)·.35·(1 − .35)")  # fmt: skip
    report.compare("that product of the slide's rounded numbers", 0.13 * (0.35 - 0.9) * 0.35 * (1 - 0.35), -0.01626625,
                   "exact")  # fmt: skip
    report.say(explain(error, weight))
    report.see("Follow E back to W2[0][0]: O − T, O(1 − O) and I stand on the arrows, and their product is ∂E/∂w.")
    report.picture("chain", error.graph)


@row("nn.mse", "nn.cross_entropy", "nn.bce", "nn.summed_log_loss", "nn.bce_with_logits", "autograd.explain")
def L2_5(report: Report) -> None:
    """Compute the losses and their derivatives: least squares, cross-entropy, and both forms of the log-loss.

    >>> from autograd import Value, explain, log
    >>> p, t = Value(0.8, name="p"), Value(1.0, name="t")
    >>> E = -(t * log(p) + (1 - t) * log(1 - p)); E.name = "E"
    >>> print(explain(E, p))
    ∂E/∂p = −t/p + (1 − t)/(1 − p) = −1.25
    the sum over 2 paths:
      1. −t/p = −1.25
      2. (1 − t)/(1 − p) = 0
    """
    numbers, t, at = [0.8, 0.3, 0.6], [1.0, 0.0, 1.0], "closed form"
    targets = [Value(y, name=f"t{k}", requires_grad=False) for k, y in enumerate(t, 1)]
    logs = math.log(0.8) + math.log(0.7) + math.log(0.6)
    logits = [math.log(p / (1 - p)) for p in numbers]
    shares = [-1 / 0.8, 1 / 0.7, -1 / 0.6]
    for what, loss, letter, given, due, slopes in (
        ("least squares", nn.mse, "p", numbers, (0.04 + 0.09 + 0.16) / 3, [-0.4 / 3, 0.6 / 3, -0.8 / 3]),
        ("binary cross-entropy", nn.bce, "p", numbers, -logs / 3, [s / 3 for s in shares]),
        ("summed log-loss of the lab", nn.summed_log_loss, "p", numbers, -logs, shares),
        ("log-loss on logits", nn.bce_with_logits, "s", logits, -logs / 3, [-0.2 / 3, 0.3 / 3, -0.4 / 3]),
    ):
        outputs = [Value(x, name=f"{letter}{k}") for k, x in enumerate(given, 1)]
        E = loss(outputs, targets)
        E.name = "E"
        E.backward()
        report.compare(what, E.data, due, at)
        report.compare(f"∂/∂{letter} of {what}", [v.grad for v in outputs], slopes, at, digits=6)
        if loss is nn.mse:
            report.say("least squares:", explain(E, outputs[0]))
    p, y = Value(0.8, name="p"), Value(1.0, name="t", requires_grad=False)
    one = _name(-(y * log(p) + (1 - y) * log(1 - p)), "E")
    one.backward()
    report.say("the log-loss of one example, −(t ln p + (1 − t) ln(1 − p)):", explain(one, p))
    scores = [Value(x, name=f"s{k}") for k, x in enumerate((2.0, -1.0, 0.5), 1)]
    E = nn.cross_entropy(scores, 2)
    E.name = "E"
    E.backward()
    powers = [math.exp(2.0), math.exp(-1.0), math.exp(0.5)]
    report.compare("cross-entropy on logits, class 3", E.data, math.log(sum(powers)) - 0.5, at)
    parts = [q / sum(powers) - y for q, y in zip(powers, (0, 0, 1), strict=True)]
    report.compare("∂/∂s of cross-entropy: softmax − t", [s.grad for s in scores], parts, at, digits=6)
    report.say("cross-entropy on logits, ln Σe^s − s₃, whose derivative by s₁ is p₁:", explain(E, scores[0]))
    report.say("and by s₃, of the right class, p₃ − 1:", explain(E, scores[2]))
    report.compare("log₂ of 1, 2, 4, 8", [log2(x) for x in (1.0, 2.0, 4.0, 8.0)], [0, 1, 2, 3])
    grid = np.linspace(0.1, 1.0, 91)
    curves = {
        "least squares": [(p - 1) ** 2 for p in grid],
        "−ln p": [nn.bce([p], [1.0]) for p in grid.tolist()],
        "derivative of least squares": [grad(lambda q: nn.mse([q], [1.0]))(p) for p in grid.tolist()],
        "derivative of −ln p": [grad(lambda q: nn.bce([q], [1.0]))(p) for p in grid.tolist()],
    }
    report.see("Where t = 1 and p is near 0, −ln p and its slope grow without bound; least squares pulls by 2 at most.")
    report.picture("log-loss", one.graph)
    report.picture(
        "of-p", lambda: pictures.curves(grid, curves, labels=("p, where t = 1", ""), title="loss and derivative")
    )


class BiasedSigmoid(nn.Module):
    """The slide's second module: O = σ(I + B)."""

    def __init__(self, b: Sequence[float]) -> None:
        self.b = [Value(x, parameter=True) for x in b]
        self.bind()

    def forward(self, inputs: Any) -> Any:
        """FPROP: compute σ(I + B)."""
        return sigmoid(inputs + self.b)


class Gate(nn.Module):
    """A module of two inputs: O = A(I1, I2) = I1 · σ(I2)."""

    def forward(self, first: Any, second: Any) -> Any:
        """FPROP: let the first input through as far as the second is open."""
        return [x * sigmoid(y) for x, y in zip(first, second, strict=True)]


@row("nn.Module", "nn.Layer", "nn.Sequential")
def L2_6(report: Report) -> None:
    """Build a model of modules with FPROP and BPROP, and read the deltas between them.

    >>> from autograd import Value, explain, sigmoid
    >>> I1, I2 = Value(1.5, name="I1"), Value(0.5, name="I2")
    >>> O = I1 * sigmoid(I2); O.name = "O"
    >>> print(explain(0.5 * O**2, I2))
    y = 0.5·O²
    ∂y/∂I2 = ∂y/∂O · ∂O/∂I2 = O·I1·σ(I2)·(1 − σ(I2)) = 0.933689 × 1.5 × 0.622459 × 0.377541 = 0.329131
    """
    linear, squash = nn.Layer(2, 2, bias=False, W=[[0.5, -1.0], [2.0, 0.25]]), BiasedSigmoid([0.1, -0.2])
    I = [Value(x, name=f"I{k}") for k, x in enumerate((0.6, -0.4), 1)]
    between = linear(I)
    outputs = squash(between)
    error = _name(dot([1.0, -2.0], [_name(o, f"O{k}") for k, o in enumerate(outputs, 1)]), "E")
    error.backward()
    delta, matrix = np.array([s.grad for s in between]), "matrix form"
    O = np.array([o.data for o in outputs])
    report.compare("δI = f′(I + B)·δO", delta.tolist(), (O * (1 - O) * [1.0, -2.0]).tolist(), matrix,
                   slide="δI = f′(I + B) δO")  # fmt: skip
    W, x = linear.state_dict()["W"], [0.6, -0.4]
    report.compare("δI = ωᵀδO", [i.grad for i in I], (W.T @ delta).tolist(), matrix, slide="δI = ω′ δO")
    slopes = [w.grad for weights in linear.W for w in weights]
    report.compare("δω = δO·Iᵀ", slopes, np.outer(delta, x).ravel().tolist(), matrix, slide="δω = δO′ I")
    report.compare("δB = δI", [b.grad for b in squash.b], delta.tolist(), matrix, slide="δB = δI")
    first, second = (Value(x, name=name) for x, name in ((1.5, "I1"), (0.5, "I2")))
    [gated] = Gate()([first], [second])
    E = _name(0.5 * _name(gated, "O") ** 2, "E")
    E.backward()
    open_, carried = 1 / (1 + math.exp(-0.5)), 1.5 / (1 + math.exp(-0.5))  # σ(I2), and O, which is δO of ½O²
    report.compare("A(I1, I2) = I1·σ(I2): δI1", first.grad, open_ * carried, "σ(I2)·δO", slide="∂A/∂I1 δO")
    report.compare("and δI2", second.grad, 1.5 * open_ * (1 - open_) * carried, "I1·σ′(I2)·δO", slide="∂A/∂I2 δO")
    report.say(
        "The sigmoid with a bias, over the linear module: E = O1 − 2·O2, so δO = (1, −2); its δI is the δO below."
    )
    report.say(nn.Sequential(linear, squash))
    report.say("The module of two inputs: E = ½O², so δO = O.", explain(E, first), explain(E, second))
    report.see("In the picture a module is a step along the arrows; δ of its input is what flows back out of it.")
    report.picture("modules", error.graph)
    report.picture("two-inputs", E.graph)


@row("nn.fit", "nn.SGD", "autograd.explain")
def L2_14(report: Report) -> None:
    """Average E = (1/p)ΣE_k over the examples, and update inside, or after, the loop over them.

    >>> from autograd import Value, explain, mean
    >>> w = Value(0.4, name="w")
    >>> E = mean([0.5 * (w * x - t) ** 2 for x, t in ((0.5, 1.0), (-1.0, 0.0), (2.0, 1.5))]); E.name = "E"
    >>> print(explain(E, w))
    ∂E/∂w = (0.5·w − 1)/6 + w/3 + 2·(2·w − 1.5)/3 = −0.466667
    the sum over 3 paths:
      1. 2·(2·w − 1.5)/3 = −0.466667
      2. (0.5·w − 1)/6 = −0.133333
      3. w/3 = 0.133333
    """
    xs, ts, eta = [0.5, -1.0, 2.0], [1.0, 0.0, 1.5], 0.1
    w, b = Value(0.4, name="w", parameter=True), Value(-0.1, name="b", parameter=True)

    def example(k: int) -> Value:
        x = Value(xs[k], name=f"x{k + 1}", requires_grad=False)
        t = Value(ts[k], name=f"t{k + 1}", requires_grad=False)
        E: Value = 0.5 * square(_name(w * x + b, f"y{k + 1}") - t)
        return _name(E, f"E{k + 1}")

    E = _name((example(0) + example(1) + example(2)) / 3, "E")
    E.backward()
    due = sum((0.4 * x - 0.1 - t) * x for x, t in zip(xs, ts, strict=True)) / 3
    report.compare("∂E/∂w", w.grad, due, "(1/p)Σ(y_k − t_k)x_k", slide="E = (1/p)ΣE_k")
    report.say(explain(E, w))
    report.see("In the picture w reaches E by three ways, one an example; each flows back a third of its own share.")
    report.picture("average", E.graph)

    def restart() -> None:
        w.data, b.data, w.grad, b.grad = 0.4, -0.1, None, None

    def update(part: float) -> None:
        for weight in (w, b):
            assert weight.grad is not None
            weight.data -= eta * part * weight.grad
            weight.grad = None

    for label, size, inside in (("inside the loop", 1, True), ("after the loop", None, False)):
        restart()
        for _ in range(4):
            for k in range(3):
                example(k).backward()  # forward prop, and backward prop, which adds to the gradients
                if inside:
                    update(1.0)
            if not inside:
                update(1 / 3)
        neuron = nn.Layer(1, 1, W=[[0.4]], b=[-0.1])
        descent = nn.SGD(neuron.parameters(), lr=eta)
        nn.fit(neuron, [[x] for x in xs], ts, "half_squared_error", descent, 4, size, shuffle=False)
        fitted = [p.data for p in neuron.parameters()]
        report.compare(
            f"w and b after 4 rounds, update {label}", [w.data, b.data], fitted, f"nn.fit, batch {size or 3}"
        )
    report.say("Twelve updates against four from as many looks at examples: that is why stochastic descent is ahead.")


def _name(v: Value, name: str) -> Value:
    v.name = name
    return v


def _named(graph: Graph) -> Graph:
    """Give the neurons of the 3-3-2 network the slide's names."""
    names = {"a1[0]": "H1", "a1[1]": "H2", "a1[2]": "H3", "a2[0]": "O1", "a2[1]": "O2"}
    for node in graph:
        node.name = names.get(node.name or "", node.name)
    return graph
