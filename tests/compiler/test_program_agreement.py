"""A program computes what the engine computes: random graphs and networks, both backends, both kinds of number.

Differences are measured in units of `eager.rounding`: 1 is a unit in the last place of every number on the way.
"""

import math

import numpy as np
import pytest
from eager import UNITS, eager, leaves_of, lifted, units
from hypothesis import assume, given, settings, target
from strategies import chains, programs, wirings

import autograd
import nn
from autograd import NonFiniteGradientError, Value, gradients, square, total
from autograd.compiler.options import PASSES

#: In float32 rounding may take a kink's other side, or leave first order; such cases say nothing.
LARGEST_BOUND = 1e-3
FEW = settings.default.max_examples * 2 // 5  # graphs, where each may cost a compilation


def eager_or_skip(case, dtype):
    try:
        due = eager(case.f, case.batch, case.parameters)
    except (ArithmeticError, ValueError, NonFiniteGradientError):
        assume(False)
    bounds = [bound.max(initial=0.0) for bound in due[3:]]
    assume(max(bounds) * np.finfo(dtype).eps < LARGEST_BOUND)
    return due


def check_agreement(case, backend, dtype, without=()):
    """Compare values, and gradients by parameters and inputs, of every example and of the batch."""
    due = eager_or_skip(case, dtype)
    program = autograd.compile(
        case.f, *case.example, parameters=case.parameters, backend=backend, dtype=dtype, without=without
    )
    n = len(due.values)
    found = {"values": units(program(*case.batch), due.values, due.value_rounding, dtype)}

    values, slopes = program.value_and_grad(*case.batch, reduce="none")
    found["values of value_and_grad"] = units(values, due.values, due.value_rounding, dtype)
    found["gradient of each example"] = units(slopes, due.slopes, due.slope_rounding, dtype)
    np.testing.assert_array_equal(program.gradients(*case.batch), slopes)

    value, gradient = program.value_and_grad(*case.batch, reduce="sum")
    found["sum of the values"] = units([value], [due.values.sum()], [due.value_rounding.sum()], dtype)
    found["gradient of the sum"] = units(gradient, due.slopes.sum(axis=0), due.slope_rounding.sum(axis=0), dtype)
    if n:
        value, gradient = program.value_and_grad(*case.batch)
        found["gradient of the mean"] = units(gradient, due.slopes.mean(axis=0), due.slope_rounding.mean(axis=0), dtype)

    values, pieces = program.value_and_grad(*case.batch, reduce="none", wrt="inputs")
    assert [piece.shape for piece in pieces] == [array.shape for array in case.batch]
    found["gradient by the inputs"] = units(
        np.concatenate([piece.reshape(n, math.prod(piece.shape[1:])) for piece in pieces], axis=1),
        due.inputs, due.input_rounding, dtype,
    )  # fmt: skip

    worst = max(found, key=found.get)
    target(found[worst], label="units of rounding")
    assert found[worst] <= UNITS, f"{worst} is {found[worst]:.3g} units of rounding off"


@given(case=programs())
def test_random_programs(backend, dtype, case):
    check_agreement(case, backend, dtype)


@given(case=wirings())
def test_random_networks(backend, dtype, case):
    check_agreement(case, backend, dtype)


@settings(max_examples=FEW)
@given(case=chains())
def test_long_irregular_graphs(backend, dtype, case):
    check_agreement(case, backend, dtype)


@settings(max_examples=FEW)
@given(case=chains())
def test_numbers_on_the_way(backend, case):
    """Results may be any nodes, and rows that are read no more are written over only after they were given out."""
    program = autograd.compile(case.parts, *case.example, parameters=case.parameters, backend=backend)
    last, known = program(*case.batch)
    due = [case.parts(*map(Value, example)) for example in zip(*case.batch, strict=True)]
    np.testing.assert_allclose(last, [y.data for y, _ in due], rtol=1e-9, atol=1e-12)
    assert len(known) == len(due)
    for found, (_, values) in zip(known, due, strict=True):
        np.testing.assert_allclose(found, [v.data for v in values], rtol=1e-9, atol=1e-12)
    if len(due):
        program.value_and_grad(*case.batch)
        np.testing.assert_array_equal(program(*case.batch)[1], known)


