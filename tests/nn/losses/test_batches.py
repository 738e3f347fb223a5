"""PyTorch's losses with all their options, numbers and gradients beside PyTorch's own; and what is refused."""

from functools import partial
from itertools import product

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn import functional as F  # noqa: N812  (PyTorch's habit)

torch = pytest.importorskip("torch", reason="the oracle of its own losses")

RANDOM = np.random.default_rng(0)
SCORES, OTHERS = RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((5, 3))
SHARES = RANDOM.dirichlet([1.0, 2.0, 0.5], 5)
BITS = (RANDOM.random((5, 3)) > 0.5).astype(float)
CLASSES = np.array([0, 2, 1, 1, 0])
PICTURES, PLACES = RANDOM.standard_normal((2, 3, 2, 2)), RANDOM.integers(0, 3, (2, 2, 2))
PROBABILITIES = RANDOM.uniform(0.1, 0.9, (5, 3))
WEIGHT, POSITIVE = [0.5, 2.0, 1.25], [3.0, 0.5, 1.0]

#: A loss, its outputs, its targets, and options.
CASES = {
    "mse": ("mse_loss", SCORES, OTHERS, {}),
    "l1": ("l1_loss", SCORES, OTHERS, {}),
    "huber": ("huber_loss", SCORES, OTHERS, {"delta": 0.7}),
    "smooth l1": ("smooth_l1_loss", SCORES, OTHERS, {"beta": 0.3}),
    "smooth l1, beta 0": ("smooth_l1_loss", SCORES, OTHERS, {"beta": 0.0}),
    "bce": ("binary_cross_entropy", PROBABILITIES, BITS, {}),
    "bce, weight": ("binary_cross_entropy", PROBABILITIES, BITS, {"weight": WEIGHT}),
    "logits": ("binary_cross_entropy_with_logits", SCORES, BITS, {}),
    "logits, weights": ("binary_cross_entropy_with_logits", SCORES, BITS, {"weight": WEIGHT, "pos_weight": POSITIVE}),
    "nll": ("nll_loss", SCORES, CLASSES, {}),
    "nll, weight": ("nll_loss", SCORES, CLASSES, {"weight": WEIGHT, "ignore_index": 1}),
    "nll, pictures": ("nll_loss", PICTURES, PLACES, {"weight": WEIGHT}),
    "kl": ("kl_div", np.log(PROBABILITIES), SHARES, {}),
    "kl, one-hot": ("kl_div", np.log(PROBABILITIES), BITS, {}),
    "kl, logarithms": ("kl_div", np.log(PROBABILITIES), np.log(SHARES), {"log_target": True}),
    "classes": ("cross_entropy", SCORES, CLASSES, {}),
    "one example": ("cross_entropy", SCORES[0], np.array(2), {}),
    "one weighted example": ("cross_entropy", SCORES[0], np.array(2), {"weight": WEIGHT}),
    "distributions": ("cross_entropy", SCORES, SHARES, {}),
    "one distribution": ("cross_entropy", SCORES[0], SHARES[0], {}),
    "weight": ("cross_entropy", SCORES, CLASSES, {"weight": WEIGHT}),
    "ignored": ("cross_entropy", SCORES, CLASSES, {"ignore_index": np.int64(1)}),
    "ignored, weight": ("cross_entropy", SCORES, CLASSES, {"weight": WEIGHT, "ignore_index": 1}),
    "smoothing": ("cross_entropy", SCORES, CLASSES, {"label_smoothing": 0.2}),
    "all options": ("cross_entropy", SCORES, CLASSES,
                    {"weight": WEIGHT, "label_smoothing": 0.2, "ignore_index": 0}),
    "distributions, smoothing": ("cross_entropy", SCORES, SHARES, {"label_smoothing": 0.2}),
    "distributions, weight": ("cross_entropy", SCORES, SHARES, {"weight": WEIGHT}),
    "distributions, both": ("cross_entropy", SCORES, SHARES, {"weight": WEIGHT, "label_smoothing": 0.2}),
    "pictures": ("cross_entropy", PICTURES, PLACES, {"weight": WEIGHT, "ignore_index": 1}),
}  # fmt: skip
#: Their classes, and the options that these take.
CLASSES_OF = {
    "mse_loss": nn.MSELoss, "l1_loss": nn.L1Loss, "huber_loss": nn.HuberLoss, "smooth_l1_loss": nn.SmoothL1Loss,
    "binary_cross_entropy": nn.BCELoss, "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss,
    "nll_loss": nn.NLLLoss, "kl_div": nn.KLDivLoss, "cross_entropy": nn.CrossEntropyLoss,
}  # fmt: skip


