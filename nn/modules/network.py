"""Network: any acyclic wiring of neurons, with skip connections and an activation for each. Source: lecture L5.5."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from autograd import dot, scope
from nn import arrays
from nn.arrays import Array
from nn.errors import WiringError
from nn.module import Module
from nn.modules.activations import ActivationFunction, ActivationSpec
from nn.modules.activations import activation as find_activation
from nn.modules.initializers import Initializer, Seed, generator, initial_weights
from nn.modules.inputs import row
from nn.parameters import ParameterDict, parameters
from nn.summary import count_in_words

__all__ = ["Network"]


class Network(Module):
    """Neurons wired in any way without a cycle: z = h(w_zx·x + w_zy·y + b_z). Source: lecture L5.5.

    The output of each neuron is named after it, its sum ``s_z``, and its weights ``w_zx`` (``w_sum_x1`` where a
    name is longer than a letter and digits), so E_α = ∂Q/∂α can be read at every node α.

    Args:
        inputs: names of the inputs, in the order in which the numbers are given.
        neurons: for each neuron its activation, and the names of what it sums; in any order.
        outputs: names of what the network gives.
        bias: whether the neurons have biases.
        W: given weights of some or all neurons: a list in the order of what the neuron sums, or a dict by name.
        b: given biases of some or all neurons.
        seed: a whole number or generator for drawing the others.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.

    Attributes:
        w: the weights, a read-only array of Values for each neuron.
        b: the biases, a Value for each neuron.
        order: the neurons, each after everything that it sums.

    Raises:
        WiringError: a name is unknown or used twice, neurons form a cycle, or there is nothing to compute.
        ValueError: an activation is unknown, or a given number is NaN or infinite.

    Example:
        >>> model = Network(
        ...     inputs=["x", "y"],
        ...     neurons={"z": ("sigmoid", ["x", "y"]), "u": ("identity", ["z", "x"])},
        ...     outputs=["u"],
        ...     W={"z": [1.0, -1.0], "u": {"z": 2.0, "x": 0.5}},
        ...     b={"z": 0.0, "u": 0.25},
        ... )
        >>> model([2.0, 2.0])
        array([Value(2.25, name='u', op=dot)], dtype=object)
        >>> model
        Network 2 → 1, 2 neurons: 6 parameters
          z = sigmoid(x, y)
          u = identity(z, x) → output
    """

    kind = "network"
    axes = 1
    takes_suffix = False

    def __init__(
        self,
        inputs: Sequence[str],
        neurons: Mapping[str, tuple[ActivationSpec, Sequence[str]]],
        outputs: Sequence[str],
        bias: bool = True,
        W: Mapping[str, Any] | None = None,
        b: Mapping[str, float] | None = None,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        self.inputs, self.outputs = _names(inputs, "inputs"), _names(outputs, "outputs")
        self.bias = bool(bias)
        self.neurons = {name: _neuron(name, spec) for name, spec in dict(neurons).items()}
        self.order = _sort_neurons(
            self.inputs, {name: sources for name, (_, sources) in self.neurons.items()}, self.outputs
        )
        self.n_in, self.n_out = len(self.inputs), len(self.outputs)
        W, b = dict(W or {}), dict(b or {})
        for name in (*W, *b):
            if name not in self.neurons:
                raise WiringError(
                    f"Weights were given for {name!r}, which is no neuron of the Network. {_list_known(self.neurons)}"
                )
        if b and not bias:
            raise ValueError("Network was given b and bias=False: leave one of them out.")
        random = generator(seed)
        self.w, self.b = ParameterDict(), ParameterDict()
        for name, (_, sources) in self.neurons.items():
            weights, start = initial_weights(init, (len(sources),), (), random)
            content = _put_in_order(W[name], sources, name) if name in W else None
            weights = arrays.read_or_keep(weights, content, f"W[{name!r}]", "Network")
            start = arrays.read_or_keep(start, b.get(name), f"b[{name!r}]", "Network")
            self.w[name] = parameters(weights, name)
            if bias:
                self.b[name] = parameters(start, name)
        self.bind()

    def element(self, array: str, index: str) -> tuple[str, str]:
        """Name a weight after its two ends, and a bias after its neuron."""
        kind, _, name = array.partition(".")
        if kind == "b":
            return f"b_{name}", ""
        source = self.neurons[name][1][int(index[1:-1])]
        short = all(re.fullmatch(r"[^\W\d_]\d*", end) for end in (name, source))
        return f"w_{name}{source}" if short else f"w_{name}_{source}", ""

    def name_nodes(self) -> None:
        """Prepare a scope, and the names of sum and output, for each neuron."""
        self._nodes = {name: (scope(name), self.qualify(f"s_{name}"), self.qualify(name)) for name in self.neurons}

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Compute the outputs.

        Args:
            inputs: one number or Value for each input.

        Returns:
            an array of one Value for each name in `outputs`.
        """
        known: dict[str, Any] = dict(zip(self.inputs, row(inputs, self.n_in, self), strict=True))
        for name in self.order:
            part, sum_name, own_name = self._nodes[name]
            with part:
                s = dot(self.w[name].tolist(), [known[source] for source in self.neurons[name][1]], self.b.get(name))
                s.name = sum_name
                a = self.neurons[name][0].on_value(s)
                a.name = own_name
            known[name] = a
        return arrays.make([known[name] for name in self.outputs])

    def extent(self) -> str:
        """Describe how many inputs, outputs and neurons there are."""
        return f"{self.n_in} → {self.n_out}, {len(self.neurons)} neuron{'s' * (len(self.neurons) != 1)}"

    def describe(self) -> str:
        """Write the wiring, one line a neuron."""
        width = max(map(len, self.order))
        lines = [f"{self.title}: {count_in_words(self.parameters())}"]
        for name in self.order:
            function, sources = self.neurons[name]
            mark = " → output" * (name in self.outputs)
            lines.append(f"  {name:<{width}} = {function}({', '.join(sources)}){mark}")
        return "\n".join(lines)


