"""PyTorch models whose modules do not compute what their classes say are refused by name, and read in plain form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.utils.parametrizations as parametrizations  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

from nn import predict  # noqa: E402
from nn.errors import ConfigError  # noqa: E402
from nn.exchange.torch import from_torch  # noqa: E402

LOST = ", which has no counterpart here: what it does would be lost. Remove it by the handle that register_… gave."
ANYTHING = "which may compute anything. Write it as a module here, and give that the numbers by load_torch_state."


def twice(*arguments: Any) -> Any:
    return arguments[-1] * 2


def with_(change: Callable[[Any], Any], module: Any = None) -> Any:
    module = torch.nn.Linear(3, 2) if module is None else module
    change(module)
    return module


class Linear(torch.nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * 2


class Residual(torch.nn.Sequential):
    def forward(self, x: Any) -> Any:
        return super().forward(x) + x


class Net(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x


def chain(module: Any) -> Any:
    return torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sequential(module))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: with_(lambda m: m.register_forward_hook(twice)), "Linear, has a forward hook (twice)" + LOST),
        (lambda: with_(lambda m: m.register_forward_pre_hook(twice)), "Linear, has a forward pre-hook (twice)" + LOST),
        (lambda: with_(lambda m: m.register_full_backward_hook(twice)), "Linear, has a backward hook (twice)" + LOST),
        (
            lambda: with_(lambda m: m.register_full_backward_pre_hook(twice)),
            "Linear, has a backward pre-hook (twice)" + LOST,
        ),
        (lambda: with_(lambda m: m.weight.register_hook(twice)), "Linear, has a backward hook on its weight" + LOST),
        (
            lambda: with_(lambda m: m.register_forward_hook(twice), torch.nn.ReLU()),
            "ReLU, has a forward hook (twice)" + LOST,
        ),
        (
            lambda: with_(lambda m: m.register_forward_hook(twice), torch.nn.Sequential(torch.nn.Linear(3, 2))),
            "Sequential, has a forward hook (twice)" + LOST,
        ),
        (
            lambda: torch.nn.utils.weight_norm(torch.nn.Linear(3, 2)),
            "Linear, has weight_norm, which has no counterpart here. Make its weight plain: "
            "torch.nn.utils.remove_weight_norm(module).",
        ),
        (
            lambda: torch.nn.utils.spectral_norm(torch.nn.Conv2d(1, 1, 2)),
            "Conv2d, has spectral_norm, which has no counterpart here. Make its weight plain: "
            "torch.nn.utils.remove_spectral_norm(module).",
        ),
        (
            lambda: parametrizations.weight_norm(torch.nn.Linear(3, 2)),
            "Linear, has a parametrization of its weight (_WeightNorm), which has no counterpart here. Make it plain "
            "first: torch.nn.utils.parametrize.remove_parametrizations(module, 'weight').",
        ),
        (
            lambda: parametrizations.orthogonal(torch.nn.Linear(3, 2)),
            "Linear, has a parametrization of its weight (_Orthogonal), which has no counterpart here. Make it plain "
            "first: torch.nn.utils.parametrize.remove_parametrizations(module, 'weight').",
        ),
        (
            lambda: prune.l1_unstructured(torch.nn.Linear(3, 2), "bias", 1),
            "Linear, has pruning of its bias (L1Unstructured), which has no counterpart here. Make it plain first: "
            "torch.nn.utils.prune.remove(module, 'bias').",
        ),
        (
            lambda: torch.nn.Linear(3, 2, dtype=torch.complex64),
            "Linear, has a complex weight, and a model here computes with real numbers.",
        ),
        (lambda: Linear(3, 2), f"Linear, has a forward of its own, of the class Linear, {ANYTHING}"),
        (
            lambda: Residual(torch.nn.Linear(3, 3)),
            f"Sequential, has a forward of its own, of the class Residual, {ANYTHING}",
        ),
        (
            lambda: with_(lambda m: setattr(m, "forward", twice)),
            f"Linear, has a forward of its own, set on the instance, {ANYTHING}",
        ),
        (
            lambda: with_(lambda m: m.weight.data[1, 2].fill_(float("nan"))),
            "Linear, holds nan in its weight, at [1, 2]. Where a training has diverged, go back to weights that are "
            "finite.",
        ),
        (
            lambda: with_(lambda m: m.running_var[0].fill_(float("inf")), torch.nn.BatchNorm1d(2)),
            "BatchNorm1d, holds inf in its running_var, at [0]. Where a training has diverged, go back to weights that "
            "are finite.",
        ),
        (
            lambda: torch.nn.LazyLinear(2),
            "LazyLinear, has no weight yet: call the model once on a batch, which gives it its shape.",
        ),
        (
            lambda: torch.nn.Linear(3, 2, device="meta"),
            "Linear, has no numbers in its weight: it is on the device meta. Load its weights first.",
        ),
    ],
)
def test_what_is_not_as_its_class_says(make: Callable[[], Any], sentence: str) -> None:
    for model, where in ((make(), "The model"), (chain(make()), "Module 1.0")):
        with pytest.raises((ConfigError, ValueError)) as caught:
            from_torch(model)
        assert str(caught.value) == f"{where}, {sentence}"


@pytest.mark.parametrize(
    ("thing", "what"),
    [
        (None, "NoneType"),
        (np.ones(2), "ndarray"),
        (torch.nn.Linear, "the class Linear"),
        ({"weight": torch.ones(1, 1)}, "dict"),
        (torch.ones(2), "Tensor"),
    ],
)
def test_what_is_no_module(thing: Any, what: str) -> None:
    with pytest.raises(TypeError) as caught:
        from_torch(thing)
    assert str(caught.value) == (
        f"from_torch takes a torch.nn.Module, not {what}. The numbers of a state_dict are loaded into a model of the "
        "same shape by load_torch_state(model, state)."
    )


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (Net(), "Module 0, Net(), has no counterpart here."),
        (
            torch.nn.Softplus(threshold=5),
            "Module 0, Softplus(beta=1.0, threshold=5), has threshold=5, above which it is x itself; that has no "
            "counterpart here: it must be 20 or more.",
        ),
        (
            torch.nn.Unflatten(1, (2, -1)),
            "Module 0, Unflatten(dim=1, unflattened_size=(2, -1)), leaves a size open: write each as a number from 1.",
        ),
    ],
)
def test_options_and_classes_without_a_counterpart(module: Any, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_torch(module)
    assert str(caught.value) == sentence


class Block(torch.nn.Sequential):
    """A chain under a name of its own, as in many models."""


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_was_made_plain_is_read() -> None:
    first, second, third = (torch.nn.Linear(3, 3).double() for _ in range(3))
    parametrizations.weight_norm(first)
    torch.nn.utils.parametrize.remove_parametrizations(first, "weight")
    prune.remove(prune.l1_unstructured(second, "weight", 4), "weight")
    torch.nn.utils.remove_weight_norm(torch.nn.utils.weight_norm(third))
    handle = third.register_forward_hook(twice)
    handle.remove()
    model = Block(first, torch.nn.Tanh(), Block(second, third), torch.nn.Softplus())
    X = np.random.default_rng(0).standard_normal((5, 3))
    with torch.no_grad():
        expected = model(torch.tensor(X)).numpy()
    np.testing.assert_allclose(predict(from_torch(model), X), expected, rtol=1e-8)