@pytest.mark.parametrize("without", PASSES)
@settings(max_examples=FEW // 2)
@given(case=programs() | wirings() | chains())
def test_every_pass_can_be_left_out(backend, without, case):
    check_agreement(case, backend, "float64", without)


def test_all_passes_can_be_left_out(backend):
    model = nn.Sequential(nn.Conv2d(1, 2, 2, activation="tanh", seed=0), nn.Flatten(), nn.Layer(8, 3, seed=1))
    parameters, X = model.parameters(), np.random.default_rng(0).normal(size=(5, 1, 3, 3))

    def results(without):
        program = autograd.compile(
            lambda x: total(model(x)), X[0], parameters=parameters, backend=backend, without=without
        )
        return [program(X), *program.value_and_grad(X)]

    for found, due in zip(results(PASSES), results(()), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-12, atol=1e-14)


MODELS = {
    "MLP": ((3,), lambda: nn.MLP(3, [5, 4, 2], activation="tanh", seed=1)),
    "MLP with ReLU": ((5,), lambda: nn.MLP(5, [6, 6, 1], activation="relu", seed=1)),
    "one neuron": ((1,), lambda: nn.Layer(1, 1, activation="sigmoid", seed=1)),
    "no bias": ((2,), lambda: nn.Sequential(nn.Layer(2, 3, bias=False, seed=1), nn.Layer(3, 1, bias=False, seed=2))),
    "softmax": ((3,), lambda: nn.Layer(3, 4, activation="softmax", seed=1)),
    "every smooth activation": (
        (2,),
        lambda: nn.Sequential(
            *(nn.Layer(2, 2, activation=name, seed=i) for i, name in enumerate(("elu", "silu", "gelu", "softplus")))
        ),
    ),
    "convolution, pool, layer": (
        (2, 4, 4),
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1, activation="relu", seed=1), nn.MaxPool2d(2), nn.Flatten(),
            nn.Layer(12, 2, seed=2),
        ),
    ),
    "convolution with stride": ((1, 5, 5), lambda: nn.Conv2d(1, 2, 3, stride=2, activation="tanh", seed=1)),
    "transposed convolution": ((2, 2, 2), lambda: nn.ConvTranspose2d(2, 2, 2, stride=2, seed=1)),
    "Elman": ((4, 2), lambda: nn.Elman(2, 3, seed=1)),
    "LSTM": ((3, 2), lambda: nn.LSTM(2, 3, seed=1)),
    "batch norm": ((2,), lambda: nn.Sequential(nn.Layer(2, 3, seed=1), nn.BatchNorm1d(3)).eval()),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models(backend, dtype, name):
    shape, make = MODELS[name]
    model = make()
    parameters = tuple(model.parameters())

    def loss(x):
        return total([square(y - 0.3) for y in leaves_of(model(x))])

    batch = np.random.default_rng(0).normal(size=(3, *shape)).astype(dtype)
    rows = []
    for example in batch:
        x = lifted(example)
        y = loss(x)
        rows.append([y.data, *gradients(y, [*parameters, *leaves_of(x)])])
    due = np.array(rows)
    program = autograd.compile(loss, batch[0], parameters=parameters, backend=backend, dtype=dtype)
    n = len(parameters)
    tolerance = 100 * float(np.finfo(dtype).eps)

    def near(found, wanted):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())

    near(program(batch), due[:, 0])
    value, gradient = program.value_and_grad(batch)
    near(value, due[:, 0].mean())
    near(gradient, due[:, 1 : n + 1].mean(axis=0))
    near(program.gradients(batch), due[:, 1 : n + 1])
    near(program.value_and_grad(batch, reduce="sum", wrt="inputs")[1][0].reshape(3, -1), due[:, n + 1 :])


def test_a_network_against_pytorch(backend):
    torch = pytest.importorskip("torch", reason="PyTorch is the second opinion here")
    rng = np.random.default_rng(3)
    sizes = [4, 7, 5, 3]
    model = nn.MLP(4, sizes[1:], activation="tanh", seed=2)
    X, T = rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
    program = autograd.compile(
        lambda x, t: nn.mse(model(x), t), X[0], T[0], parameters=model.parameters(), backend=backend
    )
    value, gradient = program.value_and_grad(X, T)
    state = {name: torch.tensor(np.asarray(array), requires_grad=True) for name, array in model.state_dict().items()}
    hidden = torch.tensor(X)
    for layer in (1, 2, 3):
        hidden = hidden @ state[f"W{layer}"].T + state[f"b{layer}"]
        hidden = torch.tanh(hidden) if layer < 3 else hidden
    loss = ((hidden - torch.tensor(T)) ** 2).mean()
    loss.backward()
    assert value == pytest.approx(loss.item(), rel=1e-14)
    for name, tensor in state.items():
        found = [g for g, p in zip(gradient, model.parameters(), strict=True) if p.name.partition("[")[0] == name]
        np.testing.assert_allclose(found, tensor.grad.numpy().ravel(), rtol=1e-12, atol=1e-14)


def test_a_long_chain(backend):
    """A thousand operations one after the other; no recursion, and one instruction each."""
    w = Value(0.5, "w")

    def f(x):
        for _ in range(500):
            x = (x * w + 1.0).tanh()
        return x

    program = autograd.compile(f, 0.0, parameters=[w], backend=backend)
    x = Value(0.25)
    y = f(x)
    value, slopes = program.value_and_grad([0.25, 0.25], reduce="none")
    assert value == pytest.approx([y.data] * 2, rel=1e-14)
    assert slopes[:, 0] == pytest.approx(gradients(y, [w]) * 2, rel=1e-13)


def test_weights_stand_in_for_the_parameters(backend):
    w, b = Value(2.0, "w"), Value(1.0, "b")
    program = autograd.compile(lambda x: w * x + b, 0.0, parameters=[w, b], backend=backend)
    np.testing.assert_array_equal(program([1.0, 2.0], weights=[10.0, 20.0]), [30.0, 40.0])
    value, gradient = program.value_and_grad([1.0, 3.0], weights=np.array([10.0, 20.0]))
    assert (value, gradient.tolist()) == (40.0, [2.0, 1.0])
    assert (w.data, b.data) == (2.0, 1.0)
    np.testing.assert_array_equal(program([1.0, 2.0]), [3.0, 5.0])
