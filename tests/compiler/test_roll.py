"""Re-rolling: scalar graphs become the array operations that a person would write, by their shape alone."""

import numpy as np
import pytest

import autograd
import nn
from autograd import Op, Value, dot, exp, maximum, sqrt, square, tanh, total, where
from autograd.compiler.access import operands_of
from autograd.compiler.instructions import Map, MatrixProduct, RowDots, Sum


def matrix(name, rows, columns):
    return [[Value(0.1 * (i - j), f"{name}[{i}][{j}]") for j in range(columns)] for i in range(rows)]


def flat(nested):
    return [v for row in nested for v in row]


def compiled(f, *example, parameters=()):
    return autograd.compile(f, *example, parameters=parameters, backend="numpy")


class TestLayers:
    def test_a_layer_is_one_product_and_one_activation(self):
        layer = nn.Layer(13, 8, activation="tanh", seed=0)
        program = compiled(layer, np.zeros(13), parameters=layer.parameters())
        assert str(program) == "dense 8×13 (104 products) · tanh 8"

    def test_instructions_are_called_as_their_rows(self):
        model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
        program = compiled(model, np.zeros(2), parameters=model.parameters())
        assert [instruction.name for instruction in program.instructions] == ["s1", "a1", "a2"]

    def test_deep(self):
        model = nn.MLP(13, [128, 128, 64, 1], activation="relu", seed=0)
        program = compiled(model, np.zeros(13), parameters=model.parameters())
        assert str(program) == (
            "dense 128×13 (1,664 products) · relu 128 · dense 128×128 (16,384 products) · relu 128 · dense 64×128 "
            "(8,192 products) · relu 64 · dense 1×64 (64 products)"
        )
        for instruction in program.instructions:
            assert all(at is None or at.index is None for at in operands_of(instruction))  # slices, no gathers

    @pytest.mark.parametrize("order", ["forwards", "backwards", "mixed"])
    def test_the_order_of_writing_does_not_matter(self, order):
        W = matrix("W", 4, 3)
        places = {"forwards": [0, 1, 2, 3], "backwards": [3, 2, 1, 0], "mixed": [2, 0, 3, 1]}[order]

        def f(x):
            made = {i: tanh(dot(W[i], x)) for i in places}
            return total([made[i] for i in range(4)])

        program = compiled(f, [0.0] * 3, parameters=flat(W))
        assert str(program.instructions) == "dense 4×3 (12 products) · tanh 4 · sum 1×4"

    def test_parameters_in_any_order(self):
        """What is listed out of order is gathered once; the numbers are the same."""
        W = matrix("W", 4, 3)
        parameters = flat(W)[::-1]
        program = compiled(lambda x: [dot(row, x) for row in W], [0.0] * 3, parameters=parameters)
        assert sum(isinstance(i, MatrixProduct) for i in program.instructions) == 1
        numbers = np.array([[v.data for v in row] for row in W])
        X = np.random.default_rng(0).normal(size=(5, 3))
        np.testing.assert_allclose(program(X), X @ numbers.T, rtol=1e-14, atol=1e-15)

    def test_layers_side_by_side(self):
        """Two layers that read the same inputs at the same depth are computed by one product."""
        A, B = matrix("A", 2, 3), matrix("B", 3, 3)
        program = compiled(lambda x: [dot(row, x) for row in A + B], [0.0] * 3, parameters=flat(A) + flat(B))
        assert str(program) == "dense 5×3 (15 products)"

    def test_one_layer_on_several_inputs_is_one_product(self):
        W = matrix("W", 2, 3)
        program = compiled(lambda xs: [dot(row, x) for x in xs for row in W], np.zeros((4, 3)), parameters=flat(W))
        products = [i for i in program.instructions if isinstance(i, MatrixProduct)]
        assert [(p.n, p.k, p.m) for p in products] == [(2, 3, 4)]

    @pytest.mark.parametrize("k", [4, 50])
    def test_sums_of_parameters_that_share_nothing_are_one_instruction(self, backend, k):
        """Such as the squared length of each row; of a single sum the terms are a matrix of one row."""
        random = np.random.default_rng(0).normal(size=(3, k))
        W = [[Value(number, parameter=True) for number in row] for row in random.tolist()]
        for rows, instruction in ((W, RowDots), (W[:1], MatrixProduct)):
            program = autograd.compile(
                lambda x, rows=rows: x * total([exp(dot(row, row) / k) for row in rows]), 1.0, parameters=flat(rows),
                backend=backend,
            )  # fmt: skip
            [sums] = [i for i in program.instructions if isinstance(i, MatrixProduct | RowDots)]
            assert isinstance(sums, instruction)
            due = np.exp((random[: len(rows)] ** 2).sum(axis=1) / k)
            value, gradient = program.value_and_grad([2.0, 3.0], reduce="sum")
            assert value == pytest.approx(5.0 * due.sum(), rel=1e-14)
            slopes = (10.0 / k * due[:, None] * random[: len(rows)]).ravel()
            np.testing.assert_allclose(gradient, slopes, rtol=1e-13)

    def test_weights_that_are_computed_are_computed_once(self):
        """What follows from parameters alone is no part of an example's work."""
        W = matrix("W", 2, 3)
        program = compiled(lambda x: [dot([exp(w) for w in row], x) for row in W], [0.0] * 3, parameters=flat(W))
        first, second = program.instructions
        assert isinstance(first, Map)
        assert (first.op.name, first.out.batched, first.out.count) == ("exp", False, 6)
        assert isinstance(second, MatrixProduct)


