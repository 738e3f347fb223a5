"""`fit` and `evaluate` with PyTorch's losses, on the engine and compiled, beside PyTorch."""

import numpy as np
import pytest

import nn
from nn.training.checks import read_data

X, CLASSES = nn.two_moons(20, noise=0.2, seed=0)
T = np.random.default_rng(0).standard_normal((20, 2))
BITS = (T > 0).astype(float)
SHARES = np.random.default_rng(1).dirichlet([1.0, 1.0], 20)

#: A loss, its targets, and the last layer's activation.
CASES = {
    "mse": (nn.MSELoss(), T, "identity"),
    "l1": (nn.L1Loss(), T, "identity"),
    "huber": (nn.HuberLoss(delta=0.4), T, "identity"),
    "smooth l1": (nn.SmoothL1Loss(beta=0.4), T, "identity"),
    "bce": (nn.BCELoss(), BITS, "sigmoid"),
    "logits": (nn.BCEWithLogitsLoss(), BITS, "identity"),
    "logits, pos_weight": (nn.BCEWithLogitsLoss(pos_weight=[2.0, 0.5]), BITS, "identity"),
    "nll": (nn.NLLLoss(), CLASSES, "log_softmax"),
    "classes": (nn.CrossEntropyLoss(), CLASSES, "identity"),
    "distributions": (nn.CrossEntropyLoss(), SHARES, "identity"),
    "smoothing": (nn.CrossEntropyLoss(label_smoothing=0.1), CLASSES, "identity"),
    "distributions, smoothing": (nn.CrossEntropyLoss(label_smoothing=0.1), SHARES, "identity"),
    "kl": (nn.KLDivLoss(), SHARES, "log_softmax"),
    "kl, batchmean": (nn.KLDivLoss(reduction="batchmean"), SHARES, "log_softmax"),
}  # fmt: skip


def make(activation):
    return nn.MLP(2, [3, 2], activation="tanh", output_activation=activation, seed=0)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")  # PyTorch's own advice on KLDivLoss
@pytest.mark.parametrize("way", [False, "numpy", "numba"])
@pytest.mark.parametrize("name", CASES)
def test_fit_and_evaluate_are_pytorchs(name, way):
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    criterion, targets, activation = CASES[name]
    given = criterion.options.items()
    options = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in given}
    theirs = getattr(torch.nn, type(criterion).__name__)(**options)
    model = make(activation)
    twin = nn.to_torch(model)
    descent = torch.optim.SGD(twin.parameters(), lr=0.1)
    rows, due = torch.tensor(X), torch.tensor(targets)
    losses = []
    for _ in range(3):
        total = 0.0
        for inputs, some in zip(rows.split(8), due.split(8), strict=True):
            descent.zero_grad()
            loss = theirs(twin(inputs), some)
            loss.backward()
            descent.step()
            total += loss.item() * len(inputs)
        losses.append(total / len(X))
    history = nn.fit(model, X, targets, criterion, "sgd(0.1)", 3, batch_size=8, shuffle=False, compile=way)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-10)
    for ours, other in zip(nn.torch_state(model).values(), twin.state_dict().values(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-12)
    score = nn.evaluate(model, X, targets, criterion)["loss"]
    assert score == pytest.approx(theirs(twin(rows), due).item(), rel=1e-10)


@pytest.mark.parametrize("ignored", [1, -100])
@pytest.mark.parametrize("way", [False, "numpy", "numba"])
def test_examples_of_the_class_that_is_ignored_are_left_out(way, ignored):
    torch = pytest.importorskip("torch")
    classes = np.where(np.arange(20) % 3 == 0, ignored, CLASSES)
    model, criterion = make("identity"), nn.CrossEntropyLoss(ignore_index=ignored)
    theirs = nn.to_torch(model)
    descent = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(3):
        descent.zero_grad()
        loss = torch.nn.CrossEntropyLoss(ignore_index=ignored)(theirs(torch.tensor(X)), torch.tensor(classes).long())
        loss.backward()
        descent.step()
    history = nn.fit(
        model, X, classes, criterion, "sgd(0.1)", epochs=3, batch_size=None, compile=way, metrics=["accuracy"],
        validation_data=(X, classes),
    )  # fmt: skip
    assert history["loss"][-1] == pytest.approx(loss.item(), rel=1e-12)
    for ours, other in zip(nn.torch_state(model).values(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-10)
    kept = classes != ignored
    due = nn.evaluate(model, X[kept], classes[kept], "cross_entropy", ["accuracy"])
    assert nn.evaluate(model, X, classes, criterion, ["accuracy"]) == pytest.approx(due, rel=1e-12)
    assert history["val_accuracy"][-1] == due["accuracy"]


@pytest.mark.parametrize("ignored", [1, -100])
def test_the_loss_around_the_weights_is_without_the_class_that_is_ignored(ignored):
    classes = np.where(np.arange(20) % 3 == 0, ignored, CLASSES)
    kept = classes != ignored
    model, criterion = make("identity"), nn.CrossEntropyLoss(ignore_index=ignored)
    full, rest = (model, X, classes, criterion), (model, X[kept], classes[kept], "cross_entropy")
    for curved in (nn.curvature.hessian, nn.curvature.loss_gradient):
        np.testing.assert_allclose(curved(*full), curved(*rest), rtol=1e-12, atol=1e-15)
    assert nn.curvature.gradient_norms(*full) == pytest.approx(nn.curvature.gradient_norms(*rest), rel=1e-12)
    weights = model.parameters()[:2]
    one, other = (nn.plots.loss_curve(*given, weights[0], resolution=9).axes[0].lines[0] for given in (full, rest))
    np.testing.assert_allclose(one.get_xydata(), other.get_xydata(), rtol=1e-12)
    one, other = (nn.plots.loss_surface(*given, weights, resolution=9).axes[0].collections for given in (full, rest))
    for contours, same in zip(one, other, strict=True):
        np.testing.assert_allclose(contours.levels, same.levels, rtol=1e-12)
        for path, like in zip(contours.get_paths(), same.get_paths(), strict=True):
            np.testing.assert_allclose(path.vertices, like.vertices, rtol=1e-9, atol=1e-12)
    assert one


def test_what_cannot_be_left_out_is_refused():
    with pytest.raises(ValueError, match=r"^CrossEntropyLoss ignores the class 1, and all 20 targets are that\.$"):
        nn.fit(make("identity"), X, np.ones(20), nn.CrossEntropyLoss(ignore_index=1))
    pictures = np.random.default_rng(0).normal(size=(2, 1, 2, 2))
    places = np.array([[[0, 1], [-100, 1]], [[0, 1], [1, 1]]])
    with pytest.raises(ValueError, match=r"ignores the class -100 at some places of an example and not at others"):
        nn.fit(nn.Conv2d(1, 2, 1), pictures, places, nn.CrossEntropyLoss())
    criterion, model = nn.CrossEntropyLoss(weight=[1.0, 2.0]), make("identity")  # what is advised instead
    torch = pytest.importorskip("torch")
    due = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]).double())(
        torch.tensor(nn.predict(model, X)), torch.tensor(CLASSES)
    )
    assert criterion(nn.predict(model, X), CLASSES) == pytest.approx(due.item(), rel=1e-12)


