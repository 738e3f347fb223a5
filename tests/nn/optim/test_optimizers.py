"""The registry: every optimiser by its name, and how one is made from it."""

import pytest
from problems import named

from nn.optim import optimizers
from nn.optim.optimizers import OPTIMIZERS, FirstOrder, LineSearchOptimizer, Optimizer, optimizer


def test_every_optimiser_has_a_name():
    kinds = {x for x in vars(optimizers).values() if isinstance(x, type) and issubclass(x, Optimizer)}
    assert set(OPTIMIZERS.values()) == kinds - {Optimizer, FirstOrder, LineSearchOptimizer}
    assert {name.replace("_", "") for name in OPTIMIZERS} == {kind.__name__.lower() for kind in OPTIMIZERS.values()}


def test_what_each_needs():
    needs = {name: kind.needs for name, kind in OPTIMIZERS.items() if kind.needs != "gradient"}
    assert needs == {
        "conjugate_gradients": "objective",
        "bfgs": "objective",
        "lbfgs": "objective",
        "newton": "hessian",
        "levenberg_marquardt": "residuals",
    }


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_made_by_name(name):
    made = optimizer(name, named([1.0, 2.0]), lr=0.25)
    assert type(made) is OPTIMIZERS[name]
    assert made.lr == optimizer(f"{name}(0.25)", named([1.0])).lr == 0.25
    assert repr(made).startswith(f"{type(made).__name__}(2 parameters, lr=0.25")


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_docstring_gives_formula_and_source(kind):
    assert "lecture" in kind.__doc__ or "Source:" in kind.__doc__
    assert "Args:" in kind.__doc__


def test_an_unknown_name():
    with pytest.raises(ValueError) as caught:
        optimizer("adamm", named([1.0]))
    assert str(caught.value) == (
        "'adamm' is no optimiser. Did you mean 'adam'? Known: sgd, quickprop, rprop, adagrad, adadelta, rmsprop, adam, "
        "adamw, conjugate_gradients, newton, bfgs, lbfgs, levenberg_marquardt."
    )
