"""Tracing: what a compiled function may do with its numbers, what it may not, and how that is said."""

import math
import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    AutogradError,
    CompileError,
    ControlFlowError,
    OperandTypeError,
    Value,
    derivative,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    square,
    tanh,
    total,
    where,
)
from autograd.compiler.trace import trace
from autograd.graph import topological

BRANCH = (
    "The function that is being compiled takes a branch that depends on a traced number, {line}: the branch of this "
    "one example would be taken for every other. Write where(x > 0, a, b), or maximum, minimum, largest "
    "for a choice by size."
)
TAKEN = (
    "The function that is being compiled takes the number out of {what} with {how}, {line}: the number of this one "
    "example would be used for every other. Compute with the Value itself, and take numbers out of the "
    "program's results."
)
SWEPT = (
    "The function that is being compiled sweeps its graph for numbers, which would hold for this one example "
    "only. Write gradients(y, xs, create_graph=True), or grad(f)(x) outside no_grad, which give Values."
)
DIFFERS = (
    "The function that is being compiled gives another graph each time it is called, for the same example: {how}. "
    "Random numbers (dropout, sampling) and counters would be frozen into the program: pass them as "
    "inputs, or do not compile it."
)


def refused(f, *example, **options):
    with pytest.raises(AutogradError) as raised:
        autograd.compile(f, *example, **options)
    return raised


def place_in_f(raised, source):
    """Say where in this file the refused line is, as the error does."""
    entry = next(e for e in raised.traceback if e.path.name == "test_trace.py" and str(e.statement).strip() == source)
    return f"in test_trace.py:{entry.lineno + 1} (`{source}`)"


TWINS = [Value(1.0, "v"), Value(1.0, "w")]


class TestBranches:
    def check(self, f, *example, source):
        raised = refused(f, *example)
        assert raised.type is ControlFlowError
        assert str(raised.value) == BRANCH.format(line=place_in_f(raised, source))

    def test_if(self):
        def f(x):
            if x > 0:
                return x
            return -x

        self.check(f, 1.0, source="if x > 0:")

    def test_while(self):
        def f(x):
            while x > 1.0:
                x = x / 2.0
            return x

        self.check(f, 8.0, source="while x > 1.0:")

    def test_max_min_sorted(self):
        def largest(xs):
            return max(xs)

        def smallest(xs):
            return min(xs)

        def ordered(xs):
            return sorted(xs)[0]

        self.check(largest, [1.0, 2.0], source="return max(xs)")
        self.check(smallest, [1.0, 2.0], source="return min(xs)")
        self.check(ordered, [1.0, 2.0], source="return sorted(xs)[0]")

    def test_bool_and_or_not(self):
        def by_bool(x):
            return x * bool(x)

        def both(x):
            return x > 0 and x

        def unless(x):
            return 1.0 * (not x)

        self.check(by_bool, 1.0, source="return x * bool(x)")
        self.check(both, 1.0, source="return x > 0 and x")
        self.check(unless, 1.0, source="return 1.0 * (not x)")

    def test_a_chained_comparison_is_a_branch(self):
        def between(x):
            return where(0.0 < x < 1.0, x, 0.0)

        self.check(between, 0.5, source="return where(0.0 < x < 1.0, x, 0.0)")

    def test_a_branch_on_a_result(self):
        def f(x):
            y = tanh(x) * 2.0
            return y if y >= 1.0 else x

        self.check(f, 1.0, source="return y if y >= 1.0 else x")

    def test_a_branch_on_plain_numbers_is_none(self):
        def f(xs):
            return xs[0] if len(xs) > 1 else xs[0] * 2.0

        assert autograd.compile(f, [1.0, 2.0], backend="numpy")([[5.0, 6.0]]).tolist() == [5.0]


