"""Value: every operation both ways round, with every kind of number, and what is refused."""

import gc
import math
import numbers
import operator
import statistics
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    CATALOGUE,
    ControlFlowError,
    DetachedNumberError,
    DomainError,
    InteriorDataError,
    OperandTypeError,
    ParameterAssignmentError,
    Value,
    grad,
    gradients,
    no_grad,
    scope,
)

BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
#: The slopes of each by a and by b.
SLOPES = {
    "+": lambda a, b: (1.0, 1.0),
    "-": lambda a, b: (1.0, -1.0),
    "*": lambda a, b: (b, a),
    "/": lambda a, b: (1 / b, -a / b**2),
    "**": lambda a, b: (b * a ** (b - 1), a**b * math.log(a)),
}
NUMBERS = [3, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(3), np.uint8(3), np.bool_(True), np.array(2.5)]


class TestOperators:
    @pytest.mark.parametrize("symbol", BINARY)
    @pytest.mark.parametrize("other", NUMBERS, ids=lambda n: f"{type(n).__name__}({n})")
    def test_both_ways_round(self, symbol, other):
        f, x = BINARY[symbol], Value(0.75, name="x")
        for out, due, slot in ((f(x, other), f(0.75, float(other)), 0), (f(other, x), f(float(other), 0.75), 1)):
            assert type(out) is Value
            assert out.data == due
            assert out.operands[slot] is x
            assert out.operands[1 - slot] == float(other)
            assert type(out.operands[1 - slot]) is float
            assert out.slopes[1 - slot] is None
            due = SLOPES[symbol](*map(float, (x, other) if slot == 0 else (other, x)))
            assert out.slopes[slot] == pytest.approx(due[slot], rel=1e-15)

    @pytest.mark.parametrize("symbol", BINARY)
    def test_two_values(self, symbol):
        x, y = Value(0.75), Value(1.5)
        out = BINARY[symbol](x, y)
        assert out.data == BINARY[symbol](0.75, 1.5)
        assert out.operands == (x, y)
        assert out.slopes == pytest.approx(SLOPES[symbol](0.75, 1.5), rel=1e-15)
        assert len(out.edges) == 2

    def test_the_same_operand_twice_has_two_edges(self):
        x = Value(3.0)
        for f in BINARY.values():
            assert len(f(x, x).edges) == 2
        assert gradients(x * x * x, [x]) == [27.0]
        assert gradients(x / x, [x]) == [0.0]
        assert gradients(x**x, [x]) == [27.0 * (1.0 + math.log(3.0))]

    def test_unary(self):
        x = Value(-2.0)
        assert (-x).data == 2.0
        assert +x is x
        assert abs(x).data == 2.0
        assert abs(x).op is autograd.abs

    @pytest.mark.parametrize(
        ("power", "due", "slope"),
        [
            (lambda x: x**2, 9.0, 6.0), (lambda x: x**2.0, 9.0, 6.0), (lambda x: x**0, 1.0, 0.0),
            (lambda x: x**-1, 1 / 3, -1 / 9), (lambda x: x**0.5, math.sqrt(3), 0.5 / math.sqrt(3)),
            (lambda x: 2**x, 8.0, 8.0 * math.log(2.0)), (lambda x: 0**x, 0.0, 0.0), (lambda x: 1**x, 1.0, 0.0),
            (lambda x: x**x, 27.0, 27.0 * (1 + math.log(3.0))), (lambda x: x ** Value(2.0), 9.0, 6.0),
            (lambda x: pow(x, 2), 9.0, 6.0), (lambda x: autograd.pow(x, np.int64(2)), 9.0, 6.0),
            (lambda x: np.float64(2.0) ** x, 8.0, 8.0 * math.log(2.0)), (lambda x: x.pow(2), 9.0, 6.0),
            (lambda x: np.power(x, 2), 9.0, 6.0), (lambda x: np.float_power(2.0, x), 8.0, 8.0 * math.log(2.0)),
            (lambda x: (-x) ** 3, -27.0, -27.0), (lambda x: (-x) ** -2, 1 / 9, -2 / 27),
        ],
    )  # fmt: skip
    def test_powers(self, power, due, slope):
        x = Value(3.0)
        assert power(x).data == pytest.approx(due, rel=1e-15)
        assert gradients(power(x), [x]) == [pytest.approx(slope, rel=1e-14)]

    def test_a_power_with_a_modulus_is_refused(self):
        with pytest.raises(TypeError):
            pow(Value(3.0), 2, 5)

    def test_sum_leaves_no_node_for_its_zero(self):
        xs = [Value(1.0), Value(2.0), Value(3.0)]
        assert sum(xs).data == 6.0
        assert len(sum(xs).graph()) == 5
        assert sum([xs[0]]) is xs[0]
        assert (0.0 + xs[0]).op is autograd.add
        assert sum(xs, 10.0).data == 16.0

    def test_in_place_operators_make_new_values(self):
        x = Value(3.0)
        for symbol, due in (("+=", 5.0), ("-=", 1.0), ("*=", 6.0), ("/=", 1.5), ("**=", 9.0)):
            names = {"y": x}
            exec(f"y {symbol} 2", names)
            assert names["y"].data == due
            assert names["y"].operands == (x, 2.0)
        assert x.data == 3.0