def as_tensor(option):
    return torch.tensor(option, dtype=torch.float64) if isinstance(option, list) else option


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize(
    ("case", "reduction"),
    [*product(CASES, ["mean", "sum", "none"]), *((case, "batchmean") for case in CASES if CASES[case][0] == "kl_div")],
)
def test_numbers_and_gradients_are_pytorchs(case, reduction):
    name, outputs, targets, options = CASES[case]
    tensor = torch.tensor(outputs, requires_grad=True)
    theirs = {key: as_tensor(option) for key, option in options.items()}
    due = getattr(torch.nn.functional, name)(tensor, torch.tensor(targets), reduction=reduction, **theirs)
    due.sum().backward()
    values = nn.arrays.make([Value(x) for x in outputs.ravel()], outputs.shape)
    found = CLASSES_OF[name](reduction=reduction, **options)(values, targets)
    np.testing.assert_allclose(nn.arrays.numbers(found), due.detach().numpy(), rtol=1e-11, atol=1e-13)
    (found if isinstance(found, Value) else found.sum()).backward()
    slopes = np.array([v.grad or 0.0 for v in values.ravel()]).reshape(outputs.shape)
    np.testing.assert_allclose(slopes, tensor.grad.numpy(), rtol=1e-11, atol=1e-13)
    plain = getattr(F, name)(outputs.tolist(), targets.tolist(), reduction=reduction, **options)
    np.testing.assert_allclose(plain, due.detach().numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in CLASSES_OF if name != "kl_div"])
def test_only_kl_has_a_mean_over_the_batch(name):
    with pytest.raises(ValueError, match=r"^reduction must be 'mean', 'sum' or 'none', not 'batchmean'"):
        CLASSES_OF[name](reduction="batchmean")


@pytest.mark.parametrize("make", [torch.tensor, np.asarray, np.ndarray.tolist], ids=["tensor", "array", "list"])
def test_targets_of_any_kind(make):
    assert nn.CrossEntropyLoss()(SCORES, make(CLASSES)) == pytest.approx(F.cross_entropy(SCORES, CLASSES), rel=1e-15)
    assert nn.MSELoss()(make(SCORES), make(OTHERS)) == pytest.approx(F.mse_loss(SCORES, OTHERS), rel=1e-15)


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        (
            lambda: F.mse_loss(SCORES[:, :1], OTHERS[:, 0]),  # where PyTorch makes 25 differences of 5
            nn.ShapeError,
            "mse_loss takes targets of the shape of the outputs, (5, 1), got (5,): write targets.reshape((5, 1)).",
        ),
        (
            lambda: nn.L1Loss()(SCORES, OTHERS[:4]),
            nn.ShapeError,
            "l1_loss takes targets of the shape of the outputs, (5, 3), got (4, 3): give each output one target.",
        ),
        (
            lambda: nn.MSELoss()([], []),
            nn.ShapeError,
            "mse_loss needs one output or more; these have shape (0,).",
        ),
        (
            lambda: nn.MSELoss(reduction="average"),
            ValueError,
            "reduction must be 'mean', 'sum' or 'none', not 'average'.",
        ),
        (
            lambda: nn.CrossEntropyLoss()(SCORES, CLASSES[:, None]),
            nn.ShapeError,
            "cross_entropy of scores (5, 3) takes classes of shape (5,), or probabilities of shape (5, 3), got (5, 1).",
        ),
        (
            lambda: nn.NLLLoss()(SCORES, SHARES),
            nn.ShapeError,
            "nll_loss of scores (5, 3) takes classes of shape (5,), got (5, 3).",
        ),
        (
            lambda: nn.CrossEntropyLoss()(SCORES[:, :1], CLASSES),
            nn.ShapeError,
            "cross_entropy takes scores of 2 classes or more, got 1: for one score take "
            "binary_cross_entropy_with_logits.",
        ),
        (
            lambda: nn.CrossEntropyLoss(weight=[1.0, 2.0])(SCORES, CLASSES),
            nn.ShapeError,
            "weight of cross_entropy takes one factor for each of 3 classes, got shape (2,).",
        ),
        (
            lambda: nn.CrossEntropyLoss(ignore_index=1)(SCORES[:1], [1]),
            ValueError,
            "cross_entropy: every target is 1, ignore_index, so that there is nothing to average.",
        ),
        (
            lambda: nn.CrossEntropyLoss(weight=[0.0, 1.0, 1.0])(SCORES[:2], [0, 0]),
            ValueError,
            "cross_entropy: the weights of the targets' classes sum to 0, so that they have no mean.",
        ),
        (
            lambda: nn.NLLLoss(weight=[-1.0, 1.0, 1.0])(SCORES[:2], [Value(0.0), Value(2.0)]),
            ValueError,
            "nll_loss: the weights of the targets' classes sum to 0, so that they have no mean.",
        ),
        (
            lambda: nn.CrossEntropyLoss(label_smoothing=2)(SCORES, CLASSES),
            ValueError,
            "label_smoothing must be a share from 0 to 1, not 2.",
        ),
        (lambda: F.conv2d, AttributeError, "nn.functional has no 'conv2d': write nn.Conv2d(…, W=weight, b=bias)."),
        (lambda: F.mse_los, AttributeError, "nn.functional has no 'mse_los'. Did you mean 'mse_loss'?"),
    ],
)
def test_errors(wrong, error, sentence):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == sentence


