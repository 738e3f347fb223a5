"""Fully connected layers, and chains of modules: `Layer`, `Sequential` and `MLP`.

Each neuron's weighted sum is one `dot` node, named ``s1[0]`` in layer 1, and its output is named ``a1[0]``.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import dot, scope
from nn import arrays
from nn.arrays import Array
from nn.drawing import Column, draw_neurons
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.activations import ActivationSpec, Chosen
from nn.modules.initializers import Initializer, Seed, generator, initial_weights
from nn.modules.inputs import count, positive, row
from nn.parameters import Parameters, parameters

__all__ = ["MLP", "Container", "Layer", "Sequential"]


class Layer(Module):
    """A fully connected layer: a = σ(W x + b). Source: lectures L1.1, L2.2, L3.2.

    Args:
        n_in: number of inputs.
        n_out: number of neurons.
        activation: σ: a name of `ACTIVATIONS` such as ``"relu"`` or ``"elu(1.0)"``, or a function of one number.
        bias: whether the neurons have biases b.
        W: given weights, of shape (n_out, n_in): one row a neuron; drawn by `init` otherwise.
        b: given biases, of shape (n_out,).
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.
        seed: a whole number or generator for drawing.

    Attributes:
        W: the weights, a read-only array (n_out, n_in) of Values.
        b: the biases, n_out Values; None without.

    Raises:
        ShapeError: W or b is ragged or of another shape.
        TypeError: W or b holds something other than numbers.
        ValueError: a size is not a whole number from 1, a number is NaN or infinite, a name is unknown.

    Example:
        >>> layer = Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]])
        >>> [a.data for a in layer([0.5, 0.75])]
        [2.75, 2.0]
    """

    kind = "layer"
    axes = 1
    activation = Chosen()

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: ActivationSpec = "identity",
        bias: bool = True,
        W: Any = None,
        b: Any = None,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        self.n_in = positive(n_in, "n_in", "Layer")
        self.n_out = positive(n_out, "n_out", "Layer")
        self.activation = activation
        self.bias = bool(bias)
        owner = f"Layer {self.extent()}"
        if b is not None and not bias:
            raise ValueError(f"{owner} was given b and bias=False: leave one of them out.")
        weights, biases = initial_weights(init, (self.n_out, self.n_in), (self.n_out,), seed)
        weights, biases = arrays.read_or_keep(weights, W, "W", owner), arrays.read_or_keep(biases, b, "b", owner)
        self.W: Parameters = parameters(weights, "W")
        self.b: Parameters | None = parameters(biases, "b") if self.bias else None
        self.bind()

    def name_nodes(self) -> None:
        """Prepare a scope ``neuron0``, and the names ``s1[0]`` and ``a1[0]``, for each neuron."""
        s, a = self.qualify("s"), self.qualify("a")
        self._neurons = [(scope(f"neuron{i}"), f"{s}[{i}]", f"{a}[{i}]") for i in range(self.n_out)]

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Compute σ(W x + b).

        Args:
            inputs: n_in numbers or Values.

        Returns:
            an array of n_out Values.
        """
        xs = row(inputs, self.n_in, self)
        whole, activate = self.activation.whole, self.activation.on_value
        biases = [None] * self.n_out if self.b is None else self.b.tolist()
        outputs = []
        for (neuron, sum_name, name), weights, bias in zip(self._neurons, self.W.tolist(), biases, strict=True):
            with neuron:
                s = dot(weights, xs, bias)
                s.name = sum_name
                if not whole:
                    s = activate(s)
                    s.name = name
            outputs.append(s)
        if whole:
            outputs = list(self.activation(arrays.make(outputs)))
            for output, (_, _, name) in zip(outputs, self._neurons, strict=True):
                output.name = name
        return arrays.make(outputs)

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several rows, along any number of axes, as PyTorch's Linear takes them."""
        return arrays.depth(inputs) > self.axes

    def extent(self) -> str:
        """Describe how many inputs and outputs there are: ``13 → 128``."""
        return f"{self.n_in:,} → {self.n_out:,}"


def _check_module(layer: Any, place: int, owner: str) -> None:
    if not isinstance(layer, Module):
        advice = f"write {owner}(*layers)" if isinstance(layer, list | tuple) else "only modules can be chained"
        raise TypeError(f"{owner} is made of modules, but argument {place} is {type(layer).__name__}: {advice}.")