class TestFunctionsAndMethods:
    @pytest.mark.parametrize(
        "op", [op for op in CATALOGUE if not op.nary and op.operands[0] in ("x", "y")], ids=lambda op: op.name
    )
    def test_a_method_and_a_function(self, op):
        x, others = Value(1.25), (0.5,) * (len(op.slopes) - 1)
        if op.domain[0].high <= 1.25:
            x = Value(0.25)
        method = getattr(x, op.name)(*others)
        assert method.graph() == op(x, *others).graph()
        assert method.op is op
        assert method.data == op(x.data, *others)

    def test_where_is_a_function_only(self):
        assert not hasattr(Value, "where")

    NUMPY = {
        "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
        "sqrt": np.sqrt, "cbrt": np.cbrt, "square": np.square, "reciprocal": np.reciprocal, "sin": np.sin,
        "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh,
        "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "atanh": np.arctanh, "abs": np.abs, "neg": np.negative,
        "sign": np.sign,
    }  # fmt: skip

    @pytest.mark.parametrize("name", NUMPY)
    def test_numpy_s_functions(self, name):
        x = Value(0.5)
        out = self.NUMPY[name](x)
        assert type(out) is Value
        assert out.op is getattr(autograd, name)
        assert out.operands == (x,)
        assert out.data == pytest.approx(float(self.NUMPY[name](0.5)), rel=1e-15)

    def test_numpy_s_functions_of_two(self):
        x = Value(2.0)
        assert np.arccosh(x).op is autograd.acosh
        for ufunc, op in (
            (np.add, autograd.add), (np.subtract, autograd.sub), (np.multiply, autograd.mul),
            (np.divide, autograd.truediv), (np.hypot, autograd.hypot), (np.arctan2, autograd.atan2),
            (np.maximum, autograd.maximum), (np.minimum, autograd.minimum), (np.fabs, autograd.abs),
        ):  # fmt: skip
            operands = (x,) if op is autograd.abs else (np.float64(3.0), x)
            assert ufunc(*operands).op is op
            assert ufunc(*operands).data == float(ufunc(*map(float, operands)))

    @pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.min, np.mean])
    def test_numpy_s_sums_and_choices_of_one_value(self, function):
        assert autograd.grad(lambda x: function(x) * x)(2.0) == 4.0
        assert function(Value(2.0)).data == function(2.0)

    @pytest.mark.parametrize(
        "options", [{"initial": 0}, {"initial": -3.0}, {"axis": 0}, {"where": False, "initial": 7}]
    )
    @pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.min])
    @pytest.mark.parametrize("number", [-2.0, 2.0])
    def test_options_of_numpy_s_sums_of_one_value(self, function, options, number):
        value, slope = autograd.value_and_grad(lambda x: function(x, **options))(number)
        assert value == function(number, **options)
        step = 2.0**-20
        assert slope == (function(number + step, **options) - function(number - step, **options)) / (2.0 * step)

    def test_numpy_functions_that_are_no_operation(self):
        x = Value(2.0)
        for call in (lambda: np.modf(x), lambda: np.spacing(x)):
            with pytest.raises(
                OperandTypeError, match=r"^numpy\.\w+ is not an operation of autograd: write float\(v\)"
            ):
                call()
        with pytest.raises(OperandTypeError) as raised:
            np.copysign(x, 1.0)
        assert str(raised.value) == (
            "numpy.copysign is not an operation of autograd: write float(v) for the bare number, or define an Op."
        )
        with pytest.raises(OperandTypeError) as raised:
            np.exp(x, where=True, dtype=float)
        assert str(raised.value) == (
            "numpy.exp with where=, dtype= does not work on one Value: write numpy.exp(v) alone."
        )


