"""The first lecture's perceptron, 2 inputs, 2 ReLU neurons, 1 output, E = ½(O − t)², and a single neuron."""

from typing import NamedTuple

from autograd import Value, dot, relu, tanh


class Perceptron(NamedTuple):
    """One pass through the network, every quantity of the slides a named Value."""

    inputs: list[Value]
    hidden_weights: list[list[Value]]
    output_weights: list[Value]
    sums: list[Value]
    activations: list[Value]
    output: Value
    error: Value

    @property
    def weights(self):
        """All six weights, W1 row by row, then W2."""
        return [w for row in self.hidden_weights for w in row] + self.output_weights


def named(v, name):
    v.name = name
    return v


def perceptron():
    """Build the network with the slides' weights, and run it."""
    inputs = [Value(x, name=f"x{i}", requires_grad=False) for i, x in enumerate((0.5, 0.7), 1)]
    hidden = [
        [Value(w, name=f"W1[{i}][{j}]", parameter=True) for j, w in enumerate(row)]
        for i, row in enumerate(((1.0, 3.0), (-2.0, 4.0)))
    ]
    outer = [Value(w, name=f"W2[{i}]", parameter=True) for i, w in enumerate((0.5, 0.3))]
    return forward(inputs, hidden, outer)


def forward(inputs, hidden, outer):
    """Run the network with the target 1."""
    sums = [named(dot(row, inputs), f"s{i}") for i, row in enumerate(hidden, 1)]
    activations = [named(relu(s), f"a{i}") for i, s in enumerate(sums, 1)]
    output = named(dot(outer, activations), "O")
    error = named(0.5 * (output - Value(1.0, name="t", requires_grad=False)) ** 2, "E")
    return Perceptron(inputs, hidden, outer, sums, activations, output, error)


def train(net, rate=0.1):
    """Take one step of gradient descent, and run the network again."""
    for w in net.weights:
        w.grad = None
    net.error.backward()
    for w in net.weights:
        w.data -= rate * w.grad
    return forward(net.inputs, net.hidden_weights, net.output_weights)


def neuron():
    """The README's neuron: E = (y − 1)², y = tanh(s), s = w·x."""
    w, x = Value(0.8, name="w"), Value(0.5, name="x", requires_grad=False)
    s = named(w * x, "s")
    y = named(tanh(s), "y")
    return named((y - 1) ** 2, "E"), w
