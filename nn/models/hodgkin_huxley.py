"""The membrane of a nerve fibre as Hodgkin and Huxley described it: potassium, sodium and a leak beside a capacitor.

The equations are written once for numbers of any kind, so that a simulation on Values is a graph, and the
sensitivity of the potential to a current or a conductance is one backward pass.
"""

# ruff: noqa: N815 — g_K is what the lecture and every textbook call it.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value, exp, expm1, hold_collector, where
from nn.arrays import Number

__all__ = ["HodgkinHuxley", "State", "Trajectory"]

Current: TypeAlias = Number | Callable[[float], Number]

SPIKE_LEVEL = 50.0  # mV above rest, which no potential below the threshold reaches
GATE_ERROR = 0.01  # by which a gate may leave 0 to 1; where steps are too long it goes on to leave it by far
EULER_LIMIT = 2.0  # of dt times the rate at which V decays: from there Euler's method swings about its goal, ever wider


class State(NamedTuple):
    """What a membrane remembers: its potential V in mV above rest, and the gates n, m and h, each from 0 to 1."""

    V: Number
    n: Number
    m: Number
    h: Number


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A simulated membrane: its state at each time.

    Attributes:
        times: ms, from 0.
        states: the state at each of them.
    """

    times: list[float]
    states: list[State]

    @property
    def potential(self) -> list[Number]:
        """V at each time, in mV above rest."""
        return [state.V for state in self.states]

    def spikes(self, level: float = SPIKE_LEVEL) -> list[float]:
        """List the times (ms) at which V rises through `level` (mV), read off the straight line between two steps."""
        found = []
        V = list(map(float, self.potential))
        for t, after, a, b in zip(self.times, self.times[1:], V, V[1:], strict=False):
            if a < level <= b:
                found.append(t + (after - t) * (level - a) / (b - a))
        return found

    def array(self) -> NDArray[np.float64]:
        """Copy the states into an array (steps + 1, 4) with the columns V, n, m, h."""
        return np.array([[float(x) for x in state] for state in self.states])

    def __repr__(self) -> str:
        V = self.array()[:, 0]
        count = len(self.spikes())
        return (
            f"<Trajectory of {self.times[-1]:g} ms in {len(self.times) - 1:,} steps: "
            f"{count} spike{'s' * (count != 1)}, V from {V.min():.1f} to {V.max():.1f} mV>"
        )


@dataclass(frozen=True, eq=False)
class HodgkinHuxley:
    """The membrane of the squid's giant axon. Source: lecture L4.1; Hodgkin and Huxley 1952, J. Physiol. 117, 500–544.

    ``C dV/dt = I − g_K n⁴(V − V_K) − g_Na m³h(V − V_Na) − g_L(V − V_L)`` and ``dx/dt = α_x(V)(1 − x) − β_x(V) x`` for
    each gate x of n, m, h. The signs and the leak, which the slide leaves out, are the paper's, and so is the 0.07 of
    α_h: with the slide's 0.7 a current of 2 µA/cm² would make the membrane fire again and again.

    Any parameter may be a Value: the simulation is then a graph.

    Args:
        C: capacity, µF/cm².
        g_K: greatest conductance of the potassium channels, mS/cm².
        g_Na: that of the sodium channels.
        g_L: conductance of the leak.
        V_K: potential at which no potassium flows, mV above rest.
        V_Na: that of sodium.
        V_L: that of the leak; 10.613 makes 0 the resting potential.

    Example:
        >>> from autograd import Value
        >>> HodgkinHuxley().simulate(10.0, until=50.0, dt=0.05)
        <Trajectory of 50 ms in 1,000 steps: 4 spikes, V from -10.1 to 105.1 mV>
        >>> I = Value(10.0, name="I")
        >>> V = HodgkinHuxley().simulate(I, until=1.0).potential[-1]
        >>> V.backward()
        >>> round(V.data, 4), round(I.grad, 4)
        (9.0249, 1.0603)
    """

    C: Number = 1.0
    g_K: Number = 36.0
    g_Na: Number = 120.0
    g_L: Number = 0.3
    V_K: Number = -12.0
    V_Na: Number = 115.0
    V_L: Number = 10.613

    def rates(self, V: Any) -> dict[str, tuple[Any, Any]]:
        """Compute α and β of each gate, per ms, at the potential V (any kind of number, mV)."""
        return {
            "n": (0.1 * _over_one_minus_exp((V - 10.0) / 10.0), 0.125 * exp(-V / 80.0)),
            "m": (_over_one_minus_exp((V - 25.0) / 10.0), 4.0 * exp(-V / 18.0)),
            "h": (0.07 * exp(-V / 20.0), 1.0 / (1.0 + exp((30.0 - V) / 10.0))),
        }

    def rest(self, V: Number = 0.0) -> State:
        """Return the state that a membrane held at the potential V (mV) comes to: each gate at α/(α + β)."""
        return State(V, *(alpha / (alpha + beta) for alpha, beta in self.rates(V).values()))

    def derivatives(self, state: State, current: Any) -> State:
        """Compute dV/dt (mV/ms) and the gates' d/dt (1/ms) under a current (µA/cm², inwards positive)."""
        V, n, m, h = state
        potassium = self.g_K * n**4 * (V - self.V_K)
        sodium = self.g_Na * m**3 * h * (V - self.V_Na)
        leak = self.g_L * (V - self.V_L)
        gates = zip((n, m, h), self.rates(V).values(), strict=True)
        return State(
            (current - potassium - sodium - leak) / self.C,
            *(alpha * (1.0 - gate) - beta * gate for gate, (alpha, beta) in gates),
        )

    @hold_collector()
    def simulate(
        self, current: Current, until: float, dt: float = 0.01, method: str = "rk4", start: State | None = None
    ) -> Trajectory:
        """Integrate the equations with a fixed step.

        Args:
            current: µA/cm²: a number, which is a step of current at time 0, or a function of the time in ms.
            until: the last time, ms; rounded to whole steps.
            dt: the step, ms.
            method: ``"rk4"`` (Runge and Kutta, error ~dt⁴) or ``"euler"`` (error ~dt).
            start: the state at time 0; the rest unless given.

        Returns:
            the states at 0, dt, 2dt, …; on Values they are named ``V[0]``, ``V[1]``, …

        Raises:
            ValueError: the method is unknown, a time is not positive, or a step is so long that V swings or a gate
                leaves 0 to 1.
        """
        if method not in METHODS:
            raise ValueError(f"method of simulate must be one of {', '.join(map(repr, METHODS))}, not {method!r}.")
        if not 0.0 < dt <= until:
            raise ValueError(f"simulate needs 0 < dt <= until, in ms; got dt={dt!r} and until={until!r}.")
        advance = METHODS[method]
        inflow = current if callable(current) else lambda _: current
        times, states = [0.0], [self.rest() if start is None else start]
        for k in range(1, round(until / dt) + 1):
            try:
                states.append(advance(lambda t, state: self.derivatives(state, inflow(t)), times[-1], states[-1], dt))
            except OverflowError as error:
                raise ValueError(_describe_long_step(k * dt, dt, "a number leaves the floats")) from error
            times.append(k * dt)
            self._check_step(states[-1], times[-1], dt, method)
            for name, x in zip(State._fields, states[-1], strict=True):
                if isinstance(x, Value):
                    x.name = f"{name}[{k}]"
        return Trajectory(times, states)

    def _check_step(self, state: State, t: float, dt: float, method: str) -> None:
        """Raise if a gate has left 0 to 1, or V swings: the equations do neither, a step too long for them does."""
        _, *gates = map(_number, state)
        for name, gate in zip("nmh", gates, strict=True):
            if not -GATE_ERROR <= gate <= 1.0 + GATE_ERROR:
                raise ValueError(_describe_long_step(t, dt, f"the gate {name} gets to {gate:.3g}, outside 0 to 1"))
        n, m, h = gates
        g_K, g_Na, g_L, C = map(_number, (self.g_K, self.g_Na, self.g_L, self.C))
        rate = (g_K * n**4 + g_Na * m**3 * h + g_L) / C
        if method == "euler" and dt * rate > EULER_LIMIT:
            seen = f"Euler's method swings if dt times the rate of V, {rate:.3g}/ms, is above {EULER_LIMIT:g}"
            raise ValueError(_describe_long_step(t, dt, seen))

    def threshold(self, until: float = 50.0, dt: float = 0.05, largest: float = 100.0) -> float:
        """Find the smallest step of current (µA/cm²) that makes the resting membrane spike within `until` ms.

        Found by halving an interval to 1/1000; parameters count as plain numbers.

        Raises:
            ValueError: not even `largest` makes it spike.
        """
        plain = HodgkinHuxley(**{name: float(getattr(self, name)) for name in self.__dataclass_fields__})

        def fires(current: float) -> bool:
            return bool(plain.simulate(current, until, dt).spikes())

        low, high = 0.0, float(largest)
        if not fires(high):
            raise ValueError(
                f"A step of {high:g} µA/cm² does not make this membrane spike within {until:g} ms: give a larger "
                "`largest` or a later `until`."
            )
        while high - low > 1e-3:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if fires(middle) else (middle, high)
        return high


