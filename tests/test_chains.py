"""Lines of a derivation: the formula, the numbers of its factors and the product of the slopes are one number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, explain, softmax
from autograd.factors import evaluate
from autograd.symbol import Symbol
from autograd.testing.strategies import expressions


@given(expressions(), st.booleans())
def test_every_line_is_what_was_computed(program, named):
    """On random graphs, with a name for every node and without any."""
    leaves = program.values()
    output = program(*leaves)
    for place, node in enumerate(output.graph().nodes):
        node.name = f"n{place}" if named else None
    for leaf in output.graph().leaves:
        derivation = explain(output, leaf, paths=3)
        for line, path in zip(derivation._chains.lines, derivation.paths, strict=True):
            if line.symbol is None:
                continue
            assert evaluate(line.symbol) == pytest.approx(path.number, rel=1e-6, abs=1e-12)
            numbers = math.prod(map(float, line.above)) / math.prod(map(float, line.below))
            assert (-numbers if line.negative else numbers) == pytest.approx(path.number, rel=1e-6, abs=1e-12)
        whole = derivation._sum
        if whole is not None:
            assert evaluate(whole) == pytest.approx(derivation.total, rel=1e-6, abs=1e-9)


def test_leaves_that_were_assigned_since_keep_their_formula():
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    s = w * x
    s.name = "s"
    y = s * s
    y.name = "y"
    x.data = 5.0
    first, *paths, note = str(explain(y, w)).splitlines()
    assert first == "∂y/∂w = 2·s·x = 24"
    assert paths[1:] == ["  1. ∂y/∂s · ∂s/∂w = s·x = 6 × 2 = 12", "  2. ∂y/∂s · ∂s/∂w = s·x = 6 × 2 = 12"]
    assert note == "as recorded: x = 5 assigned since"


def test_a_share_that_has_a_name_is_written_by_it():
    scores = [Value(v, name=f"s{i}") for i, v in enumerate((0.5, -0.2, 0.9))]
    shares = softmax(scores)
    for i, share in enumerate(shares):
        share.name = f"p{i}"
    derivation = explain(shares[0], scores[0])
    assert {str(line.symbol) for line in derivation._chains.lines} >= {"p0"}
    assert isinstance(derivation._chains.lines[0].symbol, Symbol)
