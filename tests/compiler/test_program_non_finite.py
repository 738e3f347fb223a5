"""Where a number has no finite result, a program names the first bad node, as the engine does, and the example."""

import math
import warnings

import numpy as np
import pytest

import autograd
from autograd import (
    DivisionByZeroError,
    DomainError,
    NonFiniteGradientError,
    Value,
    ValueOverflowError,
    exp,
    gradients,
    log,
    sqrt,
    square,
    total,
)


def error_of(kind, call, *arguments, **options):
    with pytest.raises(kind) as raised:
        call(*arguments, **options)
    return str(raised.value), getattr(raised.value, "__notes__", [])


def engine_error(f, number):
    with pytest.raises((ArithmeticError, ValueError)) as raised:
        f(Value(number, "x"))
    return str(raised.value).partition(", in ")[0]


@pytest.mark.parametrize("call", ["__call__", "value_and_grad", "gradients"])
@pytest.mark.parametrize(
    ("f", "kind", "fine", "bad"),
    [
        (lambda x: log(x) * 2.0, DomainError, 1.0, -3.0),
        (lambda x: 1.0 / x, DivisionByZeroError, 1.0, 0.0),
        (lambda x: exp(x), ValueOverflowError, 1.0, 1000.0),
        (lambda x: (x - 1.0) ** 0.5, DomainError, 2.0, 0.5),
        (lambda x: total([log(x), x, sqrt(x)]), DomainError, 1.0, -1.0),
    ],
    ids=["log", "reciprocal", "exp", "power", "sum"],
)
def test_the_example_and_the_node(backend, dtype, call, f, kind, fine, bad):
    program = autograd.compile(f, fine, backend=backend, dtype=dtype)
    X = [fine] * 7 + [bad] + [fine] * 2 + [bad]
    sentence, notes = error_of(kind, getattr(program, call), X)
    assert sentence.partition(", in ")[0] == engine_error(f, bad)
    assert "in test_program_non_finite.py:" in sentence
    assert notes == ["This happened at example 7 of the run."]


