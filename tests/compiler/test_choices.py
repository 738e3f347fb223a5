"""Choices by a whole number that is an input: a gather in a program, looked up or recorded on the engine."""

import numpy as np
import pytest

import autograd
from autograd import DomainError, Value, choose, gradients, tanh, total
from autograd.compiler.instructions import Choice

table = [[Value(0.1 * (3 * i + j), f"T[{i}][{j}]") for j in range(3)] for i in range(5)]
flat = [v for row in table for v in row]


def f(place, x):
    row = choose(place, table)
    scores = [tanh(x * entry) for entry in row]
    return total(scores) + choose(place - place, scores) * x


def test_program_agrees_with_the_engine(backend):
    program = autograd.compile(f, 0, 0.0, parameters=flat, backend=backend, verify=True)
    assert sum(isinstance(each, Choice) for each in program.instructions) == 2
    places, xs = np.array([0, 4, 2, 4, 1]), np.linspace(-1.0, 1.0, 5)
    values, slopes = program.value_and_grad(places, xs, reduce="none")
    by_inputs = program.value_and_grad(places, xs, wrt="inputs", reduce="none")[1]
    for row, (place, x) in enumerate(zip(places.tolist(), xs.tolist(), strict=True)):
        for given in (place, Value(place)):
            leaf = Value(x)
            y = f(given, leaf)
            assert values[row] == pytest.approx(y.data, rel=1e-13)
            *due, by_x = gradients(y, [*flat, leaf])
            np.testing.assert_allclose(slopes[row], due, rtol=1e-12, atol=1e-16)
            assert by_inputs[1][row] == pytest.approx(by_x, rel=1e-12)
            assert by_inputs[0][row] == 0.0
    np.testing.assert_allclose(program(places, xs), values, rtol=1e-14)
    np.testing.assert_allclose(program.value_and_grad(places, xs, reduce="sum")[1], slopes.sum(axis=0), rtol=1e-12)


def test_embedding_is_that_of_pytorch(backend):
    torch = pytest.importorskip("torch")
    weight = np.array([[v.data for v in row] for row in table])
    tokens = np.array([[0, 4, 4], [2, 1, 0]])

    def loss(places):
        return total([entry**3 for place in places for entry in choose(place, table)])

    program = autograd.compile(loss, [0, 0, 0], parameters=flat, backend=backend)
    found = program.value_and_grad(tokens, reduce="sum")
    T = torch.tensor(weight, requires_grad=True)
    due = torch.nn.functional.embedding(torch.tensor(tokens), T).pow(3).sum()
    due.backward()
    assert found[0] == pytest.approx(due.item(), rel=1e-14)
    np.testing.assert_allclose(found[1].reshape(5, 3), T.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize("place", [5, -1, 1.5, float("nan")])
def test_a_place_that_does_not_exist_is_an_error(backend, place):
    program = autograd.compile(f, 0, 0.0, parameters=flat, backend=backend)
    with pytest.raises(DomainError, match=r"choose|place"):
        program.value_and_grad([0, place], [1.0, 1.0])
    with pytest.raises(DomainError):
        choose(place, table)
    with pytest.raises(DomainError, match="a whole number from 0"):
        choose(Value(place), [1.0, 2.0])


def test_second_derivatives(backend):
    w = [Value(0.3, "w0"), Value(-0.4, "w1")]
    program = autograd.compile(
        lambda place, x: choose(place, [w[0] ** 3 * x, w[1] ** 2]), 0, 0.0, parameters=w, backend=backend
    )
    np.testing.assert_allclose(program.hessian([0], [2.0]), [[6 * 0.3 * 2.0, 0.0], [0.0, 0.0]], rtol=1e-13)
    np.testing.assert_allclose(program.hessian([1], [2.0]), [[0.0, 0.0], [0.0, 2.0]], rtol=1e-13)


def test_rows_of_an_array_are_an_array():
    rows = np.array(table)
    assert choose(2, rows).shape == (3,)
    assert [v.data for v in choose(Value(2.0), rows)] == pytest.approx([0.6, 0.7, 0.8])