class TestConvolutions:
    def test_windows_with_shared_weights(self):
        w = [Value(0.1 * i, f"w[{i}]") for i in range(3)]
        program = compiled(lambda x: [dot(w, x[i : i + 3]) for i in range(6)], [0.0] * 8, parameters=w)
        [product] = [i for i in program.instructions if isinstance(i, MatrixProduct)]
        assert (product.n, product.k, product.m) == (1, 3, 6)
        X = np.random.default_rng(0).normal(size=(2, 8))
        due = [np.convolve(x, [0.2, 0.1, 0.0], "valid") for x in X]
        np.testing.assert_allclose(program(X), due, rtol=1e-14, atol=1e-15)

    def test_pictures(self):
        program = compiled(nn.Conv2d(2, 3, 3, padding=1, seed=0), np.zeros((2, 4, 4)))
        assert "convolution at 16 places 3×18 (864 products)" in str(program)


class TestRecurrences:
    def test_each_step_is_a_layer(self):
        program = compiled(nn.Elman(2, 3, seed=0), np.zeros((4, 2)))
        products = [i for i in program.instructions if isinstance(i, MatrixProduct)]
        assert [(p.n, p.m) for p in products] == [(3, 1)] * 4


class TestIrregular:
    def test_weighted_sums_that_share_nothing(self):
        w = [Value(float(i), f"w[{i}]") for i in range(4)]
        program = compiled(lambda x: [dot(w[:2], x[:2]), dot(w[2:], x[2:])], [0.0] * 4, parameters=w)
        assert [type(i) for i in program.instructions] == [RowDots]
        assert program([[1.0, 1.0, 1.0, 1.0]]).tolist() == [[1.0, 5.0]]

    def test_products_of_inputs(self):
        program = compiled(lambda x, y: dot(x, y), [0.0] * 3, [0.0] * 3)
        assert [type(i) for i in program.instructions] == [RowDots]
        assert program([[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]).tolist() == [32.0]

    def test_operations_of_the_same_depth_and_kind(self):
        program = compiled(lambda x: total([tanh(v) for v in x[:3]] + [square(v) for v in x[3:]]), [0.0] * 5)
        assert [(i.op.name, i.out.count) for i in program.instructions if isinstance(i, Map)][:2] == [
            ("tanh", 3), ("square", 2),
        ]  # fmt: skip
        assert isinstance(program.instructions[-1], Sum)

    def test_mixed_depths(self):
        """Operands may come from any depth before."""
        program = compiled(lambda x: maximum(tanh(tanh(x[0])), x[1]) * tanh(x[1]), [0.0, 0.0])
        assert program([[0.5, 0.1]]) == pytest.approx([np.tanh(np.tanh(0.5)) * np.tanh(0.1)])

    def test_the_total_of_nothing(self, backend):
        w = Value(2.0)
        program = autograd.compile(lambda x: x * w + total([]), 0.0, parameters=[w], backend=backend)
        assert program([1.0, 2.0]).tolist() == [2.0, 4.0]
        empty = autograd.compile(lambda x: total([]) + dot([], []) * x, 0.0, backend=backend)
        assert empty([1.0, 2.0]).tolist() == [0.0, 0.0]
        assert autograd.compile(lambda x: dot([], [], x) + 0.0, 0.0, backend=backend)([1.0, 2.0]).tolist() == [1.0, 2.0]


def test_a_number_has_one_row_however_often_it_is_read():
    layout = compiled(lambda x: exp(x) * 0.25, 0.5).execution.layout
    known = [layout.literal(number) for number in (0.25, 0.0)]
    rows = layout.shared_rows
    assert [layout.literal(number) for number in (0.25, 0.0, 0.0, -0.0, 7.5)] == [*known, known[1], rows, rows + 1]
    assert layout.shared_rows == rows + 2


def test_sums_that_differ_in_their_bias_alone_are_both_computed(backend):
    W = [[Value(3.0 * i + j + 1) for j in range(3)] for i in range(2)]
    b = [Value(0.0), Value(1.0)]

    def f(x, y):
        pairs = [(W[0], x, b[0]), (W[0], x, b[1]), (W[0], y, b[0]), (W[1], x, b[0])]
        return total([dot(w, v, bias) ** 2 for w, v, bias in pairs])

    program = autograd.compile(f, [0.0] * 3, [0.0] * 3, parameters=[*W[0], *W[1], *b], backend=backend)
    assert program([[1.0, 2.0, 3.0]], [[1.0, 1.0, 1.0]]) == [1481.0]


@pytest.mark.parametrize("function", [autograd.logsumexp, autograd.largest, autograd.prod, autograd.mean])
@pytest.mark.parametrize("n", [4, 9, 40])
def test_an_operation_of_many_operands_is_instructions_on_many_rows(backend, function, n):
    """Its slopes come from its own record, also where operands tie; lists of all lengths share their kernels."""
    w = Value(0.5, "w")
    rng = np.random.default_rng(n)
    X = rng.normal(size=(6, n))
    X[0, 1] = X[0, 0] = X[0].max() + 1.0  # a tie

    def f(xs):
        return function([*xs[:-1], xs[-1] * w]) + function([x * x for x in xs])

    program = autograd.compile(f, [0.0] * n, parameters=[w], backend=backend, verify=True)
    values, [slopes] = program.value_and_grad(X, reduce="none", wrt="inputs")
    for row, value, slope in zip(X, values, slopes, strict=True):
        leaves = [Value(x) for x in row]
        y = f(leaves)
        np.testing.assert_allclose(value, y.data, rtol=1e-13)
        np.testing.assert_allclose(slope, autograd.gradients(y, leaves), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(program(X), values, rtol=1e-13)
    due = [autograd.gradients(f([Value(x) for x in row]), [w])[0] for row in X]
    np.testing.assert_allclose(program.gradients(X)[:, 0], due, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("k", [3, 4, 7])
def test_nothing_flows_from_a_zero_adjoint_into_many_operands(backend, k):
    """The slopes of a norm at 0 are 0/0; where the norm is not taken, nothing comes of them."""
    norm = Op("norm", lambda *xs: sqrt(total([x * x for x in xs])), lambda out, xs: [x / out for x in xs], pack=tuple)

    def f(x, y):
        return where(x > 1.0, norm([x] * (k - 1) + [y]), 0.0) + y

    program = autograd.compile(f, 1.0, 2.0, backend=backend, verify=True)
    for given in (([0.0], [0.0]), ([0.0, 3.0], [0.0, 4.0])):
        by_x, by_y = program.value_and_grad(*given, wrt="inputs", reduce="sum")[1]
        for x, y, slope_x, slope_y in zip(*given, by_x, by_y, strict=True):
            leaves = [Value(x), Value(y)]
            assert autograd.gradients(f(*leaves), leaves) == pytest.approx([slope_x, slope_y], rel=1e-14)
