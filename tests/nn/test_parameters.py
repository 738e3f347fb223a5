"""Parameters are read-only arrays of Values: nothing drops out of a model unseen, or comes in untrained."""

import copy
import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from autograd import Value, Values, compile, gradients  # noqa: A004
from nn.errors import ShapeError
from nn.module import Module
from nn.parameters import ParameterDict, Parameters


def layer():
    return nn.Layer(2, 3, W=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], b=[0.1, 0.2, 0.3])


def test_they_are_looked_at_as_numpys():
    W = layer().W
    assert (W.shape, W.dtype, W.ndim, len(W), W.size) == ((3, 2), object, 2, 3, 6)
    assert W[1, 0] is W[1][0] is W.ravel()[2] is W.T[0, 1] is W.flat[2]
    assert W[2, 1].name == "W[2][1]"
    assert [w.data for w in W[:, 1]] == [2.0, 4.0, 6.0]


def test_what_is_computed_from_them_is_an_array_of_values():
    W = layer().W
    numbers = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = np.array([0.5, -1.5])
    for ours, theirs in [
        (W @ x, numbers @ x), (2 * W, 2 * numbers), (W + W, numbers + numbers), (np.exp(W), np.exp(numbers)),
        (W.T @ W, numbers.T @ numbers), (x * W, x * numbers), (Value(2.0) * W, 2 * numbers), (W**2, numbers**2),
        (W.sum(axis=0), numbers.sum(axis=0)), (np.concatenate([W, W]), np.concatenate([numbers, numbers])),
        (np.stack([W[0], W[1]]), numbers[:2]), (np.where(numbers > 2, W, 0.0), np.where(numbers > 2, numbers, 0.0)),
    ]:  # fmt: skip
        assert type(ours) is Values
        assert_array_equal(ours.astype(object) == theirs, True)
        ours[0] = 0.0  # it may be written to
    assert (W.sum().data, W.mean().data) == (21.0, 3.5)
    W.sum().backward()
    assert {w.grad for w in W.ravel()} == {1.0}


def assigned(place, content):
    model = nn.Sequential(layer())
    model[0].W[place] = content


def written_to_a_row(content):
    nn.Sequential(layer())[0].W[0][0] = content


def subtracted():
    model = layer()
    model.W -= 0.1 * np.ones((3, 2))


def multiplied_in_place():
    W = layer().W
    W *= 2


SENTENCE = (
    "{} cannot be replaced: what is put into an array of parameters would never be trained or saved. Set its number, "
    "…{}.data = {}; those of a module with load_state_dict; or share the array of another, b.W = a.W."
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda: written_to_a_row(Value(1.0)), SENTENCE.format("W1[0][0]", "[0][0]", 1.0)),
        (lambda: written_to_a_row(Value(1.0, parameter=True)), SENTENCE.format("W1[0][0]", "[0][0]", 1.0)),
        (lambda: written_to_a_row(7), SENTENCE.format("W1[0][0]", "[0][0]", 7)),
        (lambda: assigned((2, 1), 0.5), SENTENCE.format("W1[2][1]", "[2][1]", 0.5)),
        (lambda: assigned(1, [Value(1.0), Value(2.0)]), SENTENCE.format("W1[1][0]", "[1][0]", "number")),
        (lambda: assigned(slice(None), 0.0), SENTENCE.format("W1[0][0]", "[0][0]", 0.0)),
        (subtracted, SENTENCE.format("W[0][0]", "[0][0]", "number")),
        (multiplied_in_place, SENTENCE.format("W[0][0]", "[0][0]", "number")),
    ],
)
def test_nothing_is_put_in(change, sentence):
    with pytest.raises(TypeError) as caught:
        change()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "change",
    [
        lambda W: W.fill(0.0),
        lambda W: W.sort(),
        lambda W: np.copyto(W, 0.0),
        lambda W: np.put(W, 0, 0.0),
        lambda W: W.ravel().put(0, 0.0),
        lambda W: W.flat.__setitem__(0, 0.0),
        lambda W: np.add.at(W, 0, 1.0),
        lambda W: W.reshape(-1).partition(1),
        lambda W: np.add(1.0, 1.0, out=W),
    ],
)
def test_numpys_other_ways_in_are_closed_too(change):
    model = layer()
    before = model.W.tolist()
    with pytest.raises((ValueError, TypeError)):
        change(model.W)
    assert all(
        a is b for mine, theirs in zip(model.W.tolist(), before, strict=True) for a, b in zip(mine, theirs, strict=True)
    )


