"""What PyTorch or Keras have and this package does not, or under another name: each is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NoReturn

__all__ = ["MODULES", "OPTIMIZERS", "refuse"]

_NO_TENSORS = "numbers are Values and arrays of them; see docs/coming-from/pytorch.md"

#: Names of ``torch`` and ``torch.nn`` that `nn` has not: what to write.
MODULES = {
    "BatchNorm3d": "there are nn.BatchNorm1d and nn.BatchNorm2d",
    "Conv3d": "there are nn.Conv1d and nn.Conv2d",
    "CosineEmbeddingLoss": "write it with autograd's operations, as a function of outputs and target",
    "DataParallel": "everything is computed on the processor",
    "Dropout2d": "there is nn.Dropout, for single numbers",
    "GroupNorm": "there are nn.LayerNorm and nn.BatchNorm2d",
    "HingeEmbeddingLoss": "there is nn.hinge",
    "MarginRankingLoss": "there is nn.multi_margin",
    "ModuleDict": "assign a dict of modules: self.parts = {…}",
    "ModuleList": "assign a list of modules: self.parts = […]",
    "MultiMarginLoss": "write nn.multi_margin",
    "PReLU": "write nn.LeakyReLU; or a module with a parameter of its own",
    "Parameter": "write autograd.Value(number, parameter=True)",
    "ParameterList": "assign a list of parameters: self.w = […]",
    "PoissonNLLLoss": "write it with autograd's operations, as a function of outputs and target",
    "RNN": "write nn.Elman",
    "RMSprop": "write nn.RMSProp; PyTorch's defaults are nn.RMSProp(parameters, lr=0.01, alpha=0.99, eps=1e-8)",
    "Tensor": _NO_TENSORS,
    "Transformer": "examples/gpt.py chains one from nn.MultiheadAttention, nn.RMSNorm and nn.Linear",
    "Unflatten": "write nn.Reshape(*sizes)",
    "autograd": "import autograd",
    "cuda": "everything is computed on the processor",
    "device": "everything is computed on the processor",
    "from_numpy": "arrays are taken as they are",
    "manual_seed": "each layer, loader and fit takes its own seed=…: nn.Linear(2, 1, seed=0)",
    "no_grad": "write autograd.no_grad()",
    "randn": "write numpy.random.default_rng(0).standard_normal(shape)",
    "stack": "write numpy.stack(arrays)",
    "tensor": _NO_TENSORS,
    "utils": "there are nn.clip_grad_norm and nn.clip_grad_value",
}

#: Names of ``torch.optim`` that `nn.optim` has not.
OPTIMIZERS = {
    "ASGD": "write nn.SGD with a schedule",
    "Adadelta": "write nn.AdaDelta",
    "Adagrad": "write nn.AdaGrad",
    "Adamax": "write nn.Adam",
    "NAdam": "write nn.Adam",
    "RAdam": "write nn.Adam with nn.WarmUp",
    "RMSprop": MODULES["RMSprop"],
    "Rprop": "write nn.RProp; hold=True pauses where a gradient turns, as PyTorch's does",
    "lr_scheduler": "give fit a schedule, such as nn.StepDecay(every=30); or assign optimizer.lr",
}


def refuse(owner: str, name: str, advice: Mapping[str, str], known: Iterable[str]) -> NoReturn:
    """Say that something has no such name, and what to write instead.

    Raises:
        AttributeError: always.
    """
    said = f"{owner} has no {name!r}"
    close = [] if name.startswith("_") else difflib.get_close_matches(name, known, n=1)
    if name in advice:
        said += f": {advice[name]}."
    elif close:
        said += f". Did you mean {close[0]!r}?"
    raise AttributeError(said, name=name)
