"""Lecture 5, training neural networks: gradients of neurons, layers and any graph of them, and regularisation."""

from __future__ import annotations

import numpy as np

import nn
from autograd import Edge, Value, dot, explain, sigmoid, square, tanh, total
from autograd import abs as absolute
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import inputs
from edgegrad.lectures.report import Report, row

EXAMPLES = [([1.0, 0.5, -1.0], 1.0), ([1.0, -0.3, 0.8], 0.0), ([1.0, 1.2, 0.4], 1.0)]  # with x₀ = 1


@row("nn.MLP", "nn.Layer")
def L5_1(report: Report) -> None:
    """Write the bias of a hidden layer as a weight on x₀ = 1.

    >>> from autograd import Value, explain, tanh
    >>> x0, x1 = Value(1.0, name="x0"), Value(0.7, name="x1")
    >>> w0, w1 = Value(0.1, name="w0"), Value(0.3, name="w1")
    >>> print(explain(tanh(w0 * x0 + w1 * x1), w0))
    y = tanh(w0·x0 + w1·x1)
    ∂y/∂w0 = (1 − y²)·x0 = 0.909738
    """
    model = nn.MLP(2, [2, 1], activation="tanh", output_activation="tanh", seed=0)
    W = model.state_dict()
    x = [_constant(number, f"x{i}") for i, number in enumerate((1.0, 0.7, -0.4))]
    z = [_constant(1.0, "z0")]
    for j in (0, 1):
        row_ = [W["b1"][j], *W["W1"][j]]
        weights = [_weight(float(w), f"w¹{j + 1}{i}") for i, w in enumerate(row_)]
        z.append(_name(tanh(dot(weights, x)), f"z{j + 1}"))
    weights = [_weight(float(w), f"w²1{j}") for j, w in enumerate([W["b2"][0], *W["W2"][0]])]
    y = _name(tanh(dot(weights, z)), "y1")
    y.backward()
    hidden = [a.data for a in model.layers[0]([0.7, -0.4])]
    slide = "z_j = h(Σ_{i=0} w⁽¹⁾_ji x_i)"
    report.compare("hidden neurons", hidden, [v.data for v in z[1:]], "weights on x₀ = 1", slide=slide)
    [output] = model([0.7, -0.4])
    slide = "y_k = h(Σ_{j=0} w⁽²⁾_kj z_j)"
    report.compare("output", output.data, y.data, "weights on x₀ = 1", slide=slide)
    output.backward()
    biases = [p.grad for name, p in model.named_parameters() if name.startswith("b")]
    as_weights = [v.grad for v in y.graph().leaves if v.name in ("w¹10", "w¹20", "w²10")]
    report.compare("∂y/∂ of the biases", sorted(biases), sorted(as_weights), "∂y/∂w_j0")
    report.say(explain(y, next(v for v in y.graph().leaves if v.name == "w¹10")))
    report.see("In the picture x0 and z0 are the fictitious inputs: 1, frozen, and with a weight like any other.")
    report.picture("as-weights", y.graph)