class Container(Module):
    """A module made of a list of modules, `layers`.

    Those with parameters are numbered from 1 in order: the array ``W`` of the second becomes ``W2``, and the
    parts of a container within it ``2.W1``. A module that stands in the list twice keeps its first number.

    Args:
        layers: the modules.

    Raises:
        TypeError: one of them is no module.
    """

    kind = "container"

    def __init__(self, *layers: Module) -> None:
        for place, layer in enumerate(layers):
            _check_module(layer, place, type(self).__name__)
        self.layers = list(layers)  # which names them

    def children(self) -> dict[str, Module]:
        """List the parts, each once: ``1``, ``2``, … with parameters, ``dropout1`` and the like without."""
        found: dict[str, Module] = {}
        known: set[int] = set()
        counts: Counter[str] = Counter()
        for layer in self.layers:
            if id(layer) not in known:
                known.add(id(layer))
                kind = "" if any(slot.trained for slot in layer.slots()) else layer.kind
                counts[kind] += 1
                found[f"{kind}{counts[kind]}"] = layer
        return found

    def leaves(self) -> Iterator[Module]:
        """Yield the modules in order, and those of a container within in its place."""
        for layer in self.layers:
            yield from layer.leaves() if isinstance(layer, Container) else (layer,)

    def child_label(self, name: str, child: Module) -> str:
        """Return what the part `name` is called: its kind and number."""
        return f"{child.kind}{name}" if name.isdigit() else name

    def joins_by_suffix(self, name: str, child: Module) -> bool:
        """Whether the number follows the names of the part: it does, unless that has parts itself."""
        return name.isdigit() and child.takes_suffix and not child.children()

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Module:
        return self.layers[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)


def _depends_on_axes(leaf: Module) -> bool:
    """Whether a module takes any shape, and does one thing with an example and another with a batch."""
    return leaf.takes_any_shape or leaf.counts_axes_of_a_batch


class Sequential(Container):
    """Modules one after the other: each takes what the one before gives.

    Args:
        layers: the modules, in the order of the forward pass.

    Raises:
        ShapeError: a module takes another number of inputs than the one before gives.
        TypeError: one of them is no module.

    Example:
        >>> model = Sequential(
        ...     Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]]), Layer(2, 1, bias=False, W=[[0.5, 0.3]])
        ... )
        >>> model([0.5, 0.75])
        array([Value(1.975, name='a2[0]', op=dot)], dtype=object)
        >>> [name for name, _ in model.named_parameters()]
        ['W1[0][0]', 'W1[0][1]', 'W1[1][0]', 'W1[1][1]', 'W2[0][0]', 'W2[0][1]']
    """

    kind = "sequential"

    def __init__(self, *layers: Module) -> None:
        super().__init__(*layers)
        self._check_widths()

    def _check_widths(self) -> None:
        width, source = None, None
        for layer in self.layers:
            takes = getattr(layer, "n_in", None)
            if width is not None and takes is not None and takes != width:
                assert source is not None
                raise ShapeError(f"{layer.title} takes {takes:,} inputs, but {source.title} before it gives {width:,}.")
            if not layer.keeps_width:
                width, source = getattr(layer, "n_out", None), layer

    @property
    def axes(self) -> int | None:  # type: ignore[override]
        """Of how many axes an example is, where a part takes any shape and could not tell an example from a batch."""
        leaves = list(self.leaves())
        if any(map(_depends_on_axes, leaves)):
            first = next((leaf for leaf in leaves if leaf.axes is not None or not leaf.keeps_width), None)
            # A batch of pictures is known by its four axes all the way; rows of one example, each normalised by itself,
            # would be taken for a batch, unless what comes next says of how many axes an example is.
            if first is not None and first.normalizes_rows:
                first = next((leaf for leaf in leaves if not leaf.keeps_width and not leaf.normalizes_rows), None)
                return 2 if first is not None and first.axes == 2 else None
            return None if first is None or first.axes == 3 else first.axes
        return None

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several examples: by their axes, or by how many numbers an example is flattened into."""
        width = self._flattened_width()
        if width is None:
            return super().is_batch(inputs) or (self._goes_by_rows() and arrays.depth(inputs) > 2)
        shape = arrays.shape(inputs) if isinstance(inputs, list | tuple) else np.shape(inputs)
        if len(shape) == 3 and math.prod(shape) == width and self.layers[0].takes_any_shape:
            return False  # a picture of one channel, and no batch of one
        return len(shape) > 1 and math.prod(shape[1:]) == width

    def _flattened_width(self) -> int | None:
        """Return how many numbers an example is, where it is flattened for a layer before its axes matter to any."""
        leaves = deque(self.leaves())
        while leaves and (leaves[0].normalizes_rows or leaves[0].keeps_width):
            leaves.popleft()
        if not leaves or not leaves.popleft().takes_any_shape:
            return None
        return next((getattr(leaf, "n_in", None) for leaf in leaves if not leaf.keeps_width), None)

    def _goes_by_rows(self) -> bool:
        """Whether rows of an example go through layers one by one, to where its axes matter: no picture starts so."""
        by_rows = False
        for leaf in self.leaves():
            if _depends_on_axes(leaf):
                return by_rows
            if leaf.normalizes_rows or isinstance(leaf, Layer):
                by_rows = True
            elif not leaf.keeps_width:
                break
        return False

    @property
    def n_in(self) -> int | None:
        """The number of inputs; None where no module says."""
        known = next((layer for layer in self.layers if not layer.keeps_width), None)
        return getattr(known, "n_in", None)

    @property
    def n_out(self) -> int | None:
        """The number of outputs; None where no module says."""
        known = next((layer for layer in reversed(self.layers) if not layer.keeps_width), None)
        return getattr(known, "n_out", None)

    def forward(self, inputs: Any) -> Any:
        """Pass one example through all modules."""
        if any(leaf.counts_axes_of_a_batch for leaf in self.leaves()) and self.axes is not None:
            return self.forward_batch([inputs])[0]
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Pass several examples through all modules, each seeing them together."""
        outputs = list(examples)
        for layer in self.layers:
            outputs = layer.batch(outputs)
        return outputs

    def extent(self) -> str:
        """Describe how many inputs and outputs there are, where known."""
        return "" if self.n_in is None or self.n_out is None else f"{self.n_in:,} → {self.n_out:,}"

    def _repr_html_(self) -> str:
        return draw_neurons(self._columns(), self.title) + super()._repr_html_()

    def _columns(self) -> list[Column]:
        """Read the inputs and the layers, for the drawing; nothing where the model is more than a chain of those."""
        columns: list[Column] = []
        for above, layer in self._chain(""):
            if isinstance(layer, Layer):
                if not columns:
                    columns.append(Column(layer.n_in, None, [count(layer.n_in, "input")]))
                columns.append(Column(layer.n_out, layer.W, [above + str(layer.label)]))
                columns[-1].words.append(count(layer.n_out, "neuron"))
                if layer.activation.name != "identity":
                    columns[-1].words.append(str(layer.activation))
            elif columns and layer.keeps_width and not layer.children():
                columns[-1].words.append(type(layer).__name__)
            else:
                return []
        return columns

    def _chain(self, above: str) -> Iterator[tuple[str, Module]]:
        """Yield the modules in order, those of a chain within in its place, with the names of what each is in."""
        for layer in self.layers:
            inner = isinstance(layer, Sequential)
            yield from layer._chain(f"{above}{layer.label}/") if inner else [(above, layer)]


