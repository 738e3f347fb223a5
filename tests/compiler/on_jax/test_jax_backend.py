"""A program computes on JAX what the engine computes: random graphs, every operation, special points, errors."""

import math
import pickle

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the JAX backend is the extra 'jax'")

from hypothesis import given, settings  # noqa: E402
from special_points import ONE, THREE, TWO  # noqa: E402
from strategies import chains, programs, wirings  # noqa: E402
from test_program_agreement import MODELS, check_agreement, leaves_of  # noqa: E402
from test_program_operations import ORDINARY  # noqa: E402
from test_tapes import chain, check_against_the_engine, solve_lotka_volterra  # noqa: E402

import autograd  # noqa: E402
from autograd import CATALOGUE, CompileError, DomainError, Op, Value, ValueOverflowError, square, total  # noqa: E402
from autograd.compiler import options  # noqa: E402
from autograd.compiler.on_jax import tapes  # noqa: E402

FEW = settings(max_examples=2)  # each is compiled four times
COMPUTED = [op for op in CATALOGUE if op is not autograd.round]  # decimal digits are rounded by Python only


@FEW
@given(case=programs())
def test_random_programs(case):
    check_agreement(case, "jax", "float64")


@FEW
@given(case=wirings())
def test_random_networks(case):
    check_agreement(case, "jax", "float64")


@FEW
@given(case=chains())
def test_long_irregular_graphs(case):
    check_agreement(case, "jax", "float64")


def test_float32():
    model = MODELS["MLP with ReLU"][1]()
    program = autograd.compile(
        lambda x: total([square(y) for y in model(x)]), [0.0] * 5, parameters=model.parameters(),
        backend="jax", dtype="float32",
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(4, 5))
    value, slopes = program.value_and_grad(X)
    due, due_slopes = program.on("numpy").value_and_grad(X)
    assert value == pytest.approx(due, rel=1e-5)
    np.testing.assert_allclose(slopes, due_slopes, rtol=1e-4, atol=1e-6)
    assert (program.dtype, program.backend) == (np.float32, "jax")


@pytest.mark.parametrize("name", ["convolution, pool, layer", "softmax"])
def test_models(name):
    shape, make = MODELS[name]
    model = make()
    program = autograd.compile(
        lambda x: total([square(y - 0.3) for y in leaves_of(model(x))]), np.zeros(shape),
        parameters=model.parameters(), backend="jax",
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(3, *shape))
    for found, due in zip(program.value_and_grad(X), program.on("numpy").value_and_grad(X), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-12, atol=1e-14)


# --- operations -------------------------------------------------------------------------------------------------------


def all_at_once(operations, points):
    """Compile one function of all operations, each of operands of its own; returns it and its examples."""
    counts = [3 if op.nary else len(op.slopes) for op in operations]
    starts = np.cumsum([0, *counts])

    def each(xs):
        parts = zip(operations, starts[:-1], starts[1:], strict=True)
        return [op.apply(tuple(xs[start:stop])) for op, start, stop in parts]

    rows = np.concatenate([points(op, count) for op, count in zip(operations, counts, strict=True)], axis=1)
    return each, rows


def ordinary_points(op, count):
    """Give four points inside the domain of an operation, (4, count)."""
    fine = []
    for point in ORDINARY:
        try:
            op.apply(point[:count])
        except (ArithmeticError, ValueError):
            continue
        if op.kink is None or abs(op.kink(*point[:count])) > 1e-6:
            fine.append(point[:count])
    return np.array([fine[k % len(fine)] for k in range(4)])


def special_points(op, count):
    """Give points at kinks, ties and ends, without −0.0 and subnormal numbers, which XLA takes for zero."""
    rng = np.random.default_rng(len(op.name))
    pool = [abs(x) * np.sign(x) for x in {1: ONE, 2: TWO}.get(count, THREE) if x == 0.0 or 1e-100 < abs(x) < 1e100]
    ties = np.repeat(rng.choice(pool, size=(8, 1)), count, axis=1)
    return np.concatenate([rng.choice(pool, size=(40, count)), ties])


def test_every_operation():
    """What is finite on NumPy is the same on JAX; what is not is not."""
    each, ordinary = all_at_once(COMPUTED, ordinary_points)
    _, special = all_at_once(COMPUTED, special_points)
    X = np.concatenate([ordinary, special])
    program = autograd.compile(lambda xs: (total(each(xs)), each(xs)), X[0], backend="jax")
    plain = program.on("numpy")
    runs = [each.execution.run([X], np.zeros(0), [])[1:].T for each in (program, plain)]
    slopes = [each.execution.sweep("inputs", [X], np.zeros(0), [], 1.0)[2].T for each in (program, plain)]
    counts = [3 if op.nary else len(op.slopes) for op in COMPUTED]
    # −0.0 on the way decides here, or XLA's digits beside a root of lgamma
    sure = np.array([op.name not in ("floordiv", "mod", "lgamma") for op in COMPUTED])
    for (found, due), columns in ((runs, sure), (slopes, np.repeat(sure, counts))):
        np.testing.assert_allclose(found[:4], due[:4], rtol=2e-14, atol=1e-15)
        found, due = found[:, columns], due[:, columns]
        fine = np.isfinite(due)
        assert 0.8 < fine.mean() < 1.0
        np.testing.assert_allclose(found[fine], due[fine], rtol=1e-11, atol=1e-300)
        assert not np.isfinite(found[~fine]).any()
    along = np.random.default_rng(0).normal(size=ordinary.shape)
    [found], [due] = (each.hvp(ordinary, vector=[along], wrt="inputs") for each in (program, plain))
    np.testing.assert_allclose(found, due, rtol=1e-11, atol=1e-13)