@row("nn.Neuron", "autograd.explain")
def L5_2(report: Report) -> None:
    """Differentiate one neuron's squared loss: a product of edges for each example.

    >>> from autograd import Value, explain, sigmoid
    >>> w, x, y = Value(-0.6, name="w"), Value(0.5, name="x"), Value(1.0, name="y")
    >>> p = sigmoid(w * x); p.name = "σ"
    >>> print(explain((y - p) ** 2, w))
    v3 = (y − σ)²
    ∂v3/∂w = ∂v3/∂σ · ∂σ/∂w = −2·(y − σ)·σ·(1 − σ)·x = −2 × 0.574443 × 0.425557 × 0.574443 × 0.5 = −0.140427
    """
    neuron = nn.Neuron(3, "sigmoid", bias=False, w=[0.2, -0.6, 0.4])
    w = [_weight(v.data, f"w{i}") for i, v in enumerate(neuron.w)]
    terms = []
    for k, (x, y) in enumerate(EXAMPLES, 1):
        features = [_constant(number, f"x{i}({k})") for i, number in enumerate(x)]
        p = _name(sigmoid(dot(w, features)), f"σ({k})")
        terms.append(_name(square(_constant(y, f"y({k})") - p), f"L({k})"))
    Q = _name(total(terms), "Q")
    Q.backward()
    expected = np.zeros(3)
    for x, y in EXAMPLES:
        p = neuron(x)[0].data
        expected += -2 * (y - p) * p * (1 - p) * np.array(x)
    slide = "Σ −2(y − σ)σ(1 − σ)x"
    report.compare("∂Q/∂w", [v.grad for v in w], expected.tolist(), "the slide's sum", slide=slide)
    report.say(explain(Q, w[1]))
    single = _weight(-0.6, "w")
    p = _name(sigmoid(single * _constant(0.5, "x")), "σ")
    L = _name(square(_constant(1.0, "y") - p), "L")
    L.backward()
    edges = _path(L, single)
    product = float(np.prod([edge.slope for edge in edges]))
    report.compare(f"the product of the {len(edges)} edges from L to w", product, single.grad, "backward")
    report.say("one example of one feature:", explain(L, single))
    report.see("In the first picture multiply along the arrows; in the second three such ways meet in each weight.")
    report.picture("neuron", L.graph)
    report.picture("three-examples", Q.graph)


@row("autograd.Value", "autograd.explain", "autograd.Graph.paths")
def L5_3(report: Report) -> None:
    """Differentiate a net with one hidden layer: of the sum over s only the path through z_j counts.

    >>> import nn
    >>> from autograd import explain
    >>> model = nn.MLP(2, [2, 1], activation="sigmoid", output_activation="sigmoid", bias=False, seed=0)
    >>> Q = (1.0 - model([0.5, -1.0])[0]) ** 2; Q.name = "Q"
    >>> print(explain(Q, model.layers[0].W[1, 0]))
    ∂Q/∂W1[1][0] = ∂Q/∂a2[0] · ∂a2[0]/∂s2[0] · ∂s2[0]/∂a1[1] · ∂a1[1]/∂s1[1] · ∂s1[1]/∂W1[1][0] = −(1 −
        a2[0])²·a2[0]·W2[0][1]·a1[1]·(1 − a1[1]) = −0.184825 × 0.570087 × 0.324557 × 0.588835 × 0.411165 =
        −0.00827948
    """
    examples = [([0.5, -1.0], 1.0), ([-0.4, 0.7], 0.0)]
    w1, w2 = _hidden_weights(2, 2, 1)
    outputs = [_hidden_network(w1, w2, x, f"({k})") for k, (x, _) in enumerate(examples, 1)]
    losses = [
        _name(square(_constant(y, f"y({k})") - p[0]), f"L({k})")
        for k, ((p, _), (_, y)) in enumerate(zip(outputs, examples, strict=True), 1)
    ]
    Q = _name(losses[0] + losses[1], "Q")
    Q.backward()
    W1, W2 = (np.array([[v.data for v in line] for line in w]) for w in (w1, w2))
    by_outer, by_inner = np.zeros(2), np.zeros((2, 2))
    for x, y in examples:
        z = 1 / (1 + np.exp(-W1 @ x))
        sigma = 1 / (1 + np.exp(-float(W2[0] @ z)))
        delta = -2 * (y - sigma) * sigma * (1 - sigma)
        by_outer += delta * z
        by_inner += np.outer(delta * W2[0] * z * (1 - z), x)
    hand = "chain rule by hand"
    report.compare("∂Q/∂w2", [v.grad for v in w2[0]], by_outer.tolist(), hand, slide="Σ_i ∂L/∂p ∂p/∂w₂")
    found = [v.grad for line in w1 for v in line]
    report.compare("∂Q/∂w1", found, by_inner.ravel().tolist(), hand, slide="Σ_i ∂L/∂p ∂p/∂z_j ∂z_j/∂w₁,j")
    target, inner = w1[1][0], outputs[0][1]
    paths = [len(list(losses[0].graph().paths(losses[0], v))) for v in (target, *inner)]
    report.compare("paths from L(1) to w1 of the second neuron, to z1, to z2", paths, [1, 1, 1], "through z_j alone")
    other = len(list(inner[0].graph().paths(inner[0], target))) if target in inner[0].graph() else 0
    report.compare("paths from z1 to it: its term s = 1 of the sum", other, 0, "∂z_s/∂w₁,j = 0")
    report.say(explain(Q, w2[0][1]), explain(Q, target))
    report.see(
        "In the picture w1[2,1] feeds z2(1) alone, and z2(2) in the box of the second example: that is why one s of "
        "the sum over s is left."
    )
    report.picture("hidden-layer", Q.graph, keep=[target])


