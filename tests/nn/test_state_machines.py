"""Models and trainings in any order of use, against arrays and steps that NumPy takes alone."""

import copy
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import nn
from autograd import square, total

SEED = st.integers(0, 1000)
KEYS = ("W1", "b1", "W2", "b2")
PARTS = {"first": KEYS[:2], "second": KEYS[2:]}


class Pair(nn.Module):
    """Two layers of two neurons."""

    def __init__(self):
        self.first = nn.Layer(2, 2, "tanh", seed=0)
        self.second = nn.Layer(2, 2, "tanh", seed=1)
        self.bind()

    def joins_by_suffix(self, name, child):
        return False

    def forward(self, x):
        return self.second(self.first(x))


class Held:
    """What is due of one array of parameters; two keys that are tied hold the same."""

    def __init__(self, array):
        self.array, self.trained = np.array(array), True


def drawn(seed, key):
    return np.random.default_rng([seed, KEYS.index(key)]).normal(size=(2, 2) if key[0] == "W" else 2)


def full(key):
    return f"{'first' if key[1] == '1' else 'second'}.{key[0]}"


class Modules(RuleBasedStateMachine):
    """Replace, freeze, tie, copy, save, load and train, and after each step all numbers are those of the arrays."""

    @initialize()
    def begin(self):
        self.model = Pair()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "pair"
        self.saved = None
        self.held = {key: Held(array) for key, array in zip(KEYS, self.model.state_dict().values(), strict=True)}

    def teardown(self):
        if hasattr(self, "folder"):
            assert {file.name for file in self.path.parent.iterdir()} <= {"pair"}
            self.folder.cleanup()

    def array(self, key):
        layer = self.model.first if key[1] == "1" else self.model.second
        return getattr(layer, key[0])

    @rule(key=st.sampled_from(KEYS), seed=SEED)
    def assign(self, key, seed):
        numbers = drawn(seed, key)
        for parameter, number in zip(self.array(key).ravel(), numbers.ravel().tolist(), strict=True):
            parameter.data = number
        self.held[key].array[...] = numbers

    @rule(part=st.sampled_from(list(PARTS)), seed=SEED)
    def replace(self, part, seed):
        layer = nn.Layer(2, 2, "tanh", seed=seed)
        setattr(self.model, part, layer)
        for key, array in zip(PARTS[part], layer.state_dict().values(), strict=True):
            self.held[key] = Held(array)

    @rule(name=st.sampled_from("Wb"))
    def tie(self, name):
        setattr(self.model.second, name, getattr(self.model.first, name))
        self.held[f"{name}2"] = self.held[f"{name}1"]

    @rule(part=st.sampled_from([*PARTS, "model"]), trained=st.booleans())
    def freeze(self, part, trained):
        chosen = self.model if part == "model" else getattr(self.model, part)
        chosen.unfreeze() if trained else chosen.freeze()
        for key in PARTS.get(part, KEYS):
            self.held[key].trained = trained

    @rule(way=st.sampled_from([copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]))
    def carry_over(self, way):
        before, numbers = self.model, self.model.state_dict()
        self.model = way(before)
        self.array("b1")[0].data += 1.0
        np.testing.assert_equal(before.state_dict(), numbers)
        self.array("b1")[0].data = numbers["first.b"][0]

    @rule()
    def save(self):
        nn.save(self.model, self.path)
        self.saved = {key: self.held[key].array.copy() for key in KEYS}
        self.saved_ties = self.ties()

    @rule()
    def load(self):
        """A file keeps the numbers and what is shared, but not what is frozen."""
        if self.saved is not None:
            self.model = nn.load(self.path)
            self.held = {key: Held(array) for key, array in self.saved.items()}
            for name in self.saved_ties:
                self.held[f"{name}2"] = self.held[f"{name}1"]

    def ties(self):
        return [n for n in "Wb" if self.held[f"{n}1"] is self.held[f"{n}2"]]

    @rule()
    def load_weights(self):
        if self.saved is not None:
            self.take_over(self.saved, lambda: nn.load_weights(self.model, self.path))

    @rule(seed=SEED)
    def load_state(self, seed):
        state = {key: drawn(seed, key) for key in KEYS}
        self.take_over(state, lambda: self.model.load_state_dict({full(key): state[key] for key in KEYS}))

    def take_over(self, state, load):
        if any((state[f"{n}1"] != state[f"{n}2"]).any() for n in self.ties()):
            with pytest.raises(nn.StateError, match="is the same parameter as"):
                load()
        else:
            load()
            for key, array in state.items():
                self.held[key].array[...] = array

    @rule(key=st.sampled_from(KEYS), wrong=st.sampled_from(["missing", "nan", "shape"]))
    def refuse(self, key, wrong):
        state = {full(k): drawn(7, k) for k in KEYS}
        name = full(key)
        state[name] = state[name] * np.nan if wrong == "nan" else np.ones(3)
        if wrong == "missing":
            del state[name]
        with pytest.raises(nn.StateError, match="Nothing was changed"):
            self.model.load_state_dict(state)

    @rule(seed=SEED)
    def step(self, seed):
        """Take one step of descent; NumPy takes it by the chain rule, layer by layer."""
        x, t = np.random.default_rng(seed).normal(size=(2, 2))
        W1, b1, W2, b2 = (self.held[key].array for key in KEYS)
        h = np.tanh(W1 @ x + b1)
        y = np.tanh(W2 @ h + b2)
        inner2 = 2.0 * (y - t) * (1.0 - y * y)
        inner1 = (W2.T @ inner2) * (1.0 - h * h)
        slopes = {"W1": np.outer(inner1, x), "b1": inner1, "W2": np.outer(inner2, h), "b2": inner2}
        optimizer = nn.SGD(self.model.parameters(), lr=0.1)
        loss = total([square(o - d) for o, d in zip(self.model(x), t, strict=True)])
        np.testing.assert_allclose(loss.data, ((y - t) ** 2).sum(), rtol=1e-12)
        if not any(held.trained for held in self.held.values()):
            return
        loss.backward()
        optimizer.step()
        self.model.zero_grad()
        for key, slope in slopes.items():
            if self.held[key].trained:
                self.held[key].array -= 0.1 * slope

    @invariant()
    def everything_is_as_due(self):
        if not hasattr(self, "held"):
            return
        state = self.model.state_dict()
        assert list(state) == [full(key) for key in KEYS]
        for key in KEYS:
            np.testing.assert_allclose(state[full(key)], self.held[key].array, rtol=1e-12, atol=1e-12)
            assert {p.requires_grad for p in self.array(key).ravel()} == {self.held[key].trained}
            assert all(p.grad is None for p in self.array(key).ravel())
        count = sum(held.array.size for held in {id(held): held for held in self.held.values()}.values())
        assert len(self.model.parameters()) == count == len({p.name for p in self.model.parameters()})


