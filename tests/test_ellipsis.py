"""What is written of long sums and calls: dots stand for terms that differ in names and numbers, and for no others."""

import pytest

from autograd import Value, explain
from autograd.ellipsis import shorten
from autograd.ops import exp, logsumexp, total
from autograd.symbol import Symbol, book, call, latex

x, y = Symbol("x"), Symbol("y")
names = [Symbol(f"s{k}") for k in range(12)]


def add(terms):
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


def take_away(terms):
    whole = terms[0]
    for term in terms[1:]:
        whole = whole - term
    return whole


@pytest.mark.parametrize(
    ("long", "written"),
    [
        (add(names), "s0 + s1 + … + s11"),
        (add(names[:6]), "s0 + s1 + s2 + s3 + s4 + s5"),
        (add(names[:7]), "s0 + s1 + … + s6"),
        (add(names[::-1]), "s0 + s1 + … + s11"),
        (take_away(names), "s0 − s1 − s2 − … − s11"),
        (add([x * y, *names]), "x·y + s0 + s1 + … + s11"),
        (add(names) - x, "s0 + s1 + … + s11 − x"),
        (add(names) - x * y, "s0 + s1 + … + s11 − x·y"),
        (add([k * v for k, v in enumerate(names, 2)]), "2·s0 + 3·s1 + … + 13·s11"),
        (add([v * v if k % 2 else v for k, v in enumerate(names)]), None),
        (add([x**k for k in range(2, 10)]), "x² + x³ + … + x⁹"),
        (add([v - x for v in names]), "s0 − x + s1 − x + … + s11 − x"),
        (call(logsumexp, names), "logsumexp(s0, s1, …, s11)"),
        (2.0 * exp(x - call(logsumexp, names)), "2·exp(x − logsumexp(s0, s1, …, s11))"),
        (call(total, [add(names)] * 8), "total(s0 + s1 + … + s11, s0 + s1 + … + s11, …, s0 + s1 + … + s11)"),
        (x * y + 1.0, None),
        (2.0, None),
    ],
    ids=str,
)
def test_what_is_alike_is_written_at_both_ends(long, written):
    assert book(shorten(long)) == (book(long) if written is None else written)


def test_one_term_before_the_dots():
    assert latex(shorten(add(names[:3] + names[-1:]), 2, 1)) == r"s_{0} + \ldots + s_{11}"


def test_what_is_short_is_the_same_symbol():
    short = x * y + exp(x)
    assert shorten(short) is short


@pytest.mark.parametrize("squared", [9, 12, 40])
def test_what_is_too_large_for_a_formula_is_told_by_name_and_number(squared):
    """A Value squared forty times is a product of a trillion factors, over a trillion paths."""
    x = y = Value(1.0, name="x")
    for _ in range(squared):
        y = y * y
    lines = str(explain(y, x)).splitlines()
    assert lines[0] == f"y = v{squared - 1}·v{squared - 1}"
    assert lines[1].startswith("∂y/∂x = ")
    assert max(map(len, lines)) < 150
