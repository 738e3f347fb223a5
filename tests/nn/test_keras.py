"""Keras' words: numbers by Keras' definitions, beside Keras itself where it is installed, and what is refused."""

import os

import numpy as np
import pytest

import nn
from nn import keras
from nn.keras import layers, losses, optimizers

X = np.random.default_rng(0).standard_normal((20, 3))
T = np.random.default_rng(1).standard_normal((20, 2))
CLASSES = np.arange(20) % 2
WEIGHTS = [np.random.default_rng(k).uniform(-1, 1, shape) for k, shape in enumerate([(3, 4), (4,), (4, 2), (2,)])]

#: Losses, the last activation, targets, and the loss of one example with outputs o, as Keras documents it.
LOSSES = {
    "mse": ("linear", T, lambda o, t: np.mean((o - t) ** 2)),
    "mean_absolute_error": ("linear", T, lambda o, t: np.mean(np.abs(o - t))),
    "huber": ("linear", T, lambda o, t: np.mean(np.where(np.abs(o - t) < 1, (o - t) ** 2 / 2, np.abs(o - t) - 0.5))),
    "binary_crossentropy": ("sigmoid", (T > 0) * 1.0, lambda o, t: -np.mean(t * np.log(o) + (1 - t) * np.log(1 - o))),
    "sparse_categorical_crossentropy": ("softmax", CLASSES, lambda o, t: -np.log(o[t])),
    "categorical_crossentropy": ("softmax", np.eye(2)[CLASSES], lambda o, t: -np.sum(t * np.log(o))),
    "kl_divergence": ("softmax", np.array([[0.25, 0.75]] * 20), lambda o, t: np.sum(t * np.log(t / o))),
}  # fmt: skip
OPTIMIZERS = {
    "rmsprop": optimizers.RMSprop(),
    "rmsprop with momentum": optimizers.RMSprop(0.01, rho=0.8, momentum=0.5, epsilon=1e-3),
    "adam": optimizers.Adam(0.01, beta_1=0.8, epsilon=1e-3),
    "sgd": optimizers.SGD(momentum=0.9, nesterov=True),
}


def make(activation="linear", loss="mse", optimizer="rmsprop", **options):
    model = keras.Sequential([layers.Dense(4, activation="tanh"), layers.Dense(2, activation=activation)])
    model.compile(optimizer, loss, **options)
    model.build((None, 3))
    model.set_weights(WEIGHTS)
    return model


def outputs(activation, x):
    z = np.tanh(x @ WEIGHTS[0] + WEIGHTS[1]) @ WEIGHTS[2] + WEIGHTS[3]
    if activation == "softmax":
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-z)) if activation == "sigmoid" else z


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_keras_by_definition(name):
    activation, targets, by_hand = LOSSES[name]
    model = make(activation, name)
    o = outputs(activation, X)
    np.testing.assert_allclose(model.predict(X, verbose=0), o, rtol=1e-12)
    due = np.mean([by_hand(*each) for each in zip(o, targets, strict=True)])
    assert model.evaluate(X, targets, verbose=0) == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("name", ["binary", "categorical", "sparse_categorical"])
def test_losses_of_scores(name):
    activation, targets, _ = LOSSES[f"{name}_crossentropy"]
    kind = {"binary": losses.BinaryCrossentropy, "categorical": losses.CategoricalCrossentropy,
            "sparse_categorical": losses.SparseCategoricalCrossentropy}[name]  # fmt: skip
    of_scores = make("linear", kind(from_logits=True)).evaluate(X, targets, verbose=0)
    assert of_scores == pytest.approx(make(activation, kind()).evaluate(X, targets, verbose=0), rel=1e-12)


