"""What all optimisers share: one step or none, whole messages, and states that resume exactly."""

import copy
import math
import pickle

import numpy as np
import pytest
from problems import named, network, numbers, quadratic, rosenbrock

from autograd import AutogradError, Value
from nn.errors import StateError
from nn.optim import flat
from nn.optim.first_order import SGD
from nn.optim.optimizers import (
    BFGS,
    LBFGS,
    OPTIMIZERS,
    Adam,
    ConjugateGradients,
    LevenbergMarquardt,
    Newton,
    Objective,
    RMSProp,
)

every = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)


def same_states(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])


@every
def test_a_saved_state_resumes_exactly(kind):
    objective = network(seed=4, hidden=2, examples=5)
    optimizer = kind(objective.parameters)
    for _ in range(4):
        optimizer.step(objective)
    saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
    weights = numbers(objective.parameters)
    losses = [optimizer.step(objective) for _ in range(4)]
    twin = network(seed=4, hidden=2, examples=5)
    for p, x in zip(twin.parameters, weights.tolist(), strict=True):
        p.data = x
    resumed = kind(twin.parameters, lr=0.123)
    resumed.load_state_dict(saved)
    assert [resumed.step(twin) for _ in range(4)] == losses
    assert numbers(twin.parameters).tolist() == numbers(objective.parameters).tolist()
    same_states(resumed.state_dict()["state"], optimizer.state_dict()["state"])
    assert resumed.lr == optimizer.lr


@every
def test_a_saved_state_is_a_copy(kind):
    objective = network(seed=4, hidden=2, examples=5)
    optimizer = kind(objective.parameters)
    optimizer.step(objective)
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved["state"])
    for _ in range(3):
        optimizer.step(objective)
    same_states(saved["state"], kept)
    other = kind(objective.parameters)
    other.load_state_dict(saved)
    other.step(objective)
    same_states(saved["state"], kept)


@every
def test_frozen_parameters_stay_and_the_rest_is_trained(kind):
    objective = quadratic([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0])
    w = objective.parameters
    objective = type(objective)(w, objective._loss, lambda: [2.0 * w[0] + w[1] - 1.0, w[1] - 0.5 * w[2], w[2] + w[0]])
    optimizer = kind(w)
    optimizer.step(objective)
    w[1].requires_grad = False
    held = w[1].data
    for _ in range(5):
        optimizer.step(objective)
    assert w[1].data == held
    assert w[0].data != 5.0
    assert w[2].data != 5.0


@every
def test_nan_in_the_gradient_changes_nothing_and_names_the_parameter(kind):
    w = named([0.5, 0.25])
    w[0].name, w[1].name = "W1[0][1]", "b2[3]"
    poison = {"on": False}

    def residuals():
        return [w[0] * w[1] - 3.0, w[1] * (math.nan if poison["on"] else 1.0) + 2.0, w[0] + 1.0]

    objective = Objective.from_closure(w, residuals=residuals)
    optimizer = kind(w)
    optimizer.step(objective)
    before, state = numbers(w), optimizer.state_dict()
    poison["on"] = True
    fresh = Objective.from_closure(w, residuals=residuals)
    with pytest.raises(
        AutogradError, match=r"did not step: (the gradient of b2\[3\] is nan|the loss is nan|residual 1)"
    ):
        optimizer.step(fresh)
    assert numbers(w).tolist() == before.tolist()
    same_states(optimizer.state_dict()["state"], state["state"])


def test_the_message_for_gradients_that_are_not_finite():
    w = named([1.0, 2.0, 3.0])
    optimizer = RMSProp(w)
    for p, slope in zip(w, [1.0, math.nan, math.inf], strict=True):
        p.grad = slope
    with pytest.raises(AutogradError) as caught:
        optimizer.step()
    assert str(caught.value) == (
        "RMSProp did not step: the gradient of w1 is nan, where the weight is 2 (and 1 more is not finite). The "
        "weights are as they were. Look for NaN in the data, take a smaller lr, or clip the gradients."
    )
    assert numbers(w).tolist() == [1.0, 2.0, 3.0]
    assert optimizer.state["t"] == 0


