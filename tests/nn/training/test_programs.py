"""Programs that are kept with a model: the second call compiles nothing, and no answer is ever that of an old model."""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, no_grad
from nn.training.programs import MAX_PROGRAMS_OF_A_MODEL, programs_of
from nn.training.signature import signature

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(80, 2))
T = RANDOM.normal(size=(80, 2))
SLOPE = 1.0


def model(activation: str = "tanh") -> nn.Sequential:
    return nn.Sequential(nn.Layer(2, 2, activation, seed=0), nn.Layer(2, 2, activation, seed=1))


def by_hand(net: nn.Module, inputs: Any = X) -> Any:
    """The outputs on the engine, example by example."""
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    with no_grad():
        outputs = [[float(y) for y in net(row)] for row in inputs.tolist()]
    for module, training in modes:
        module.training = training
    return np.array(outputs)


def assert_right(net: nn.Module) -> None:
    """Check what is predicted and evaluated against the engine."""
    expected = by_hand(net)
    np.testing.assert_allclose(nn.predict(net, X), expected, rtol=1e-12, atol=1e-14)
    assert nn.evaluate(net, X, T)["loss"] == pytest.approx(np.mean((expected - T) ** 2), rel=1e-12)


def test_the_second_call_compiles_nothing(compilations: list[Any]) -> None:
    net = model()
    first, scores = nn.predict(net, X), nn.evaluate(net, X, T)
    assert len(compilations) == 2
    np.testing.assert_array_equal(nn.predict(net, X), first)
    np.testing.assert_array_equal(nn.predict(net, X[::-1]), first[::-1])
    assert nn.evaluate(net, X, T) == scores
    assert len(compilations) == 2


def test_fit_again_compiles_nothing_and_goes_on_as_one_training(compilations: list[Any]) -> None:
    nets = model(), model()
    optimizers = [nn.Adam(net.parameters()) for net in nets]
    whole = nn.fit(nets[0], X, T, optimizer=optimizers[0], epochs=4, shuffle=False)["loss"]
    parts = [
        loss
        for _ in range(2)
        for loss in nn.fit(nets[1], X, T, optimizer=optimizers[1], epochs=2, shuffle=False)["loss"]
    ]
    assert parts == whole
    assert len(compilations) == 2, "one for each model"


def change_weights(net: Any) -> None:
    net.parameters()[0].data = 0.75


def load_weights(net: Any) -> None:
    net.load_state_dict({name: array + 0.5 for name, array in net.state_dict().items()})


def train(net: Any) -> None:
    nn.fit(net, X, T, optimizer="adam", epochs=2)


def freeze(net: Any) -> None:
    net.freeze()
    net.parameters()[1].data = -0.5


def tie(net: Any) -> None:
    net.layers[1].W = net.layers[0].W
    net.layers[0].W[0][0].data = 3.0


def replace_in_place(net: Any) -> None:
    net.layers[1] = nn.Layer(2, 2, "relu", seed=9)
    net.bind()


def replace_one_parameter(net: Any) -> None:
    old = net.layers[0].W[1][0]
    W = net.layers[0].W.copy()
    W[1, 0] = Value(old.data, parameter=True)
    net.layers[0].W = W
    assert_right(net)
    net.layers[0].W[1][0].data = 2.5
    old.data = -7.0


def change_activation(net: Any) -> None:
    other = nn.Layer(2, 2, "sigmoid", seed=0)
    net.layers[0].activation = other.activation


def add_layer(net: Any) -> None:
    net.layers.append(nn.Activation("softplus"))
    net.bind()


def wrap_forward(net: Any) -> None:
    net.layers[0].forward = lambda xs: [SLOPE * x for x in xs]


@pytest.mark.parametrize(
    "change",
    [
        change_weights, load_weights, train, freeze, tie, replace_in_place, replace_one_parameter, change_activation,
        add_layer, wrap_forward, nn.Module.eval, nn.Module.train,
    ],
)  # fmt: skip
def test_after_a_change_the_answers_are_those_of_the_model_as_it_is(change: Callable[[Any], None]) -> None:
    net = model()
    assert_right(net)
    change(net)
    assert_right(net)
    assert_right(net)


def test_which_of_two_arrays_a_third_one_is_tied_to() -> None:
    """The list of parameters is the same in both cases."""
    net = nn.Sequential(*(nn.Layer(2, 2, seed=seed, bias=False) for seed in range(3)))
    net.layers[2].W = net.layers[0].W
    assert_right(net)
    first = nn.predict(net, X)
    net.layers[2].W = net.layers[1].W
    assert_right(net)
    assert not np.allclose(nn.predict(net, X), first)


