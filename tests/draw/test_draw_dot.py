"""micrograd's words for names and pictures."""

import pytest

from autograd import OperandTypeError, Value, draw_dot
from autograd.draw.render import fit_column


def neuron():
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(1.0)
    n = x * w + b
    n.label = "n"
    o = n.tanh()
    o.backward()
    return o


def test_a_label_is_a_name():
    o = neuron()
    (edge,) = o.edges
    assert edge.operand.label == edge.operand.name == "n"
    assert o.label is None
    with pytest.raises(OperandTypeError, match=r"name must be a str"):
        Value(1.0, label=3)


def test_the_picture_is_the_graphs(tmp_path):
    o = neuron()
    picture = draw_dot(o)
    assert picture._repr_svg_() == fit_column(o.graph().to_svg(rankdir="LR"))
    assert picture.source == o.graph().to_dot(rankdir="LR")
    assert "rankdir=TB" in draw_dot(o, rankdir="TB").source.replace('"', "")


@pytest.mark.parametrize("form", ["svg", "png", "dot"])
def test_it_is_rendered_into_a_file(tmp_path, form):
    written = draw_dot(neuron(), format=form).render(str(tmp_path / "gout"))
    assert written == str(tmp_path / f"gout.{form}")
    assert (tmp_path / f"gout.{form}").stat().st_size > 100


def test_what_is_no_value_is_not_drawn():
    with pytest.raises(OperandTypeError, match=r"^draw_dot draws the graph of a Value, not of float\.$"):
        draw_dot(3.0)
