"""Regressor and Classifier: scikit-learn's own checks, and what its users do with an estimator."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
from collections import deque
from typing import Any

import numpy as np
import pytest

import nn

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nn.sklearn import Classifier, Regressor

X, CLASSES = make_blobs(n_samples=90, random_state=4)
Y = np.sin(X[:, 0]) + 0.1 * X[:, 1]

#: What scikit-learn itself leaves out, where something else is not there.
NEEDS = {"pandas is not installed", "SCIPY_ARRAY_API is not set"}


def make_with_dropout(n_in: int, n_out: int, seed: int) -> nn.Module:
    first, last = nn.Layer(n_in, 6, "relu", seed=seed), nn.Layer(6, n_out, seed=seed)
    return nn.Sequential(first, nn.Dropout(0.2, seed=seed), last)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [Regressor(), Classifier()], ids=["Regressor", "Classifier"])
def test_scikit_learns_checks_pass(estimator: Any) -> None:
    found = check_estimator(estimator, on_skip=None)
    assert len(found) > 50
    left_out = {str(each["exception"]).partition(":")[0] for each in found if each["status"] == "skipped"}
    assert left_out <= NEEDS
    assert {each["status"] for each in found} <= {"passed", "skipped"}


def test_scikit_learn_is_loaded_when_it_is_asked_for() -> None:
    code = "import sys, nn; print('sklearn' in sys.modules, nn.sklearn.Classifier.__name__, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False Classifier True\n"


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import nn.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith(
        "ModuleNotFoundError: nn.sklearn needs scikit-learn: pip install 'edgegrad[sklearn]'.\n"
    )


def test_a_fit_is_nn_fit() -> None:
    estimator = Regressor((5,), "tanh", epochs=4, batch_size=16, random_state=3).fit(X, Y)
    seed = int(np.random.RandomState(3).randint(2**31 - 1))
    model = nn.MLP(2, [5, 1], "tanh", seed=seed)
    order = np.random.default_rng(seed)
    history = nn.fit(model, X, Y, "mse", nn.Adam(model.parameters(), lr=0.01), 4, 16, seed=order)
    assert estimator.loss_curve_ == history["loss"]
    assert estimator.n_iter_ == 4
    np.testing.assert_array_equal(estimator.predict(X), nn.predict(model, X)[:, 0])
    np.testing.assert_array_equal(nn.predict(estimator.model_, X)[:, 0], estimator.predict(X))


@pytest.mark.parametrize("names", [["no", "yes"], ["a", "b", "c"]])
def test_classes_keep_their_names_and_probabilities_go_with_scores(names: list[str]) -> None:
    y = np.array(names)[CLASSES % len(names)]
    classifier = Classifier((8,), epochs=20, random_state=0).fit(X, y)
    assert classifier.classes_.tolist() == names
    assert classifier.loss_curve_[-1] < classifier.loss_curve_[0]
    shares = classifier.predict_proba(X)
    assert shares.shape == (90, len(names))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(classifier.classes_[shares.argmax(axis=1)], classifier.predict(X))
    scores = nn.predict(classifier.model_, X)
    due = 1.0 / (1.0 + np.exp(-scores[:, 0])) if len(names) == 2 else np.exp(scores) / np.exp(scores).sum(1)[:, None]
    np.testing.assert_allclose(shares[:, 1], due if len(names) == 2 else due[:, 1], rtol=1e-12)


def test_probabilities_of_sure_scores_stay_finite() -> None:
    classifier = Classifier((), epochs=1, random_state=0).fit(X, CLASSES > 0)
    classifier.model_.load_state_dict({"W1": [[1e4, 0.0]], "b1": [0.0]})
    logs = classifier.predict_log_proba([[1.0, 0.0], [-1.0, 0.0]])
    np.testing.assert_allclose(logs, [[-1e4, 0.0], [0.0, -1e4]])


def test_a_search_over_a_pipeline_runs_on_processes() -> None:
    pipeline = make_pipeline(StandardScaler(), Classifier(epochs=15, random_state=0))
    grid = {"classifier__hidden": [(4,), (8, 8)], "classifier__lr": [0.03]}
    apart = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, CLASSES)
    here = GridSearchCV(pipeline, grid, cv=2).fit(X, CLASSES)
    np.testing.assert_array_equal(apart.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(apart.predict_proba(X), here.predict_proba(X))
    assert cross_val_score(pipeline, X, CLASSES, cv=3).mean() > 0.9


@pytest.mark.parametrize("made", [Regressor(epochs=3, random_state=1), Classifier(epochs=3, random_state=1)])
def test_copies_and_pickles_predict_and_go_on_alike(made: Any) -> None:
    y = CLASSES if isinstance(made, Classifier) else Y
    fitted = made.fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))
    assert fitted.partial_fit(X, y).loss_curve_ == again.partial_fit(X, y).loss_curve_
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)


def test_partial_fit_goes_on_and_asks_for_the_classes() -> None:
    by_parts = Classifier((4,), batch_size=None, random_state=0)
    with pytest.raises(ValueError, match=r"^partial_fit was not told which classes there will be: pass classes=…"):
        by_parts.partial_fit(X[:9], CLASSES[:9])
    by_parts.partial_fit(X, CLASSES, classes=[0, 1, 2]).partial_fit(X, CLASSES)
    whole = Classifier((4,), batch_size=None, random_state=0, epochs=2).fit(X, CLASSES)
    assert by_parts.loss_curve_ == whole.loss_curve_
    one_class = by_parts.partial_fit(X[CLASSES == 1], CLASSES[CLASSES == 1])
    assert one_class.n_iter_ == 3
    with pytest.raises(ValueError, match=r"^y holds the class 7, which is none of the classes \[0 1 2\]\.$"):
        by_parts.partial_fit(X[:1], [7])
    with pytest.raises(ValueError, match=r"^classes are \[0 1\], but this classifier has learnt \[0 1 2\]\.$"):
        by_parts.partial_fit(X[:1], [1], classes=[0, 1])


def test_a_warm_start_goes_on_and_a_cold_one_begins_anew() -> None:
    warm = Regressor((4,), epochs=2, batch_size=None, warm_start=True, random_state=0).fit(X, Y).fit(X, Y)
    cold = Regressor((4,), epochs=4, batch_size=None, random_state=0).fit(X, Y)
    assert warm.loss_curve_ == cold.loss_curve_
    assert cold.fit(X, Y).n_iter_ == 4


def test_weights_reach_the_loss_and_whole_ones_are_repeated_examples() -> None:
    times = np.arange(90) % 3
    weighted = Regressor((4,), "tanh", epochs=5, random_state=0).fit(X, Y, sample_weight=times)
    repeated = Regressor((4,), "tanh", epochs=5, random_state=0).fit(np.repeat(X, times, 0), np.repeat(Y, times))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)
    heavy = Classifier((4,), epochs=30, class_weight={0: 1.0, 1: 1000.0}, random_state=0).fit(X, CLASSES % 2)
    plain = Classifier((4,), epochs=30, random_state=0).fit(X, CLASSES % 2)
    assert (heavy.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


def test_models_and_optimisers_of_ones_own() -> None:
    descent = functools.partial(nn.SGD, momentum=0.9)
    classifier = Classifier(model=make_with_dropout, optimizer=descent, lr=0.05, epochs=20, random_state=0)
    classifier = pickle.loads(pickle.dumps(clone(classifier))).fit(X, CLASSES)
    assert isinstance(classifier.model_.layers[1], nn.Dropout)
    assert repr(classifier.optimizer_).startswith("SGD(39 parameters, lr=0.05, momentum=0.9")
    again = clone(classifier).fit(X, CLASSES)
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_several_outputs() -> None:
    both = np.stack([Y, -Y], axis=1)
    regressor = Regressor(epochs=3, random_state=0).fit(X, both)
    assert regressor.predict(X).shape == (90, 2)
    assert Regressor(epochs=3, random_state=0).fit(X, Y[:, None]).predict(X).shape == (90,)


@pytest.mark.parametrize("kind", [Regressor, Classifier])
def test_a_whole_number_is_one_hidden_layer_as_in_scikit_learn(kind: Any) -> None:
    y = Y if kind is Regressor else CLASSES
    due = kind((5,), epochs=1, random_state=0).fit(X, y).loss_curve_
    for hidden in (5, [5], np.array([5]), np.int64(5), np.array(5), deque([5]), range(5, 6)):
        assert kind(hidden, epochs=1, random_state=0).fit(X, y).loss_curve_ == due
    arrays = (np.array(2.5), np.array([[5]]), np.array([5.0]), np.array(True), np.array(None))
    for wrong in (0, 2.5, True, None, "8", b"8", [8, 0], {8: 1}, [np.array([5])], *arrays):
        with pytest.raises(ValueError) as refused:
            kind(wrong, epochs=1).fit(X, y)
        assert str(refused.value) == (
            f"hidden of {kind.__name__} must be a whole number from 1, or several, one a hidden layer, such as "
            f"(32, 16), not {wrong!r}."
        )


def test_validation_is_drawn_by_class_and_stops_the_training() -> None:
    order = np.argsort(CLASSES)  # the last examples would all be of one class
    classifier = Classifier(epochs=300, validation_split=0.2, patience=3, random_state=0, lr=0.05)
    classifier.fit(X[order], CLASSES[order])
    assert "val_loss" in classifier.history_
    assert classifier.n_iter_ < 300
    assert classifier.score(X, CLASSES) > 0.9


def test_what_cannot_be_learnt_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^A classifier needs two classes or more, but y holds one class only, 1\.0\.$"
    ):
        Classifier().fit(X, np.ones(90))
    with pytest.raises(ValueError, match="Unknown label type"):
        Classifier().fit(X, Y)


@pytest.mark.parametrize(
    ("given", "lr", "wanted"),
    [
        (functools.partial(nn.SGD, lr=0.5), None, 0.5),
        (functools.partial(nn.SGD, lr=0.5), 0.125, 0.125),
        ("rprop", None, 0.01),
        ("lbfgs", None, 1.0),
        ("adam(0.25)", None, 0.25),
        ("adam(0.25)", 0.125, 0.125),
        ("sgd", 0.125, 0.125),
    ],
)
def test_the_rate_is_the_optimisers_own_unless_it_is_given(given: Any, lr: float | None, wanted: float) -> None:
    assert Regressor((), optimizer=given, lr=lr, epochs=1, random_state=0).fit(X, Y).optimizer_.lr == wanted


def test_a_rate_that_is_given_is_the_first_step_of_rprop() -> None:
    learnt = Regressor((), optimizer="rprop", lr=0.125, epochs=1, random_state=0).fit(X, Y)
    assert (learnt.optimizer_.state["step"] == 0.125).all()


def test_groups_keep_their_rates() -> None:
    def grouped(parameters: list[Any]) -> nn.Optimizer:
        return nn.SGD([{"params": parameters[:2], "lr": 0.5}, {"params": parameters[2:]}], lr=0.25)

    learnt = Regressor((), optimizer=grouped, epochs=1, batch_size=None, random_state=0).fit(X / 10.0, Y)
    assert [group["lr"] for group in learnt.optimizer_.param_groups] == [0.5, 0.25]


@pytest.mark.parametrize("lr", [None, 0.25])
def test_each_training_begins_with_the_first_rate(lr: float | None) -> None:
    halved = nn.ExponentialDecay(0.5)
    learnt = Regressor((), lr=lr, optimizer="adam(0.25)", schedule=halved, epochs=3, warm_start=True, random_state=0)
    last_rates = [learnt.fit(X, Y).optimizer_.lr for _ in range(2)]
    assert last_rates == [0.03125, 0.03125]
    assert learnt.partial_fit(X, Y).optimizer_.lr == 0.25


def test_a_class_that_there_is_not_has_no_weight() -> None:
    with pytest.raises(ValueError, match="class_weight names the class 'yse', which is none of the classes"):
        Classifier(class_weight={"yse": 2.0}, epochs=1).fit(X, np.where(CLASSES == 1, "yes", "no"))


@pytest.mark.parametrize(("classes", "last"), [(2, "sigmoid"), (3, "softmax")])
def test_a_model_of_probabilities_is_refused_where_scores_are_taken(classes: int, last: str) -> None:
    """Above 0, where class 1 begins, is every output of a sigmoid; and a second softmax makes other probabilities."""

    def make(n_in: int, n_out: int, seed: int) -> nn.Module:
        norm = nn.BatchNorm1d(4)
        return nn.Sequential(nn.Layer(n_in, 4, seed=seed), norm, nn.Layer(4, n_out, last, seed=seed))

    classifier = Classifier(model=make, epochs=1)
    with pytest.raises(ValueError) as refused:
        classifier.fit(X, CLASSES % classes)
    assert str(refused.value) == (
        "Classifier takes the outputs of its model for scores of either sign, and makes probabilities of them itself, "
        f"but this model ends with {last}: leave it out."
    )
    assert not hasattr(classifier, "model_")


def test_a_masked_array_is_refused() -> None:
    masked, learnt = np.ma.masked_array(X, X > 1.0), Regressor(epochs=1, random_state=0).fit(X, Y)
    for call in (
        lambda: Regressor().fit(masked, Y), lambda: Classifier().fit(X, np.ma.masked_array(CLASSES, CLASSES > 1)),
        lambda: learnt.predict(masked),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="is a masked array, whose mask would be ignored: leave such examples out"):
            call()


@pytest.mark.parametrize("options", [{"class_weight": {7: 2.0}}, {"batch_size": -1}])
def test_a_refused_training_leaves_the_classifier_as_it_was(options: dict[str, Any]) -> None:
    fresh = Classifier(epochs=1, **options)
    with pytest.raises(ValueError):
        fresh.fit(X, CLASSES)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    learnt = Classifier(epochs=1, random_state=0).fit(X, CLASSES)
    before = learnt.predict_proba(X)
    with pytest.raises(ValueError):
        learnt.set_params(**options).fit(X[:, :1], CLASSES % 2)
    assert learnt.n_features_in_ == 2
    assert learnt.predict_proba(X).tolist() == before.tolist()


def test_a_refused_training_leaves_the_regressor_as_it_was() -> None:
    learnt = Regressor(epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError):
        learnt.set_params(batch_size=-1).fit(X[:, :1], np.stack([Y, Y], axis=1))
    assert learnt.predict(X).shape == Y.shape
