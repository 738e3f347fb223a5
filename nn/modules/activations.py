"""Activations: what a neuron makes of its weighted sum, each by name and with the lecture's α where it has one.

They are made of the engine's operations only, so every derivative, formula and convention at a kink is the
operation's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import methodcaller
from typing import TYPE_CHECKING, Any, TypeAlias

import autograd
from autograd import Op, Value
from nn.registry import look_up, spell

__all__ = ["ACTIVATIONS", "ActivationFunction", "ActivationSpec", "Chosen", "activation"]

#: The constants for which SELU keeps mean 0 and variance 1 (Klambauer et al. 2017, equation 14).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class ActivationFunction:
    """An activation with its name, and its α if it has one.

    Call it on one number of any kind (float, Value, symbol), or on an array of them; on a list of numbers if it is
    `whole`.

    Attributes:
        name: what it is called in `ACTIVATIONS`; None for a function of your own.
        function: the function: of the number, and of α where there is one.
        formula: the function in symbols.
        source: where it comes from.
        alpha: its parameter α; None where it has none.
        whole: whether it takes the sums of a whole layer at once, in an array, as softmax does.
        on_value: the quickest callable that applies it to one Value.

    Example:
        >>> ACTIVATIONS["leaky_relu"](-2.0)
        -0.2
    """

    name: str | None
    function: Callable[..., Any]
    formula: str = ""
    source: str = ""
    alpha: float | None = None
    whole: bool = False
    on_value: Callable[[Any], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.function, Op) and self.function.name in ON_VALUES:
            quickest: Any = methodcaller(self.function.name, *(() if self.alpha is None else (self.alpha,)))
        else:
            quickest = self._apply_to_value
        object.__setattr__(self, "on_value", quickest)

    def __call__(self, x: Any) -> Any:
        """Apply the activation to a number or to each of an array; to numbers together if it is `whole`."""
        return self.function(x) if self.alpha is None else self.function(x, self.alpha)

    def with_alpha(self, alpha: float) -> ActivationFunction:
        """Make the same activation with another α.

        Raises:
            ValueError: it has no α.
        """
        if self.alpha is None:
            raise ValueError(f"The activation {self} has no α to set.")
        return replace(self, alpha=float(alpha))

    @property
    def spec(self) -> str | None:
        """The text that `activation` reads back: ``"leaky_relu(0.2)"``; None for a function of your own."""
        return None if self.name is None else spell(self.name, () if self.alpha is None else (self.alpha,))

    def __str__(self) -> str:
        return self.spec or str(getattr(self.function, "__name__", "own function"))

    def _apply_to_value(self, x: Value) -> Value:
        out = self(x)
        if not isinstance(out, Value):
            raise TypeError(
                f"The activation {self} gave {type(out).__name__} {out!r} for {x.describe()}, and so no derivative: "
                "make it of autograd's functions (autograd.exp, not math.exp)."
            )
        return out


#: Operations that are methods of Value, which spares looking at what kind of number is meant.
ON_VALUES = frozenset(op.name for op in autograd.CATALOGUE if op.name in vars(Value))


def _identity(x: Any) -> Any:
    return x


def _selu(x: Any) -> Any:
    return SELU_SCALE * autograd.elu(x, SELU_ALPHA)


def _softsign(x: Any) -> Any:
    return x / (1.0 + autograd.abs(x))


def _mish(x: Any) -> Any:
    return x * autograd.tanh(autograd.softplus(x))


_KNOWN = (
    ActivationFunction("identity", _identity, "x", "lecture L4.4; leaves no node of its own"),
    ActivationFunction("step", autograd.step, "[x > 0]", "lectures L4.3, L4.4; slope 0"),
    ActivationFunction("sign", autograd.sign, "sign(x)", "lecture L4.4 (its bipolar form); slope 0"),
    ActivationFunction("sigmoid", autograd.sigmoid, "1/(1 + e^−x)", "lectures L1.2, L4.4"),
    ActivationFunction("tanh", autograd.tanh, "tanh(x)", "lectures L1.2, L4.4"),
    ActivationFunction("relu", autograd.relu, "max(x, 0)", "lecture L1.2; slope 0 at 0"),
    ActivationFunction(
        "leaky_relu",
        autograd.leaky_relu,
        "x if x > 0 else αx",
        "lecture L1.2, with its α (PyTorch's is 0.01)",
        alpha=0.1,
    ),
    ActivationFunction(
        "elu", autograd.elu, "x if x > 0 else α(eˣ − 1)", "lecture L1.2, with its α (PyTorch's is 1)", alpha=0.1
    ),
    ActivationFunction("selu", _selu, "1.0507·elu(x, 1.6733)", "Klambauer et al. 2017"),
    ActivationFunction("softplus", autograd.softplus, "log(1 + eˣ)", "Dugas et al. 2001"),
    ActivationFunction("softsign", _softsign, "x/(1 + |x|)", "Turian, Bergstra, Bengio 2009"),
    ActivationFunction("silu", autograd.silu, "x·σ(x)", "Hendrycks and Gimpel 2016"),
    ActivationFunction("gelu", autograd.gelu, "x·Φ(x)", "Hendrycks and Gimpel 2016; the exact form"),
    ActivationFunction("mish", _mish, "x·tanh(softplus(x))", "Misra 2019"),
    ActivationFunction("softmax", autograd.softmax, "exp(x_i)/Σ_j exp(x_j)", "lectures L1.2, L4.4", whole=True),
    ActivationFunction("log_softmax", autograd.log_softmax, "x_i − log Σ_j exp(x_j)", "lecture L2.5", whole=True),
)

#: Every activation by name, in the order of the documentation. Put your own in, and files know it too.
ACTIVATIONS: dict[str, ActivationFunction] = {known.name: known for known in _KNOWN if known.name is not None}


#: What says which activation is meant; see `activation`.
ActivationSpec: TypeAlias = str | ActivationFunction | Callable[[Any], Any] | None


def activation(spec: ActivationSpec) -> ActivationFunction:
    """Find the activation that is meant.

    Args:
        spec: its name, with α in parentheses where it should not be the lecture's 0.1 (``"elu(1.0)"``); an
            `ActivationFunction`; a function of one number, such as an `autograd.Op` of your own; None for identity.

    Raises:
        ValueError: the name is unknown, or numbers follow one that takes none.
        TypeError: it is none of these.

    Example:
        >>> activation("leaky_relu(0.2)").alpha
        0.2
    """
    if spec is None:
        return ACTIVATIONS["identity"]
    if isinstance(spec, ActivationFunction):
        return spec
    if isinstance(spec, str):
        found, numbers = look_up(spec, ACTIVATIONS, "activation")
        if not numbers:
            return found
        if len(numbers) > 1:
            raise ValueError(f"{spec!r}: an activation takes one number, its α.")
        return found.with_alpha(numbers[0])
    if callable(spec):
        named = next((known for known in ACTIVATIONS.values() if known.function is spec and known.alpha is None), None)
        return named or ActivationFunction(None, spec, source="your own")
    raise TypeError(
        f"An activation is a name such as 'relu', or a function of one number, not {type(spec).__name__} {spec!r}."
    )


class Chosen:
    """The activation of a module as an attribute: what is assigned, by the constructor or later, is read as there.

    It is kept among the module's own attributes, so that reading it costs no call.

    Args:
        refusal: what to say of an activation of a whole row, where only one of single numbers fits, with
            ``{activation}`` and ``{owner}`` for their names.

    Example:
        >>> import nn
        >>> layer = nn.Layer(1, 1, W=[[2.0]], b=[0.0])
        >>> layer.activation = "relu"
        >>> layer([-1.0])[0].data
        0.0
    """

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    if TYPE_CHECKING:

        def __get__(self, module: object, kind: type | None = None) -> ActivationFunction: ...

    def __set__(self, module: object, spec: ActivationSpec) -> None:
        found = activation(spec)
        if found.whole and self.refusal:
            raise ValueError(self.refusal.format(activation=found, owner=type(module).__name__))
        vars(module)[self.name] = found
