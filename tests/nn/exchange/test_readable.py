"""PyTorch models whose modules do not compute what their classes say are refused by name, and read in plain form."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.utils.parametrizations as parametrizations  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

import nn  # noqa: E402
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


def test_a_hook_is_named_in_a_process_that_has_not_loaded_pruning() -> None:
    code = """
import sys, torch, nn
assert "torch.nn.utils.prune" not in sys.modules
model = torch.nn.Sequential(torch.nn.Linear(2, 1))
model[0].register_forward_hook(lambda *given: given[-1] * 2)
try:
    nn.from_torch(model)
except nn.ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "Module 0, Linear, has a forward hook (<lambda>)" + LOST


# --- ours -------------------------------------------------------------------------------------------------------------

TO_PYTORCH = "which may compute anything. Write it in PyTorch, and give that the numbers of nn.torch_state(model)."


class Scaled(nn.Linear):
    def forward(self, xs: Any) -> Any:
        return super().forward(xs) * 2


class Called(nn.MLP):
    def __call__(self, xs: Any) -> Any:
        return super().__call__(xs) * 2


class Skipping(nn.Sequential):
    def forward(self, xs: Any) -> Any:
        return super().forward(xs) + xs


class Together(nn.Sequential):
    def forward_batch(self, examples: Any) -> Any:
        return examples


class Clipped(nn.ReLU):
    def forward(self, xs: Any) -> Any:
        return np.minimum(super().forward(xs), 6.0)


class Decaying(nn.Elman):
    def step(self, inputs: Any, state: Any, time: int = 0) -> Any:
        return super().step(inputs, state, time) * 0.5


class Smallest(nn.MaxPool2d):
    def _pool(self, numbers: Any) -> Any:
        return min(numbers)


class Twice:
    def forward(self, xs: Any) -> Any:
        return super().forward(xs) * 2  # type: ignore[misc]


class Mixed(Twice, nn.Linear):
    pass


class Overruled(nn.Linear, Twice):
    """Its forward is that of the package."""


class Named(nn.Linear):
    """What is the user's, and computes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width, seed=0)

    def extent(self) -> str:
        return f"{self.n_in} wide"

    def __repr__(self) -> str:
        return "Named"

    def _note(self) -> None:
        """Compute nothing."""


def set_on_instance() -> nn.Module:
    model = nn.Linear(2, 1, seed=0)
    model.forward = lambda xs: [2.0 * x for x in xs]
    return model


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Scaled(2, 1, seed=0),
            "layer1 (Scaled 2 → 1, identity) has a forward of its own, of the class Scaled, ",
        ),
        (lambda: Called(2, [1]), "mlp1 (Called 2 → 1) has a __call__ of its own, of the class Called, "),
        (
            lambda: Skipping(nn.Linear(2, 2)),
            "sequential1 (Skipping 2 → 2) has a forward of its own, of the class Skipping, ",
        ),
        (
            lambda: Together(nn.Linear(2, 2)),
            "sequential1 (Together 2 → 2) has a forward_batch of its own, of the class Together, ",
        ),
        (Clipped, "activation1 (Clipped relu) has a forward of its own, of the class Clipped, "),
        (lambda: Decaying(2, 2), "elman1 (Decaying 2 → 2, tanh) has a step of its own, of the class Decaying, "),
        (lambda: Smallest(2), "maxpool1 (Smallest 2×2) has a _pool of its own, of the class Smallest, "),
        (lambda: Mixed(2, 1), "layer1 (Mixed 2 → 1, identity) has a forward of its own, of the class Twice, "),
        (set_on_instance, "layer1 (Linear 2 → 1, identity) has a forward of its own, set on the instance, "),
    ],
)
def test_ours_that_compute_something_of_their_own_are_refused(make: Callable[[], nn.Module], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        nn.to_torch(nn.Sequential(make()))
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(TO_PYTORCH)


def test_the_numbers_of_a_forward_of_ones_own_still_go_both_ways() -> None:
    model, theirs = Scaled(3, 2, seed=0), Linear(3, 2).double()
    theirs.load_state_dict({key.removeprefix("0."): tensor for key, tensor in nn.torch_state(model).items()})
    x = [0.3, -1.2, 0.5]
    with torch.no_grad():
        expected = theirs(torch.tensor(x, dtype=torch.float64)).tolist()
    np.testing.assert_allclose([y.data for y in model(x)], expected, rtol=1e-12)
    other = Scaled(3, 2, seed=1)
    nn.load_torch_state(other, {f"0.{key}": tensor for key, tensor in theirs.state_dict().items()})
    assert [y.data for y in other(x)] == [y.data for y in model(x)]


@pytest.mark.parametrize("make", [lambda: Named(2), lambda: Overruled(2, 2, seed=0)])
def test_a_class_of_ones_own_that_computes_nothing_of_its_own_goes(make: Callable[[], nn.Module]) -> None:
    model = nn.Sequential(make())
    with torch.no_grad():
        found = nn.to_torch(model)(torch.tensor([[0.3, -1.2]], dtype=torch.float64))[0].tolist()
    np.testing.assert_allclose(found, [y.data for y in model([0.3, -1.2])], rtol=1e-12)