class TestNumbersTakenOut:
    def test_float(self):
        def f(x):
            return x * float(x)

        raised = refused(f, 2.0)
        assert raised.type is ControlFlowError
        assert str(raised.value) == TAKEN.format(
            what="x = 2", how="float()", line=place_in_f(raised, "return x * float(x)")
        )

    def test_data_of_an_input_a_result_and_a_parameter(self):
        w = Value(3.0, "w", parameter=True)

        def of_input(x):
            return x * x.data

        def of_result(x):
            return x * exp(x).data

        def of_parameter(x):
            return x * w.data

        for f, what in ((of_input, "x = 0"), (of_result, "exp = 1"), (of_parameter, "w = 3")):
            for parameters in ((), (w,)):
                raised = refused(f, 0.0, parameters=parameters)
                source = {of_input: "return x * x.data", of_result: "return x * exp(x).data"}.get(
                    f, "return x * w.data"
                )
                assert str(raised.value) == TAKEN.format(what=what, how="data", line=place_in_f(raised, source))

    def test_math_takes_numbers_out(self):
        def f(x):
            return x * math.sin(x)

        raised = refused(f, 2.0)
        assert str(raised.value) == TAKEN.format(
            what="x = 2", how="float()", line=place_in_f(raised, "return x * math.sin(x)")
        )

    def test_listed_parameters_are_traced(self):
        v = Value(3.0, "v")
        with pytest.raises(ControlFlowError, match=r"takes the number out of v = 3 with data, in test_trace\.py"):
            autograd.compile(lambda x: x * v.data, 0.0, parameters=[v])

    def test_plain_sweeps(self):
        w = Value(3.0, "w")

        def backward(x):
            y = w * x
            y.backward()
            return y

        def swept(x):
            y = w * x
            return y * gradients(y, [w])[0]

        for f in (backward, swept):
            raised = refused(f, 2.0, parameters=[w])
            assert raised.type is ControlFlowError
            assert str(raised.value) == SWEPT
        assert w.grad is None

    def test_afterwards_numbers_can_be_taken_out_again(self):
        w = Value(3.0, "w", parameter=True)
        refused(lambda x: x * float(x), 2.0, parameters=[w])
        assert (w.data, float(w), bool(w), w > 2.0) == (3.0, 3.0, True, True)
        assert autograd.compile(lambda x: x * w, 2.0, parameters=[w], backend="numpy")([2.0]).tolist() == [6.0]
        assert (w.data, w < 2.0) == (3.0, False)


class TestChoices:
    """Comparisons of traced numbers are part of the graph, for `where` to choose by."""

    X = [-1.0, 0.0, 1.0, 2.0]

    @pytest.mark.parametrize(
        ("compare", "due"),
        [
            (lambda x: x > 1.0, [0, 0, 0, 1]), (lambda x: x >= 1.0, [0, 0, 1, 1]), (lambda x: x < 1.0, [1, 1, 0, 0]),
            (lambda x: x <= 1.0, [1, 1, 1, 0]), (lambda x: x > 1, [0, 0, 0, 1]),
            (lambda x: 1.0 > x, [1, 1, 0, 0]), (lambda x: 1.0 >= x, [1, 1, 1, 0]),  # noqa: SIM300
            (lambda x: 1.0 < x, [0, 0, 0, 1]), (lambda x: 1.0 <= x, [0, 0, 1, 1]),  # noqa: SIM300
            (lambda x: x > x * x, [0, 0, 0, 0]), (lambda x: x >= x * x, [0, 1, 1, 0]), (lambda x: x < x, [0, 0, 0, 0]),
            (lambda x: x > np.float64(1.0), [0, 0, 0, 1]),
        ],
    )  # fmt: skip
    def test_where(self, backend, dtype, compare, due):
        program = autograd.compile(lambda x: where(compare(x), 10.0, 20.0) + 0.0 * x, 0.0, backend=backend, dtype=dtype)
        assert program(self.X).tolist() == [10.0 if one else 20.0 for one in due]
        assert autograd.compile(compare, 0.0, backend=backend, dtype=dtype)(self.X).tolist() == due

    def test_a_numpy_number_on_the_left(self):
        program = autograd.compile(lambda x: where(np.float64(1.0) < x, 10.0, 20.0), 0.0, backend="numpy")
        assert program(self.X).tolist() == [20.0, 20.0, 20.0, 10.0]

    def test_gradients_go_through_the_branch_taken(self, backend):
        w = Value(3.0)
        program = autograd.compile(lambda x: where(x > 0.0, w * x, square(w) * x), 0.0, parameters=[w], backend=backend)
        assert program.gradients(self.X)[:, 0].tolist() == [-6.0, 0.0, 1.0, 2.0]

    def test_by_parameters(self, backend):
        w = Value(3.0, parameter=True)
        program = autograd.compile(lambda x: where(w > 0.0, x, -x), 0.0, parameters=[w], backend=backend)
        assert program([2.0]).tolist() == [2.0]
        w.data = -1.0
        assert program([2.0]).tolist() == [-2.0]

    def test_numbers_that_are_not_traced_compare_as_ever(self):
        c = Value(3.0)
        assert autograd.compile(lambda x: x * (c > 2.0), 0.0, backend="numpy")([5.0]).tolist() == [5.0]


