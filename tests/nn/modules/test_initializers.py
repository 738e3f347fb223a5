import math

import numpy as np
import pytest

from nn.modules.initializers import INITIALIZERS, fans, generator, initial_weights, initialize

SHAPE = (300, 200)
MANY = 300 * 200


def drawn(name, shape=SHAPE):
    return initialize(name, shape, seed=1)


@pytest.mark.parametrize("name", ["zeros", "ones", "constant(0.5)"])
def test_constants(name):
    wanted = {"zeros": 0.0, "ones": 1.0, "constant(0.5)": 0.5}[name]
    assert (drawn(name) == wanted).all()
    assert drawn(name).dtype == np.float64


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("uniform(-2, 2)", 2.0),
        ("fan_in_uniform", 1 / math.sqrt(200)),
        ("xavier_uniform", math.sqrt(6 / 500)),
        ("glorot_uniform", math.sqrt(6 / 500)),
        ("xavier_uniform(2)", 2 * math.sqrt(6 / 500)),
        ("kaiming_uniform", math.sqrt(6 / 200)),
        ("he_uniform", math.sqrt(6 / 200)),
        ("lecun_uniform", math.sqrt(3 / 200)),
    ],
)
def test_uniform_ones_fill_their_interval(name, bound):
    w = drawn(name)
    assert np.abs(w).max() <= bound
    assert np.abs(w).max() > 0.999 * bound
    assert abs(w.mean()) < 4 * bound / math.sqrt(3 * MANY)
    assert w.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("normal", 0.0, 1.0),
        ("normal(3, 0.5)", 3.0, 0.5),
        ("xavier_normal", 0.0, math.sqrt(2 / 500)),
        ("glorot_normal", 0.0, math.sqrt(2 / 500)),
        ("kaiming_normal", 0.0, math.sqrt(2 / 200)),
        ("he_normal", 0.0, math.sqrt(2 / 200)),
        ("lecun_normal", 0.0, math.sqrt(1 / 200)),
    ],
)
def test_normal_ones_have_their_moments(name, mean, std):
    w = drawn(name)
    assert abs(w.mean() - mean) < 4 * std / math.sqrt(MANY)
    assert w.std() == pytest.approx(std, rel=0.02)
    assert np.abs(w - mean).max() > 3 * std  # not cut off


def test_bounds_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    torch.manual_seed(0)
    for shape in ((50, 40), (20, 10, 3, 3)):
        w = torch.empty(shape, dtype=torch.float64)
        for name, fill in (
            ("xavier_uniform", torch.nn.init.xavier_uniform_),
            ("kaiming_uniform", torch.nn.init.kaiming_uniform_),
        ):
            fill(w)
            theirs = float(w.abs().max())
            assert np.abs(drawn(name, shape)).max() == pytest.approx(theirs, rel=0.02)
    theirs = float(torch.nn.Linear(30, 500).weight.detach().abs().max())
    assert np.abs(drawn("fan_in_uniform", (500, 30))).max() == pytest.approx(theirs, rel=0.01)
    assert fans((20, 10, 3, 3)) == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(20, 10, 3, 3))


def test_fans():
    assert fans((7,)) == (7, 1)
    assert fans((5, 7)) == (7, 5)
    assert fans((8, 3, 5, 4)) == (60, 160)


def test_seeds_are_explicit():
    assert (initialize("normal", (3, 2), 5) == initialize("normal", (3, 2), np.int64(5))).all()
    assert (initialize("normal", (3, 2), 5) != initialize("normal", (3, 2), 6)).all()
    assert (initialize("normal", (3, 2), None) != initialize("normal", (3, 2), None)).all()
    random = np.random.default_rng(5)
    assert generator(random) is random
    assert (initialize("normal", (3, 2), random) != initialize("normal", (3, 2), random)).all()


def test_biases_follow_pytorchs_default_only():
    w, b = initial_weights("fan_in_uniform", (40, 9), (40,), 0)
    assert np.abs(b).max() <= 1 / 3
    assert np.abs(b).max() > 0.3
    w, b = initial_weights("xavier_uniform", (40, 9), (40,), 0)
    assert not b.any()
    assert (w == initialize("xavier_uniform", (40, 9), 0)).all()


def test_a_function_of_ones_own():
    w = initialize(lambda shape, random: np.eye(*shape), (2, 2), 0)
    assert (w == np.eye(2)).all()


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name != "constant"])
def test_every_name_draws_every_shape(name):
    for shape in ((4,), (3, 4), (2, 3, 2, 2)):
        assert initialize(name, shape, 0).shape == shape
        assert np.isfinite(initialize(name, shape, 0)).all()


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: initialize("he_norml", (1, 1), 0), ValueError,
            "'he_norml' is no initialiser. Did you mean 'he_normal'? Known: zeros, ones, constant, uniform, normal, "
            "fan_in_uniform, xavier_uniform, glorot_uniform, xavier_normal, glorot_normal, kaiming_uniform, "
            "he_uniform, kaiming_normal, he_normal, lecun_uniform, lecun_normal.",
        ),
        (
            lambda: initialize("constant", (1, 1), 0), ValueError,
            "'constant': constant takes value in parentheses, got 0.",
        ),
        (
            lambda: initialize("zeros(1)", (1, 1), 0), ValueError,
            "'zeros(1)': zeros takes no numbers in parentheses, got 1.",
        ),
        (
            lambda: initialize("normal(a)", (1, 1), 0), ValueError,
            "'normal(a)': only numbers go into the parentheses, as in 'normal(0.1)'.",
        ),
        (lambda: generator(-1), ValueError, "seed must be 0 or more, not -1."),
        (
            lambda: generator("0"), TypeError,
            "seed must be a whole number, a numpy Generator or None, not str '0'.",
        ),
        (
            lambda: generator(True), TypeError,
            "seed must be a whole number, a numpy Generator or None, not bool True.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
