"""Recurrent networks over sequences: Elman's, the LSTM and the GRU, unrolled step by step as in PyTorch.

A sequence is an array (steps, numbers) or a list of rows; each step is a part of the graph with its own scope, so
gradients flow back through time. Source: lecture L4.5.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, dot, scope, sigmoid, tanh
from nn import arrays
from nn.arrays import Array
from nn.module import Module
from nn.modules.activations import ActivationSpec, Chosen
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import positive, row, sequence
from nn.parameters import Parameters, parameters

__all__ = ["GRU", "LSTM", "Elman"]

Row = NDArray[Any]


class _Recurrent(Module):
    """What recurrent networks share: weights of `gates` stacked blocks, and the loop over the steps."""

    axes = 2
    gates: int = 1
    unsaved = Module.unsaved | {"W_ih", "W_hh", "b_ih", "b_hh"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        last: bool = False,
        *,
        W_ih: Any = None,
        W_hh: Any = None,
        b_ih: Any = None,
        b_hh: Any = None,
        seed: Seed = None,
    ) -> None:
        name = type(self).__name__
        self.input_size = positive(input_size, "input_size", name)
        self.hidden_size = positive(hidden_size, "hidden_size", name)
        self.bias = bool(bias)
        self.last = bool(last)
        if not bias and (b_ih is not None or b_hh is not None):
            raise ValueError(f"{name} was given biases and bias=False: leave one of them out.")
        height = self.gates * self.hidden_size
        bound = 1.0 / float(np.sqrt(self.hidden_size))
        random = generator(seed)
        made = []
        for key, content, shape in (
            ("W_ih", W_ih, (height, self.input_size)),
            ("W_hh", W_hh, (height, self.hidden_size)),
            ("b_ih", b_ih, (height,)),
            ("b_hh", b_hh, (height,)),
        ):
            drawn = random.uniform(-bound, bound, shape)
            checked = arrays.read_or_keep(drawn, content, key, f"{name} {self.extent()}")
            made.append(parameters(checked, key))
        self.W_ih: Parameters = made[0]
        self.W_hh: Parameters = made[1]
        self.b_ih: Parameters | None = made[2] if self.bias else None
        self.b_hh: Parameters | None = made[3] if self.bias else None
        self.bind()

    @property
    def n_out(self) -> int | None:
        """The number of outputs, where they are those of the last step; None where they are one row a step."""
        return self.hidden_size if self.last else None

    @abstractmethod
    def step(self, inputs: Array, state: Any, time: int = 0) -> Any:
        """Compute the next state from one row of the sequence and the present state."""

    def _start(self, state: Any) -> Any:
        """Check a given state, or make one of zeros."""
        if state is None:
            return np.zeros(self.hidden_size)
        return arrays.make(row(state, self.hidden_size, self, ", state h,"))

    def _output(self, state: Any) -> Row:
        """Return the output h of a state."""
        return state  # type: ignore[no-any-return]

    def forward(self, inputs: Any, state: Any = None) -> Any:
        """Run over one sequence.

        Args:
            inputs: rows of input_size numbers or Values, one a step.
            state: the state to start from; zeros unless given.

        Returns:
            an array (steps, hidden_size) of the outputs h; that of the last step alone, (hidden_size,), if `last`.

        Raises:
            ShapeError: the sequence is empty, or a row has another width.
        """
        outputs, _ = self.unroll(inputs, state)
        return outputs[-1] if self.last else outputs

    def unroll(self, inputs: Any, state: Any = None) -> tuple[NDArray[Any], Any]:
        """Run over one sequence and give both the outputs of all steps and the last state, to go on from."""
        rows = sequence(inputs, self.input_size, self)
        state = self._start(state)
        outputs = []
        for time, xs in enumerate(rows):
            with scope(f"step{time}"):
                state = self.step(xs, state, time)
            outputs.append(self._output(state))
        return np.stack(outputs), state

    def _sum(self, unit: int, xs: list[Any], h: list[Any]) -> Value:
        """Make the weighted sum W_ih x + b_ih + W_hh h + b_hh of one unit as one node; b_hh weighs a constant 1."""
        weights = [*self.W_ih[unit].tolist(), *self.W_hh[unit].tolist()]
        if self.b_ih is None or self.b_hh is None:
            return dot(weights, [*xs, *h])  # type: ignore[no-any-return]
        return dot([*weights, self.b_hh[unit]], [*xs, *h, 1.0], self.b_ih[unit])  # type: ignore[no-any-return]

    def extent(self) -> str:
        """Describe how many inputs and outputs a step has."""
        return f"{self.input_size} → {self.hidden_size}"


class Elman(_Recurrent):
    """Elman's network: h_t = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh). Source: Elman 1990; PyTorch's RNN.

    Args:
        input_size: numbers in a row of the sequence.
        hidden_size: numbers in the state h.
        activation: σ: ``"tanh"``, or another name of `ACTIVATIONS`.
        bias: whether there are biases.
        last: whether the output is that of the last step only.
        W_ih: given weights of the inputs, of shape (hidden_size, input_size); drawn otherwise.
        W_hh: given weights of the state, of shape (hidden_size, hidden_size).
        b_ih: given biases, of shape (hidden_size,). There are two, as in PyTorch; they add up.
        b_hh: given biases, of shape (hidden_size,).
        seed: a whole number or generator for drawing from U(−1/√hidden_size, 1/√hidden_size).

    Example:
        >>> model = Elman(1, 1, "identity", W_ih=[[1.0]], W_hh=[[0.5]], bias=False)
        >>> [h[0].data for h in model([[1.0], [1.0], [1.0]])]
        [1.0, 1.5, 1.75]
    """

    kind = "elman"
    activation = Chosen("{activation} is an activation of a whole row: {owner} takes one of single numbers.")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: ActivationSpec = "tanh",
        bias: bool = True,
        last: bool = False,
        *,
        W_ih: Any = None,
        W_hh: Any = None,
        b_ih: Any = None,
        b_hh: Any = None,
        seed: Seed = None,
    ) -> None:
        self.activation = activation
        super().__init__(input_size, hidden_size, bias, last, W_ih=W_ih, W_hh=W_hh, b_ih=b_ih, b_hh=b_hh, seed=seed)

    def step(self, inputs: Array, state: Row, time: int = 0) -> Row:
        """Compute h_t from the row x_t and the state h_{t−1}."""
        xs, before, activate = arrays.flat(inputs), arrays.flat(state), self.activation.on_value
        h = []
        for unit in range(self.hidden_size):
            s = self._sum(unit, xs, before)
            s.name = f"{self.qualify('s')}[{time}][{unit}]"
            a = activate(s)
            a.name = f"{self.qualify('h')}[{time}][{unit}]"
            h.append(a)
        return arrays.make(h)


class LSTM(_Recurrent):
    """A long short-term memory: a cell c that gates fill, keep and read.

    Source: Hochreiter and Schmidhuber 1997; the gate f that keeps, Gers, Schmidhuber and Cummins 2000.

    With s = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh in four blocks of hidden_size rows, in PyTorch's order:
    i = σ(s_i) lets in, f = σ(s_f) keeps, g = tanh(s_g) is what comes in, o = σ(s_o) lets out;
    c_t = f·c_{t−1} + i·g, h_t = o·tanh(c_t).

    Args:
        input_size: numbers in a row of the sequence.
        hidden_size: numbers in the cell and in the output h.
        bias: whether there are biases.
        last: whether the output is that of the last step only.
        W_ih: given weights of the inputs, of shape (4·hidden_size, input_size), blocks i, f, g, o; drawn otherwise.
        W_hh: given weights of the state, of shape (4·hidden_size, hidden_size).
        b_ih: given biases, of shape (4·hidden_size,). There are two, as in PyTorch; they add up.
        b_hh: given biases, of shape (4·hidden_size,).
        seed: a whole number or generator for drawing from U(−1/√hidden_size, 1/√hidden_size).
    """

    kind = "lstm"
    gates = 4

    def step(self, inputs: Array, state: tuple[Row, Row], time: int = 0) -> tuple[Row, Row]:
        """Compute (h_t, c_t) from the row x_t and the state (h_{t−1}, c_{t−1})."""
        xs, h, cell = arrays.flat(inputs), *map(arrays.flat, state)
        size = self.hidden_size
        h_next, cell_next = [], []
        for unit in range(size):
            gates = []
            for block, (name, gate) in enumerate((("i", sigmoid), ("f", sigmoid), ("g", tanh), ("o", sigmoid))):
                opened = gate(self._sum(block * size + unit, xs, h))
                opened.name = f"{self.qualify(name)}[{time}][{unit}]"
                gates.append(opened)
            i, f, g, o = gates
            c = f * cell[unit] + i * g
            c.name = f"{self.qualify('c')}[{time}][{unit}]"
            out = o * tanh(c)
            out.name = f"{self.qualify('h')}[{time}][{unit}]"
            h_next.append(out)
            cell_next.append(c)
        return arrays.make(h_next), arrays.make(cell_next)

    def _start(self, state: Any) -> tuple[Row, Row]:
        if state is None:
            return np.zeros(self.hidden_size), np.zeros(self.hidden_size)
        if not isinstance(state, list | tuple) or len(state) != 2:
            raise TypeError(f"The state of {self.title} is a pair (h, c) of rows of {self.hidden_size} numbers.")
        h, c = (row(part, self.hidden_size, self, f", state {name},") for part, name in zip(state, "hc", strict=True))
        return arrays.make(h), arrays.make(c)

    def _output(self, state: tuple[Row, Row]) -> Row:
        return state[0]


class GRU(_Recurrent):
    """A gated recurrent unit: one gate chooses between the old state and a new one, another what the new one sees.

    Source: Cho et al., arXiv 1406.1078; where the reset gate acts on W_hn h + b_hn, as in PyTorch.

    With s = W_ih x_t + b_ih and u = W_hh h_{t−1} + b_hh in three blocks of hidden_size rows, in PyTorch's order:
    r = σ(s_r + u_r) resets, z = σ(s_z + u_z) keeps, n = tanh(s_n + r·u_n) is new; h_t = (1 − z)·n + z·h_{t−1}.

    Args:
        input_size: numbers in a row of the sequence.
        hidden_size: numbers in the state h.
        bias: whether there are biases.
        last: whether the output is that of the last step only.
        W_ih: given weights of the inputs, of shape (3·hidden_size, input_size), blocks r, z, n; drawn otherwise.
        W_hh: given weights of the state, of shape (3·hidden_size, hidden_size).
        b_ih: given biases, of shape (3·hidden_size,).
        b_hh: given biases, of shape (3·hidden_size,).
        seed: a whole number or generator for drawing from U(−1/√hidden_size, 1/√hidden_size).
    """

    kind = "gru"
    gates = 3

    def step(self, inputs: Array, state: Row, time: int = 0) -> Row:
        """Compute h_t from the row x_t and the state h_{t−1}."""
        xs, before = arrays.flat(inputs), arrays.flat(state)
        size, after = self.hidden_size, []
        for unit in range(size):
            r, z = (sigmoid(self._sum(block * size + unit, xs, before)) for block in range(2))
            row_of_new = 2 * size + unit
            seen = dot(self.W_ih[row_of_new].tolist(), xs, None if self.b_ih is None else self.b_ih[row_of_new])
            kept = dot(self.W_hh[row_of_new].tolist(), before, None if self.b_hh is None else self.b_hh[row_of_new])
            n = tanh(seen + r * kept)
            h = (1.0 - z) * n + z * before[unit]
            for node, name in ((r, "r"), (z, "z"), (n, "n"), (h, "h")):
                node.name = f"{self.qualify(name)}[{time}][{unit}]"
            after.append(h)
        return arrays.make(after)
