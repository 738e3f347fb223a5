"""Functions from pairs of step neurons: the lecture's steps, and a bound on the error that falls with their number."""

import numpy as np
import pytest

import nn
from autograd import Value, derivative
from nn import ShapeError, step_approximation, step_network, wavy_function

GRID = np.linspace(0.0, 1.0, 1001)


def values(model, xs=GRID):
    return nn.predict(model, np.reshape(xs, (-1, 1)))[:, 0]


def test_the_function_is_the_lectures():
    wanted = 0.2 + 0.4 * GRID**2 + 0.3 * GRID * np.sin(15 * GRID) + 0.1 * np.cos(50 * GRID)
    np.testing.assert_allclose([wavy_function(x) for x in GRID.tolist()], wanted, rtol=1e-13)


def test_L3_3_the_steps_of_the_lecture_one_by_one():
    """One step up at 0.35 by 0.8; down again at 0.7; up there by 1.5; and 0.4 from 0 to 0.35."""
    places, weights = [0.35, 0.7, 0.7, 0.0, 0.35], [0.8, -0.8, 1.5, 0.4, -0.4]
    at = (0.0, 0.2, 0.35, 0.5, 0.7, 0.9)
    stages = {1: [0, 0, 0, 0.8, 0.8, 0.8], 2: [0, 0, 0, 0.8, 0.8, 0], 3: [0, 0, 0, 0.8, 0.8, 1.5],
              5: [0, 0.4, 0.4, 0.8, 0.8, 1.5]}  # fmt: skip
    for count, wanted in stages.items():
        model = step_network(places[:count], weights[:count])
        assert values(model, at) == pytest.approx(wanted, abs=1e-15)


@pytest.mark.parametrize("pairs", [1, 5, 20, 80])
def test_L3_3_the_error_is_within_the_bound_of_the_derivative(pairs):
    steepest = max(abs(derivative(wavy_function)(x)) for x in GRID.tolist())
    error = abs(values(step_approximation(wavy_function, pairs)) - [wavy_function(x) for x in GRID.tolist()])
    assert error.max() <= 1.001 * steepest / (2 * pairs)


def test_L3_3_the_error_falls_as_neurons_are_added():
    exact = [wavy_function(x) for x in GRID.tolist()]
    errors = [abs(values(step_approximation(wavy_function, pairs)) - exact).max() for pairs in (10, 20, 40, 80)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 4 * errors[-1]
    assert errors[-1] < 0.06


def test_the_hidden_layer_has_two_neurons_a_step():
    model = step_approximation(wavy_function, 7)
    assert [layer.n_out for layer in model] == [14, 1]
    assert model[0].activation.name == "step"


def test_the_ends_belong_to_the_interval():
    model = step_approximation(lambda x: 2.0, 4, interval=(-1.0, 3.0))
    assert values(model, [-1.0, -0.999, 1.0, 3.0]).tolist() == [2.0] * 4
    assert values(model, [3.001, 9.0]).tolist() == [0.0] * 2


def test_it_has_slope_zero_in_x_and_slopes_in_its_heights():
    model, x = step_network([0.35, 0.7], [0.8, -0.8]), Value(0.5)
    model([x])[0].backward()
    assert x.grad == 0.0
    assert [w.grad for w in model[1].W[0]] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: step_network([0.1], [1.0, 2.0]), ShapeError,
            "step_network needs a weight for each place, got 1 places, 2 weights.",
        ),
        (
            lambda: step_approximation(wavy_function, 0), ValueError,
            "pairs of step_approximation must be a whole number from 1, not 0.",
        ),
        (
            lambda: step_approximation(wavy_function, 3, interval=(1.0, 1.0)), ValueError,
            "interval of step_approximation must go from a smaller to a larger number, not (1.0, 1.0).",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