def test_running_statistics_that_move_or_are_loaded() -> None:
    net = nn.Sequential(nn.Layer(2, 2, seed=0), nn.BatchNorm1d(2))
    assert_right(net)
    net.train()
    net.batch((5.0 * X).tolist())
    assert_right(net)
    state = {name: array + 1 if "running" in name else array for name, array in net.state_dict().items()}
    net.load_state_dict(state)
    assert_right(net)
    net.layers[1].running_mean[0] = 4.0
    assert_right(net)


def test_weights_that_were_frozen_are_trained_by_the_same_program() -> None:
    nets = model(), model()
    nets[0].layers[0].freeze()
    nn.fit(nets[0], X, T, optimizer="sgd", epochs=2, shuffle=False)
    nets[1].load_state_dict(nets[0].state_dict())
    nets[0].unfreeze()
    before = nets[0].layers[0].W[0][0].data
    losses = [nn.fit(net, X, T, optimizer="sgd", epochs=2, shuffle=False)["loss"] for net in nets]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-13)
    assert nets[0].layers[0].W[0][0].data == nets[1].layers[0].W[0][0].data != before


def test_losses_targets_penalties_and_shapes_have_programs_of_their_own() -> None:
    net = model()
    for loss in ("mse", "mae", "huber(0.5)", "huber(0.25)", "huber(0.5)"):
        fresh = copy.deepcopy(net)
        assert nn.evaluate(net, X, T, loss) == nn.evaluate(fresh, X, T, loss)
    histories = [nn.fit(net, X, T, epochs=1, shuffle=False, regularizer=nn.L2(strength)) for strength in (0.0, 1.0)]
    assert histories[0]["loss"][0] < histories[1]["loss"][0]
    scores, classes = nn.Layer(2, 2, seed=0), (X[:, 0] > 0).astype(int)
    distributions = np.stack([1.0 - classes, classes], axis=1)
    by_class = nn.evaluate(scores, X, classes, "cross_entropy")["loss"]
    assert by_class == pytest.approx(nn.evaluate(scores, X, distributions, "cross_entropy")["loss"], rel=1e-12)
    pictures = RANDOM.normal(size=(70, 1, 4, 4))
    pool = nn.Sequential(nn.MaxPool2d(2), nn.Flatten())
    assert nn.predict(pool, pictures).shape == (70, 4)
    assert nn.predict(pool, pictures[:, :, :2]).shape == (70, 2)


def halve(x: Any) -> Any:
    return SCALES["half"] * x


class Sloping(nn.Module):
    """Reads all that a function may read."""

    lift = 0.25

    def __init__(self, shift: float = 0.0) -> None:
        self.inner = nn.Layer(2, 2, seed=0)
        self.w = [Value(0.5, parameter=True)]
        add = shift
        self.own = lambda x: x + add

    @property
    def twice(self) -> float:
        return 2.0 * FACTORS[0]

    def forward(self, xs: list[Any], power: float = 1.0) -> list[Any]:
        def inside(x: Any) -> Any:
            return self.twice * np.sign(SLOPE) * x

        return [self.own(halve(inside(autograd.sin(x))) + self.lift * power * self.w[0]) for x in self.inner(xs)]


SCALES = {"half": 0.5}
FACTORS = [1.0]


