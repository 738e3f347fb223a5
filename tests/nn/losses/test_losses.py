"""Losses: values and gradients against PyTorch, stability, what may be passed, and every error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Symbol, Value, gradients, hessian
from nn.losses.losses import (
    LOSSES,
    bce,
    bce_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    kl,
    kl_with_logits,
    mae,
    mse,
    multi_margin,
    summed_log_loss,
)

SCORES = st.lists(st.floats(-1000, 1000), min_size=2, max_size=6)


def values(numbers: Any) -> list[Value]:
    return [Value(float(x), name=f"o{i}") for i, x in enumerate(numbers)]


def with_gradient(loss: Callable[..., Any], outputs: Any, target: Any) -> tuple[float, list[float]]:
    leaves = values(outputs)
    result = loss(leaves, target)
    assert isinstance(result, Value)
    return result.data, [float(g) for g in gradients(result, leaves)]


def random(seed: int) -> tuple[np.random.Generator, int]:
    rng = np.random.default_rng(seed)
    return rng, int(rng.integers(2, 7))


def distribution(rng: np.random.Generator, k: int) -> Any:
    p = rng.random(k)
    return p / p.sum()


# --- against PyTorch ------------------------------------------------------------------------------------------------


def torch_losses() -> dict[str, tuple[Callable[..., Any], Callable[..., tuple[Any, Any]]]]:
    """Give each loss PyTorch's way to compute it, and how to draw outputs and targets for it."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional

    def real(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return 3 * rng.standard_normal(k), 3 * rng.standard_normal(k)

    def binary(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return rng.uniform(0.01, 0.99, k), rng.integers(0, 2, k).astype(float)

    def soft_binary(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return rng.uniform(0.01, 0.99, k), rng.random(k)

    def logits(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return 5 * rng.standard_normal(k), rng.random(k)

    def class_logits(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return 5 * rng.standard_normal(k), int(rng.integers(0, k))

    def soft_logits(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return 5 * rng.standard_normal(k), distribution(rng, k)

    def two_distributions(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return distribution(rng, k), distribution(rng, k)

    def signs(rng: np.random.Generator, k: int) -> tuple[Any, Any]:
        return 2 * rng.standard_normal(k), rng.choice([-1.0, 1.0], k)

    def as_class(t: Any) -> Any:
        return t.long() if t.ndim == 0 else t

    return {
        "mse": (f.mse_loss, real),
        "mae": (f.l1_loss, real),
        "half_squared_error": (lambda o, t: 0.5 * f.mse_loss(o, t, reduction="sum"), real),
        "huber": (f.huber_loss, real),
        "cross_entropy": (lambda o, t: f.cross_entropy(o, as_class(t)), class_logits),
        "cross_entropy of a distribution": (f.cross_entropy, soft_logits),
        "bce": (f.binary_cross_entropy, binary),
        "bce of soft targets": (f.binary_cross_entropy, soft_binary),
        "summed_log_loss": (lambda o, t: f.binary_cross_entropy(o, t, reduction="sum"), binary),
        "bce_with_logits": (f.binary_cross_entropy_with_logits, logits),
        "kl": (lambda o, t: f.kl_div(o.log(), t, reduction="sum"), two_distributions),
        "kl_with_logits": (lambda o, t: f.kl_div(f.log_softmax(o, 0), t, reduction="sum"), soft_logits),
        "hinge": (lambda o, t: (1 - t * o).clamp(min=0).mean(), signs),
        "multi_margin": (lambda o, t: f.multi_margin_loss(o, as_class(t)), class_logits),
    }


CASES = [
    "mse", "mae", "half_squared_error", "huber", "cross_entropy", "cross_entropy of a distribution", "bce",
    "bce of soft targets", "summed_log_loss", "bce_with_logits", "kl", "kl_with_logits", "hinge", "multi_margin",
]  # fmt: skip


def test_every_loss_has_a_case() -> None:
    assert {case.partition(" ")[0] for case in CASES} == set(LOSSES)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(8))
def test_value_and_gradient_are_pytorchs(case: str, seed: int) -> None:
    torch = pytest.importorskip("torch")
    reference, draw = torch_losses()[case]
    outputs, targets = draw(*random(seed))
    theirs = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
    expected = reference(theirs, torch.tensor(targets, dtype=torch.float64))
    expected.backward()
    loss = LOSSES[case.partition(" ")[0]]
    value, gradient = with_gradient(loss, outputs, targets)
    assert value == pytest.approx(expected.item(), rel=1e-13, abs=1e-14)
    assert gradient == pytest.approx(theirs.grad.tolist(), rel=1e-12, abs=1e-14)
    plain = loss(outputs, targets)
    assert type(plain) is float
    assert plain == value


# --- stability and exactness ----------------------------------------------------------------------------------------


@given(SCORES, st.data())
def test_cross_entropy_keeps_relative_accuracy(scores: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(scores) - 1))
    with mpmath.workdps(60):
        others = [mpmath.exp(mpmath.mpf(z) - mpmath.mpf(scores[target])) for i, z in enumerate(scores) if i != target]
        exact = mpmath.log1p(mpmath.fsum(others))
        slopes = [other / (1 + mpmath.fsum(others)) for other in others]
    value, gradient = with_gradient(cross_entropy, scores, target)
    assert value == pytest.approx(float(exact), rel=5e-13, abs=1e-300)
    assert gradient.pop(target) == pytest.approx(-float(mpmath.fsum(slopes)), rel=5e-12, abs=1e-15)
    assert gradient == pytest.approx([float(slope) for slope in slopes], rel=5e-12, abs=1e-300)


@given(st.floats(-1000, 1000), st.sampled_from([0.0, 0.25, 1.0]))
def test_bce_with_logits_keeps_relative_accuracy(z: float, t: float) -> None:
    with mpmath.workdps(60):
        exact = t * mpmath.log1p(mpmath.exp(-z)) + (1 - t) * mpmath.log1p(mpmath.exp(z))
        its_slope = 1 / (1 + mpmath.exp(-z)) - t
    value, [slope] = with_gradient(bce_with_logits, [z], [t])
    assert value == pytest.approx(float(exact), rel=1e-14, abs=1e-300)
    assert slope == pytest.approx(float(its_slope), rel=1e-14, abs=1e-15)


@given(SCORES, st.data())
def test_a_class_that_is_a_value_gives_the_same_numbers(scores: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(scores) - 1))
    constant = Value(float(target), requires_grad=False)
    for loss in (cross_entropy, multi_margin):
        value, gradient = with_gradient(loss, scores, target)
        chosen, slopes = with_gradient(loss, scores, constant)
        assert chosen == value
        assert slopes == pytest.approx(gradient, rel=1e-13, abs=1e-15)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=4), st.data())
def test_targets_that_are_values_give_the_same_numbers(outputs: list[float], data: st.DataObject) -> None:
    sizes = {"min_size": len(outputs), "max_size": len(outputs)}
    targets = data.draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), **sizes))
    constants = [Value(t, requires_grad=False) for t in targets]
    for loss in (mse, mae, half_squared_error, huber, bce, summed_log_loss, bce_with_logits):
        plain, slopes = with_gradient(loss, outputs, targets)
        recorded, recorded_slopes = with_gradient(loss, outputs, constants)
        assert recorded == pytest.approx(plain, rel=1e-14)
        assert recorded_slopes == pytest.approx(slopes, rel=1e-14)


