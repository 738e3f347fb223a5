"""Lecture 14, artificial neural networks: membranes, spikes, gates, other kinds of network, depth, losses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import nn
from autograd import Value, dot, explain, grad, logsumexp
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


class SlideMembrane(nn.HodgkinHuxley):
    """The membrane with α_h as the slide prints it, ten times the paper's."""

    def rates(self, V: Any) -> dict[str, tuple[Any, Any]]:
        """Compute α and β of each gate, with 0.7 for 0.07."""
        rates = super().rates(V)
        alpha, beta = rates["h"]
        return {**rates, "h": (10.0 * alpha, beta)}


@row("nn.HodgkinHuxley")
def L4_1(report: Report) -> None:
    """Integrate the membrane of Hodgkin and Huxley, and differentiate its potential."""
    axon = nn.HodgkinHuxley()
    runs = {I: axon.simulate(I, until=50.0, dt=0.05) for I in (2.0, 3.0, 10.0)}
    counts = [len(run.spikes()) for run in runs.values()]
    report.compare("spikes in 50 ms under 2, 3, 10 µA/cm²", counts, [0, 1, 4], "SciPy's integrator")
    fine = axon.simulate(10.0, 2.0, 0.005).array()[-1, 0]
    apart = [abs(axon.simulate(10.0, 2.0, 0.02, method).array()[-1, 0] - fine) for method in ("euler", "rk4")]
    report.compare("error of V at 2 ms, Euler and RK4, dt = 0.02 ms", apart, digits=2)
    I, g_K = Value(10.0, name="I"), Value(36.0, name="g_K")
    V = nn.HodgkinHuxley(g_K=g_K).simulate(I, until=2.0, dt=0.02).potential[-1]
    assert isinstance(V, Value)
    V.backward()
    h = 1e-4
    by_I = (_potential(10 + h, 36.0) - _potential(10 - h, 36.0)) / (2 * h)
    by_g = (_potential(10.0, 36 + h) - _potential(10.0, 36 - h)) / (2 * h)
    report.compare(
        "∂V/∂I and ∂V/∂g_K at 2 ms", [I.grad, g_K.grad], [by_I, by_g], "differences", digits=6, rounding=1e-6
    )
    slides = SlideMembrane().simulate(2.0, until=50.0, dt=0.05)
    report.compare("spikes under 2 µA/cm² with the slide's α_h", len(slides.spikes()), digits=3)
    alpha = [float(nn.HodgkinHuxley().rates(10.0)[gate][0]) for gate in "nmh"]
    due = [0.1, 1.5 / (math.exp(1.5) - 1), 0.07 * math.exp(-0.5)]
    report.compare("α_n, α_m, α_h at 10 mV", alpha, due, "closed form", slide="0.7e^(−V/20) for α_h", digits=6)
    report.say(
        "Three departures from the slide: its equation lacks the leak g_L(V − V_L); its signs are loose, as I and the "
        "ion currents stand on one side with one sign; and its α_h = 0.7e^(−V/20) is a misprint of the paper's 0.07, "
        "with which a current of 2 µA/cm² makes the membrane fire again and again.",
        "In the pictures V spikes where m opens before n and h answer; and with 0.7 it fires where it should rest.",
    )
    times = runs[10.0].times
    report.picture(
        "potential",
        lambda: pictures.curves(
            times, {f"I = {I:g} µA/cm²": run.array()[:, 0] for I, run in runs.items()}, labels=("t, ms", "V, mV")
        ),
    )
    pair = {"α_h = 0.07e^(−V/20), the paper's": runs[2.0], "0.7e^(−V/20), the slide's": slides}
    report.picture(
        "alpha-h",
        lambda: pictures.curves(
            times, {label: run.array()[:, 0] for label, run in pair.items()}, labels=("t, ms", "V, mV"),
            title="I = 2 µA/cm²",
        ),
    )  # fmt: skip
    report.picture(
        "gates",
        lambda: pictures.curves(
            times, dict(zip("nmh", runs[10.0].array()[:, 1:].T, strict=True)), labels=("t, ms", "open")
        ),
    )


