import numpy as np
import pytest

from nn.errors import StateError
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d


def test_there_and_back_exactly():
    model, twin = MLP(3, [4, 2], seed=0), MLP(3, [4, 2], seed=1)
    twin.load_state_dict(model.state_dict())
    assert [p.data for p in twin.parameters()] == [p.data for p in model.parameters()]
    assert all(array.dtype == np.float64 for array in model.state_dict().values())


def test_a_state_is_a_copy():
    model = MLP(1, [1], seed=0)
    state = model.state_dict()
    state["W1"][0, 0] = 99.0
    assert model[0].W[0][0].data != 99.0


def test_lists_and_whole_numbers_are_read():
    model = MLP(2, [1], seed=0)
    model.load_state_dict({"W1": [[1, 2]], "b1": np.array([3], dtype=np.int32)})
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 3.0]


def test_every_mismatch_is_listed_and_nothing_changed():
    model = Sequential(Layer(2, 3, seed=0), BatchNorm1d(3), Layer(3, 1, seed=1))
    before = model.state_dict()
    bad = {
        "W1": np.zeros((2, 3)),
        "b1": [1.0, float("nan"), 2.0],
        "beta2": [[1.0], [1.0, 2.0]],
        "running_mean2": ["a", "b", "c"],
        "running_var2": np.ones(3),
        "num_batches_tracked2": np.array(1),
        "W3": np.ones((1, 3)),
        "W9": np.ones(1),
    }
    with pytest.raises(StateError) as caught:
        model.load_state_dict(bad)
    assert str(caught.value) == (
        "The state does not fit Sequential 2 → 1: gamma2 is missing; b3 is missing; W9 is not part of the model; W1 "
        "has shape (2, 3) instead of (3, 2); b1 holds nan at [1]; beta2 is ragged, or no array of numbers; "
        "running_mean2 holds <U1 instead of numbers. Nothing was changed."
    )
    assert all((before[key] == array).all() for key, array in model.state_dict().items())


def test_shared_arrays_must_agree():
    model = Sequential(Layer(1, 1, seed=0), Layer(1, 1, seed=1))
    model[1].W = model[0].W
    state = model.state_dict()
    assert state["W1"] == state["W2"]
    state["W1"] = state["W2"] = np.array([[0.25]])
    model.load_state_dict(state)
    assert model[0].W[0][0].data == 0.25
    with pytest.raises(StateError) as caught:
        model.load_state_dict(state | {"W2": [[0.5]]})
    assert str(caught.value) == (
        "The state does not fit Sequential 1 → 1: W2[0][0] = 0.5 is the same parameter as W1[0][0] = 0.25. Nothing was "
        "changed."
    )


def test_no_state_at_all():
    with pytest.raises(StateError) as caught:
        MLP(1, [1]).load_state_dict([1.0])
    assert str(caught.value) == "A state is a dict of arrays, not list: pass what state_dict() gave."


def test_frozen_parameters_are_set_and_stay_frozen():
    model = MLP(1, [1], seed=0).freeze()
    model.load_state_dict({"W1": [[2.0]], "b1": [1.0]})
    assert [p.data for p in model.parameters()] == [2.0, 1.0]
    assert not any(p.requires_grad for p in model.parameters())


TENSORS = {
    "a parameter": lambda torch, t: torch.nn.Parameter(t),
    "what requires a gradient": lambda torch, t: t.clone().requires_grad_(),
    "bfloat16": lambda torch, t: t.to(torch.bfloat16),
    "float16": lambda torch, t: t.to(torch.float16),
    "float32": lambda torch, t: t.to(torch.float32),
    "sparse": lambda torch, t: t.to_sparse(),
    "negated lazily": lambda torch, t: torch.complex(t, -t).conj().imag,
}


@pytest.mark.parametrize("name", TENSORS)
def test_a_state_of_tensors_is_read_however_they_are_held(name):
    torch = pytest.importorskip("torch", reason="the tensors")
    model, other = MLP(3, [4, 1], seed=0), MLP(3, [4, 1], seed=1)
    coarse = {key: np.round(array * 16) / 16 for key, array in model.state_dict().items()}  # fits every type
    other.load_state_dict({key: TENSORS[name](torch, torch.tensor(array)) for key, array in coarse.items()})
    for key, array in other.state_dict().items():
        np.testing.assert_array_equal(array, coarse[key])


def test_a_tensor_without_numbers_is_refused():
    torch = pytest.importorskip("torch", reason="the tensors")
    model = Layer(1, 1, seed=0)
    before = model.state_dict()
    with pytest.raises(StateError) as refusal:
        model.load_state_dict({key: torch.tensor(array).to("meta") for key, array in before.items()})
    assert str(refusal.value) == (
        "The state does not fit Layer 1 → 1, identity: W is a tensor on the device 'meta', which has no numbers; b is "
        "a tensor on the device 'meta', which has no numbers. Nothing was changed."
    )
    assert model.state_dict().keys() == before.keys()


def test_keys_that_no_terminal_takes_are_written_out():
    model = Layer(1, 1, seed=0)
    with pytest.raises(StateError) as refusal:
        model.load_state_dict(model.state_dict() | {"W\udcff": np.ones(1)})
    assert str(refusal.value) == (
        "The state does not fit Layer 1 → 1, identity: W\\udcff is not part of the model. Nothing was changed."
    )


def test_what_fits_of_a_state_is_loaded_and_the_rest_named() -> None:
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    found = model.load_state_dict({"W2": np.ones((1, 3)), "head": np.zeros(2)}, strict=False)
    assert found.missing_keys == ["W1", "b1", "b2"]
    assert found.unexpected_keys == ["head"]
    after = model.state_dict()
    assert after["W2"].tolist() == [[1.0] * 3]
    np.testing.assert_array_equal(after["W1"], before["W1"])
    assert model.load_state_dict(before) == ([], [])


def test_a_part_of_a_state_still_has_to_fit() -> None:
    model = MLP(2, [3, 1], seed=0)
    with pytest.raises(StateError) as raised:
        model.load_state_dict({"W1": np.ones((2, 3)), "x": 1.0}, strict=False)
    assert "W1 has shape (2, 3) instead of (3, 2). Nothing was changed." in str(raised.value)
    with pytest.raises(StateError) as raised:
        model.load_state_dict({"0.weight": np.ones((3, 2))}, strict=False)
    assert "they have no array in common. Nothing was changed." in str(raised.value)