@pytest.mark.parametrize(
    ("f", "bad"),
    [
        (log, -1.0), (autograd.log1p, -2.0), (autograd.atanh, 1.5), (lambda x: x**0.5, -4.0), (square, 1e200),
        (lambda x: x // (x - 1.0), 1.0), (lambda x: log(x) * x, -1.0),
    ],
    ids=["log", "log1p", "atanh", "power", "square", "quotient", "product"],
)  # fmt: skip
def test_no_second_derivative_where_the_function_has_no_value(backend, f, bad):
    """Though that of log is a number there, −1/x²."""
    w = Value(1.0, name="w")
    program = autograd.compile(lambda x: f(w * x), 0.5, parameters=[w], backend=backend)
    kinds = (DomainError, ValueOverflowError)
    for options in ({}, {"wrt": "inputs"}):
        vector = [1.0] if not options else [np.ones(2)]
        assert "w·x" in error_of(kinds, program.hessian, [0.5, bad], **options)[0]
        assert "w·x" in error_of(kinds, program.hvp, [0.5, bad], vector=vector, **options)[0]
    error_of(kinds, autograd.compile(lambda x: f(x), backend=backend).hessian, bad)
    several = autograd.compile(lambda x: [x, f(x)], 0.5, backend=backend)
    error_of(kinds, several.hessian, [0.5, bad], wrt="inputs")
    error_of(kinds, several.jvp, [0.5, bad], vector=[np.ones(2)], wrt="inputs")


def test_the_numbers_it_is_traced_with_are_no_reason_to_warn(backend):
    assert autograd.compile(lambda v: np.log(v).sum() - np.sum(1.0 / v), backend=backend)(np.ones(3)) == -3.0


def test_the_whole_sentence(backend):
    program = autograd.compile(lambda p: log(p), 0.5, backend=backend)
    with pytest.raises(DomainError) as raised:
        program([0.5, -2.0])
    line = raised.traceback[0].lineno + 1
    assert str(raised.value) == (
        f"log(p) is undefined at p = −2.0, in test_program_non_finite.py:{line} (`program([0.5, -2.0])`); log "
        "needs x > 0."
    )


def test_names_reach_the_error(backend):
    w = Value(-1.0, "weight")

    def f(rate):
        s = w * rate
        s.name = "share"
        return log(s)

    program = autograd.compile(f, 1.0, parameters=[w], backend=backend)
    sentence, _ = error_of(DomainError, program, [2.0])
    assert sentence.startswith("log(share) is undefined at share = −2.0, in test_program_non_finite.py:")


def test_a_singular_slope(backend, dtype):
    w = Value(0.0, "w")
    program = autograd.compile(lambda x: sqrt(w) * x, 1.0, parameters=[w], backend=backend, dtype=dtype)
    assert program([1.0, 2.0]).tolist() == [0.0, 0.0]
    assert program.value_and_grad([0.0, 0.0])[1].tolist() == [0.0]  # nothing flows
    sentence, notes = error_of(NonFiniteGradientError, program.value_and_grad, [0.0, 2.0])
    assert sentence == (
        "The gradient stops being finite at v1 = 0 (sqrt): sqrt has slope ∞ with respect to w = 0, where its "
        "operands are w = 0 and its own gradient is 2. Move the operand off that point, or choose another branch there "
        "with where. No gradient was changed."
    )
    assert notes == ["This happened at example 1 of the run."]
    assert w.grad is None


def test_a_singular_slope_that_nobody_asks_for(backend):
    w = Value(2.0)
    program = autograd.compile(lambda x: w * sqrt(x), 1.0, parameters=[w], backend=backend)
    assert program.value_and_grad([0.0, 4.0])[1].tolist() == [1.0]
    error_of(NonFiniteGradientError, program.value_and_grad, [0.0, 4.0], wrt="inputs")


class TestFloat32:
    SENTENCE = (
        "Example {i} has a result or gradient beyond the largest float32, though the engine's own floats still hold "
        'it. Scale the data down, or compile with dtype="float64".'
    )

    def test_results_and_gradients_beyond_its_range(self, backend):
        program = autograd.compile(lambda x: square(x), 1.0, backend=backend, dtype="float32")
        for call in (program, program.value_and_grad):
            assert error_of(ValueOverflowError, call, [1.0, 2.0, 1e30])[0] == self.SENTENCE.format(i=2)
        assert autograd.compile(square, 1.0, backend=backend)([1.0, 1e30]) == pytest.approx([1.0, 1e60])

        w = Value(1e30)
        gradient = autograd.compile(
            lambda x: 1e-30 * square(w * x), 1.0, parameters=[w], backend=backend, dtype="float32"
        )
        assert error_of(ValueOverflowError, gradient.value_and_grad, [1e10])[0] == self.SENTENCE.format(i=0)

    def test_what_is_undefined_is_no_overflow(self, backend):
        program = autograd.compile(log, 1.0, backend=backend, dtype="float32")
        sentence, notes = error_of(DomainError, program, [1.0, -1.0])
        assert "is undefined" in sentence
        assert notes == ["This happened at example 1 of the run."]

    def test_numbers_beyond_its_range(self):
        program = autograd.compile(lambda x: x * 2.0, 1.0, backend="numpy", dtype="float32")
        error_of(ValueOverflowError, program, [1e300])

    def test_the_sum_over_the_examples(self, backend):
        w = Value(1.0)
        program = autograd.compile(lambda x: w * x, 1.0, parameters=[w], backend=backend, dtype="float32")
        sentence, _ = error_of(ValueOverflowError, program.value_and_grad, [3e38] * 4, reduce="sum")
        assert (
            sentence
            == "Every example is finite, but the sum over them is beyond the largest float. Scale the data down."
        )


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x % math.inf, -5.0),
        (lambda x: x * math.inf, 5.0),
        (lambda x: autograd.where(x > 0.0, x, -math.inf), -1.0),
    ],
    ids=["remainder", "product", "where"],
)
def test_an_infinity_that_the_function_holds_spreads_as_on_the_engine(backend, f, x):
    expected = autograd.value_and_grad(f)(x)
    compiled = autograd.compile(f, backend=backend)
    np.testing.assert_equal(compiled(x), expected[0])
    np.testing.assert_equal(compiled.value_and_grad(x), expected)
    np.testing.assert_equal(autograd.compile(f, x, backend=backend)([x, x]), [expected[0]] * 2)


