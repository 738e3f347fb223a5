"""Every operation of the catalogue, compiled: at ordinary points, at kinks and ties, where slopes are singular."""

import math

import numpy as np
import pytest
from mpmath import mp
from oracles import MPMATH, exact, exact_slope
from test_edge_values import POWERS, ROWS

import autograd
from autograd import (
    CATALOGUE,
    CompileError,
    DomainError,
    NonFiniteGradientError,
    Op,
    Value,
    gradients,
    total,
    where,
)

#: Numbers to try each operation at; those outside its domain are left out.
ORDINARY = ((0.3, 1.7, 0.6), (0.8, -0.4, 2.2), (-0.7, 0.9, -1.3), (2.5, 0.6, 0.2))
POINTS = {op: [row.values[1:] for row in [*ROWS, *POWERS] if row.values[0] == op.name] for op in CATALOGUE}


def near(found, due, dtype):
    if math.isnan(due):
        return math.isnan(found)
    return found == due or math.isclose(found, due, rel_tol=16 * np.finfo(dtype).eps)


def fits(numbers, dtype):
    """Say whether numbers are neither below nor beyond the type's range."""
    limits = np.finfo(dtype)
    return all(x == 0.0 or not math.isfinite(x) or float(limits.tiny) <= abs(x) <= float(limits.max) for x in numbers)


def compiled(op, count, **options):
    if op is autograd.round and options.get("backend") == "numba":  # decimal digits are rounded by Python only
        with pytest.raises(CompileError, match=r"^Operation 'round' has no form for arrays"):
            autograd.compile(lambda xs: op.apply(tuple(xs)), [0.5] * count, **options)([[0.5] * count])
        options["backend"] = "auto"
    return autograd.compile(lambda xs: op.apply(tuple(xs)), [0.5] * count, **options)


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_ordinary_points_against_mpmath(backend, dtype, op):
    count = 3 if op.nary else len(op.slopes)
    points = []
    for candidate in ORDINARY:
        operands = tuple(float(np.dtype(dtype).type(x)) for x in candidate[:count])
        if op is autograd.round:  # to whole numbers
            operands = (operands[0], 0.0)
        try:
            op.apply(operands)
        except (ArithmeticError, ValueError):
            continue
        if op.kink is None or abs(op.kink(*operands)) > 1e-6:
            points.append(operands)
    assert points, "no ordinary point is in the domain"
    program = compiled(op, count, backend=backend, dtype=dtype)
    values, [slopes] = program.value_and_grad(points, reduce="none", wrt="inputs")
    for operands, value, found in zip(points, values, slopes, strict=True):
        due = float(exact(op.name, operands))
        assert near(float(value), due, dtype), (operands, value, due)
        for place in range(count):
            if op.name == "pow" and place == 1 and operands[0] < 0.0:
                continue
            orders = [int(i == place) for i in range(count)]
            due = float(exact_slope(op.name, operands, orders, digits=80))
            if abs(due) < 1e-60:
                due = 0.0  # mpmath's differences of a constant
            assert near(float(found[place]), due, dtype), (operands, place, found[place], due)


def test_every_operation_is_known_to_the_oracle():
    assert {op.name for op in CATALOGUE} == set(MPMATH)


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_the_table_of_edge_values(backend, dtype, op):
    programs = {}
    for operands, due in POINTS[op]:
        if len(operands) not in programs:
            programs[len(operands)] = compiled(op, len(operands), backend=backend, dtype=dtype)
        program = programs[len(operands)]
        if isinstance(due[0], type):
            if dtype == "float64" or fits(operands, dtype):
                with pytest.raises(due[0]):
                    program(operands)
            continue
        if not fits((*operands, *due), dtype):
            continue
        assert near(float(program(operands)), due[0], dtype), (operands, program(operands), due[0])
        leaves = list(map(Value, operands))
        try:
            gradients(op.apply(tuple(leaves)), leaves)
        except NonFiniteGradientError:
            with pytest.raises(NonFiniteGradientError):
                program.value_and_grad(operands, wrt="inputs")
            continue
        _, [slopes] = program.value_and_grad(operands, wrt="inputs")
        for found, slope in zip(slopes, due[1:], strict=True):
            assert near(float(found), slope, dtype), (operands, slopes, due[1:])