def test_a_class_that_is_none_is_named():
    with pytest.raises(ValueError, match="whole number from 0 to 2"):
        F.cross_entropy(SCORES, [0, 1, 3, 0, 0])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("options", [{}, {"weight": WEIGHT}, {"reduction": "sum"}, {"reduction": "none"}], ids=str)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_a_program_ignores_classes_that_are_its_inputs(name, options, backend):
    ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
    due = {key: torch.tensor(value).double() if key == "weight" else value for key, value in options.items()}
    for ignored in (1, -100):
        program = autograd.compile(partial(ours, ignore_index=ignored, **options), backend=backend)
        for classes in (np.zeros(len(SCORES)), np.where(np.arange(len(SCORES)) % 2, ignored, 2)):
            wanted = theirs(torch.tensor(SCORES), torch.tensor(classes).long(), ignore_index=ignored, **due)
            found = program(np.array(SCORES), classes.astype(float))
            np.testing.assert_allclose(np.asarray(found, dtype=float), wanted.numpy(), rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("wrong", [-1.0, 3.0, 0.5, np.nan, np.inf])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_a_program_refuses_what_is_no_class(name, wrong, backend):
    program = autograd.compile(getattr(F, name), backend=backend)
    for call in (program, program.grad):
        with pytest.raises(ValueError, match="whole number from 0 to 2"):
            call(np.array(SCORES[:2]), [0.0, wrong])


@pytest.mark.parametrize("wrong", [[1], [0, 0, 0, 1, 1], 1.5, 1.0, np.nan, "1", True, np.array([1])], ids=repr)
@pytest.mark.parametrize(
    ("owner", "call"),
    [
        ("cross_entropy", lambda wrong: F.cross_entropy(SCORES, CLASSES, ignore_index=wrong)),
        ("nll_loss", lambda wrong: F.nll_loss(SCORES, CLASSES, ignore_index=wrong)),
        ("CrossEntropyLoss", lambda wrong: nn.CrossEntropyLoss(ignore_index=wrong)),
        ("NLLLoss", lambda wrong: nn.NLLLoss(ignore_index=wrong)),
    ],
)
def test_one_whole_number_is_ignored(owner, call, wrong):
    with pytest.raises(TypeError) as caught:
        call(wrong)
    assert str(caught.value) == (
        f"ignore_index of {owner} must be a whole number, the one class that is left out, not {wrong!r}."
    )


def test_none_ignores_no_class():
    due = torch.nn.functional.cross_entropy(torch.tensor(SCORES), torch.tensor(CLASSES), ignore_index=-5).item()
    assert F.cross_entropy(SCORES, CLASSES, ignore_index=None) == pytest.approx(due, rel=1e-12)
    with pytest.raises(ValueError, match="whole number from 0 to 2, not -100"):
        F.cross_entropy(SCORES[:1], [-100], ignore_index=None)
    assert nn.CrossEntropyLoss(ignore_index=np.int64(3)).options["ignore_index"] == 3


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_what_is_ignored_as_a_whole_has_slopes_of_0(name, reduction):
    tensor = torch.tensor(SCORES[:2] * np.inf, requires_grad=True)
    due = getattr(torch.nn.functional, name)(tensor, torch.tensor([-100, -100]), reduction=reduction)
    values = nn.arrays.make([Value(x * np.inf) for x in SCORES[:2].ravel()], (2, 3))
    found = getattr(F, name)(values, [-100, -100], reduction=reduction)
    np.testing.assert_array_equal(nn.arrays.numbers(found), due.detach().numpy())
    (found if isinstance(found, Value) else found.sum()).backward()
    assert not any(value.grad for value in values.ravel())
    program = autograd.compile(partial(getattr(F, name), reduction="sum"))
    assert program(np.array(SCORES[:2]), [-100.0, -100.0]) == 0.0
    with pytest.raises(autograd.DivisionByZeroError):
        autograd.compile(getattr(F, name))(np.array(SCORES[:2]), [-100.0, -100.0])
