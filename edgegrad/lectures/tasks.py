"""Twelve tasks from the lectures, the easiest first: graphs whose derivatives a student is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from autograd import Exercise, Graph, Value, dot, exp, log, practice, relu, sigmoid, tanh, total
from autograd.practice import Asked

__all__ = ["TASKS", "Task"]

Build = Callable[[], tuple[Value, ...]]


@dataclass(frozen=True)
class Task:
    """A task: a graph, and what it is differentiated by.

    Attributes:
        name: of the lectures' row that it is from, such as L1.4, with a letter where that has several.
        build: records the graph, and returns the output, the leaves to differentiate by, and what is shown beside it.
        ask: what is asked for on the way.
    """

    name: str
    build: Build
    ask: Asked

    @property
    def text(self) -> str:
        """The task in one or two sentences."""
        return " ".join((inspect.getdoc(self.build) or "").split())

    def exercise(self, ask: Asked | None = None, *, every: bool = False) -> Exercise:
        """Make the exercise, anew each time; `ask` and `every` as of `practice`, the task's own unless given."""
        output, *rest = self.build()
        inside = set(Graph(output).nodes)
        values, beside = ([v for v in rest if (v in inside) is within] for within in (True, False))
        return practice(output, *values, ask=ask or self.ask, every=every, beside=beside)

    def __repr__(self) -> str:
        return f"<Task {self.name}: {self.text}>"


#: Every task by its name, the easiest first.
TASKS: dict[str, Task] = {}


def _task(name: str, ask: Asked = "slopes") -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        TASKS[name] = Task(name, build, ask)
        return build

    return add


def _name(v: Value, name: str) -> Value:
    v.name = name
    return v


def _given(**numbers: float) -> list[Value]:
    """Make numbers that are given: nothing is asked about them."""
    return [Value(number, name=name, requires_grad=False) for name, number in numbers.items()]


@_task("L1.3")
def _gradient_of_two() -> tuple[Value, ...]:
    """Differentiate f = 2x + y⁴ by both of its variables."""
    x, y = Value(3.0, name="x"), Value(2.0, name="y")
    return _name(2.0 * x + y**4, "f"), x, y


@_task("L1.3b")
def _gradient_of_three() -> tuple[Value, ...]:
    """Find the gradient of f = eˣ − 1/y² + 2ᶻ: an exponential, a quotient, and a power with the variable above."""
    x, y, z = Value(1.0, name="x"), Value(2.0, name="y"), Value(3.0, name="z")
    return _name(exp(x) - 1.0 / y**2 + 2.0**z, "f"), x, y, z


@_task("L2.4")
def _chain_of_factors() -> tuple[Value, ...]:
    """Find ∂E/∂w of O = σ(w·I + r), E = ½(O − T)²: three slopes. The slide rounds O to .35, and gets −0.01627."""
    w = Value(-3.0, name="w", parameter=True)
    inner, rest, target = _given(I=0.13, r=-0.24, T=0.9)  # r, of the other two neurons, is .96·1 + .40·(−3)
    s = _name(w * inner + rest, "s")
    O = _name(sigmoid(s), "O")
    return _name(0.5 * (O - target) ** 2, "E"), w


@_task("L1.3c")
def _power_tower() -> tuple[Value, ...]:
    """Differentiate f = x^(2x·ln x), written as f = e^u with u = 2x·(ln x)²: a product inside an exponential."""
    x = Value(1.7, name="x")
    u = _name(2.0 * x * log(x) ** 2, "u")
    return _name(exp(u), "f"), x


@_task("L5.6")
def _regularised() -> tuple[Value, ...]:
    """The loss of a neuron and its regularisation, Q = L + R with R = ½ρw²: the weight is pulled from two sides."""
    w = Value(0.8, name="w", parameter=True)
    x, y, rho = _given(x=0.5, y=1.0, ρ=0.1)
    p = _name(w * x, "p")
    L = _name((y - p) ** 2, "L")
    R = _name(0.5 * rho * w**2, "R")
    return _name(L + R, "Q"), w


@_task("L2.5")
def _log_loss() -> tuple[Value, ...]:
    """The log-loss of one example, E = −(t·ln p + (1 − t)·ln(1 − p)) with p = σ(s). By s it is as simple as p − t."""
    s = Value(0.4, name="s")
    [t] = _given(t=1.0)
    p = _name(sigmoid(s), "p")
    return _name(-(t * log(p) + (1.0 - t) * log(1.0 - p)), "E"), s


