"""Half-planes, convex regions and any regions, point by point against geometry that knows no neurons."""

from itertools import product

import numpy as np
import pytest

import nn
from nn import ShapeError, any_region, convex_region, half_plane, linear_equivalent, polygon_sides

GRID = [(x, y) for x in np.linspace(-0.971, 2.993, 25) for y in np.linspace(-0.962, 2.984, 25)]


def inside(model):
    return np.array([model(point)[0].data == 1.0 for point in GRID])


def in_polygon(corners):
    """Matplotlib's own test of points in a polygon."""
    path = pytest.importorskip("matplotlib.path", reason="Matplotlib is the reference of this test")
    return path.Path(corners).contains_points(GRID)


def test_L4_6_one_layer_cuts_off_a_half_plane():
    assert (inside(half_plane([1.0, -2.0], 0.3)) == [x - 2 * y > 0.3 for x, y in GRID]).all()


@pytest.mark.parametrize("corners", [[(0, 0), (2, 0.5), (0.3, 2.2)], [(0, 0), (0, 2), (1, 2.5), (2, 1), (1, -0.5)]])
def test_L4_6_two_layers_enclose_a_convex_region(corners):
    model = convex_region(polygon_sides(corners))
    assert len(model) == 2
    found = inside(model)
    assert (found == in_polygon(corners)).all()
    assert (inside(convex_region(polygon_sides(corners[::-1]))) == found).all()
    assert 0 < found.sum() < len(GRID)


def test_L4_6_three_layers_enclose_any_region():
    """An L, which is not convex, and an island beside it."""
    parts = [[(0, 0), (2, 0), (2, 0.6), (0, 0.6)], [(0, 0), (0.6, 0), (0.6, 2), (0, 2)], [(2, 2), (2.7, 2), (2, 2.7)]]
    model = any_region([polygon_sides(part) for part in parts])
    assert [layer.n_out for layer in model] == [11, 3, 1]
    wanted = np.any([in_polygon(part) for part in parts], axis=0)
    assert (inside(model) == wanted).all()
    assert in_polygon([(0, 0), (2, 0), (2, 0.6), (0.6, 0.6), (0.6, 2), (0, 2)]).sum() < wanted.sum()


def test_L4_3_gates_are_half_planes_and_xor_needs_two_layers():
    gates = {"and": (half_plane([1, 1], 1.5), nn.and_gate()), "or": (half_plane([1, 1], 0.5), nn.or_gate())}
    for one, other in gates.values():
        assert all(one(x)[0].data == other(x)[0].data for x in product([0, 1], repeat=2))
    assert [half_plane([-1], -0.5)([x])[0].data for x in (0, 1)] == [nn.not_gate()([x])[0].data for x in (0, 1)]
    xor = convex_region([([1, 1], 0.5), ([-1, -1], -1.5)])
    assert [xor(x)[0].data for x in product([0, 1], repeat=2)] == [0, 1, 1, 0]
    # No half-plane does: w·x > w_0 at (0, 1) and (1, 0) but at neither corner would need w1 + w2 > 2w_0 ≥ w1 + w2.
    for w1, w2, w_0 in product(np.linspace(-2, 2, 9), repeat=3):
        single = half_plane([w1, w2], w_0)
        assert [single(x)[0].data for x in product([0, 1], repeat=2)] != [0, 1, 1, 0]


def test_regions_are_frozen():
    assert not any(p.requires_grad for p in convex_region([([1, 1], 0.5)]).parameters())


@pytest.mark.parametrize("bias", [True, False])
def test_L4_6_a_deep_linear_network_is_one_layer(bias):
    deep = nn.MLP(3, [5, 4, 2], activation="identity", bias=bias, seed=0)
    one = linear_equivalent(deep)
    W = [deep.state_dict()[f"W{k}"] for k in (1, 2, 3)]
    np.testing.assert_allclose(one.state_dict()["W"], W[2] @ W[1] @ W[0], rtol=1e-12)
    for x in np.random.default_rng(1).normal(size=(10, 3)):
        assert [y.data for y in one(x)] == pytest.approx([y.data for y in deep(x)], rel=1e-12)
    assert (one.b is not None) == bias


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: any_region([]), ShapeError,
            "A region is made of one convex part or more, and each part of one half-plane or more.",
        ),
        (
            lambda: convex_region([([1, 1], 0.0), ([1], 0.0)]), ShapeError,
            "The half-planes of a region lie in one space, but their w have [1, 2] numbers.",
        ),
        (
            lambda: polygon_sides([(0, 0), (2, 0), (0.5, 0.5), (0, 2)]), ValueError,
            "polygon_sides takes the corners of a convex polygon one after the other, three or more, not "
            "[(0, 0), (2, 0), (0.5, 0.5), (0, 2)]: cut other shapes into convex parts for any_region.",
        ),
        (
            lambda: polygon_sides([(0, 0), (0, 0), (2, 0), (0, 2)]), ValueError,
            "polygon_sides takes the corners of a convex polygon one after the other, three or more, not "
            "[(0, 0), (0, 0), (2, 0), (0, 2)]: cut other shapes into convex parts for any_region.",
        ),
        (
            lambda: linear_equivalent(nn.MLP(2, [2, 1], seed=0)), ValueError,
            "layer1 (Layer 2 → 2, relu) is no linear layer: only layers without an activation melt into one.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_pentagram_is_no_convex_polygon():
    star = [(np.cos(a), np.sin(a)) for a in 4 * np.pi / 5 * np.arange(5)]
    with pytest.raises(ValueError, match="polygon_sides takes the corners of a convex polygon"):
        polygon_sides(star)
