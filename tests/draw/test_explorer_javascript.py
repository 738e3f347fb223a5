"""JavaScript from the operations' own rules: every operation, every rule, nothing written twice."""

import math
import re

import pytest

from autograd import CATALOGUE, Op, Symbol, cos, exp, largest, log, ops, prod, sigmoid
from autograd.draw.explorer.javascript import PRIMITIVES, expression, key_of, table
from autograd.draw.explorer.page import asset


def names(*letters):
    return [Symbol(letter) for letter in letters]


def test_every_operation_of_the_catalogue_is_written():
    code, missing = table([(op, 4 if op.nary else len(op.slopes)) for op in CATALOGUE], {})
    assert missing == set()
    for op in CATALOGUE:
        key = key_of(op, 4 if op.nary else len(op.slopes), {})
        assert f'S["{key}"] = ' in code
        assert (op.name in PRIMITIVES) or f'F["{key}"] = ' in code


def test_the_primitives_are_those_of_the_page_and_have_no_slopes():
    source = asset("primitives.js")
    written = set(re.findall(r"^F\.(\w+) =", source, re.MULTILINE))
    written |= set(re.findall(r'"(\w+)"', source[source.index("for (const name of [") : source.index("]) F[name]")]))
    assert written == PRIMITIVES
    assert "S." not in source
    assert "S[" not in source
    assert {op.name for op in (*CATALOGUE, ops.choose)} >= PRIMITIVES


@pytest.mark.parametrize("op", [op for op in CATALOGUE if op.name not in PRIMITIVES], ids=lambda op: op.name)
def test_whatever_symbols_can_read_is_no_primitive(op):
    assert op.generic


def test_the_sigmoid_reads_as_in_the_catalogue():
    code, _ = table([(sigmoid, 1)], {})
    assert code.splitlines()[:2] == [
        'F["sigmoid"] = (x0) => F.exp(F.minimum(x0, 0.0)) / (1.0 + F.exp(-F.abs(x0)));',
        'S["sigmoid"] = (out, x0) => [out * (1.0 - out)];',
    ]


def test_parentheses_keep_pythons_order():
    x, y, z = names("x", "y", "z")
    for symbol in (
        x - (y - z), (x - y) - z, x / (y * z), x / y * z, -(x + y), -x * y, x * (-y), x - (-2.0), 2.0 * (x + 1.0),
        -(y - x), (x + y) + z, x + (y + z), x * (y * z), x / (y / z), (-x) / y, 3.0 - x * y,
    ):  # fmt: skip
        code = expression(symbol)
        assert eval(code, {}, {"x": 0.1, "y": 0.7, "z": -0.3}) == eval_symbol(symbol), code


def eval_symbol(symbol, at={"x": 0.1, "y": 0.7, "z": -0.3}):  # noqa: B006
    if not isinstance(symbol, Symbol):
        return symbol
    if symbol.op is None:
        return at[symbol.name]
    return symbol.op(*map(eval_symbol, symbol.operands))


def test_calls_numbers_and_infinities():
    x, y = names("x", "y")
    assert expression(exp(-x) ** y) == "F.pow(F.exp(-x), y)"
    assert expression(x * 1e-300 + math.inf) == "x * 1e-300 + Infinity"
    assert expression(math.nan) == "NaN"
    assert expression(cos(x) - -0.5) == "F.cos(x) - (-0.5)"


def test_what_is_shared_is_computed_once():
    code, _ = table([(largest, 40)], {})
    slopes = next(line for line in code.splitlines() if line.startswith("S"))
    assert slopes.count("F.equal(") == 40
    code, _ = table([(prod, 60)], {})
    assert len(code) < 10_000


def test_operations_of_ones_own_are_told_apart():
    first = Op("sigmoid", lambda x: x * x, [lambda out, x: 2 * x])
    second = Op("sigmoid", lambda x: math.floor(x), [lambda out, x: 0.0])
    own = {}
    code, missing = table([(sigmoid, 1), (first, 1), (second, 1)], own)
    assert 'F["sigmoid.1/1"] = (x0) => x0 * x0;' in code
    assert missing == {"sigmoid.2/1"}
    assert list(own.values()) == ["1", "2"]


def test_operations_that_a_rule_calls_come_along():
    rises = Op("rises", lambda x: log(sigmoid(x)), [lambda out, x: 1.0 - sigmoid(x)])
    code, missing = table([(rises, 1)], {})
    assert missing == set()
    assert 'F["rises.1/1"] = (x0) => F.log(F["sigmoid"](x0));' in code
    assert 'F["sigmoid"] = ' in code
