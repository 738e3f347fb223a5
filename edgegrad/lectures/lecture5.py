"""Lecture 5, training neural networks: gradients of neurons, layers and any graph of them, and regularisation."""

from __future__ import annotations

import numpy as np

import nn
from autograd import Edge, Value, explain, sigmoid, tanh
from edgegrad.lectures.networks import inputs
from edgegrad.lectures.report import Report, row

EXAMPLES = [([1.0, 0.5, -1.0], 1.0), ([1.0, -0.3, 0.8], 0.0), ([1.0, 1.2, 0.4], 1.0)]  # with x₀ = 1


@row("nn.MLP", "nn.Layer")
def L5_1(report: Report) -> None:
    """Write the bias of a hidden layer as a weight on x₀ = 1."""
    model = nn.MLP(2, [3, 1], activation="tanh", output_activation="tanh", seed=0)
    state = model.state_dict()
    hidden, outer = (
        nn.Layer(n_in + 1, n_out, "tanh", bias=False, W=np.column_stack([state[f"b{k}"], state[f"W{k}"]]))
        for k, n_in, n_out in ((1, 2, 3), (2, 3, 1))
    )
    x = [0.7, -0.4]
    z = hidden([1.0, *x])
    [y] = outer([1.0, *z])
    report.compare("hidden neurons", [a.data for a in model.layers[0](x)], [a.data for a in z], "weights on x₀ = 1")
    report.compare("output", model(x)[0].data, y.data, "weights on x₀ = 1")
    report.picture("as-weights", y.graph)


@row("nn.Neuron", "autograd.explain")
def L5_2(report: Report) -> None:
    """Differentiate one neuron's squared loss: a product of edges for each example."""
    neuron = nn.Neuron(3, "sigmoid", bias=False, w=[0.2, -0.6, 0.4])
    Q = sum((y - neuron(x)[0]) ** 2 for x, y in EXAMPLES)
    assert isinstance(Q, Value)
    Q.name = "Q"
    Q.backward()
    expected = np.zeros(3)
    for x, y in EXAMPLES:
        p = neuron(x)[0].data
        expected += -2 * (y - p) * p * (1 - p) * np.array(x)
    report.compare("∂Q/∂w", [w.grad for w in neuron.w], expected.tolist(), "the slide's sum")
    report.say(explain(Q, neuron.w[1]))
    x1 = inputs([0.5])[0]
    single = Value(-0.6, name="w", parameter=True)
    p = sigmoid(single * x1)
    p.name = "p"
    L = (1.0 - p) ** 2
    L.name = "L"
    L.backward()
    edges = _path(L, single)
    product = float(np.prod([edge.slope for edge in edges]))
    report.compare(f"the product of the {len(edges)} edges from L to w", product, single.grad, "backward")
    report.say(explain(L, single))
    report.picture("neuron", L.graph)


@row("nn.MLP", "autograd.explain", "autograd.Graph.paths")
def L5_3(report: Report) -> None:
    """Differentiate a net with one hidden layer: only the path through z_j counts."""
    model = nn.MLP(2, [3, 1], activation="sigmoid", output_activation="sigmoid", bias=False, seed=0)
    [p] = model(inputs([0.5, -1.0]))
    Q = (1.0 - p) ** 2
    Q.name = "Q"
    Q.backward()
    nodes, weights = {node.name: node for node in Q.graph()}, dict(model.named_parameters())
    P, z = p.data, [nodes[f"a1[{j}]"].data for j in range(3)]
    outer = [-2 * (1 - P) * P * (1 - P) * a for a in z]
    report.compare("∂Q/∂w2", [weights[f"W2[0][{j}]"].grad for j in range(3)], outer, "chain rule by hand")
    inner = -2 * (1 - P) * P * (1 - P) * weights["W2[0][1]"].data * z[1] * (1 - z[1]) * 0.5
    target = weights["W1[1][0]"]
    report.compare("∂Q/∂w1 of the second neuron", target.grad, inner, "chain rule by hand")
    report.compare("paths from Q to it", len(list(Q.graph().paths(Q, target))), 1, "through z_j alone")
    report.say(explain(Q, target))
    report.picture("hidden-layer", Q.graph)


