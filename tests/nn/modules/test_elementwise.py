import copy
import pickle

import numpy as np
import pytest

from autograd import Value, total
from nn import arrays
from nn.modules.elementwise import Activation, Dropout, Identity, Stochastic


def test_activation_of_rows_and_pictures():
    assert Activation("relu")([-1.0, 2.0]).tolist() == [0.0, 2.0]
    assert Activation("relu")(np.array([[[-1.0], [2.0]]])).tolist() == [[[0.0], [2.0]]]
    assert sum(Activation("softmax")([1.0, 2.0, 3.0])) == pytest.approx(1.0)
    x = Value(-2.0)
    Activation("leaky_relu")([x])[0].backward()
    assert x.grad == 0.1


def test_dropout_is_inverted_seeded_and_off_in_evaluation():
    ones = [1.0] * 4000
    model = Dropout(0.25, seed=0)
    ys = model(ones)
    assert set(ys) == {0.0, 1.0 / 0.75}
    assert np.mean(ys == 0.0) == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    assert (Dropout(0.25, seed=0)(ones) == ys).all()
    assert (model(ones) != ys).any()
    assert model.eval()(ones).tolist() == ones


def test_dropped_numbers_pass_no_gradient_and_stay_in_the_graph():
    xs = [Value(float(i)) for i in range(1, 51)]
    ys = Dropout(0.5, seed=1)(xs)
    total(ys).backward()
    assert [x.grad for x in xs] == [2.0 if y.data else 0.0 for y in ys]
    assert {x.grad for x in xs} == {0.0, 2.0}
    assert all(y.operands[0] is x for x, y in zip(xs, ys, strict=True))


def test_extremes():
    assert Dropout(0.0)([3.0]).tolist() == [3.0]
    assert Dropout(1.0)([3.0, 4.0]).tolist() == [0.0, 0.0]


def test_pictures_are_dropped_number_by_number():
    ys = arrays.numbers(Dropout(0.5, seed=0)(np.ones((2, 8, 8))))
    assert ys.shape == (2, 8, 8)
    assert 30 < (ys == 0).sum() < 98


def test_copies_go_on_with_the_same_numbers():
    model = Dropout(0.5, seed=0)
    model([1.0] * 10)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (twin([1.0] * 50) == copy.deepcopy(model)([1.0] * 50)).all()


def test_stochastic_fires_with_probability_sigmoid_and_passes_its_slope():
    sums = [Value(1.0) for _ in range(2000)]
    ys = Stochastic(seed=0)(sums)
    p = 1 / (1 + np.exp(-1.0))
    assert {y.data for y in ys} == {0.0, 1.0}
    assert np.mean([y.data for y in ys]) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 2000))
    total(ys).backward()
    assert all(s.grad == pytest.approx(p * (1 - p)) for s in sums)
    assert all(not y.requires_grad for y in Stochastic(straight_through=False, seed=0)([0.3, -0.3]))


def test_identity():
    xs = [1.0, 2.0]
    assert Identity()(xs) is xs


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_errors(p):
    with pytest.raises(ValueError) as caught:
        Dropout(p)
    assert str(caught.value) == (
        f"p of Dropout must lie between 0 and 1, not {p!r}: it is the probability of dropping."
    )