@row("autograd.Value", "autograd.Edge", "autograd.explain")
def L5_4(report: Report) -> None:
    """Sum over children on a graph with skips, with E_α = ∂Q/∂α at every node.

    >>> from autograd import Value, explain, sigmoid, tanh
    >>> x = Value(0.5, name="x")
    >>> z = tanh(x); z.name = "z"
    >>> print(explain(z * sigmoid(x + z), x))
    y = z·σ(x + z)
    ∂y/∂x = ∂y/∂z·∂z/∂x + ∂y/∂x directly
      = 0.815982 × 0.786448 + 0.0924361 = 0.734163
    the sum over 3 paths:
      1. ∂y/∂z · ∂z/∂x = σ(x + z)·(1 − z²) = 0.723545 × 0.786448 = 0.569031
      2. z·σ(x + z)·(1 − σ(x + z)) = 0.0924361
      3. ∂y/∂z · ∂z/∂x = z·σ(x + z)·(1 − σ(x + z))·(1 − z²) = 0.462117 × 0.723545 × 0.276455 × 0.786448 = 0.0726962
    """
    x, y = Value(0.7, name="x"), Value(-0.4, name="y")
    w = {
        name: Value(number, name=f"w_{name}", parameter=True)
        for name, number in (("zx", 0.8), ("zy", -0.5), ("sx", 0.3), ("sz", 1.1), ("tx", -0.7), ("ts", 0.9))
    }
    z = _name(sigmoid(dot([w["zx"], w["zy"]], [x, y])), "z")
    s = _name(tanh(dot([w["sx"], w["sz"]], [x, z])), "s")
    t = _name(tanh(dot([w["tx"], w["ts"]], [x, s])), "t")
    Q = _name((t - 1.0) ** 2 + 0.5 * z, "Q")
    Q.backward()
    E = {node.name: node.grad for node in (x, y, z, s, t) if node.grad is not None}
    slopes = {
        "z": z.data * (1 - z.data) * w["zx"].data,
        "s": (1 - s.data**2) * w["sx"].data,
        "t": (1 - t.data**2) * w["tx"].data,
    }
    children = sum(E[name] * slopes[name] for name in "zst")
    slide = "E_z ∂z/∂x + E_s ∂s/∂x + E_t ∂t/∂x"
    report.compare(f"E_x = {slide}", E["x"], children, "the sum over children", slide=slide)
    report.compare("E_x, E_y, E_z, E_s, E_t", list(E.values()))
    own = E["s"] * (1 - s.data**2) * z.data
    report.compare("∂Q/∂w_sz = E_s ∂s/∂w_sz", w["sz"].grad, own, "the formula")
    graph = Q.graph()
    flows = [sum(edge.flow or 0.0 for edge in graph.edges if edge.operand is node) for node in (x, y, z, s, t)]
    report.compare("the same, as what flows in along the edges", flows, list(E.values()), "E")
    report.say(explain(Q, x))
    report.see("In the picture x feeds z, s and t: what flows back along the three arrows into x adds up to E_x.")
    report.picture("skips", lambda: graph)


