"""The membrane of Hodgkin and Huxley against SciPy's integrator, and its sensitivities against differences of that."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Value, derivative
from nn import HodgkinHuxley


def rates_of_1952(V):
    """The paper's table, away from V = 10 and V = 25, where two of its quotients are 0/0."""
    return {
        "n": (0.01 * (10 - V) / (np.exp((10 - V) / 10) - 1), 0.125 * np.exp(-V / 80)),
        "m": (0.1 * (25 - V) / (np.exp((25 - V) / 10) - 1), 4 * np.exp(-V / 18)),
        "h": (0.07 * np.exp(-V / 20), 1 / (np.exp((30 - V) / 10) + 1)),
    }


def right_hand_side(t, y, I, g_K=36.0):
    V, *gates = y
    n, m, h = gates
    flow = [alpha * (1 - x) - beta * x for x, (alpha, beta) in zip(gates, rates_of_1952(V).values(), strict=True)]
    return [I - g_K * n**4 * (V + 12) - 120 * m**3 * h * (V - 115) - 0.3 * (V - 10.613), *flow]


def by_scipy(times, I, g_K=36.0):
    integrate = pytest.importorskip("scipy.integrate", reason="SciPy is the reference of this test")
    start = [0.0, *(alpha / (alpha + beta) for alpha, beta in rates_of_1952(0.0).values())]
    solved = integrate.solve_ivp(
        right_hand_side, (0, times[-1]), start, "DOP853", times, args=(I, g_K), rtol=1e-12, atol=1e-12
    )
    return solved.y.T


@pytest.mark.parametrize("V", [-20.0, 3.0, 9.8, 25.3, 60.0, 110.0])
def test_rates_are_those_of_the_paper(V):
    for gate, (alpha, beta) in HodgkinHuxley().rates(V).items():
        assert_allclose((alpha, beta), rates_of_1952(V)[gate], rtol=1e-12)


@pytest.mark.parametrize(("gate", "V", "limit", "slope"), [("n", 10.0, 0.1, 0.005), ("m", 25.0, 1.0, 0.05)])
def test_rates_pass_through_the_removable_singularities(gate, V, limit, slope):
    """x/(1 − e^−x) = 1 + x/2 + O(x²), by mpmath beside it."""
    mpmath = pytest.importorskip("mpmath", reason="mpmath is the reference of this test")

    def alpha(at):
        return HodgkinHuxley().rates(at)[gate][0]

    assert alpha(V) == limit
    assert derivative(alpha)(V) == pytest.approx(slope, rel=1e-14)
    for offset in (1e-9, -1e-3, 0.0999999, 0.1000001, -0.3):
        with mpmath.workdps(40):
            x = mpmath.mpf(V + offset - V) / 10
            exact = limit * x / (1 - mpmath.exp(-x))
            its_slope = mpmath.diff(lambda z: limit * z / (1 - mpmath.exp(-z)), x) / 10
        assert alpha(V + offset) == pytest.approx(float(exact), rel=1e-13)
        assert derivative(alpha)(V + offset) == pytest.approx(float(its_slope), rel=1e-11)


def test_the_resting_membrane_stays_at_rest():
    run = HodgkinHuxley().simulate(0.0, until=20.0, dt=0.05)
    assert abs(run.array()[:, 0]).max() < 0.01
    assert_allclose(run.array()[-1], HodgkinHuxley().rest(), atol=5e-3)


@pytest.mark.parametrize(("current", "dt", "difference"), [(10.0, 0.02, 3e-3), (10.0, 0.01, 2e-4), (3.0, 0.01, 2e-4)])
def test_L4_1_runge_kutta_agrees_with_scipy(current, dt, difference):
    run = HodgkinHuxley().simulate(current, until=20.0, dt=dt)
    assert abs(run.array() - by_scipy(run.times, current)).max() < difference


def test_L4_1_the_error_falls_with_the_order_of_the_method():
    reference = by_scipy([0.0, 3.0], 10.0)[-1]

    def error(method, dt):
        last = HodgkinHuxley().simulate(10.0, 3.0, dt, method).array()[-1]
        return abs(last - reference).max()

    assert 1.8 < error("euler", 0.004) / error("euler", 0.002) < 2.2
    assert 14 < error("rk4", 0.01) / error("rk4", 0.005) < 20