class TestDerivativesInside:
    """A function that differentiates is traced through its derivatives."""

    w = Value(2.0, "w")

    @pytest.mark.parametrize(
        ("f", "due", "slope"),
        [
            (lambda x, w: grad(lambda z: z**3 * w)(x), lambda x, w: 3 * x**2 * w, lambda x, w: 3 * x**2),
            (lambda x, w: derivative(lambda z: z**4 * w, 2)(x), lambda x, w: 12 * x**2 * w, lambda x, w: 12 * x**2),
            (lambda x, w: hessian(lambda v: v[0] ** 3 * w)([x])[0][0], lambda x, w: 6 * x * w, lambda x, w: 6 * x),
            (lambda x, w: jacobian(lambda v: [v[0] ** 2 * w])([x])[0][0], lambda x, w: 2 * x * w, lambda x, w: 2 * x),
            (lambda x, w: hvp(lambda v: v[0] ** 3 * w, [x], [1.0])[0], lambda x, w: 6 * x * w, lambda x, w: 6 * x),
            (
                lambda x, w: jvp(lambda z: z**2 * w * w, [x], [1.0])[1],
                lambda x, w: 2 * x * w * w,
                lambda x, w: 4 * x * w,
            ),
            (
                lambda x, w: gradients(tanh(w * x), [w], create_graph=True)[0],
                lambda x, w: x * (1 - math.tanh(w * x) ** 2),
                lambda x, w: -2 * x**2 * math.tanh(w * x) * (1 - math.tanh(w * x) ** 2),
            ),
        ],
        ids=["grad", "derivative", "hessian", "jacobian", "hvp", "jvp", "gradients"],
    )
    def test_values_and_slopes(self, backend, f, due, slope):
        program = autograd.compile(lambda x: f(x, self.w), 0.5, parameters=[self.w], backend=backend)
        X = [0.5, -1.5]
        values, slopes = program.value_and_grad(X, reduce="none")
        assert values == pytest.approx([due(x, 2.0) for x in X], rel=1e-13)
        assert slopes[:, 0] == pytest.approx([slope(x, 2.0) for x in X], rel=1e-13)

    def test_a_penalty_on_the_gradient(self, backend):
        """The squared gradient by the input as a loss: double backpropagation."""
        model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
        parameters = model.parameters()

        def penalty(x):
            return sum(square(g) for g in gradients(model(x)[0], x, create_graph=True))

        program = autograd.compile(penalty, [0.0, 0.0], parameters=parameters, backend=backend)
        X = np.random.default_rng(0).normal(size=(3, 2))
        values, slopes = program.value_and_grad(X, reduce="none")
        for x, value, found in zip(X, values, slopes, strict=True):
            y = penalty(list(map(Value, x)))
            assert value == pytest.approx(y.data, rel=1e-13)
            np.testing.assert_allclose(found, gradients(y, parameters), rtol=1e-11, atol=1e-14)


class TestHeldConstant:
    def test_detach_and_no_grad(self, backend, dtype):
        w = Value(2.0)
        for f in (lambda x: (x * w).detach() * w, lambda x: no_grad()(lambda z: z * w)(x) * w):
            program = autograd.compile(f, 1.0, parameters=[w], backend=backend, dtype=dtype)
            value, gradient = program.value_and_grad([3.0, 5.0], reduce="sum")
            assert (value, gradient.tolist()) == (32.0, [16.0])
            w.data = 3.0  # the detached part follows the parameter
            assert program([3.0]).tolist() == [27.0]
            w.data = 2.0


