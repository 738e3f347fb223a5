"""The example of a GPT on single scalars: it computes what PyTorch does, learns as the engine does, and can be read."""

import importlib.util
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import Graph, Value
from nn import arrays

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


def with_torch(model, token_ids):
    """Compute loss and gradient of the same model on tensors, as the program "microgpt" does: the gradient by name."""
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(array).requires_grad_() for name, array in model.state_dict().items()}
    steps = len(token_ids) - 1

    def norm(x):
        return x * (x.square().mean(-1, keepdim=True) + 1e-5) ** -0.5

    x = norm(tensors["letter.W"][token_ids[:-1]] + tensors["place.W"][:steps])
    q, k, v = (norm(x) @ tensors["attention.W_in"].T).chunk(3, dim=-1)
    q, k, v = (part.reshape(steps, 4, 4).transpose(0, 1) for part in (q, k, v))
    scores = (q @ k.transpose(1, 2) / 2.0).masked_fill(torch.ones(steps, steps).triu(1).bool(), -torch.inf)
    x = x + (scores.softmax(-1) @ v).transpose(0, 1).reshape(steps, 16) @ tensors["attention.W_out"].T
    x = x + (norm(x) @ tensors["up.W"].T).relu() @ tensors["down.W"].T
    loss = torch.nn.functional.cross_entropy(x @ tensors["out.W"].T, torch.tensor(token_ids[1:]))
    loss.backward()
    return loss.item(), {name: tensor.grad.numpy() for name, tensor in tensors.items()}


def test_loss_and_gradient_are_those_of_pytorch(gpt, names, backend):
    alphabet = gpt.Alphabet(names)
    model, (X, T) = gpt.GPT(alphabet.size), alphabet.encode(names)
    program = autograd.compile(
        lambda x, t: gpt.loss_of(model(x), t), X[0], T[0], parameters=model.parameters(), backend=backend
    )
    for row, name in enumerate(names):
        tokens = [alphabet.end, *map(alphabet.letters.index, name), alphabet.end]
        loss, gradient = with_torch(model, tokens)
        found, slopes = program.value_and_grad(X[row : row + 1], T[row : row + 1])
        assert found == pytest.approx(loss, rel=1e-12)
        due = np.concatenate([gradient[key].ravel() for key in model.state_dict()])
        np.testing.assert_allclose(slopes, due, rtol=1e-9, atol=1e-14)


def test_it_learns_as_on_the_engine(gpt, names, backend):
    alphabet = gpt.Alphabet(names)
    X, T = alphabet.encode(names)
    model, twin = gpt.GPT(alphabet.size), gpt.GPT(alphabet.size)
    histories = []
    for one, way in ((model, backend), (twin, False)):
        optimizer = nn.Adam(one.parameters(), gpt.RATE, gpt.BETAS)
        histories.append(nn.fit(one, X, T, gpt.loss_of, optimizer, 2, 1, seed=0, compile=way))
    assert histories[0]["loss"] == pytest.approx(histories[1]["loss"], abs=1e-9)
    for key, array in twin.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[key], array, rtol=1e-6, atol=1e-9)


def test_every_attention_weight_is_a_node_with_its_derivative(gpt, names):
    alphabet = gpt.Alphabet(names)
    model, (X, T) = gpt.GPT(alphabet.size), alphabet.encode(names)
    loss = gpt.loss_of(model(X[0, :3]), T[0, :3])
    loss.backward()
    weights = {node.name: node for node in Graph(loss).nodes if (node.name or "").startswith("attention.alpha")}
    assert len(weights) == 4 * (1 + 2 + 3)
    for head in range(4):
        row = [weights[f"attention.alpha[{head}][2][{at}]"] for at in range(3)]
        assert sum(weight.data for weight in row) == pytest.approx(1.0)
        assert all(isinstance(weight, Value) and weight.grad for weight in row)


def test_it_finds_the_rule_of_the_names_that_it_makes(gpt):
    names = gpt.make_names(60)
    assert names == gpt.make_names(60) != gpt.make_names(60, seed=1)
    alphabet = gpt.Alphabet(names)
    model, (X, T) = gpt.GPT(alphabet.size), alphabet.encode(names)
    history = nn.fit(model, X, T, gpt.loss_of, nn.Adam(model.parameters(), gpt.RATE, gpt.BETAS), 15, 1, seed=0)
    assert history["loss"][-1] < 0.75 * history["loss"][0]
    draw = random.Random(0)
    written = [
        "".join(alphabet.letters[c.letter] for c in gpt.write_name(model, alphabet, draw)[:-1]) for _ in range(20)
    ]
    after_a_vowel = [b for name in written for a, b in pairwise(name) if a in "aeiou"]
    assert sum(b not in "aeiou" for b in after_a_vowel) > 0.8 * len(after_a_vowel)  # as in every name


def test_a_choice_is_explained_by_numbers_that_are_slopes(gpt, names):
    alphabet = gpt.Alphabet(names)
    model = gpt.GPT(alphabet.size, seed=3)
    choice = gpt.Choice([alphabet.end, 2, 3], 1)
    said = gpt.show_choice(model, alphabet, choice).splitlines()
    assert len(said) == 1 + 3 + 1 + 3
    logarithm = autograd.log_softmax(model(choice.before)[-1])[1]
    assert said[0].startswith(f"'b', of probability {np.exp(logarithm.data):.2f};")
    logarithm.backward()
    owed = [0.0] * 3
    for node in logarithm.graph():
        name = node.name or ""
        if name.startswith("attention.alpha") and "][2][" in name:
            owed[int(name[-2])] += node.data * node.grad
    assert [float(line.split()[0]) for line in said[1:4]] == pytest.approx(owed, abs=6e-4)


def test_the_example_runs_and_films_itself(gpt, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    out = ["--out", str(tmp_path), "--film", str(tmp_path / "film.html")]
    (tmp_path / "names.txt").write_text("emma\nada\nbo\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["gpt.py", "--steps", "6", "--names", str(tmp_path / "names.txt"), *out])
    gpt.main()
    said = capsys.readouterr().out
    assert "round   2: loss" in said
    assert "\nwhy, after '" in said
    assert (tmp_path / "loss.png").stat().st_size > 1000
    assert 100_000 < (tmp_path / "film.html").stat().st_size < 10_000_000
    assert arrays.numbers(gpt.GPT(5)([4, 1])).shape == (2, 5)