def _over_one_minus_exp(x: Any) -> Any:
    """Compute x/(1 − e^−x), which is 1 at x = 0; near there by its Taylor series, for the quotient is 0/0."""
    near = abs(x) < 0.01
    away = where(near, 1.0, x)
    return where(near, 1.0 + x / 2.0 + x**2 / 12.0 - x**4 / 720.0, away / -expm1(-away))


def _number(x: Number) -> float:
    return x.data if isinstance(x, Value) else x


def _describe_long_step(t: float, dt: float, seen: str) -> str:
    return f"The step of simulate to {t:g} ms is too long for the rates there: {seen}. Take dt smaller than {dt:g}."


Slope: TypeAlias = Callable[[float, State], State]


def _move(state: State, slope: State, dt: float) -> State:
    return State(*(x + dt * dx for x, dx in zip(state, slope, strict=True)))


def _euler(slope: Slope, t: float, state: State, dt: float) -> State:
    return _move(state, slope(t, state), dt)


def _rk4(slope: Slope, t: float, state: State, dt: float) -> State:
    """Take one step of the classical Runge–Kutta method. Source: Hairer, Nørsett, Wanner, table II.1.2."""
    k1 = slope(t, state)
    k2 = slope(t + dt / 2.0, _move(state, k1, dt / 2.0))
    k3 = slope(t + dt / 2.0, _move(state, k2, dt / 2.0))
    k4 = slope(t + dt, _move(state, k3, dt))
    mean = State(*((a + 2.0 * b + 2.0 * c + d) / 6.0 for a, b, c, d in zip(k1, k2, k3, k4, strict=True)))
    return _move(state, mean, dt)


METHODS: dict[str, Callable[[Slope, float, State, float], State]] = {"rk4": _rk4, "euler": _euler}