@pytest.mark.parametrize("loss", [kl, kl_with_logits, cross_entropy])
def test_a_distribution_of_values_gives_the_same_numbers(loss: Callable[..., Any]) -> None:
    outputs, target = [0.2, 0.5, 0.3], [0.0, 0.75, 0.25]
    plain = with_gradient(loss, outputs, target)
    recorded = with_gradient(loss, outputs, [Value(p, requires_grad=False) for p in target])
    assert recorded[0] == pytest.approx(plain[0], rel=1e-14)
    assert recorded[1] == pytest.approx(plain[1], rel=1e-14)


def test_a_one_hot_distribution_is_its_class() -> None:
    scores = [0.3, -1.2, 2.0]
    for c in range(3):
        one_hot = [float(i == c) for i in range(3)]
        assert cross_entropy(scores, one_hot) == pytest.approx(cross_entropy(scores, c), rel=1e-14)
        assert kl_with_logits(scores, one_hot) == pytest.approx(cross_entropy(scores, c), rel=1e-14)


def test_kl_is_zero_at_the_target_and_finite_at_huge_logits() -> None:
    p = [0.2, 0.0, 0.8]
    assert kl(p, p) == 0.0
    value, gradient = with_gradient(kl_with_logits, [1000.0, -1000.0, 1000.0 + math.log(4)], p)
    assert value == pytest.approx(0.0, abs=1e-13)
    assert gradient == pytest.approx([0.0, 0.0, 0.0], abs=1e-13)


def test_certain_and_right_probabilities_have_no_loss() -> None:
    assert with_gradient(bce, [1.0, 0.0], [1, 0]) == (0.0, [-0.5, 0.5])


# --- the lectures ---------------------------------------------------------------------------------------------------


def test_half_squared_error_of_the_lecture() -> None:
    value, [slope] = with_gradient(half_squared_error, [1.84], [1.0])
    assert value == pytest.approx(0.3528, rel=1e-15)
    assert slope == pytest.approx(0.84, rel=1e-15)


