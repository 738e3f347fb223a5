"""Embedding: rows of a table, chosen on the engine and by programs."""

import numpy as np
import pytest
from against_torch import load_from, torch
from numpy.testing import assert_allclose

import nn
from autograd import DomainError, dot, is_traced
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
    assert str(raised.value) == f"Embedding 5 → 4 takes whole numbers from 0 to 4, got {number:g}."
    wrong = TOKENS.astype(float).repeat(2, axis=0)  # so many that they go to a program
    wrong[70, 1] = number
    with pytest.raises(DomainError, match="example 70"):
        nn.predict(model(), wrong)


def test_a_single_number_gives_a_row():
    assert nn.Embedding(3, 2, seed=0)(1).shape == (2,)
    assert not is_traced(nn.Embedding(3, 2, seed=0)(1)[0])
    assert nn.Embedding(3, 2, seed=0)([[0, 1], [2, 2]]).shape == (2, 2, 2)
