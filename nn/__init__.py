"""edgegrad's neural networks: neurons, layers and models whose every weight and sum is one of the engine's Values.

The words are PyTorch's where it has them; curvature, metrics and plots are modules of their own: `nn.curvature`,
`nn.metrics`, `nn.plots`; and so are Keras' and scikit-learn's words: `nn.keras`, `nn.sklearn`.

Example:
    >>> import nn
    >>> X, y = nn.two_moons(60, seed=0)
    >>> model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
    >>> optimizer = nn.RMSProp(model.parameters(), lr=0.05)
    >>> history = nn.fit(
    ...     model, X, y, loss="mse", optimizer=optimizer, epochs=20, batch_size=16, validation_split=0.2,
    ...     metrics=["mae"], seed=0,
    ... )
    >>> list(history), history["loss"][0] > 2 * history["loss"][-1]
    (['loss', 'mae', 'val_loss', 'val_mae'], True)
    >>> nn.evaluate(model, X, y, loss="mse", metrics=["mae"]).keys()
    dict_keys(['loss', 'mae'])
    >>> nn.predict(model, X[:20]).shape
    (20, 1)
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nn.save(model, f"{folder}/moons.safetensors")
    ...     again = nn.load(f"{folder}/moons.safetensors")
    >>> again(X[0])[0].data == model(X[0])[0].data
    True
"""

from typing import Any as _Any

import autograd as _autograd

if not hasattr(_autograd, "Value"):  # its __init__.py was written over: nothing in that folder can be relied upon
    raise ImportError(
        "Two packages share the folder 'autograd': edgegrad and HIPS' autograd were installed into one environment. "
        "Run: pip uninstall -y autograd edgegrad && pip install edgegrad"
    )

from nn import absent as _absent
from nn import functional, keras, metrics, plots
from nn.data.cells import cells
from nn.data.datasets import adding_problem, circles, delayed_echo, sine_wave, spirals, two_gaussians, two_moons, xor
from nn.data.loading import DataLoader, Standardizer, train_test_split
from nn.data.real_data import BOSTON_COLUMNS, boston, digits
from nn.errors import ConfigError, ShapeError, StateError, WiringError
from nn.exchange.torch import from_torch, load_torch_state, to_torch, torch_state
from nn.losses.criteria import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from nn.losses.losses import (
    LOSSES,
    bce,
    bce_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    kl,
    kl_with_logits,
    mae,
    mse,
    multi_margin,
    summed_log_loss,
)
from nn.losses.regularizers import L1, L2, Regularizer
from nn.metrics import (
    METRICS,
    ConfusionMatrix,
    accuracy,
    accuracy_with_logits,
    confusion_matrix,
    iou,
    iou_with_logits,
    r2,
)
from nn.models.adaptive_resonance import AdaptiveResonance
from nn.models.bidirectional_memory import BidirectionalMemory
from nn.models.decision_regions import any_region, convex_region, half_plane, linear_equivalent, polygon_sides
from nn.models.hodgkin_huxley import HodgkinHuxley
from nn.models.hopfield import Hopfield
from nn.models.self_organizing_map import SelfOrganizingMap
from nn.models.spiking import SpikingNetwork
from nn.models.step_approximation import step_approximation, step_network, wavy_function
from nn.models.unet import UNet
from nn.module import Module
from nn.modules.activations import ACTIVATIONS, ActivationFunction, activation
from nn.modules.attention import MultiheadAttention
from nn.modules.convolution import Conv1d, Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation, Dropout, Identity, Stochastic
from nn.modules.embedding import Embedding
from nn.modules.initializers import INITIALIZERS, initialize
from nn.modules.layer_norm import LayerNorm, RMSNorm
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.network import Network
from nn.modules.neurons import Neuron, StochasticNeuron, ThresholdNeuron, and_gate, not_gate, or_gate
from nn.modules.normalization import BatchNorm1d, BatchNorm2d
from nn.modules.pooling import AvgPool2d, MaxPool2d
from nn.modules.pytorch import (
    ELU,
    GELU,
    SELU,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
    Upsample,
)
from nn.modules.recurrent import GRU, LSTM, Elman
from nn.modules.shaping import Concatenate, Flatten, Reshape, cat, concatenate
from nn.optim.clipping import clip_grad_norm, clip_grad_value
from nn.optim.objective import Objective
from nn.optim.optimizer import Optimizer, StepError
from nn.optim.optimizers import (
    BFGS,
    LBFGS,
    OPTIMIZERS,
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    ConjugateGradients,
    LevenbergMarquardt,
    Newton,
    QuickProp,
    RMSProp,
    RProp,
)
from nn.optim.schedules import (
    ConstantRate,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    MultiStep,
    OneCycle,
    PolynomialDecay,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    WarmUp,
)
from nn.saving.files import ModelFileError, load, load_training, load_weights, save
from nn.training import curvature
from nn.training.callbacks import Callback, Checkpoint, EarlyStopping, Record, StopBelow, Training, WeightPath
from nn.training.film import Film
from nn.training.fit import DivergedError, evaluate, fit, predict
from nn.training.history import History