# --- kinks and second derivatives -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "slope", "curvature"), [(0.0, 0.0, 1.0), (0.5, 0.5, 1.0), (-3.0, -2.0, 0.0)])
def test_huber_has_the_right_second_derivative(error: float, slope: float, curvature: float) -> None:
    x = Value(error)
    [first] = gradients(huber(x, 0.0, delta=2.0), [x], create_graph=True)
    assert float(first) == slope
    assert hessian(lambda xs: huber(xs, [0.0], 2.0))([error]) == [[curvature]]


@pytest.mark.parametrize("error", [2.0, -2.0])
def test_huber_is_smooth_where_it_becomes_linear(error: float) -> None:
    value, [slope] = with_gradient(lambda o, t: huber(o, t, delta=2.0), [error], [0.0])
    assert value == 2.0
    assert slope == error


def test_kinks_have_slope_zero() -> None:
    assert with_gradient(mae, [1.0, 2.0], [1.0, 0.0]) == (1.0, [0.0, 0.5])
    assert with_gradient(hinge, [1.0, -2.0], [1, 1]) == (1.5, [0.0, -0.5])


def test_cross_entropys_hessian_is_that_of_the_softmax() -> None:
    scores = [0.3, -1.2, 2.0]
    p = np.exp(scores) / np.exp(scores).sum()
    for target in (1, [0.2, 0.3, 0.5]):
        ours = np.array(hessian(lambda z, t=target: cross_entropy(z, t))(scores))
        np.testing.assert_allclose(ours, np.diag(p) - np.outer(p, p), rtol=1e-13, atol=1e-15)


# --- what may be passed ---------------------------------------------------------------------------------------------


def test_numbers_arrays_and_nested_lists() -> None:
    assert mse(2.0, 5) == mse([2.0], 5.0) == mse(np.float32(2.0), [5]) == 9.0
    image = np.arange(12.0).reshape(1, 3, 4)
    assert mse(image.tolist(), np.zeros((3, 4))) == pytest.approx(np.mean(image**2), rel=1e-15)
    pixels = [[Value(0.5), Value(-1.0)], [Value(2.0), Value(0.0)]]
    assert isinstance(bce_with_logits(pixels, np.array([[1, 0], [0, 1]])), Value)
    assert cross_entropy(np.array([0.5, 2.0]), np.int64(1)) == cross_entropy([0.5, 2.0], [1.0])


def test_a_loss_of_symbols_is_its_formula() -> None:
    o, t = Symbol("o"), Symbol("t")
    assert str(half_squared_error([o], [t])) == "0.5·(o − t)²"
    assert str(mse([o, o], [t, 1.0])) == "total((o − t)², (o − 1)²)/2"
    assert str(bce([o], [1.0])) == "−log(o)"


def test_losses_have_a_scope_to_fold_by() -> None:
    x = Value(1.0)
    assert mse(x, 0.0).scope == "loss"
    assert (x + 1.0).scope is None


def test_nan_stays_visible() -> None:
    assert math.isnan(mse([math.nan], [1.0]))
    assert math.isnan(huber([Value(math.nan)], [1.0]).data)


# --- errors ---------------------------------------------------------------------------------------------------------