def step_of(name, w, g, memory, t):
    """Take one step as Keras' sources write it."""
    m, v = memory
    if name == "rmsprop":
        v = 0.9 * v + 0.1 * g * g
        return w - 0.001 * g / np.sqrt(v + 1e-7), (m, v)
    if name == "rmsprop with momentum":
        v = 0.8 * v + 0.2 * g * g
        m = 0.5 * m + 0.01 * g / np.sqrt(v + 1e-3)
        return w - m, (m, v)
    if name == "adam":
        m, v = m + (g - m) * (1 - 0.8), v + (g * g - v) * (1 - 0.999)
        alpha = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.8**t)
        return w - m * alpha / (np.sqrt(v) + 1e-3), (m, v)
    m = 0.9 * m - 0.01 * g
    return w + 0.9 * m - 0.01 * g, (m, v)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimisers_are_keras_by_definition(name):
    w = nn.Layer(1, 1, W=[[1.5]], bias=False).W[0][0]
    optimizer = OPTIMIZERS[name].over([w])
    due, memory = 1.5, (0.0, 0.0)
    for t in range(1, 6):
        w.grad = 0.3 * t - due
        due, memory = step_of(name, due, w.grad, memory, t)
        optimizer.step()
        assert w.data == pytest.approx(due, rel=1e-12)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' own
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_beside_keras_itself(loss, optimizer):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    theirs = pytest.importorskip("keras", reason="the oracle of its own words")
    activation, targets, _ = LOSSES[loss]
    twin = theirs.Sequential([theirs.Input((3,)), theirs.layers.Dense(4, "tanh"), theirs.layers.Dense(2, activation)])
    chosen = OPTIMIZERS[optimizer]
    metrics = ["accuracy"] if activation == "softmax" else ["mae"]
    twin.compile(getattr(theirs.optimizers, type(chosen).__name__)(**chosen.options), loss, metrics=metrics)
    twin.set_weights(WEIGHTS)
    model = make(activation, loss, chosen, metrics=metrics)
    options = {"epochs": 3, "batch_size": 8, "validation_split": 0.25, "shuffle": False, "verbose": 0}
    found, due = model.fit(X, targets, **options), twin.fit(X, targets, **options)
    assert list(found.history) == list(due.history)
    for name in found.history if loss != "kl_divergence" else ["loss", "val_loss"]:
        np.testing.assert_allclose(found.history[name], due.history[name], rtol=2e-5, atol=2e-6)
    for ours, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=2e-4, atol=2e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' own
@pytest.mark.parametrize("name", layers.ACTIVATIONS)
def test_activations_beside_keras_itself(name):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    theirs = pytest.importorskip("keras", reason="the oracle of its own words")
    layer = layers.Activation(name)
    layer.build((3,), np.random.default_rng(0))
    due = theirs.ops.convert_to_numpy(theirs.layers.Activation(name)(X))
    np.testing.assert_allclose(nn.arrays.numbers(layer.module(X)), due, rtol=1e-5, atol=1e-6)


def test_weights_are_drawn_as_keras_draws():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input(shape=(50,)), layers.Dense(100)])
    kernel, bias = model.get_weights()
    bound = np.sqrt(6 / 150)
    assert kernel.shape == (50, 100)
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert not bias.any()
    keras.random.set_seed(3)
    again = keras.Sequential([keras.Input(shape=(50,)), layers.Dense(100)])
    np.testing.assert_array_equal(again.get_weights()[0], kernel)


def test_a_model_is_built_at_its_first_fit_and_goes_on_at_the_next():
    model = keras.Sequential([layers.Flatten(), layers.Dense(4, "relu"), layers.Dropout(0.0), layers.Dense(1)])
    assert repr(model) == "<Sequential sequential, 4 layers, not built yet>"
    model.compile("adam", "mse", ["mae"])
    history = model.fit(X.reshape(20, 1, 3), T[:, 0], epochs=2, verbose=0)
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 1}
    assert repr(history) == "<History of 2 epochs: loss, mae>"
    assert model.count_params() == 21
    assert repr(model.layers[1]) == "<Dense dense>"
    assert model.optimizer.state["t"] == 2
    model.fit(X.reshape(20, 1, 3), T[:, 0], verbose=0)
    assert model.optimizer.state["t"] == 3


def test_seeds_make_trainings_equal():
    def train():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layers.Dense(4, "relu"), layers.Dropout(0.5), layers.Dense(2)])
        model.compile("sgd", "mse")
        return model.fit(X, T, epochs=3, batch_size=4, verbose=0).history["loss"]

    assert train() == train()


def test_metrics_of_ones_own_get_the_targets_first():
    def of_targets(y_true, y_pred):
        return y_true

    found = make(metrics=["mae", of_targets]).evaluate(X, T, verbose=0, return_dict=True)
    assert list(found) == ["loss", "mae", "of_targets"]
    assert found["of_targets"] == pytest.approx(T.mean())


