"""scikit-learn's words: `Regressor` and `Classifier` are networks that pipelines, searches and cross-validation take.

Loaded when it is asked for, and with it scikit-learn: ``from nn.sklearn import Classifier``.
"""

try:
    import sklearn as _sklearn  # noqa: F401  (asked for here, so that it is missing by its own name)
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        "nn.sklearn needs scikit-learn: pip install 'edgegrad[sklearn]'.", name="sklearn"
    ) from _error

from nn.sklearn.estimators import Classifier, Regressor

__all__ = ["Classifier", "Regressor"]