def change_global(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(globals(), "SLOPE", -2.0)


def change_dictionary(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(SCALES, "half", 0.75)


def change_list(net: Any, patch: pytest.MonkeyPatch) -> None:
    FACTORS[0] = 3.0


def change_class(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sloping, "lift", -4.0)


def change_method(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sloping, "twice", property(lambda self: -1.0))


def change_function(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(globals(), "halve", lambda x: -x)


def change_default(net: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sloping.forward, "__defaults__", (5.0,))


def change_closure(net: Any, patch: pytest.MonkeyPatch) -> None:
    net.own = Sloping(shift=7.0).own


def change_cell(net: Any, patch: pytest.MonkeyPatch) -> None:
    net.own.__closure__[0].cell_contents = -3.0


def change_part(net: Any, patch: pytest.MonkeyPatch) -> None:
    net.inner = nn.Layer(2, 2, "relu", seed=4)


@pytest.mark.parametrize(
    "change",
    [
        change_global, change_dictionary, change_list, change_class, change_method, change_function, change_default,
        change_closure, change_cell, change_part,
    ],
)  # fmt: skip
def test_a_module_of_ones_own_is_compiled_once_until_what_it_reads_changes(
    change: Any, compilations: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    FACTORS[:] = [1.0]
    net = Sloping()
    for _ in range(3):
        assert_right(net)
    assert len(compilations) == 2
    before = nn.predict(net, X)
    change(net, monkeypatch)
    assert_right(net)
    assert len(compilations) == 4
    assert not np.allclose(nn.predict(net, X), before)


def test_losses_and_activations_of_ones_own(compilations: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Layer(2, 2, lambda x: SLOPE * autograd.tanh(x), seed=0)

    def loss(outputs: Any, target: Any) -> Any:
        return SLOPE * nn.mse(outputs, target)

    first = [nn.evaluate(net, X, T, loss)["loss"] for _ in range(2)]
    assert first[0] == first[1]
    assert len(compilations) == 1
    monkeypatch.setitem(globals(), "SLOPE", 3.0)
    expected = 3.0 * np.mean((by_hand(net) - T) ** 2)
    assert nn.evaluate(net, X, T, loss)["loss"] == pytest.approx(expected, rel=1e-12) != first[0]


class Constant(nn.Module):
    """Computes with a leaf that is no parameter, in the way that it is told."""

    def __init__(self, use: Callable[[Any, Any], Any]) -> None:
        self.c = Value(0.5, requires_grad=False)
        self.several = [self.c, Value(2.0)]
        self.w = [Value(1.5, parameter=True)]
        self.use = use

    def forward(self, xs: list[Any]) -> list[Any]:
        return [self.w[0] * self.use(self, x) for x in xs]


@pytest.mark.parametrize(
    "use",
    [
        lambda net, x: float(net.c) * x,
        lambda net, x: net.c.data * x,
        lambda net, x: x if net.c > 1 else -x,
        lambda net, x: net.c.detach() * x,
        lambda net, x: net.several[0].data * x,
        lambda net, x: net.c * x,
    ],
)
def test_numbers_that_leave_a_value_while_it_is_traced(use: Any) -> None:
    net = Constant(use)
    before = nn.predict(net, X)
    for number in (0.25, 3.0):
        net.c.data = number
        assert_right(net)
        eager = nn.fit(copy.deepcopy(net), X, T, optimizer="sgd", epochs=2, shuffle=False, compile=False)
        compiled = nn.fit(net, X, T, optimizer="sgd", epochs=2, shuffle=False, compile=True)
        np.testing.assert_allclose(compiled["loss"], eager["loss"], rtol=1e-12)
        net.w[0].data = 1.5
    assert not np.allclose(nn.predict(net, X), before)


def test_a_branch_on_what_is_frozen() -> None:
    net = Constant(lambda net, x: x if net.w[0].requires_grad else -x)
    before = nn.predict(net, X)
    for change in (net.freeze, net.unfreeze):
        change()
        assert_right(net)
    np.testing.assert_array_equal(nn.predict(net, X), before)


class Applied(nn.Module):
    """Applies a function to each input."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.w = [Value(1.5, parameter=True)]

    def forward(self, xs: list[Any]) -> list[Any]:
        return [self.w[0] * self.f(x) for x in xs]


Case = tuple[Callable[[Any], Any], Callable[[], None]]  # a function, and what changes it


def attribute() -> Case:
    def act(x: Any) -> Any:
        return act.k * x  # type: ignore[attr-defined]

    act.k = 2.0  # type: ignore[attr-defined]
    return act, lambda: setattr(act, "k", 3.0)


def attribute_of_what_is_called() -> Case:
    f, change = attribute()
    return lambda x: f(x) + 1.0, change


def attribute_of_what_a_decorator_gives() -> Case:
    def decorate(f: Any) -> Any:
        @functools.wraps(f)
        def inner(x: Any) -> Any:
            return inner.scale * f(x)  # type: ignore[attr-defined]

        inner.scale = 2.0  # type: ignore[attr-defined]
        return inner

    @decorate
    def act(x: Any) -> Any:
        return autograd.sin(x)

    return act, lambda: setattr(act, "scale", 3.0)


def docstring_of_a_function() -> Case:
    def act(x: Any) -> Any:
        """12"""
        return len(act.__doc__) * x  # type: ignore[arg-type]

    return act, lambda: setattr(act, "__doc__", "123")


def docstring_of_a_class() -> Case:
    class Described(nn.Module):
        """12"""

        def forward(self, x: Any) -> Any:
            return len(type(self).__doc__) * x  # type: ignore[arg-type]

    return Described(), lambda: setattr(Described, "__doc__", "123")


def keyword_default() -> Case:
    def act(x: Any, *, k: float = 2.0) -> Any:
        return k * x

    return act, lambda: setattr(act, "__kwdefaults__", {"k": 3.0})


def default_that_is_a_list() -> Case:
    def act(x: Any, k: Any = [2.0]) -> Any:  # noqa: B006
        return k[0] * x

    return act, lambda: act.__defaults__[0].__setitem__(0, 3.0)  # type: ignore[index]


def keyword_of_a_partial_function() -> Case:
    act = functools.partial(lambda x, k: k * x, k=2.0)
    return act, lambda: act.keywords.update(k=3.0)


def argument_of_a_partial_function() -> Case:
    ks = [2.0]
    return functools.partial(lambda k, x: k[0] * x, ks), lambda: ks.__setitem__(0, 3.0)


class Scaling:
    k = 2.0

    def __call__(self, x: Any) -> Any:
        return self.k * x

    def scale(self, x: Any) -> Any:
        return self.k * x


def state_of_a_callable_object() -> Case:
    act = Scaling()
    return act, lambda: setattr(act, "k", 3.0)


def object_of_a_bound_method() -> Case:
    act = Scaling()
    return act.scale, lambda: setattr(act, "k", 3.0)


def class_of_a_bound_method() -> Case:
    class Kept:
        k = 2.0

        @classmethod
        def act(cls, x: Any) -> Any:
            return cls.k * x

    return Kept.act, lambda: setattr(Kept, "k", 3.0)


def attribute_of_a_metaclass() -> Case:
    class Meta(type):
        k = 2.0

    class Kept(metaclass=Meta):
        @classmethod
        def act(cls, x: Any) -> Any:
            return cls.k * x

    return Kept.act, lambda: setattr(Meta, "k", 3.0)


def builtin_of_another_name() -> Case:
    look_up = eval
    return lambda x: look_up("SETTINGS.slope") * x, lambda: setattr(SETTINGS, "slope", 3.0)


def mask_of_an_array() -> Case:
    ks = np.ma.array([2.0, 3.0], mask=[False, True])
    return lambda x: float(ks.sum()) * x, lambda: setattr(ks, "mask", [True, False])


def object_in_an_array() -> Case:
    ks = np.array([([2.0],)], dtype=[("k", object)])
    return lambda x: ks["k"][0][0] * x, lambda: ks["k"][0].__setitem__(0, 3.0)


def global_of_no_module() -> Case:
    names: dict[str, Any] = {"k": 2.0}
    exec("def act(x): return k * x", names)
    return names["act"], lambda: names.update(k=3.0)


def class_of_no_module() -> Case:
    names: dict[str, Any] = {}
    exec("class Kept:\n    k = 2.0\n    @classmethod\n    def act(cls, x): return cls.k * x", names)
    return names["Kept"].act, lambda: setattr(names["Kept"], "k", 3.0)


def global_of_an_operation() -> Case:
    ks = [2.0]
    act = autograd.Op("scaled", lambda x: ks[0] * x, [lambda out, x: ks[0]])
    return act, lambda: ks.__setitem__(0, 3.0)


@pytest.mark.parametrize(
    "case",
    [
        attribute, attribute_of_what_is_called, attribute_of_what_a_decorator_gives, docstring_of_a_function,
        docstring_of_a_class, keyword_default, default_that_is_a_list, keyword_of_a_partial_function,
        argument_of_a_partial_function, state_of_a_callable_object, object_of_a_bound_method, class_of_a_bound_method,
        attribute_of_a_metaclass, builtin_of_another_name, mask_of_an_array, object_in_an_array,
        global_of_no_module, class_of_no_module, global_of_an_operation,
    ],
)  # fmt: skip
def test_a_function_that_changes(case: Callable[[], Case], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SETTINGS, "slope", 2.0, raising=False)
    f, change = case()
    net = Applied(f)
    assert_right(net)
    before = nn.predict(net, X)
    change()
    assert_right(net)
    assert not np.allclose(nn.predict(net, X), before)


class Settings:
    """Something with numbers that may change in any way."""

    slope = 1.0


SETTINGS = Settings()


class FromObject(nn.Module):
    def forward(self, xs: list[Any]) -> list[Any]:
        return [SETTINGS.slope * x for x in xs]


class Importing(nn.Module):
    def forward(self, xs: list[Any]) -> list[Any]:
        from tests.nn.training import test_programs  # noqa: F401

        return [SETTINGS.slope * x for x in xs]


class Assigning(nn.Module):
    def forward(self, xs: list[Any]) -> list[Any]:
        global SLOPE
        SLOPE = 1.0
        return [eval("SETTINGS").slope * x for x in xs]


class Holding(nn.Module):
    def __init__(self) -> None:
        self.settings = SETTINGS

    def forward(self, xs: list[Any]) -> list[Any]:
        return [self.settings.slope * x for x in xs]


@pytest.mark.parametrize("kind", [FromObject, Importing, Assigning, Holding])
def test_what_cannot_be_read_to_the_end_is_compiled_anew(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Sequential(nn.Layer(2, 2, seed=0), kind())
    assert signature(net) is None
    assert_right(net)
    monkeypatch.setattr(SETTINGS, "slope", -2.0, raising=False)
    assert_right(net)


def test_training_validation_and_evaluation_share_one_program(compilations: list[Any]) -> None:
    net = model()
    optimizer = nn.SGD(net.parameters(), lr=0.01)
    nn.fit(net, X, T, loss="mse", optimizer=optimizer, epochs=2, batch_size=8, validation_split=0.25, compile=True)
    assert_right(net)
    assert len(compilations) == 2, "the loss with its outputs, and the outputs alone"


@pytest.mark.parametrize("ways", [("numpy", "numba", "numpy"), ("numba", "numpy", "numba")])
def test_a_program_that_is_kept_moves_to_another_backend(compilations: list[Any], ways: tuple[str, ...]) -> None:
    pytest.importorskip("numba")
    net = model()
    for backend in ways:
        optimizer = nn.SGD(net.parameters(), lr=0.01)
        history = nn.fit(net, X, T, loss="mse", optimizer=optimizer, epochs=1, batch_size=8, compile=backend)
        assert f"({backend}, float64)" in history.notes[0]
    assert len(compilations) == 1


def test_a_model_that_cannot_be_hashed() -> None:
    class Equal(nn.Layer):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    assert_right(Equal(2, 2, seed=0))


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_have_numbers_and_programs_of_their_own(copied: Any) -> None:
    net = model()
    assert_right(net)
    size = len(pickle.dumps(model().train()))
    assert len(pickle.dumps(net)) == size
    other = copied(net)
    assert_right(other)
    net.parameters()[0].data = 2.0
    assert_right(other)
    other.layers = [*other.layers, nn.Activation("relu")]
    other.bind()
    assert_right(other)
    assert_right(net)


def test_a_model_that_was_saved_and_loaded(tmp_path: Any) -> None:
    net = model()
    assert_right(net)
    nn.save(net, tmp_path / "model.safetensors")
    loaded = nn.load(tmp_path / "model.safetensors")
    loaded.parameters()[0].data = -1.0
    assert_right(loaded)
    assert_right(net)


def test_programs_go_with_their_model_and_hold_no_data() -> None:
    net = model()
    assert_right(net)
    train(net)
    programs = programs_of(net)
    for kept in programs._kept.values():
        with pytest.raises(autograd.CompileError, match="there was none"):
            kept.program.at(0)
    program, gone = weakref.ref(next(iter(programs._kept.values())).program), weakref.ref(net)
    del net, programs, kept
    gc.collect()
    assert gone() is None
    assert program() is None


def test_a_model_has_so_many_programs_at_most() -> None:
    net = nn.LSTM(1, 1, seed=0)
    for steps in range(1, MAX_PROGRAMS_OF_A_MODEL + 4):
        nn.predict(net, np.ones((64, steps, 1)))
    assert len(programs_of(net)._kept) == MAX_PROGRAMS_OF_A_MODEL


def test_what_was_traced_while_gradients_were_paused_is_not_kept() -> None:
    net = model()
    with no_grad():
        nn.predict(net, X)
    assert not programs_of(net)._kept


def test_threads_share_a_program() -> None:
    net = nn.MLP(2, [16, 16, 1], activation="tanh", seed=0)
    parts = [RANDOM.normal(size=(64 + 7 * i, 2)) for i in range(24)]
    state = net.state_dict()
    nn.predict(net, parts[0])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda part: nn.predict(net, part), parts))
    for part, outputs in zip(parts, found, strict=True):
        hidden = np.tanh(np.tanh(part @ state["W1"].T + state["b1"]) @ state["W2"].T + state["b2"])
        np.testing.assert_allclose(outputs, hidden @ state["W3"].T + state["b3"], rtol=1e-12, atol=1e-14)