def test_lines(capsys):
    model = make(metrics=["mae"])
    model.fit(X, T, epochs=2, batch_size=8, verbose=2)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "Epoch 1/2"
    assert second.startswith("3/3 - ")
    assert "ms/step - loss: " in second
    assert " - mae: " in second
    model.evaluate(X, T)
    assert capsys.readouterr().out.startswith("1/1 ━━━━━━━━━━━━━━━━━━━━ ")
    model.predict(X, verbose=0)
    model.fit(X, T, verbose=0)
    assert capsys.readouterr().out == ""
    model.summary()
    assert "total" in capsys.readouterr().out


def test_to_categorical():
    np.testing.assert_array_equal(keras.utils.to_categorical([1, 0], 3), [[0, 1, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 2\*\*53, not 1\.7"):
        keras.utils.to_categorical([1.7, 0.0])


def test_a_frozen_layer_keeps_its_weights():
    model = make()
    model.fit(X, T, verbose=0)
    model.layers[0].module.freeze()
    before = model.get_weights()
    model.fit(X, T, verbose=0)
    kept = [np.array_equal(w, v) for w, v in zip(before, model.get_weights(), strict=True)]
    assert kept == [True, True, False, False]


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        (lambda: keras.callbacks, AttributeError,
         "nn.keras has no 'callbacks': give fit callbacks of nn, such as nn.EarlyStopping(patience=5)."),
        (lambda: layers.Conv2D, AttributeError,
         "nn.keras.layers has no 'Conv2D': write an nn.Sequential with nn.Conv2d; pictures have their channels first "
         "there."),
        (lambda: layers.Dence, AttributeError, "nn.keras.layers has no 'Dence'. Did you mean 'Dense'?"),
        (lambda: keras.datasets.mnist, AttributeError,
         "nn.keras.datasets has no 'mnist': read it from a file of yours; nn.digits() has 1,797 pictures of 8 × 8."),
        (lambda: optimizers.Adagrad, AttributeError,
         "nn.keras.optimizers has no 'Adagrad': give compile an nn.AdaGrad(model.network.parameters())."),
        (lambda: losses.Hinge, AttributeError,
         "nn.keras.losses has no 'Hinge': give compile nn.hinge, whose targets are −1 and 1."),
        (lambda: layers.Dense(2, kernel_regularizer="l2"), TypeError,
         "Dense of nn.keras has no option 'kernel_regularizer' here: train model.network with nn.fit(…, "
         "regularizer=nn.L2(0.01))."),
        (lambda: layers.Dense(2, "relu6"), ValueError,
         f"'relu6' is no activation here. Known: {', '.join(layers.ACTIVATIONS)}; or give a function."),
        (lambda: layers.Dense(2, kernel_initializer="he_normal"), ValueError,
         "kernel_initializer is one of glorot_uniform, he_uniform, lecun_uniform, zeros, ones here, not 'he_normal': "
         "for others set the weights, with set_weights."),
        (lambda: make(optimizer="nadam"), ValueError,
         "'nadam' is no optimiser of nn.keras. Known: sgd, rmsprop, adam; take Adam."),
        (lambda: optimizers.Adam(amsgrad=True), TypeError, "Adam of nn.keras has no option 'amsgrad' here."),
        (lambda: make(loss="poisson"), ValueError,
         f"'poisson' is no loss of nn.keras. Known: {', '.join(losses.NAMES)}."),
        (lambda: make(metrics=["auc"]), ValueError,
         "'auc' is no metric of nn.keras. Known: mae, mean_absolute_error, mse, mean_squared_error, accuracy, acc; or "
         "give a function."),
        (lambda: make(run_eagerly=True), TypeError,
         "compile of nn.keras has no option 'run_eagerly' here: train model.network with nn.fit(…, compile=False)."),
        (lambda: make().fit(X, T, class_weight={0: 1}), TypeError,
         "fit of nn.keras has no option 'class_weight' here: train model.network with nn.fit, which takes "
         "class_weight."),
        (lambda: make().fit(X, T, verbose=3), ValueError, "verbose must be 'auto', 0, 1 or 2, not 3."),
        (lambda: make().predict(X[:, :2]), nn.ShapeError,
         "The model takes examples of shape (3,), got (2,): x has (20, 2)."),
        (lambda: keras.Sequential([layers.Dense(1)]).fit(X, T), RuntimeError,
         "Call compile before fit: model.compile(optimizer='rmsprop', loss='mse', metrics=['mae'])."),
        (lambda: keras.Sequential([layers.Dense(1)]).count_params(), nn.ConfigError,
         "This model is not built yet, as the shape of an example is not known: give its first layer input_shape=(…,), "
         "or call fit."),
        (lambda: keras.Sequential([nn.Linear(2, 1)]), TypeError,
         f"A Sequential of nn.keras is made of layers of nn.keras.layers, not {nn.Linear(2, 1)!r}."),
        (lambda: keras.Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1, input_shape=(4,))]),
         nn.ShapeError, "dense takes examples of shape (4,), but (2,) comes."),
        (lambda: keras.Sequential([layers.Dense(2, input_shape=(3, 3))]), nn.ShapeError,
         "Dense takes rows here, got examples of shape (3, 3): put layers.Flatten() before it."),
        (lambda: make().set_weights(WEIGHTS[:3]), nn.ShapeError, "The model has 4 arrays of weights, got 3."),
        (lambda: keras.Sequential([make().layers[0]]), nn.ConfigError,
         "<Dense dense> was built already, and cannot stand in two places: make another one."),
        (lambda: make("softmax", "sparse_categorical_crossentropy").evaluate(X, T, verbose=0), ValueError,
         "sparse_categorical_crossentropy takes one class for each example, not 2 numbers: for rows of zeros and a one "
         "take categorical_crossentropy."),
    ],
)  # fmt: skip
def test_errors(wrong, error, sentence):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == sentence


