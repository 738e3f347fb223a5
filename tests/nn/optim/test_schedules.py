"""Schedules: formulas, PyTorch's where it has them, and what a scheduler saves."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import named

import nn
from nn.optim.first_order import SGD
from nn.optim.scheduler import Scheduler
from nn.optim.schedules import (
    ConstantRate,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    MultiStep,
    OneCycle,
    PolynomialDecay,
    ReduceOnPlateau,
    StepDecay,
    WarmUp,
)

LOSSES = [5.0, 4.0, 4.0, 4.1, 3.0, 3.0, 3.0, 3.0, 3.0, 2.9999, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 1.0]


def rates(schedule, epochs, losses=None, lr=0.8):
    optimizer = SGD(named([1.0]), lr=lr)
    scheduler = Scheduler(optimizer, schedule)
    found = [optimizer.lr]
    for epoch in range(epochs):
        found.append(scheduler.step(losses[epoch] if losses else None))
        assert found[-1] == optimizer.lr
    return found


def rates_of_torch(make, epochs, losses=None, lr=0.8):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    found = [optimizer.param_groups[0]["lr"]]
    for epoch in range(epochs):
        optimizer.step()
        scheduler.step(*([losses[epoch]] if losses else []))
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize(
    ("schedule", "theirs", "epochs"),
    [
        (StepDecay(3, 0.5), lambda s, o: s.StepLR(o, 3, 0.5), 20),
        (MultiStep([2, 3, 3, 9], 0.5), lambda s, o: s.MultiStepLR(o, [2, 3, 3, 9], 0.5), 15),
        (OneCycle(20), lambda s, o: s.OneCycleLR(o, 0.8, 20, cycle_momentum=False), 19),
        (
            OneCycle(9, 0.5, 4.0, 100.0),
            lambda s, o: s.OneCycleLR(
                o, 0.8, 9, pct_start=0.5, cycle_momentum=False, div_factor=4.0, final_div_factor=100.0
            ),
            8,
        ),
        (ExponentialDecay(0.93), lambda s, o: s.ExponentialLR(o, 0.93), 20),
        (CosineDecay(12), lambda s, o: s.CosineAnnealingLR(o, 12), 12),
        (CosineDecay(7, floor=0.1), lambda s, o: s.CosineAnnealingLR(o, 7, eta_min=0.08), 7),
        (CosineDecay(5, restart=True), lambda s, o: s.CosineAnnealingWarmRestarts(o, 5), 23),
        (PolynomialDecay(9, power=2.0), lambda s, o: s.PolynomialLR(o, 9, 2.0), 15),
        (PolynomialDecay(6, floor=0.25), lambda s, o: s.LinearLR(o, 1.0, 0.25, 6), 12),
        (WarmUp(4), lambda s, o: s.LinearLR(o, 0.2, 1.0, 4), 9),
        (InverseTimeDecay(0.5), lambda s, o: s.LambdaLR(o, lambda t: 1.0 / (1.0 + 0.5 * t)), 9),
    ],
)
def test_rates_are_pytorchs(schedule, theirs, epochs):
    assert rates(schedule, epochs) == pytest.approx(rates_of_torch(theirs, epochs), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"patience": 0}, {"patience": 0}),
        ({"gamma": 0.5, "patience": 2}, {"factor": 0.5, "patience": 2}),
        ({"gamma": 0.5, "patience": 1, "cooldown": 2}, {"factor": 0.5, "patience": 1, "cooldown": 2}),
        ({"gamma": 0.5, "patience": 1, "threshold": 0.1}, {"factor": 0.5, "patience": 1, "threshold": 0.1}),
        ({"gamma": 0.3, "patience": 0, "floor": 0.2}, {"factor": 0.3, "patience": 0, "min_lr": 0.16}),
    ],
)
def test_a_plateau_is_pytorchs(ours, theirs):
    found = rates(ReduceOnPlateau(**ours), len(LOSSES), LOSSES)
    expected = rates_of_torch(lambda s, o: s.ReduceLROnPlateau(o, eps=0.0, **theirs), len(LOSSES), LOSSES)
    assert found == pytest.approx(expected, rel=1e-12)
    assert min(found) < 0.8


def test_a_constant_rate():
    assert rates(ConstantRate(), 3) == [0.8] * 4


def test_a_warm_up_leads_into_another_schedule_from_its_beginning():
    assert rates(WarmUp(3, then=StepDecay(2, 0.5)), 7) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.4, 0.2])


def test_a_plateau_after_a_warm_up_looks_at_losses_after_it_only():
    schedule = WarmUp(2, then=ReduceOnPlateau(gamma=0.5, patience=1))
    found = rates(schedule, 6, [0.0, 0.0, 5.0, 5.0, 5.0, 4.0])
    assert found == pytest.approx([0.8 / 3, 1.6 / 3, 0.8, 0.8, 0.8, 0.4, 0.4])


def test_a_function_is_a_schedule():
    assert rates(lambda t: 0.5**t, 2) == [0.8, 0.4, 0.2]


def test_one_schedule_serves_several_trainings():
    schedule = ReduceOnPlateau(gamma=0.5, patience=0)
    first = rates(schedule, 5, [1.0] * 5)
    assert rates(schedule, 5, [1.0] * 5) == first


def test_negative_losses_improve_downwards():
    found = rates(ReduceOnPlateau(gamma=0.5, patience=0, threshold=0.1), 3, [-1.0, -2.0, -2.1])
    assert found == [0.8, 0.8, 0.8, 0.4]


def test_a_loss_that_is_nan_is_no_improvement():
    assert rates(ReduceOnPlateau(gamma=0.5, patience=0), 3, [1.0, math.nan, 0.5]) == [0.8, 0.8, 0.4, 0.4]


@given(
    schedule=st.one_of(
        st.builds(StepDecay, st.integers(1, 9), st.floats(0.1, 1.0)),
        st.builds(ExponentialDecay, st.floats(0.1, 1.0)),
        st.builds(InverseTimeDecay, st.floats(0.01, 10.0)),
        st.builds(PolynomialDecay, st.integers(1, 30), st.floats(0.1, 4.0), st.floats(0.0, 1.0)),
        st.builds(CosineDecay, st.integers(1, 30), st.floats(0.0, 1.0)),
    )
)
def test_decays_start_at_one_and_never_rise(schedule):
    factors = [schedule.factor(t) for t in range(40)]
    assert factors[0] == pytest.approx(1.0)
    assert all(0.0 <= b <= a + 1e-15 for a, b in itertools.pairwise(factors))
    assert factors[-1] >= getattr(schedule, "floor", 0.0) - 1e-15


@pytest.mark.parametrize(
    "schedule", [StepDecay(2), ReduceOnPlateau(patience=1), WarmUp(3, ReduceOnPlateau(patience=0))]
)
def test_a_saved_scheduler_goes_on(schedule):
    optimizer = SGD(named([1.0]), lr=0.8)
    scheduler = Scheduler(optimizer, schedule)
    for loss in LOSSES[:6]:
        scheduler.step(loss)
    saved = scheduler.state_dict()
    expected = [scheduler.step(loss) for loss in LOSSES[6:]]
    other = SGD(named([1.0]), lr=0.1)
    resumed = Scheduler(other, schedule)
    resumed.load_state_dict(saved)
    assert [resumed.step(loss) for loss in LOSSES[6:]] == expected


def test_the_rate_that_the_optimiser_has_is_the_first():
    optimizer = SGD(named([1.0]), lr=0.9)
    scheduler = Scheduler(optimizer, WarmUp(2))
    assert optimizer.lr == pytest.approx(0.3)
    assert scheduler.base_lr == 0.9


def test_a_plateau_needs_losses():
    scheduler = Scheduler(SGD(named([1.0])), ReduceOnPlateau())
    with pytest.raises(ValueError) as caught:
        scheduler.step()
    assert str(caught.value) == (
        "ReduceOnPlateau looks at the loss: call scheduler.step(loss), with the loss of the epoch that ended."
    )
    assert scheduler.epoch == 0


@pytest.mark.parametrize("schedule", [0.1, "cosine", StepDecay])
def test_what_is_no_schedule(schedule):
    with pytest.raises(TypeError) as caught:
        Scheduler(SGD(named([1.0])), schedule)
    assert str(caught.value) == (
        f"A schedule is a Schedule or a function t → factor, not {schedule!r}: write StepDecay(every=30), or "
        "lambda t: 0.95**t."
    )


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: StepDecay(0), ValueError, "StepDecay's every must be a whole number from 1, not 0."),
        (lambda: StepDecay(2.5), ValueError, "StepDecay's every must be a whole number from 1, not 2.5."),
        (lambda: StepDecay(2, 0.0), ValueError, "StepDecay's gamma must be a positive number, not 0.0."),
        (lambda: ExponentialDecay(-1), ValueError, "ExponentialDecay's gamma must be a positive number, not -1."),
        (lambda: InverseTimeDecay(0), ValueError, "InverseTimeDecay's decay must be a positive number, not 0."),
        (
            lambda: PolynomialDecay(5, floor=2),
            ValueError,
            "PolynomialDecay's floor must be a number from 0 to 1, not 2.",
        ),
        (lambda: CosineDecay(True), ValueError, "CosineDecay's length must be a whole number from 1, not True."),
        (
            lambda: ReduceOnPlateau(gamma=1.0),
            ValueError,
            "ReduceOnPlateau's gamma must be a number between 0 and 1, not 1.0.",
        ),
        (
            lambda: ReduceOnPlateau(patience=-1),
            ValueError,
            "ReduceOnPlateau's patience must be a whole number from 0, not -1.",
        ),
        (
            lambda: WarmUp(3, then=0.5),
            TypeError,
            "WarmUp's then must be a Schedule, such as CosineDecay(100), not 0.5.",
        ),
    ],
)
def test_fields_out_of_range(make, error, sentence):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == sentence


def test_a_plateau_of_what_is_better_when_larger_is_pytorchs():
    scores = [0.5, 0.6, 0.6, 0.6, 0.60001, 0.7, 0.65, 0.65, 0.65, 0.65]
    ours = rates(ReduceOnPlateau(gamma=0.5, patience=1, mode="max"), 10, scores)
    theirs = rates_of_torch(lambda s, o: s.ReduceLROnPlateau(o, "max", 0.5, 1, 1e-4), 10, scores)
    assert ours == pytest.approx(theirs)
    assert ours[-1] < 0.8


@pytest.mark.parametrize("compiled", [False, True])
def test_fit_gives_a_schedule_the_column_that_it_watches(compiled):
    X, y = [[float(i)] for i in range(8)], [0.0] * 4 + [1.0] * 4

    def train(schedule):
        model = nn.Layer(1, 1, W=[[0.0]], b=[0.0])
        optimizer = SGD(model.parameters(), lr=1.0)
        options = {"validation_data": (X, y), "metrics": {"constant": lambda p, t: 0.0}, "compile": compiled}
        nn.fit(model, X, y, "mse", optimizer, 5, clip_norm=1e-3, schedule=schedule, **options)
        return optimizer.lr

    assert train(ReduceOnPlateau(gamma=0.5, patience=0)) == 1.0, "the loss falls"
    assert train(ReduceOnPlateau(gamma=0.5, patience=0, watch="val_constant")) == 0.5**4
    assert train(WarmUp(2, ReduceOnPlateau(gamma=0.5, patience=0, watch="val_constant", mode="max"))) == 0.5**2
    with pytest.raises(ValueError) as raised:
        train(ReduceOnPlateau(watch="val_mae"))
    assert str(raised.value) == (
        "ReduceOnPlateau watches 'val_mae', but the columns of the history are loss, constant, val_loss, val_constant: "
        "add it to the metrics, or watch another."
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MultiStep([3, 2]), "MultiStep's milestones must be whole numbers from 1 that rise, not [3, 2]."),
        (lambda: MultiStep([]), "MultiStep's milestones must be whole numbers from 1 that rise, not []."),
        (lambda: MultiStep(3), "MultiStep's milestones must be whole numbers from 1 that rise, not 3."),
        (lambda: OneCycle(1), "OneCycle's length must be a whole number from 2, not 1."),
        (lambda: OneCycle(9, rise=1.0), "OneCycle's rise must be a number between 0 and 1, not 1.0."),
        (lambda: OneCycle(9, start=0.5), "OneCycle's start must be a number from 1, not 0.5."),
        (lambda: ReduceOnPlateau(mode="up"), "ReduceOnPlateau's mode must be 'min' or 'max', not 'up'."),
    ],
)
def test_options_that_make_no_schedule(make, sentence):
    with pytest.raises(ValueError) as raised:
        make()
    assert str(raised.value) == sentence
