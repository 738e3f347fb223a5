"""`descend` on JAX takes the steps that it takes on NumPy."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the JAX backend is the extra 'jax'")

import autograd  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.compiler.on_jax import descent  # noqa: E402

X = np.linspace(-1.0, 1.0, 14)
T = np.sin(2.0 * X)


def momentum(w, g, v, rate, keep):
    v = keep * v + g if keep else g
    return w - rate * v, v


@pytest.fixture(scope="module")
def both():
    a, b, c = Value(0.3, "a"), Value(0.5, "b"), Value(0.1, "c")
    program = autograd.compile(
        lambda x, t: ((a * autograd.tanh(b * x) + c - t) ** 2, x - t), 0.0, 0.0, parameters=[a, b, c], backend="numpy"
    )
    return program, program.on("jax")


def steps_of(program, **changed):
    order = np.random.default_rng(0).permutation(14)
    given = {
        "order": order, "batch": 4, "weights": program.weights(), "rule": momentum, "slots": np.full((1, 3), 0.1),
        "settings": np.array([[0.1, 0.9], [0.2, 0.9], [0.2, 0.0], [0.1, 0.0]]),
    }  # fmt: skip
    return program.descend(X, T, **given | changed)


@pytest.mark.parametrize(
    "changed",
    [{}, {"clip_norm": 0.2}, {"frozen": np.array([False, True, False]), "clip_norm": 0.2}],
    ids=["plain", "shortened", "some stay"],
)
def test_the_same_steps(both, changed):
    """The last batch is smaller, and a setting becomes zero on the way."""
    for due, found in zip(*(steps_of(program, **changed) for program in both), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-13, atol=1e-15)


def test_more_steps_than_a_loop_was_compiled_for(both):
    steps = descent.LEAST_ROOM + 3
    order = np.arange(4 * steps) % 14
    settings = np.full((steps, 2), 0.05)
    for due, found in zip(*(steps_of(program, order=order, settings=settings) for program in both), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-11, atol=1e-14)


def test_it_ends_before_the_step_that_is_not_finite(both):
    settings = np.array([[0.1, 0.9], [1e200, 0.9], [1e200, 0.9], [0.1, 0.9]])
    due, found = (steps_of(program, settings=settings, order=np.arange(14)) for program in both)
    assert len(found.losses) == len(due.losses) < 4
    for one, other in zip(due, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)
    none = steps_of(both[1], weights=np.array([np.inf, 1.0, 1.0]))
    assert (len(none.losses), none.weights.tolist()) == (0, [np.inf, 1.0, 1.0])
