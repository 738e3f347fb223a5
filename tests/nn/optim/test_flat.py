import numpy as np
import pytest
from problems import named, numbers

from autograd import Value
from nn.optim import flat


def test_vectors_are_read_in_order():
    a, b = Value(1.5, name="a"), Value(-2.0, requires_grad=False)
    a.grad = 3.0
    assert flat.weights([a, b]).tolist() == [1.5, -2.0]
    assert flat.gradient([b, a]).tolist() == [0.0, 3.0]
    assert flat.free([a, b]).tolist() == [True, False]
    assert [flat.label([a, b], i) for i in (0, 1)] == ["a", "parameter 1"]


def test_a_gradient_that_is_a_graph_counts_with_its_number():
    w = Value(3.0)
    (w * w).backward(create_graph=True)
    assert flat.gradient([w]).tolist() == [6.0]


def test_counts_are_written_out():
    assert [flat.count(n) for n in (1, 2, 26_625)] == ["1 parameter", "2 parameters", "26,625 parameters"]


def test_assigning_is_all_or_nothing():
    w = named([1.0, 2.0, 3.0])
    flat.assign(w, np.array([4.0, 5.0, 6.0]))
    assert numbers(w).tolist() == [4.0, 5.0, 6.0]
    with pytest.raises(TypeError):
        flat.assign(w, np.array([7.0, "eight", 9.0], dtype=object))
    assert numbers(w).tolist() == [4.0, 5.0, 6.0]
    with pytest.raises(ValueError, match="zip"):
        flat.assign(w, np.array([7.0, 8.0]))
    assert numbers(w).tolist() == [4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("array", "place"),
    [
        (np.array([1.0, np.nan, np.inf]), 1),
        (np.array([1.0, 2.0]), None),
        (np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -np.inf]]), 2),
        (np.array([[0.0, np.nan, 0.0], [np.inf, 0.0, 0.0]]), 0),
    ],
)
def test_first_not_finite(array, place):
    assert flat.first_not_finite(array) == place


w = Value(1.0, name="w")


class Model:
    def parameters(self):
        return [w]


@pytest.mark.parametrize(
    ("parameters", "error", "sentence"),
    [
        (
            [],
            ValueError,
            "SGD was given no parameters, so it has nothing to train. A model without weights has none; an iterator "
            "that was used before is empty: pass model.parameters() again.",
        ),
        (Model(), TypeError, "SGD takes the parameters, not the model: pass model.parameters()."),
        (w, TypeError, "SGD takes a list of Values, not one Value: pass [w1, w2, …]."),
        (3.0, TypeError, "SGD takes a list of Values, not one float: pass [w1, w2, …]."),
        (
            [w, 2.0],
            TypeError,
            "SGD takes Values, but parameter 1 is of type float: make it with Value(number, name=…), or pass "
            "model.parameters().",
        ),
        (
            [w, w * 2.0],
            ValueError,
            "SGD cannot train mul = 2 (parameter 1): an operation computed it. Pass the leaves that it was computed "
            "from.",
        ),
        (
            [w, Value(1.0), w],
            ValueError,
            "SGD was given w = 1 twice, as parameters 0 and 2: it would be moved twice a step. Pass each Value once.",
        ),
    ],
)
def test_what_cannot_be_trained(parameters, error, sentence):
    with pytest.raises(error) as caught:
        flat.parameter_list(parameters, "SGD")
    assert str(caught.value) == sentence


def test_any_iterable_of_leaves_is_listed():
    assert flat.parameter_list((v for v in [w]), "SGD") == [w]