def test_weights_that_would_overflow():
    w = named([1.0, -1e308])
    w[0].grad, w[1].grad = 1.0, 1e308
    with pytest.raises(AutogradError) as caught:
        SGD(w, lr=10.0).step()
    assert str(caught.value) == (
        "SGD did not step: w1 is -1e+308, and the step with lr = 10 would make it infinite or NaN. The weights are as "
        "they were. Take a smaller lr, or clip the gradients."
    )
    assert numbers(w).tolist() == [1.0, -1e308]


def test_a_state_that_would_overflow():
    """g² is infinite, though the step g/∞ = 0 would pass unnoticed, and the weight never move again."""
    w = named([1.0])
    w[0].grad = 1e200
    optimizer = Adam(w)
    with pytest.raises(AutogradError) as caught:
        optimizer.step()
    assert str(caught.value) == (
        "Adam did not step: w0 is 1, and the step with lr = 0.001 would make its v in the optimiser's state infinite "
        "or NaN. The weights are as they were. Take a smaller lr, or clip the gradients."
    )
    assert optimizer.state["v"].tolist() == [0.0]


def test_an_interruption_leaves_weights_and_state(monkeypatch):
    objective = rosenbrock([-1.2, 1.0])
    optimizer = BFGS(objective.parameters)
    optimizer.step(objective)
    before, state = numbers(objective.parameters), optimizer.state_dict()

    def interrupted(self, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr(BFGS, "_learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step(objective)
    assert numbers(objective.parameters).tolist() == before.tolist()
    same_states(optimizer.state_dict()["state"], state["state"])


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            BFGS,
            "BFGS.step() needs the loss at other weights than the present ones, not only gradients: call "
            "step(objective) with objective = Objective.from_closure(parameters, loss).",
        ),
        (
            Newton,
            "Newton.step() needs the loss, its gradient and its Hessian, not only gradients: call step(objective) with "
            "objective = Objective.from_closure(parameters, loss).",
        ),
        (
            LevenbergMarquardt,
            "LevenbergMarquardt.step() needs the residuals of all examples and their Jacobian, not only gradients: "
            "call step(objective) with objective = Objective.from_closure(parameters, loss, residuals).",
        ),
    ],
)
def test_step_without_an_objective_that_is_needed(kind, sentence):
    with pytest.raises(ValueError) as caught:
        kind([Value(1.0)]).step()
    assert str(caught.value) == sentence


def test_an_objective_over_another_models_parameters():
    objective = rosenbrock([-1.2, 1.0])
    optimizer = LBFGS(named([-1.2, 1.0]))
    with pytest.raises(ValueError) as caught:
        optimizer.step(objective)
    assert str(caught.value) == (
        "LBFGS trains other parameters than the ones given: at parameter 0 it has w0 = −1.2 and was given w0 = −1.2, "
        "another Value. Build the optimiser from the same model.parameters()."
    )
    with pytest.raises(ValueError) as caught:
        SGD(objective.parameters[:1]).check_parameters(objective.parameters)
    assert str(caught.value) == (
        "SGD trains 1 parameter, but 2 were given: they belong to another model, or to a part of this one. Build the "
        "optimiser from the same model.parameters()."
    )


@pytest.mark.parametrize("rate", ["fast", None, True, 1j])
def test_rates_that_are_no_numbers(rate):
    with pytest.raises(TypeError) as caught:
        SGD(named([1.0]), rate)
    assert str(caught.value) == f"SGD's lr must be a number, not {rate!r}."


def test_the_rate_is_checked_when_it_is_assigned():
    optimizer = SGD(named([1.0]), np.float64(0.5))
    with pytest.raises(ValueError) as caught:
        optimizer.lr = -1e-3
    assert str(caught.value) == "SGD's lr must be a number from 0, not -0.001."
    assert optimizer.lr == 0.5


def test_states_that_do_not_fit():
    optimizer = Adam(named([1.0, 2.0]))
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(RMSProp(named([1.0])).state_dict())
    assert str(caught.value) == "The state does not fit Adam over 2 parameters: it is of RMSProp. Nothing was changed."
    other = Adam(named([1.0])).state_dict()
    other["options"]["alpha"] = other["options"].pop("beta1")
    del other["state"]["v"]
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(other)
    assert str(caught.value) == (
        "The state does not fit Adam over 2 parameters: option 'beta1' is missing; option 'alpha' is unknown; state "
        "'v' is missing; state 'm' is for 1 parameter instead of 2. Nothing was changed."
    )
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict({"options": {}})
    assert str(caught.value) == (
        "The state does not fit Adam over 2 parameters: it has no entry 'optimizer'; it has no entry 'state'. Nothing "
        "was changed."
    )
    wrong = optimizer.state_dict()
    wrong["options"]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr"):
        optimizer.load_state_dict(wrong)
    assert optimizer.lr == 1e-3