#: Sums that meet only −0.0, and what IEEE 754 makes of them. NumPy's sum and math.fsum give 0.0 for the first ones.
SUMS_OF_ZEROS = {
    "total": (lambda xs: total(xs), -0.0),
    "mean": (lambda xs: autograd.mean(xs), -0.0),
    "sum": (lambda xs: sum(xs), -0.0),
    "sum from −0.0": (lambda xs: sum(xs, -0.0), -0.0),
    "sum from 0.0": (lambda xs: sum(xs, 0.0), 0.0),
    "dot": (lambda xs: autograd.dot(xs, [1.0] * len(xs)), -0.0),
    "dot with a bias": (lambda xs: autograd.dot(xs, [2.0] * len(xs), xs[0]), -0.0),
    "products, written out": (lambda xs: sum(3.0 * x for x in xs), -0.0),
    "additions": (lambda xs: xs[0] + xs[-1] + xs[0], -0.0),
    "x + 0.0": (lambda xs: xs[0] + 0.0, 0.0),
    "x − 0.0": (lambda xs: xs[0] - 0.0, -0.0),
    "x − (−0.0)": (lambda xs: xs[0] - -0.0, 0.0),
    "0.0 − x": (lambda xs: 0.0 - xs[0], 0.0),
    "product": (lambda xs: autograd.prod([*xs, 1.0]) if len(xs) % 2 else -0.0 * xs[0] * -1.0, -0.0),
    "of nothing": (lambda xs: total([]) + autograd.dot([], []) + 0.0 * xs[0] * -1.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS_OF_ZEROS)
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_sign_of_zero(backend, name, count):
    """atan2(±0, −1) is ±π: a lost sign is another number."""
    f, due = SUMS_OF_ZEROS[name]
    at = [-0.0] * count
    assert math.copysign(1.0, f(list(map(Value, at))).data) == math.copysign(1.0, due)
    program = autograd.compile(lambda xs: autograd.atan2(f(xs), -1.0), at, backend=backend)
    assert program([at, [0.0] * count])[0] == math.copysign(math.pi, due)
    own = Op("own_sum", lambda x: f([x] * count), [lambda out, x: 1.0])
    if name not in ("product", "of nothing"):
        assert math.copysign(1.0, own(Value(-0.0)).data) == math.copysign(1.0, due)


#: Scores of every size: their softmax, its logarithm, log Σ exp and all slopes are right to the last digits.
SCORES = (
    (0.0, -40.0), (-40.0, 0.0, -80.0), (1e17, 1e17), (1e17, 1e17 - 16.0, -1e17), (-3e15, -3e15 + 0.5, -3e15),
    (1e300, 1e300), (1e5, 1e5 - 1.0, 99990.0), (-700.0, -745.0, -709.5), (0.1, 0.2, 0.3, 0.4), (1e308, -1e308, 1e308),
    (5.0, -math.inf, 4.0),
)  # fmt: skip


@pytest.mark.parametrize("scores", SCORES, ids=str)
def test_softmax_of_scores_of_every_size(backend, scores):
    n = len(scores)
    with mp.workdps(60):
        top = max(scores)
        weights = [mp.exp(mp.mpf(x) - mp.mpf(top)) if x > -math.inf else mp.zero for x in scores]
        shares = [w / mp.fsum(weights) for w in weights]
        log_whole = mp.log(mp.fsum(weights))
        logs = [mp.mpf(x) - mp.mpf(top) - log_whole for x in scores]
        slopes = [[float(shares[i] * ((i == j) - shares[j])) for j in range(n)] for i in range(n)]
        due = {
            "softmax": ([float(s) for s in shares], slopes),
            "log_softmax": (
                [float(x) for x in logs], [[float((i == j) - s) for j, s in enumerate(shares)] for i in range(n)],
            ),
            "logsumexp": ([float(mp.mpf(top) + log_whole)], [[float(s) for s in shares]]),
        }  # fmt: skip
    near = {"rtol": 1e-14, "atol": 4e-16}
    for name, (values, rows) in due.items():
        f = getattr(autograd, name)
        if not all(abs(x) <= np.finfo(float).max or scores[i] == -math.inf for i, x in enumerate(values)):
            with pytest.raises(autograd.ValueOverflowError):
                f(list(map(Value, scores)))
            continue
        found = np.ravel(autograd.jacobian(f)(list(scores))).reshape(len(rows), n)
        np.testing.assert_allclose([float(x) for x in np.ravel(f(list(map(Value, scores))))], values, rtol=1e-14)
        np.testing.assert_allclose(found, rows, **near)
        program = autograd.compile(f, list(scores), backend=backend)
        np.testing.assert_allclose(np.ravel(program(scores)), values, rtol=1e-14)
        for i, row in enumerate(rows):
            one = autograd.compile(lambda xs, f=f, i=i: np.ravel(f(xs))[i], list(scores), backend=backend)
            np.testing.assert_allclose(one.value_and_grad(scores, wrt="inputs")[1][0], row, **near)


def singular():
    for op, points in POINTS.items():
        for operands, due in points:
            if isinstance(due[0], type) or not all(map(math.isfinite, (*operands, due[0]))):
                continue
            if not all(map(math.isfinite, due[1:])) and fits((*operands, due[0]), "float32"):
                yield pytest.param(op, operands, id=f"{op.name}{operands}")


@pytest.mark.parametrize(("op", "operands"), list(singular()))
def test_nothing_flows_from_a_zero_adjoint_into_a_singular_slope(backend, dtype, op, operands):
    """0 · ∞ never arises: the engine passes zeros, whatever the slopes below; so do the kernels."""

    def f(flag, xs):
        return flag * op.apply(tuple(xs)) + total(list(xs))

    program = autograd.compile(f, 1.0, list(operands), backend=backend, dtype=dtype)
    _, [flags, slopes] = program.value_and_grad([0.0, 0.0], [operands] * 2, reduce="none", wrt="inputs")
    np.testing.assert_array_equal(slopes, np.ones((2, len(operands))))
    np.testing.assert_allclose(flags, op.apply(operands), rtol=1e-6)

    chosen = autograd.compile(
        lambda flag, xs: where(flag > 0.0, op.apply(tuple(xs)), 2.0 * total(list(xs))), 1.0, list(operands),
        backend=backend, dtype=dtype,
    )  # fmt: skip
    _, [_, slopes] = chosen.value_and_grad([-1.0], [operands], reduce="none", wrt="inputs")
    np.testing.assert_array_equal(slopes, np.full((1, len(operands)), 2.0))


@pytest.mark.parametrize(("dtype", "x"), [("float64", 1e-200), ("float32", 1e-25)])
def test_nothing_flows_from_a_zero_adjoint_into_a_slope_that_overflows(backend, dtype, x):
    program = autograd.compile(
        lambda flag, x: flag / 1.0 * autograd.reciprocal(x), 1.0, 1.0, backend=backend, dtype=dtype
    )
    assert program.value_and_grad(0.0, x, wrt="inputs")[1][1] == 0.0


def test_a_branch_that_is_not_taken_may_be_undefined(backend, dtype):
    """As the engine asks for: the operand is chosen inside, for a branch without a number would be an error."""
    program = autograd.compile(
        lambda x: where(x > 0, autograd.log(where(x > 0, x, 1.0)), -1.0), 0.5, backend=backend, dtype=dtype
    )
    values, [slopes] = program.value_and_grad([1.0, 0.0, -3.0], reduce="none", wrt="inputs")
    assert (values.tolist(), slopes.tolist()) == ([0.0, -1.0, -1.0], [1.0, 0.0, 0.0])


class TestOperationsOfOnesOwn:
    def test_functions_of_the_standard_library(self, backend, dtype):
        rising = Op("rising", math.exp, [lambda out, x: out], array="exp")
        program = autograd.compile(lambda x: rising(x) * 2.0, 0.0, backend=backend, dtype=dtype)
        values, [slopes] = program.value_and_grad([0.0, 1.0], reduce="none", wrt="inputs")
        assert values == pytest.approx([2.0, 2.0 * math.e], rel=1e-6)
        assert slopes == pytest.approx(values)

    def test_branches_in_python(self):
        """Its record cannot be read as a formula; NumPy calls it for each number, or its array form."""
        program = autograd.compile(self.branching(), 0.0, backend="numpy")
        values, [slopes] = program.value_and_grad([2.0, -3.0], reduce="none", wrt="inputs")
        assert (values.tolist(), slopes.tolist()) == ([4.0, -3.0], [4.0, 1.0])

    def test_branches_in_python_by_default(self):
        pytest.importorskip("numba", reason="without numba it falls back")
        assert autograd.compile(self.branching(), 0.0)([2.0, -3.0]).tolist() == [4.0, -3.0]

    def branching(self):
        def forward(x):
            return x * x if x > 0.0 else x

        return Op("branching", forward, [lambda out, x: where(autograd.greater(x, 0.0), 2.0 * x, 1.0)])

    def test_many_operands(self, backend, dtype):
        norm = Op("norm2", lambda *xs: sum(x * x for x in xs), lambda out, xs: [2 * x for x in xs])
        program = autograd.compile(lambda xs: norm.apply(tuple(xs)), [0.0, 0.0], backend=backend, dtype=dtype)
        value, [slopes] = program.value_and_grad([[3.0, 4.0]], wrt="inputs")
        assert (value, slopes.tolist()) == (25.0, [[6.0, 8.0]])

    def test_a_formula(self, backend, dtype):
        cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
        program = autograd.compile(lambda x: cube(x) + cube(2 * x), 0.0, backend=backend, dtype=dtype)
        values, [slopes] = program.value_and_grad([1.0, -2.0], reduce="none", wrt="inputs")
        assert (values.tolist(), slopes.tolist()) == ([9.0, -72.0], [27.0, 108.0])

    def test_two_of_one_name(self, backend):
        one = Op("mine", lambda x: x * x, [lambda out, x: 2 * x])
        other = Op("mine", lambda x: 3.0 * x, [lambda out, x: 3.0])
        program = autograd.compile(lambda x: one(x) + other(x), 0.0, backend=backend)
        values, [slopes] = program.value_and_grad([5.0], reduce="none", wrt="inputs")
        assert (values.tolist(), slopes.tolist()) == ([40.0], [13.0])

    def test_a_domain_of_ones_own(self, backend):
        half = Op("half_root", lambda x: autograd.sqrt(x) / 2, [lambda out, x: 1 / (8 * out)], domain=[(0.0, math.inf)])
        program = autograd.compile(half, 1.0, backend=backend)
        assert program([4.0, 16.0]).tolist() == [1.0, 2.0]
        with pytest.raises(DomainError):
            program([-1.0])
