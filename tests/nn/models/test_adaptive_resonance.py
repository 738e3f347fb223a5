"""Adaptive resonance by hand on small patterns, and the theorems on fast learning on random ones."""

import numpy as np
import pytest

from nn import AdaptiveResonance, ShapeError


def random_bits(count, n, seed=0):
    X = np.random.default_rng(seed).random((count, n)) < 0.4
    return X[X.any(axis=1)].astype(int)


def settled(X, vigilance, passes=20):
    """Present all patterns again and again until no prototype changes."""
    model = AdaptiveResonance(X.shape[1], vigilance)
    for _ in range(passes):
        before = model.prototypes.copy()
        for x in X:
            model.learn(x)
        if before.shape == model.prototypes.shape and (before == model.prototypes).all():
            return model
    raise AssertionError("learning did not come to rest")


def test_a_session_by_hand():
    model = AdaptiveResonance(5, vigilance=0.6)
    assert model.classify([1, 0, 0, 0, 0]) is None
    assert model.learn([1, 1, 1, 0, 0]) == 0
    assert model.learn([0, 0, 0, 1, 1]) == 1
    assert model.learn([0, 1, 1, 1, 1]) == 2  # asks 1 first (2/2 of it), which matches 2 bits of 4: reset; so does 0
    assert model.learn([0, 1, 1, 0, 1]) == 2  # 3 bits of 3
    assert model.prototypes.astype(int).tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0, 1, 1, 0, 1]]
    assert model.classify([1, 1, 0, 0, 0]) == 0


def test_L4_5_vigilance_changes_the_number_of_classes():
    X = random_bits(60, 16)
    counts = [len(settled(X, vigilance).prototypes) for vigilance in (0.1, 0.5, 0.7, 0.9, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2] < counts[4]
    assert counts[4] <= len(np.unique(X, axis=0))


@pytest.mark.parametrize("vigilance", [0.3, 0.6, 0.9])
def test_L4_5_learning_comes_to_rest_and_keeps_what_it_knows(vigilance):
    """Carpenter and Grossberg 1987: learning self-stabilises, and then every pattern finds its class directly."""
    X = random_bits(80, 12, seed=1)
    model = settled(X, vigilance)
    for x in X:
        j = model.classify(x)
        prototype = model.prototypes[j]
        assert not (prototype & ~x.astype(bool)).any()
        assert prototype.sum() >= vigilance * x.sum()
        common = (model.prototypes & x.astype(bool)).sum(axis=1)
        assert j == np.argmax(common / (model.beta + model.prototypes.sum(axis=1)))


def test_new_patterns_leave_other_classes_alone():
    model = AdaptiveResonance(6, vigilance=0.9)
    model.learn([1, 1, 1, 0, 0, 0])
    before = model.prototypes[0].copy()
    assert model.learn([0, 0, 0, 1, 1, 1]) == 1
    assert (model.prototypes[0] == before).all()


def test_classifying_learns_nothing_and_description():
    model = AdaptiveResonance(3, vigilance=0.5)
    model.learn([1, 1, 0])
    assert model.classify([1, 0, 0]) == 0
    assert model.prototypes.astype(int).tolist() == [[1, 1, 0]]
    assert repr(model) == "<AdaptiveResonance on 3 bits, vigilance 0.5: 1 class>"


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: AdaptiveResonance(3).learn([1, 0]), ShapeError,
            "AdaptiveResonance takes patterns of 3 bits, got shape (2,).",
        ),
        (
            lambda: AdaptiveResonance(2).learn([1, -1]), ValueError,
            "x[1] of AdaptiveResonance is -1, but a bit is 0 or 1.",
        ),
        (
            lambda: AdaptiveResonance(2).learn([0, 0]), ValueError,
            "AdaptiveResonance was given a pattern of zeros only, which matches every class and none.",
        ),
        (
            lambda: AdaptiveResonance(2, vigilance=1.5), ValueError,
            "vigilance of AdaptiveResonance must be from 0 to 1, not 1.5.",
        ),
        (lambda: AdaptiveResonance(2, beta=0.0), ValueError, "beta of AdaptiveResonance must be positive, not 0.0."),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
