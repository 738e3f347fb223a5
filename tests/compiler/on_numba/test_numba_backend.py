"""Programs as tables for the numba machine: where numbers lie, what costs compile time, and single nodes on a tape."""

import math

import numpy as np
import pytest
from effort import every

pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")

import autograd
import nn
from autograd import Value, gradients, sin, tanh
from autograd.compiler.on_numba import objects
from autograd.compiler.on_numba.backend import ALIGNED
from autograd.compiler.on_numba.kernels import Kernels


def mlp(sizes, dtype="float64", activation="tanh"):
    model = nn.MLP(sizes[0], sizes[1:], activation=activation, seed=0)
    return autograd.compile(
        lambda x, t: (model(x)[0] - t) ** 2, np.zeros(sizes[0]), 0.0, parameters=model.parameters(), backend="numba",
        dtype=dtype,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_regions_start_at_whole_cache_lines(dtype):
    program = mlp([3, 5, 1], dtype)
    for examples in (1, 3, 16):
        machine = program.execution.memory("parameters", examples)
        for memory in (machine.shared, machine.values, machine.shared_adjoints, machine.adjoints):
            assert memory.ctypes.data % (ALIGNED * memory.itemsize) == 0
            assert memory.flags.c_contiguous


def test_another_model_needs_no_other_kernel():
    """Operations are compiled, not models: sizes and wiring are numbers in a table."""
    mlp([3, 5, 1]).value_and_grad(np.ones((4, 3)), np.ones(4))
    before = set(objects._known)
    mlp([7, 2, 9, 4, 1]).value_and_grad(np.ones((40, 7)), np.ones(40))
    assert set(objects._known) == before


def test_only_the_parts_of_the_machine_that_a_program_has_are_compiled(monkeypatch):
    asked, real = set(), Kernels.part
    monkeypatch.setattr(Kernels, "part", lambda self, name: asked.add(name) or real(self, name))
    mlp([3, 5, 1]).value_and_grad(np.ones((4, 3)), np.ones(4))
    assert {"product", "product_weights", "bias", "row_sums"} <= asked
    assert not asked & {"play_tape", "rewind_tape", "choose", "weighted_sums", "weighted_flows"}


@pytest.mark.parametrize("examples", [1, 3])
def test_long_sums_keep_what_sums_keep(examples):
    """Parts are summed side by side: zeros keep their sign, and what is not a number is seen."""
    program = autograd.compile(lambda xs: autograd.total(list(xs)), np.zeros(100), backend="numba")
    zeros = program(np.full((examples, 100), -0.0))
    assert (zeros == 0.0).all()
    assert np.signbit(zeros).all()
    xs = np.random.default_rng(0).normal(size=(examples, 100))
    np.testing.assert_allclose(program(xs), [math.fsum(row) for row in xs], rtol=0.0, atol=1e-13)


def test_float32_stays_float32():
    program = mlp([3, 5, 1], "float32")
    assert program.execution.memory("parameters", 2).values.dtype == np.float32
    values = program(np.ones((2, 3)), np.ones(2))
    assert (values == values.astype(np.float32)).all()


def test_tiny_float32_numbers_are_zeros_inside_and_only_there():
    """Subnormal numbers are slow; the processor's mode is as before after a run."""
    program = autograd.compile(lambda x: x * 1e-30, 0.0, backend="numba", dtype="float32")
    assert program([1e-10, 1.0]).tolist() == [0.0, float(np.float32(1e-30))]
    tiny = np.array([1e-30], np.float32) * np.array([1e-10], np.float32)
    assert 0.0 < tiny[0] < np.finfo(np.float32).tiny
    exactly = autograd.compile(lambda x: x * 1e-300, 0.0, backend="numba")
    assert exactly([1e-20]) == [1e-320]


class TestTape:
    """An irregular graph runs single examples node by node; a batch by its instructions."""

    w = Value(0.7, "w")

    def f(self, x):
        known = [self.w, x]
        for i in range(60):
            a, b = known[-1], known[-2]
            known.append(tanh(a * 0.9 + b) if i % 3 == 0 else sin(a) - b if i % 3 == 1 else a / (1.0 + b * b))
        return known[-1]

    @pytest.mark.parametrize("dtype", every(["float64", "float32"], 2))
    def test_one_example_and_many_agree_with_the_engine(self, dtype):
        program = autograd.compile(self.f, 0.0, parameters=[self.w], backend="numba", dtype=dtype)
        X = np.linspace(-1.0, 1.0, 5)
        rel = 1e-10 if dtype == "float64" else 1e-2
        due = []
        for x in X:
            leaf = Value(x)
            y = self.f(leaf)
            due.append([y.data, *gradients(y, [self.w, leaf])])
        due = np.array(due)
        for X_now, due_now in ((X, due), (X[2:3], due[2:3]), (X[:1], due[:1])):
            values, [slopes] = program.value_and_grad(X_now, reduce="none", wrt="inputs")
            np.testing.assert_allclose(values, due_now[:, 0], rtol=rel, atol=rel)
            np.testing.assert_allclose(slopes, due_now[:, 2], rtol=rel, atol=rel)
            np.testing.assert_allclose(program.value_and_grad(X_now, reduce="sum")[1], [due_now[:, 1].sum()], rtol=rel)
        np.testing.assert_allclose(program.gradients(X)[:, 0], due[:, 1], rtol=rel, atol=rel)

    def test_a_smaller_last_batch_leaves_no_slopes_behind(self):
        """Nothing flows through what is detached, though another width had a slope at that place."""

        def f(x):
            a = self.w * x
            for k in range(40):
                a = tanh(a) * 0.9 + 0.4 * a.detach() if k % 2 else a + a.detach() / (1.0 + a * a) * 0.2
            return a

        X = np.linspace(-1.0, 1.0, 11)
        descent = {"order": np.arange(11), "batch": 4, "weights": [0.7], "rule": lambda w, g, rate: (w - rate * g,)}
        memory = {"slots": np.zeros((0, 1)), "settings": np.full((3, 1), 0.1)}
        found = []
        for backend in ("numba", "numpy"):
            program = autograd.compile(f, 0.5, parameters=[self.w], backend=backend)
            steps = program.descend(X, **descent, **memory)
            found.append([*steps.losses, *steps.weights, *program.value_and_grad(X[:4])[1]])
        np.testing.assert_allclose(*found, rtol=1e-12)

    def test_nothing_flows_from_a_zero_adjoint(self):
        def f(x):
            return 0.0 * self.f(x) * x.sqrt() + x

        program = autograd.compile(f, 1.0, backend="numba")
        assert program.value_and_grad([0.0], wrt="inputs")[1][0].tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("examples", [1, 2, 600])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 40), (3, 1), (3, 40)])