@row("nn.Network", "nn.fit")
def L5_5(report: Report) -> None:
    """Wire neurons in any way without a cycle, and train them.

    >>> import nn
    >>> from autograd import explain
    >>> model = nn.Network(["x", "y"], {"z": ("sigmoid", ["x", "y"]), "u": ("tanh", ["x", "z"])}, ["u"], seed=1)
    >>> [u] = model([0.7, -0.4])
    >>> print(explain(u, dict(model.named_parameters())["w_zx"]))
    ∂u/∂w_zx = ∂u/∂s_u · ∂s_u/∂z · ∂z/∂s_z · ∂s_z/∂w_zx = 0.7·(1 − u²)·w_uz·z·(1 − z) = 0.7 × 0.939959 ×
        (−0.266111) × 0.321617 × 0.678383 = −0.0382017
    """
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
    [out] = model([_constant(0.7, "x"), _constant(-0.4, "y")])
    Q = _name(square(out - _constant(1.0, "target")), "Q")
    Q.backward()
    nodes = {node.name: node for node in Q.graph()}
    slide = "h(w_zx x + w_zy y + w_z0)"
    report.compare("z = h(w_zx x + w_zy y + w_z0)", nodes["z"].data, float(z), "the formula", slide=slide)
    E = nodes["z"].grad
    due = E * float(z * (1 - z)) * 0.7
    report.compare("∂Q/∂w_zx = E_z ∂z/∂w_zx", nodes["w_zx"].grad, due, "the formula", slide="E_α ∂α/∂w_α")
    report.say(explain(Q, nodes["z"]))
    report.picture("wiring", Q.graph)
    X, t = nn.xor()
    history = nn.fit(model, X, t, "mse", nn.Adam(model.parameters(), lr=0.05), 300, None)
    answers = (nn.predict(model, X)[:, 0] > 0.5).astype(int).tolist()
    report.compare("exclusive or, learned by Adam", answers, t.tolist(), "truth table")
    report.compare("loss at the end", round(history["loss"][-1], 3), digits=2)
    report.say(model)
    report.see("The slide's w_z0 is b_z here. In the picture z feeds s and u: E_z adds up what both hand back.")
    report.picture("training", lambda: history.plot("loss", scale="log"))