class TestSameGraph:
    def test_random_numbers(self):
        numbers, generator = random.Random(0), np.random.default_rng(0)
        for draw in (numbers.random, generator.normal):
            with pytest.raises(CompileError) as raised:
                autograd.compile(lambda x, draw=draw: x * draw(), 1.0)
            [how] = re.findall(r"mul had the operand \S+ at first and \S+ then", str(raised.value))
            assert str(raised.value) == DIFFERS.format(how=how)

    def test_random_leaves_and_wiring(self):
        flips = iter([True, False] * 3)
        cases = {
            "the constant noise = 1 was noise = 0 the second time": lambda x: x * Value(float(next(flips)), "noise"),
            "mul = 2 was add = 2 the second time": lambda x: x * 2.0 if next(flips) else x + 1.0,
            "it recorded 2 nodes at first and 3 then": lambda x: x * 2.0 if next(flips) else x * 2.0 * x,
        }
        for how, f in cases.items():
            with pytest.raises(CompileError) as raised:
                autograd.compile(f, 1.0)
            assert str(raised.value) == DIFFERS.format(how=how)

    def test_a_counter(self):
        calls = []

        def f(x):
            calls.append(1)
            return x * float(len(calls))

        with pytest.raises(CompileError) as raised:
            autograd.compile(f, 1.0)
        assert str(raised.value) == DIFFERS.format(how="mul had the operand 1 at first and 2 then")

    @pytest.mark.parametrize(
        ("f", "how"),
        [
            (lambda x, y, a: [x - y, y - x][a], "y = 2 was x = 1 the second time"),
            (lambda x, y, a: (x + y) * [x, y][a], "mul = 6 was computed from other operands the second time"),
            (lambda x, y, a: x * TWINS[a], "the constant w = 1 was v = 1 the second time"),
            (lambda x, y, a: TWINS[a] * x * TWINS[1 - a], "the constant w = 1 was v = 1 the second time"),
            (lambda x, y, a: total([x, y, float(a)]), "total had the operand 1 at first and 0 then"),
            (lambda x, y, a: total([x, y] + [x] * a), "total = 4 had 3 operands and 2 then"),
            (lambda x, y, a: [x * 2.0, x * 3.0][:: 1 if a else -1], "mul had the operand 2 at first and 3 then"),
            (lambda x, y, a: [exp(x * y), x * y][: 1 + a], "it recorded 7 nodes at first and 6 then"),
        ],
    )
    def test_what_differs_in_a_place(self, f, how):
        """Behind what is the same: it is found however far the two calls have gone together."""
        turns = iter([1, 0])
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x, y: f(x * 1.0, y * 1.0, next(turns)), 1.0, 2.0, parameters=TWINS[:1])
        assert str(raised.value) == DIFFERS.format(how=how)

    @pytest.mark.parametrize(
        "rule",
        [
            lambda kept, x: (x - kept.setdefault("first", x)) * 1.0,
            lambda kept, x: x * kept.setdefault("scale", 1.0 / autograd.sqrt(x * x)),
            lambda kept, x: x * kept.setdefault(x, len(kept) + 1.0),
            lambda kept, x: x * kept.setdefault("first", x),
        ],
        ids=["its first input", "what it computed first", "a number for each input", "its first input, in use"],
    )
    def test_what_a_function_remembers(self, rule):
        """It would be that of the one example; so each call gets leaves of its own."""
        kept = {}
        with pytest.raises(CompileError, match=r"^The function that is being compiled gives another graph each time"):
            autograd.compile(lambda x: rule(kept, x), 2.0)

    def test_a_list_that_is_changed_is_another_for_each_call(self):
        def f(xs):
            xs.append(tanh(xs[0].detach()) * xs[1])
            return total(xs) / 2.0

        assert autograd.compile(f, [1.0, 2.0])([0.0, 4.0]) == 2.0

    def test_what_does_not_reach_the_result_may_differ(self):
        turns = iter([2.0, 3.0])

        def f(x):
            _ = x * next(turns)
            return x * 5.0

        assert autograd.compile(f, 1.0)([3.0]) == [15.0]

    def test_dropout_in_training(self):
        model = nn.Sequential(nn.Layer(2, 32, seed=0), nn.Dropout(0.5, seed=0), nn.Layer(32, 1, seed=1))
        with pytest.raises(
            CompileError, match=r"gives another graph each time .* Random numbers \(dropout, sampling\)"
        ):
            autograd.compile(lambda x: model(x)[0], [0.0, 0.0], parameters=model.parameters())
        model.eval()
        program = autograd.compile(lambda x: model(x)[0], [0.0, 0.0], parameters=model.parameters(), backend="numpy")
        assert program([[1.0, 2.0]]) == pytest.approx([model([1.0, 2.0])[0].data], rel=1e-13)

    def test_random_numbers_as_inputs(self, backend):
        program = autograd.compile(lambda x, noise: x + noise, 0.0, 0.0, backend=backend)
        noise = np.random.default_rng(0).normal(size=4)
        np.testing.assert_array_equal(program(np.ones(4), noise), 1.0 + noise)


