"""Whether a model computes what the classes of its modules say: PyTorch's without hooks, derived weights and the like.

A module of either kind must also be without a `forward` of its own.
"""

from __future__ import annotations

from typing import Any

from nn.errors import ConfigError
from nn.module import Module

__all__ = ["check_own_methods", "check_readable"]

#: Where a module or a tensor keeps the functions that are called beside its own, and the words for them.
HOOKS = {
    "_forward_pre_hooks": "a forward pre-hook",
    "_forward_hooks": "a forward hook",
    "_backward_pre_hooks": "a backward pre-hook",
    "_backward_hooks": "a backward hook",
    "_post_accumulate_grad_hooks": "a hook that runs after its gradient",
}

#: Hooks that compute a weight from others, and what makes the weight a plain one again.
CURES = {
    "WeightNorm": ("weight_norm", "torch.nn.utils.remove_weight_norm(module)"),
    "SpectralNorm": ("spectral_norm", "torch.nn.utils.remove_spectral_norm(module)"),
}


#: What of a module of ours says what it computes, beside its private methods.
METHODS = frozenset({"__call__", "__iter__", "batch", "forward", "forward_batch", "step", "unroll"})


def check_own_methods(model: Module) -> None:
    """Check that no module of ours that is derived from one of the package's computes something of its own.

    Raises:
        ConfigError: a `forward` or the like is that of a class of the user's, or is set on the instance.
    """
    for part in model.modules():
        bases = type(part).__mro__
        known = next(kind for kind in bases if _is_the_packages(kind))
        if known is Module:  # refused by its name, later
            continue
        owners = {name: kind for kind in reversed(bases) for name in vars(kind)}
        own = [(name, f"of the class {kind.__qualname__}") for name, kind in owners.items() if _is_own(kind)]
        for name, whose in [*((name, "set on the instance") for name in vars(part)), *own]:
            private = name.startswith("_") and not name.startswith("__") and not name.endswith("_")
            if name in METHODS or (private and callable(getattr(known, name, None))):
                raise ConfigError(
                    f"{part.title} has a {name} of its own, {whose}, which may compute anything. Write it in PyTorch, "
                    "and give that the numbers of nn.torch_state(model)."
                )


def _is_the_packages(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "nn"


def _is_own(kind: type) -> bool:
    """Whether a class is the user's; Python's own, such as `ABC` and `Generic`, compute nothing of a model."""
    return not _is_the_packages(kind) and kind.__module__ not in ("abc", "builtins", "typing")


def check_readable(torch: Any, model: Any) -> None:
    """Check that nothing in a model changes what its modules compute, or what they hold.

    Raises:
        TypeError: it is no module.
        ConfigError: a module has hooks, complex weights or weights computed from others, or a forward of its own.
        ValueError: a weight is NaN or infinite, or has no numbers yet.
    """
    if not isinstance(model, torch.nn.Module):
        what = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(
            f"from_torch takes a torch.nn.Module, not {what}. The numbers of a state_dict are loaded into a model of "
            "the same shape by load_torch_state(model, state)."
        )
    for place, part in model.named_modules():
        kind = next((base.__name__ for base in type(part).__mro__ if _is_pytorchs(base)), type(part).__name__)
        where = f"Module {place}, {kind}," if place else f"The model, {kind},"
        _check_that_it_is_complete(torch, part, where)
        _check_parametrizations(torch, part, where)
        _check_hooks(torch, part, where)
        _check_forward(part, where)
        _check_numbers(torch, part, where)


def _is_pytorchs(kind: type) -> bool:
    return kind.__module__.startswith("torch.nn.modules.") and kind.__name__ != "Module"


def _check_that_it_is_complete(torch: Any, part: Any, where: str) -> None:
    for name, tensor in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
        if torch.nn.parameter.is_lazy(tensor):
            raise ValueError(f"{where} has no {name} yet: call the model once on a batch, which gives it its shape.")
        if tensor.is_meta:
            raise ValueError(f"{where} has no numbers in its {name}: it is on the device meta. Load its weights first.")


def _check_parametrizations(torch: Any, part: Any, where: str) -> None:
    if torch.nn.utils.parametrize.is_parametrized(part):
        name, chain = next(iter(part.parametrizations.items()))
        by = ", ".join(type(step).__name__ for step in chain)
        raise ConfigError(
            f"{where} has a parametrization of its {name} ({by}), which has no counterpart here. Make it plain first: "
            f"torch.nn.utils.parametrize.remove_parametrizations(module, {name!r})."
        )


def _check_hooks(torch: Any, part: Any, where: str) -> None:
    from torch.nn.utils.prune import BasePruningMethod  # which importing torch alone does not bring

    for attribute, words in HOOKS.items():
        for hook in (getattr(part, attribute, None) or {}).values():
            kind = type(hook).__name__
            if kind in CURES:
                what, cure = CURES[kind]
                raise ConfigError(f"{where} has {what}, which has no counterpart here. Make its weight plain: {cure}.")
            if isinstance(hook, BasePruningMethod):
                name = hook._tensor_name
                raise ConfigError(
                    f"{where} has pruning of its {name} ({kind}), which has no counterpart here. Make it plain first: "
                    f"torch.nn.utils.prune.remove(module, {name!r})."
                )
            raise ConfigError(
                f"{where} has {words} ({getattr(hook, '__qualname__', kind)}), which has no counterpart here: what it "
                "does would be lost. Remove it by the handle that register_… gave."
            )
    for name, tensor in part.named_parameters(recurse=False):
        for attribute in ("_backward_hooks", "_post_accumulate_grad_hooks"):
            if getattr(tensor, attribute, None):
                raise ConfigError(
                    f"{where} has {HOOKS[attribute]} on its {name}, which has no counterpart here: what it does would "
                    "be lost. Remove it by the handle that register_… gave."
                )


def _check_forward(part: Any, where: str) -> None:
    base = next((base for base in type(part).__mro__ if _is_pytorchs(base)), None)
    if base is None:  # refused by its name, later
        return
    for method in ("forward", "__call__"):
        own = next((each for each in type(part).__mro__ if method in vars(each)), base)
        if method in vars(part) or not own.__module__.startswith("torch.nn.modules."):
            whose = "set on the instance" if method in vars(part) else f"of the class {type(part).__qualname__}"
            raise ConfigError(
                f"{where} has a {method} of its own, {whose}, which may compute anything. Write it as a module here, "
                "and give that the numbers by load_torch_state."
            )


def _check_numbers(torch: Any, part: Any, where: str) -> None:
    for name, tensor in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
        if tensor.is_complex():
            raise ConfigError(f"{where} has a complex {name}, and a model here computes with real numbers.")
        bad = (~torch.isfinite(tensor.detach())).nonzero().tolist()
        if bad:
            number = float(tensor.detach()[tuple(bad[0])])
            raise ValueError(
                f"{where} holds {number} in its {name}, at {bad[0]}. Where a training has diverged, go back to weights "
                "that are finite."
            )
