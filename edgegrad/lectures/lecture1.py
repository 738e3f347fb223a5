"""Lecture 1, neural networks: weighted sums, derivatives, and the perceptron by hand with its training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

import nn
from autograd import Value, derivative, dot, exp, explain, grad, log, relu
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import PERCEPTRON_INPUT, inputs, perceptron, run_perceptron
from edgegrad.lectures.report import Report, row

RATE = 0.1
#: The lecture's own table of epochs: error, output, change of the error; its row 0 stands twice there.
EPOCHS = (
    ("0.352800", "1.840000", "+0.000000"),
    ("0.000066", "0.988473", "−0.352734"),
    ("0.000000", "0.999825", "−0.000066"),
    ("0.000000", "0.999997", "−0.000000"),
)
OUTPUTS = [1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125]  # exact, from fractions
ERRORS = [0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16]


@row("nn.Layer", "autograd.dot")
def L1_1(report: Report) -> None:
    """Compute weighted sums by hand, then as matrix × vector.

    >>> import nn
    >>> hidden = nn.Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]])
    >>> output = nn.Layer(2, 1, bias=False, W=[[0.5, 0.3]])
    >>> output(hidden([0.5, 0.7]))
    array([Value(1.8399999999999999, name='a[0]', op=dot)], dtype=object)
    """
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
    report.see("In the picture every weight is a box of its own, and what multiplies it stands on its arrow.")
    report.say("W1[0] are the weights into the first hidden neuron: the slide's w₁₁, w₁₂ counted from 0.")
    report.picture("network", drawn.graph)


@row("nn.ACTIVATIONS", "nn.plots.activations", "autograd.grad")
def L1_2(report: Report) -> None:
    """Plot the activations with their derivatives.

    >>> import nn
    >>> from autograd import grad
    >>> [nn.ACTIVATIONS[name](2.0) for name in ("sigmoid", "tanh", "relu")]
    [0.8807970779778823, 0.9640275800758169, 2.0]
    >>> [grad(nn.ACTIVATIONS[name])(2.0) for name in ("sigmoid", "tanh", "relu")]
    [0.10499358540350662, 0.07065082485316443, 1.0]
    >>> nn.plots.activations().savefig("activations.png")
    """
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
    report.see("Where a derivative, drawn dashed, is 0 nothing is learned; that of the sigmoid is ¼ at the most.")
    report.picture("gallery", nn.plots.activations)


@row("autograd.grad", "autograd.derivative", "autograd.explain")
def L1_3(report: Report) -> None:
    """Differentiate the slides' functions, by all their variables.

    >>> from autograd import Value, explain
    >>> x, y = Value(3.0, name="x"), Value(2.0, name="y")
    >>> f = 2 * x + y**4; f.name = "f"
    >>> print(explain(f, y))
    ∂f/∂y = 4·y³ = 32
    """
    both = grad(lambda x, y: 2 * x + y**4, (0, 1))
    at = "closed form"
    report.compare("∇(2x + y⁴) at (3, 2)", list(both(3.0, 2.0)), [2.0, 32.0], at, slide="(2, 4y³)")
    report.compare("(2x⁴)′ at 1.5", derivative(lambda x: 2 * x**4)(1.5), 27.0, at, slide="8x³")
    both = grad(lambda x, y: exp(x) + log(y), (0, 1))
    report.compare("∇(eˣ + ln y) at (1, 2)", list(both(1.0, 2.0)), [math.e, 0.5], at, slide="(eˣ, 1/y)")
    three = list(grad(lambda x, y, z: exp(x) - 1 / y**2 + 2**z, (0, 1, 2))(1.0, 2.0, 3.0))
    due = [math.e, 0.25, 8 * math.log(2)]
    report.compare("∇(eˣ − 1/y² + 2ᶻ) at (1, 2, 3)", three, due, at, slide="(eˣ, 2/y³, 2ᶻ ln 2)")
    for f, *variables in _functions():
        report.say(*(explain(f, variable) for variable in variables))
    report.say("The slide's way with x^(2x ln x): it is e^u of u = 2x(ln x)².")
    x = Value(1.7, name="x")
    u = 2 * x * log(x) ** 2
    u.name = "u"
    f = exp(u)
    f.name = "f"
    f.backward()
    logarithm = math.log(1.7)
    report.compare("u′ at 1.7", derivative(lambda x: 2 * x * log(x) ** 2)(1.7),
                   2 * logarithm * (logarithm + 2), at, slide="2 ln x (ln x + 2)")  # fmt: skip
    report.compare("f′ of f = e^u", x.grad, 6.995357654110236, "exact", slide="f · 2 ln x (ln x + 2)")
    report.compare(
        "the same of x^(2x ln x)", derivative(lambda x: x ** (2 * x * log(x)))(1.7), 6.995357654110236, "exact"
    )
    report.say(explain(f, u), explain(f, x))
    report.see("In the picture x reaches u twice, through 2x and through ln x: f′ adds up both ways.")
    report.picture("power", f.graph)


@row("nn.Sequential", "nn.SGD", "autograd.explain")
def L1_4(report: Report) -> None:
    """Take one full step with the 2-2-1 ReLU perceptron.

    >>> from autograd import explain
    >>> from edgegrad.lectures.networks import perceptron, run_perceptron
    >>> model = perceptron()
    >>> E = run_perceptron(model)
    >>> print(explain(E, model.layers[0].W[0, 1]))
    ∂E/∂W1[0][1] = ∂E/∂O · ∂O/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][1] = (O − t)·W2[0][0]·[s1[0] > 0]·x2 =
        0.84 × 0.5 × 1 × 0.7 = 0.294
    """
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
    report.see("In the picture each derivative of the slide is one arrow, or the product of the arrows on one way.")
    report.picture("perceptron", error.graph)
    nn.SGD(model.parameters(), lr=RATE).step()
    state = model.state_dict()
    report.compare("new W2", state["W2"].ravel().tolist(), [0.2816, 0.1488])
    report.compare("new W1", state["W1"].ravel().tolist(), [0.979, 2.9706, -2.0126, 3.98236])


@row("nn.fit", "nn.predict", "nn.evaluate")
def L1_5(report: Report) -> None:
    """Compute the output again, as the slide did and as it is right.

    >>> import nn
    >>> from edgegrad.lectures.networks import perceptron, run_perceptron
    >>> model = perceptron()
    >>> run_perceptron(model).backward(); nn.SGD(model.parameters(), lr=0.1).step()
    >>> model([0.5, 0.7])
    array([Value(0.9884730496, name='a2[0]', op=dot)], dtype=object)
    """
    model, history, _ = train_perceptron(1)
    after = [a.data for a in model.layers[0](PERCEPTRON_INPUT)]
    report.compare("L₂ = W1·I with the new W1", after, [2.56892, 1.781352], "exact", slide=[2.5689, 1.7813])
    mixed = dot([0.5, 0.3], after)
    report.compare("O from the new W1 and the old W2", mixed, 1.8188656, "exact", slide=1.8188)
    E, printed = 0.5 * (mixed - 1.0) ** 2, 0.33521672
    report.compare("its E", E, 0.5 * 0.8188656**2, "exact", slide=printed)
    error = run_perceptron(model)
    error.backward()
    output = next(node for node in error.graph() if node.name == "O")
    report.compare("O with both new", output.data, 0.9884730496, "exact", slide="0.988473")
    right = nn.evaluate(model, [PERCEPTRON_INPUT], [1.0], "half_squared_error")["loss"]
    report.compare("its E, as in the lecture's table", right, 6.64352927620e-05, "exact", slide="0.000066")
    report.say(
        "The slide used the new W1 with the old W2; the lecture's own table has both new.",
        f"The slide cuts 1.781352 off to 1.7813, and squares its rounded 1.8188; hence 0.335217 for {E:.6f}.",
        f"It foresees 7½ epochs at a fall of 0.02 an epoch. By its own figures E fell by {0.3528 - printed:.4f}, and "
        f"{printed:.4f}/0.02 would be {printed / 0.02:.1f} epochs; with both matrices new one epoch brings E from "
        f"{history['loss'][0]:.4f} to {right:.6f}.",
    )
    report.see(
        "In the picture every weight is the new one, all hidden sums are above 0, where ReLU passes them on, and "
        "little flows back: O − t is −0.0115."
    )
    report.picture("new-weights", error.graph)


@row("nn.fit", "nn.History")
def L1_6(report: Report) -> None:
    """Train that perceptron, and write the table of epochs.

    >>> import nn
    >>> from edgegrad.lectures.networks import perceptron
    >>> model = perceptron()
    >>> history = nn.fit(model, [[0.5, 0.7]], [1.0], "half_squared_error", nn.SGD(model.parameters(), lr=0.1), 4)
    >>> [f"{E:.6f}" for E in history["loss"]]
    ['0.352800', '0.000066', '0.000000', '0.000000']
    """
    _, history, _ = train_perceptron()
    outputs, losses = history["output"], history["loss"]
    changes = [0.0, *np.diff(losses).tolist()]
    report.compare("O before each update", outputs, OUTPUTS, "exact", digits=11, rounding=1e-11,
                   slide=[*(line[1] for line in EPOCHS), "—"])  # fmt: skip
    report.compare("E before each update", losses, ERRORS, "exact", digits=5, rounding=1e-9,
                   slide=[*(line[0] for line in EPOCHS), "—"])  # fmt: skip
    report.compare("change of E", changes, [0.0, *np.diff(ERRORS).tolist()], "exact", digits=5, rounding=1e-8,
                   slide=[*(line[2] for line in EPOCHS), "—"])  # fmt: skip
    better = f"{100 * (1 - losses[-1] / losses[0]):.1f} %"
    report.compare("first and last error", [f"{losses[0]:.6f}", f"{losses[-1]:.6f}"], ["0.352800", "0.000000"])
    report.compare("first and last output", [f"{outputs[0]:.6f}", f"{outputs[-1]:.6f}"], ["1.840000", "1.000000"])
    report.compare("improvement", better, "100.0 %")
    report.say("The lecture's table prints epoch 0 twice, as its rows 0 and 1; ours counts updates, from 0:")
    report.say(f"{'update':>6} {'E':>12} {'O':>12} {'ΔE':>12}   the slide's line")
    for k, (E, O, change) in enumerate(zip(losses, outputs, changes, strict=True)):
        line = f"{k:>6} {E:>12.6f} {O:>12.6f} {change:>+12.6f}".replace("-", "−")
        report.say(f"{line}   {'  '.join(EPOCHS[k]) if k < len(EPOCHS) else '(ends before)'}")
    report.see("In the picture E falls by a factor of about 4,500 an update, a straight line on a logarithmic axis.")
    report.picture("table", lambda: history.plot("loss", scale=["linear", "log"]))


@row("nn.History.plot", "nn.plots.loss_curve")
def L1_7(report: Report) -> None:
    """Plot the error, the output, the logarithm and the change of the error, and the error over W2[0].

    >>> import nn
    >>> from edgegrad.lectures.networks import perceptron
    >>> model = perceptron()
    >>> history = nn.fit(model, [[0.5, 0.7]], [1.0], "half_squared_error", nn.SGD(model.parameters(), lr=0.1), 5)
    >>> history.plot("loss", scale="log").savefig("log-error.png")
    """
    _, history, _ = train_perceptron()
    losses, exact = history["loss"], "exact"
    report.compare("log₁₀E", [math.log10(E) for E in losses], [math.log10(E) for E in ERRORS], exact, digits=5,
                   rounding=1e-4)  # fmt: skip
    changes = np.diff(losses).tolist()
    report.compare("change of E", changes, np.diff(ERRORS).tolist(), exact, digits=5, rounding=1e-8,
                   slide=[line[2] for line in EPOCHS[1:]] + ["—"])  # fmt: skip
    model = perceptron()
    weight = model.parameters()[4]
    run_perceptron(model).backward()
    assert weight.grad is not None
    report.compare("slope of E over W2[0] where it starts", weight.grad, 2.184)
    report.compare("W2[0] where that E is least", 0.5 - weight.grad / 2.6**2, 0.46 / 2.6, "closed form")
    report.say(*_error_by_weight())
    report.say(
        "Over W2[0] alone E is a parabola: the slope of the dashed tangent is ∂E/∂W2[0] = (O − t)·a1[0] = 0.84 × 2.6. "
        "Training moves all six weights at once, so it does not walk along this curve.",
        "The slide's epochs 0 and 1 are our 1.",
    )
    report.see(
        "Within one update the error is almost 0 and the output just below 1; only the logarithm shows that the error "
        "goes on falling, evenly."
    )
    report.picture("error", lambda: history.plot("loss"))
    report.picture("output", lambda: history.plot("output"))
    report.picture("log-error", lambda: history.plot("loss", scale="log"))
    report.picture("change", lambda: history.plot("loss", scale="change"))
    span = (-0.5, 1.0)
    report.picture(
        "error-over-W2",
        lambda: nn.plots.loss_curve(model, [PERCEPTRON_INPUT], [1.0], "half_squared_error", weight, span=span),
    )


@row("autograd.grad", "autograd.derivative")
def L1_11(report: Report) -> None:
    """See the gradient as the direction of steepest growth, and its length as the speed of that growth.

    >>> from math import hypot
    >>> from autograd import derivative, grad
    >>> f = lambda x, y: 2 * x + y**4
    >>> a, b = grad(f, (0, 1))(0.5, 0.8)
    >>> hypot(a, b), derivative(lambda t: f(0.5 + t * a / hypot(a, b), 0.8 + t * b / hypot(a, b)))(0.0)
    (2.862569475139425, 2.862569475139425)
    """

    def f(x: Any, y: Any) -> Any:
        return 2 * x + y**4

    point = (0.5, 0.8)
    slopes = grad(f, (0, 1))
    g = np.array(slopes(*point))
    length = float(np.hypot(*g))
    angles = np.radians(np.arange(0, 360, 10))
    towards = math.atan2(g[1], g[0])

    def speed(angle: float) -> float:
        """Compute how fast f grows from the point in a direction, counted from that of the gradient."""
        dx, dy = math.cos(towards + angle), math.sin(towards + angle)
        return float(derivative(lambda t: f(point[0] + t * dx, point[1] + t * dy))(0.0))

    speeds = [speed(angle) for angle in angles.tolist()]
    report.compare("∇(2x + y⁴) at (0.5, 0.8)", g.tolist(), [2.0, 4 * 0.8**3], "closed form", slide="(2, 4y³)")
    report.compare("fastest of 36 directions, in degrees from ∇f", 10 * int(np.argmax(speeds)), 0, "along ∇f")
    report.compare("its speed", max(speeds), length, "‖∇f‖")
    report.compare("speed across, at 90°", round(speed(math.pi / 2), 12), 0.0, "along a contour")
    report.compare("speed back, at 180°", speed(math.pi), -length, "−‖∇f‖")
    apart = round(float(np.abs(np.array(speeds) - length * np.cos(angles)).max()), 12)
    report.compare("largest distance of the 36 from ‖∇f‖ cos α", apart, 0.0, "closed form")
    report.see("Arrows stand across the contours and are longest where these lie closest; descent goes the other way.")
    report.picture("arrows", lambda: pictures.gradient_arrows(f, slopes, (-1.0, 1.0), np.degrees(angles), speeds))


def _functions() -> Iterator[tuple[Value, ...]]:
    """Yield the slide's functions at a point, with their variables."""
    for name, make, point in (
        ("f", lambda x, y: 2 * x + y**4, (3.0, 2.0)),
        ("q", lambda x: 2 * x**4, (1.5,)),
        ("g", lambda x, y: exp(x) + log(y), (1.0, 2.0)),
        ("h", lambda x, y, z: exp(x) - 1 / y**2 + 2**z, (1.0, 2.0, 3.0)),
    ):
        variables = [Value(number, name=letter) for letter, number in zip("xyz", point, strict=False)]
        f: Value = make(*variables)
        f.name = name
        yield f, *variables


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