def test_errors_name_the_rows_of_what_was_given():
    targets, criterion, model = [-100, -100, 0, 1, 5, 0], nn.CrossEntropyLoss(), make("identity")
    sentence = r"^{}\[4\] \(row 4\) is no target for the loss\. .* not 5\.$"
    for call in (nn.evaluate, nn.fit, nn.curvature.hessian):
        with pytest.raises(ValueError, match=sentence.format("y")):
            call(model, X[:6], targets, criterion)
    with pytest.raises(ValueError, match=sentence.format("y of validation_data")):
        nn.fit(model, X, CLASSES, criterion, validation_data=(X[:6], targets))
    with pytest.raises(ValueError, match=r"^class_weight takes classes as targets, but y\[4\] is 0\.5: "):
        nn.fit(model, X[:6], [-100, -100, 0, 1, 0.5, 0], criterion, class_weight="balanced")


@pytest.mark.parametrize("way", [False, "numpy"])
def test_a_divergence_names_the_row_of_what_was_given(way):
    rows = np.where(np.arange(20)[:, None] == 7, 1e308, X)
    model, criterion = nn.Linear(2, 2, W=[[9.0, 0.0], [0.0, -9.0]]), nn.CrossEntropyLoss(ignore_index=5)
    classes = np.where(np.arange(20) < 5, 5, CLASSES)
    with pytest.raises(nn.DivergedError, match=r"in epoch 1, step \d+ of \d+, at row 7"):
        nn.fit(model, rows, classes, criterion, compile=way, batch_size=2)