def test_L4_1_action_potentials_under_a_current_step():
    """Below the threshold none, a little above one, from about 6.3 µA/cm² a train, which is faster the more current."""
    axon = HodgkinHuxley()
    counts = {I: len(axon.simulate(I, until=100.0, dt=0.05).spikes()) for I in (2.0, 3.0, 10.0, 20.0)}
    assert counts == {2.0: 0, 3.0: 1, 10.0: 7, 20.0: 9}
    run = axon.simulate(10.0, until=100.0, dt=0.05)
    intervals = np.diff(run.spikes())[1:]
    assert_allclose(intervals, 14.64, atol=0.02)
    assert 100 < run.array()[:, 0].max() < 115  # it cannot reach the sodium potential
    assert -12 < run.array()[:, 0].min() < 0


def test_L4_1_threshold_by_scipy():
    found = HodgkinHuxley().threshold()
    times = np.linspace(0.0, 50.0, 2001)
    assert by_scipy(times, found - 0.01)[:, 0].max() < 50 < by_scipy(times, found + 0.01)[:, 0].max()
    assert found == pytest.approx(2.24, abs=0.01)


def test_a_pulse_starts_a_spike_that_outlasts_it():
    run = HodgkinHuxley().simulate(lambda t: 20.0 if t < 0.5 else 0.0, until=15.0, dt=0.05)
    [time] = run.spikes()
    assert time > 1.0


@pytest.mark.parametrize("until", [1.0, 2.0, 4.0])
def test_L4_1_sensitivities_against_differences_of_scipy(until):
    I, g_K = Value(10.0, name="I"), Value(36.0, name="g_K")
    V = HodgkinHuxley(g_K=g_K).simulate(I, until, dt=0.01).potential[-1]
    V.backward()
    h = 1e-4
    by_current = (by_scipy([0, until], 10 + h)[-1, 0] - by_scipy([0, until], 10 - h)[-1, 0]) / (2 * h)
    by_potassium = (by_scipy([0, until], 10, 36 + h)[-1, 0] - by_scipy([0, until], 10, 36 - h)[-1, 0]) / (2 * h)
    assert I.grad == pytest.approx(by_current, rel=2e-5)
    assert g_K.grad == pytest.approx(by_potassium, rel=2e-5)


def test_values_are_named_and_floats_stay_floats():
    assert all(type(x) is float for state in HodgkinHuxley().simulate(5.0, 0.1, 0.05).states for x in state)
    run = HodgkinHuxley().simulate(Value(5.0), 0.1, 0.05)
    assert [state.V.name for state in run.states[1:]] == ["V[1]", "V[2]"]
    assert run.array().shape == (3, 4)


def test_description():
    assert repr(HodgkinHuxley().simulate(3.0, until=20.0, dt=0.05)) == (
        "<Trajectory of 20 ms in 400 steps: 1 spike, V from -10.8 to 102.4 mV>"
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: HodgkinHuxley().simulate(1.0, 1.0, method="heun"),
            "method of simulate must be one of 'rk4', 'euler', not 'heun'.",
        ),
        (
            lambda: HodgkinHuxley().simulate(1.0, until=0.001),
            "simulate needs 0 < dt <= until, in ms; got dt=0.01 and until=0.001.",
        ),
        (
            lambda: HodgkinHuxley(g_K=Value(36.0)).simulate(10.0, until=50.0, dt=0.07, method="euler"),
            "The step of simulate to 2.24 ms is too long for the rates there: Euler's method swings if dt times the "
            "rate of V, 35.4/ms, is above 2. Take dt smaller than 0.07.",
        ),
        (
            lambda: HodgkinHuxley().simulate(10.0, until=50.0, dt=0.2),
            "The step of simulate to 2.2 ms is too long for the rates there: the gate m gets to 1.08, outside 0 to 1. "
            "Take dt smaller than 0.2.",
        ),
        (
            lambda: HodgkinHuxley().simulate(10.0, until=50.0, dt=50.0),
            "The step of simulate to 50 ms is too long for the rates there: a number leaves the floats. Take dt "
            "smaller than 50.",
        ),
        (
            lambda: HodgkinHuxley().threshold(until=5.0, largest=1.0),
            "A step of 1 µA/cm² does not make this membrane spike within 5 ms: give a larger `largest` or a later "
            "`until`.",
        ),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == sentence
