"""Rows that are written over: results stay what they are, also where a matrix product reads what lay side by side."""

import numpy as np

import autograd
from autograd import Value, dot, square, tanh, total


def test_the_inputs_of_a_product_stay_side_by_side(backend):
    a, x = Value(0.5), [Value(0.25), Value(-0.75)]
    W = [[Value(0.1 * i + 0.3 * j) for j in range(3)] for i in range(2)]

    def f(w):
        h = tanh(dot([w, a], x))
        return total([square(tanh(dot(row, [h, *x]))) for row in W])

    program = autograd.compile(f, 0.0, parameters=[a, *x, *W[0], *W[1]], backend=backend)
    points = np.linspace(-2.0, 2.0, 7)
    np.testing.assert_allclose(program(points), [float(f(Value(w))) for w in points], rtol=1e-14)


def test_fewer_rows_are_taken_than_there_are_nodes():
    def f(x):
        for _ in range(20):
            x = tanh(0.5 * x + 0.1)
        return x

    wide = autograd.compile(lambda x: [f(v) for v in x], [0.0] * 200).execution
    assert wide.forward_layout.batched_rows < wide.layout.batched_rows / 5
