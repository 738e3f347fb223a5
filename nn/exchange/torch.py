"""Models to and from PyTorch: a chain of modules becomes a ``torch.nn.Sequential`` with the same weights, and back.

A `Layer` or `Conv2d` with an activation is two modules there; on the way back an activation joins the layer before it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import arrays
from nn.errors import ConfigError, StateError
from nn.exchange import attention, recurrent
from nn.exchange.readable import check_own_methods, check_readable
from nn.module import Module, Slot
from nn.modules.activations import ActivationFunction
from nn.modules.activations import activation as find_activation
from nn.modules.attention import MultiheadAttention
from nn.modules.convolution import Conv1d, Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation, Dropout, Identity
from nn.modules.embedding import Embedding
from nn.modules.layer_norm import LayerNorm, RMSNorm
from nn.modules.layers import Layer, Sequential
from nn.modules.normalization import BatchNorm1d, BatchNorm2d
from nn.modules.pooling import AvgPool2d, MaxPool2d
from nn.modules.pytorch import LogSoftmax, Softmax, Upsample
from nn.modules.recurrent import GRU, LSTM, Elman
from nn.modules.shaping import Flatten, Reshape

__all__ = ["from_torch", "load_torch_state", "to_torch", "torch_state"]

#: PyTorch's names of our arrays; the others are the same.
TORCH_NAMES = (
    {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"} | recurrent.TORCH_NAMES | attention.TORCH_NAMES
)
SOFTPLUS_THRESHOLD = 700.0  # PyTorch's softplus is x itself above its threshold, 20 by default: off by up to 2e-9
SMOOTH_THRESHOLD = 20  # the least threshold of theirs that is taken for none


def to_torch(model: Module) -> Any:
    """Make a ``torch.nn.Sequential`` that computes the same, in float64, with a copy of the weights.

    Frozen parameters, training or evaluation mode, and parameters that are used in two places carry over.

    Args:
        model: a `Sequential` (or `MLP`) of layers, convolutions, recurrent networks, attention, embeddings, pooling,
            normalisation, dropout, activations, `Flatten`, `Reshape` and `Identity`, nested or not; or one of these.

    Returns:
        the ``torch.nn.Sequential``; it takes batches.

    Raises:
        ConfigError: a module has no counterpart there, or a forward of its own.
        ImportError: PyTorch is not installed.
    """
    check_own_methods(model)
    twin, _ = _twin(model)
    return twin


def torch_state(model: Module) -> dict[str, Any]:
    """Return the model's numbers as the ``state_dict`` of its PyTorch counterpart: ``{"0.weight": tensor, …}``.

    Raises as `to_torch` does, but also gives the numbers of a module that has a forward of its own.
    """
    return dict(_twin(model)[0].state_dict())


def load_torch_state(model: Module, state: Mapping[str, Any]) -> None:
    """Set all numbers of a model from the ``state_dict`` of its PyTorch counterpart, or change nothing.

    Args:
        model: as for `to_torch`.
        state: tensors or arrays by PyTorch's names: ``{"0.weight": …}``.

    Raises:
        StateError: keys are missing or unexpected, or shapes do not fit; all are listed by PyTorch's names.
        ConfigError: a module has no counterpart in PyTorch.
        ImportError: PyTorch is not installed.
    """
    twin, counterparts = _twin(model)
    wanted = twin.state_dict()
    given = {key: _array(tensor) for key, tensor in state.items()}
    problems = [f"{key} is complex" for key, array in given.items() if np.iscomplexobj(array)]
    problems += [f"{key} is missing" for key in wanted if key not in given]
    problems += [f"{key} is not part of the model" for key in given if key not in wanted]
    problems += [
        f"{key} has shape {given[key].shape} instead of {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in given and given[key].shape != tuple(tensor.shape)
    ]
    if problems:
        raise StateError(f"The state does not fit {model.title}: {'; '.join(problems)}. Nothing was changed.")
    prefixes = {id(part): name for name, part in twin.named_modules()}
    holders = {key: attention.holder(part, _torch().nn.Module) for key, part in counterparts.items()}
    model.load_state_dict(
        {
            slot.key: given[f"{prefixes[id(holders[id(slot.owner)])]}.{TORCH_NAMES.get(slot.name, slot.name)}"]
            for slot in model.slots()
        }
    )


def from_torch(module: Any) -> Sequential:
    """Make a `Sequential` that computes the same as a PyTorch module, with a copy of its weights in float64.

    Args:
        module: a ``torch.nn.Sequential``, nested or not, of Linear, convolutions, pooling, normalisation, Embedding,
            Dropout, Flatten, Unflatten, Identity and activations; or one of these alone, or RNN, GRU or LSTM with
            ``batch_first=True``, of which the outputs of all steps are taken.

    Raises:
        ConfigError: a module, an option of it, a hook, or a weight that is computed from others has no counterpart
            here.
        TypeError: it is no module of PyTorch.
        ValueError: a weight is NaN or infinite, or not there yet.
        ImportError: PyTorch is not installed.
    """
    torch = _torch()
    check_readable(torch, module)
    chain = module if isinstance(module, torch.nn.Sequential) else torch.nn.Sequential(module)
    model = _Import(chain).sequential(chain, "")
    return model.train(bool(module.training))


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError("This needs PyTorch: pip install torch.") from None
    return torch


# --- to PyTorch -------------------------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Any, float | None], Any]] = {
    "identity": lambda nn, alpha: nn.Identity(),
    "sigmoid": lambda nn, alpha: nn.Sigmoid(),
    "tanh": lambda nn, alpha: nn.Tanh(),
    "relu": lambda nn, alpha: nn.ReLU(),
    "leaky_relu": lambda nn, alpha: nn.LeakyReLU(alpha),
    "elu": lambda nn, alpha: nn.ELU(alpha),
    "selu": lambda nn, alpha: nn.SELU(),
    "softplus": lambda nn, alpha: nn.Softplus(threshold=SOFTPLUS_THRESHOLD),
    "softsign": lambda nn, alpha: nn.Softsign(),
    "silu": lambda nn, alpha: nn.SiLU(),
    "gelu": lambda nn, alpha: nn.GELU(),
    "mish": lambda nn, alpha: nn.Mish(),
    "softmax": lambda nn, alpha: nn.Softmax(dim=-1),
    "log_softmax": lambda nn, alpha: nn.LogSoftmax(dim=-1),
}


def _twin(model: Module) -> tuple[Any, dict[int, Any]]:
    """Make the counterpart of a model, and say which module of it holds the arrays of which of ours."""
    torch = _torch()
    counterparts: dict[int, Any] = {}
    pieces = _make_pieces(model, torch.nn, counterparts, {})
    twin = pieces[0] if isinstance(model, Sequential) else torch.nn.Sequential(*pieces)
    twin.double()
    shared: dict[int, Any] = {}
    for slot in model.slots():
        within, _, name = TORCH_NAMES.get(slot.name, slot.name).rpartition(".")
        owner = attention.holder(counterparts[id(slot.owner)], torch.nn.Module).get_submodule(within)
        if id(slot.content) in shared:
            setattr(owner, name, shared[id(slot.content)])
            continue
        tensor = shared[id(slot.content)] = getattr(owner, name)
        with torch.no_grad():
            tensor.copy_(torch.tensor(_read_numbers(slot)))
        if slot.trained:
            tensor.requires_grad_(any(parameter.requires_grad for _, parameter in slot.parameters()))
    twin.train(model.training)
    for part in model.modules():
        if id(part) in counterparts:
            counterparts[id(part)].train(part.training)
    return twin, counterparts


def _read_numbers(slot: Slot) -> NDArray[Any]:
    return arrays.numbers(slot.content) if slot.trained else np.array(slot.content)


def _make_pieces(part: Module, nn: Any, counterparts: dict[int, Any], made: dict[int, list[Any]]) -> list[Any]:
    """Make the modules that together do what one of ours does; the first holds its arrays. Each is made once."""
    if id(part) not in made:
        if isinstance(part, Sequential):
            inner = [piece for layer in part for piece in _make_pieces(layer, nn, counterparts, made)]
            made[id(part)] = [nn.Sequential(*inner)]
        else:
            made[id(part)] = _export(part, nn)
        counterparts[id(part)] = made[id(part)][0]
    return made[id(part)]


def _export(part: Module, nn: Any) -> list[Any]:
    match part:
        case Layer():
            first = nn.Linear(part.n_in, part.n_out, bias=part.bias)
        case Conv1d() | Conv2d():
            kind = nn.Conv1d if isinstance(part, Conv1d) else nn.Conv2d
            sizes = (part.kernel_size, part.stride, part.padding, part.dilation, part.groups, part.bias)
            first = kind(part.in_channels, part.out_channels, *sizes)
        case ConvTranspose2d():
            first = nn.ConvTranspose2d(
                part.in_channels,
                part.out_channels,
                part.kernel_size,
                part.stride,
                part.padding,
                part.output_padding,
                part.groups,
                bias=part.bias,
                dilation=part.dilation,
            )
        case MaxPool2d():
            return [nn.MaxPool2d(part.kernel_size, part.stride, part.padding)]
        case AvgPool2d():
            return [nn.AvgPool2d(part.kernel_size, part.stride, part.padding, False, part.count_include_pad)]
        case LayerNorm():
            return [nn.LayerNorm(part.normalized_shape, part.eps, part.elementwise_affine, part.bias)]
        case RMSNorm():
            return [nn.RMSNorm(part.normalized_shape, part.eps, part.elementwise_affine)]
        case Elman() if part.activation.name not in recurrent.NONLINEARITIES:
            raise ConfigError(f"The activation {part.activation} of {part.title} has no counterpart in PyTorch's RNN.")
        case Elman() | GRU() | LSTM():
            return recurrent.make(part, nn)
        case MultiheadAttention():
            return attention.make(part, nn)
        case Embedding():
            return [nn.Embedding(part.num_embeddings, part.embedding_dim, part.padding_idx)]
        case BatchNorm1d() | BatchNorm2d():
            kind = nn.BatchNorm1d if isinstance(part, BatchNorm1d) else nn.BatchNorm2d
            return [kind(part.num_features, part.eps, part.momentum, part.affine, part.track_running_stats)]
        case Dropout():
            return [nn.Dropout(part.p)]
        case Flatten():
            return [nn.Flatten()]
        case Reshape():
            return [nn.Unflatten(1, part.shape)]
        case Identity():
            return [nn.Identity()]
        case Upsample():
            return [nn.Upsample(scale_factor=part.scale_factor)]
        case Softmax() | LogSoftmax():
            kind = nn.Softmax if isinstance(part, Softmax) else nn.LogSoftmax
            return [kind(dim=1 if part.dim is None else part.dim)]
        case Activation():
            return [_export_activation(part, part.activation, nn)]
        case _:
            raise ConfigError(f"{part.title} has no counterpart that a torch.nn.Sequential can chain.")
    if part.activation.name == "identity":
        return [first]
    return [first, _export_activation(part, part.activation, nn)]


def _export_activation(part: Module, activation: ActivationFunction, nn: Any) -> Any:
    make = ACTIVATIONS.get(activation.name or "")
    if make is None:
        raise ConfigError(f"The activation {activation} of {part.title} has no counterpart in PyTorch.")
    return make(nn, activation.alpha)


# --- from PyTorch -----------------------------------------------------------------------------------------------------

#: Activations of PyTorch that have no options.
TORCH_ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU": "relu",
    "SELU": "selu",
    "Softsign": "softsign",
    "SiLU": "silu",
    "Mish": "mish",
}

#: PyTorch's modules whose counterparts here have an activation of their own.
WITH_ACTIVATION = frozenset({"Linear", "Conv1d", "Conv2d", "ConvTranspose2d"})


class _Import:
    """One conversion from PyTorch; it remembers what it made, so that what stands in two places is made once."""

    def __init__(self, chain: Any) -> None:
        self.uses = Counter(id(part) for _, part in chain.named_modules(remove_duplicate=False))
        self.made: dict[int, Module] = {}
        self.last = False  # whether a recurrent module gives its last step alone
        self.arrays: dict[int, Any] = {}

    def sequential(self, chain: Any, place: str) -> Sequential:
        """Convert a chain. An activation joins the layer before it, unless that stands elsewhere as well."""
        layers: list[Module] = []
        waiting = deque(enumerate(chain))
        while waiting:
            index, part = waiting.popleft()
            activation = None
            if waiting and self.uses[id(part)] == 1 and type(part).__name__ in WITH_ACTIVATION:
                activation = self.activation(waiting[0][1], f"{place}{waiting[0][0]}")
                if activation is not None and activation.whole:
                    after = type(part).__name__ == "Linear" and waiting[0][1].dim == -1
                    activation = activation if after else None  # over another axis than a layer's it stays by itself
                if activation is not None:
                    waiting.popleft()
            steps = bool(waiting) and recurrent.is_steps(waiting[0][1], _torch().nn.Module)
            self.last = steps and waiting.popleft()[1].last
            if id(part) not in self.made:
                self.made[id(part)] = self.module(part, f"{place}{index}", activation)
            layers.append(self.made[id(part)])
        return Sequential(*layers)

    def activation(self, part: Any, place: str) -> ActivationFunction | None:
        """Find the activation that a module is; None if it is none."""
        name = type(part).__name__
        if not type(part).__module__.startswith("torch.nn.modules.activation"):
            return None
        if name in TORCH_ACTIVATIONS:
            return find_activation(TORCH_ACTIVATIONS[name])
        match name:
            case "LeakyReLU":
                return find_activation("leaky_relu").with_alpha(part.negative_slope)
            case "ELU":
                return find_activation("elu").with_alpha(part.alpha)
            case "GELU":
                _require(part, place, approximate=("none",))
            case "Softplus":
                _require(part, place, beta=(1, 1.0))
                if part.threshold < SMOOTH_THRESHOLD:
                    raise ConfigError(
                        f"Module {place}, {part}, has threshold={part.threshold!r}, above which it is x itself; that "
                        f"has no counterpart here: it must be {SMOOTH_THRESHOLD} or more."
                    )
            case "Softmax" | "LogSoftmax":
                _require(part, place, dim=(-1, 1, None))
                return find_activation("softmax" if name == "Softmax" else "log_softmax")
            case _:
                raise _unknown(part, place)
        return find_activation(name.lower())

    def module(self, part: Any, place: str, activation: ActivationFunction | None) -> Module:
        """Convert one module, with the activation that follows it."""
        alone = self.activation(part, place)
        if alone is not None:
            over_classes = {"softmax": Softmax, "log_softmax": LogSoftmax}.get(str(alone))
            return Activation(alone) if over_classes is None else over_classes(part.dim)
        if isinstance(part, _torch().nn.Sequential):
            return self.sequential(part, f"{place}.")
        if attention.is_attending(part, _torch().nn.Module):
            return self.fill(part.attention, attention.read(part))
        bias = getattr(part, "bias", None) is not None
        match type(part).__name__:
            case "Linear":
                return self.fill(part, Layer(part.in_features, part.out_features, activation, bias))
            case "Conv1d" | "Conv2d" as name:
                _require(part, place, padding_mode=("zeros",))
                convolution = Conv1d if name == "Conv1d" else Conv2d
                padding = 0 if part.padding == "valid" else part.padding
                sizes = (part.in_channels, part.out_channels, part.kernel_size, part.stride, padding, part.dilation)
                return self.fill(part, convolution(*sizes, activation, bias, groups=part.groups))
            case "ConvTranspose2d":
                _require(part, place, padding_mode=("zeros",))
                shape = (part.in_channels, part.out_channels, part.kernel_size, part.stride, part.padding)
                more = (part.output_padding, part.dilation, activation, bias)
                return self.fill(part, ConvTranspose2d(*shape, *more, groups=part.groups))
            case "BatchNorm1d" | "BatchNorm2d" as name:
                kind = BatchNorm1d if name == "BatchNorm1d" else BatchNorm2d
                made = kind(part.num_features, part.eps, part.momentum, part.affine, part.track_running_stats)
                return self.fill(part, made)
            case "MaxPool2d":
                _require(part, place, dilation=(1, (1, 1)), ceil_mode=(False,), return_indices=(False,))
                return MaxPool2d(part.kernel_size, part.stride, part.padding)
            case "AvgPool2d":
                _require(part, place, ceil_mode=(False,), divisor_override=(None,))
                return AvgPool2d(part.kernel_size, part.stride, part.padding, part.count_include_pad)
            case "LayerNorm":
                return self.fill(part, LayerNorm(part.normalized_shape, part.eps, part.elementwise_affine, bias))
            case "RMSNorm":
                eps = _torch().finfo(_dtype(part)).eps if part.eps is None else part.eps
                return self.fill(part, RMSNorm(part.normalized_shape, eps, part.elementwise_affine))
            case "Embedding":
                _require(part, place, max_norm=(None,), scale_grad_by_freq=(False,))
                table = Embedding(part.num_embeddings, part.embedding_dim, padding_idx=part.padding_idx)
                return self.fill(part, table)
            case "RNN" | "GRU" | "LSTM":
                _require(part, place, num_layers=(1,), bidirectional=(False,), batch_first=(True,), proj_size=(0,))
                return self.fill(part, recurrent.read(part, self.last))
            case "Dropout":
                return Dropout(part.p)
            case "Flatten":
                _require(part, place, start_dim=(1,), end_dim=(-1,))
                return Flatten()
            case "Unflatten":
                _require(part, place, dim=(1,))
                if any(not isinstance(size, int) or size < 1 for size in part.unflattened_size):
                    raise ConfigError(f"Module {place}, {part}, leaves a size open: write each as a number from 1.")
                return Reshape(*part.unflattened_size)
            case "Upsample":
                _require(part, place, size=(None,), mode=("nearest",))
                factor = part.scale_factor
                if isinstance(factor, tuple) or factor != int(factor):
                    raise ConfigError(f"Module {place}, {part}, has a scale_factor that is no whole number.")
                return Upsample(scale_factor=int(factor))
            case "Identity":
                return Identity()
        raise _unknown(part, place)

    def fill(self, part: Any, made: Module) -> Module:
        """Copy the numbers of a module; parameters that PyTorch shares with one before are shared here, too."""
        names = {slot.name: TORCH_NAMES.get(slot.name, slot.name) for slot in made.slots()}
        theirs = {own: attrgetter(name)(part) for own, name in names.items()}
        made.load_state_dict({name: _array(tensor) for name, tensor in theirs.items()})
        for slot in list(made.slots()):
            tensor = theirs[slot.name]
            if not slot.trained:
                continue
            if id(tensor) in self.arrays:
                setattr(made, slot.name, self.arrays[id(tensor)])
            self.arrays[id(tensor)] = getattr(made, slot.name)
            for _, parameter in slot.parameters():
                parameter.requires_grad = tensor.requires_grad
        return made.train(bool(part.training))


def _require(part: Any, place: str, **options: tuple[Any, ...]) -> None:
    for name, known in options.items():
        if getattr(part, name) not in known:
            raise ConfigError(
                f"Module {place}, {part}, has {name}={getattr(part, name)!r}, which has no counterpart here: it must "
                f"be {known[0]!r}."
            )


def _unknown(part: Any, place: str) -> ConfigError:
    return ConfigError(f"Module {place}, {part}, has no counterpart here.")


def _dtype(part: Any) -> Any:
    """Return the type of the numbers that a module takes: that of its weights."""
    return _torch().get_default_dtype() if part.weight is None else part.weight.dtype


def _array(tensor: Any) -> NDArray[Any]:
    if not hasattr(tensor, "detach"):
        return np.asarray(tensor)
    here = tensor.detach().cpu().to_dense()
    return np.asarray((here if here.is_complex() else here.double()).numpy())
