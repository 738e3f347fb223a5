"""The graphs that the golden files show. ``python tests/draw/drawings.py`` writes the files again."""

import random
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

from autograd import Graph, Value, dot, maximum, relu, scope, sigmoid, tanh, total, where

GOLDEN = Path(__file__).parent / "golden"


def square_plus_one():
    """Two parallel edges and a constant."""
    x = Value(3.0, name="x")
    y = x * x + 1
    y.name = "y"
    return y


def perceptron(named=True, fused=True):
    """The lecture's 2-2-1 ReLU network (L1.4), its sums by `dot` or by × and +."""

    def name(text):
        return text if named else None

    xs = [Value(x, name=name(f"x{i}")) for i, x in enumerate((0.5, 0.7), 1)]
    hidden = [
        [Value(w, name=name(f"W1[{i}][{j}]"), parameter=True) for j, w in enumerate(row)]
        for i, row in enumerate(((1, 3), (-2, 4)))
    ]
    outer = [Value(w, name=name(f"W2[{i}]"), parameter=True) for i, w in enumerate((0.5, 0.3))]
    target = Value(1, name=name("t"), requires_grad=False)

    def weighted(ws, vs):
        return dot(ws, vs) if fused else ws[0] * vs[0] + ws[1] * vs[1]

    activations = []
    for i, row in enumerate(hidden, 1):
        s = weighted(row, xs)
        a = relu(s)
        s.name, a.name = name(f"s{i}"), name(f"a{i}")
        activations.append(a)
    output = weighted(outer, activations)
    error = 0.5 * (output - target) ** 2
    output.name, error.name = name("O"), name("E")
    return error


def skips():
    """The sum over three children of lecture L5.4: x feeds z, s and t."""
    x = Value(0.5, name="x")
    z = tanh(x * 1.5)
    s = sigmoid(z + x)
    t = z * s - x
    q = t * t + s * 0.1
    z.name, s.name, t.name, q.name = "z", "s", "t", "Q"
    return q


def choices():
    """Edges along which nothing flows: the branch not taken, the smaller operand, a frozen leaf."""
    x, y = Value(-1.0, name="x"), Value(2.0, name="y")
    c = Value(4.0, name="c", requires_grad=False)
    q = maximum(x, y) * where(x > 0, x * x, -y / 3) + abs(x) * c
    q.name = "q"
    return q


def network(sizes=(4, 14, 8, 1), scoped=True, seed=0):
    """A tanh network with squared error, its neurons in scopes ``layer1/neuron2``."""
    draw = random.Random(seed)

    def part(text):
        return scope(text) if scoped else nullcontext()

    values = [Value(draw.uniform(-1, 1), name=f"x{i}", requires_grad=False) for i in range(1, sizes[0] + 1)]
    for layer, (wide, narrow) in enumerate(pairwise(sizes), 1):
        made = []
        for i in range(narrow):
            row = [Value(draw.gauss(0, 1), name=f"W{layer}[{i}][{j}]", parameter=True) for j in range(wide)]
            bias = Value(0.0, name=f"b{layer}[{i}]", parameter=True)
            with part(f"layer{layer}"), part(f"neuron{i + 1}"):
                s = dot(row, values, bias)
                made.append(s if layer == len(sizes) - 1 else s.tanh())
        values = made
    loss = (values[0] - Value(0.3, name="t", requires_grad=False)) ** 2
    loss.name = "loss"
    return loss