@row("autograd.Value", "autograd.Edge", "autograd.explain")
def L5_4(report: Report) -> None:
    """Sum over children on a graph with skips, with E_α = ∂Q/∂α at every node."""
    x, y = Value(0.7, name="x"), Value(-0.4, name="y")
    w = {
        name: Value(number, name=f"w_{name}", parameter=True)
        for name, number in (("zx", 0.8), ("zy", -0.5), ("sx", 0.3), ("sz", 1.1), ("tx", -0.7), ("ts", 0.9))
    }
    z = _name(sigmoid(w["zx"] * x + w["zy"] * y), "z")
    s = _name(tanh(w["sx"] * x + w["sz"] * z), "s")
    t = _name(tanh(w["tx"] * x + w["ts"] * s), "t")
    Q = _name((t - 1.0) ** 2 + 0.5 * z, "Q")
    Q.backward()
    E = {node.name: node.grad for node in (x, y, z, s, t) if node.grad is not None}
    slopes = {
        "z": z.data * (1 - z.data) * w["zx"].data,
        "s": (1 - s.data**2) * w["sx"].data,
        "t": (1 - t.data**2) * w["tx"].data,
    }
    children = sum(E[name] * slopes[name] for name in "zst")
    report.compare("E_x = E_z ∂z/∂x + E_s ∂s/∂x + E_t ∂t/∂x", E["x"], children, "the sum over children")
    report.compare("E_x, E_y, E_z, E_s, E_t", list(E.values()))
    own = E["s"] * (1 - s.data**2) * z.data
    report.compare("∂Q/∂w_sz = E_s ∂s/∂w_sz", w["sz"].grad, own, "the formula")
    graph = Q.graph()
    flows = [sum(edge.flow or 0.0 for edge in graph.edges if edge.operand is node) for node in (x, y, z, s, t)]
    report.compare("the same, as what flows in along the edges", flows, list(E.values()), "E")
    report.say(explain(Q, x))
    report.picture("skips", lambda: graph)


@row("nn.Network", "nn.fit")
def L5_5(report: Report) -> None:
    """Wire neurons in any way without a cycle, and train them."""
    model = nn.Network(
        ["x", "y"],
        {
            "z": ("sigmoid", ["x", "y"]),
            "s": ("tanh", ["x", "z"]),
            "t": ("tanh", ["x", "s", "y"]),
            "u": ("identity", ["z", "s", "t"]),
        },
        ["u"],
        seed=1,
    )
    weights = {name: p.data for name, p in model.named_parameters()}
    z = 1 / (1 + np.exp(-(weights["w_zx"] * 0.7 + weights["w_zy"] * -0.4 + weights["b_z"])))
    [out] = model([0.7, -0.4])
    nodes = {node.name: node.data for node in out.graph()}
    report.compare("z = h(w_zx x + w_zy y + w_z0)", nodes["z"], float(z), "the formula")
    X, t = nn.xor()
    history = nn.fit(model, X, t, "mse", nn.Adam(model.parameters(), lr=0.05), 300, None)
    answers = (nn.predict(model, X)[:, 0] > 0.5).astype(int).tolist()
    report.compare("exclusive or, learned by Adam", answers, t.tolist(), "truth table")
    report.compare("loss at the end", round(history["loss"][-1], 3), digits=2)
    report.say(model)
    report.picture("wiring", model(inputs([0.7, -0.4]))[0].graph)


@row("nn.L1", "nn.L2", "nn.fit")
def L5_6(report: Report) -> None:
    """Add a penalty to the loss, Q = ΣL + R(w), as a part of the graph."""
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 4))
    y = X @ [2.0, 0.0, -1.0, 0.0] + random.normal(0.0, 0.1, 40)
    ridge = nn.Layer(4, 1, bias=False, seed=0)
    nn.fit(ridge, X, y, "mse", "newton", 3, None, regularizer=nn.L2(0.5))
    best = np.linalg.solve(2 * X.T @ X / 40 + 0.5 * np.eye(4), 2 * X.T @ y / 40)
    report.compare(
        "w with L2", ridge.state_dict()["W"][0].tolist(), best.tolist(), "ridge regression", digits=6, rounding=1e-9
    )
    lasso = nn.Layer(4, 1, bias=False, seed=0)
    optimizer = nn.SGD(lasso.parameters(), lr=0.05)
    nn.fit(lasso, X, y, "mse", optimizer, 600, None, regularizer=nn.L1(0.5), schedule=lambda k: 0.99**k)
    found = [round(w, 2) for w in lasso.state_dict()["W"][0].tolist()]
    report.compare("w with L1, where useless weights vanish", found, digits=2)
    w = [Value(2.0, name="w1"), Value(-3.0, name="w2")]
    penalty = nn.L1(0.1)(w) + nn.L2(0.5)(w)
    penalty.backward()
    report.compare("∂R/∂w of 0.1 Σ|w| + ½·0.5 Σw² at (2, −3)", [p.grad for p in w], [1.1, -1.6], "ρ sign w + ρw")
    penalty.name = "R"
    report.picture("penalty", penalty.graph)


def _name(v: Value, name: str) -> Value:
    v.name = name
    return v


def _path(output: Value, leaf: Value) -> tuple[Edge, ...]:
    [path] = output.graph().paths(output, leaf)
    return path