class TestExamplesAndResults:
    @pytest.mark.parametrize("example", [[[1.0, 2.0], [3.0]], [[1.0, 2.0], 3.0], [[[1.0]], [[]]]])
    def test_ragged_examples(self, example):
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda xs: xs[0], example)
        assert str(raised.value) == "The example for xs is ragged: give it lists of one length on each level."

    @pytest.mark.parametrize(
        ("example", "sentence"),
        [
            ("a", "The example for x works on real numbers, not on a str. Names go into Value(number, name=…)."),
            (
                None,
                "The example for x works on real numbers, not on None. A function without a return statement gives "
                "None.",
            ),
            (
                [0.0, 1j],
                "The example for x[1] works on real numbers, not on a complex. Only real numbers can be differentiated "
                "here: use .real and .imag as two Values.",
            ),
        ],
    )
    def test_examples_without_numbers(self, example, sentence):
        with pytest.raises(OperandTypeError) as raised:
            autograd.compile(lambda x: x, example)
        assert str(raised.value) == sentence

    def test_examples_of_every_kind(self):
        for example in (1, 1.0, True, np.float32(1.0), Value(1.0), np.array(1.0)):
            assert autograd.compile(lambda x: x * 2.0, example, backend="numpy")([4.0]).tolist() == [8.0]
        for example in ([1, 2], (1.0, 2.0), np.ones(2), [Value(1.0), Value(2.0)]):
            assert autograd.compile(lambda xs: dot(xs, xs), example, backend="numpy")([[1.0, 2.0]]).tolist() == [5.0]

    @pytest.mark.parametrize(
        ("result", "kind"), [(None, "NoneType"), ("a", "str"), ({"loss": 1.0}, "dict"), ([1.0, None], "NoneType")]
    )
    def test_results_that_are_no_values(self, result, kind):
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x: result, 1.0)
        assert str(raised.value) == (
            f"The function that is being compiled gave an object of type {kind} where a Value is due. Return a Value, "
            "or a list or tuple of Values; other results than numbers have no place in a program."
        )

    @pytest.mark.parametrize("result", [3.0, [], np.ones(2), (1, 2)])
    def test_results_without_a_value(self, result):
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x: result, 1.0)
        assert str(raised.value) == (
            f"The function that is being compiled gave {result!r}, which depends on nothing. Return a Value, or a list "
            "or tuple of Values."
        )

    def test_parameters(self):
        w = Value(2.0)
        for parameters, sentence in (
            ([1.0], "parameters[0] is no Value. Pass the leaves to differentiate by, such as model.parameters()."),
            (
                [w, w * 2.0],
                "parameters[1] is no leaf: an operation computed it. Pass the leaves to differentiate by, such as "
                "model.parameters().",
            ),
            ([w, w], "A parameter stands twice in parameters. Pass each Value once."),
        ):
            with pytest.raises(CompileError) as raised:
                autograd.compile(lambda x: x * w, 1.0, parameters=parameters)
            assert str(raised.value) == sentence

    def test_a_generator_of_parameters(self):
        w = Value(2.0)
        assert autograd.compile(lambda x: x * w, 1.0, parameters=(v for v in [w])).parameters == (w,)

    def test_names_of_arguments(self):
        def named(price, *rest):
            return price * rest[0]

        assert [a.name for a in autograd.compile(named, 1.0, 2.0, backend="numpy").arguments] == ["price", "x1"]
        assert [a.name for a in autograd.compile(exp, 1.0, backend="numpy").arguments] == ["x"]


class TestTraced:
    def test_the_graph(self):
        w, c = Value(2.0, "w"), Value(5.0, "c")
        traced = trace(lambda xs: w * xs[0] + c, [[1.0, 3.0]], [w])
        [argument] = traced.arguments
        assert (argument.name, argument.shape) == ("xs", (2,))
        assert [leaf.name for leaf in argument.leaves] == ["xs[0]", "xs[1]"]
        assert (traced.parameters, traced.constants) == ((w,), (c,))
        assert traced.nodes[-1] is traced.result
        assert list(traced.nodes) == topological([traced.result])


def test_an_operation_made_anew_at_each_call_is_named():
    def f(x):
        return autograd.Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x * x])(x)

    with pytest.raises(CompileError) as refusal:
        autograd.compile(f, 1.0)
    assert str(refusal.value) == (
        "The function that is being compiled makes the operation cube anew each time it is called: make it once, "
        "outside the function."
    )


@pytest.mark.parametrize(
    ("given", "described"), [((3.0, 1.0), "3.0"), ((Value(2.0, name="a") * 3.0,), "Value(6.0, op=mul)")]
)
def test_what_is_no_function_is_refused(given, described):
    with pytest.raises(CompileError) as refusal:
        autograd.compile(*given)
    assert str(refusal.value) == f"compile takes a function first, not {described}: compile(f, *example)."
