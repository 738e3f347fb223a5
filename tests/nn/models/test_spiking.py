"""Spiking networks against SciPy's integration of the equations, and spike times' derivatives against differences."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Value, no_grad
from nn import SpikingNetwork, WiringError
from nn.module import Module


def numbers(spikes):
    return {name: [float(t) for t in times] for name, times in spikes.items()}


def by_scipy(arrivals, until, tau_m, tau_s, threshold=1.0):
    """Spike times of one neuron by integrating τ_m V′ = I − V and τ_s I′ = −I; `arrivals` are (time, weight)."""
    integrate = pytest.importorskip("scipy.integrate", reason="SciPy is the reference of this test")

    def crossing(t, y):
        return y[0] - threshold

    crossing.terminal, crossing.direction = True, 1
    spikes, state = [], np.zeros(2)
    for (t, weight), (end, _) in pairwise(
        [(0.0, 0.0), *sorted(each for each in arrivals if each[0] <= until), (until, 0.0)]
    ):
        state = state + np.array([0.0, weight])
        while t < end:
            run = integrate.solve_ivp(
                lambda _, y: [(y[1] - y[0]) / tau_m, -y[1] / tau_s], (t, end), state, "DOP853", events=crossing,
                rtol=1e-12, atol=1e-13, max_step=1.0,
            )  # fmt: skip
            t, state = run.t[-1], run.y[:, -1]
            if run.status == 1:
                spikes.append(t)
                state = np.array([0.0, state[1]])
    return spikes


@pytest.mark.parametrize(("tau_m", "tau_s"), [(10.0, 5.0), (5.0, 10.0), (7.0, 7.0), (20.0, 1.0)])
def test_L4_2_spike_trains_agree_with_scipy(tau_m, tau_s):
    random = np.random.default_rng(0)
    trains = {name: np.sort(random.uniform(0, 60, 8)).tolist() for name in "xyz"}
    wires = [("x", "o", 9.0, 1.0), ("y", "o", 6.0, 2.5), ("z", "o", -4.0, 0.0)]
    found = numbers(SpikingNetwork("xyz", ["o"], wires, tau_m, tau_s)(trains, until=80.0))["o"]
    arrivals = [(t + delay, weight) for source, _, weight, delay in wires for t in trains[source]]
    wanted = by_scipy(arrivals, 80.0, tau_m, tau_s)
    assert len(wanted) >= 3
    assert_allclose(found, wanted, rtol=1e-8)


def test_L4_2_chains_carry_spikes_with_their_delays():
    net = SpikingNetwork(["x"], ["a", "b"], [("x", "a", 8.0, 1.0), ("a", "b", 9.0, 4.0)])
    found = numbers(net({"x": [0.0, 3.0]}, until=60.0))
    assert found["a"] == pytest.approx(by_scipy([(1.0, 8.0), (4.0, 8.0)], 60.0, 10.0, 5.0), rel=1e-9)
    assert found["b"] == pytest.approx(by_scipy([(t + 4.0, 9.0) for t in found["a"]], 60.0, 10.0, 5.0), rel=1e-9)


def test_a_cycle_keeps_firing_when_scipy_says():
    ring = SpikingNetwork(["x"], ["a", "b"], [("x", "a", 4.5, 0.0), ("a", "b", 4.5, 5.0), ("b", "a", 4.5, 5.0)])
    with no_grad():
        found = numbers(ring({"x": [0.0]}, until=60.0))
    assert found["a"][-1] > 45.0
    back = [(t + 5.0, 4.5) for t in found["b"]]
    assert_allclose(found["a"], by_scipy([(0.0, 4.5), *back], 60.0, 10.0, 5.0), rtol=1e-8)
    assert_allclose(found["b"], by_scipy([(t + 5.0, 4.5) for t in found["a"]], 60.0, 10.0, 5.0), rtol=1e-8)


def test_without_recording_the_times_are_the_same():
    net = SpikingNetwork(["x"], ["a"], [("x", "a", 12.0, 1.0)])
    with no_grad():
        found = net({"x": [0.0]})
    assert numbers(found) == numbers(net({"x": [0.0]}))
    assert not any(t.requires_grad for t in found["a"])


def test_silence_and_weak_inputs():
    net = SpikingNetwork(["x", "y"], ["a"], [("x", "a", 1.0, 0.0), ("y", "a", -5.0, 0.0)])
    assert net({}) == {"a": []}
    assert net({"x": [1.0], "y": [2.0]}) == {"a": []}


def test_L4_2_derivatives_of_spike_times_by_differences():
    """Weights, delays and input spikes; through a reset, and from neuron to neuron."""

    def network(weights, delays):
        ends = [("x", "a"), ("y", "a"), ("a", "b"), ("b", "a")]
        return SpikingNetwork(
            ["x", "y"], ["a", "b"], [(*pair, w, d) for pair, w, d in zip(ends, weights, delays, strict=True)]
        )

    W, D, X = np.array([8.0, 5.0, 9.0, -2.0]), np.array([1.0, 2.0, 3.0, 1.5]), np.array([1.0, 6.0, 2.0])

    def last(W, D, X):
        with no_grad():
            spikes = network(W, D)({"x": X[:2], "y": X[2:]}, until=60.0)
        return spikes["b"][-1], [len(times) for times in spikes.values()]

    _, counts = last(W, D, X)
    assert min(counts) >= 2
    net, inputs = network(W, D), [Value(x) for x in X]
    spike = net({"x": inputs[:2], "y": inputs[2:]}, until=60.0)["b"][-1]
    spike.backward()
    ours = [[v.grad for v in group] for group in (net.w, net.d, inputs)]
    h = 1e-5
    for group, gradient in enumerate(ours):
        for k, slope in enumerate(gradient):
            ends = []
            for sign in (1, -1):
                moved = [W.copy(), D.copy(), X.copy()]
                moved[group][k] += sign * h
                time, found = last(*moved)
                assert found == counts
                ends.append(float(time))
            assert slope == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-8)


def test_L4_2_a_later_input_delays_the_spike_by_as_much():
    """Shifting everything in time shifts the spikes: the slopes over all input spikes sum to 1."""
    inputs = [Value(t) for t in (0.0, 2.0, 5.0)]
    spike = SpikingNetwork(["x"], ["a"], [("x", "a", 3.0, 1.0)])({"x": inputs})["a"][-1]
    spike.backward()
    assert sum(t.grad for t in inputs) == pytest.approx(1.0, rel=1e-12)


def test_L4_2_weights_and_delays_learn_a_spike_time():
    net = SpikingNetwork(["x", "y"], ["a"], [("x", "a", 4.0, 1.0), ("y", "a", 4.0, 3.0)])
    for _ in range(60):
        net.zero_grad()
        error = (net({"x": [0.0], "y": [1.0]}, until=20.0)["a"][0] - 7.5) ** 2
        error.backward()
        for parameter in net.parameters():
            parameter.data -= 0.1 * parameter.grad
    assert error.data < 1e-12


def test_names_scopes_state_and_copies():
    net = SpikingNetwork(["x"], ["a", "out"], [("x", "a", 9.0, 1.0), ("a", "out", 9.0, 2.0)])
    assert [name for name, _ in net.named_parameters()] == ["w_ax", "w_out_a", "d_ax", "d_out_a"]
    assert repr(net) == "<SpikingNetwork 1 → 2, 2 connections: 4 parameters>"
    [spike] = net({"x": [0.0]}, until=8.0)["a"][:1]
    assert (spike.name, spike.scope) == ("a[0]", "spiking/a")
    net.load_state_dict({"w": [8.0, 7.0], "d": [1.0, 0.5]})
    assert net.connections == [("x", "a", 8.0, 1.0), ("a", "out", 7.0, 0.5)]
    wanted = numbers(net({"x": [0.0, 1.0]}))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), Module.from_config(net.config())):
        assert numbers(twin({"x": [0.0, 1.0]})) == wanted


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: SpikingNetwork(["x"], ["x"], [("x", "x", 1.0, 1.0)]), WiringError,
            "The name 'x' stands twice among inputs and neurons of the SpikingNetwork.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], []), WiringError,
            "A SpikingNetwork is made of one neuron or more, and one connection or more.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, 1.0)])({}, until=np.inf), ValueError,
            "until of SpikingNetwork must be a positive number, not inf.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("a", "x", 1.0, 1.0)]), WiringError,
            "The connection a → x names 'x', which is no neuron of the SpikingNetwork: there are a.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("q", "a", 1.0, 1.0)]), WiringError,
            "The connection q → a names 'q', which is no input or neuron of the SpikingNetwork: there are x, a.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, 1.0)] * 2), WiringError,
            "Two connections go from x to a: give their weights in one.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, -1.0)]), ValueError,
            "The delay from x to a is -1 ms, so a spike would arrive before it was sent. Keep delays at 0 or above, "
            "for instance by clipping them after each step of training.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, 1.0)], tau_synapse=0.0), ValueError,
            "tau_synapse of SpikingNetwork must be a positive number, not 0.0.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, 1.0)])({"y": [1.0]}), ValueError,
            "Spikes were given for 'y', which is no input of the SpikingNetwork: there are x.",
        ),
        (
            lambda: SpikingNetwork(["x"], ["a"], [("x", "a", 1.0, 1.0)])({"x": [-2.0]}), ValueError,
            "Input 'x' was given a spike at -2 ms: the simulation begins at 0, so give finite times from 0.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_network_that_runs_away_is_stopped(monkeypatch):
    monkeypatch.setattr("nn.models.spiking.MAX_SPIKES", 200)
    net = SpikingNetwork(["x"], ["a"], [("x", "a", 99.0, 0.0), ("a", "a", 99.0, 0.1)])
    with pytest.raises(ValueError) as caught:
        net({"x": [0.0]})
    assert str(caught.value) == (
        "More than 200 spikes came about: the neurons excite one another without end. Lower the weights, or raise the "
        "threshold."
    )