def says(error: type[Exception], sentence: str, loss: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(error) as caught:
        loss(*arguments)
    assert str(caught.value) == sentence


def test_shapes_that_do_not_match() -> None:
    says(
        ValueError,
        "mae: outputs have shape (2,) and targets (3,), which must match. Give each example one target for each output "
        "of the model.",
        mae, [1.0, 2.0], [1.0, 2.0, 3.0],
    )  # fmt: skip
    says(
        ValueError,
        "mse: outputs have shape (2, 3) and targets (3, 2), which must match. Give each example one target for each "
        "output of the model.",
        mse, np.zeros((2, 3)), np.zeros((3, 2)),
    )  # fmt: skip
    says(ValueError, "mse needs at least one output; got an empty list.", mse, [], [])
    says(
        ValueError,
        "huber: targets is ragged: targets[0] has shape (2,) and targets[1] has shape (1,).",
        huber, [[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0]],
    )  # fmt: skip


@pytest.mark.parametrize(("wrong", "called"), [("a", "str ('a')"), (None, "NoneType (None)"), (1j, "complex (1j)")])
def test_what_is_no_number(wrong: Any, called: str) -> None:
    says(TypeError, f"mse: targets must hold numbers, not {called}.", mse, [1.0], [wrong])
    says(TypeError, f"cross_entropy: target must hold numbers, not {called}.", cross_entropy, [1.0, 2.0], wrong)


@pytest.mark.parametrize("wrong", [3, -1, 1.5, math.nan, math.inf])
@pytest.mark.parametrize("loss", [cross_entropy, multi_margin])
def test_a_class_out_of_range(wrong: float, loss: Callable[..., Any]) -> None:
    sentence = f"{loss.__name__}: the target class must be a whole number from 0 to 2, not {wrong:g}."
    says(ValueError, sentence, loss, [0.1, 0.2, 0.3], wrong)
    says(ValueError, sentence, loss, values([0.1, 0.2, 0.3]), Value(wrong))


def test_too_few_scores_and_too_many_examples() -> None:
    says(
        ValueError,
        "cross_entropy needs the scores of at least two classes; got 1. For a single output use bce_with_logits.",
        cross_entropy, [0.3], 0,
    )  # fmt: skip
    says(
        ValueError,
        "cross_entropy takes the scores of one example, not an array of shape (3, 2). Average it over the examples, or "
        "let fit do so; one of several places takes nn.CrossEntropyLoss() and a target for each.",
        cross_entropy, np.zeros((3, 2)), [0, 1, 1],
    )  # fmt: skip
    says(
        ValueError,
        "multi_margin takes one class from 0 to 2 as its target, not 2 numbers.",
        multi_margin, [0.1, 0.2, 0.3], [0, 1],
    )  # fmt: skip


def test_distributions_that_are_none() -> None:
    says(
        ValueError,
        "cross_entropy: the target holds 2 numbers for 3 classes. Give one probability for each class.",
        cross_entropy, [0.1, 0.2, 0.3], [0.5, 0.5],
    )  # fmt: skip
    says(
        ValueError,
        "cross_entropy: the target's probabilities must sum to 1; these sum to 0.9.",
        cross_entropy, [0.1, 0.2, 0.3], [0.3, 0.3, 0.3],
    )  # fmt: skip
    says(
        ValueError,
        "kl_with_logits: target[1] is -0.5, but a probability lies in [0, 1].",
        kl_with_logits, [0.1, 0.2], [0.5, -0.5],
    )  # fmt: skip
    says(ValueError, "kl: targets[0] is 1.5, but a probability lies in [0, 1].", kl, [0.5, 0.5], [1.5, -0.5])


def test_probabilities_outside_the_unit_interval() -> None:
    says(
        ValueError,
        "bce: outputs[1] (o1) is 1.2, but a probability lies in [0, 1]. For scores without an activation use "
        "bce_with_logits.",
        bce, values([0.5, 1.2]), [0, 1],
    )  # fmt: skip
    says(
        ValueError,
        "kl: outputs[0] is nan, but a probability lies in [0, 1]. For scores without an activation use kl_with_logits.",
        kl, [math.nan, 0.5], [0.5, 0.5],
    )  # fmt: skip
    for loss in (bce, summed_log_loss, bce_with_logits):
        says(
            ValueError,
            f"{loss.__name__}: targets[0][1] is 2.0, but a probability lies in [0, 1].",
            loss, [[0.1, 0.2]], [[1.0, 2.0]],
        )  # fmt: skip


def test_losses_that_are_infinite() -> None:
    says(
        ValueError,
        "bce is infinite: outputs[1] (o1) is 0.0 where the target is 1.0. Train on scores without an activation, with "
        "bce_with_logits.",
        bce, values([0.5, 0.0]), [1, 1],
    )  # fmt: skip
    says(
        ValueError,
        "summed_log_loss is infinite: outputs[0] is 1.0 where the target is 0.25. Train on scores without an "
        "activation, with bce_with_logits.",
        summed_log_loss, [1.0], [0.25],
    )  # fmt: skip
    says(
        ValueError,
        "kl is infinite: outputs[1] is 0.0 where the target is 0.5. Train on scores without an activation, with "
        "kl_with_logits.",
        kl, [1.0, 0.0], [0.5, 0.5],
    )  # fmt: skip


def test_margins_and_thresholds() -> None:
    says(
        ValueError,
        "hinge: targets[1] is 0.0, but a target is −1 or 1. Turn classes 0 and 1 into 2·t − 1.",
        hinge, [0.3, 0.4], [1, 0],
    )  # fmt: skip
    says(ValueError, "huber needs delta > 0, the error at which it becomes linear; got 0.", huber, 1.0, 0.0, 0)
    says(ValueError, "multi_margin needs margin > 0; got -1.", multi_margin, [1.0, 2.0], 0, -1)


@pytest.mark.parametrize("loss", [mse, mae, half_squared_error, huber])
def test_errors_are_named_by_their_output(loss: Callable[..., Any]) -> None:
    recorded = loss([Value(3.0, name="O1"), Value(5.0, name="O2")], [1.0, 2.0])
    errors = {name: node.data for node, name in recorded.graph().names.items() if name.startswith("e[")}
    assert errors == {"e[0]": 2.0, "e[1]": 3.0}


def test_an_overflow_names_the_error_that_overflowed() -> None:
    with pytest.raises(OverflowError, match=r"e\[1\]² is larger than the largest float.* at e\[1\] = "):
        mse([Value(3.0), Value(1e200)], [1.0, 2.0])