@row("nn.L1", "nn.L2", "nn.fit")
def L5_6(report: Report) -> None:
    """Add a penalty to the loss, Q = ΣL + R(w), as a part of the graph.

    >>> import nn
    >>> from autograd import Value, explain
    >>> w = [Value(2.0, name="w1"), Value(-3.0, name="w2")]
    >>> R = nn.L1(0.1)(w) + nn.L2(0.5)(w); R.name = "R"
    >>> print(explain(R, w[0]))
    ∂R/∂w1 = 0.1·sign(w1) + 0.5·w1 = 1.1
    the sum over 3 paths:
      1. 0.25·w1 = 0.5   (operand 1 of v5)
      2. 0.25·w1 = 0.5   (operand 3 of v5)
      3. 0.1·sign(w1) = 0.1
    """
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 4))
    y = X @ [2.0, 0.0, -1.0, 0.0] + random.normal(0.0, 0.1, 40)
    ridge = nn.Layer(4, 1, bias=False, seed=0)
    nn.fit(ridge, X, y, "mse", "newton", 3, None, regularizer=nn.L2(0.5))
    best = np.linalg.solve(2 * X.T @ X / 40 + 0.5 * np.eye(4), 2 * X.T @ y / 40)
    report.compare(
        "w with L2", ridge.state_dict()["W"][0].tolist(), best.tolist(), "ridge regression", digits=6, rounding=1e-9
    )
    free = np.linalg.lstsq(X, y, rcond=None)[0].tolist()
    plain = nn.Layer(4, 1, bias=False, seed=0)
    nn.fit(plain, X, y, "mse", "newton", 3, None)
    report.compare("w without R", plain.state_dict()["W"][0].tolist(), free, "least squares", digits=3, rounding=1e-9)
    lasso = nn.Layer(4, 1, bias=False, seed=0)
    path = nn.WeightPath(lasso.parameters())
    optimizer = nn.SGD(lasso.parameters(), lr=0.05)
    nn.fit(
        lasso, X, y, "mse", optimizer, 600, None, regularizer=nn.L1(0.5), schedule=lambda k: 0.99**k, callbacks=[path]
    )
    found = lasso.state_dict()["W"][0].tolist()
    shown = [round(w, 3) for w in found]
    report.compare("w with L1, where useless weights vanish", shown, digits=3)
    w = [_weight(2.0, "w1"), _weight(-3.0, "w2")]
    penalty = nn.L1(0.1)(w) + nn.L2(0.5)(w)
    penalty.backward()
    report.compare("∂R/∂w of 0.1 Σ|w| + ½·0.5 Σw² at (2, −3)", [p.grad for p in w], [1.1, -1.6], "ρ sign w + ρw")
    w1, w2 = w = [_weight(2.0, "w1"), _weight(-3.0, "w2")]
    x1, x2 = inputs([0.5, -1.0])
    L = _name(square(w1 * x1 + w2 * x2 - _constant(3.5, "y")), "L")
    R = _name(0.1 * (absolute(w1) + absolute(w2)) + 0.25 * (square(w1) + square(w2)), "R")
    Q = _name(L + R, "Q")
    Q.backward()
    due = [2 * 0.5 * 0.5 + 1.1, 2 * 0.5 * -1.0 - 1.6]
    report.compare("∂Q/∂w of Q = L + R", [v.grad for v in w], due, "∂L/∂w + ∂R/∂w", slide="Q = ΣL + R(w)")
    report.say(explain(Q, w1))
    report.say("The picture has one example, where the slide sums over N; what R is the slide leaves open.")
    report.see("In the picture each weight goes into L, and past it into |w| and w²: the flows of R pull it towards 0.")
    report.picture("penalty", Q.graph)
    steps = np.arange(len(path.points))
    ways = {f"w{k + 1}": path.points[:, k] for k in range(4)}
    pulls = " and ".join(f"{free[k]:.2f} → {found[k]:.2f}".replace("-", "−") for k in (0, 2))
    report.see(f"In the second, L1 brings the two useless weights to 0 and pulls the others towards it, {pulls}.")
    report.picture("lasso", lambda: pictures.curves(steps[:200], {k: v[:200] for k, v in ways.items()},
                                                    labels=("step", "w")))  # fmt: skip


