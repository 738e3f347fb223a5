"""A masked array is refused wherever numbers come in: its mask would be ignored, and with it what it hides."""

import numpy as np
import pytest

import nn

X = np.ma.masked_array(np.arange(8.0).reshape(4, 2), np.arange(8).reshape(4, 2) == 3)
Y = np.ma.masked_array([1.0, 2.0, 3.0, 99.0], [False, False, False, True])
GOOD = np.arange(8.0).reshape(4, 2)


def model():
    return nn.Layer(2, 1, seed=0)


WAYS = {
    "model": lambda: model()(X[0]),
    "fit, X": lambda: nn.fit(model(), X, [1.0] * 4),
    "fit, y": lambda: nn.fit(model(), GOOD, Y),
    "fit, validation": lambda: nn.fit(model(), GOOD, [1.0] * 4, validation_data=(GOOD, Y)),
    "predict": lambda: nn.predict(model(), X),
    "evaluate": lambda: nn.evaluate(model(), GOOD, Y),
    "sample weights": lambda: nn.fit(model(), GOOD, [1.0] * 4, sample_weight=Y),
    "weights of a metric": lambda: nn.metrics.mse([1.0] * 4, [2.0] * 4, sample_weight=Y),
    "curvature": lambda: nn.curvature.hessian(model(), GOOD, Y),
    "weights": lambda: nn.Layer(2, 1, W=X[:1]),
    "state": lambda: model().load_state_dict({"W": X[1:2], "b": [0.0]}),
    "loss": lambda: nn.mse(X[1], [0.0, 0.0]),
    "metric": lambda: nn.accuracy(Y, [1, 1, 1, 1]),
    "standardizer": lambda: nn.Standardizer().fit(X),
    "split": lambda: nn.train_test_split(X, Y),
    "classes of a split": lambda: nn.train_test_split(GOOD, stratify=Y),
    "weights of classes": lambda: nn.CrossEntropyLoss(weight=X[1])([[0.0, 1.0]], [1]),
    "weights of class 1": lambda: nn.BCEWithLogitsLoss(pos_weight=X[1])([[0.0, 1.0]], [[1.0, 0.0]]),
    "weights of numbers": lambda: nn.BCELoss(weight=X[1])([[0.5, 0.5]], [[1.0, 0.0]]),
    "plot, X": lambda: nn.plots.decision(model(), X, [0, 1, 0, 1]),
    "plot, y": lambda: nn.plots.decision(model(), GOOD, Y),
    "loader": lambda: nn.DataLoader(GOOD, Y),
    "map": lambda: nn.SelfOrganizingMap(2, 2, 2, seed=0).quantization_error(X),
    "hopfield": lambda: nn.Hopfield(np.ma.masked_array([[1, -1]], [[True, False]])),
}


@pytest.mark.parametrize("way", WAYS)
def test_masked_arrays_are_refused(way):
    with pytest.raises((TypeError, ValueError), match=r"masked|must hold numbers, not NoneType"):
        WAYS[way]()


def test_the_message_says_what_to_write():
    with pytest.raises(TypeError) as caught:
        nn.predict(model(), X)
    assert str(caught.value) == (
        "X is a masked array, whose mask would be ignored: leave such examples out, or write X.filled(number)."
    )