class TestOperandsThatAreRefused:
    @pytest.mark.parametrize("symbol", BINARY)
    @pytest.mark.parametrize("other", ["a", "2", 1j, None, [1.0], (1.0,), {}, object(), np.complex64(1), b"1"])
    def test_no_number(self, symbol, other):
        x = Value(0.5)
        for operands in ((x, other), (other, x)):
            with pytest.raises(TypeError):
                BINARY[symbol](*operands)

    @pytest.mark.parametrize("array", [np.ones(3), np.array([2, 1]), np.array([1.0]), np.ones((2, 2))])
    @pytest.mark.parametrize("symbol", BINARY)
    def test_arrays_broadcast(self, symbol, array):
        x = Value(0.5)
        for operands in ((x, array), (array, x)):
            found = BINARY[symbol](*operands)
            due = BINARY[symbol](*(part.data if part is x else part.astype(float) for part in operands))
            assert found.dtype == object
            assert all(isinstance(v, Value) for v in found.flat)
            np.testing.assert_array_equal(found.astype(float), due)

    @pytest.mark.parametrize("data", ["a", "2.0", 1j, None, np.ones(3), np.array([True]), [1.0], Value(1.0), object()])
    def test_data(self, data):
        with pytest.raises(OperandTypeError, match=r"^Value works on real numbers, not on "):
            Value(data)

    def test_data_sentences(self):
        for data, sentence in (
            ("a", "Value works on real numbers, not on a str. Names go into Value(number, name=…)."),
            (
                Value(1.0),
                "Value works on real numbers, not on a Value. Write v.detach() for a new leaf of v's number.",
            ),
        ):
            with pytest.raises(OperandTypeError) as raised:
                Value(data)
            assert str(raised.value) == sentence
        with pytest.raises(OperandTypeError) as raised:
            Value(1.0, name=3)
        assert str(raised.value) == "A Value's name must be a str, not int: write name='3'."

    def test_functions_refuse_them_too(self):
        x = Value(0.5)
        for call in (
            lambda: autograd.tanh("a"), lambda: autograd.maximum(x, None), lambda: autograd.dot([x], ["1"]),
            lambda: autograd.total([x, 1j]), lambda: autograd.where(x > 0, x, "a"), lambda: x.hypot([1.0]),
            lambda: autograd.leaky_relu(x, "0.1"), lambda: autograd.maximum(np.array([1j]), x),
        ):  # fmt: skip
            with pytest.raises(OperandTypeError):
                call()