class Trained(layers.Dense):
    """A layer with an attribute of its own of Keras' name."""

    trainable = True


def test_trainable_is_refused_however_it_is_written():
    cure = "write {0}.freeze() once the model is built, or {0}.unfreeze()"
    for owner, name, advice in [
        (layers.Dense(2), "Dense", ": " + cure.format("layer.module")),
        (make(), "Sequential", ": " + cure.format("model.network")),
        (keras.Input(shape=(2,)), "InputLayer", ""),
    ]:
        for write in (lambda owner=owner: setattr(owner, "trainable", False), lambda owner=owner: owner.trainable):
            with pytest.raises(AttributeError) as refused:
                write()
            assert str(refused.value) == f"{name!r} object has no attribute 'trainable'{advice}."
    for call, name, advice in [
        (lambda: layers.Dense(2, trainable=False), "Dense", ": " + cure.format("layer.module")),
        (lambda: layers.ReLU(trainable=False), "ReLU", ": " + cure.format("layer.module")),
        (lambda: keras.Sequential([], trainable=False), "Sequential", ": " + cure.format("model.network")),
        (lambda: keras.Input((2,), trainable=False), "InputLayer", ""),
    ]:
        with pytest.raises(TypeError) as refused:
            call()
        assert str(refused.value) == f"{name} of nn.keras has no option 'trainable' here{advice}."
    model = keras.Sequential([layers.Dense(2, input_shape=(3,))])  # what is advised
    model.layers[0].module.freeze()
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    layer = Trained(2)
    layer.trainable = False
    assert (layer.trainable, Trained.trainable) == (False, True)


def test_an_activation_that_is_assigned_takes_effect():
    model, wanted = make("linear"), make("sigmoid")
    model.predict(X, verbose=0)
    model.layers[-1].activation = "sigmoid"
    np.testing.assert_allclose(model.predict(X, verbose=0), wanted.predict(X, verbose=0), rtol=1e-12)
    assert str(model.layers[-1].activation) == "sigmoid"
    with pytest.raises(ValueError, match="'sigmiod' is no activation here"):
        model.layers[-1].activation = "sigmiod"
    np.testing.assert_allclose(model.predict(X, verbose=0), wanted.predict(X, verbose=0), rtol=1e-12)
    alone = keras.Sequential([layers.Activation("tanh", input_shape=(3,))])
    alone.layers[0].activation = np.abs
    np.testing.assert_array_equal(alone.predict(X, verbose=0), np.abs(X))