_NOT_THE_USERS = True  # errors name the line of a caller outside

__all__ = [
    "ACTIVATIONS",
    "BFGS",
    "BOSTON_COLUMNS",
    "ELU",
    "GELU",
    "GRU",
    "INITIALIZERS",
    "L1",
    "L2",
    "LBFGS",
    "LOSSES",
    "LSTM",
    "METRICS",
    "MLP",
    "OPTIMIZERS",
    "SELU",
    "SGD",
    "Activation",
    "ActivationFunction",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AdaptiveResonance",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BidirectionalMemory",
    "Callback",
    "Checkpoint",
    "Concatenate",
    "ConfigError",
    "ConfusionMatrix",
    "ConjugateGradients",
    "ConstantRate",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CosineDecay",
    "CrossEntropyLoss",
    "DataLoader",
    "DivergedError",
    "Dropout",
    "EarlyStopping",
    "Elman",
    "Embedding",
    "ExponentialDecay",
    "Film",
    "Flatten",
    "History",
    "HodgkinHuxley",
    "Hopfield",
    "HuberLoss",
    "Identity",
    "InverseTimeDecay",
    "KLDivLoss",
    "L1Loss",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LevenbergMarquardt",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "ModelFileError",
    "Module",
    "MultiStep",
    "MultiheadAttention",
    "NLLLoss",
    "Network",
    "Neuron",
    "Newton",
    "Objective",
    "OneCycle",
    "Optimizer",
    "PolynomialDecay",
    "QuickProp",
    "RMSNorm",
    "RMSProp",
    "RProp",
    "ReLU",
    "Record",
    "ReduceOnPlateau",
    "Regularizer",
    "Reshape",
    "Schedule",
    "SelfOrganizingMap",
    "Sequential",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpikingNetwork",
    "Standardizer",
    "StateError",
    "StepDecay",
    "StepError",
    "Stochastic",
    "StochasticNeuron",
    "StopBelow",
    "Tanh",
    "ThresholdNeuron",
    "Training",
    "UNet",
    "Upsample",
    "WarmUp",
    "WeightPath",
    "WiringError",
    "accuracy",
    "accuracy_with_logits",
    "activation",
    "adding_problem",
    "and_gate",
    "any_region",
    "bce",
    "bce_with_logits",
    "boston",
    "cat",
    "cells",
    "circles",
    "clip_grad_norm",
    "clip_grad_value",
    "concatenate",
    "confusion_matrix",
    "convex_region",
    "cross_entropy",
    "curvature",
    "delayed_echo",
    "digits",
    "evaluate",
    "fit",
    "from_torch",
    "functional",
    "half_plane",
    "half_squared_error",
    "hinge",
    "huber",
    "initialize",
    "iou",
    "iou_with_logits",
    "keras",
    "kl",
    "kl_with_logits",
    "linear_equivalent",
    "load",
    "load_torch_state",
    "load_training",
    "load_weights",
    "mae",
    "metrics",
    "mse",
    "multi_margin",
    "not_gate",
    "or_gate",
    "plots",
    "polygon_sides",
    "predict",
    "r2",
    "save",
    "sine_wave",
    "spirals",
    "step_approximation",
    "step_network",
    "summed_log_loss",
    "to_torch",
    "torch_state",
    "train_test_split",
    "two_gaussians",
    "two_moons",
    "wavy_function",
    "xor",
]


def __getattr__(name: str) -> _Any:
    if name == "sklearn":  # loaded when it is asked for, as scikit-learn is
        from importlib import import_module

        return import_module("nn.sklearn")
    return _absent.refuse("nn", name, _absent.MODULES, __all__)