def test_a_copy_may_be_written_to_and_assigned():
    model = layer()
    W = model.W.copy()
    W[0, 0] = Value(9.0, parameter=True)
    model.W = W
    assert (model.W[0, 0].data, model.W[0, 0].name, len(model.parameters())) == (9.0, "W[0][0]", 9)
    with pytest.raises(TypeError, match="cannot be replaced"):
        model.W[0, 0] = Value(1.0)
    W[0, 0] = Value(8.0)  # the model's array is its own
    assert model.W[0, 0].data == 9.0


def test_rows_are_shared_by_assigning_an_array_of_them():
    model = nn.Sequential(nn.Layer(2, 2, seed=0), nn.Layer(2, 3, seed=1))
    model[1].W = [model[0].W[1], *model[1].W[1:]]
    assert model[1].W[0, 1] is model[0].W[1, 1]
    assert len(model.parameters()) == 6 + 9 - 2


def test_tied_arrays_are_one():
    a, b = nn.Layer(2, 2, seed=0), nn.Layer(2, 2, seed=1)
    b.W = a.W
    assert b.W is a.W
    model = nn.Sequential(a, b)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), nn.Module.from_config(model.config())):
        assert twin[0].W is twin[1].W
        with pytest.raises(TypeError, match="cannot be replaced"):
            twin[0].W[0, 0] = 1.0