def test_gradients_are_forgotten():
    w = named([1.0, 2.0])
    w[0].grad = 3.0
    SGD(w).zero_grad()
    assert [p.grad for p in w] == [None, None]


def test_printing():
    assert repr(RMSProp([Value(0.0) for _ in range(1234)])) == (
        "RMSProp(1,234 parameters, lr=0.001, alpha=0.9, eps=1e-07, momentum=0.0, centered=False, weight_decay=0.0)"
    )
    assert repr(BFGS(named([1.0]))) == "BFGS(1 parameter, lr=1.0, c1=0.0001, c2=0.9)"


@pytest.mark.parametrize("kind", [BFGS, Newton, LevenbergMarquardt])
def test_matrices_that_would_not_fit_into_memory(kind):
    with pytest.raises(ValueError) as caught:
        kind([Value(0.0) for _ in range(26_625)])
    assert str(caught.value) == (
        f"{kind.__name__} computes with a matrix over all pairs of parameters: for 26,625 of them it takes 5.7 GB. Its "
        "limit is 10,000 parameters: use LBFGS or Adam."
    )


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("kind", [BFGS, ConjugateGradients, LevenbergMarquardt, SGD])
def test_an_interruption_at_any_assignment_leaves_the_weights_before_the_step(kind, call, monkeypatch):
    """Ctrl-C while an objective puts weights back would leave a line search's trial weights in the model."""
    objective = network(seed=4, hidden=2, examples=5)
    optimizer = kind(objective.parameters)
    optimizer.step(objective)
    before, state = numbers(objective.parameters), optimizer.state_dict()["state"]
    assign, calls = flat.assign, 0

    def interrupted(parameters, w):
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        assign(parameters, w)

    monkeypatch.setattr(flat, "assign", interrupted)
    try:
        while calls < call:
            before, state = numbers(objective.parameters), optimizer.state_dict()["state"]
            optimizer.step(objective)
    except KeyboardInterrupt:
        pass
    assert calls >= call
    assert numbers(objective.parameters).tolist() == before.tolist()
    same_states(optimizer.state_dict()["state"], state)


def went(kind, steps=3, **options):
    """Make an optimiser of two parameters that has taken some steps, and its state."""
    objective = quadratic([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0], [5.0, 4.0])
    w = objective.parameters
    objective = type(objective)(w, objective._loss, lambda: [2.0 * w[0] + w[1] - 1.0, w[1] * w[0] - 0.5])
    optimizer = kind(w, **options)
    for _ in range(steps):
        optimizer.step(objective)
    return optimizer, objective


NO_COUNTS = ["a", -1, 1.5, math.nan, None, True, np.ones(2)]