class TestConversions:
    def test_item_is_the_number(self):
        assert Value(2.5).item() == 2.5
        assert type((Value(2.0) * 3).item()) is float
        with pytest.raises(DetachedNumberError, match=r"float\(\)"):
            grad(lambda x: x.item() * x)(2.0)

    def test_float_bool_format(self):
        x = Value(0.25, name="x")
        assert float(x) == 0.25
        assert bool(x)
        assert not Value(0.0)
        assert f"{x:.3f}" == "0.250"
        assert f"{x}" == repr(x) == "Value(0.25, name='x')"

    def test_repr(self):
        x = Value(2.0)
        y = x * x
        assert repr(y) == "Value(4.0, op=mul)"
        y.backward()
        y.name = "y"
        assert repr(y) == "Value(4.0, name='y', op=mul, grad=1.0)"
        assert repr(x) == "Value(2.0, grad=4.0)"
        assert repr(Value(1, requires_grad=False)) == "Value(1.0, requires_grad=False)"
        assert y.describe() == "y = 4"
        assert (x * 3.0).describe() == "mul = 6"
        assert x.describe() == "2"

    def test_iteration(self):
        for use in (iter, list, sum, lambda v: [*v]):
            with pytest.raises(OperandTypeError):
                use(Value(1.0))
        with pytest.raises(OperandTypeError) as raised:
            iter(Value(1.0))
        assert str(raised.value) == "A Value is one number and cannot be iterated over: make a list of Values."

    @pytest.mark.parametrize(
        "multiply", [lambda v: v @ v, lambda v: v @ [1.0], lambda v: [1.0] @ v, lambda v: 2.0 @ v, lambda v: v @ (v,)]
    )
    def test_it_is_no_matrix(self, multiply):
        with pytest.raises(OperandTypeError, match=r"a Value is one number: write v \* w or dot\.$"):
            multiply(Value(2.0))

    def test_what_knows_at_by_itself_still_does(self):
        class Operator:
            def __rmatmul__(self, other):
                return "mine"

            __matmul__ = __rmatmul__

        assert Value(2.0) @ Operator() == Operator() @ Value(2.0) == "mine"

    def test_it_becomes_no_fraction(self):
        with pytest.raises(OperandTypeError, match=r"^A fraction has no place for the graph of v = 2: write autograd"):
            statistics.mean([Value(2.0, name="v"), 3.0])

    def test_array(self, line_of):
        v, w = Value(1.0, name="v"), Value(2.0)
        for array in (np.array([v, w]), np.array([v, w], dtype=object), np.asarray([v, w]), np.stack([v, w])):
            assert array.dtype == object
            assert array[0] is v
            assert array[1] is w
        assert np.array(v)[()] is v
        with pytest.raises(OperandTypeError) as raised:
            np.array([v, w], dtype=float)
        assert str(raised.value) == (
            f"An array of float64 has no place for the graph of v = 1, {line_of(raised)} (`np.array([v, w], "
            "dtype=float)`). Write numpy.array(values) for an array of Values, or numpy.array([v.data for v in "
            "values]) for their numbers."
        )

    def test_a_value_cannot_be_subclassed(self):
        with pytest.raises(TypeError) as raised:
            type("Other", (Value,), {})
        assert str(raised.value) == (
            "Value cannot be subclassed: an operation would give a Value. Keep a Value as an attribute."
        )


class TestComparisons:
    @pytest.mark.parametrize("other", [2, 2.0, np.float64(2.0), np.float32(2.0), np.int64(2), Value(2.0)])
    def test_order_is_that_of_the_numbers(self, other):
        one, three = Value(1.0), Value(3.0)
        for result in (
            one < other,
            one <= other,
            other > one,
            other >= one,
            three > other,
            three >= other,
            other < three,
        ):
            assert result is True
        for result in (one > other, one >= other, other < one, other <= one):
            assert result is False
        assert Value(2.0) <= other
        assert not Value(2.0) < other
        assert max([one, three]) is three
        assert sorted([three, one]) == [one, three]

    @pytest.mark.parametrize(
        ("whole", "near"),
        [(10**400, math.inf), (-(10**400), -math.inf), (2**53, 2.0**53), (2**53 + 1, 2.0**53)],
        ids=["huge", "least", "even", "odd"],
    )
    @pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
    def test_whole_numbers_of_any_size_compare_as_floats(self, whole, near, compare):
        x = 2.0**53
        assert compare(Value(x), whole) == compare(x, near)
        assert compare(whole, Value(x)) == compare(near, x)
        program = autograd.compile(lambda x: autograd.where(compare(x, whole), 1.0, 0.0), backend="numpy")
        assert program(x) == compare(x, near)

    def test_equality_compares_numbers_and_the_hash_is_the_objects(self):
        x, y = Value(2.0), Value(2.0)
        assert x == y
        assert x != Value(3.0)
        assert len({x, y}) == 2
        assert {x: 1, y: 2}[x] == 1
        for other in (2.0, 2, np.float64(2.0), np.float32(2.0), np.int64(2)):
            assert (x == other) is (other == x) is True
            assert (x != other) is (other != x) is False
        assert x in (1.0, 2.0)
        assert Value(math.nan) != Value(math.nan)
        for other in ("2.0", None, [2.0], object()):
            assert (x == other) is False
            assert (x != other) is True

    def test_nan(self):
        nan = Value(math.nan)
        assert not nan < 1.0
        assert not nan >= 1.0

    @pytest.mark.parametrize("other", ["a", None, 1j, [1.0]])
    def test_what_is_refused(self, other):
        for compare in (lambda: Value(1.0) < other, lambda: other >= Value(1.0)):
            with pytest.raises(TypeError):
                compare()

    def test_arrays_compare_entry_by_entry(self):
        for found in (Value(1.0) < np.array([0.0, 2.0]), np.array([2.0, 0.0]) < Value(1.0)):
            assert found.tolist() == [False, True]
        assert (np.array([Value(1.0), Value(2.0)]) == 1.0).tolist() == [True, False]


