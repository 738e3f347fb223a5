"""Kohonen's map: one step by its formula, and the order it finds on a square and on a circle."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nn import SelfOrganizingMap, ShapeError


def square(n=1500, seed=0):
    return np.random.default_rng(seed).random((n, 2))


def test_one_step_is_its_formula():
    chart = SelfOrganizingMap(2, 3, 2, seed=0)
    before, x = chart.W.copy(), np.array([0.3, 0.9])
    distances = {(i, j): np.hypot(*(before[i, j] - x)) for i in range(2) for j in range(3)}
    winner = min(distances, key=distances.get)
    assert chart.winner(x) == winner
    chart.train([x], epochs=1, rate=(0.4, 0.4), radius=(1.5, 1.5), seed=0)
    for i, j in distances:
        away = (i - winner[0]) ** 2 + (j - winner[1]) ** 2
        pull = 0.4 * np.exp(-away / (2 * 1.5**2))
        assert_allclose(chart.W[i, j], before[i, j] + pull * (x - before[i, j]), rtol=1e-13)


def test_L4_5_topology_is_preserved_on_a_square():
    """Neighbours in the square become neighbours on the map; before training hardly any two are."""
    X, unseen = square(), square(500, seed=1)
    chart = SelfOrganizingMap(8, 8, n_in=2, seed=1)
    assert chart.topographic_error(unseen) > 0.7
    chart.train(X, epochs=8, seed=2)
    assert chart.topographic_error(unseen) < 0.03
    # A square cut into 64 has a mean distance to the centres of (√2 + asinh 1)/6/8 ≈ 0.0478.
    ideal = (np.sqrt(2) + np.arcsinh(1)) / 6 / 8
    assert ideal < chart.quantization_error(unseen) < 1.3 * ideal


def test_L4_5_a_chain_of_neurons_lies_down_along_a_circle():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 800)
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    chain = SelfOrganizingMap(1, 16, n_in=2, seed=3)
    chain.train(X, epochs=8, seed=4)
    assert chain.quantization_error(X) < 0.2
    turns = np.diff(np.unwrap(np.arctan2(chain.W[0, :, 1], chain.W[0, :, 0])))
    assert (turns > 0).all() or (turns < 0).all()


def test_errors_of_a_map_by_hand():
    chart = SelfOrganizingMap(1, 3, n_in=1, seed=0)
    chart.W = np.array([[[0.0], [10.0], [1.0]]])
    assert chart.topographic_error([[0.2], [9.0]]) == 0.5  # 0.2 lies between neurons 0 and 2, 9 between 1 and 2
    assert chart.quantization_error([[0.2], [9.0]]) == pytest.approx(0.6)
    assert SelfOrganizingMap(1, 1, n_in=1, seed=0).topographic_error([[0.5]]) == 0.0


def test_same_seed_same_map_and_description():
    maps = [SelfOrganizingMap(3, 3, 2, seed=0) for _ in range(2)]
    for chart in maps:
        chart.train(square(50), epochs=1, seed=1)
    assert (maps[0].W == maps[1].W).all()
    assert repr(SelfOrganizingMap(2, 5, 1, seed=0)) == "<SelfOrganizingMap of 2 × 5 neurons on 1 input>"


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda chart: chart.train([[1.0]]), ShapeError,
            "SelfOrganizingMap takes examples of 2 numbers, (n, 2), got (1, 1).",
        ),
        (
            lambda chart: chart.winner([1.0, 2.0, 3.0]), ShapeError,
            "SelfOrganizingMap takes examples of 2 numbers, (n, 2), got (1, 3).",
        ),
        (
            lambda chart: chart.quantization_error([[np.nan, 0.0]]), ValueError,
            "SelfOrganizingMap was given NaN or infinite numbers: remove those examples.",
        ),
        (
            lambda chart: chart.train([[1.0, 1.0]], rate=(0.5, 0.0)), ValueError,
            "rate of train must be two positive numbers, at the first and at the last step, not (0.5, 0.0).",
        ),
        (
            lambda chart: chart.train([[1.0, 1.0]], epochs=0), ValueError,
            "epochs of train must be a whole number from 1, not 0.",
        ),
        (
            lambda chart: SelfOrganizingMap(0, 3, 2), ValueError,
            "rows of SelfOrganizingMap must be a whole number from 1, not 0.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call(SelfOrganizingMap(2, 2, 2, seed=0))
    assert str(caught.value) == sentence
