"""Embedding: rows of a table, chosen on the engine and by programs."""

import numpy as np
import pytest
from against_torch import load_from, torch
from numpy.testing import assert_allclose

import autograd
import nn
from autograd import dot, is_traced
from nn import arrays

TOKENS = np.random.default_rng(0).integers(0, 5, size=(40, 3))
ANSWERS = TOKENS.sum(axis=1) % 2


def test_rows_and_gradients_are_pytorchs():
    model, reference = nn.Embedding(5, 4), torch.nn.Embedding(5, 4).double()
    load_from(model, reference, {"W": "weight"})
    weights = np.random.default_rng(1).normal(size=(2, 3, 4))
    ours, theirs = model(TOKENS[:2]), reference(torch.tensor(TOKENS[:2]))
    assert_allclose(arrays.numbers(ours), theirs.detach().numpy())
    dot(arrays.flat(ours), weights.ravel().tolist()).backward()
    (theirs * torch.tensor(weights)).sum().backward()
    found = arrays.map_numbers(lambda v: v.grad or 0.0, model.W)
    assert_allclose(np.array(found), reference.weight.grad.numpy(), rtol=1e-14)


def model():
    return nn.Sequential(nn.Embedding(5, 4, seed=0), nn.Flatten(), nn.Layer(12, 1, seed=1))


def test_programs_train_as_the_engine_does(backend):
    by_program, by_engine = model(), model()
    nn.fit(by_program, TOKENS, ANSWERS, "bce_with_logits", "adam", 3, 8, seed=0, compile=backend)
    nn.fit(by_engine, TOKENS, ANSWERS, "bce_with_logits", "adam", 3, 8, seed=0, compile=False)
    for name, array in by_engine.state_dict().items():
        assert_allclose(by_program.state_dict()[name], array, rtol=1e-10, atol=1e-13)
    assert_allclose(nn.predict(by_program, TOKENS), arrays.numbers(by_program(TOKENS)), rtol=1e-13)


@pytest.mark.parametrize("number", [-1, 5, 0.5])
def test_what_is_no_row_is_an_error_on_the_engine_and_in_programs(number):
    with pytest.raises(ValueError) as raised:
        nn.Embedding(5, 4)([1, number])
    assert str(raised.value) == (
        f"Embedding 5 → 4 has 5 rows, from 0 to 4, and none at {number:g}, which stands in place [1] of its input."
    )
    with pytest.raises(IndexError, match="This happened at example 1 of the batch"):
        nn.Embedding(5, 4)([[1, 2], [number, 1]])
    wrong = TOKENS.astype(float).repeat(2, axis=0)  # so many that they go to a program
    wrong[70, 1] = number
    for place in (70, 3):  # by a program, and where there are few by the engine
        with pytest.raises(IndexError) as raised:
            nn.predict(model(), wrong[70 - place :][: 2 * place])
        assert f"example {place}" in " ".join([*getattr(raised.value, "__notes__", []), str(raised.value)])
        assert f"none at {number:g}" in str(raised.value) or f"no choice at {number:g}" in str(raised.value)


@pytest.mark.parametrize("number", [-1, 5, 0.5, 1e9])
def test_a_program_says_which_index_is_no_rows_and_where(backend, number):
    table = nn.Embedding(5, 4, seed=0)
    program = autograd.compile(
        lambda tokens: (table(tokens) ** 2).sum(), [0, 1], parameters=table.parameters(), backend=backend
    )
    for call in (program, program.value_and_grad):
        with pytest.raises(IndexError) as raised:
            call([[1, 2], [0, number], [4, 4]])
        assert f"has no choice at {number:g}" in str(raised.value)
        assert str(raised.value).endswith("it needs a whole number from 0 to 4, as there are 5 choices.")
        assert raised.value.__notes__ == ["This happened at example 1 of the run."]


@pytest.mark.parametrize("way", [False, "numpy", "numba"])
def test_an_index_that_is_no_rows_is_no_divergence(way):
    wrong = TOKENS.astype(float)
    wrong[17, 2] = 5.0
    for more, given in (({}, wrong), ({"validation_data": (wrong, ANSWERS)}, TOKENS)):
        with pytest.raises(IndexError, match=r" at 5,") as raised:
            nn.fit(model(), given, ANSWERS, "bce_with_logits", epochs=1, shuffle=False, compile=way, **more)
        assert any("This happened in fit, " in note and "at row 17" in note for note in raised.value.__notes__)


def padded():
    return nn.Sequential(nn.Embedding(5, 4, seed=0, padding_idx=-1), nn.Flatten(), nn.Layer(12, 1, seed=1))


def test_the_row_of_padding_gets_no_gradient_as_in_pytorch():
    table, reference = padded().layers[0], torch.nn.Embedding(5, 4, padding_idx=4).double()
    assert arrays.numbers(table.W)[4].tolist() == [0.0] * 4
    load_from(table, reference, {"W": "weight"})
    dot(arrays.flat(table(TOKENS[:4])), np.arange(48.0).tolist()).backward()
    (reference(torch.tensor(TOKENS[:4])).flatten() * torch.arange(48.0, dtype=torch.float64)).sum().backward()
    found = arrays.map_numbers(lambda v: v.grad or 0.0, table.W)
    assert_allclose(np.array(found), reference.weight.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_row_of_padding_is_not_trained(compiled):
    trained = padded()
    nn.fit(trained, TOKENS, ANSWERS, "bce_with_logits", "adam", 3, 8, seed=0, compile=compiled)
    after = arrays.numbers(trained.layers[0].W)
    assert after[4].tolist() == [0.0] * 4
    assert (after[:4] != arrays.numbers(padded().layers[0].W)[:4]).all()
    trained.unfreeze()
    dot(arrays.flat(trained.layers[0](TOKENS[:4])), np.arange(48.0).tolist()).backward()
    assert {v.grad for v in trained.layers[0].W[4]} == {None}


def test_no_row_for_padding():
    with pytest.raises(ValueError, match=r"^Embedding 5 → 4 has no row 5 for padding_idx\.$"):
        nn.Embedding(5, 4, padding_idx=5)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_indices_may_be_a_tensor(shape):
    model, indices = nn.Embedding(5, 4, seed=0), torch.zeros(shape, dtype=torch.int64)
    assert np.array_equal(model(indices), model(np.zeros(shape, int)))
    assert model(indices).shape == torch.nn.Embedding(5, 4)(indices).shape


def test_a_single_number_gives_a_row():
    assert nn.Embedding(3, 2, seed=0)(1).shape == (2,)
    assert not is_traced(nn.Embedding(3, 2, seed=0)(1)[0])
    assert nn.Embedding(3, 2, seed=0)([[0, 1], [2, 2]]).shape == (2, 2, 2)