def test_a_constant_that_is_no_number_is_no_overflow(backend):
    sentence, _ = error_of(DomainError, autograd.compile(lambda x: x * math.nan, backend=backend), 2.0)
    assert sentence == (
        "Example 0 has a result or gradient that is no number: the function holds a constant that is none, or a slope "
        "that it computes does not exist there."
    )


def test_the_sum_of_values_over_the_examples():
    program = autograd.compile(lambda x: x * 1.5, 1.0, backend="numpy")
    error_of(ValueOverflowError, program.value_and_grad, [1e308] * 4, reduce="sum")


class TestGivenInfinities:
    """Infinities and NaN that were given spread, as they do in the engine."""

    def test_they_spread(self, backend, dtype):
        w = Value(2.0)
        program = autograd.compile(lambda x: w * x, 1.0, parameters=[w], backend=backend, dtype=dtype)
        np.testing.assert_array_equal(program([np.inf, -np.inf, np.nan, 1.0]), [np.inf, -np.inf, np.nan, 2.0])
        value, gradient = program.value_and_grad([np.inf, 1.0], reduce="sum")
        assert (value, gradient.tolist()) == (np.inf, [np.inf])
        value, gradient = program.value_and_grad([np.nan, 1.0])
        assert np.isnan(value)
        assert np.isnan(gradient).all()

    def test_they_spread_from_weights_and_other_leaves_too(self, backend, dtype):
        w, c = Value(2.0), Value(3.0)
        program = autograd.compile(lambda x: w * x + c, 1.0, parameters=[w], backend=backend, dtype=dtype)
        assert np.isnan(program([1.0], weights=[np.nan])).all()
        value, gradient = program.value_and_grad([1.0, 2.0], weights=[np.nan], reduce="sum")
        assert np.isnan(value)
        assert gradient.tolist() == [3.0]
        c.data = np.inf
        value, gradient = program.value_and_grad([1.0, 2.0], reduce="sum")
        assert (value, gradient.tolist()) == (np.inf, [3.0])

    def test_what_they_are_undefined_for_stays_an_error(self, backend):
        program = autograd.compile(lambda x: log(x), 1.0, backend=backend)
        assert program([np.inf]).tolist() == [np.inf]
        error_of(DomainError, program, [-np.inf])

    @pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
    @pytest.mark.parametrize(
        "f",
        [square, autograd.tanh, lambda x: 3.0 * x, lambda x: -x * x],
        ids=["square", "tanh", "line", "parabola"],
    )
    def test_second_derivatives_there_are_the_engines(self, backend, f, x):
        compiled = autograd.compile(lambda x: f(x), backend=backend)
        np.testing.assert_equal(float(compiled.hessian(x)) + 0.0, autograd.hessian(f)(x))

    def test_they_do_not_hide_other_examples(self):
        program = autograd.compile(lambda x: exp(x), 1.0, backend="numpy")
        error_of(ValueOverflowError, program, [np.inf, 1000.0])


def test_no_warnings_and_no_lasting_changes(backend, dtype):
    """NumPy's warnings stay inside, and its settings are as they were."""
    before = np.geterr()
    program = autograd.compile(lambda x: exp(x) * log(x), 1.0, backend=backend, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1e6, -1.0, 0.0):
            with pytest.raises((ArithmeticError, ValueError)):
                program.value_and_grad([1.0, x])
        assert program([1.0]) == pytest.approx([0.0])
    assert np.geterr() == before


def test_the_graph_is_usable_after_an_error(backend):
    program = autograd.compile(lambda x: log(x), 1.0, backend=backend)
    error_of(DomainError, program, [-1.0])
    assert program([1.0]).tolist() == [0.0]
    y = program.at(0)
    [x] = y.operands
    assert gradients(y, [x]) == [1.0]