def test_products_with_a_vector_are_those_of_matrices(n, k, examples, dtype):
    """By weights and by inputs, and with nothing left of an earlier run whose numbers were not finite."""
    random = np.random.default_rng(0)
    weights, X, t = random.normal(size=(n, k)), random.normal(size=(examples, k)), random.normal(size=(examples, n))
    parameters = [[Value(number, parameter=True) for number in row] for row in weights.tolist()]

    def error(x, t):
        return autograd.total([(autograd.dot(row, x) - due) ** 2 for row, due in zip(parameters, t, strict=True)])

    program = autograd.compile(
        error, X[0], t[0], parameters=[w for row in parameters for w in row], backend="numba", dtype=dtype
    )
    for wrt in ("parameters", "inputs"):
        with pytest.raises(autograd.AutogradError):
            program.value_and_grad(np.full(X.shape, 1e200), t, wrt=wrt)
    misses, close = X @ weights.T - t, 1e-12 if dtype == "float64" else 1e-4
    value, by_weights = program.value_and_grad(X, t, reduce="sum")
    assert value == pytest.approx((misses**2).sum(), rel=close)
    np.testing.assert_allclose(by_weights.reshape(n, k), 2 * misses.T @ X, rtol=close, atol=close * examples)
    _, (by_inputs, _) = program.value_and_grad(X, t, wrt="inputs", reduce="none")
    np.testing.assert_allclose(by_inputs, 2 * misses @ weights, rtol=close, atol=close)
