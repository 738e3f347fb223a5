"""Groups of parameters: PyTorch's steps, on the engine and by programs; what they save and refuse."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from problems import gradient_sequence, named, numbers

import nn
from autograd.errors import AutogradError
from nn.errors import StateError

START, GRADIENTS = gradient_sequence(n=9, steps=60, seed=3)
PARTS = [slice(0, 4), slice(4, 5), slice(5, 9)]

#: Ours, PyTorch's, options of all, and of each group.
CASES: dict[str, tuple[Any, str, dict[str, Any], list[dict[str, Any]]]] = {
    "rates": (nn.SGD, "SGD", {"lr": 0.1}, [{}, {"lr": 0.01}, {"lr": 0.0}]),
    "momenta": (
        nn.SGD, "SGD", {"lr": 0.1, "momentum": 0.5}, [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.0}, {}]
    ),
    "decays": (nn.SGD, "SGD", {"lr": 0.1, "weight_decay": 0.1}, [{}, {"weight_decay": 0.0}, {"lr": 0.3}]),
    "Adam": (nn.Adam, "Adam", {"lr": 0.02}, [{"betas": (0.5, 0.6)}, {"eps": 0.1}, {"lr": 0.1, "weight_decay": 0.3}]),
    "AdamW": (nn.AdamW, "AdamW", {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}, [{"weight_decay": 0.0}, {}, {}]),
    "Nesterov": (nn.SGD, "SGD", {"lr": 0.1, "momentum": 0.9}, [{"nesterov": True}, {}, {"momentum": 0.5}]),
    "AdaDelta": (nn.AdaDelta, "Adadelta", {"lr": 0.5, "rho": 0.9, "eps": 1e-3}, [{"rho": 0.5}, {"lr": 0.1}, {}]),
    "RProp": (
        nn.RProp, "Rprop", {"lr": 0.1}, [{}, {"lr": 0.01, "etas": (0.3, 1.1)}, {"step_sizes": (1e-3, 0.2)}],
    ),
    "RMSProp": (
        nn.RMSProp, "RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 0.1, "momentum": 0.5},
        [{"alpha": 0.5}, {"lr": 0.1}, {"eps": 1.0}],
    ),
}  # fmt: skip


def pytorchs_path(kind: str, common: dict[str, Any], own: list[dict[str, Any]], factor: float) -> np.ndarray:
    torch = pytest.importorskip("torch")
    parts = [torch.tensor(START[part], dtype=torch.float64, requires_grad=True) for part in PARTS]
    groups = [{"params": [part]} | options for part, options in zip(parts, own, strict=True)]
    optimizer = getattr(torch.optim, kind)(groups, **common)
    path = []
    for t, g in enumerate(GRADIENTS):
        for part, rows in zip(parts, PARTS, strict=True):
            part.grad = torch.tensor(g[rows], dtype=torch.float64)
        if t == 30:
            for group in optimizer.param_groups:
                group["lr"] *= factor
        optimizer.step()
        path.append(np.concatenate([part.detach().numpy() for part in parts]))
    return np.array(path)


@pytest.mark.parametrize("name", CASES)
def test_steps_are_pytorchs_and_schedules_keep_the_ratio_of_rates(name: str) -> None:
    kind, theirs, common, own = CASES[name]
    factor = 1.0 if name in ("momenta", "Nesterov") else 0.1  # PyTorch's momentum is of gradients, ours of steps
    w = named(START)
    ours = common | ({"hold": True} if kind is nn.RProp else {})
    optimizer = kind([{"params": w[part]} | options for part, options in zip(PARTS, own, strict=True)], **ours)
    path = []
    for t, g in enumerate(GRADIENTS):
        for parameter, slope in zip(w, g.tolist(), strict=True):
            parameter.grad = slope
        if t == 30:
            optimizer.lr *= factor
        optimizer.step()
        path.append(numbers(w))
    due = pytorchs_path(theirs, common, own, factor)
    np.testing.assert_allclose(np.array(path), due, rtol=1e-9, atol=1e-12)


def test_rprop_begins_with_the_rate_of_each_group() -> None:
    w = named([1.0, 1.0])
    optimizer = nn.RProp([{"params": w[:1], "lr": 0.1}, {"params": w[1:]}], lr=0.01)
    w[0].grad = w[1].grad = 3.0
    optimizer.step()
    assert numbers(w).tolist() == pytest.approx([0.9, 0.99])


@pytest.mark.parametrize("grouped", [False, True])
def test_the_first_step_of_rprop_is_the_rate_of_that_moment(grouped: bool) -> None:
    w = named([1.0])
    optimizer = nn.RProp([{"params": w}] if grouped else w, lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.3
    w[0].grad = 2.0
    optimizer.step()
    assert w[0].data == pytest.approx(0.7)
    optimizer.param_groups[0]["lr"] = 5.0  # as in PyTorch, too late
    optimizer.step()
    assert w[0].data == pytest.approx(0.7 - 1.2 * 0.3)


def grouped(model: nn.Module, kind: Any = nn.Adam, **common: Any) -> Any:
    first, last = (layer.parameters() for layer in model.layers)
    return kind([{"params": last, "lr": 0.2}, {"params": first, "weight_decay": 0.5}], lr=0.02, **common)


X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.sin(X[:, 0])


def model() -> nn.MLP:
    return nn.MLP(3, [4, 1], "tanh", seed=0)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", [nn.Adam, nn.SGD, nn.RMSProp])
def test_programs_take_the_same_steps(kind: Any, frozen: bool, backend: str) -> None:
    by_program, by_engine = model(), model()
    for net, compiled in ((by_program, backend), (by_engine, False)):
        if frozen:
            net.layers[1].freeze()
        schedule = nn.StepDecay(2, 0.5)
        nn.fit(net, X, Y, "mse", grouped(net, kind), 5, 8, seed=0, schedule=schedule, compile=compiled)
    np.testing.assert_allclose(numbers(by_program.parameters()), numbers(by_engine.parameters()), rtol=1e-10)
    plain = model()
    nn.fit(plain, X, Y, "mse", kind(plain.parameters(), lr=0.02), 5, 8, seed=0)
    assert abs(numbers(plain.parameters()) - numbers(by_engine.parameters())).max() > 1e-3


@pytest.mark.parametrize("compiled", [False, True])
def test_a_training_goes_on_where_it_stood(compiled: bool, tmp_path: Any) -> None:
    through, stopped = model(), model()
    nn.fit(through, X, Y, "mse", grouped(through), 6, 8, seed=0, compile=compiled)
    optimizer = grouped(stopped)
    history = nn.fit(stopped, X, Y, "mse", optimizer, 3, 8, seed=0, compile=compiled)
    nn.save(stopped, tmp_path / "half.safetensors", optimizer=optimizer, training=history)
    again = model()
    later = grouped(again)
    history = nn.load_training(tmp_path / "half.safetensors", again, later)
    nn.fit(again, X, Y, "mse", later, 6, 8, seed=0, compile=compiled, training=history)
    assert numbers(again.parameters()).tolist() == numbers(through.parameters()).tolist()


def test_options_of_a_group_can_be_set_and_are_saved() -> None:
    net = model()
    optimizer = grouped(net)
    assert [dict(group)["lr"] for group in optimizer.param_groups] == [0.2, 0.02]
    optimizer.param_groups[0]["lr"] = 0.4
    optimizer.param_groups[1]["weight_decay"] = 0.25
    assert [group["lr"] for group in optimizer.param_groups] == [0.4, 0.02]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.0, 0.25]
    assert optimizer.rates.tolist() == [0.4] * 5 + [0.02] * 16
    other = grouped(net)
    other.load_state_dict(pickle.loads(pickle.dumps(optimizer)).state_dict())
    assert [group["lr"] for group in other.param_groups] == [0.4, 0.02]
    assert repr(optimizer).startswith("Adam(21 parameters in 2 groups, lr=0.02, beta1=0.9")
    with pytest.raises(KeyError, match="'amsgrad' of a group of Adam cannot be set"):
        optimizer.param_groups[0]["amsgrad"] = True
    plain = nn.SGD(net.parameters(), lr=0.1)
    plain.param_groups[0]["lr"] = 0.5
    assert plain.lr == 0.5
    assert len(plain.param_groups[0]["params"]) == 21


def test_a_state_of_other_groups_is_refused() -> None:
    net = model()
    optimizer, plain = grouped(net), nn.Adam(net.parameters())
    with pytest.raises(StateError, match=r"^The state is of no groups of parameters, and Adam has 2, or others"):
        optimizer.load_state_dict(plain.state_dict())
    with pytest.raises(StateError, match=r"^The state is of 2 groups of parameters, and Adam has none"):
        plain.load_state_dict(optimizer.state_dict())
    first, last = (layer.parameters() for layer in net.layers)
    turned = nn.Adam([{"params": first}, {"params": last}])
    with pytest.raises(StateError, match=r"or others in them: build it as it was\. Nothing was changed\.$"):
        turned.load_state_dict(optimizer.state_dict())


W = named([1.0, 2.0])


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: nn.SGD([{"params": W[:1]}, W[1]]), TypeError,
         "SGD takes parameters, or groups of them as dicts, but not both in one list."),
        (lambda: nn.SGD([{"params": W, "rate": 0.1}]), ValueError,
         "Group 0 of SGD has no option 'rate'. Known: params, lr, momentum, nesterov, weight_decay, l1."),
        (lambda: nn.Adam([{"params": W, "amsgrad": True}]), ValueError,
         "amsgrad is the same for all groups of Adam: give it beside the list."),
        (lambda: nn.SGD([{"params": W[:1]}, {"params": W, "lr": 1.0}]), ValueError,
         "SGD was given w0 = 1 twice, as parameters 0 and 1: it would be moved twice a step. Pass each Value once."),
        (lambda: nn.SGD([{"params": W, "momentum": 2.0}]), ValueError,
         "SGD's momentum must be a number from 0 to below 1, not 2."),
        (lambda: nn.SGD([{"params": W, "nesterov": True}]), ValueError,
         "SGD with nesterov=True shifts the weights by the momentum: give momentum, such as 0.9."),
        (lambda: nn.SGD([{"params": W, "momentum": 0.0}], nesterov=True, momentum=0.9), ValueError,
         "SGD with nesterov=True shifts the weights by the momentum: give momentum, such as 0.9."),
        (lambda: nn.Adam([{"params": W, "betas": 0.5}]), ValueError, "Adam's betas are 2 numbers, not 0.5."),
        (lambda: nn.AdamW(W, betas=(0.5,)), ValueError, "AdamW's betas are 2 numbers, not (0.5,)."),
        (lambda: nn.RProp(W, etas=0.5), ValueError, "RProp's etas are 2 numbers, not 0.5."),
        (lambda: nn.RProp(W, step_sizes=[1.0]), ValueError, "RProp's step_sizes are 2 numbers, not [1.0]."),
        (lambda: nn.RProp([{"params": W, "step_sizes": (1.0, 0.1)}]), ValueError,
         "RProp's step_sizes[1] must be a number from 1, not 0.1."),
        (lambda: nn.RProp([{"params": W, "lr": 0.0}]), ValueError,
         "RProp's lr is the first step of every weight and must be positive, not 0."),
        (lambda: nn.SGD([{"params": W, "lr": 0.1}], lr=0.0), ValueError,
         "The rates of groups are multiples of SGD's lr, which is 0: give it a rate of its own."),
        (lambda: nn.LBFGS([{"params": W}]), TypeError,
         "LBFGS takes parameters without groups, as its steps look at all of them together: pass one list, or take a "
         "first-order optimiser such as Adam."),
    ],
)  # fmt: skip
def test_what_is_no_group(make: Any, kind: Any, sentence: str) -> None:
    with pytest.raises(kind) as raised:
        make()
    assert not isinstance(raised.value, AutogradError)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    ("kind", "option", "content", "sentence"),
    [
        (nn.SGD, "momentum", -3, "SGD's momentum must be a number from 0 to below 1, not -3."),
        (nn.SGD, "lr", -1.0, "SGD's lr must be a number from 0, not -1."),
        (nn.SGD, "nesterov", "yes", "SGD's nesterov must be True or False, not 'yes'."),
        (nn.Adam, "beta1", 1, "Adam's betas[0] must be a number from 0 to below 1, not 1."),
        (nn.AdamW, "weight_decay", float("nan"), "AdamW's weight_decay must be a number from 0, not nan."),
        (nn.RMSProp, "alpha", "0.5", "RMSProp's alpha must be a number, not '0.5'."),
        (nn.RProp, "grow", 0.5, "RProp's etas[1] must be a number from 1, not 0.5."),
        (nn.AdaGrad, "eps", -1e-9, "AdaGrad's eps must be a number from 0, not -1e-09."),
        (nn.AdaDelta, "rho", True, "AdaDelta's rho must be a number, not True."),
        (nn.QuickProp, "mu_max", -1, "QuickProp's mu_max must be a number from 0, not -1."),
    ],
)
def test_an_option_is_checked_whenever_it_is_set(
    kind: Any, option: str, content: Any, sentence: str, grouped: bool
) -> None:
    optimizer = kind([{"params": W}] if grouped else W)
    before = optimizer.state_dict()
    with pytest.raises((TypeError, ValueError)) as raised:
        optimizer.param_groups[0][option] = content
    assert str(raised.value) == sentence
    with pytest.raises((TypeError, ValueError)) as raised:
        setattr(optimizer, option, content)
    assert str(raised.value) == sentence
    bad = before | {"options": before["options"] | {option: content}}
    with pytest.raises(StateError) as refused:
        optimizer.load_state_dict(bad)
    assert sentence in str(refused.value)
    if grouped and option != "lr":
        with pytest.raises(StateError) as refused:
            optimizer.load_state_dict(before | {"groups": [[1.0, {option: content}]]})
        assert sentence in str(refused.value)
    after = optimizer.state_dict()
    assert after["options"] == before["options"]
    assert after.get("groups") == before.get("groups")
