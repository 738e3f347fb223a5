"""Compare a module with PyTorch's: the same weights, outputs, and the gradients of all weights and inputs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Value, dot
from nn import arrays

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests")


def tensor(array):
    return torch.tensor(np.asarray(array, dtype=np.float64), dtype=torch.float64)


def load_from(model, reference, keys):
    """Copy the weights and buffers of `reference` into `model`; `keys` gives PyTorch's name for each of ours."""
    theirs = reference.state_dict()
    model.load_state_dict({ours: theirs[name].numpy() for ours, name in keys.items()})


def compare(model, reference, keys, x, *, together=False, seed=0, rtol=1e-12, atol=1e-12):
    """Run both on x and compare outputs, gradients of the parameters and gradients of the inputs."""
    load_from(model, reference.double(), keys)
    xs = arrays.map_numbers(Value, np.asarray(x).tolist())
    ys = model.batch(xs) if together else model(xs)
    tx = tensor(x).requires_grad_()
    ty = reference(tx)
    ty = ty[0] if isinstance(ty, tuple) else ty
    assert_allclose(arrays.numbers(ys), ty.detach().numpy(), rtol=rtol, atol=atol)
    weights = np.random.default_rng(seed).normal(size=tuple(ty.shape))
    dot(arrays.flat(ys), weights.ravel().tolist()).backward()
    (ty * tensor(weights)).sum().backward()
    theirs = dict(reference.named_parameters())
    compared = 0
    for slot in model.slots():
        if slot.trained:
            ours = arrays.map_numbers(lambda v: v.grad, slot.content)
            assert_allclose(np.array(ours), theirs[keys[slot.key]].grad.numpy(), rtol=rtol, atol=atol, err_msg=slot.key)
            compared += 1
    assert compared == len(theirs)
    assert_allclose(np.array(arrays.map_numbers(lambda v: v.grad or 0.0, xs)), tx.grad.numpy(), rtol=rtol, atol=atol)