X = np.array([[0.5], [-1.0], [2.0], [1.5]])
Y = 2.0 * X[:, 0] - 1.0
RATE, MOMENTUM = 0.05, 0.5


class Disturbance(nn.Callback):
    """Do something after one step or one epoch, counted from where the training begins."""

    def __init__(self, what, when, at_steps):
        self.what, self.when, self.at_steps, self.count = what, when, at_steps, 0

    def happen(self, training):
        self.count += 1
        if self.count == self.when:
            if self.what == "stop":
                training.stop("enough")
            elif self.what != "nothing":
                raise {"interrupt": KeyboardInterrupt, "raise": LookupError}[self.what]("on purpose")

    def on_step_end(self, training):
        if self.at_steps:
            self.happen(training)

    def on_epoch_end(self, training):
        if not self.at_steps:
            self.happen(training)


class Trainings(RuleBasedStateMachine):
    """Train, disturb, go on: the weights are always those of the steps that were finished, which NumPy takes alone."""

    @initialize()
    def begin(self):
        self.model = nn.Layer(1, 1, W=[[0.3]], b=[0.1])
        self.optimizer = nn.SGD(self.model.parameters(), lr=RATE, momentum=MOMENTUM)
        self.weights, self.speed = np.array([0.3, 0.1]), np.zeros(2)
        self.history = None

    def take(self, steps, batch):
        """Take steps of descent with momentum on batches in their order."""
        for step in range(steps):
            places = [(step * batch + k) % len(X) for k in range(batch)]
            x = np.stack([X[places, 0], np.ones(batch)])
            slope = 2.0 * x @ (self.weights @ x - Y[places]) / batch
            self.speed = MOMENTUM * self.speed + slope
            self.weights = self.weights - RATE * self.speed

    @rule(
        epochs=st.integers(1, 4), batch=st.sampled_from([1, 2, 4]), at_steps=st.booleans(), when=st.integers(1, 9),
        what=st.sampled_from(["nothing", "stop", "interrupt", "raise"]), compiled=st.sampled_from([False, "numpy"]),
        going_on=st.booleans(), evaluating=st.booleans(),
    )  # fmt: skip
    def train(self, epochs, batch, at_steps, when, what, compiled, going_on, evaluating):
        each = len(X) // batch
        most = epochs * (each if at_steps else 1)
        cut = what != "nothing" and when <= most
        epochs_done = (when // each if at_steps else when) if cut else epochs
        steps = (when if at_steps else when * each) if cut else epochs * each
        before = self.history.epochs if going_on and self.history is not None else 0
        options = {"training": self.history, "epochs": before + epochs} if before else {"epochs": epochs}
        self.model.train(not evaluating)

        def run():
            return nn.fit(
                self.model, X, Y, "mse", self.optimizer, batch_size=batch, shuffle=False, compile=compiled,
                progress=False, callbacks=[Disturbance(what, when, at_steps)], **options,
            )  # fmt: skip

        if cut and what == "raise":
            with pytest.raises(LookupError, match="on purpose"):
                run()
            self.history = None
        else:
            history = run()
            assert history.stop_reason.startswith(
                {"stop": "enough", "interrupt": "interrupted from the keyboard"}[what] if cut else ""
            )
            whole = steps % each == 0
            if not (cut and at_steps and what == "interrupt") or not whole:
                assert history.epochs - before in (epochs_done, epochs_done + 1)
            self.history = history if whole and not (cut and at_steps) and history.epochs else None
        self.take(steps, batch)
        assert self.model.training is not evaluating

    @rule(number=st.integers(-3, 3))
    def assign(self, number):
        self.model.b[0].data = float(number)
        self.weights = np.array([self.weights[0], float(number)])
        self.history = None

    @invariant()
    def the_weights_are_those_of_finished_steps(self):
        if hasattr(self, "weights"):
            found = [p.data for p in self.model.parameters()]
            np.testing.assert_allclose(found, self.weights, rtol=1e-10, atol=1e-12)
            assert all(p.grad is None for p in self.model.parameters())


FEW = settings.default.max_examples // 2
TestModules, TestTrainings = Modules.TestCase, Trainings.TestCase
TestModules.settings = settings(max_examples=FEW, stateful_step_count=20)
TestTrainings.settings = settings(max_examples=FEW, stateful_step_count=8)