@row("nn.SpikingNetwork")
def L4_2(report: Report) -> None:
    """Turn spike trains into spike trains, over connections with a weight and a delay."""
    net = nn.SpikingNetwork(["x", "y"], ["a", "z"], [("x", "a", 6.0, 1.5), ("y", "a", 3.0, 1.0), ("a", "z", 6.0, 2.0)])
    first = [Value(t, name=f"x[{k}]") for k, t in enumerate((0.0, 12.0, 14.0))]
    trains: dict[str, Sequence[Value | float]] = {"x": first, "y": [5.0, 13.0]}
    spikes = net(trains, until=60.0)
    report.compare("spikes of a and z", [len(spikes["a"]), len(spikes["z"])])
    alone = nn.SpikingNetwork(["x"], ["a"], [("x", "a", 6.0, 1.5)])({"x": [0.0]}, until=20.0)["a"][0].data
    report.compare("first spike of a, ms", spikes["a"][0].data, 1.5 + _crossing(6.0), "closed form", rounding=1e-9)
    report.compare("the same with x alone", alone, 1.5 + _crossing(6.0), "closed form", rounding=1e-9)
    last = spikes["z"][0]
    last.backward()
    slopes = dict(net.named_parameters())
    report.compare(
        "∂t/∂delay along the chain x → a → z", [slopes["d_ax"].grad, slopes["d_za"].grad], [1.0, 1.0], "closed form"
    )
    crossing = _crossing(6.0)
    single = nn.SpikingNetwork(["x"], ["z"], [("x", "z", 6.0, 1.5)])
    [spike] = single({"x": [Value(0.0, name="x[0]", requires_grad=False)]}, until=20.0)["z"]
    spike.name = "t_z"
    spike.backward()
    near, far = math.exp(-crossing / 10), math.exp(-crossing / 5)
    due = -(near - far) / (6.0 * (far / 5 - near / 10))
    by_weight = dict(single.named_parameters())["w_zx"]
    report.compare("∂t/∂w of one connection", by_weight.grad, due, "−(∂V/∂w)/(∂V/∂t)", rounding=1e-9, digits=6)
    report.say(explain(spike, by_weight))
    names = {name: p.grad for name, p in net.named_parameters() if name.startswith("w") and p.grad}
    report.say("∂t/∂w of z's first spike: " + ", ".join(f"{n} {g:.4f}" for n, g in names.items()).replace("-", "−"))
    report.say("y first spikes at 5 ms, after a has fired: it has no part in the first spike of z.")
    report.say("A larger weight makes the potential cross the threshold sooner, ∂t/∂w < 0; a delay only shifts, by 1.")
    shown = {name: [float(t) for t in times] for name, times in (*trains.items(), *spikes.items())}
    report.picture("trains", lambda: pictures.spike_trains(shown, 60.0))
    report.picture("one-spike", spike.graph)


@row("nn.ThresholdNeuron", "nn.and_gate", "nn.or_gate", "nn.not_gate")
def L4_3(report: Report) -> None:
    """Make AND, OR and NOT of McCulloch–Pitts neurons."""
    pairs = list(itertools.product((0, 1), repeat=2))
    for name, gate, truth in (("AND", nn.and_gate(), [0, 0, 0, 1]), ("OR", nn.or_gate(), [0, 1, 1, 1])):
        report.compare(f"{name} of 00, 01, 10, 11", [gate(pair)[0].data for pair in pairs], truth, "truth table")
        report.picture(name, partial(nn.plots.decision, gate, pairs, truth))
    report.compare("NOT of 0, 1", [nn.not_gate()([x])[0].data for x in (0, 1)], [1, 0], "truth table")
    report.say("Each gate is one straight border; AND and OR have the same slope and differ in where w_0 puts it.")
    report.say(f"AND: w = {nn.and_gate().weights}, w_0 = {nn.and_gate().threshold}")


@row("nn.ACTIVATIONS", "nn.StochasticNeuron")
def L4_4(report: Report) -> None:
    """Evaluate the activations, and let a stochastic neuron fire with p = 1/(1 + e^−s)."""
    s, e = 0.5, math.exp(0.5)
    for name, expected in (
        ("step", 1.0),
        ("identity", 0.5),
        ("sigmoid", e / (1 + e)),
        ("tanh", (e * e - 1) / (e * e + 1)),
        ("relu", 0.5),
    ):
        report.compare(f"{name}(0.5)", nn.ACTIVATIONS[name](s), expected, "closed form")
    report.compare(
        "softmax of (0.5, 0)", nn.ACTIVATIONS["softmax"]([s, 0.0]), [e / (1 + e), 1 / (1 + e)], "closed form"
    )
    neuron = nn.StochasticNeuron(1, w=[1.0], b=0.0, seed=0)
    fired = [neuron([s])[0].data for _ in range(4000)]
    report.compare("share of 4,000 draws that fire at s = 0.5", sum(fired) / 4000, e / (1 + e), "p", digits=4)
    y = {name: nn.ACTIVATIONS[name](s) for name in ("sigmoid", "tanh")}
    for name, due, formula in (
        ("step", 0.0, "0"),
        ("identity", 1.0, "1"),
        ("sigmoid", y["sigmoid"] * (1 - y["sigmoid"]), "y(1 − y)"),
        ("tanh", 1 - y["tanh"] ** 2, "1 − y²"),
        ("relu", 1.0, "[s > 0]"),
    ):
        report.compare(f"{name}′(0.5)", grad(nn.ACTIVATIONS[name])(s), due, formula)
    places = np.linspace(-4.0, 4.0, 17)
    shares = [sum(neuron([x])[0].data for _ in range(300)) / 300 for x in places.tolist()]
    fine = np.linspace(-4.0, 4.0, 81)
    report.picture(
        "stochastic",
        lambda: pictures.curves(
            fine,
            {"p = 1/(1 + e^−s)": 1 / (1 + np.exp(-fine))},
            labels=("s", "share that fires"),
            points=(places, shares),
        ),
    )
    report.say("The stochastic neuron gives p + (draw − p), the bracket held constant: 0 or 1, with p's derivative.")
    report.say("In its picture each point is the share of 300 draws: they scatter around p, by about 0.03.")
    report.picture(
        "gallery",
        lambda: nn.plots.activations(
            {name: nn.ACTIVATIONS[name] for name in ("step", "identity", "sigmoid", "tanh", "relu")}
        ),
    )