@pytest.mark.parametrize("way", [False, "numpy", "numba", "evaluate"])
@pytest.mark.parametrize(
    ("criterion", "targets"),
    [
        (nn.CrossEntropyLoss(ignore_index=0), [[0, 1], [1, 0]]),
        (nn.CrossEntropyLoss(ignore_index=-1), [[2, -1, 0], [-1, 2, 0]]),
        (nn.CrossEntropyLoss(ignore_index=-1), [[1, 0, 0], [-1, 2, 0]]),
        (nn.NLLLoss(ignore_index=-1), [[1, 0, 0], [-1, 2, 0]]),
    ],
)  # fmt: skip
def test_classes_of_several_places_that_sum_to_1_are_no_shares(criterion, targets, way):
    k = len(targets[0])
    model, rows = nn.Elman(3, k, seed=0), np.random.default_rng(0).normal(size=(2, k, 3))
    call, options = (nn.evaluate, {}) if way == "evaluate" else (nn.fit, {"compile": way})
    with pytest.raises(ValueError, match=r" at some places of an example and not at others"):
        call(model, rows, targets, criterion, **options)


@pytest.mark.parametrize("way", [False, "numpy", "numba"])
def test_whole_sequences_of_the_class_that_is_ignored_are_left_out(way):
    torch = pytest.importorskip("torch")
    model, rows = nn.Elman(3, 2, seed=0), np.random.default_rng(0).normal(size=(3, 2, 3))
    targets, criterion = np.array([[0, 1], [-100, -100], [1, 0]]), nn.CrossEntropyLoss(label_smoothing=0.1)
    outputs = torch.tensor(nn.predict(model, rows))
    due = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(outputs, torch.tensor(targets)).item()
    assert nn.evaluate(model, rows, targets, criterion)["loss"] == pytest.approx(due, rel=1e-12)
    assert nn.fit(model, rows, targets, criterion, compile=way)["loss"] == pytest.approx([due], rel=1e-12)


def sequences(rng):
    return nn.Elman(3, 2, seed=0), rng.normal(size=(3, 2, 3)), rng.integers(0, 2, (3, 2))


def pictures(rng):
    return nn.Conv2d(1, 3, 1, seed=0), rng.normal(size=(3, 1, 2, 2)), rng.integers(0, 3, (3, 2, 2))


def pictures_of_a_row(rng):
    return nn.Conv2d(1, 3, 1, seed=0), rng.normal(size=(3, 1, 1, 2)), rng.integers(0, 3, (3, 1, 2))


def pictures_of_shares(rng):
    shares = np.moveaxis(rng.dirichlet([1.0, 2.0, 1.0], (3, 2, 2)), -1, 1)
    return nn.Conv2d(1, 3, 1, seed=0), rng.normal(size=(3, 1, 2, 2)), shares


@pytest.mark.parametrize("way", [False, "numpy", "numba"])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=str)
@pytest.mark.parametrize("make", [sequences, pictures, pictures_of_a_row, pictures_of_shares])
def test_examples_of_several_places_are_pytorchs(make, options, way):
    torch = pytest.importorskip("torch")
    model, rows, targets = make(np.random.default_rng(0))
    due = torch.nn.CrossEntropyLoss(**options)(torch.tensor(nn.predict(model, rows)), torch.tensor(targets)).item()
    criterion = nn.CrossEntropyLoss(**options)
    assert nn.evaluate(model, rows, targets, criterion)["loss"] == pytest.approx(due, rel=1e-12)
    history = nn.fit(
        model, rows, targets, criterion, compile=way, batch_size=2, validation_data=(rows, targets), epochs=2
    )
    assert history["val_loss"][-1] == pytest.approx(nn.evaluate(model, rows, targets, criterion)["loss"], rel=1e-12)
    assert nn.fit(model, rows, targets, criterion, compile=way)["loss"] == pytest.approx(history["val_loss"][-1:])


@pytest.mark.parametrize("targets", [CLASSES, CLASSES[:, None], SHARES], ids=["classes", "a column", "shares"])
def test_one_place_an_example_has_the_plain_loss(targets):
    assert read_data(make("identity"), (X, targets), nn.CrossEntropyLoss())[1] is nn.cross_entropy


def test_the_loss_of_one_place_says_what_takes_several():
    model, rows, targets = pictures(np.random.default_rng(0))
    for loss, given, rest in [
        ("cross_entropy", targets, "; one of several places takes nn.CrossEntropyLoss() and a target for each."),
        (
            nn.CrossEntropyLoss(),
            [0, 1, 2],
            "; one of several places takes nn.CrossEntropyLoss() and a target for each.",
        ),
        ("multi_margin", targets, "."),
    ]:
        with pytest.raises(ValueError) as refused:
            nn.fit(model, rows, given, loss)
        name = loss if isinstance(loss, str) else "cross_entropy"
        assert str(refused.value) == (
            f"y[0] (row 0) is no target for the loss. {name} takes the scores of one example, not an array of shape "
            f"(3, 2, 2). Average it over the examples, or let fit do so{rest}"
        )


