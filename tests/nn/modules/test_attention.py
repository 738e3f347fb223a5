"""MultiheadAttention: against PyTorch with the same weights, as edges, by programs, and in files."""

import numpy as np
import pytest
from against_torch import compare, load_from, tensor, torch
from numpy.testing import assert_allclose

import nn
from autograd import Graph, Value
from nn import arrays

KEYS = {"W_in": "in_proj_weight", "b_in": "in_proj_bias", "W_out": "out_proj.weight", "b_out": "out_proj.bias"}
X = np.random.default_rng(0).normal(size=(5, 6))


class SelfAttention(torch.nn.Module):
    """PyTorch's, called on one sequence."""

    def __init__(self, *sizes, mask=None, **options):
        super().__init__()
        self.own, self.mask = torch.nn.MultiheadAttention(*sizes, **options), mask

    def forward(self, x):
        return self.own(x, x, x, attn_mask=self.mask)[0]


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_outputs_and_gradients_are_pytorchs(heads, bias, causal):
    mask = torch.ones(5, 5).triu(1).bool() if causal else None
    keys = {name: f"own.{theirs}" for name, theirs in KEYS.items() if bias or name.startswith("W")}
    reference = SelfAttention(6, heads, mask=mask, bias=bias)
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(1))
    compare(nn.MultiheadAttention(6, heads, bias=bias, causal=causal), reference, keys, X, rtol=1e-10)


MASK = np.random.default_rng(3).random((5, 4)) < 0.3


@pytest.mark.parametrize("mask", [None, MASK, np.where(MASK, -np.inf, 0.5 * MASK + 0.1)])
def test_another_sequence_is_looked_at_as_in_pytorch(mask):
    model, reference = nn.MultiheadAttention(6, 2), torch.nn.MultiheadAttention(6, 2).double()
    load_from(model, reference, KEYS)
    random = np.random.default_rng(1)
    key, value = random.normal(size=(2, 4, 6))
    ours = model(X, key, value, attn_mask=mask)
    given = None if mask is None else torch.tensor(mask)
    theirs = reference(tensor(X), tensor(key), tensor(value), attn_mask=given)
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(arrays.numbers(one), other.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_each_weight_is_a_node_with_its_derivative():
    model = nn.MultiheadAttention(4, 2, causal=True, seed=0)
    y = model(X[:3, :4])
    y[2, 0].backward()
    nodes = {node.name: node for node in Graph(*y[2]).nodes if node.name}
    for head in range(2):
        row = [nodes[f"alpha[{head}][2][{s}]"] for s in range(3)]
        assert sum(weight.data for weight in row) == pytest.approx(1.0)
        assert all(isinstance(weight, Value) and weight.grad for weight in row)
        assert f"alpha[{head}][1][2]" not in nodes


def test_a_batch_and_programs_give_the_same(backend):
    model = nn.Sequential(nn.MultiheadAttention(6, 2, causal=True, seed=0), nn.Flatten(), nn.Linear(30, 1, seed=1))
    batch = np.random.default_rng(2).normal(size=(40, 5, 6))
    due = [model(x)[0].data for x in batch]
    assert_allclose(arrays.numbers(model.layers[0](batch[:3])).shape, (3, 5, 6))
    assert_allclose(nn.predict(model, batch)[:, 0], due, rtol=1e-12)
    by_engine = nn.Sequential(nn.MultiheadAttention(6, 2, causal=True, seed=0), nn.Flatten(), nn.Linear(30, 1, seed=1))
    for one, way in ((model, backend), (by_engine, False)):
        nn.fit(one, batch, np.array(due) ** 2, "mse", "adam", 2, 8, seed=0, compile=way)
    for name, array in by_engine.state_dict().items():
        assert_allclose(model.state_dict()[name], array, rtol=1e-9, atol=1e-12)


def test_it_is_saved_and_drawn_as_pytorch_draws(tmp_path):
    model = nn.MultiheadAttention(6, 3, causal=True, seed=0)
    nn.save(model, tmp_path / "attention.safetensors")
    again = nn.load(tmp_path / "attention.safetensors")
    assert_allclose(arrays.numbers(again(X)), arrays.numbers(model(X)), rtol=0)
    assert str(model) == "<MultiheadAttention 6, 3 heads: 168 parameters>"
    W = nn.MultiheadAttention(60, 3, seed=0).state_dict()
    assert 0.9 < abs(W["W_in"]).max() / np.sqrt(6 / 240) <= 1.0
    assert 0.9 < abs(W["W_out"]).max() / np.sqrt(1 / 60) <= 1.0
    assert not W["b_in"].any()
    assert abs(nn.MultiheadAttention(60, 3, seed=0, init="normal(0, 0.01)").state_dict()["W_in"]).max() < 0.06


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: nn.MultiheadAttention(6, 4), ValueError,
         "MultiheadAttention needs an embed_dim that num_heads divides, not 6 and 4."),
        (lambda: nn.MultiheadAttention(2, 1, bias=False, b_in=[0.0] * 6), ValueError,
         "MultiheadAttention was given biases and bias=False: leave one of them out."),
        (lambda: nn.MultiheadAttention(6, 2)(X, X, X[:4]), nn.ShapeError,
         "MultiheadAttention 6, 2 heads was given 5 keys and 4 values: as many of each."),
        (lambda: nn.MultiheadAttention(6, 2)(X, X, X, attn_mask=MASK), nn.ShapeError,
         "attn_mask of MultiheadAttention 6, 2 heads has shape (5, 4) instead of (5, 5)."),
        (lambda: nn.MultiheadAttention(6, 2)(X, X, X, attn_mask=np.ones((5, 5), bool)), ValueError,
         "Step 0 of MultiheadAttention 6, 2 heads must look nowhere, so that it has nothing to mix: change the mask."),
    ],
)  # fmt: skip
def test_what_does_not_fit(make, error, sentence):
    with pytest.raises(error) as raised:
        make()
    assert str(raised.value) == sentence
