"""Tapes: irregular graphs carried out one by one, and the steps of a recurrence found in the recorded graph."""

import numpy as np
import pytest

import autograd
import autograd.compiler.roll as roll
import nn
from autograd import Value, dot, gradients, sin, tanh, total
from autograd.compiler.instructions import Loop, Tape
from autograd.compiler.tapes import find_loops


@pytest.fixture(params=["numba", "numpy"])
def backend(request, monkeypatch):
    """Try both backends; NumPy takes to tapes later, which is not worth waiting for here."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setitem(roll.MIN_OPERATIONS_FOR_A_TAPE, "numpy", 32)
    return request.param


def tapes(program):
    return [each for each in program.instructions if isinstance(each, Tape)]


def loops(program):
    return [(loop.period, loop.times) for tape in tapes(program) for loop in tape.loops]


def check_against_the_engine(backend, f, rows, parameters=()):
    """Compare values and gradients for one example at a time and for all of them together."""
    example = rows[0]
    program = autograd.compile(f, *example, parameters=parameters, backend=backend)
    due = []
    for row in rows:
        leaves = [Value(x) for x in row]
        y = f(*leaves)
        due.append([y.data, *gradients(y, [*leaves, *parameters])])
    due, n = np.array(due), len(example)
    for part in (slice(0, 1), slice(None)):
        arrays = list(np.array(rows)[part].T)
        values, slopes = program.value_and_grad(*arrays, reduce="none", wrt="inputs")
        np.testing.assert_allclose(values, due[part, 0], rtol=1e-12)
        np.testing.assert_allclose(np.array(slopes).T, due[part, 1 : n + 1], rtol=1e-10, atol=1e-300)
        np.testing.assert_allclose(program(*arrays), due[part, 0], rtol=1e-12)
        if parameters:
            _, found = program.value_and_grad(*arrays, reduce="sum")
            np.testing.assert_allclose(found, due[part, n + 1 :].sum(axis=0), rtol=1e-10)
    return program


def chain(x, w, c, steps=300):
    for _ in range(steps):
        x = x * w + c
    return x


def solve_lotka_volterra(a, b, rate, steps=40, h=0.05):
    """Solve the predator-prey equations with the classical Runge–Kutta method."""

    def derivative(a, b):
        return rate * a - 0.4 * a * b, 0.1 * a * b - 0.4 * b

    for _ in range(steps):
        k1 = derivative(a, b)
        k2 = derivative(a + h / 2 * k1[0], b + h / 2 * k1[1])
        k3 = derivative(a + h / 2 * k2[0], b + h / 2 * k2[1])
        k4 = derivative(a + h * k3[0], b + h * k3[1])
        a, b = (
            u + h / 6 * (s1 + 2 * s2 + 2 * s3 + s4) for u, s1, s2, s3, s4 in zip((a, b), k1, k2, k3, k4, strict=True)
        )
    return a + b


class TestLoops:
    def test_a_chain_is_one_step_many_times(self, backend):
        program = check_against_the_engine(backend, chain, [(0.5, 0.9, 0.1), (0.1, -1.0, 0.3), (0.0, 0.5, 2.0)])
        assert loops(program) == [(2, 299)]
        assert "299 × (mul 1, add 1)" in str(program)

    def test_steps_of_a_solver_are_found(self, backend):
        program = check_against_the_engine(backend, solve_lotka_volterra, [(10.0, 5.0, 1.1), (8.0, 2.0, 0.9)])
        [(period, times)] = loops(program)
        assert times >= 36
        assert period < 70

    def test_the_program_does_not_grow_with_the_number_of_steps(self):
        pytest.importorskip("numba")
        sizes = []
        for steps in (400, 4000):
            program = autograd.compile(lambda x, w, c, n=steps: chain(x, w, c, n), 0.5, 0.9, 0.1, backend="numba")
            program.value_and_grad([0.5], [0.9], [0.1], wrt="inputs")
            sizes.append(len(program.execution.backend_for("inputs").tables(1).pool))
        assert sizes[1] <= sizes[0] + 1000

    def test_a_number_for_each_step_moves_on_too(self, backend):
        w = Value(0.8, "w")

        def recurrence(*xs):
            h = w
            for x in xs:
                h = tanh(w * h + x)
            return h

        program = check_against_the_engine(
            backend, recurrence, np.linspace(-0.5, 0.5, 120).reshape(2, 60).tolist(), [w]
        )
        assert loops(program)[0][1] >= 56

    def test_what_the_steps_start_from_may_be_constant(self, backend):
        """The first step has no slope by its state, the later ones do."""
        w = Value(0.9, "w")

        def f(x):
            h = x.detach()
            for _ in range(100):
                h = sin(h * w)
            return h

        check_against_the_engine(backend, f, [(0.7,), (0.2,)], [w])

    def test_two_loops_and_what_lies_between(self, backend):
        def f(x, w):
            for _ in range(60):
                x = tanh(x * w)
            x = x / (1.0 + w * w)
            for _ in range(60):
                x = sin(x) + w
            return x

        program = check_against_the_engine(backend, f, [(0.3, 0.9), (0.1, 0.4)])
        assert len(loops(program)) == 2
        assert all(times >= 57 for _, times in loops(program))

    def test_a_loop_over_parameters_alone(self, backend):
        w, c = Value(0.9, "w"), Value(0.1, "c")
        program = check_against_the_engine(backend, lambda x: chain(w, w, c) * x, [(1.0,), (2.0,)], [w, c])
        assert [tape.out.batched for tape in tapes(program)] == [False]

    def test_threads_share_no_places(self):
        pytest.importorskip("numba")
        program = autograd.compile(chain, 0.5, 0.9, 0.1, backend="numba", threads=2)
        x = np.linspace(0.0, 1.0, 200)
        w, c = np.full(200, 0.99), np.full(200, 0.1)
        alone = autograd.compile(chain, 0.5, 0.9, 0.1, backend="numba").value_and_grad(x, w, c, wrt="inputs")[1]
        for _ in range(20):
            np.testing.assert_allclose(program.value_and_grad(x, w, c, wrt="inputs")[1], alone, rtol=1e-14)

    def test_what_does_not_repeat_is_no_loop(self):
        rng = np.random.default_rng(0)
        codes = rng.integers(0, 5, 5000).astype(np.int32)
        operands = np.arange(5000)[:, None] - rng.integers(1, 40, (5000, 2)) + 3
        assert find_loops(codes, operands, 3) == []

    def test_a_step_that_jumps_back_is_no_step(self):
        """Operands that move on unevenly cannot be reached by moving on evenly."""
        codes = np.zeros(300, np.int32)
        evenly, unevenly = np.arange(300) + 2, np.arange(300) % 7
        assert find_loops(codes, np.column_stack([evenly, unevenly]), 3) == []
        assert find_loops(codes, np.column_stack([evenly, evenly]), 3) == [Loop(0, 1, 300)]


def test_short_sums_are_written_out(backend):
    def f(x, y):
        for _ in range(40):
            x, y = total([tanh(x), y, 0.1]), dot([0.3, -0.2], [x, y], 0.05)
        return x + y

    program = check_against_the_engine(backend, f, [(0.4, 0.2), (0.1, -0.3), (2.0, 1.0)])
    assert len(program.instructions) == 1


def test_without_tapes_the_same_is_computed(backend):
    plain = autograd.compile(chain, 0.5, 0.9, 0.1, backend=backend, without=["tapes"])
    taped = autograd.compile(chain, 0.5, 0.9, 0.1, backend=backend)
    assert not tapes(plain)
    np.testing.assert_allclose(plain([0.5], [0.9], [0.1]), taped([0.5], [0.9], [0.1]), rtol=1e-13)


def test_repeated_layers_print_once():
    """A recurrence of matrix products says how often its step comes."""
    model = nn.Elman(2, 3, seed=0)
    program = autograd.compile(lambda xs: model(xs)[-1][0], np.zeros((12, 2)), parameters=model.parameters())
    assert "11 × (identity 6 · dense 3×6 (18 products) · tanh 3)" in str(program)