@pytest.mark.parametrize("way", [False, "numpy", "numba"])
def test_shares_hold_no_class_that_could_be_ignored(way):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for model, inputs, shares in [
        (make("identity"), X, np.array([[0.0, 1.0]] * 20)),
        (nn.Conv2d(1, 2, 1, seed=0), rng.normal(size=(3, 1, 2, 2)), np.eye(2)[rng.integers(0, 2, (3, 2, 2))]),
    ]:
        targets = np.moveaxis(shares, -1, 1) if shares.ndim == 4 else shares
        outputs = torch.tensor(nn.predict(model, inputs))
        due = torch.nn.CrossEntropyLoss()(outputs, torch.tensor(targets)).item()
        history = nn.fit(model, inputs, targets, nn.CrossEntropyLoss(ignore_index=1), compile=way)
        assert history["loss"] == pytest.approx([due], rel=1e-12)


def test_one_output_and_flat_targets():
    model, other = nn.Linear(2, 1, seed=0), nn.Linear(2, 1, seed=0)
    for one, loss in [(model, nn.SmoothL1Loss()), (other, "huber")]:
        nn.fit(one, X, T[:, 0], loss, "sgd", epochs=2, shuffle=False, compile=False)
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in other.parameters()], rel=1e-12)


def test_a_plain_loss_gets_the_advice_of_its_name():
    model = make("softmax")
    notes = [nn.fit(model, X, CLASSES, loss, epochs=1, compile=False).notes for loss in
             ("cross_entropy", nn.CrossEntropyLoss())]  # fmt: skip
    assert notes[0] == notes[1] != []


@pytest.mark.parametrize(
    ("loss", "error", "sentence"),
    [
        (nn.CrossEntropyLoss, TypeError, "loss is the class CrossEntropyLoss: write loss=nn.CrossEntropyLoss()."),
        (nn.MSELoss(reduction="sum"), ValueError,
         "fit and evaluate average the losses of examples, but MSELoss has reduction='sum': leave it out, or write "
         "criterion(model(inputs), targets) in a loop by hand, criterion(nn.predict(model, X), y) to evaluate."),
        (nn.CrossEntropyLoss(weight=[1.0, 2.0]), ValueError,
         "fit and evaluate average the losses of examples, but CrossEntropyLoss with weight=… weighs them by batch: "
         "give sample_weight, or fit class_weight={class: weight}, or write criterion(model(inputs), targets) in a "
         "loop by hand, criterion(nn.predict(model, X), y) to evaluate."),
    ],
)  # fmt: skip
def test_what_fit_cannot_average_is_refused(loss, error, sentence):
    for call in (nn.fit, nn.evaluate):
        with pytest.raises(error) as caught:
            call(make("identity"), X, CLASSES if "Cross" in str(loss) else T, loss)
        assert str(caught.value) == sentence


class TestDerived:
    """Losses of a user's own, made from ours, are what `fit` and `evaluate` compute."""

    class Raised(nn.CrossEntropyLoss):
        def __call__(self, outputs, targets):
            return 100.0 + super().__call__(outputs, targets)

    class Cubed(nn.MSELoss):
        function = staticmethod(lambda outputs, targets, reduction: nn.functional.l1_loss(outputs, targets) ** 3)

    class Focal(nn.CrossEntropyLoss):
        def __init__(self, gamma):
            super().__init__()
            self.gamma = gamma

        def __call__(self, outputs, targets):
            return super().__call__(outputs, targets) ** self.gamma

    @pytest.mark.parametrize("way", [False, "numpy", "numba"])
    @pytest.mark.parametrize(
        ("criterion", "targets"),
        [(Raised(), CLASSES), (Raised(label_smoothing=0.1), CLASSES), (Cubed(), T), (Focal(2.0), CLASSES)],
        ids=["call", "call with options", "function", "arguments"],
    )
    def test_they_are_called(self, criterion, targets, way):
        model = make("identity")
        due = np.mean([float(criterion(nn.predict(model, x[None]), t[None])) for x, t in zip(X, targets, strict=True)])
        assert nn.evaluate(model, X, targets, criterion)["loss"] == pytest.approx(due, rel=1e-12)
        assert nn.fit(model, X, targets, criterion, compile=way)["loss"] == pytest.approx([due], rel=1e-12)

    def test_they_print(self):
        assert repr(self.Raised(label_smoothing=0.1)) == "Raised(label_smoothing=0.1)"
        assert repr(self.Focal(2.0)).startswith("Focal(weight=None, ignore_index=-100, ")


def test_it_prints_its_options():
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss()"
    assert repr(nn.CrossEntropyLoss(weight=[1, 2], label_smoothing=0.1)) == (
        "CrossEntropyLoss(weight=[1, 2], label_smoothing=0.1)"
    )
