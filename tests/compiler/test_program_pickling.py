"""A program can be pickled: it comes back with its graph, its parameters and its options, in any process."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, tanh, where


def again(program):
    return pickle.loads(pickle.dumps(program))


@pytest.fixture
def trained(backend, dtype):
    model = nn.MLP(3, [4, 1], activation="tanh", seed=0)
    return autograd.compile(
        lambda x, t: (model(x)[0] - t) ** 2, np.zeros(3), 0.0, parameters=model.parameters(), backend=backend,
        dtype=dtype, threads=2,
    )  # fmt: skip


X, T = np.random.default_rng(0).normal(size=(5, 3)), np.arange(5.0)


def test_it_computes_the_same(trained):
    other = again(trained)
    np.testing.assert_array_equal(other(X, T), trained(X, T))
    for a, b in zip(other.value_and_grad(X, T), trained.value_and_grad(X, T), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(other.gradients(X, T), trained.gradients(X, T))
    np.testing.assert_array_equal(other.hessian(X, T), trained.hessian(X, T))
    assert str(other) == str(trained)
    assert other.source == trained.source
    assert (other.dtype, other.backend, other.execution.options.threads) == (trained.dtype, trained.backend, 2)
    assert [p.name for p in other.parameters] == [p.name for p in trained.parameters]
    assert [(a.name, a.shape) for a in other.arguments] == [("x", (3,)), ("t", ())]


def test_its_parameters_are_its_own(trained):
    other = again(trained)
    before = trained(X, T)
    for parameter in other.parameters:
        parameter.data = 0.0
    np.testing.assert_allclose(other(X, T), T**2)
    np.testing.assert_array_equal(trained(X, T), before)


def test_examples_can_be_looked_at(trained):
    other = again(trained)
    other(X, T)
    assert other.at(3).data == pytest.approx(trained(X, T)[3], rel=1e-5)
    assert set(other.at(0).graph().leaves) >= {leaf for leaf in other.parameters if leaf in set(other.graph.leaves)}


@pytest.mark.parametrize(
    "f",
    [
        lambda w, u, x: (x * w, [[x], [w]]), lambda w, u, x: w, lambda w, u, x: x, lambda w, u, x: u * x,
        lambda w, u, x: (x * w).detach() * u, lambda w, u, x: where(x > 0, w, u * x), lambda w, u, x: [[x], [x * u]],
    ],
    ids=["nested", "a parameter", "an input", "a number read anew", "detached", "where", "lists"],
)  # fmt: skip
def test_results_of_every_kind(backend, f):
    w, u, idle = Value(2.0, "w"), Value(3.0, "u"), Value(4.0, "idle")
    program = autograd.compile(lambda x: f(w, u, x), 1.0, parameters=[idle, w], backend=backend)
    other = again(program)

    def flat(result):
        parts = result if isinstance(result, tuple) else (result,)
        return [part.tolist() for part in parts]

    assert flat(other([1.0, -2.0])) == flat(program([1.0, -2.0]))
    if not isinstance(program.at(0), list):
        assert other.value_and_grad([1.0, 2.0])[1].tolist() == program.value_and_grad([1.0, 2.0])[1].tolist()


def test_copies(backend):
    w = Value(2.0)
    program = autograd.compile(lambda x: tanh(w * x), 1.0, parameters=[w], backend=backend)
    other = copy.deepcopy(program)
    w.data = 0.0
    assert program([1.0]).tolist() == [0.0]
    assert other([1.0]) == pytest.approx([np.tanh(2.0)])


def test_a_fresh_process(trained, tmp_path):
    """What needs no function of the caller's: the graph is all there is."""
    file = tmp_path / "program.pickle"
    file.write_bytes(pickle.dumps(trained))
    np.save(tmp_path / "X.npy", X)
    code = (
        "import pickle, sys, numpy as np; folder = sys.argv[1]; "
        "program = pickle.load(open(folder + '/program.pickle', 'rb')); X = np.load(folder + '/X.npy'); "
        "values, slopes = program.value_and_grad(X, np.arange(5.0), reduce='none'); "
        "np.savez(folder + '/found.npz', values=values, slopes=slopes)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=240)
    found = np.load(tmp_path / "found.npz")
    values, slopes = trained.value_and_grad(X, T, reduce="none")
    np.testing.assert_array_equal(found["values"], values)
    np.testing.assert_array_equal(found["slopes"], slopes)


def test_a_deep_graph(backend):
    w = Value(0.999)

    def f(x):
        for _ in range(1_000):
            x = x * w
        return x

    program = autograd.compile(f, 1.0, parameters=[w], backend=backend)
    assert again(program)([1.0]) == pytest.approx([0.999**1000], rel=1e-11)