def _names(names: Any, what: str) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise WiringError(f"{what} of a Network is a list of names, not {names!r}.")
    listed = list(names)
    if not listed:
        raise WiringError(f"A Network needs at least one name in {what}.")
    for name in listed:
        if listed.count(name) > 1:
            raise WiringError(f"{name!r} stands twice in {what} of the Network.")
    return listed


def _neuron(name: Any, spec: Any) -> tuple[ActivationFunction, list[str]]:
    if not isinstance(name, str) or not name:
        raise WiringError(f"A neuron's name must be a str, not {name!r}.")
    if isinstance(spec, str) or not isinstance(spec, Sequence) or len(spec) != 2:
        raise WiringError(f"Neuron {name!r} is described by (activation, [what it sums]), not {spec!r}.")
    function = find_activation(spec[0])
    if function.whole:
        raise WiringError(f"Neuron {name!r} cannot have {function}, an activation of a whole layer.")
    sources = spec[1]
    if isinstance(sources, str) or not list(sources):
        raise WiringError(f"Neuron {name!r} needs a list of names to sum, not {sources!r}.")
    for source in sources:
        if list(sources).count(source) > 1:
            raise WiringError(f"Neuron {name!r} sums {source!r} twice: one weight is enough.")
    return function, list(sources)


def _sort_neurons(inputs: list[str], sources: dict[str, list[str]], outputs: list[str]) -> list[str]:
    """Sort the neurons so that each comes after what it sums."""
    known = {*inputs, *sources}
    if not sources:
        raise WiringError("A Network needs at least one neuron.")
    for name in inputs:
        if name in sources:
            raise WiringError(f"{name!r} is both an input and a neuron of the Network: rename one of them.")
    for name, listed in sources.items():
        for source in listed:
            if source not in known:
                raise WiringError(
                    f"Neuron {name!r} sums {source!r}, which is neither an input nor a neuron. {_list_known(known)}"
                )
    for name in outputs:
        if name not in known:
            raise WiringError(
                f"The output {name!r} is neither an input nor a neuron of the Network. {_list_known(known)}"
            )
    try:
        ordered = graphlib.TopologicalSorter(sources).static_order()
        return [name for name in ordered if name in sources]
    except graphlib.CycleError as error:
        way = " → ".join(error.args[1])
        raise WiringError(f"The neurons of the Network form a cycle: {way}. Remove one of these connections.") from None


def _list_known(names: Any) -> str:
    return f"Known: {', '.join(sorted(names))}."


def _put_in_order(content: Any, sources: list[str], name: str) -> Any:
    if not isinstance(content, Mapping):
        return content
    if set(content) != set(sources):
        raise WiringError(
            f"W[{name!r}] gives weights for {', '.join(sorted(content))}, but neuron {name!r} sums "
            f"{', '.join(sources)}."
        )
    return [content[source] for source in sources]
