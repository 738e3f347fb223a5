"""Data sets from a seed: their geometry, their reproducibility, and the tasks they pose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn.data.datasets import adding_problem, circles, delayed_echo, sine_wave, spirals, two_gaussians, two_moons, xor

LOADERS: list[Callable[..., tuple[Any, Any]]] = [
    two_moons, circles, spirals, two_gaussians, sine_wave, delayed_echo, adding_problem,
]  # fmt: skip


def in_order(X: Any, y: Any) -> Any:
    rows = np.column_stack([np.round(X, 12) + 0.0, y])
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("loader", LOADERS)
def test_the_same_seed_gives_the_same_numbers(loader: Callable[..., tuple[Any, Any]]) -> None:
    first, second, other = loader(31, seed=1), loader(31, seed=1), loader(31, seed=2)
    assert len(first[0]) == len(first[1]) == 31
    for ours, again, different in zip(first, second, other, strict=True):
        np.testing.assert_array_equal(ours, again)
        assert (ours != different).any()
    assert first[0].dtype == np.float64
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(loader(31, seed=generator)[0], first[0])


@pytest.mark.parametrize("n", [10, 11])
@pytest.mark.parametrize("name", ["moons", "circles"])
def test_clouds_are_scikit_learns(n: int, name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    if name == "moons":
        ours, theirs = two_moons(n, noise=0.0, seed=0), datasets.make_moons(n, shuffle=False)
    else:
        ours = circles(n, factor=0.3, noise=0.0, seed=0)
        theirs = datasets.make_circles(n, shuffle=False, factor=0.3)
    np.testing.assert_allclose(in_order(*ours), in_order(*theirs), atol=1e-11)


def test_rows_are_mixed() -> None:
    for loader in (two_moons, circles, spirals, two_gaussians):
        y = loader(100, seed=0)[1]
        assert len(set(y[:10].tolist())) == 2


def test_noise_has_its_standard_deviation() -> None:
    X, y = circles(4000, noise=0.01, seed=0)
    radius = np.hypot(*X.T)
    assert radius[y == 0].std() == pytest.approx(0.01, rel=0.1)
    assert radius[y == 1].mean() == pytest.approx(0.5, abs=0.002)


def test_spirals_wind_outwards() -> None:
    X, y = spirals(30, arms=3, turns=0.5, noise=0.0, seed=0)
    assert np.bincount(y).tolist() == [10, 10, 10]
    for arm in range(3):
        radius = np.hypot(*X[y == arm].T)
        angle = np.arctan2(X[y == arm, 1], X[y == arm, 0])
        np.testing.assert_allclose(np.sort(radius), np.arange(1, 11) / 10, rtol=1e-12)
        turned = (angle - np.pi * radius - 2 * np.pi * arm / 3) / (2 * np.pi)
        np.testing.assert_allclose(turned, np.round(turned), atol=1e-12)
    assert np.bincount(spirals(8, arms=3, seed=0)[1]).tolist() == [3, 3, 2]


def test_xor() -> None:
    X, y = xor()
    assert [int(a) ^ int(b) for a, b in X] == y.tolist()


@pytest.mark.parametrize(("wanted", "seed"), [(0.84, 0), (0.84, 7), (2.5, 1)])
def test_two_gaussians_have_the_wanted_curvature(wanted: float, seed: int) -> None:
    """XᵀX/n is the Hessian of ½ mean squared error for a linear neuron, X̄ what stands in it beside the bias."""
    X, t = two_gaussians(100, lambda_max=wanted, seed=seed)
    assert np.linalg.eigvalsh(X.T @ X / 100)[-1] == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=1e-14)
    assert sorted(set(t.tolist())) == [-1.0, 1.0]
    assert t.sum() == 0.0


def test_two_gaussians_lie_where_the_lecture_has_them() -> None:
    X, t = two_gaussians(10_000, seed=0)
    np.testing.assert_allclose(X[t == 1].mean(axis=0), [0.4, 0.8], atol=0.01)
    np.testing.assert_allclose(X[t == -1].mean(axis=0), [-0.4, -0.8], atol=0.01)
    np.testing.assert_allclose(X[t == 1].std(axis=0), [0.2, 0.2], atol=0.01)


def test_a_sine_wave_follows_from_two_values() -> None:
    X, y = sine_wave(20, steps=8, angle=0.4, seed=0)
    assert X.shape == (20, 8, 1)
    assert y.shape == (20, 1)
    wave = np.concatenate([X[:, :, 0], y], axis=1)
    np.testing.assert_allclose(wave[:, 2:], 2 * np.cos(0.4) * wave[:, 1:-1] - wave[:, :-2], atol=1e-14)
    noisy, clean = sine_wave(20, steps=8, angle=0.4, noise=0.1, seed=0)
    np.testing.assert_array_equal(clean, y)
    assert 0.05 < (noisy - X).std() < 0.15


@pytest.mark.parametrize("delay", [0, 3, 12])
def test_an_echo_comes_later(delay: int) -> None:
    X, y = delayed_echo(50, steps=12, delay=delay, seed=0)
    assert X.shape == y.shape == (50, 12, 1)
    assert set(X.ravel().tolist()) == {0.0, 1.0}
    np.testing.assert_array_equal(y[:, delay:], X[:, : 12 - delay])
    assert not y[:, :delay].any()


@pytest.mark.parametrize("steps", [2, 9])
def test_two_numbers_are_marked_for_adding(steps: int) -> None:
    X, y = adding_problem(60, steps=steps, seed=0)
    numbers, marks = X[:, :, 0], X[:, :, 1]
    assert marks[:, : steps // 2].sum(axis=1).tolist() == [1.0] * 60
    assert marks[:, steps // 2 :].sum(axis=1).tolist() == [1.0] * 60
    np.testing.assert_allclose(y[:, 0], (numbers * marks).sum(axis=1), rtol=1e-15)
    assert ((numbers >= 0) & (numbers < 1)).all()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: two_moons(1), "two_moons needs n to be a whole number from 2; got 1."),
        (lambda: two_moons(2.5), "two_moons needs n to be a whole number from 2; got 2.5."),
        (
            lambda: circles(noise=-1.0),
            "circles: the standard deviation of the noise must be 0 or more; got -1.0.",
        ),
        (
            lambda: circles(factor=1.0),
            "circles: factor is the radius of the inner circle, between 0 and 1; got 1.0.",
        ),
        (lambda: spirals(3, arms=4), "spirals needs n to be a whole number from 4; got 3."),
        (lambda: spirals(arms=0), "spirals needs one arm or more; got 0."),
        (
            lambda: two_gaussians(lambda_max=0.0),
            "two_gaussians needs lambda_max > 0 and spread > 0; got lambda_max=0.0 and spread=0.2.",
        ),
        (lambda: sine_wave(steps=0), "sine_wave needs steps to be a whole number from 1; got 0."),
        (
            lambda: delayed_echo(steps=4, delay=5),
            "delayed_echo: delay must be from 0 to 4, the number of steps; got 5.",
        ),
        (lambda: adding_problem(steps=1), "adding_problem needs steps to be a whole number from 2; got 1."),
    ],
)
def test_errors(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == sentence
