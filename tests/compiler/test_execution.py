"""Descents: the steps that a loop by hand takes, and what is refused before any memory is touched."""

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value, where


def rule(w, g, m, lr):
    m = 0.5 * m + g
    return w - lr * m, m


def made(backend, dtype="float64"):
    w = [Value(0.5), Value(-1.0)]
    return autograd.compile(
        lambda x, t: ((w[0] * x + w[1] - t) ** 2, w[0] * x), 0.0, 0.0, parameters=w, backend=backend, dtype=dtype
    )


X, T = np.linspace(-1.0, 1.0, 11), np.linspace(2.0, 5.0, 11)


@pytest.mark.parametrize("limit", [None, 0.5, 1e9])
def test_steps_are_those_of_a_loop_by_hand(backend, limit):
    program = made(backend)
    order = np.random.default_rng(0).permutation(11)
    frozen = np.array([False, True])
    for mask in (None, frozen):
        w, m, losses = np.array([0.5, -1.0]), np.zeros(2), []
        for start in range(0, 11, 4):
            rows = order[start : start + 4]
            loss, g = program.value_and_grad(X[rows], T[rows], weights=w)
            length = np.linalg.norm(g if mask is None else g[~mask])
            if limit is not None and length > limit:
                g = g * limit / length
            new, moved = rule(w, g, m, 0.1)
            w, m = (new, moved) if mask is None else (np.where(mask, w, new), np.where(mask, m, moved))
            losses.append(loss)
        found = program.descend(
            X, T, order=order, batch=4, weights=[0.5, -1.0], rule=rule, slots=np.zeros((1, 2)),
            settings=np.full((3, 1), 0.1), frozen=mask, clip_norm=limit,
        )  # fmt: skip
        np.testing.assert_allclose(found.weights, w, rtol=1e-14)
        np.testing.assert_allclose(found.slots[0], m, rtol=1e-14)
        np.testing.assert_allclose(found.losses, losses, rtol=1e-14)
        assert found.outputs.shape == (11, 1)


@pytest.mark.parametrize("scale", [1e-170, 1.0, 1e170])
def test_gradients_whose_squares_leave_the_floats_are_shortened_too(backend, scale):
    a, b = Value(0.0), Value(0.0)
    program = autograd.compile(lambda x: 3.0 * x * a + 4.0 * x * b, 0.0, parameters=[a, b], backend=backend)
    found = program.descend(
        [scale], order=np.array([0]), batch=1, weights=np.zeros(2), rule=lambda w, g: (w - g,),
        slots=np.zeros((0, 2)), settings=np.zeros((1, 0)), clip_norm=scale,
    )  # fmt: skip
    np.testing.assert_allclose(found.weights, [-0.6 * scale, -0.8 * scale], rtol=1e-14)


def test_it_stops_before_the_step_that_is_not_finite(backend):
    program = made(backend)
    found = program.descend(
        X, T, order=np.arange(11), batch=1, weights=[0.5, -1.0], rule=rule, slots=np.zeros((1, 2)),
        settings=np.array([[0.1]] * 5 + [[np.inf]] + [[0.1]] * 5),
    )  # fmt: skip
    assert len(found.losses) == 5
    assert len(found.outputs) == 5
    due = program.descend(
        X, T, order=np.arange(5), batch=1, weights=[0.5, -1.0], rule=rule, slots=np.zeros((1, 2)),
        settings=np.full((5, 1), 0.1),
    )  # fmt: skip
    np.testing.assert_array_equal(found.weights, due.weights)
    np.testing.assert_array_equal(found.slots, due.slots)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"order": [0, 11]}, "order must list rows of the 11 examples, as whole numbers from 0."),
        ({"order": [-1, 2]}, "order must list rows of the 11 examples, as whole numbers from 0."),
        ({"order": []}, "order must list rows of the 11 examples, as whole numbers from 0."),
        ({"batch": 0}, "batch must be a whole number from 1, not 0."),
        ({"batch": 2.0}, "batch must be a whole number from 1, not 2.0."),
        (
            {"slots": np.zeros((1, 1))},
            "slots must have the shape (slots, 2), one column a parameter, not (1, 1).",
        ),
        ({"frozen": np.array([True])}, "frozen must hold True or False for each of the 2 parameters."),
        ({"frozen": np.array([0, 1])}, "frozen must hold True or False for each of the 2 parameters."),
        ({"clip_norm": 0.0}, "clip_norm must be a positive number, not 0.0."),
        ({"clip_norm": -1.0}, "clip_norm must be a positive number, not -1.0."),
        ({"clip_norm": np.nan}, "clip_norm must be a positive number, not nan."),
        ({"settings": np.zeros(1)}, "settings must have the shape (steps, numbers), not (1,)."),
        (
            {"weights": ["1", "2"]},
            "weights must hold real numbers, not entries of type <U1: encode words, and leave gaps out.",
        ),
        ({"settings": np.zeros((3, 1))}, "2 examples in batches of 2 make 1 steps, not 3."),
    ],
)
def test_what_does_not_fit_is_refused(backend, wrong, sentence):
    options = {
        "order": [0, 1], "batch": 2, "weights": [0.5, -1.0], "rule": rule, "slots": np.zeros((1, 2)),
        "settings": np.full((1, 1), 0.1),
    }  # fmt: skip
    with pytest.raises(CompileError) as raised:
        made(backend).descend(X, T, **(options | wrong))
    assert str(raised.value) == sentence


def test_threads_warn_of_nothing():
    program = autograd.compile(lambda x: where(x > 0.0, 1.0 / x, x), 0.0, backend="numpy", threads=2)
    x = np.linspace(-1.0, 1.0, 301)
    found = program.value_and_grad(x, wrt="inputs", reduce="sum")[1][0]
    np.testing.assert_allclose(found, [-1.0 / v**2 if v > 0 else 1.0 for v in x])


def test_the_source_of_a_chain_grows_with_its_length():
    def compiled(steps):
        def chain(x):
            for _ in range(steps):
                x = 0.999 * x + 0.001
            return x

        return autograd.compile(chain, 0.5, backend="numpy", without=["tapes"])

    short, long = compiled(750), compiled(1500)
    assert long.value_and_grad([0.5], wrt="inputs")[1][0][0] == pytest.approx(0.999**1500)
    assert len(long.source) < 2.2 * len(short.source)


def test_a_program_goes_over_to_another_backend_without_being_recorded_again(backend):
    calls = []
    w = Value(0.5)

    def f(x):
        calls.append(x)
        return (w * x - 1.0) ** 3

    program = autograd.compile(f, 0.0, parameters=[w], backend="numpy")
    recorded = len(calls)
    program.hessian([1.0])
    twin = program.on(backend)
    assert (twin.backend, program.backend) == (backend, "numpy")
    with pytest.raises(CompileError) as raised:
        program.on("tpu")
    assert str(raised.value) == "backend must be one of 'auto', 'jax', 'numba', 'numpy', not 'tpu'."
    for found, due in zip(twin.value_and_grad([1.0, 2.0]), program.value_and_grad([1.0, 2.0]), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-15)
    np.testing.assert_allclose(twin.hessian([1.0, 2.0]), program.hessian([1.0, 2.0]), rtol=1e-15)
    assert float(twin.at(1)) == float(program.at(1))
    assert len(calls) == recorded
