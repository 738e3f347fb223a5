"""Keras' words: its `Sequential`, layers, losses and optimisers, with their defaults, as lecture 1 trains with them.

What is built is a model of `nn`, ``model.network``, so that every derivative can be drawn and explained. Models are
chains of layers; what Keras has beyond them is refused by name.

Example:
    >>> from nn import keras
    >>> from nn.keras import layers
    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential([layers.Dense(4, activation="tanh", input_shape=(2,)), layers.Dense(1)])
    >>> model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    >>> history = model.fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0], epochs=3, verbose=0)
    >>> list(history.history), model.predict([[0.5, 0.5]], verbose=0).shape
    (['loss', 'mae'], (1, 1))
"""

from typing import Any

from nn import absent
from nn.keras import datasets, layers, losses, optimizers, random, utils
from nn.keras.layers import Input
from nn.keras.model import History, Sequential

__all__ = ["History", "Input", "Sequential", "datasets", "layers", "losses", "optimizers", "random", "utils"]

#: What Keras has beside these: what to write.
ABSENT = {
    "Model": "models are chains, keras.Sequential; for other graphs write an nn.Module with a forward of its own",
    "activations": "give layers an activation's name, such as 'relu'",
    "applications": "there are no pretrained models",
    "backend": "everything is computed by autograd, in float64",
    "callbacks": "give fit callbacks of nn, such as nn.EarlyStopping(patience=5)",
    "initializers": "give layers an initialiser's name, such as 'he_uniform'",
    "metrics": "give compile a metric's name, or a function (y_true, y_pred) -> number",
    "models": "write keras.Sequential; nn.save(path, model.network) and nn.load(path) keep a model",
    "preprocessing": "write it with NumPy",
    "regularizers": "train model.network with nn.fit(…, regularizer=nn.L2(0.01))",
    "saving": "write nn.save(path, model.network) and nn.load(path)",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.keras", name, ABSENT, __all__)