@pytest.mark.parametrize(
    ("kind", "key", "content", "problem"),
    [
        *((Adam, "t", content, f"is {content!r} instead of a whole number from 0") for content in NO_COUNTS),
        (SGD, "t", -1, "is -1 instead of a whole number from 0"),
        (Adam, "m", np.full(2, math.nan), "is infinite or NaN for w0"),
        (Adam, "v", np.array([1.0, math.inf]), "is infinite or NaN for w1"),
        (Adam, "m", np.array(["a", "b"]), "is array(['a', 'b'], dtype='<U1') instead of an array of numbers"),
        (Adam, "m", np.array([1j, 2.0]), "is array([0.+1.j, 2.+0.j]) instead of an array of numbers"),
        (Adam, "m", [0.0, 1.0], "is [0.0, 1.0] instead of an array of numbers"),
        (Adam, "m", 0.0, "is 0.0 instead of an array of numbers"),
        (Adam, "m", np.array(0.0), "is for no parameters instead of 2"),
        (Adam, "m", np.zeros((2, 2)), "has shape (2, 2) instead of (2,)"),
        (LevenbergMarquardt, "mu", "a", "is 'a' instead of a positive number"),
        (LevenbergMarquardt, "mu", 0.0, "is 0.0 instead of a positive number"),
        (LevenbergMarquardt, "nu", -2.0, "is -2.0 instead of a positive number"),
        (ConjugateGradients, "fall", math.nan, "is nan instead of a finite number"),
        (ConjugateGradients, "cycle", -1, "is -1 instead of a whole number from 0"),
        (BFGS, "updates", 0.5, "is 0.5 instead of a whole number from 0"),
        (BFGS, "V", np.ones((3, 2)), "has shape (3, 2) instead of (2, 2)"),
        (BFGS, "V", np.full((2, 2), math.inf), "is infinite or NaN for w0"),
        (LBFGS, "r", np.ones((7, 2)), "has shape (7, 2) instead of"),
        (LBFGS, "s", "a", "is 'a' instead of an array of numbers"),
    ],
)
def test_states_that_are_no_numbers_are_refused_and_change_nothing(kind, key, content, problem):
    optimizer, objective = went(kind)
    before = copy.deepcopy(optimizer.state_dict())
    wrong = copy.deepcopy(before)
    wrong["options"]["lr"] = 0.5
    wrong["state"][key] = content
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(wrong)
    start = f"The state does not fit {kind.__name__} over 2 parameters: state {key!r} {problem}"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(". Nothing was changed.")
    assert optimizer.state_dict()["options"] == before["options"]
    same_states(optimizer.state_dict()["state"], before["state"])
    optimizer.step(objective)


def test_all_that_is_wrong_with_a_state_is_listed():
    optimizer, _ = went(Adam)
    wrong = optimizer.state_dict()
    wrong["state"] |= {"t": -1, "m": np.full(2, math.nan)}
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(wrong)
    assert str(caught.value) == (
        "The state does not fit Adam over 2 parameters: state 't' is -1 instead of a whole number from 0; state 'm' is "
        "infinite or NaN for w0. Nothing was changed."
    )


@pytest.mark.parametrize("frozen", [True, False])
def test_a_refused_state_leaves_adam_counting_as_it_did(frozen):
    optimizer, objective = went(Adam, steps=1)
    other, _ = went(Adam, steps=1)
    optimizer.parameters[0].requires_grad = not frozen
    optimizer.step(objective)  # which counts the steps of each weight where one is frozen
    other.parameters[0].requires_grad = frozen
    other.step(Objective.from_closure(other.parameters, lambda: sum_of(other)))
    before, slots = copy.deepcopy(optimizer.state_dict()["state"]), optimizer.slots
    wrong = other.state_dict()
    wrong["state"]["t"] = "a"
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(wrong)
    assert str(caught.value) == (
        "The state does not fit Adam over 2 parameters: state 't' is 'a' instead of a whole number from 0. Nothing was "
        "changed."
    )
    assert optimizer.slots == slots
    same_states(optimizer.state_dict()["state"], before)
    optimizer.step(objective)


def sum_of(optimizer):
    return optimizer.parameters[0] * optimizer.parameters[1]


def test_ratios_of_groups_that_are_no_numbers():
    w = named([1.0, 2.0])
    optimizer = SGD([{"params": w[:1], "lr": 0.1}, {"params": w[1:]}], lr=0.2)
    wrong = optimizer.state_dict()
    wrong["groups"][0][0] = math.nan
    before = copy.deepcopy(optimizer.state_dict()["groups"])
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(wrong)
    assert str(caught.value) == (
        "The state does not fit: SGD's ratio of a group must be a number from 0, not nan. Nothing was changed."
    )
    assert optimizer.state_dict()["groups"] == before


def test_counts_and_arrays_of_numpy_are_read():
    optimizer, objective = went(Adam)
    saved, other = optimizer.state_dict(), Adam(objective.parameters)
    saved["state"]["t"] = np.int64(saved["state"]["t"])
    saved["state"]["m"] = saved["state"]["m"].astype(np.float32)
    other.load_state_dict(saved)
    assert type(other.state["t"]) is int
    assert other.state["m"].dtype == np.float64
    other.load_state_dict(pickle.loads(pickle.dumps(other.state_dict())))
    other.step(objective)
