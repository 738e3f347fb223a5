"""Recurrent networks to and from PyTorch, whose modules give their last state beside the outputs."""

from __future__ import annotations

from functools import cache
from typing import Any

from nn.modules.recurrent import GRU, LSTM, Elman

__all__ = ["KINDS", "NONLINEARITIES", "TORCH_NAMES", "is_steps", "make", "read"]

#: PyTorch's names of our arrays.
TORCH_NAMES = {"W_ih": "weight_ih_l0", "W_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}
KINDS: dict[str, type[Elman | GRU | LSTM]] = {"RNN": Elman, "GRU": GRU, "LSTM": LSTM}
NONLINEARITIES = ("tanh", "relu")  # those of PyTorch's RNN


@cache
def _steps(module: type) -> Any:
    """Make the class of what follows a recurrent module in a chain; PyTorch is loaded only when it is wanted."""

    class Steps(module):  # type: ignore[misc]
        """Takes the outputs of a recurrent module, of all steps or of the last one, and leaves its state."""

        def __init__(self, last: bool) -> None:
            super().__init__()
            self.last = last

        def forward(self, given: Any) -> Any:
            return given[0][..., -1, :] if self.last else given[0]

    return Steps


def is_steps(part: Any, module: type) -> bool:
    """Whether a module of PyTorch's is one that `make` put behind a recurrent one."""
    return isinstance(part, _steps(module))


def make(part: Elman | GRU | LSTM, nn: Any) -> list[Any]:
    """Make PyTorch's module, and one that takes its outputs."""
    name = next(name for name, kind in KINDS.items() if isinstance(part, kind))
    options = {"nonlinearity": part.activation.name} if isinstance(part, Elman) else {}
    first = getattr(nn, name)(part.input_size, part.hidden_size, bias=part.bias, batch_first=True, **options)
    return [first, _steps(nn.Module)(part.last)]


def read(part: Any, last: bool) -> Elman | GRU | LSTM:
    """Make ours of PyTorch's, still without its weights."""
    kind = KINDS[type(part).__name__]
    options = {"activation": part.nonlinearity} if kind is Elman else {}
    return kind(part.input_size, part.hidden_size, bias=part.bias, last=last, **options)
