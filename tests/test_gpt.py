"""The example of a GPT on single scalars: recorded once and replayed, it learns as it does on the engine."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from autograd import Value

path = Path(__file__).parents[1] / "examples" / "gpt.py"


@pytest.fixture(scope="module")
def gpt():
    if not path.exists():
        pytest.skip("the examples are not beside the tests")
    spec = importlib.util.spec_from_file_location("gpt", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def names():
    return ["emma", "ada", "bo"]


def with_torch(gpt, model, token_ids):
    """Compute loss and gradient of the same model on tensors, the gradient in the order of the parameters."""
    torch = pytest.importorskip("torch")
    tensors = {}
    for parameter in model.parameters():
        tensors.setdefault(parameter.name.partition("[")[0], []).append(parameter.data)
    tensors = {
        name: torch.tensor(numbers, dtype=torch.float64).reshape(-1, 64 if name == "down" else 16).requires_grad_()
        for name, numbers in tensors.items()
    }
    T = len(token_ids) - 1

    def norm(x):
        return x * (x.square().mean(-1, keepdim=True) + 1e-5) ** -0.5

    x = norm(tensors["letter"][token_ids[:-1]] + tensors["place"][:T])
    q, k, v = (norm(x) @ tensors[name].T for name in "QKV")
    q, k, v = (t.reshape(T, 4, 4).transpose(0, 1) for t in (q, k, v))
    scores = (q @ k.transpose(1, 2) / 2.0).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
    x = x + (scores.softmax(-1) @ v).transpose(0, 1).reshape(T, 16) @ tensors["O"].T
    x = x + (norm(x) @ tensors["up"].T).relu() @ tensors["down"].T
    loss = torch.nn.functional.cross_entropy(x @ tensors["out"].T, torch.tensor(token_ids[1:]))
    loss.backward()
    return loss.item(), np.concatenate([t.grad.numpy().ravel() for t in tensors.values()])


def test_loss_and_gradient_are_those_of_pytorch(gpt, names, backend):
    alphabet = gpt.Alphabet(names)
    model = gpt.GPT(alphabet.size)
    examples = alphabet.encode(names)
    program = model.compile(backend)
    for row, name in enumerate(names):
        ends = len(alphabet.letters)
        loss, gradient = with_torch(gpt, model, [ends, *map(alphabet.letters.index, name), ends])
        found, slopes = program.value_and_grad(*(array[row : row + 1] for array in examples))
        assert found == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-9, atol=1e-14)


def test_it_learns_as_on_the_engine(gpt, names, backend):
    alphabet = gpt.Alphabet(names)
    examples = alphabet.encode(names)
    model, twin = gpt.GPT(alphabet.size), gpt.GPT(alphabet.size)
    steps = 4
    losses = gpt.train(model.compile(backend), examples, steps)
    moments = np.zeros((2, len(twin.parameters())))
    for step in range(steps):
        letters, following, shares = (array[step % len(names)] for array in examples)
        n = int((shares > 0).sum())  # the engine needs no places after the end
        loss = twin.loss(letters[:n].tolist(), following[:n].tolist(), shares[:n].tolist())
        assert losses[step] == pytest.approx(loss.data, abs=1e-9)
        for parameter in twin.parameters():
            parameter.grad = None
        loss.backward()
        g = np.array([parameter.grad or 0.0 for parameter in twin.parameters()])
        moments = np.stack([0.85 * moments[0] + 0.15 * g, 0.99 * moments[1] + 0.01 * g * g])
        m, v = moments[0] / (1 - 0.85 ** (step + 1)), moments[1] / (1 - 0.99 ** (step + 1))
        for parameter, change in zip(
            twin.parameters(), 0.01 * (1 - step / steps) * m / (np.sqrt(v) + 1e-8), strict=True
        ):
            parameter.data -= change


def test_every_attention_weight_is_a_node_with_its_derivative(gpt, names):
    alphabet = gpt.Alphabet(names)
    model = gpt.GPT(alphabet.size)
    letters, following, shares = (array[0] for array in alphabet.encode(names))
    loss = model.loss(letters.tolist()[:3], following.tolist()[:3], shares.tolist()[:3])
    weights = {node.name: node for node in loss.graph().nodes if (node.name or "").startswith("attention")}
    assert len(weights) == 4 * (1 + 2 + 3)
    loss.backward()
    for head in range(1, 5):
        row = [weights[f"attention{head}[2][{at}]"] for at in range(3)]
        assert sum(weight.data for weight in row) == pytest.approx(1.0)
        assert all(isinstance(weight, Value) and weight.grad for weight in row)
