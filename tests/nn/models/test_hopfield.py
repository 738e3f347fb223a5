"""Hopfield's memory: its energy as a graph, that it never rises, and what is recalled."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Value, gradients, hessian
from nn import Hopfield, ShapeError


def random_patterns(count, n, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], (count, n))


def damaged(pattern, flips, seed=0):
    state = pattern.copy()
    state[np.random.default_rng(seed).choice(len(state), flips, replace=False)] *= -1
    return state


def test_hebbs_rule_by_its_definition():
    patterns = random_patterns(3, 7)
    W = Hopfield(patterns).W
    for i in range(7):
        for j in range(7):
            assert W[i, j] == pytest.approx(0.0 if i == j else sum(p[i] * p[j] for p in patterns) / 7, abs=1e-15)


def test_L4_5_damaged_patterns_are_recalled():
    """5 patterns of 100 neurons lie well below the capacity of 0.138 n; a tenth of each is turned."""
    patterns = random_patterns(5, 100)
    memory = Hopfield(patterns)
    for k, pattern in enumerate(patterns):
        assert (memory.recall(pattern) == pattern).all()
        for seed in (None, 1, 2):
            assert (memory.recall(damaged(pattern, 10, k), seed=seed) == pattern).all()
            assert (memory.recall(-damaged(pattern, 10, k), seed=seed) == -pattern).all()


def test_L4_5_beyond_the_capacity_patterns_are_lost():
    patterns = random_patterns(40, 100)
    memory = Hopfield(patterns)
    assert sum((memory.recall(p) == p).all() for p in patterns) < 4


@pytest.mark.parametrize("seed", range(5))
def test_L4_5_the_energy_falls_with_every_turn(seed):
    memory = Hopfield(random_patterns(12, 60, seed))
    states = list(memory.descend(random_patterns(1, 60, seed + 100)[0], seed=seed))
    energies = [float(memory.energy(state.tolist())) for state in states]
    assert len(states) > 5
    assert (np.diff(energies) < 0).all()
    for before, after, fall in zip(states, states[1:], -np.diff(energies), strict=False):
        [i] = np.flatnonzero(before != after)
        assert fall == pytest.approx(2 * abs(memory.W[i] @ before), rel=1e-12)
    last = states[-1]
    assert (memory.W @ last * last >= -1e-12).all()


def test_the_energy_is_a_graph_whose_gradient_is_the_field():
    memory = Hopfield(random_patterns(3, 9))
    numbers = np.random.default_rng(1).normal(size=9)
    state = [Value(x, name=f"s[{i}]") for i, x in enumerate(numbers)]
    energy = memory.energy(state)
    assert energy.data == pytest.approx(-0.5 * numbers @ memory.W @ numbers, rel=1e-13)
    assert_allclose(gradients(energy, state), -memory.W @ numbers, rtol=1e-12, atol=1e-15)
    assert_allclose(hessian(memory.energy)(numbers.tolist()), -memory.W, atol=1e-15)


def test_a_field_of_zero_leaves_a_neuron_alone():
    memory = Hopfield([[1, 1], [1, -1]])
    assert (memory.W == 0).all()
    assert memory.recall([-1, 1]).tolist() == [-1, 1]


def test_recall_leaves_its_argument_alone_and_describes_itself():
    state = np.array([-1, 1, 1])
    memory = Hopfield([[1, 1, 1]])
    assert memory.recall(state).tolist() == [1, 1, 1]
    assert state.tolist() == [-1, 1, 1]
    assert repr(memory) == "<Hopfield of 3 neurons, 1 pattern>"


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: Hopfield([[1, 0]]), ValueError,
            "patterns[0][1] of Hopfield is 0, but a neuron's state is −1 or 1: write 2 * bits − 1 for bits of 0 and 1.",
        ),
        (
            lambda: Hopfield([[1, -1]]).recall([1, 3]), ValueError,
            "state[1] of Hopfield is 3, but a neuron's state is −1 or 1: write 2 * bits − 1 for bits of 0 and 1.",
        ),
        (
            lambda: Hopfield([[1, -1], [1]]), ShapeError,
            "patterns of Hopfield must be rows of −1 and 1, all of one length.",
        ),
        (lambda: Hopfield([1, -1]), ShapeError, "patterns of Hopfield must be rows of −1 and 1, all of one length."),
        (
            lambda: Hopfield([[1, -1]]).recall([1]), ShapeError,
            "state of Hopfield must have 2 entries, one for each neuron, got 1.",
        ),
        (lambda: Hopfield([[1, -1]]).recall([[1, 1]]), ShapeError, "state of Hopfield must be a list of −1 and 1."),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