class TestLeaves:
    def test_properties(self):
        x = Value(2, name="x")
        assert (x.data, x.grad, x.op, x.operands, x.slopes, x.edges, x.name) == (2.0, None, None, (), (), (), "x")
        assert (x.is_leaf, x.is_parameter, x.requires_grad, x.scope) == (True, False, True, None)
        x.data, x.name = np.float32(0.5), "y"
        assert (x.data, x.name) == (0.5, "y")
        x.name = None
        assert x.name is None

    def test_data_of_a_leaf_only(self):
        x = Value(2.0, name="x")
        y = x * x
        with pytest.raises(InteriorDataError) as raised:
            y.data = 3.0
        assert str(raised.value) == (
            "data of mul = 4 cannot be assigned: mul computed it from its operands. Assign the leaves and compute "
            "again, or make a new leaf with Value(number)."
        )
        with pytest.raises(InteriorDataError) as raised:
            y.requires_grad = False
        assert str(raised.value) == (
            "requires_grad of mul = 4 cannot be assigned: it is not a leaf. Use detach() to cut the graph here."
        )
        with pytest.raises(OperandTypeError, match=r"^Value\.data works on real numbers, not on a str"):
            x.data = "3"
        x.data = y
        assert x.data == 4.0
        assert type(x.data) is float

    def test_slopes_stay_after_a_leaf_has_changed(self):
        x = Value(2.0)
        y = x * x * x
        x.data = 100.0
        y.backward()
        assert x.grad == 12.0

    def test_grad_may_be_assigned(self):
        x = Value(2.0)
        x.grad = np.float32(1.5)
        (x * 3.0).backward()
        assert x.grad == 4.5
        x.grad = None
        assert x.grad is None
        with pytest.raises(OperandTypeError) as raised:
            x.grad = "a"
        assert str(raised.value) == (
            "Value.grad works on real numbers, not on a str. Give a number. None clears a gradient."
        )

    def test_frozen(self):
        x, w = Value(2.0, requires_grad=False), Value(3.0)
        y = x * w
        y.backward()
        assert (x.grad, w.grad) == (None, 2.0)
        x.requires_grad = True
        y.backward()
        assert (x.grad, w.grad) == (3.0, 4.0)
        x.requires_grad = False
        assert not x.requires_grad

    def test_detach(self):
        x = Value(2.0, name="x")
        y = x * x
        cut = y.detach()
        assert (cut.data, cut.is_leaf, cut.requires_grad) == (4.0, True, False)
        assert x.detach().name == "x"
        assert gradients(x * cut, [x]) == [4.0]

    @pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
    def test_a_parameter_is_not_changed_in_place(self, symbol, line_of):
        w = Value(1.0, name="W1[0][1]", parameter=True)
        assert w.is_parameter
        with pytest.raises(ParameterAssignmentError) as raised:
            exec(f"w {symbol}= 0.1", {"w": w})
        assert str(raised.value) == (
            f"W1[0][1] {symbol}= … would make a new Value and leave the model's parameter W1[0][1] as it was, in "
            f"<string>:1. Write W1[0][1].data {symbol}= …, or let an optimiser step."
        )
        assert w.data == 1.0
        w.data -= 0.5
        assert w.data == 0.5
        assert (w * 2.0).is_parameter is False
        with pytest.raises(ParameterAssignmentError) as raised:
            w += 1.0
        assert f"{line_of(raised)} (`w += 1.0`)" in str(raised.value)

    def test_no_other_attributes(self):
        with pytest.raises(AttributeError):
            Value(1.0).colour = "red"
        with pytest.raises(AttributeError):
            Value(1.0).slopes = ()
        with pytest.raises(AttributeError):
            Value(1.0).color  # noqa: B018
        assert getattr(Value(1.0), "ndim", 0) == 0


