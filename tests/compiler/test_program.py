"""Program: what it takes and gives, its shapes, its errors, and what it says of itself."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Graph, Value, dot, exp, explain, relu, total, where
from autograd.compiler import Program, execution
from autograd.compiler.options import PASSES

W, B = 3.0, 1.0


def line(w=W, b=B, **options):
    """Compile w·x + b, by w and b."""
    leaves = [Value(w, "w"), Value(b, "b")]
    return autograd.compile(lambda x: leaves[0] * x + leaves[1], 0.0, parameters=leaves, **options), *leaves


def error_of(kind, call, *arguments, **options):
    with pytest.raises(kind) as raised:
        call(*arguments, **options)
    return str(raised.value)


class TestCall:
    def test_one_number_each(self, backend, dtype):
        program, *_ = line(backend=backend, dtype=dtype)
        found = program([1.0, 2.0, -1.0])
        assert (found.tolist(), found.dtype, found.shape) == ([4.0, 7.0, -2.0], np.float64, (3,))
        assert program(np.array([[1.0], [2.0]])[:, 0]).tolist() == [4.0, 7.0]
        assert program([1, 2]).tolist() == [4.0, 7.0]
        assert program(np.array([True, False])).tolist() == [4.0, 1.0]

    def test_without_a_batch_axis(self, backend):
        program, *_ = line(backend=backend)
        assert program(2.0) == 7.0
        assert program.value_and_grad(2.0) == (7.0, pytest.approx([2.0, 1.0]))
        both = autograd.compile(lambda xs, t: dot(xs, xs) - t, [0.0, 0.0], 0.0, backend=backend)
        assert both([3.0, 4.0], 5.0) == 20.0
        value, [xs, t] = both.value_and_grad([3.0, 4.0], 5.0, wrt="inputs")
        assert (value, xs.tolist(), t) == (20.0, [6.0, 8.0], -1.0)

    def test_nested_shapes(self, backend):
        program = autograd.compile(lambda m, t: m[0][0] * m[1][2] + m[0][1] * t, np.zeros((2, 3)), 0.0, backend=backend)
        m = np.arange(12.0).reshape(2, 2, 3)
        assert program(m, [10.0, 100.0]).tolist() == [10.0, 6 * 11 + 700.0]
        _, [by_m, by_t] = program.value_and_grad(m, [10.0, 100.0], reduce="none", wrt="inputs")
        assert by_m.tolist() == [[[5, 10, 0], [0, 0, 0]], [[11, 100, 0], [0, 0, 6]]]
        assert by_t.tolist() == [1.0, 7.0]

    def test_a_column_for_an_argument_of_one_number(self, backend):
        program = autograd.compile(lambda x, t: x[0] - t, [0.0], 0.0, backend=backend)
        assert program([1.0, 2.0], [5.0, 5.0]).tolist() == [-4.0, -3.0]
        assert program([[1.0], [2.0]], [5.0, 5.0]).tolist() == [-4.0, -3.0]

    def test_results_keep_their_nesting(self, backend):
        program = autograd.compile(lambda x: ([x, 2 * x], [[x * x], [-x]], x), 0.0, backend=backend)
        a, b, c = program([1.0, 3.0])
        assert a.tolist() == [[1.0, 2.0], [3.0, 6.0]]
        assert b.tolist() == [[[1.0], [-1.0]], [[9.0], [-3.0]]]
        assert c.tolist() == [1.0, 3.0]
        a, b, c = program(3.0)
        assert (a.tolist(), b.tolist(), c) == ([3.0, 6.0], [[9.0], [-3.0]], 3.0)

    def test_ragged_results(self):
        with pytest.raises(CompileError, match="a list whose parts differ in shape, which makes no array"):
            autograd.compile(lambda x: [x, [x, x]], 0.0, backend="numpy")

    def test_a_plain_number_among_the_results(self, backend):
        def results(f):
            return autograd.compile(f, 0.0, backend=backend)([1.0, 2.0])

        assert results(lambda x: [x, 3.0]).tolist() == [[1.0, 3.0], [2.0, 3.0]]
        assert results(lambda x: [[x], [1.0]]).tolist() == [[[1.0], [1.0]], [[2.0], [1.0]]]
        assert [part.tolist() for part in results(lambda x: (x, 3.0))] == [[1.0, 2.0], [3.0, 3.0]]

    def test_the_first_of_a_tuple_is_differentiated(self, backend):
        w = Value(2.0)
        program = autograd.compile(lambda x: (w * x, [x, -x]), 0.0, parameters=[w], backend=backend)
        assert program.value_and_grad([1.0, 3.0]) == (4.0, pytest.approx([2.0]))

    def test_an_example_may_have_any_numbers(self, backend):
        """The numbers of the example do not matter, not even where the function is undefined at them."""
        for number in (-1.0, 0.0, float("nan"), 1e308):
            assert autograd.compile(lambda x: exp(x).log(), number, backend=backend)([1.0, 2.0]) == pytest.approx(
                [1.0, 2.0]
            )


def test_values_are_refused():
    program, *_ = line(backend="numpy")
    due = (
        "x holds Values, but a program takes and gives numbers, through which no derivative flows. Compile the "
        "function without an example, which takes Values too, or pass their numbers: v.data."
    )
    assert error_of(CompileError, program, Value(2.0)) == due
    assert error_of(CompileError, program, [1.0, Value(2.0)]) == due
    assert error_of(CompileError, autograd.grad(program), 2.0) == due


class TestDegenerate:
    @pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)])
    def test_no_examples(self, backend, dtype, shape):
        w = Value(2.0)

        def f(x):
            while isinstance(x, np.ndarray):
                x = x[0]
            return w * x

        program = autograd.compile(f, np.zeros(shape), parameters=[w], backend=backend, dtype=dtype)
        none = np.zeros((0, *shape))
        assert program(none).shape == (0,)
        value, gradient = program.value_and_grad(none, reduce="sum")
        assert (value, gradient.tolist()) == (0.0, [0.0])
        value, [piece] = program.value_and_grad(none, reduce="sum", wrt="inputs")
        assert (value, piece.shape) == (0.0, none.shape)
        values, [piece] = program.value_and_grad(none, reduce="none", wrt="inputs")
        assert (values.shape, piece.shape) == ((0,), none.shape)
        assert program.gradients(none).shape == (0, 1)
        assert error_of(CompileError, program.value_and_grad, none) == (
            "The mean over no examples does not exist: give at least one, or reduce='sum'."
        )

    def test_one_example(self, backend, dtype):
        program, *_ = line(backend=backend, dtype=dtype)
        value, gradient = program.value_and_grad(np.array([2.0]))
        assert (value, gradient.tolist(), program.gradients([2.0]).shape) == (7.0, [2.0, 1.0], (1, 2))

    def test_an_argument_without_numbers(self, backend):
        w = Value(2.0)
        program = autograd.compile(lambda none, x: w * x, [], 0.0, parameters=[w], backend=backend)
        assert program(np.zeros((2, 0)), [1.0, 2.0]).tolist() == [2.0, 4.0]
        _, [none, slopes] = program.value_and_grad(np.zeros((2, 0)), [1.0, 2.0], reduce="sum", wrt="inputs")
        assert (none.shape, slopes.tolist()) == ((2, 0), [2.0, 2.0])

    def test_unused_inputs_and_parameters(self, backend, dtype):
        w, idle = Value(2.0, "w"), Value(9.0, "idle")
        program = autograd.compile(
            lambda x, y: w * x[1], [0.0, 0.0], 0.0, parameters=[idle, w], backend=backend, dtype=dtype
        )
        X, Y = [[1.0, 2.0], [3.0, 4.0]], [7.0, 8.0]
        value, gradient = program.value_and_grad(X, Y, reduce="sum")
        assert (value, gradient.tolist()) == (12.0, [0.0, 6.0])
        _, [xs, ys] = program.value_and_grad(X, Y, reduce="sum", wrt="inputs")
        assert (xs.tolist(), ys.tolist()) == ([[0.0, 2.0], [0.0, 2.0]], [0.0, 0.0])
        for _ in range(2):  # what a sweep left is gone in the next
            assert program.value_and_grad(X, Y, reduce="sum")[1].tolist() == [0.0, 6.0]

    def test_one_parameter_in_two_layers(self, backend, dtype):
        w = Value(0.5, "w")
        program = autograd.compile(lambda x: relu(w * relu(w * x)), 0.0, parameters=[w], backend=backend, dtype=dtype)
        assert program.value_and_grad([2.0, -2.0], reduce="sum")[1].tolist() == [2.0]  # ∂(w²x)/∂w = 2wx
        assert program.gradients([2.0, -2.0, 4.0]).tolist() == [[2.0], [0.0], [4.0]]

    def test_one_value_many_times_in_a_sum(self, backend, dtype):
        w = Value(2.0)
        for f, value, slope in (
            (lambda x: total([x, x, x]), 9.0, 3.0),
            (lambda x: dot([x, x, x], [x, x, x]), 27.0, 18.0),
            (lambda x: dot([w, w, w], [x, x, x]), 18.0, 6.0),
            (lambda x: dot([w, w], [w, w], x), 11.0, 1.0),
            (lambda x: total([w, w, w]) + x, 9.0, 1.0),
            (lambda x: w * w + x * 1.0 + w * w + w, 13.0, 1.0),
        ):
            program = autograd.compile(f, 1.0, parameters=[w], backend=backend, dtype=dtype)
            values, [slopes] = program.value_and_grad([3.0, 3.0], reduce="none", wrt="inputs")
            assert (values.tolist(), slopes.tolist()) == ([value] * 2, [slope] * 2)

    def test_the_output_is_an_input(self, backend, dtype):
        w = Value(2.0)
        program = autograd.compile(lambda x, y: y, 0.0, 0.0, parameters=[w], backend=backend, dtype=dtype)
        assert program([1.0, 2.0], [3.0, 4.0]).tolist() == [3.0, 4.0]
        assert program.value_and_grad([1.0, 2.0], [3.0, 5.0])[1].tolist() == [0.0]
        value, [xs, ys] = program.value_and_grad([1.0, 2.0], [3.0, 5.0], wrt="inputs")
        assert (value, xs.tolist(), ys.tolist()) == (4.0, [0.0, 0.0], [0.5, 0.5])

    def test_the_output_is_a_parameter(self, backend, dtype):
        w, v = Value(2.0), Value(7.0)
        program = autograd.compile(lambda x: w, 0.0, parameters=[v, w], backend=backend, dtype=dtype)
        assert program([1.0, 2.0, 3.0]).tolist() == [2.0, 2.0, 2.0]
        value, gradient = program.value_and_grad([1.0, 2.0, 3.0], reduce="sum")
        assert (value, gradient.tolist()) == (6.0, [0.0, 3.0])
        assert program.gradients([1.0, 2.0]).tolist() == [[0.0, 1.0], [0.0, 1.0]]
        assert program.value_and_grad([1.0, 2.0], wrt="inputs")[1][0].tolist() == [0.0, 0.0]

    def test_the_output_follows_from_parameters_alone(self, backend, dtype):
        w = Value(2.0)
        program = autograd.compile(lambda x: w * w * w, 0.0, parameters=[w], backend=backend, dtype=dtype)
        value, gradient = program.value_and_grad([1.0, 2.0, 3.0])
        assert (value, gradient.tolist()) == (8.0, pytest.approx([12.0]))

    def test_the_output_is_a_constant(self, backend, dtype):
        w, seven = Value(2.0), Value(7.0)
        for f in (lambda x: seven, lambda x: where(1.0, seven, x)):
            program = autograd.compile(f, 0.0, parameters=[w], backend=backend, dtype=dtype)
            assert program([1.0, 2.0]).tolist() == [7.0, 7.0]
            assert program.value_and_grad([1.0, 2.0])[1].tolist() == [0.0]
            assert program.value_and_grad([1.0, 2.0], wrt="inputs")[1][0].tolist() == [0.0, 0.0]

    def test_no_inputs(self, backend, dtype):
        w = Value(3.0)
        program = autograd.compile(lambda: w * w, parameters=[w], backend=backend, dtype=dtype)
        value, gradient = program.value_and_grad()
        assert (program(), value, gradient.tolist()) == (9.0, 9.0, [6.0])
        assert program.value_and_grad(wrt="inputs") == (9.0, [])
        assert program.hessian().tolist() == [[2.0]]

    def test_no_parameters(self, backend, dtype):
        program = autograd.compile(lambda x: x * x, 0.0, backend=backend, dtype=dtype)
        value, gradient = program.value_and_grad([1.0, 3.0])
        assert (value, gradient.shape) == (5.0, (0,))
        assert program.gradients([1.0, 3.0]).shape == (2, 0)
        assert program.hessian([1.0, 3.0]).shape == (0, 0)
        assert program.value_and_grad([1.0, 3.0], wrt="inputs")[1][0].tolist() == [1.0, 3.0]

    def test_width_one(self, backend, dtype):
        model = nn.MLP(1, [1, 1, 1], activation="identity", seed=0)
        program = autograd.compile(
            lambda x: model(x)[0], [0.0], parameters=model.parameters(), backend=backend, dtype=dtype
        )
        values = program([[1.0], [2.0]])
        assert values == pytest.approx([model([1.0])[0].data, model([2.0])[0].data], rel=1e-6)


class TestFreshness:
    def test_parameters_are_read_at_every_run(self, backend):
        program, w, b = line(backend=backend)
        assert program([1.0]).tolist() == [4.0]
        w.data, b.data = 10.0, -1.0
        assert program([1.0]).tolist() == [9.0]
        assert program.value_and_grad([1.0, 2.0])[0] == 14.0
        assert program.weights().tolist() == [10.0, -1.0]

    def test_other_leaves_are_read_at_every_run(self, backend):
        w, c = Value(2.0, "w"), Value(5.0, "c")
        program = autograd.compile(lambda x: w * x * c, 0.0, parameters=[w], backend=backend)
        assert program.value_and_grad([1.0])[1].tolist() == [5.0]
        c.data = 7.0
        assert program.value_and_grad([1.0])[1].tolist() == [7.0]

    def test_runs_leave_parameters_as_they_are(self, backend):
        program, w, b = line(backend=backend)
        w.grad = 5.0
        program.value_and_grad([1.0, 2.0])
        program([1.0], weights=[0.0, 0.0])
        assert (w.data, w.grad, b.grad) == (3.0, 5.0, None)

    def test_results_are_the_callers(self, backend):
        """A later run does not write into what an earlier one gave."""
        program, *_ = line(backend=backend)
        first, (_, gradient) = program([1.0, 2.0]), program.value_and_grad([1.0, 2.0])
        _, [slopes] = program.value_and_grad([1.0, 2.0], wrt="inputs")
        kept = first.copy(), gradient.copy(), slopes.copy()
        program([5.0, 6.0])
        program.value_and_grad([5.0, 6.0])
        program.value_and_grad([5.0, 6.0], wrt="inputs", reduce="sum")
        for now, then in zip((first, gradient, slopes), kept, strict=True):
            np.testing.assert_array_equal(now, then)

    def test_arrays_are_not_written_to(self, backend):
        program, *_ = line(backend=backend)
        X = np.array([1.0, 2.0])
        X.flags.writeable = False
        program.value_and_grad(X, wrt="inputs")
        assert X.tolist() == [1.0, 2.0]

    @pytest.mark.parametrize("numbers", [[2.5, -0.5], np.array([2.5, -0.5], dtype=np.float32)])
    def test_weights_that_are_assigned(self, numbers):
        program, w, b = line(backend="numpy")
        program.assign(numbers)
        assert [type(w.data), w.data, b.data] == [float, 2.5, -0.5]
        assert program([2.0]).tolist() == [4.5]
        with pytest.raises(autograd.ControlFlowError, match="an assignment to data"):
            autograd.compile(lambda x: [program.assign(numbers), x * w][1], 0.0, parameters=[w])(1.0)


class TestParts:
    """Large batches are computed part by part, and by several threads."""

    def network(self, **options):
        model = nn.MLP(3, [6, 1], activation="tanh", seed=0)
        return autograd.compile(
            lambda x, t: (model(x)[0] - t) ** 2, np.zeros(3), 0.0, parameters=model.parameters(), **options
        )

    @pytest.mark.parametrize("examples", [1, 15, 16, 17, 32, 45, 100])
    def test_parts_of_a_batch(self, backend, dtype, examples, monkeypatch):
        rng = np.random.default_rng(examples)
        X, T = rng.normal(size=(examples, 3)), rng.normal(size=examples)
        whole, parts = (self.network(backend=backend, dtype=dtype) for _ in range(2))
        due = [whole(X, T), whole.value_and_grad(X, T), whole.value_and_grad(X, T, wrt="inputs", reduce="none")]
        monkeypatch.setattr(execution, "CACHE", 1)
        found = [parts(X, T), parts.value_and_grad(X, T), parts.value_and_grad(X, T, wrt="inputs", reduce="none")]
        assert max(machine.examples for machine in parts.execution._memories.values()) == min(
            examples, execution.MIN_EXAMPLES_TOGETHER
        )
        tolerance = {"rtol": 50 * np.finfo(dtype).eps, "atol": 5 * np.finfo(dtype).eps}
        np.testing.assert_allclose(found[0], due[0], **tolerance)
        for a, b in zip(found[1], due[1], strict=True):
            np.testing.assert_allclose(a, b, **tolerance)
        np.testing.assert_allclose(found[2][0], due[2][0], **tolerance)
        for a, b in zip(found[2][1], due[2][1], strict=True):
            np.testing.assert_allclose(a, b, **tolerance)

    @pytest.mark.parametrize("examples", [0, 1, 31, 33, 100])
    def test_two_threads_give_what_one_gives(self, backend, examples):
        rng = np.random.default_rng(examples)
        X, T = rng.normal(size=(examples, 3)), rng.normal(size=examples)
        one, two = self.network(backend=backend), self.network(backend=backend, threads=2)
        np.testing.assert_array_equal(two(X, T), one(X, T))
        for wrt in ("parameters", "inputs"):
            value, gradient = one.value_and_grad(X, T, reduce="sum", wrt=wrt)
            again, other = two.value_and_grad(X, T, reduce="sum", wrt=wrt)
            assert again == pytest.approx(value, rel=1e-13)
            for a, b in zip(other, gradient, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(two.gradients(X, T), one.gradients(X, T))

    def test_a_shared_part_swept_once_a_batch(self, backend, monkeypatch):
        """What follows from parameters alone gets the flows of all parts before it passes them on."""
        monkeypatch.setattr(execution, "CACHE", 1)
        w = Value(3.0)
        program = autograd.compile(lambda x: exp(w) * x, 0.0, parameters=[w], backend=backend)
        X = np.arange(40.0)
        value, gradient = program.value_and_grad(X, reduce="sum")
        assert gradient == pytest.approx([X.sum() * np.exp(3.0)], rel=1e-14)
        assert value == pytest.approx(X.sum() * np.exp(3.0), rel=1e-14)


class TestAt:
    """One example of a run, back on the graph."""

    def test_values_gradients_and_explanations(self, backend):
        w, b = Value(2.0, "w"), Value(-1.0, "b")

        def f(x, t):
            y = relu(w * x + b)
            y.name = "y"
            return (y - t) ** 2

        program = autograd.compile(f, 0.0, 0.0, parameters=[w, b], backend=backend)
        X, T = [0.0, 2.0, 4.0], [1.0, 1.0, 1.0]
        values, slopes = program.value_and_grad(X, T, reduce="none")
        for i in (2, 0, 1, -1):
            E = program.at(i)
            assert E.data == values[i] == f(Value(X[i]), Value(T[i])).data
            w.grad = b.grad = None
            E.backward()
            assert [w.grad or 0.0, b.grad or 0.0] == slopes[i].tolist()
        E = program.at(1)
        E.name = "E"
        assert str(explain(E, w)) == "∂E/∂w = ∂E/∂y · ∂y/∂w = 2·(y − t)·[w·x + b > 0]·x = 2 × 2 × 1 × 2 = 8"
        assert "<svg" in E.graph().to_svg()
        assert isinstance(program.graph, Graph)
        assert len(program.graph) == len(E.graph())

    def test_each_example_keeps_its_own_numbers(self, backend):
        program, w, _ = line(backend=backend)
        program([1.0, 2.0])
        first, second = program.at(0), program.at(1)
        assert (first.data, second.data) == (program(1.0), program(2.0))
        assert first.data != second.data
        first.name = "first"
        second.backward()
        assert (first.grad, second.name) == (None, None)
        assert w.grad is not None

    def test_an_example_is_of_the_run_of_its_thread(self, backend):
        program, *_ = line(backend=backend)
        program([1.0, 2.0])
        refused = []

        def look():
            try:
                program.at(0)
            except CompileError as error:
                refused.append(str(error))

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert refused == ["at(i) shows an example of the last run, and there was none: call the program first."]
        assert program.at(1).data == program(2.0)

    def test_threads_get_the_numbers_of_one_after_the_other(self, backend):
        net = nn.MLP(3, [4, 1], activation="tanh", seed=0)
        program = autograd.compile(lambda x, t: nn.mse(net(x), t), np.zeros(3), 0.0, parameters=net.parameters(),
                                   backend=backend)  # fmt: skip
        random = np.random.default_rng(0)
        data = [(random.normal(size=(n, 3)), random.normal(size=n)) for n in range(1, 20)]
        due = [program.value_and_grad(*each) for each in data]
        wrong = []

        def run():
            for _ in range(10):
                for each, (value, gradient) in zip(data, due, strict=True):
                    found, slopes = program.value_and_grad(*each)
                    if found != value or not np.array_equal(slopes, gradient):
                        wrong.append(len(each[0]))

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_parameters_have_their_present_numbers(self, backend):
        program, w, _ = line(backend=backend)
        program([1.0, 2.0])
        w.data = 10.0
        assert program.at(1).data == 21.0

    def test_results_come_as_the_function_gave_them(self, backend):
        program = autograd.compile(lambda x: ([x * 2.0, x], x * 3.0), 0.0, backend=backend)
        program([1.0, 5.0])
        [twice, x], thrice = program.at(1)
        assert (twice.data, x.data, thrice.data) == (10.0, 5.0, 15.0)

    def test_a_network_equals_eager(self, backend):
        model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
        program = autograd.compile(
            lambda x: nn.mse(model(x), [0.0, 1.0]), np.zeros(3), parameters=model.parameters(), backend=backend
        )
        X = np.random.default_rng(0).normal(size=(5, 3))
        program.value_and_grad(X)
        for i, x in enumerate(X):
            assert program.at(i).data == nn.mse(model(x), [0.0, 1.0]).data

    def test_there_has_to_be_such_an_example(self, backend):
        program, *_ = line(backend=backend)
        assert error_of(CompileError, program.at, 0) == (
            "at(i) shows an example of the last run, and there was none: call the program first."
        )
        program([1.0, 2.0])
        for i in (2, -3):
            assert error_of(CompileError, program.at, i) == f"The last run had 2 examples, so there is no example {i}."


class TestDescription:
    def test_str_and_repr(self, backend):
        model = nn.MLP(13, [8, 1], activation="relu", seed=0)
        program = autograd.compile(lambda x: model(x)[0], np.zeros(13), parameters=model.parameters(), backend=backend)
        assert str(program) == (
            "dense 8×13 (104 products) · relu 8 · dense 1×8 (8 products)\n"
            "backward: outer 1×8 (8 products) · transposed 8×1 (8 products) · row sums 1×1 · slopes of relu 8 · "
            "outer 8×13 (104 products) · row sums 8×1"
        )
        assert repr(program) == (
            f"<Program(x[13]) of {program.stats['nodes']:,} nodes in 3 array operations, 121 parameters, float64, "
            f"{backend}>"
        )
        assert str(autograd.compile(lambda x: x, 0.0, backend=backend)) == "nothing to compute"

    def test_a_notebook_shows_the_line_and_opens_the_instructions(self):
        model = nn.MLP(2, [1], activation="tanh", seed=0)
        program = autograd.compile(lambda x: model(x)[0], np.zeros(2), parameters=model.parameters(), backend="numpy")
        assert program._repr_html_() == (
            f"<div><code>&lt;{repr(program)[1:-1]}&gt;</code></div>"
            "<details><summary>forward: 1 array operation</summary><ol><li>weighted sums 1×2</li></ol></details>"
            "<details><summary>backward: 2 array operations</summary>"
            "<ol><li>weighted spread 1×2</li><li>pass on 1</li></ol></details>"
        )
        several = autograd.compile(lambda x: [x, x * x], 0.0, backend="numpy")
        assert several._repr_html_().count("<details>") == 1  # without a sweep

    def test_stats(self, backend, dtype):
        program, *_ = line(backend=backend, dtype=dtype)
        stats = program.stats
        size = np.dtype(dtype).itemsize
        assert stats.pop("compile_seconds") > 0.0
        assert stats == {
            "nodes": 5,  # w, x, b, w·x, w·x + b
            "edges": 4,
            "operations": 2,
            "products": 0,
            "bytes": 2 * 3 * size,  # for each example: x, w·x, w·x + b, and their adjoints
            "shared_bytes": 2 * 2 * size,  # w, b, and theirs
        }

    def test_attributes(self, backend, dtype):
        program, w, b = line(backend=backend, dtype=dtype)
        assert isinstance(program, Program)
        assert program.parameters == (w, b)
        assert (program.backend, program.dtype) == (backend, np.dtype(dtype))
        [argument] = program.arguments
        assert (argument.name, argument.shape, len(argument.leaves)) == ("x", (), 1)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"dtype": "int64"}, 'dtype must be "float64" or "float32", not \'int64\'.'),
            ({"dtype": "float16"}, 'dtype must be "float64" or "float32", not \'float16\'.'),
            ({"backend": "xla"}, "backend must be one of 'auto', 'jax', 'numba', 'numpy', not 'xla'."),
            ({"threads": 0}, "threads must be a whole number from 1, not 0."),
            ({"threads": 1.5}, "threads must be a whole number from 1, not 1.5."),
            (
                {"without": ["reuse", "magic"]},
                f"without may name {', '.join(map(repr, PASSES))}, not 'magic'.",
            ),
        ],
    )
    def test_unknown_options(self, options, sentence):
        assert error_of(CompileError, autograd.compile, lambda x: x, 0.0, **options) == sentence

    def test_a_dtype_that_numpy_does_not_know(self):
        assert error_of(CompileError, autograd.compile, lambda x: x, 0.0, dtype="double!") == (
            'dtype must be "float64" or "float32", not \'double!\'.'
        )

    def test_numpys_types_are_taken(self, backend):
        assert autograd.compile(lambda x: x, 0.0, dtype=np.float32, backend=backend).dtype == np.float32

    def test_numba_that_is_not_installed(self, monkeypatch):
        from importlib import util

        known = util.find_spec
        monkeypatch.setattr(util, "find_spec", lambda name: None if name == "numba" else known(name))
        assert autograd.compile(lambda x: x * x, 0.0).backend == "numpy"
        assert error_of(CompileError, autograd.compile, lambda x: x * x, 0.0, backend="numba") == (
            "backend='numba' needs numba: run pip install 'edgegrad[fast]', or use backend='numpy'."
        )
        monkeypatch.setattr(util, "find_spec", lambda name: None if name in ("numba", "scipy") else known(name))
        assert error_of(CompileError, autograd.compile, lambda x: x * x, 0.0, backend="numba") == (
            "backend='numba' needs numba and scipy: run pip install 'edgegrad[fast]', or use backend='numpy'."
        )

    def test_reduce_and_wrt(self, backend):
        program, *_ = line(backend=backend)
        assert error_of(CompileError, program.value_and_grad, [1.0], reduce="max") == (
            "reduce must be one of 'mean', 'sum', 'none', not 'max'."
        )
        assert error_of(CompileError, program.value_and_grad, [1.0], wrt="w") == (
            'wrt must be "parameters" or "inputs", not \'w\'.'
        )

    def test_several_numbers_have_no_one_gradient(self, backend):
        for f in (lambda x: [x, x], lambda x: ([x], x), lambda x: (3.0, x)):
            program = autograd.compile(f, 0.0, backend=backend)
            assert error_of(CompileError, program.value_and_grad, [1.0]) == (
                "The function gives several numbers, so it has no one gradient: compile one that returns their total, "
                "a loss, or a tuple whose first part is a single Value."
            )


class TestArrays:
    def test_shapes(self, backend):
        program = autograd.compile(lambda x, t: x[0] * t, [0.0, 0.0], 0.0, backend=backend)
        for X, shape in ((np.zeros((3, 3)), "(3, 3)"), (np.zeros(3), "(3,)"), (np.zeros((3, 2, 1)), "(3, 2, 1)")):
            assert error_of(CompileError, program, X, np.zeros(3)) == (
                f"x has shape {shape}, but the program was compiled for (examples, 2). Compile it for an example of "
                "this shape, or reshape the array."
            )
        assert error_of(CompileError, program, np.zeros((3, 2)), np.zeros((3, 2))) == (
            "t has shape (3, 2), but the program was compiled for (examples,). Compile it for an example of this "
            "shape, or reshape the array."
        )
        assert error_of(CompileError, program, np.zeros((3, 2)), np.zeros(4)) == (
            "All arrays must hold the same number of examples: x has 3, t has 4."
        )

    def test_how_many(self, backend):
        program = autograd.compile(lambda x, t: x * t, 0.0, 0.0, backend=backend)
        assert error_of(CompileError, program, [1.0]) == "The program takes 2 array(s) (x, t), not 1."
        assert error_of(CompileError, program, [1.0], [1.0], [1.0]) == "The program takes 2 array(s) (x, t), not 3."

    def test_weights(self, backend):
        program, *_ = line(backend=backend)
        for weights in ([1.0], [1.0, 2.0, 3.0]):
            assert error_of(CompileError, program, [1.0], weights=weights) == (
                f"weights must hold one number for each of the 2 parameters, not shape ({len(weights)},)."
            )
            assert error_of(CompileError, program.value_and_grad, [1.0], weights=weights) == (
                f"weights must hold one number for each of the 2 parameters, not shape ({len(weights)},)."
            )
            before = program.weights()
            assert error_of(CompileError, program.assign, weights) == (
                f"weights must hold one number for each of the 2 parameters, not shape ({len(weights)},)."
            )
            np.testing.assert_array_equal(program.weights(), before)

    @pytest.mark.parametrize(
        ("given", "kind"),
        [(["a"], "<U1"), (["1"], "<U1"), ([None], "object"), ([1j], "complex128")],
        ids=["letters", "numerals", "None", "complex"],
    )
    def test_what_holds_no_real_numbers(self, given, kind):
        program, *_ = line(backend="numpy")
        due = f" must hold real numbers, not entries of type {kind}: encode words, and leave gaps out."
        assert error_of(CompileError, program, given) == "x" + due
        assert error_of(CompileError, program, [1.0], weights=given * 2) == "weights" + due

    def test_a_mask_is_not_ignored(self):
        program, *_ = line(backend="numpy")
        masked = np.ma.masked_array([1.0, 2.0], [True, False])
        due = (
            " is a masked array, whose mask would be ignored. Write x.compressed() for the entries that are not "
            "masked, or x.filled(number)."
        )
        assert error_of(autograd.OperandTypeError, program, masked) == "x" + due
        assert error_of(autograd.OperandTypeError, program, [1.0], weights=masked) == "weights" + due

    def test_ragged_rows(self):
        program, *_ = line(backend="numpy")
        assert error_of(CompileError, program, [[1.0], [1.0, 2.0]]) == "x is ragged: give it rows of one shape."

    @pytest.mark.parametrize(
        "given",
        [
            lambda X: np.asfortranarray(X), lambda X: np.repeat(X, 2, axis=0)[::2], lambda X: X[::-1].copy()[::-1],
            lambda X: X.astype(">f8"), lambda X: X.astype(np.longdouble), lambda X: X.tolist(),
        ],
        ids=["columns first", "every other row", "backwards", "big-endian", "longer numbers", "lists"],
    )  # fmt: skip
    def test_memory_of_every_kind(self, backend, given):
        program = autograd.compile(lambda x: x[0] * x[1] - x[2], [0.0] * 3, backend=backend)
        X = np.random.default_rng(0).normal(size=(5, 3))
        np.testing.assert_array_equal(program(given(X)), X[:, 0] * X[:, 1] - X[:, 2])
        [slopes] = program.value_and_grad(given(X), wrt="inputs", reduce="none")[1]
        np.testing.assert_array_equal(slopes, np.stack([X[:, 1], X[:, 0], -np.ones(5)], axis=1))


def test_the_quick_start():
    w = Value(3.0, name="w")
    program = autograd.compile(lambda x, t: (w * x - t) ** 2, 0.0, 0.0, parameters=[w])
    assert isinstance(program, autograd.Program)
    assert autograd.Program is Program
    value, gradient = program.value_and_grad([1.0, 2.0], [1.0, 5.0])
    assert (value, gradient.tolist()) == (2.5, [4.0])


def test_importing_autograd_loads_neither_numpy_nor_the_compiler():
    code = (
        "import sys, autograd; assert 'numpy' not in sys.modules and 'autograd.compiler' not in sys.modules; "
        "autograd.compile; assert 'autograd.compiler' in sys.modules; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_what_is_reached_is_what_the_first_result_depends_on():
    w, b, c = (Value(x, name=name) for x, name in ((2.0, "w"), (3.0, "b"), (5.0, "c")))
    program = autograd.compile(lambda x: (w * x, [b * x, w * x * x]), 1.0, parameters=[w, b, c])
    assert program.reached.tolist() == [True, False, False]
    assert autograd.compile(lambda x: [w * x, b * x], 1.0, parameters=[w, b, c]).reached.tolist() == [True, True, False]