@row("autograd.Value", "autograd.Graph", "autograd.explain")
def L5_7(report: Report) -> None:
    """Differentiate a network with a hidden layer, K = 2 outputs, N = 2 examples and R(w), as one graph.

    >>> import nn
    >>> from autograd import explain
    >>> model = nn.MLP(2, [2, 2], activation="sigmoid", output_activation="sigmoid", bias=False, seed=0)
    >>> Q = ((model([0.5, -1.0]) - [1.0, 0.0]) ** 2).sum() + nn.L2(0.1)(model.parameters()); Q.name = "Q"
    >>> print(explain(Q, model.layers[0].W[0, 0]))
    ∂Q/∂W1[0][0] = ∂Q/∂s1[0]·∂s1[0]/∂W1[0][0] + ∂Q/∂W1[0][0] directly
      = −0.00335622 × 0.5 + 0.0193693 = 0.0176912
    the sum over 4 paths:
      1. 0.05·W1[0][0] = 0.00968465   (operand 1 of v6)
      2. 0.05·W1[0][0] = 0.00968465   (operand 9 of v6)
      3. ∂Q/∂a2[0] · ∂a2[0]/∂s2[0] · ∂s2[0]/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][0] = (a2[0] − 1)·a2[0]·(1 −
          a2[0])·W2[0][0]·a1[0]·(1 − a1[0]) = −0.429913 × 0.570087 × 0.429913 × 0.150806 × 0.604062 × 0.395938 =
          −0.0038004
      4. ∂Q/∂a2[1] · ∂a2[1]/∂s2[1] · ∂s2[1]/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][0] = a2[1]²·(1 −
          a2[1])·W2[1][0]·a1[0]·(1 − a1[0]) = 0.358303 × 0.401416 × 0.0616951 × 0.604062 × 0.395938 = 0.00212229
    """
    examples = [([0.5, -1.0], [1.0, 0.0]), ([-0.4, 0.7], [0.0, 1.0])]
    rho = 0.1
    w1, w2 = _hidden_weights(2, 2, 2)
    losses = []
    for i, (x, targets) in enumerate(examples, 1):
        outputs, _ = _hidden_network(w1, w2, x, f"({i})")
        errors = [_constant(t, f"y{k}({i})") - p for k, (t, p) in enumerate(zip(targets, outputs, strict=True), 1)]
        losses.append(_name(square(errors[0]) + square(errors[1]), f"L({i})"))
    R = _name(rho / 2 * total([square(v) for line in (*w1, *w2) for v in line]), "R")
    Q = _name(losses[0] + losses[1] + R, "Q")
    Q.backward()
    W1, W2 = (np.array([[v.data for v in line] for line in w]) for w in (w1, w2))
    by_outer, by_inner = rho * W2, rho * W1
    for x, targets in examples:
        z = 1 / (1 + np.exp(-W1 @ x))
        p = 1 / (1 + np.exp(-W2 @ z))
        delta = -2 * (targets - p) * p * (1 - p)
        by_outer = by_outer + np.outer(delta, z)
        by_inner = by_inner + np.outer((W2.T @ delta) * z * (1 - z), x)
    for name, w, due, slide in (
        ("∂Q/∂w²", w2, by_outer, "Σ_i ∂L/∂p ∂p/∂w₂"),
        ("∂Q/∂w¹", w1, by_inner, "Σ_i ∂L/∂p Σ_s ∂p/∂z_s ∂z_s/∂w₁,j"),
    ):
        found = [v.grad for line in w for v in line]
        report.compare(name, found, due.ravel().tolist(), "matrix form, with ρw", digits=8, slide=slide)
    paths = len(list(Q.graph().paths(Q, w1[1][0])))
    report.compare("paths from Q to w1[2,1]", paths, 5, "K·N through the outputs, and one through R")
    report.say(explain(Q, w1[1][0]))
    report.see("The pictures are of L(1), the first example's part of Q, and of R, which has its own way to every w.")
    report.picture("first-example", losses[0].graph)
    report.picture("penalty", R.graph)


def _name(v: Value, name: str) -> Value:
    v.name = name
    return v


def _path(output: Value, leaf: Value) -> tuple[Edge, ...]:
    [path] = output.graph().paths(output, leaf)
    return path


def _constant(number: float, name: str) -> Value:
    return Value(number, name=name, requires_grad=False)


def _weight(number: float, name: str) -> Value:
    return Value(number, name=name, parameter=True)


def _hidden_weights(n_in: int, hidden: int, outputs: int) -> tuple[list[list[Value]], list[list[Value]]]:
    """Make the weights of both layers, counted from 1 as on the slides: w1[j,i] leads from x_i to z_j."""
    random = np.random.default_rng(0)

    def layer(name: str, rows: int, columns: int) -> list[list[Value]]:
        numbers = random.normal(0.0, 1.0, (rows, columns)).round(2).tolist()
        return [[_weight(w, f"{name}[{j},{i}]") for i, w in enumerate(line, 1)] for j, line in enumerate(numbers, 1)]

    return layer("w1", hidden, n_in), layer("w2", outputs, hidden)


def _hidden_network(
    w1: list[list[Value]], w2: list[list[Value]], x: list[float], example: str
) -> tuple[list[Value], list[Value]]:
    """Run the network with one hidden layer of the slides; return its outputs and its z, named after the example."""
    given = [_constant(number, f"x{i}{example}") for i, number in enumerate(x, 1)]
    z = [_name(sigmoid(dot(line, given)), f"z{j}{example}") for j, line in enumerate(w1, 1)]
    return [_name(sigmoid(dot(line, z)), f"p{k}{example}") for k, line in enumerate(w2, 1)], z
