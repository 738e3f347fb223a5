"""Kosko's bidirectional memory: recall from either half, and an energy that never rises."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Value, gradients
from nn import BidirectionalMemory, ShapeError


def random_pairs(count, n, m, seed=0):
    random = np.random.default_rng(seed)
    return random.choice([-1, 1], (count, n)), random.choice([-1, 1], (count, m))


def test_koskos_own_example():
    """Kosko 1988, section IV: two pairs, of six and four neurons, given there as bits with the matrix."""
    X = [[1, -1, 1, -1, 1, -1], [1, 1, 1, -1, -1, -1]]
    Y = [[1, 1, -1, -1], [1, -1, 1, -1]]
    memory = BidirectionalMemory(X, Y)
    assert memory.W.tolist() == [
        [2, 0, 0, -2], [0, -2, 2, 0], [2, 0, 0, -2], [-2, 0, 0, 2], [0, 2, -2, 0], [-2, 0, 0, 2]
    ]  # fmt: skip
    for x, y in zip(X, Y, strict=True):
        for found in (memory.recall(x=x), memory.recall(y=y)):
            assert [half.tolist() for half in found] == [x, y]
        assert memory.energy(x, y) == -24


def test_L4_5_either_half_recalls_the_other():
    X, Y = random_pairs(4, 80, 50)
    memory = BidirectionalMemory(X, Y)
    random = np.random.default_rng(1)
    for x, y in zip(X, Y, strict=True):
        wrong_x, wrong_y = x.copy(), y.copy()
        wrong_x[random.choice(80, 8, replace=False)] *= -1
        wrong_y[random.choice(50, 5, replace=False)] *= -1
        for found in (memory.recall(x=wrong_x), memory.recall(y=wrong_y)):
            assert (found[0] == x).all()
            assert (found[1] == y).all()


@pytest.mark.parametrize("seed", range(5))
def test_L4_5_the_energy_never_rises(seed):
    memory = BidirectionalMemory(*random_pairs(12, 40, 30, seed))
    [[x], [y]] = random_pairs(1, 40, 30, seed + 50)
    for start in ({"x": x}, {"y": y}):
        pairs = list(memory.descend(**start))
        energies = [float(memory.energy(a.tolist(), b.tolist())) for a, b in pairs]
        assert len(pairs) > 1
        assert (np.diff(energies) < 0).all()
        a, b = pairs[-1]
        assert (memory.W @ b * a >= 0).all()
        assert (a @ memory.W * b >= 0).all()


def test_the_energy_is_a_graph_whose_gradients_are_the_sums():
    memory = BidirectionalMemory(*random_pairs(3, 5, 4))
    x, y = [Value(v) for v in (0.5, -1.0, 2.0, 0.1, 0.3)], [Value(v) for v in (1.0, -0.5, 0.2, 0.7)]
    numbers = [np.array([float(v) for v in half]) for half in (x, y)]
    slopes = gradients(memory.energy(x, y), [*x, *y])
    assert_allclose(slopes, np.concatenate([-memory.W @ numbers[1], -numbers[0] @ memory.W]), rtol=1e-12, atol=1e-14)


def test_a_sum_of_zero_leaves_a_neuron_alone():
    memory = BidirectionalMemory([[1, 1], [1, -1]], [[1, 1], [-1, 1]])
    assert memory.W.tolist() == [[0, 2], [2, 0]]
    x, y = memory.recall(y=[-1, 1])
    assert (x.tolist(), y.tolist()) == ([1, -1], [-1, 1])


def test_description():
    assert repr(BidirectionalMemory([[1, -1]], [[1]])) == "<BidirectionalMemory of 2 ⇄ 1 neurons, 1 pair>"


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: BidirectionalMemory([[1, 1]], [[1], [-1]]), ShapeError,
            "BidirectionalMemory stores pairs, but X has 1 patterns and Y has 2.",
        ),
        (
            lambda: BidirectionalMemory([[1, 1]], [[1]]).recall(), ValueError,
            "recall of BidirectionalMemory starts from one half of a pair: give either x or y.",
        ),
        (
            lambda: BidirectionalMemory([[1, 1]], [[1]]).recall([1, 1], [1]), ValueError,
            "recall of BidirectionalMemory starts from one half of a pair: give either x or y.",
        ),
        (
            lambda: BidirectionalMemory([[1, 1]], [[1]]).recall(y=[1, 1]), ShapeError,
            "y of BidirectionalMemory must have 1 entries, got 2.",
        ),
        (
            lambda: BidirectionalMemory([[1, 1]], [[0]]), ValueError,
            "Y[0][0] of BidirectionalMemory is 0, but a neuron's state is −1 or 1: write 2 * bits − 1 for bits of 0 "
            "and 1.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