class TestNoGrad:
    def test_records_nothing(self):
        x = Value(2.0)
        with no_grad():
            for y in (x * x, x.tanh(), autograd.dot([x], [x]), 2.0**x, autograd.where(x > 0, x, 0.0), sum([x, x])):
                assert y.is_leaf
                assert not y.requires_grad
            assert Value(1.0).requires_grad
        assert (x * x).op is autograd.mul

    def test_nests_and_decorates(self):
        x = Value(2.0)

        @no_grad()
        def f(depth):
            return f(depth - 1) if depth else x * x

        with no_grad():
            with no_grad():
                pass
            assert (x * x).is_leaf
        assert f(3).is_leaf
        assert not (x * x).is_leaf

    def test_ends_with_an_error(self):
        x = Value(0.0)
        with pytest.raises(DomainError), no_grad():
            autograd.log(x)
        assert not (x * x).is_leaf

    def test_is_a_matter_of_one_thread(self):
        x, found = Value(2.0), []
        inside, done = threading.Event(), threading.Event()

        def other():
            inside.wait(10)
            found.append((x * x).is_leaf)
            done.set()

        thread = threading.Thread(target=other)
        thread.start()
        with no_grad():
            inside.set()
            assert done.wait(10)
            assert (x * x).is_leaf
        thread.join()
        assert found == [False]
        assert not (x * x).is_leaf


class TestScope:
    def test_labels_what_is_made_inside(self):
        x = Value(1.0)
        with scope("outer"):
            y = x * 2.0
            with scope("inner"):
                z, leaf = autograd.total([x, y]), Value(1.0)
            again = x + 1.0
        assert [v.scope for v in (x, y, z, leaf, again, x * x)] == [
            None, "outer", "outer/inner", "outer/inner", "outer", None,
        ]  # fmt: skip

    def test_decorates_and_ends_with_an_error(self):
        @scope("f")
        def f(depth):
            return f(depth - 1) if depth else Value(1.0).scope

        assert f(2) == "f/f/f"
        with pytest.raises(ZeroDivisionError), scope("g"):
            _ = Value(1.0) / 0.0
        assert Value(1.0).scope is None


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=20))
def test_dot_is_one_node(numbers):
    ws, xs, bias = [Value(n) for n in numbers], [Value(n + 1.0) for n in numbers], Value(0.5)
    s = autograd.dot(ws, xs, bias)
    assert len(s.graph()) == 2 * len(numbers) + 2
    assert s.data == pytest.approx(sum(w.data * x.data for w, x in zip(ws, xs, strict=True)) + 0.5, abs=1e-12)
    # Lecture L1.3: ∂s/∂w_i = x_i, ∂s/∂x_i = w_i.
    assert gradients(s, [*ws, *xs, bias]) == [x.data for x in xs] + [w.data for w in ws] + [1.0]


def test_recording_and_sweeping_make_no_cycles():
    gc.collect()
    gc.disable()
    try:
        x = Value(0.5)
        for _ in range(3):
            y = autograd.tanh(autograd.dot([x, x], [x, 2.0], 1.0)) * x + autograd.where(x > 0, x, 0.0) ** 2
            y.backward()
            gradients(y, [x])
            autograd.hessian(lambda v: autograd.exp(v[0] * v[1]))([0.5, 1.0])
            with no_grad():
                y = y * y
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_value_is_a_real_number_to_who_asks():
    x = Value(2.0)
    assert isinstance(x, numbers.Real)
    assert np.isscalar(x)
    assert x.real is x
    assert x.imag == 0.0
    assert x == pytest.approx(2.0 + 1e-9)
    assert x != pytest.approx(2.1)
    assert [x, x] == pytest.approx([2.0, 2.0])
    assert np.array([x, x]) == pytest.approx(np.array([2.0, 2.0]))
    with pytest.raises(ControlFlowError):
        autograd.compile(lambda x: x if x == pytest.approx(2.0) else 3 * x, 2.0)


def test_a_gradient_that_is_read_while_compiling_would_be_frozen():
    w = Value(1.0, "w", parameter=True)
    (3 * w).backward()
    with pytest.raises(ControlFlowError, match="takes the number out of w = 1 with grad, in test_value"):
        autograd.compile(lambda x: x * w * w.grad, 1.0, parameters=[w])
    w.grad = None
    assert autograd.compile(lambda x: x * w * (2.0 if w.grad is None else 3.0), 1.0, parameters=[w])(1.0) == 2.0


@pytest.mark.parametrize("name", ["draw", "show", "plot", "save"])
def test_what_a_value_is_asked_for_that_is_to_be_seen(name):
    with pytest.raises(AttributeError) as raised:
        getattr(Value(1.0), name)
    assert str(raised.value) == (
        f"A Value has no {name!r}: v.graph().save('v.svg') draws its graph, print(v.tree()) shows it here, v.explore() "
        "steps through it."
    )
