"""What the backends read from the records: statements, forms for arrays, and slopes that may be singular."""

import math

import pytest
from test_edge_values import POWERS, ROWS

import autograd
from autograd import CATALOGUE, CompileError, Op, Symbol, ops
from autograd.compiler.formulas import (
    Operand,
    Statement,
    check_weighted_sums,
    forward_formula,
    may_be_singular,
    slope_formulas,
    statements,
)

X, Y = Symbol("x"), Symbol("y")


def always(op):
    return True


class TestStatements:
    def test_operands_come_first_and_shared_parts_once(self):
        product = X * Y
        listed, found = statements([product + ops.exp(product), product], always)
        assert [s.op.name for s in listed] == ["mul", "exp", "add"]
        assert listed[0].operands == (Operand(-1, "x"), Operand(-1, "y"))
        assert listed[2].operands == (Operand(0, ""), Operand(1, ""))
        assert found == [Operand(2, ""), Operand(0, "")]

    def test_equal_parts_written_twice(self):
        listed, _ = statements([ops.exp(X * 2.0) + ops.exp(X * 2.0)], always)
        assert [s.op.name for s in listed] == ["mul", "exp", "add"]

    def test_zero_is_not_minus_zero(self):
        listed, _ = statements([ops.maximum(X, 0.0) + ops.maximum(X, -0.0)], always)
        assert [s.op.name for s in listed] == ["maximum", "maximum", "add"]

    def test_numbers_and_letters(self):
        assert statements([1.0, X, 2], always) == ([], [1.0, Operand(-1, "x"), 2.0])

    def test_what_is_no_primitive_is_written_out(self):
        listed, _ = statements([ops.sigmoid(X)], lambda op: op is not ops.sigmoid)
        assert "sigmoid" not in [s.op.name for s in listed]
        assert len(listed) > 1

    def test_an_operation_of_ones_own_is_written_out(self):
        cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
        symbol = Symbol("cube")
        symbol.op, symbol.operands = cube, (X,)
        listed, [found] = statements([symbol], lambda op: op is ops.mul)
        x = Operand(-1, "x")
        assert listed == [Statement(ops.mul, (x, x)), Statement(ops.mul, (Operand(0, ""), x))]
        assert found == Operand(1, "")

    def test_an_operation_without_a_form_for_arrays(self):
        opaque = Op("opaque", math.gamma, [lambda out, x: out])
        symbol = Symbol("opaque")
        symbol.op, symbol.operands = opaque, (X,)
        with pytest.raises(CompileError) as raised:
            statements([symbol], lambda op: False)
        assert str(raised.value) == "Operation 'opaque' has no form for arrays: give its Op an array=."

    def test_a_long_formula_is_read_without_recursion(self):
        formula = X
        for _ in range(5_000):
            formula = formula * Y
        assert len(statements([formula], always)[0]) == 5_000


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_every_record_can_be_read(op):
    count = 3 if op.nary else len(op.slopes)
    letters = [Symbol(f"x{i}") for i in range(count)]
    assert isinstance(forward_formula(op, letters), Symbol)
    for place in range(count):
        wanted = [i == place for i in range(count)]
        slopes = slope_formulas(op, Symbol("out"), letters, wanted)
        assert [slope is not None for slope in slopes] == wanted


class TestSingularSlopes:
    @pytest.mark.parametrize("op", [ops.sqrt, ops.log, ops.truediv, ops.pow, ops.asin, ops.acosh, ops.cbrt])
    def test_those_that_divide(self, op):
        letters = [Symbol("x"), Symbol("y")][: len(op.slopes)]
        assert may_be_singular(op, slope_formulas(op, Symbol("out"), letters, [True, False][: len(letters)])[0])

    @pytest.mark.parametrize(
        "op", [ops.tanh, ops.exp, ops.sigmoid, ops.sin, ops.square, ops.relu, ops.maximum, ops.mul]
    )
    def test_those_that_do_not(self, op):
        letters = [Symbol("x"), Symbol("y")][: len(op.slopes)]
        assert not may_be_singular(op, slope_formulas(op, Symbol("out"), letters, [True, False][: len(letters)])[0])

    def test_divisors(self):
        assert not may_be_singular(ops.mul, X / 2.0)
        assert may_be_singular(ops.mul, X / 0.0)
        assert may_be_singular(ops.mul, 2.0 / X)
        assert not may_be_singular(ops.mul, 1.0)

    def test_operations_of_ones_own_may_be(self):
        mine = Op("mine", lambda x: x * x, [lambda out, x: 2 * x])
        symbol = Symbol("mine")
        symbol.op, symbol.operands = mine, (X,)
        assert may_be_singular(mine, symbol)

    def test_a_table_of_edge_values_has_no_other(self):
        """Wherever a slope is infinite or NaN at finite operands with a finite result, its formula is said to be so."""
        checked = 0
        for name, operands, due in (row.values for row in [*ROWS, *POWERS]):
            if isinstance(due[0], type) or not all(map(math.isfinite, (*operands, due[0]))):
                continue  # −out² of a reciprocal overflows where it is not singular
            op = next(op for op in CATALOGUE if op.name == name)
            letters = [Symbol(f"x{i}") for i in range(len(operands))]
            formulas = slope_formulas(op, Symbol("out"), letters, [True] * len(letters))
            for formula, slope in zip(formulas, due[1:], strict=True):
                if not math.isfinite(slope):
                    checked += 1
                    assert may_be_singular(op, formula), (name, operands)
        assert checked > 10


class TestWeightedSums:
    def test_the_records_are_what_products_compute(self):
        check_weighted_sums()

    def test_other_records_are_refused(self, monkeypatch):
        doubled = Op("dot", lambda *xs: 2.0 * sum(xs), lambda out, xs: [2.0 for x in xs])
        for name, sentence in (
            ("dot", "The record of dot is not that of a weighted sum: matrix products would compute another."),
            ("total", "The record of total is not that of a sum."),
        ):
            with monkeypatch.context() as patch:
                patch.setattr("autograd.compiler.formulas.ops." + name, doubled)
                with pytest.raises(CompileError) as raised:
                    autograd.compile(lambda x: x, 0.0)
                assert str(raised.value) == sentence