def test_an_operation_of_ones_own():
    cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
    rising = Op("rising", math.exp, [lambda out, x: out], array="exp")
    program = autograd.compile(lambda x: cube(x) + rising(x), 0.0, backend="jax")
    values, [slopes] = program.value_and_grad([1.0, -2.0], reduce="none", wrt="inputs")
    assert values == pytest.approx([1.0 + math.e, -8.0 + math.exp(-2.0)])
    assert slopes == pytest.approx([3.0 + math.e, 12.0 + math.exp(-2.0)])


def test_an_operation_without_a_form_for_arrays():
    program = autograd.compile(lambda x: autograd.round(x, 1), 0.0, backend="jax")
    with pytest.raises(CompileError) as raised:
        program([0.25])
    assert str(raised.value) == "Operation 'round' has no form for arrays: give its Op an array=."


# --- recurrences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written_out", [tapes.MOST_WRITTEN_OUT, 2])
def test_recurrences(written_out, monkeypatch):
    monkeypatch.setattr(tapes, "MOST_WRITTEN_OUT", written_out)
    check_against_the_engine("jax", chain, [(0.5, 0.9, 0.1), (0.1, -1.0, 0.3)])


def test_steps_of_a_solver():
    program = autograd.compile(solve_lotka_volterra, 10.0, 5.0, 1.1, backend="jax")
    arrays = [10.0, 8.0], [5.0, 2.0], [1.1, 0.9]
    value, slopes = program.value_and_grad(*arrays, reduce="sum", wrt="inputs")
    due, due_slopes = program.on("numpy").value_and_grad(*arrays, reduce="sum", wrt="inputs")
    assert value == pytest.approx(due, rel=1e-13)
    np.testing.assert_allclose(slopes, due_slopes, rtol=1e-11)


def test_a_recurrence_that_reads_far_back():
    w = Value(0.7, "w")

    def delayed(*xs):
        h = list(xs)
        for k in range(80):
            h.append(autograd.tanh(w * h[-3] - 0.5 * h[-1] + xs[k % 2]))
        return h[-1] + h[-2]

    check_against_the_engine("jax", delayed, [(0.3, 0.5, -0.2, 0.1), (0.1, 0.9, 0.4, 0.2)], [w])


def test_choices():
    table = [Value(x, f"c[{i}]") for i, x in enumerate((1.0, 2.0, 4.0))]
    program = autograd.compile(lambda k: square(autograd.choose(k, table)), 0.0, parameters=table, backend="jax")
    values, slopes = program.value_and_grad([0.0, 2.0, 2.0], reduce="none")
    assert values.tolist() == [1.0, 16.0, 16.0]
    assert slopes.tolist() == [[2.0, 0.0, 0.0], [0.0, 0.0, 8.0], [0.0, 0.0, 8.0]]
    assert program.value_and_grad([0.0, 2.0, 2.0], reduce="sum")[1].tolist() == [2.0, 0.0, 16.0]


# --- errors and options -----------------------------------------------------------------------------------------------


def test_what_is_not_finite_is_refused_by_name():
    w = Value(1.0, "w")
    program = autograd.compile(lambda x: autograd.log(w * x), 1.0, parameters=[w], backend="jax")
    with pytest.raises(DomainError, match="log") as raised:
        program([1.0, -1.0])
    assert raised.value.__notes__ == ["This happened at example 1 of the run."]
    with pytest.raises(ValueOverflowError):
        autograd.compile(lambda x: autograd.exp(x), 1.0, backend="jax")([1000.0])


def test_nothing_flows_from_a_zero_adjoint():
    program = autograd.compile(lambda flag, x: flag * autograd.sqrt(x), 1.0, 1.0, backend="jax")
    assert program.value_and_grad([0.0], [0.0], wrt="inputs", reduce="sum")[1][1].tolist() == [0.0]


def test_the_users_own_precision_stays():
    before = jax.numpy.zeros(1).dtype
    program = autograd.compile(lambda x: x / 3.0, 1.0, backend="jax")
    assert program([1.0])[0] == 1.0 / 3.0
    assert jax.numpy.zeros(1).dtype == before


def test_a_program_is_pickled():
    program = pickle.loads(pickle.dumps(autograd.compile(lambda x: x * x, 0.0, backend="jax")))
    assert (program.backend, program([3.0]).tolist()) == ("jax", [9.0])


def test_jax_is_not_installed(monkeypatch):
    monkeypatch.setattr(options.util, "find_spec", lambda name: None)
    with pytest.raises(CompileError) as raised:
        autograd.compile(lambda x: x, 0.0, backend="jax")
    assert str(raised.value) == ("backend='jax' needs JAX: run pip install 'edgegrad[jax]', or use backend='numpy'.")
