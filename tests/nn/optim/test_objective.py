import numpy as np
import pytest
from problems import named, network, numbers, positive_definite, quadratic, rosenbrock

from autograd import Value, log
from nn.optim.objective import Objective


def test_values_and_derivatives_of_a_quadratic():
    A, b = positive_definite(4, seed=1), np.arange(4.0)
    objective = quadratic(A, b, np.zeros(4))
    w = np.array([1.0, -2.0, 0.5, 3.0])
    value, gradient = objective.value_and_gradient(w)
    assert value == pytest.approx(0.5 * w @ A @ w - b @ w, rel=1e-13)
    assert objective.value(w) == value
    np.testing.assert_allclose(gradient, A @ w - b, rtol=1e-12)
    hessian = objective.hessian(w)
    np.testing.assert_allclose(hessian, A, rtol=1e-12)
    assert (hessian == hessian.T).all()


def test_derivatives_of_a_network_agree_with_differences():
    objective = network(seed=3, hidden=2, examples=4)
    w = numbers(objective.parameters)
    steps = 1e-5 * np.eye(len(w))
    by_difference = [(objective.value(w + h) - objective.value(w - h)) / 2e-5 for h in steps]
    np.testing.assert_allclose(objective.value_and_gradient(w)[1], by_difference, atol=1e-8)
    curved = [(objective.value_and_gradient(w + h)[1] - objective.value_and_gradient(w - h)[1]) / 2e-5 for h in steps]
    hessian = objective.hessian(w)
    np.testing.assert_allclose(hessian, curved, atol=1e-8)
    assert (hessian == hessian.T).all()
    e, J = objective.residuals_and_jacobian(w)
    np.testing.assert_array_equal(objective.residuals(w), e)
    bent = [(objective.residuals(w + h) - objective.residuals(w - h)) / 2e-5 for h in steps]
    np.testing.assert_allclose(J.T, bent, atol=1e-8)
    assert objective.value(w) == pytest.approx(0.5 * e @ e, rel=1e-13)


def test_without_a_loss_half_the_squared_residuals_are_the_loss():
    w = named([3.0, 4.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] * w[1], w[0] - 1.0])
    assert objective.value(np.array([2.0, 3.0])) == 18.5
    value, gradient = objective.value_and_gradient(np.array([2.0, 3.0]))
    assert (value, gradient.tolist()) == (18.5, [19.0, 12.0])


def test_asking_leaves_the_parameters_and_their_gradients_as_they_were():
    objective = rosenbrock([-1.2, 1.0])
    objective.parameters[0].grad = 7.0
    for ask in ("value", "value_and_gradient", "hessian", "residuals", "residuals_and_jacobian"):
        getattr(objective, ask)(np.array([5.0, 6.0]))
    assert numbers(objective.parameters).tolist() == [-1.2, 1.0]
    assert [p.grad for p in objective.parameters] == [7.0, None]
    assert objective.evaluations == 5


def test_an_error_in_the_closure_leaves_the_parameters_as_they_were():
    w = named([2.0])
    objective = Objective.from_closure(w, lambda: log(w[0]))
    with pytest.raises(ValueError, match="log"):
        objective.value_and_gradient(np.array([-1.0]))
    assert w[0].data == 2.0


def test_frozen_parameters_have_no_derivatives():
    objective = rosenbrock([-1.2, 1.0, 0.5])
    objective.parameters[1].requires_grad = False
    w = np.array([0.3, -0.4, 0.8])
    assert objective.value_and_gradient(w)[1][1] == 0.0
    hessian = objective.hessian(w)
    assert not hessian[1].any()
    assert not hessian[:, 1].any()
    assert hessian[0, 0] == pytest.approx(1200 * 0.3**2 - 400 * -0.4 + 2)
    assert not objective.residuals_and_jacobian(w)[1][:, 1].any()


def test_a_hessian_with_linear_parts():
    w = named([1.0, 2.0, 3.0])
    objective = Objective.from_closure(w, lambda: w[0] * w[1] + 5.0 * w[2])
    assert objective.hessian(np.array([1.0, 2.0, 3.0])).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


w = Value(1.0, name="w")
stranger = Value(1.0, name="w")


@pytest.mark.parametrize(
    ("loss", "residuals", "ask", "error", "sentence"),
    [
        (
            lambda: 3.0,
            None,
            "value_and_gradient",
            TypeError,
            "The loss must be one Value, but the closure gave an object of type float: return the Value itself, not "
            "float(loss), loss.data, or the list that a model gives.",
        ),
        (
            lambda: [w],
            None,
            "value",
            TypeError,
            "The loss must be one Value, but the closure gave an object of type list: return the Value itself, not "
            "float(loss), loss.data, or the list that a model gives.",
        ),
        (
            lambda: stranger * 2.0,
            None,
            "value_and_gradient",
            ValueError,
            "The loss depends on none of the objective's 1 parameter, of which the first is w: it was computed from "
            "other Values, such as another model's. Build the loss and the objective from the same model.",
        ),
        (
            lambda: w * 2.0,
            None,
            "residuals",
            ValueError,
            "This objective has no residuals: build it with Objective.from_closure(parameters, loss, "
            "residuals=lambda: [output − target of every example]).",
        ),
        (
            None,
            list,
            "residuals_and_jacobian",
            ValueError,
            "The closure gave no residuals: return one Value for each example and output.",
        ),
        (
            None,
            lambda: [w, 2.0],
            "residuals",
            TypeError,
            "Residuals must be Values, but residual 1 is of type float: return output − target as Values.",
        ),
        (
            None,
            lambda: [stranger],
            "residuals_and_jacobian",
            ValueError,
            "The loss depends on none of the objective's 1 parameter, of which the first is w: it was computed from "
            "other Values, such as another model's. Build the loss and the objective from the same model.",
        ),
    ],
)
def test_closures_that_cannot_serve(loss, residuals, ask, error, sentence):
    objective = Objective.from_closure([w], loss, residuals)
    with pytest.raises(error) as caught:
        getattr(objective, ask)(np.array([2.0]))
    assert str(caught.value) == sentence
    assert w.data == 1.0


def test_a_gradient_of_zero_is_no_missing_connection():
    objective = Objective.from_closure([w], lambda: (w - 1.0).square())
    assert objective.value_and_gradient(np.array([1.0]))[1].tolist() == [0.0]


def test_an_objective_needs_a_function():
    with pytest.raises(ValueError) as caught:
        Objective.from_closure([w])
    assert str(caught.value) == (
        "An Objective needs loss or residuals: pass loss=lambda: …, a function that gives a Value."
    )


def test_weights_of_another_length():
    with pytest.raises(ValueError) as caught:
        rosenbrock([0.0, 0.0]).value(np.zeros(3))
    assert str(caught.value) == "The objective has 2 parameters, but was asked at 3 numbers."


def test_values_are_computed_without_recording():
    seen = []

    def loss():
        seen.append((w * 2.0).requires_grad)
        return w * 2.0

    Objective.from_closure([w], loss).value(np.array([2.0]))
    assert seen == [False]