def chain(length):
    """A chain that nothing but its ends can fold."""
    y = Value(1.0, name="x")
    for _ in range(length // 2):
        y = y * 0.999 + 0.001
    return y


def batch(count, wide=3):
    """The mean error of a small network over some examples, without a scope."""
    draw = random.Random(0)
    w = [Value(draw.gauss(0, 1), name=f"w{j}" if j else "w", parameter=True) for j in range(wide)]
    b, v = Value(0.1, name="b", parameter=True), Value(0.7, name="v", parameter=True)
    errors = []
    for i in range(count):
        x = Value(draw.uniform(-1, 1), name=f"x[{i}]", requires_grad=False)
        hidden = [tanh(weight * x + b) for weight in w]
        hidden[0].name = f"h[{i}]"
        o = total([v * h for h in hidden])
        o.name = f"o[{i}]"
        e = (o - Value(float(i % 2), name=f"t[{i}]", requires_grad=False)) ** 2
        e.name = f"e[{i}]"
        errors.append(e)
    loss = total(errors) / count
    loss.name = "L"
    return loss


def loop(count):
    """A recurrence with one state, whose three leaves are named."""
    draw = random.Random(0)
    w, u, s = Value(0.5, name="w"), Value(0.8, name="u"), Value(0.0, name="s0")
    for step in range(1, count + 1):
        s = tanh(w * draw.uniform(-1, 1) + u * s)
        s.name = f"s{step}"
    return s


def gated_loop(count, wide):
    """A gated recurrent unit, written out."""
    draw = random.Random(0)

    def weights(name):
        return [[Value(draw.gauss(0, 0.5), name=f"{name}[{i}][{j}]", parameter=True) for j in range(wide + 1)]
                for i in range(wide)]  # fmt: skip

    gates = {name: weights(f"W{name}") for name in "zrc"}
    h = [0.0] * wide
    for step in range(1, count + 1):
        x = Value(draw.uniform(-1, 1), name=f"x{step}", requires_grad=False)
        z = [sigmoid(dot(row, [x, *h])) for row in gates["z"]]
        r = [sigmoid(dot(row, [x, *h])) for row in gates["r"]]
        c = [tanh(dot(row, [x, *[a * b for a, b in zip(r, h, strict=True)]])) for row in gates["c"]]
        h = [(1 - z[i]) * h[i] + z[i] * c[i] for i in range(wide)]
        for name, values in (("z", z), ("r", r), ("c", c), ("h", h)):
            for i, value in enumerate(values):
                value.name = f"{name}{step}[{i}]"
    y = total(h)
    y.name = "y"
    return y


def stack(count, wide):
    """A residual network: each block adds to what goes through it, with weights of its own."""
    draw = random.Random(0)
    h = [Value(draw.uniform(-1, 1), name=f"x{i}", requires_grad=False) for i in range(wide)]
    for block in range(1, count + 1):
        w = [[Value(draw.gauss(0, 0.5), name=f"W{block}[{i}][{j}]", parameter=True) for j in range(wide)]
             for i in range(wide)]  # fmt: skip
        h = [h[i] + tanh(dot(w[i], h)) for i in range(wide)]
        for i in range(wide):
            h[i].name = f"h{block}[{i}]"
    y = total([a * a for a in h])
    y.name = "E"
    return y


def swept(y):
    """Run the backward pass, and give the graph."""
    y.backward()
    return y.graph()


#: Name of a golden file: how to make its graph, and the options it is drawn with.
DRAWINGS = {
    "square_plus_one": (lambda: swept(square_plus_one()), {}),
    "square_plus_one_forward": (lambda: square_plus_one().graph(), {}),
    "perceptron": (lambda: swept(perceptron()), {}),
    "perceptron_down": (lambda: swept(perceptron(named=False, fused=False)), {"rankdir": "TB", "precision": 2}),
    "skips": (lambda: swept(skips()), {"rankdir": "RL", "precision": 6}),
    "choices": (lambda: swept(choices()), {}),
    "network_by_layer": (lambda: swept(network()), {}),
    "network_by_neuron": (lambda: swept(network((2, 3, 1))), {"fold": "scope", "rankdir": "BT"}),
    "network_by_operation": (lambda: swept(network(scoped=False)), {}),
    "chain_ends": (lambda: swept(chain(1000)), {"budget": 12}),
    "several_outputs": (lambda: Graph(square_plus_one(), swept(square_plus_one()).outputs[0]), {}),
}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, (graph, options) in DRAWINGS.items():
        (GOLDEN / f"{name}.dot").write_text(graph().to_dot(**options), encoding="utf-8", newline="\n")