@row("nn.Elman", "nn.LSTM", "nn.Hopfield", "nn.SelfOrganizingMap", "nn.BidirectionalMemory", "nn.AdaptiveResonance")
def L4_5(report: Report) -> None:
    """Run the other kinds of network: recurrent, associative, competitive, resonant."""
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
    report.say("In the second picture the LSTM's gates, sigmoids, multiply what is let in, kept and let out.")
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
    report.say("In the map's picture the grid unfolds over the square: neighbours on it answer to neighbouring inputs.")
    bits = [[x > 0 for x in letter(name)] for name in (*names, "T")]
    classes = {}
    for vigilance in (0.3, 0.9):
        resonance = nn.AdaptiveResonance(25, vigilance=vigilance)
        classes[vigilance] = [resonance.learn(x) for x in bits]
    report.compare("ART, classes of T, L, X, T with vigilance 0.3", classes[0.3])
    report.compare("the same with vigilance 0.9", classes[0.9], [0, 1, 2, 0], "by hand")
    report.picture(
        "hopfield",
        lambda: pictures.patterns({f"E = {E:.2f}": s.reshape(5, 5) for E, s in zip(energies, states, strict=True)}),
    )
    report.picture("map", lambda: pictures.map_grid(before, chart.W, X))


@row("nn.half_plane", "nn.convex_region", "nn.any_region", "nn.linear_equivalent")
def L4_6(report: Report) -> None:
    """Count layers: one cuts off a half-plane, two a convex region, three any region."""
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
        report.picture(name, partial(nn.plots.decision, model, grid, inside[label], resolution=161))
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
    report.say("One layer is one straight border; the second joins half-planes by AND, the third regions by OR.")
    report.compare("a deep linear network, and the layer it equals", linear(x)[0].data, one(x)[0].data, "W₃W₂W₁")


@row("nn.mse", "nn.cross_entropy", "nn.kl", "autograd.explain")
def L4_7(report: Report) -> None:
    """Compute the losses and their derivatives: mean squared, cross-entropy, Kullback–Leibler."""
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
    report.say("In the picture what flows into the scores is softmax − t: three numbers whose sum is 0.")
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
    """Read backprop off the graph: δ of a neuron is the sum over those that it feeds."""
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
    report.say("In the picture two arrows leave each hidden neuron: what flows back along both adds up to its δ.")
    report.picture("backprop", error.graph)


@row("nn.curvature.gradient_norms", "nn.plots.gradient_norms")
def L4_9(report: Report) -> None:
    """Watch the gradient vanish, layer by layer, in a deep sigmoid network."""
    X, y = nn.two_moons(30, noise=0.1, seed=0)
    norms = {
        name: nn.curvature.gradient_norms(deep(name), X, y, "bce_with_logits") for name in ("sigmoid", "tanh", "relu")
    }
    for name, layers in norms.items():
        lengths = list(layers.values())
        report.compare(f"‖∂E/∂W‖ of the first layer over the last, {name}", lengths[0] / lengths[-1], digits=3)
    report.say("The sigmoid's line falls from layer to layer, as σ′ ≤ ¼ and the weights multiply; ReLU's does not.")
    report.picture("norms", lambda: nn.plots.gradient_norms(norms))


def _potential(current: float, g_K: float) -> float:
    return float(nn.HodgkinHuxley(g_K=g_K).simulate(current, until=2.0, dt=0.02).potential[-1])


def _crossing(weight: float) -> float:
    """Solve w(e^(−t/10) − e^(−t/5)) = 1 for the first t: a quadratic in e^(−t/10), for τ_m = 10 ms and τ_s = 5 ms."""
    return -10.0 * math.log((1.0 + math.sqrt(1.0 - 4.0 / weight)) / 2.0)


def _within(sides: Sequence[tuple[Sequence[float], float]], point: list[float]) -> bool:
    return all(dot(list(w), point) > w_0 for w, w_0 in sides)