class MLP(Sequential):
    """A multilayer perceptron: fully connected layers one after the other. Source: lectures L1.8, L3.2.

    Args:
        n_in: number of inputs.
        sizes: numbers of neurons, layer by layer; the last is the number of outputs.
        activation: the activation of the hidden layers.
        output_activation: that of the last layer: identity, as for regression and for losses on logits.
        bias: whether the neurons have biases.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.
        seed: a whole number or generator for drawing.

    Raises:
        ValueError: `sizes` is empty, or a size is not a whole number from 1.

    Example:
        >>> model = MLP(13, [128, 128, 64, 1], activation="relu", seed=0)
        >>> print(model)
        MLP 13 → 1
          part     class   shape       activation   parameters
          ────────────────────────────────────────────────────
          layer1   Layer   13 → 128    relu              1,792
          layer2   Layer   128 → 128   relu             16,512
          layer3   Layer   128 → 64    relu              8,256
          layer4   Layer   64 → 1      identity             65
          ────────────────────────────────────────────────────
          total                                         26,625
    """

    kind = "mlp"
    activation = Chosen()
    output_activation = Chosen()

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: ActivationSpec = "relu",
        output_activation: ActivationSpec = "identity",
        bias: bool = True,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        if not hasattr(sizes, "__iter__") or not list(sizes):
            raise ValueError(
                f"sizes of MLP lists the numbers of neurons, layer by layer, such as [16, 1]; got {sizes!r}."
            )
        self.sizes = list(sizes)
        self.activation = activation
        self.output_activation = output_activation
        self.bias = bool(bias)
        random = generator(seed)
        widths = [n_in, *self.sizes]
        hidden = [self.activation] * (len(self.sizes) - 1)
        super().__init__(
            *(
                Layer(before, after, chosen, bias, seed=random, init=init)
                for before, after, chosen in zip(widths, widths[1:], [*hidden, self.output_activation], strict=False)
            )
        )

    def __setattr__(self, name: str, content: Any) -> None:
        """Assign an attribute; an activation goes to the layers that it is for."""
        super().__setattr__(name, content)
        if name in ("activation", "output_activation") and "layers" in vars(self):
            for layer in self.layers[:-1] if name == "activation" else self.layers[-1:]:
                if isinstance(layer, Layer):
                    layer.activation = getattr(self, name)

    def arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        given = {"n_in": self.n_in, "sizes": self.sizes, "activation": self.activation}
        return given | {"output_activation": self.output_activation, "bias": self.bias}
