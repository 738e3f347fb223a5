"""Lecture 14, the neuron: its membrane, its spikes, gates made of it, and its activations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import nn
from autograd import Value, explain, grad
from edgegrad.lectures import pictures
from edgegrad.lectures.report import Report, row


class SlideMembrane(nn.HodgkinHuxley):
    """The membrane with α_h as the slide prints it, ten times the paper's."""

    def rates(self, V: Any) -> dict[str, tuple[Any, Any]]:
        """Compute α and β of each gate, with 0.7 for 0.07."""
        rates = super().rates(V)
        alpha, beta = rates["h"]
        return {**rates, "h": (10.0 * alpha, beta)}


@row("nn.HodgkinHuxley")
def L4_1(report: Report) -> None:
    """Integrate the membrane of Hodgkin and Huxley, and differentiate its potential.

    >>> import nn
    >>> from autograd import Value
    >>> I = Value(10.0, name="I")
    >>> V = nn.HodgkinHuxley().simulate(I, until=2.0, dt=0.02).potential[-1]
    >>> V.backward(); V.data, I.grad
    (93.40795476605928, 25.884921457974897)
    """
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
        "Three departures from the slide: its equation lacks the leak g_L(V − V_L); in it I and the ion currents stand "
        "on one side with one sign, though they work against each other; and its α_h = 0.7e^(−V/20) is a misprint of "
        "the paper's 0.07, with which a current of 2 µA/cm² makes the membrane fire again and again.",
    )
    report.see(
        "In the pictures V spikes where m opens before n and h answer; and with 0.7 it fires where it should rest."
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
    """Turn spike trains into spike trains, over connections with a weight and a delay.

    >>> import nn
    >>> net = nn.SpikingNetwork(["x"], ["z"], [("x", "z", 6.0, 1.5)])
    >>> [t] = net({"x": [0.0]}, until=20.0)["z"]
    >>> t.backward(); {name: round(p.grad, 4) for name, p in net.named_parameters()}
    {'w_zx': -0.61, 'd_zx': 1.0}
    """
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
    report.see("A larger weight makes the potential cross the threshold sooner, ∂t/∂w < 0; a delay only shifts, by 1.")
    shown = {name: [float(t) for t in times] for name, times in (*trains.items(), *spikes.items())}
    report.picture("trains", lambda: pictures.spike_trains(shown, 60.0))
    report.picture("one-spike", spike.graph)


@row("nn.ThresholdNeuron", "nn.and_gate", "nn.or_gate", "nn.not_gate")
def L4_3(report: Report) -> None:
    """Make AND, OR and NOT of McCulloch–Pitts neurons.

    >>> import nn
    >>> gate = nn.and_gate()
    >>> [gate(pair)[0].data for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
    [0.0, 0.0, 0.0, 1.0]
    >>> gate.weights, gate.threshold
    ([1.0, 1.0], 1.5)
    """
    pairs = list(itertools.product((0, 1), repeat=2))
    for name, gate, truth in (("AND", nn.and_gate(), [0, 0, 0, 1]), ("OR", nn.or_gate(), [0, 1, 1, 1])):
        report.compare(f"{name} of 00, 01, 10, 11", [gate(pair)[0].data for pair in pairs], truth, "truth table")
        report.picture(name, partial(pictures.decide, gate, pairs, truth, name))
    report.compare("NOT of 0, 1", [nn.not_gate()([x])[0].data for x in (0, 1)], [1, 0], "truth table")
    report.see("Each gate is one straight border; AND and OR have the same slope and differ in where w_0 puts it.")
    report.say(f"AND: w = {nn.and_gate().weights}, w_0 = {nn.and_gate().threshold}")


@row("nn.ACTIVATIONS", "nn.StochasticNeuron")
def L4_4(report: Report) -> None:
    """Evaluate the activations, and let a stochastic neuron fire with p = 1/(1 + e^−s).

    >>> import nn
    >>> from autograd import sigmoid
    >>> neuron = nn.StochasticNeuron(1, w=[1.0], b=0.0, seed=0)
    >>> fired = [neuron([0.5])[0].data for _ in range(4000)]
    >>> sum(fired) / 4000, sigmoid(0.5)
    (0.62875, 0.6224593312018546)
    """
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
    report.see("In its picture each point is the share of 300 draws: they scatter around p, by about 0.03.")
    shown: dict[str, Any] = {name: nn.ACTIVATIONS[name] for name in ("step", "identity", "sigmoid", "tanh", "relu")}
    shown["softmax of (x, 0)"] = lambda x: nn.ACTIVATIONS["softmax"]([x, 0.0])[0]
    report.picture("gallery", lambda: nn.plots.activations(shown))


def _potential(current: float, g_K: float) -> float:
    return float(nn.HodgkinHuxley(g_K=g_K).simulate(current, until=2.0, dt=0.02).potential[-1])


def _crossing(weight: float) -> float:
    """Solve w(e^(−t/10) − e^(−t/5)) = 1 for the first t: a quadratic in e^(−t/10), for τ_m = 10 ms and τ_s = 5 ms."""
    return -10.0 * math.log((1.0 + math.sqrt(1.0 - 4.0 / weight)) / 2.0)
