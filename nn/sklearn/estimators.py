"""A network as an estimator: the constructor keeps its arguments, `fit` reads them; what it learns ends with ``_``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from nn.arrays import check_given
from nn.data.examples import Examples
from nn.losses.regularizers import Regularizer
from nn.module import Module
from nn.modules.activations import ActivationSpec
from nn.modules.inputs import read_widths
from nn.modules.layers import MLP
from nn.optim.optimizers import Optimizer, optimizer
from nn.optim.schedules import Schedule
from nn.training.advice import find_last_activation
from nn.training.fit import fit, predict
from nn.training.history import History
from nn.training.runner import Loss

__all__ = ["Classifier", "Estimator", "Regressor"]

Array = NDArray[Any]
Make = Callable[[int, int, int], Module]


class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What a regressor and a classifier have in common.

    Args:
        hidden: neurons of each hidden layer; a number is one layer.
        activation: of the hidden layers.
        model: what makes another network: a function ``(n_in, n_out, seed) -> Module``. Then `hidden` and `activation`
            are not looked at.
        optimizer: a name such as ``"adam"``, or a function of the parameters, such as
            ``functools.partial(nn.SGD, momentum=0.9)``.
        lr: the learning rate, with which each `fit` begins; the optimiser's own where it is None.
        epochs: the most passes over the training examples.
        batch_size: examples a step, at most as many as there are; None for the full batch.
        regularizer: a penalty on the weights, such as ``nn.L2(1e-3)``.
        schedule: the learning rate's factor from epoch to epoch.
        clip_norm: the longest that the gradient of a step may be.
        validation_split: share of the examples, drawn at random, that is kept for validation.
        patience: epochs without improvement, of the validation loss if there is one, after which the training ends
            with the best weights.
        warm_start: whether `fit` goes on with the weights and the optimiser of the call before.
        random_state: of the first weights and of all orders.
        compile: as in `nn.fit`.
        verbose: whether progress is reported.

    Attributes:
        model_: the network.
        optimizer_: its optimiser.
        history_: what `nn.fit` gave; the last one.
        loss_curve_: the loss of every epoch, of all calls that went on with this network.
        n_iter_: how many epochs that are.
        n_features_in_: width of the inputs.
    """

    hidden: int | Sequence[int]
    activation: ActivationSpec
    model: Make | None
    optimizer: str | Callable[[list[Any]], Optimizer]
    lr: float | None
    epochs: int
    batch_size: int | None
    regularizer: Regularizer | None
    schedule: Schedule | Callable[[int], float] | None
    clip_norm: float | None
    validation_split: float
    patience: int | None
    warm_start: bool
    random_state: Any
    compile: bool | str
    verbose: bool

    def _take(self, given: dict[str, Any]) -> None:
        """Keep the constructor's arguments as they are, which is all that scikit-learn lets it do."""
        self.__dict__.update({name: given[name] for name in self._get_param_names()})

    @contextmanager
    def _unless_refused(self) -> Iterator[None]:
        """Leave what was learnt as it is where something is refused."""
        before = dict(vars(self))
        rate = self.optimizer_.lr if "optimizer_" in before else None
        try:
            yield
        except Exception:
            self.__dict__.clear()
            self.__dict__.update(before)
            if rate is not None:
                self.optimizer_.lr = rate
            raise

    def _begin(self, width: int, outputs: int) -> None:
        """Make a network and its optimiser."""
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31 - 1))
        if self.model is None:
            hidden = read_widths(self.hidden, "hidden", type(self).__name__)
            self.model_: Module = MLP(width, [*hidden, outputs], self.activation, seed=seed)
        else:
            self.model_ = self.model(width, outputs, seed)
        parameters = self.model_.parameters()
        chosen = self.optimizer
        if not isinstance(chosen, str):
            self.optimizer_ = chosen(parameters)
        elif self.lr is None:
            self.optimizer_ = optimizer(chosen, parameters)
        else:
            self.optimizer_ = optimizer(chosen.partition("(")[0], parameters, lr=self.lr)
        self._first_rate = self.optimizer_.lr
        self.loss_curve_: list[float] = []
        self._order = np.random.default_rng(seed)

    def _train(
        self,
        examples: Examples,
        loss: str | Loss,
        *,
        epochs: int,
        outputs: int,
        go_on: bool,
        validation_split: float = 0.0,
        **options: Any,
    ) -> Self:
        """Train the network of before, or a new one."""
        if not (go_on and hasattr(self, "model_")):
            self._begin(examples.X.shape[1], outputs)
            self._check_last_activation(examples.X[0])
        self.optimizer_.lr = self._first_rate if self.lr is None else self.lr
        validation = None
        if validation_split:
            examples, validation = self._set_aside(examples, validation_split)
        n = len(examples.X)
        self.history_: History = fit(
            self.model_,
            examples.X,
            examples.T,
            loss,
            self.optimizer_,
            epochs,
            None if self.batch_size is None else min(self.batch_size, n),
            validation_data=validation,
            sample_weight=examples.weights,
            seed=self._order,
            progress=self.verbose,
            compile=self.compile,
            regularizer=self.regularizer,
            clip_norm=self.clip_norm,
            **options,
        )
        self.loss_curve_ = [*self.loss_curve_, *self.history_["loss"]]
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _check_last_activation(self, x: Array) -> None:
        """Check that a model of the user's own gives what is read from its outputs."""

    def _set_aside(self, examples: Examples, share: float) -> tuple[Examples, tuple[Array, ...]]:
        """Draw the examples that are kept for validation; of classes a share of each."""
        rows = np.arange(len(examples.X))
        kept, others = train_test_split(
            rows, test_size=share, random_state=int(self._order.integers(2**31)),
            stratify=self._strata(examples.T),
        )  # fmt: skip
        return examples.rows(kept), examples.rows(others).arrays

    def _strata(self, T: Array) -> Array | None:
        return None

    def _read(self, X: Any, y: Any, weights: Any, *, first: bool) -> tuple[Array, Array, Array | None]:
        """Read examples; the width is that of the first."""
        for given, name in ((X, "X"), (y, "y")):
            check_given(given, name)
        X, y = validate_data(
            self, X, y, reset=first, dtype=np.float64, multi_output=True, y_numeric=isinstance(self, RegressorMixin)
        )
        return X, y, None if weights is None else _check_sample_weight(weights, X, dtype=np.float64)

    def _outputs(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        check_given(X, "X")
        return predict(self.model_, validate_data(self, X, reset=False, dtype=np.float64))

    @property
    def _stages(self) -> dict[str, Any]:
        """What a whole training takes and a single pass does not."""
        return {
            "epochs": self.epochs,
            "patience": self.patience,
            "schedule": self.schedule,
            "validation_split": self.validation_split,
        }


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A network that learns numbers, as an estimator of scikit-learn.

    Inputs and targets are taken as they are: put a ``StandardScaler`` before it, and it into a
    ``TransformedTargetRegressor`` where targets are not about 1 in size.

    Args:
        hidden: neurons of each hidden layer; a number is one layer.
        activation: of the hidden layers.
        loss: as in `nn.fit`.
        others: as of `Estimator`.

    Example:
        >>> from sklearn.model_selection import cross_val_score
        >>> X = np.linspace(-2.0, 2.0, 80).reshape(-1, 1)
        >>> y = np.sin(2.0 * X[:, 0])
        >>> scores = cross_val_score(Regressor(activation="tanh", random_state=0), X[::-1], y[::-1], cv=2)
        >>> Regressor(activation="tanh", random_state=0).fit(X, y).score(X, y) > 0.95
        True
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (32,),
        activation: ActivationSpec = "relu",
        *,
        loss: str | Loss = "mse",
        model: Make | None = None,
        optimizer: str | Callable[[list[Any]], Optimizer] = "adam(0.01)",
        lr: float | None = None,
        epochs: int = 200,
        batch_size: int | None = 200,
        regularizer: Regularizer | None = None,
        schedule: Schedule | Callable[[int], float] | None = None,
        clip_norm: float | None = None,
        validation_split: float = 0.0,
        patience: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        compile: bool | str = "auto",  # noqa: A002
        verbose: bool = False,
    ) -> None:
        self._take(locals())

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a network.

        Args:
            X: inputs (n, width).
            y: targets (n,) or (n, outputs).
            sample_weight: how much each example counts.
        """
        return self._learn(X, y, sample_weight, go_on=self.warm_start, **self._stages)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Go over some examples once, with the weights and the optimiser of before. Args as in `fit`."""
        return self._learn(X, y, sample_weight, epochs=1, go_on=True)

    def _learn(self, X: Any, y: Any, weights: ArrayLike | None, *, go_on: bool, **options: Any) -> Self:
        with self._unless_refused():
            X, y, of_examples = self._read(X, y, weights, first=not (go_on and hasattr(self, "model_")))
            y = np.asarray(y, dtype=np.float64)
            self._flat = y.ndim == 1 or y.shape[1] == 1
            T = y.reshape(-1) if self._flat else y
            outputs = 1 if self._flat else y.shape[1]
            return self._train(Examples(X, T, of_examples), self.loss, outputs=outputs, go_on=go_on, **options)

    def predict(self, X: ArrayLike) -> Array:
        """Compute the outputs for inputs: (n,), or (n, outputs) where there are several."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A network that learns classes, as an estimator of scikit-learn; inputs are taken as they are, as by `Regressor`.

    Of two classes it has one output, a score whose sigmoid is the probability of the second; of more, one score each.

    Args:
        hidden: neurons of each hidden layer; a number is one layer.
        activation: of the hidden layers.
        class_weight: how much each class counts in the loss: ``{class: weight}`` or ``"balanced"``.
        others: as of `Estimator`.

    Attributes:
        classes_: the classes, in the order of `predict_proba`.

    Example:
        >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5)
        >>> y = np.array(["same", "other", "other", "same"] * 5)
        >>> classifier = Classifier(activation="tanh", random_state=0).fit(X, y)
        >>> print(*classifier.predict(X[:4]))
        same other other same
        >>> classifier.predict_proba(X[:4]).shape
        (4, 2)
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (32,),
        activation: ActivationSpec = "relu",
        *,
        class_weight: Mapping[Any, float] | str | None = None,
        model: Make | None = None,
        optimizer: str | Callable[[list[Any]], Optimizer] = "adam(0.01)",
        lr: float | None = None,
        epochs: int = 200,
        batch_size: int | None = 200,
        regularizer: Regularizer | None = None,
        schedule: Schedule | Callable[[int], float] | None = None,
        clip_norm: float | None = None,
        validation_split: float = 0.0,
        patience: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        compile: bool | str = "auto",  # noqa: A002
        verbose: bool = False,
    ) -> None:
        self._take(locals())

    classes_: Array

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a network.

        Args:
            X: inputs (n, width).
            y: classes (n,): numbers or texts, of two kinds or more.
            sample_weight: how much each example counts.

        Raises:
            ValueError: there is only one class; or with `warm_start` other classes than before; or a model of your own
                ends with a sigmoid or a softmax.
        """
        return self._learn(X, y, sample_weight, None, go_on=self.warm_start, **self._stages)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Go over some examples once, with the weights and the optimiser of before.

        Args:
            X: inputs.
            y: their classes.
            classes: all classes that there will be; asked for at the first call.
            sample_weight: how much each example counts.
        """
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("partial_fit was not told which classes there will be: pass classes=… at the first call.")
        return self._learn(X, y, sample_weight, classes, epochs=1, go_on=True)

    def _learn(
        self,
        X: Any,
        y: Any,
        weights: ArrayLike | None,
        classes: ArrayLike | None,
        *,
        go_on: bool,
        **options: Any,
    ) -> Self:
        with self._unless_refused():
            go_on = go_on and hasattr(self, "model_")
            X, y, of_examples = self._read(X, y, weights, first=not go_on)
            y = column_or_1d(y, warn=True)
            check_classification_targets(y)
            known = np.unique(y if classes is None else classes)
            if go_on:
                if classes is not None and not np.array_equal(known, self.classes_):
                    raise ValueError(f"classes are {known}, but this classifier has learnt {self.classes_}.")
                known = self.classes_
            others = np.setdiff1d(y, known)
            if len(others):
                raise ValueError(f"y holds the class {others.tolist()[0]!r}, which is none of the classes {known}.")
            if len(known) < 2:
                raise ValueError(
                    f"A classifier needs two classes or more, but y holds one class only, {known.tolist()[0]!r}."
                )
            self.classes_ = known
            count = len(known)
            T = np.searchsorted(known, y)
            loss = "bce_with_logits" if count == 2 else "cross_entropy"
            outputs = 1 if count == 2 else count
            weighing = {"class_weight": self._weights_of_classes(T)}
            return self._train(Examples(X, T, of_examples), loss, outputs=outputs, go_on=go_on, **weighing, **options)

    def _weights_of_classes(self, T: Array) -> Any:
        """Return the weights of classes by their number; of those that do occur."""
        if not isinstance(self.class_weight, Mapping):
            return self.class_weight
        given, known, present = self.class_weight, self.classes_.tolist(), set(T.tolist())
        for c in given:
            if c not in known:
                raise ValueError(f"class_weight names the class {c!r}, which is none of the classes {self.classes_}.")
        return {k: given[c] for k, c in enumerate(known) if c in given and k in present}

    def _strata(self, T: Array) -> Array | None:
        return T

    def _check_last_activation(self, x: Array) -> None:
        if self.model is None:
            return
        [outputs] = copy.deepcopy(self.model_).eval().batch([x.tolist()])
        last = find_last_activation(outputs)
        if last in ("sigmoid", "softmax"):
            raise ValueError(
                f"Classifier takes the outputs of its model for scores of either sign, and makes probabilities of them "
                f"itself, but this model ends with {last}: leave it out."
            )

    def decision_function(self, X: ArrayLike) -> Array:
        """Compute scores: (n,) of the second of two classes, (n, classes) of more."""
        scores = self._outputs(X)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> Array:
        """Choose the class with the largest score for each input."""
        scores = self.decision_function(X)
        chosen = (scores > 0.0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Compute the logarithm of each class's probability, (n, classes)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.asarray(-np.logaddexp(0.0, np.stack([scores, -scores], axis=1)))
        return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Compute the probability of each class, (n, classes)."""
        return np.asarray(np.exp(self.predict_log_proba(X)))