@_task("L1.4")
def _perceptron() -> tuple[Value, ...]:
    """The first lecture's 2-2-1 perceptron, E = ½(O − t)². Follow its error back to a weight of each layer."""
    x = _given(x1=0.5, x2=0.7)
    W1 = [
        [Value(w, name=f"W1[{i}][{j}]", parameter=True) for j, w in enumerate(row)]
        for i, row in enumerate(((1.0, 3.0), (-2.0, 4.0)))
    ]
    W2 = [Value(w, name=f"W2[{i}]", parameter=True) for i, w in enumerate((0.5, 0.3))]
    sums = [_name(dot(row, x), f"s{i}") for i, row in enumerate(W1, 1)]
    hidden = [_name(relu(s), f"a{i}") for i, s in enumerate(sums, 1)]
    O = _name(dot(W2, hidden), "O")
    [t] = _given(t=1.0)
    return _name(0.5 * (O - t) ** 2, "E"), W2[0], W1[0][1]


@_task("L2.14")
def _batch() -> tuple[Value, ...]:
    """The mean error of two examples, E = ½(E1 + E2). Both feed one weight, so what flows back adds up."""
    w = Value(0.5, name="w", parameter=True)
    errors = []
    for k, (x, t) in enumerate(((1.5, 2.0), (-0.5, 0.25)), 1):
        given, target = _given(**{f"x{k}": x, f"t{k}": t})
        errors.append(_name((w * given - target) ** 2, f"E{k}"))
    return _name(0.5 * total(errors), "E"), w


@_task("L4.7")
def _softmax() -> tuple[Value, ...]:
    """Softmax with cross-entropy: q_k = e^s_k, Z = Σq, p1 = q1/Z, p3 = q3/Z, E = −ln p3. Find ∂E/∂s1 and ∂E/∂s3."""
    scores = [Value(s, name=f"s{k}") for k, s in enumerate((2.0, -1.0, 0.5), 1)]
    powers = [_name(exp(s), f"q{k}") for k, s in enumerate(scores, 1)]
    whole = _name(total(powers), "Z")
    p = _name(powers[2] / whole, "p3")
    first = _name(powers[0] / whole, "p1")
    return _name(-log(p), "E"), scores[0], scores[2], first


@_task("L4.8", "gradients")
def _backpropagation() -> tuple[Value, ...]:
    """A hidden neuron y1 feeds two outputs. Pass the gradient back from E to every node, down to the weight w."""
    w, v, u = (Value(n, name=name, parameter=True) for name, n in (("w", 1.5), ("v", -2.0), ("u", 0.5)))
    [x] = _given(x=0.6)
    y = _name(sigmoid(_name(w * x, "s1")), "y1")
    outputs = [_name(sigmoid(c * y), f"y{k}") for k, c in ((2, v), (3, u))]
    targets = _given(t2=0.9, t3=0.1)
    errors = [_name((o - t) ** 2, f"E{k}") for k, (o, t) in enumerate(zip(outputs, targets, strict=True), 2)]
    return _name(0.5 * (errors[0] + errors[1]), "E"), w


@_task("L5.4")
def _skips() -> tuple[Value, ...]:
    """A graph with skips, in which x feeds z, s and t. Find E_x = E_z·∂z/∂x + E_s·∂s/∂x + E_t·∂t/∂x."""
    x = Value(0.7, name="x")
    a, b, c, d = _given(a=0.8, b=0.3, c=-0.7, d=0.9)
    z = _name(sigmoid(a * x), "z")
    s = _name(tanh(b * x + z), "s")
    t = _name(c * x + d * s, "t")
    return _name((t - 1.0) ** 2, "Q"), x


@_task("L4.5")
def _recurrent() -> tuple[Value, ...]:
    """Two steps of a recurrent neuron, h1 = tanh(u·x1 + w·h0) and h2 = tanh(u·x2 + w·h1). The weight w is met twice."""
    w, u = Value(0.9, name="w", parameter=True), Value(0.5, name="u", parameter=True)
    x1, x2, h0, t = _given(x1=0.4, x2=-0.2, h0=0.3, t=1.0)
    h1 = _name(tanh(u * x1 + w * h0), "h1")
    h2 = _name(tanh(u * x2 + w * h1), "h2")
    return _name((h2 - t) ** 2, "E"), w
