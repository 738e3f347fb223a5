"""Spiking networks: spike trains in, spike trains out, over connections that have a weight and a delay.

Between two events a leaky integrate-and-fire neuron is solved in closed form, so a simulation has no time step, and
each output spike is a Value that depends on weights, delays and input spikes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from autograd import Value, derivative, exp, expm1, hold_collector, scope
from nn import arrays
from nn.arrays import Number
from nn.errors import WiringError
from nn.module import Module
from nn.parameters import Parameters, parameters

__all__ = ["SpikingNetwork"]

MAX_SPIKES = 10_000  # of a network that is about to run away


@dataclass
class _Membrane:
    """Where a neuron stands: at `time` its potential is V and its synaptic current I; `due` is its next spike."""

    time: Number = 0.0
    V: Number = 0.0
    I: Number = 0.0
    due: float = math.inf


class SpikingNetwork(Module):
    """Leaky integrate-and-fire neurons, joined by connections with a weight and a delay. Source: lecture L4.2.

    ``τ_m dV/dt = −V + I`` and ``τ_s dI/dt = −I``. A spike that arrives over a connection adds its weight to I, `delay`
    ms after it was sent; where V rises through the threshold the neuron spikes and V starts again at 0 (Gerstner and
    Kistler 2002, Spiking Neuron Models, 4.1).

    The time t of a spike follows from V(t) = threshold, so ``∂t/∂w = −(∂V/∂w)/(∂V/∂t)`` (Bohte, Kok, La Poutré 2002,
    SpikeProp): one step of Newton's method, recorded at the solution, has this derivative. It is exact for first
    derivatives, not for higher ones, and there is none where a small change makes a spike appear or vanish.

    Args:
        inputs: names of the inputs.
        neurons: names of the neurons.
        connections: (source, target, weight, delay) each; the delay in ms, from 0. A source may be a neuron: cycles
            are fine. A weight below 0 inhibits.
        tau_membrane: τ_m, ms.
        tau_synapse: τ_s, ms.
        threshold: V at which a neuron spikes.

    Attributes:
        w: the weights, a Value for each connection.
        d: the delays.

    Raises:
        WiringError: a name is unknown or used twice, two connections join the same pair, or there is none.
        ValueError: a time constant or the threshold is not positive, or a delay is negative.

    Example:
        >>> net = SpikingNetwork(["x"], ["z"], [("x", "z", 6.0, 1.5)])
        >>> [spike] = net({"x": [0.0]}, until=50.0)["z"]
        >>> spike
        Value(3.8740078615161915, name='z[0]', op=add)
        >>> spike.backward()
        >>> {name: round(p.grad, 6) for name, p in net.named_parameters()}
        {'w_zx': -0.610042, 'd_zx': 1.0}
    """

    kind = "spiking"
    takes_suffix = False

    def __init__(
        self,
        inputs: Sequence[str],
        neurons: Sequence[str],
        connections: Sequence[tuple[str, str, float, float]],
        tau_membrane: float = 10.0,
        tau_synapse: float = 5.0,
        threshold: float = 1.0,
    ) -> None:
        self.inputs, self.neurons = list(inputs), list(neurons)
        self.tau_membrane = _positive(tau_membrane, "tau_membrane")
        self.tau_synapse = _positive(tau_synapse, "tau_synapse")
        self.threshold = _positive(threshold, "threshold")
        if not self.neurons or not len(connections):
            raise WiringError("A SpikingNetwork is made of one neuron or more, and one connection or more.")
        names = [*self.inputs, *self.neurons]
        for name in names:
            if names.count(name) > 1:
                raise WiringError(f"The name {name!r} stands twice among inputs and neurons of the SpikingNetwork.")
        self._pairs = [(source, target) for source, target, _, _ in connections]
        for source, target in self._pairs:
            if source not in names or target not in self.neurons:
                wrong = source if source not in names else target
                raise WiringError(
                    f"The connection {source} → {target} names {wrong!r}, which is no "
                    f"{'input or neuron' if wrong == source else 'neuron'} of the SpikingNetwork: there are "
                    f"{', '.join(names if wrong == source else self.neurons)}."
                )
            if self._pairs.count((source, target)) > 1:
                raise WiringError(f"Two connections go from {source} to {target}: give their weights in one.")
        numbers = [(weight, delay) for _, _, weight, delay in connections]
        weights, delays = arrays.read_given(numbers, (len(numbers), 2), "connections", "SpikingNetwork").T
        self.w: Parameters = parameters(weights, "w")
        self.d: Parameters = parameters(delays, "d")
        self._check_delays()
        self.bind()

    @property
    def connections(self) -> list[tuple[str, str, float, float]]:
        """The connections (source, target, weight, delay) with their present numbers."""
        return [(*pair, w.data, d.data) for pair, w, d in zip(self._pairs, self.w, self.d, strict=True)]

    def element(self, array: str, index: str) -> tuple[str, str]:
        """Name a weight or delay after its two ends, the target first: ``w_zx``."""
        source, target = self._pairs[int(index[1:-1])]
        short = all(re.fullmatch(r"[^\W\d_]\d*", end) for end in (source, target))
        return f"{array}_{target}{source}" if short else f"{array}_{target}_{source}", ""

    def name_nodes(self) -> None:
        """Prepare for each neuron a scope and the stem of its spikes' names."""
        self._labels = {name: (scope(name), self.qualify(name)) for name in self.neurons}

    @hold_collector()
    def forward(self, trains: Mapping[str, Sequence[Number]], until: float = 100.0) -> dict[str, list[Value]]:
        """Simulate the network from time 0, at rest.

        Args:
            trains: for each input the times of its spikes, in ms from 0, numbers or Values; an input that is left out
                stays silent.
            until: the last time, ms.

        Returns:
            for each neuron the times of its spikes up to `until`, Values named ``z[0]``, ``z[1]``, …

        Raises:
            ValueError: an input is unknown, a time or a delay is negative, `until` is not positive and finite, or more
                than 10,000 spikes come about.
        """
        _positive(until, "until")
        self._check_delays()
        self._check_trains(trains)
        membranes = {name: _Membrane() for name in self.neurons}
        spikes: dict[str, list[Value]] = {name: [] for name in self.neurons}
        queue: list[tuple[float, int, str, Number, Value]] = []
        number = count()

        def send(source: str, time: Number) -> None:
            for (origin, target), w, d in zip(self._pairs, self.w, self.d, strict=True):
                arrival = time + d
                if origin == source and arrival <= until:
                    heappush(queue, (float(arrival), next(number), target, arrival, w))

        for name, times in trains.items():
            for time in times:
                send(name, time)
        while True:
            name = min(membranes, key=lambda neuron: membranes[neuron].due)
            if queue and queue[0][0] < membranes[name].due:
                _, _, name, time, w = heappop(queue)
                with self._labels[name][0]:
                    membranes[name] = self._advance(membranes[name], time, until, w)
            elif membranes[name].due < math.inf:
                with self._labels[name][0]:
                    spike = self._spike(membranes[name])
                    membranes[name] = self._advance(membranes[name], spike, until, reset=True)
                spike.name = f"{self._labels[name][1]}[{len(spikes[name])}]"
                spikes[name].append(spike)
                self._check_count(spikes)
                send(name, spike)
            else:
                return spikes

    def potential(self, V: Any, I: Any, elapsed: Any) -> Any:
        """Compute the potential `elapsed` ms after it was V, under a synaptic current that was I then.

        V e^(−s/τ_m) + I/τ_m · (1 − e^(−|δ|s))/|δ| · e^(−s/τ) with δ = 1/τ_m − 1/τ_s and τ the longer of the two: the
        solution of the two equations, without cancellation or overflow. Numbers of any kind.
        """
        rate = abs(1.0 / self.tau_membrane - 1.0 / self.tau_synapse)
        rise = -expm1(-rate * elapsed) / rate if rate else elapsed
        slower = max(self.tau_membrane, self.tau_synapse)
        return V * exp(-elapsed / self.tau_membrane) + I / self.tau_membrane * rise * exp(-elapsed / slower)

    def _advance(
        self, before: _Membrane, time: Number, until: float, weight: Number = 0.0, reset: bool = False
    ) -> _Membrane:
        """Advance a neuron to a later time, at which it spikes (`reset`) or a spike arrives with a weight."""
        elapsed = time - before.time
        V = 0.0 if reset else self.potential(before.V, before.I, elapsed)
        I = before.I * exp(-elapsed / self.tau_synapse) + weight
        wait = self._wait(float(V), float(I), until - float(time))
        return _Membrane(time, V, I, float(time) + wait)

    def _wait(self, V: float, I: float, horizon: float) -> float:
        """Find how many ms after V and I the potential rises through the threshold; ∞ if not within `horizon`.

        Two exponentials have one extremum at most, so the potential rises to a peak and then falls.
        """

        def below(s: float) -> bool:
            return float(self.potential(V, I, s)) < self.threshold

        slope = derivative(lambda s: self.potential(V, I, s))
        low, high = 0.0, horizon
        if slope(0.0) <= 0.0:
            return math.inf
        while below(high):  # halve an interval around the peak, until it reaches above the threshold
            middle = 0.5 * (low + high)
            if slope(high) > 0.0 or not low < middle < high:
                return math.inf
            if slope(middle) > 0.0 and below(middle):
                low = middle
            else:
                high = middle
        while low < (middle := 0.5 * (low + high)) < high:
            low, high = (middle, high) if below(middle) else (low, middle)
        return high

    def _spike(self, membrane: _Membrane) -> Value:
        """Make the time of the spike that is due: a step of Newton's method from its number, which it leaves there."""
        V, I = membrane.V, membrane.I
        wait = membrane.due - float(membrane.time)
        slope = derivative(lambda s: self.potential(float(V), float(I), s))(wait)
        spike: Value = membrane.time + (wait - (self.potential(V, I, wait) - self.threshold) / slope)
        return spike

    def _check_delays(self) -> None:
        for (source, target), d in zip(self._pairs, self.d, strict=True):
            if d.data < 0.0:
                raise ValueError(
                    f"The delay from {source} to {target} is {d.data:g} ms, so a spike would arrive before it "
                    "was sent. Keep delays at 0 or above, for instance by clipping them after each step of training."
                )

    def _check_trains(self, trains: Mapping[str, Sequence[Number]]) -> None:
        for name, times in trains.items():
            if name not in self.inputs:
                raise ValueError(
                    f"Spikes were given for {name!r}, which is no input of the SpikingNetwork: there are "
                    f"{', '.join(self.inputs)}."
                )
            for time in times:
                if not 0.0 <= float(time) < math.inf:
                    raise ValueError(
                        f"Input {name!r} was given a spike at {float(time):g} ms: the simulation begins at 0, so give "
                        "finite times from 0."
                    )

    def _check_count(self, spikes: dict[str, list[Value]]) -> None:
        if sum(map(len, spikes.values())) > MAX_SPIKES:
            raise ValueError(
                f"More than {MAX_SPIKES:,} spikes came about: the neurons excite one another without end. Lower the "
                "weights, or raise the threshold."
            )

    def extent(self) -> str:
        """Describe how many inputs, neurons and connections there are: ``2 → 3, 6 connections``."""
        n = len(self._pairs)
        return f"{len(self.inputs)} → {len(self.neurons)}, {n} connection{'s' * (n != 1)}"


def _positive(number: float, name: str) -> float:
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} of SpikingNetwork must be a positive number, not {number!r}.")
    return float(number)
