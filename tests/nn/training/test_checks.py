"""What is refused before anything is trained: names, optimisers, options, targets; each with its whole sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.data.examples import Examples
from nn.losses.losses import cross_entropy, mse
from nn.metrics import accuracy, mae
from nn.module import Module
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d, BatchNorm2d
from nn.modules.shaping import Flatten
from nn.optim.optimizers import SGD, Adam
from nn.training.callbacks import EarlyStopping
from nn.training.checks import find_loss, find_optimizer, mode, set_aside
from nn.training.fit import evaluate, fit, predict
from nn.training.measures import find_metrics

X = [[0.0, 1.0], [1.0, 0.5], [2.0, -1.0]]
CLASSES = [0, 2, 1]


def classifier() -> MLP:
    return MLP(2, [4, 3], seed=0)


def refused(**options: Any) -> str:
    net = classifier()
    before = net.state_dict()
    arguments = {"X": X, "y": CLASSES, "loss": "cross_entropy"} | options
    with pytest.raises((ValueError, TypeError)) as caught:
        fit(net, **arguments)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert net.training, "the mode is put back"
    return str(caught.value)


def test_names_and_functions_of_losses() -> None:
    assert find_loss("mse") is mse
    assert find_loss(cross_entropy) is cross_entropy
    assert find_loss("huber(0.5)")([3.0], [0.0]) == 0.5 * (3.0 - 0.25)
    with pytest.raises(ValueError) as caught:
        find_loss("crossentropy")
    assert str(caught.value).startswith("'crossentropy' is no loss. Did you mean 'cross_entropy'? Known: mse, mae,")
    with pytest.raises(TypeError) as caught:
        find_loss(3)  # type: ignore[arg-type]
    assert str(caught.value) == ('loss must be a name such as "mse" or a function (outputs, target) -> Value, not 3.')


def test_names_and_functions_of_metrics() -> None:
    assert find_metrics(["mae", accuracy]) == {"mae": mae, "accuracy": accuracy}
    assert find_metrics({"error": mae}) == {"error": mae}
    assert find_metrics(()) == {}
    with pytest.raises(ValueError) as caught:
        find_metrics(["acuracy"])
    assert str(caught.value).startswith("'acuracy' is no metric. Did you mean 'accuracy'? Known: ")
    with pytest.raises(ValueError) as caught:
        find_metrics(["mae", mae])
    assert str(caught.value) == ("Two columns of the history would be called 'mae': pass metrics={name: function, …}.")
    with pytest.raises(TypeError) as caught:
        find_metrics([3])  # type: ignore[list-item]
    assert str(caught.value) == 'A metric is a name such as "mae" or a function of predictions and targets, not 3.'


def test_names_and_objects_of_optimisers() -> None:
    net = classifier()
    made = find_optimizer("adam(0.5)", net)
    assert isinstance(made, Adam)
    assert (made.lr, made.parameters) == (0.5, net.parameters())
    own = SGD(net.layers[0].parameters(), lr=0.1)
    assert find_optimizer(own, net) is own
    with pytest.raises(TypeError) as caught:
        find_optimizer(SGD, net)  # type: ignore[arg-type]
    assert str(caught.value) == (
        'optimizer must be a name such as "adam" or an optimiser such as Adam(model.parameters()), not '
        "<class 'nn.optim.first_order.SGD'>."
    )


def test_an_optimiser_over_another_models_parameters() -> None:
    other = Layer(2, 1, W=[[0.5, 0.25]], b=[1.0])
    assert refused(optimizer=SGD(other.parameters(), lr=0.1)) == (
        "SGD trains W[0][0] = 0.5 and 2 more, which are no parameters of this model: it was built for another one. "
        "Build it from this model's: SGD(model.parameters())."
    )
    net = classifier()
    both = SGD([*net.parameters(), other.W[0][1]], lr=0.1)
    with pytest.raises(ValueError) as caught:
        find_optimizer(both, net)
    assert str(caught.value) == (
        "SGD trains W[0][1] = 0.25, which is no parameter of this model: it was built for another one. Build it from "
        "this model's: SGD(model.parameters())."
    )


def test_nothing_to_train() -> None:
    class Doubled(Module):
        def forward(self, xs: list[float]) -> list[Any]:
            return [2.0 * x for x in xs]

    with pytest.raises(ValueError) as caught:
        fit(Doubled(), X, X)
    assert str(caught.value).startswith("SGD was given no parameters, so it has nothing to train.")
    with pytest.raises(ValueError) as caught:
        fit(classifier().freeze(), X, CLASSES, "cross_entropy")
    assert str(caught.value) == (
        "All 27 parameters are frozen, so there is nothing to train: unfreeze() the model or a part of it."
    )


def test_options_out_of_their_range() -> None:
    assert refused(epochs=0) == "epochs must be a whole number from 1, not 0."
    assert refused(epochs=2.5) == "epochs must be a whole number from 1, not 2.5."
    assert refused(epochs=True) == "epochs must be a whole number from 1, not True."
    assert refused(batch_size=0) == "batch_size must be a whole number from 1, or None for the full batch, not 0."
    assert refused(batch_size=-1) == "batch_size must be a whole number from 1, or None for the full batch, not -1."
    assert refused(validation_split=1.0) == (
        "validation_split must be a share of the examples, from 0 to below 1, not 1.0."
    )
    assert refused(validation_split=0.9) == (
        "validation_split=0.9 of 3 examples leaves 0 for training and 3 for validation: give more examples, or another "
        "share."
    )
    assert refused(validation_split=0.5, validation_data=(X, CLASSES)) == (
        "validation_split and validation_data were both given: leave one of them out."
    )
    for patience in (0, "3"):
        assert refused(patience=patience) == (
            f"patience must be a whole number of epochs from 1, not {patience!r}: it says how long to wait."
        )
    for share in ("0.2", -0.1, True):
        assert refused(validation_split=share) == (
            f"validation_split must be a share of the examples, from 0 to below 1, not {share!r}."
        )
    for least in ("0.1", np.nan, np.inf):
        assert refused(min_loss=least) == f"min_loss must be a finite number, the loss to stop at, not {least!r}."
    for longest in ("1", -1.0, np.nan):
        assert refused(clip_norm=longest) == (
            f"clip_norm must be a positive number, not {longest!r}: 0 would stop the training."
        )
    assert refused(callbacks="print") == ("callbacks must be a list, such as [nn.Record(…)] or [print], not 'print'.")
    assert refused(callbacks=print).startswith("callbacks must be a list, such as [nn.Record(…)] or [print], not an ob")
    assert refused(clip_norm=0.0) == "clip_norm must be a positive number, not 0.0: 0 would stop the training."
    assert refused(progress="yes") == (
        'progress must be "auto", True or False, not \'yes\': "auto" reports on a terminal only.'
    )
    assert refused(callbacks=["print"]) == "A callback must be a Callback or a function of the Training, not 'print'."
    assert refused(callbacks=[EarlyStopping]) == (
        "A callback is an object, not the class EarlyStopping: write EarlyStopping(…)."
    )
    assert refused(schedule=3) == (
        "A schedule is a Schedule or a function t → factor, not 3: write StepDecay(every=30), or lambda t: 0.95**t."
    )
    assert refused(regularizer=0.1) == ("regularizer must be a Regularizer such as L2(1e-3), not 0.1.")


def test_a_model_that_is_none() -> None:
    for use in (fit, evaluate):
        with pytest.raises(TypeError) as caught:
            use(X, X, CLASSES)  # type: ignore[arg-type]
        assert str(caught.value) == "model must be a Module such as nn.MLP(2, [8, 1]), not an object of type list."
    with pytest.raises(TypeError) as caught:
        predict(MLP, X)  # type: ignore[arg-type]
    assert str(caught.value) == "model must be a Module such as nn.MLP(2, [8, 1]), not <class 'nn.modules.layers.MLP'>."


def test_validation_data_that_are_no_pair() -> None:
    cure = "write validation_data=(X_val, y_val), or (X_val, y_val, weights)."
    start = "validation_data must be a pair of inputs and targets, not"
    assert refused(validation_data=0.2) == f"{start} 0.2: {cure}"
    assert refused(validation_data=(X,)) == f"{start} 1 things: {cure}"
    assert refused(validation_data=np.zeros((2, 2))) == f"{start} an object of type ndarray: {cure}"


def test_metrics_that_do_not_give_one_number() -> None:
    """They are tried before the first step, so that no training is lost."""

    def errors(predictions: Any, targets: Any) -> Any:
        return np.asarray(predictions)[:, 0] - targets

    cure = (
        "but a metric gives one number for all predictions and targets, which are arrays of one row an example: return "
        "their mean, say."
    )
    assert refused(metrics=[errors]) == f"The metric 'errors' gave an array of shape (3,), {cure}"
    assert refused(metrics={"nothing": lambda p, t: None}) == f"The metric 'nothing' gave None, {cure}"
    assert refused(metrics={"text": lambda p, t: "0.5"}) == f"The metric 'text' gave '0.5', {cure}"
    assert refused(metrics={"loss": mae}) == (
        "A metric cannot be called 'loss', which is a column of the history already."
    )
    assert refused(metrics={"error": "mae"}) == (
        "The metric 'error' must be a function of predictions and targets, not 'mae'."
    )
    assert refused(metrics=3) == 'metrics must be a list such as ["mae"], not 3.'
    with pytest.raises(TypeError, match=r"^The metric 'errors' gave an array of shape \(3,\), but"):
        evaluate(classifier(), X, CLASSES, "cross_entropy", errors)  # type: ignore[arg-type]


def test_metrics_of_ones_own_see_whole_columns() -> None:
    seen: list[Any] = []

    def column(predictions: Any, targets: Any) -> Any:
        seen.append((np.shape(predictions), np.shape(targets)))
        return np.array([0.25])

    def picky(predictions: Any, targets: Any) -> float:
        if len(np.unique(predictions, axis=0)) == 1:
            raise ValueError("all predictions are equal")
        return 1.0

    history = fit(classifier(), X, CLASSES, "cross_entropy", metrics=[column, picky])
    assert (history["column"], history["picky"]) == ([0.25], [1.0])
    assert set(seen) == {((3, 3), (3,))}


def test_how_it_is_computed_is_one_of_the_known_words() -> None:
    assert refused(compile="fast") == 'compile must be "auto", True, False, "numpy", "numba" or "jax", not \'fast\'.'


def test_data_that_cannot_be_used() -> None:
    assert refused(X=[[0.0, 1.0], [1.0]], y=[0, 1]) == (
        "X is ragged: row 0 has length 2 and row 1 has length 1. Give every example the same shape."
    )
    assert refused(X=[[0.0, np.nan], [1.0, 2.0]], y=[0, 1]) == (
        "X[0][1] (row 0, column 1) is NaN. Leave such examples out, or fill the gaps in first."
    )
    assert refused(y=[0, 1]) == "X has 3 rows but y has 2: each example needs its target."
    assert refused(X=[], y=[]) == ("X is empty, with shape (0,): give at least one example of at least one number.")
    assert refused(validation_data=([[1.0, np.inf]], [0])) == (
        "X of validation_data[0][1] (row 0, column 1) is inf. Leave such examples out, or fill the gaps in first."
    )


def test_widths_that_do_not_fit() -> None:
    assert refused(X=[[0.0, 1.0, 2.0]] * 3) == "layer1 (Layer 2 → 4, relu) takes 2 inputs, got 3."
    assert refused(loss="mse") == (
        "mse: outputs have shape (3,) and targets (), which must match. Give each example one target for each output "
        "of the model."
    )
    assert refused(validation_data=([[1.0]], [0])) == "layer1 (Layer 2 → 4, relu) takes 2 inputs, got 1."
    with pytest.raises(ValueError, match="takes 2 inputs, got 1"):
        predict(classifier(), [[1.0]])


def test_targets_that_the_loss_does_not_take() -> None:
    """Every target is looked at before the first step, not when its batch comes."""
    sentence = "cross_entropy: the target class must be a whole number from 0 to 2, not "
    assert refused(y=[0, 2, 3]) == f"y[2] (row 2) is no target for the loss. {sentence}3."
    assert refused(y=[0, -1, 2]) == f"y[1] (row 1) is no target for the loss. {sentence}-1."
    assert refused(y=[0, 0.5, 2]) == f"y[1] (row 1) is no target for the loss. {sentence}0.5."
    assert refused(validation_data=(X, [0, 1, 7])) == (
        f"y of validation_data[2] (row 2) is no target for the loss. {sentence}7."
    )
    assert refused(y=[[1, 0, 0], [0, 1, 0], [0.5, 0.1, 0]]).startswith("y[2] (row 2) is no target for the loss. ")
    net = Layer(2, 1, "sigmoid", seed=0)
    with pytest.raises(ValueError, match=r"^y\[1\] \(row 1\) is no target for the loss\. bce: "):
        fit(net, X, [0.0, 1.5, 1.0], "bce")
    fit(net, X, [0.0, 1.0, 1.0], "bce")
    with pytest.raises(ValueError, match=r"^y\[0\] \(row 0\) is no target for the loss\. "):
        evaluate(classifier(), X, [9, 0, 1], "cross_entropy")


@pytest.mark.parametrize(
    ("n", "share", "kept"), [(404, 0.2, 323), (10, 0.1, 9), (10, 0.25, 7), (7, 0.5, 3), (100, 0.29, 71)]
)
def test_the_last_examples_are_set_aside_by_keras_rule(n: int, share: float, kept: int) -> None:
    training, validation = set_aside(Examples(np.arange(n), -np.arange(n)), share)
    assert validation is not None
    assert training.X.tolist() == list(range(kept))
    assert validation.X.tolist() == list(range(kept, n))
    assert validation.T.tolist() == [-i for i in range(kept, n)]
    assert set_aside(training, 0.0) == (training, None)


def test_a_mode_is_put_back_part_by_part() -> None:
    net = classifier()
    net.layers[0].training = False
    with mode(net, training=True):
        assert all(module.training for module in net.modules())
    assert [module.training for module in net.modules()] == [True, False, True]
    with pytest.raises(RuntimeError), mode(net, training=False):
        raise RuntimeError
    assert [module.training for module in net.modules()] == [True, False, True]


@pytest.mark.parametrize(
    ("examples", "batch_size", "message"),
    [
        (
            9,
            4,
            "With batch_size=4 and 9 training examples, the last batch would hold 1 example, but batchnorm2 "
            "(BatchNorm1d 4) needs two or more, for a variance: take another batch_size, such as 5.",
        ),
        (
            9,
            1,
            "With batch_size=1 and 9 training examples, every batch would hold 1 example, but batchnorm2 "
            "(BatchNorm1d 4) needs two or more, for a variance: take another batch_size, such as 3.",
        ),
        (
            1,
            None,
            "With batch_size=1 and 1 training example, every batch would hold 1 example, but batchnorm2 "
            "(BatchNorm1d 4) needs two or more, for a variance: give it more examples.",
        ),
    ],
)
def test_a_batch_too_small_for_normalisation(examples: int, batch_size: int | None, message: str) -> None:
    norm = BatchNorm1d(4)
    net = Sequential(Layer(2, 4, seed=0), norm, Layer(4, 1, seed=1))
    before = net.state_dict()
    rows = np.random.default_rng(0).normal(size=(examples, 2))
    with pytest.raises(ValueError) as caught:
        fit(net, rows, rows[:, 0], batch_size=batch_size)
    assert str(caught.value) == message
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_last_batch_of_one_is_fine_without_normalisation_by_the_batch() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 2))
    assert fit(Layer(2, 1, seed=0), rows, rows[:, 0], batch_size=4).epochs == 1
    pictures = np.random.default_rng(0).normal(size=(3, 1, 2, 2))
    net = Sequential(BatchNorm2d(1), Flatten(), Layer(4, 1, seed=0))
    assert fit(net, pictures, [0.0, 1.0, 2.0], batch_size=2).epochs == 1


def test_metrics_of_scikit_learn_work_as_they_are() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    predictions, targets = random.normal(size=(40, 1)), random.normal(size=(40, 1))
    for function in (metrics.r2_score, metrics.mean_absolute_percentage_error, metrics.explained_variance_score):
        [measure] = find_metrics([function]).values()
        assert measure(predictions, targets) == function(targets, predictions) != function(predictions, targets)


def test_metrics_of_ones_own_take_predictions_first() -> None:
    def bias(y_pred: Any, y_true: Any) -> float:
        return float(np.mean(y_pred - y_true))

    for function in (bias, lambda p, t: float(np.mean(p - t))):
        [measure] = find_metrics([function]).values()
        assert measure(np.array([[3.0]]), np.array([[1.0]])) == 2.0


ROWS = np.linspace(-1.0, 1.0, 12).reshape(6, 2)


def line() -> Module:
    return MLP(2, [1], seed=0)


def test_a_metric_that_fails_is_named_with_what_it_was_given() -> None:
    def broken(predictions: Any, targets: Any) -> float:
        raise KeyError("no such column")

    with pytest.raises(ValueError) as failure:
        evaluate(line(), ROWS, np.ones(6), metrics=[broken])
    number = predict(line(), ROWS)[0, 0]
    assert str(failure.value) == (
        "The metric 'broken' failed: 'no such column'. It was called with (predictions, targets): predictions of shape "
        f"(6, 1), such as {number:.6g}, targets of shape (6,), such as 1."
    )
    assert isinstance(failure.value.__cause__, KeyError)


def test_a_metric_of_scikit_learn_that_takes_classes_says_what_to_write() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    y = (ROWS[:, 0] > 0).astype(float)
    for model, targets, loss, classes in (
        (line(), y, "mse", "y_pred > 0.5"),
        (MLP(2, [2], seed=0), y.astype(int), "cross_entropy", "y_pred.argmax(axis=1)"),
    ):
        with pytest.raises(ValueError) as failure:
            evaluate(model, ROWS, targets, loss, metrics=[metrics.accuracy_score])
        assert str(failure.value).startswith("The metric 'accuracy_score' failed: Classification metrics can't handle")
        assert str(failure.value).endswith(
            "If it takes classes instead of scores, write metrics={'accuracy_score': lambda y_true, y_pred: "
            f"accuracy_score(y_true, {classes})}}."
        )
    cured = {"accuracy_score": lambda y_true, y_pred: metrics.accuracy_score(y_true, y_pred > 0.5)}
    found = evaluate(line(), ROWS, y, metrics=cured)["accuracy_score"]
    assert found == np.mean((predict(line(), ROWS)[:, 0] > 0.5) == (y == 1.0))
    with pytest.raises(ValueError, match="'roc_auc_score' failed: continuous format is not supported"):
        evaluate(line(), ROWS, ROWS[:, 0], metrics=[metrics.roc_auc_score])


@pytest.mark.parametrize("compile", [False, "numpy"])
def test_weights_that_are_not_finite_are_not_trained(compile: Any) -> None:  # noqa: A002
    model = Layer(2, 1, seed=0)
    model.W[0, 1].data = float("nan")
    with pytest.raises(ValueError) as refusal:
        fit(model, ROWS, np.ones(6), epochs=1, compile=compile)
    assert str(refusal.value) == (
        "W[0][1] is nan before the training: set the weights to finite numbers, with load_state_dict or by making it "
        "anew."
    )


def test_a_class_in_place_of_a_loss_is_refused() -> None:
    with pytest.raises(TypeError) as refusal:
        fit(line(), ROWS, np.ones(6), loss=MLP)  # type: ignore[arg-type]
    assert str(refusal.value) == "loss is the class MLP, not a function (outputs, target) -> Value."