def test_copies_keep_names_and_numbers_and_stay_read_only():
    model = nn.MLP(2, [3, 1], seed=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [(n, p.name, p.data) for n, p in twin.named_parameters()] == [
            (n, p.name, p.data) for n, p in model.named_parameters()
        ]
        assert twin[0].W[0, 0] is not model[0].W[0, 0]
        assert (type(twin[0].W), twin[0].W.flags.writeable, twin[0].W.shape) == (Parameters, False, (3, 2))


class Own(Module):
    """A module of a user's own."""

    def __init__(self, w):
        self.w = w
        self.scale = Value(2.0, parameter=True)

    def forward(self, x):
        return self.scale * (self.w @ x)


def p(number):
    return Value(number, parameter=True)


@pytest.mark.parametrize(
    "given",
    [
        lambda: [[p(1.0), p(2.0)], [p(3.0), p(4.0)]],
        lambda: ((p(1.0), p(2.0)), (p(3.0), p(4.0))),
        lambda: np.array([[p(1.0), p(2.0)], [p(3.0), p(4.0)]]),
        lambda: [np.array([p(1.0), p(2.0)]), np.array([p(3.0), p(4.0)])],
    ],
)
def test_a_modules_own_lists_become_arrays(given):
    model = Own(given())
    assert [name for name, _ in model.named_parameters()] == ["w[0][0]", "w[0][1]", "w[1][0]", "w[1][1]", "scale"]
    assert [p.name for p in model.w.ravel()] == ["w[0][0]", "w[0][1]", "w[1][0]", "w[1][1]"]
    assert [y.data for y in model(np.array([1.0, -1.0]))] == [-2.0, -2.0]
    with pytest.raises(TypeError, match=r"^w\[0\]\[1\] cannot be replaced"):
        model.w[0][1] = Value(3.0)
    assert model.state_dict()["w"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_ragged_lists_are_held_in_parts():
    model = Own([[p(1.0)], [p(2.0), p(3.0)]])
    assert [name for name, _ in model.named_parameters()] == ["w[0][0]", "w[1][0]", "w[1][1]", "scale"]
    with pytest.raises(TypeError):
        model.w[0] = [p(1.0)]
    with pytest.raises(TypeError, match="cannot be replaced"):
        model.w[1][0] = p(1.0)


def test_what_is_no_parameter_cannot_stand_among_them():
    sentence = (
        "{} is no parameter, but stands among parameters: it would never be trained or saved. Make it one with "
        "Value(number, parameter=True); or, to change the number of one, write {}.data = number."
    )
    for given, place in [
        ([p(1.0), Value(2.0)], "w[1]"), ([Value(1.0), p(2.0)], "w[0]"), ([[p(1.0), 2.0]], "w[0][1]"),
        ({"a": p(1.0), "b": Value(2.0)}, "w['b']"),
    ]:  # fmt: skip
        with pytest.raises(TypeError) as caught:
            Own(given)
        assert str(caught.value) == sentence.format(place, place)

    class Grown(Module):
        def __init__(self):
            self.w = []
            for number in (1.0, 2.0):
                self.w.append(p(number))

    model = Grown()
    assert [name for name, _ in model.named_parameters()] == ["w[0]", "w[1]"]
    model.w[1] = Value(5.0)
    with pytest.raises(TypeError) as caught:
        model.parameters()
    assert str(caught.value) == sentence.format("w[1]", "w[1]")


def test_parameters_by_name_give_way_to_their_like_only():
    net = nn.Network(["x"], {"z": ("tanh", ["x"]), "u": ("tanh", ["z", "x"])}, ["u"], seed=0)
    assert type(net.w) is type(net.b) is ParameterDict
    with pytest.raises(TypeError) as caught:
        net.b["z"] = Value(1.0)
    assert str(caught.value) == (
        "Entry 'z' holds its parameters and cannot become Value. Set numbers with load_state_dict, or share another "
        "module's parameters with a['z'] = b['z']."
    )
    with pytest.raises(ShapeError, match=r"^Entry 'u' has shape \(2,\) and cannot become an array of shape \(1,\)\.$"):
        net.w["u"] = net.w["z"]
    net.b["z"] = net.b["u"]
    assert len(net.parameters()) == 4
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.b["z"] is twin.b["u"]
        with pytest.raises(TypeError, match="Entry 'z'"):
            twin.b["z"] = Value(1.0)


def test_a_model_with_a_changed_array_is_trained_and_saved_whole(tmp_path):
    """The example: one weight put in by hand, 13 parameters of which 7 were left."""
    model = nn.MLP(2, [3, 1], seed=0)
    with pytest.raises(TypeError):
        model.layers[0].W[0][0] = Value(1.0)
    model.layers[0].W[0][0].data = 1.0
    assert len(model.parameters()) == 13
    nn.save(model, tmp_path / "m")
    assert nn.load(tmp_path / "m").state_dict()["W1"][0, 0] == 1.0


def test_optimisers_penalties_and_clipping_take_arrays_of_them():
    model = layer()
    model(np.array([1.0, -1.0])).sum().backward()  # each of the nine slopes is 1 or −1
    assert nn.clip_grad_norm([model.W, model.b], 1.0) == pytest.approx(3.0)
    assert nn.clip_grad_norm(model.parameters(), 3.0) == pytest.approx(1.0)
    assert nn.clip_grad_norm(model.W, 9.0) == pytest.approx(math.sqrt(6.0) / 3.0)
    assert nn.SGD(model.W, lr=0.1).parameters == model.W.ravel().tolist()
    assert nn.SGD([model.W, model.b], lr=0.1).parameters == nn.SGD([*model.W, model.b], lr=0.1).parameters
    assert nn.L2(2.0)(model.W).data == sum(x * x for x in (1, 2, 3, 4, 5, 6))
    assert nn.L1(1.0)([model.W, model.b]).data == pytest.approx(21.6)


def test_they_are_found_in_dicts_and_lists_of_dicts():
    cells = [{"w": [p(1.0), p(2.0)], "b": p(3.0)}, {"w": [p(4.0)], "b": p(5.0)}]
    model = Own({"in": [[p(0.5)]], "cells": cells})
    names = ["w.in[0][0]", "w.cells.0.w[0]", "w.cells.0.w[1]", "w.cells.0.b", "w.cells.1.w[0]", "w.cells.1.b", "scale"]
    for again in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [name for name, _ in again.named_parameters()] == names
        assert {key: array.tolist() for key, array in again.state_dict().items()} == {
            "w.in": [[0.5]], "w.cells.0.w": [1.0, 2.0], "w.cells.0.b": 3.0, "w.cells.1.w": [4.0], "w.cells.1.b": 5.0,
            "scale": 2.0,
        }  # fmt: skip
        with pytest.raises(TypeError):
            again.w["cells"][0]["b"] = Value(1.0)
        with pytest.raises(TypeError):
            again.w["cells"][1] = {}
        with pytest.raises(TypeError, match="cannot be replaced"):
            again.w["cells"][0]["w"][1] = Value(1.0)
    assert [one.name for one in model.parameters()] == names


@pytest.mark.parametrize(
    "given",
    [
        lambda: [nn.Layer(1, 1), p(1.0)],
        lambda: [p(1.0), nn.Layer(1, 1)],
        lambda: [None, p(1.0)],
        lambda: {"a": None, "b": p(1.0)},
    ],
)
def test_none_stands_hidden_beside_something_else(given):
    with pytest.raises(TypeError, match="is no parameter, but stands among parameters"):
        Own(given())


def test_none_stands_hidden_behind_something_empty():
    assert len(Own([[], [p(1.0)]]).parameters()) == 2


@pytest.mark.parametrize(
    "change", [lambda b: b.update(z=Value(1.0)), lambda b: b.update({"z": Value(1.0)}), lambda b: b.__ior__({"z": 1.0})]
)
def test_dicts_are_closed_to_updates(change):
    net = nn.Network(["x"], {"z": ("tanh", ["x"])}, ["z"], seed=0)
    with pytest.raises(TypeError, match="Entry 'z' holds its parameters"):
        change(net.b)
    net.b.update(z=p(2.0))
    assert net.named_parameters()[-1][1].data == 2.0


def test_an_array_stays_read_only():
    for W in (layer().W, copy.deepcopy(layer()).W, pickle.loads(pickle.dumps(layer())).W, layer().W.T):
        with pytest.raises(ValueError, match="WRITEABLE"):
            W.flags.writeable = True


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_by_arrays_are_pytorchs(create_graph):
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    x = np.array([0.3, -0.7])
    loss = (model(x) ** 2).sum()
    arrays = [model[0].W, model[0].b, model[1].W]
    theirs = [torch.tensor(model.state_dict()[name], requires_grad=True) for name in ("W1", "b1", "W2", "b2")]
    hidden = torch.tanh(theirs[0] @ torch.tensor(x) + theirs[1])
    expected = torch.autograd.grad(((theirs[2] @ hidden + theirs[3]) ** 2).sum(), theirs[:3])
    for ours, slopes in zip(gradients(loss, arrays, create_graph=create_graph), expected, strict=True):
        assert type(ours) is (Values if create_graph else np.ndarray)
        assert_allclose(ours.astype(float), slopes.numpy(), rtol=1e-12)
    alone = gradients(loss, model[0].W, create_graph=create_graph)
    assert_allclose(alone.astype(float), expected[0].numpy(), rtol=1e-12)


def test_a_program_is_differentiated_by_arrays_of_them():
    model = layer()
    program = compile(lambda v: model(v).sum(), [1.0, 1.0], parameters=[model.W, model.b], backend="numpy")
    assert program.parameters == tuple(model.parameters())
    assert_allclose(program.value_and_grad(np.array([[2.0, 3.0]]))[1], [2, 3, 2, 3, 2, 3, 1, 1, 1])
