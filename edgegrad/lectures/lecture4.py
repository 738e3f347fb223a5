"""Lecture 14, artificial neural networks: other kinds of network, depth, losses, backprop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

import nn
from autograd import Value, dot, explain, logsumexp
from autograd.symbol import number_text
from edgegrad.lectures import pictures
from edgegrad.lectures.networks import deep, inputs, sigmoid_network
from edgegrad.lectures.report import Report, row

LETTERS = {
    "T": "#####..#....#....#....#..",
    "L": "#....#....#....#....#####",
    "X": "#...#.#.#...#...#.#.#...#",
}


def letter(name: str) -> list[int]:
    """Return a letter as 25 states, 1 where it is dark and −1 elsewhere."""
    return [1 if dot == "#" else -1 for dot in LETTERS[name]]


@row("nn.Elman", "nn.LSTM", "nn.Hopfield", "nn.SelfOrganizingMap", "nn.BidirectionalMemory", "nn.AdaptiveResonance")
def L4_5(report: Report) -> None:
    """Run the other kinds of network: recurrent, associative, competitive, resonant.

    >>> import nn
    >>> memory = nn.Hopfield([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
    >>> *_, recalled = memory.descend([1, 1, -1, -1, -1, -1], seed=0)
    >>> recalled
    array([ 1,  1,  1, -1, -1, -1])
    """
    for kind in (nn.Elman, nn.LSTM):
        X, y = nn.sine_wave(24, steps=8, seed=0)
        model = nn.Sequential(kind(1, 4, last=True, seed=0), nn.Layer(4, 1, seed=0))
        history = nn.fit(model, X, y, "mse", nn.Adam(model.parameters(), lr=0.05), 25, 8, seed=0)
        report.compare(
            f"{kind.__name__}, loss on a sine wave, first and last", [history["loss"][0], history["loss"][-1]], digits=2
        )
    elman, lstm = nn.Elman(1, 1, last=True, seed=0), nn.LSTM(1, 1, last=True, seed=0)
    waves = [[Value(x, name=f"x({t})", requires_grad=False)] for t, x in enumerate((0.5, -0.2, 0.8), 1)]
    [h] = elman(waves)
    h.backward()
    weight = dict(elman.named_parameters())["W_hh[0][0]"]
    report.say("Elman, h(t) = tanh(w_xh x(t) + w_hh h(t−1) + b): the weight w_hh is met at every step.")
    report.say(explain(h, weight))
    report.picture("elman-unrolled", h.graph)
    [gated] = lstm(waves[:1])
    gated.backward()
    report.see("In the second picture the LSTM's gates, sigmoids, multiply what is let in, kept and let out.")
    report.picture("lstm-step", gated.graph)
    names = list(LETTERS)
    memory = nn.Hopfield([letter(name) for name in names])
    damaged = np.array(letter("L"))
    damaged[[2, 6, 13, 20]] *= -1
    states = list(memory.descend(damaged, seed=0))
    report.compare(
        "Hopfield, points of a damaged L that are wrong after recall",
        int((states[-1] != letter("L")).sum()),
        0,
        "the stored L",
    )
    energies = [memory.energy(state.tolist()) for state in states]
    report.compare("its energy along the way", energies, digits=4)
    state = [Value(float(x), name=f"s{i}") for i, x in enumerate(letter("L")[:5] + letter("T")[:5])]
    small = nn.Hopfield([letter("L")[:5] + letter("T")[:5], letter("X")[:5] + letter("L")[:5]])
    E = small.energy(state)
    E.backward()
    fields = (small.W @ [v.data for v in state]).tolist()
    report.compare("−∂E/∂s_i of Hopfield's energy", [-(v.grad or 0.0) for v in state], fields, "h_i = Σ_j w_ij s_j")
    pairs = nn.BidirectionalMemory([letter(name) for name in names], [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    answer = pairs.recall(x=damaged)[1].tolist()
    report.compare("BAM, what the damaged L recalls", answer, [-1, 1, -1], "its pair")
    X = np.random.default_rng(0).random((300, 2))
    chart = nn.SelfOrganizingMap(6, 6, n_in=2, seed=1)
    before, untrained = chart.W.copy(), chart.topographic_error(X)
    chart.train(X, epochs=5, seed=2)
    report.compare(
        "Kohonen map, neighbours torn apart, before and after", [untrained, chart.topographic_error(X)], digits=2
    )
    w = [Value(x, name=f"w{k}") for k, x in enumerate((0.2, 0.9), 1)]
    x1, x2 = inputs([0.6, 0.4])
    D = 0.5 * ((x1 - w[0]) ** 2 + (x2 - w[1]) ** 2)
    D.name = "D"
    D.backward()
    one = nn.SelfOrganizingMap(1, 1, n_in=2, seed=0)
    one.W[0, 0] = [0.2, 0.9]
    one.train([[0.6, 0.4]], epochs=1, rate=(0.5, 0.5))
    stepped = [v.data - 0.5 * (v.grad or 0.0) for v in w]
    report.compare("Kohonen's step w + ηh(x − w), as one down ½h‖x − w‖²", one.W[0, 0].tolist(), stepped, "w − η∂D/∂w")
    report.say(explain(D, w[0]))
    report.say("ART learns by w ← w AND x, in no direction of a gradient: it cuts a prototype to what all its x share.")
    report.see("In the map's picture the grid unfolds over the square: neighbours on it answer to neighbouring inputs.")
    bits = [[x > 0 for x in letter(name)] for name in (*names, "T")]
    classes = {}
    for vigilance in (0.3, 0.9):
        resonance = nn.AdaptiveResonance(25, vigilance=vigilance)
        classes[vigilance] = [resonance.learn(x) for x in bits]
    report.compare("ART, classes of T, L, X, T with vigilance 0.3", classes[0.3])
    report.compare("the same with vigilance 0.9", classes[0.9], [0, 1, 2, 0], "by hand")
    report.picture(
        "hopfield",
        lambda: pictures.patterns(
            {f"E = {number_text(E, 3)}": s.reshape(5, 5) for E, s in zip(energies, states, strict=True)}
        ),
    )
    report.picture("map", lambda: pictures.map_grid(before, chart.W, X))


@row("nn.half_plane", "nn.convex_region", "nn.any_region", "nn.linear_equivalent")
def L4_6(report: Report) -> None:
    """Count layers: one cuts off a half-plane, two a convex region, three any region.

    >>> import nn
    >>> triangle = nn.convex_region(nn.polygon_sides([(0, 0), (2, 0.5), (0.3, 2.2)]))
    >>> [triangle(point)[0].data for point in ([0.8, 0.8], [2.0, 2.0])]
    [1.0, 0.0]
    """
    triangle = nn.polygon_sides([(0, 0), (2, 0.5), (0.3, 2.2)])
    square = nn.polygon_sides([(2, 2), (3, 2), (3, 3), (2, 3)])
    grid = [[x, y] for x in np.linspace(-1, 4, 26).tolist() for y in np.linspace(-1, 4, 26).tolist()]
    inside = {
        "one layer": [x + y > 1.5 for x, y in grid],
        "two layers": [_within(triangle, p) for p in grid],
        "three layers": [_within(triangle, p) or _within(square, p) for p in grid],
    }
    models: dict[str, nn.Module] = {
        "one layer": nn.half_plane([1, 1], 1.5),
        "two layers": nn.convex_region(triangle),
        "three layers": nn.any_region([triangle, square]),
    }
    for label, model in models.items():
        found = nn.predict(model, grid)[:, 0] > 0.5
        report.compare(
            f"{label}, points of {len(grid)} on the wrong side", int((found != inside[label]).sum()), 0, "geometry"
        )
        name = label.replace(" ", "-")
        report.picture(name, partial(pictures.decide, model, grid, inside[label], label, resolution=161))
    linear = nn.MLP(2, [3, 3, 1], activation="identity", seed=0)
    one = nn.linear_equivalent(linear)
    x = [0.3, -0.8]
    state = linear.state_dict()
    product = state["W3"] @ state["W2"] @ state["W1"]
    weights = one.state_dict()["W"].ravel().tolist()
    report.compare("its W, and W₃W₂W₁", weights, product.ravel().tolist(), "NumPy", slide="W = W₁·W₂…Wₙ")
    for k in (1, 2, 3):
        report.say(f"W{k}:", str(np.round(state[f"W{k}"], 3)))
    report.say("The slide writes X·W₁·W₂…Wₙ with rows for examples; with columns, as here, the order turns round.")
    report.see("One layer is one straight border; the second joins half-planes by AND, the third regions by OR.")
    report.compare("a deep linear network, and the layer it equals", linear(x)[0].data, one(x)[0].data, "W₃W₂W₁")


@row("nn.mse", "nn.cross_entropy", "nn.kl", "autograd.explain")
def L4_7(report: Report) -> None:
    """Compute the losses and their derivatives: mean squared, cross-entropy, Kullback–Leibler.

    >>> import nn
    >>> from autograd import Value, explain
    >>> q = [Value(0.2, name="q1"), Value(0.3, name="q2"), Value(0.5, name="q3")]
    >>> E = nn.kl(q, [0.1, 0.6, 0.3]); E.name = "E"
    >>> print(explain(E, q[1]))
    ∂E/∂q2 = −0.6/q2 = −2
    """
    q, p, at = [0.2, 0.3, 0.5], [0.1, 0.6, 0.3], "closed form"
    terms = [a * math.log(a / b) for a, b in zip(p, q, strict=True)]
    report.compare("mean squared", nn.mse(q, p), (0.01 + 0.09 + 0.04) / 3, at)
    report.compare("cross-entropy with class 2", nn.cross_entropy([math.log(x) for x in q], 2), -math.log(0.5), at)
    report.compare("Kullback–Leibler", nn.kl(q, p), math.fsum(terms), at)
    report.compare("Kullback–Leibler of p from itself", nn.kl(p, p), 0.0, at)
    for what, loss, due in (
        ("mean squared", nn.mse, [2 * (b - a) / 3 for a, b in zip(p, q, strict=True)]),
        ("Kullback–Leibler", nn.kl, [-a / b for a, b in zip(p, q, strict=True)]),
    ):
        outputs = [Value(x, name=f"q{k}") for k, x in enumerate(q, 1)]
        E = loss(outputs, p)
        E.name = "E"
        E.backward()
        formula = "2(q − p)/n" if loss is nn.mse else "−p/q"
        report.compare(f"∂/∂q of {what}", [v.grad for v in outputs], due, formula, digits=6)
        report.say(f"{what}:", explain(E, outputs[0]))
    scores = [Value(math.log(x), name=f"s{k}") for k, x in enumerate(q, 1)]
    total = logsumexp(scores)
    total.name = "S"
    E = total - scores[2]
    E.name = "E"
    E.backward()
    report.compare(
        "∂/∂s of cross-entropy with class 2", [v.grad for v in scores], [0.2, 0.3, -0.5], "softmax − t", digits=6
    )
    report.say("cross-entropy, ln Σe^s − s₃:", explain(E, scores[2]))
    report.see("In the picture what flows into the scores is softmax − t: three numbers whose sum is 0.")
    report.picture("cross-entropy", E.graph)
    shares = np.linspace(0.02, 0.98, 97)
    columns = {
        "Kullback–Leibler": [nn.kl([x, 1 - x], [0.3, 0.7]) for x in shares.tolist()],
        "cross-entropy": [-0.3 * math.log(x) - 0.7 * math.log(1 - x) for x in shares.tolist()],
        "mean squared": [nn.mse([x, 1 - x], [0.3, 0.7]) for x in shares.tolist()],
    }
    report.say("All three are least at q = p = 0.3; cross-entropy lies above Kullback–Leibler by p's entropy.")
    report.picture("of-q", lambda: pictures.curves(shares, columns, labels=("q, where p = 0.3", "")))


@row("nn.Sequential", "autograd.Edge", "autograd.explain")
def L4_8(report: Report) -> None:
    """Read backprop off the graph: δ of a neuron is the sum over those that it feeds.

    >>> import nn
    >>> from autograd import explain
    >>> from edgegrad.lectures.networks import sigmoid_network
    >>> model = sigmoid_network()
    >>> E = nn.half_squared_error(model([0.5, 0.9, -0.3]), [0.9, 0.1]); E.name = "E"
    >>> print(explain(E, model.layers[0].W[0, 1]))
    ∂E/∂W1[0][1] = 0.9·a1[0]·(1 − a1[0])·(e[0]·a2[0]·(1 − a2[0])·W2[0][0] + e[1]·a2[1]·(1 − a2[1])·W2[1][0]) =
        0.0383114
    the sum over 2 paths:
      1. ∂E/∂e[0] · ∂e[0]/∂a2[0] · ∂a2[0]/∂s2[0] · ∂s2[0]/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][1] =
          0.9·e[0]·a2[0]·(1 − a2[0])·W2[0][0]·a1[0]·(1 − a1[0]) = 0.9 × (−0.554159) × 0.345841 × 0.654159 × (−3) ×
          0.130108 × 0.869892 = 0.0383114
      2. ∂E/∂e[1] · ∂e[1]/∂a2[1] · ∂a2[1]/∂s2[1] · ∂s2[1]/∂a1[0] · ∂a1[0]/∂s1[0] · ∂s1[0]/∂W1[0][1] =
          0.9·e[1]·a2[1]·(1 − a2[1])·W2[1][0]·a1[0]·(1 − a1[0]) = 0.9 × 0.753149 × 0.853149 × 0.146851 × 0 ×
          0.130108 × 0.869892 = 0
    """
    model = sigmoid_network()
    outputs = model(inputs([0.5, 0.9, -0.3]))
    error = nn.half_squared_error(outputs, [0.9, 0.1])
    error.name = "E"
    error.backward()
    nodes = {node.name: node for node in error.graph()}
    state = model.state_dict()
    outer = np.array([nodes[f"s2[{j}]"].grad for j in range(2)])
    y = np.array([nodes[f"a1[{i}]"].data for i in range(3)])
    expected = y * (1 - y) * (state["W2"].T @ outer)
    report.compare(
        "δ_i = ∂y_i/∂s_i Σ_j δ_j w_ji", [nodes[f"s1[{i}]"].grad for i in range(3)], expected.tolist(), "the formula"
    )
    weight = dict(model.named_parameters())["W1[0][1]"]
    assert weight.grad is not None
    report.compare("∂E/∂w = ∂E/∂y · ∂y/∂s · ∂s/∂w", weight.grad, float(expected[0] * 0.9), "the formula")
    report.say(explain(error, weight))
    report.see("In the picture two arrows leave each hidden neuron: what flows back along both adds up to its δ.")
    report.picture("backprop", error.graph)


@row("nn.curvature.gradient_norms", "nn.plots.gradient_norms")
def L4_9(report: Report) -> None:
    """Watch the gradient vanish, layer by layer, in a deep sigmoid network.

    >>> import nn
    >>> from edgegrad.lectures.networks import deep
    >>> X, y = nn.two_moons(30, noise=0.1, seed=0)
    >>> norms = nn.curvature.gradient_norms(deep("sigmoid"), X, y, "bce_with_logits")
    >>> [f"{length:.0e}" for length in norms.values()]
    ['2e-06', '5e-06', '1e-05', '6e-05', '2e-04', '9e-04', '4e-03', '2e-02', '5e-02']
    """
    X, y = nn.two_moons(30, noise=0.1, seed=0)
    norms = {
        name: nn.curvature.gradient_norms(deep(name), X, y, "bce_with_logits") for name in ("sigmoid", "tanh", "relu")
    }
    for name, layers in norms.items():
        lengths = list(layers.values())
        report.compare(f"‖∂E/∂W‖ of the first layer over the last, {name}", lengths[0] / lengths[-1], digits=3)
    report.see("The sigmoid's line falls from layer to layer, as σ′ ≤ ¼ and the weights multiply; ReLU's does not.")
    report.picture("norms", lambda: nn.plots.gradient_norms(norms))


def _within(sides: Sequence[tuple[Sequence[float], float]], point: list[float]) -> bool:
    return all(dot(list(w), point) > w_0 for w, w_0 in sides)
