"""NumPy's functions on arrays of Values, each against PyTorch: eager and compiled, at ordinary points and at ties."""

import numpy as np
import pytest

import autograd
from autograd import ControlFlowError, OperandTypeError, Value, Values, value_and_grad

torch = pytest.importorskip("torch", reason="the oracle of these functions")

C = np.array([0.3, -1.2, 2.0, 0.3])
T = torch.tensor(C)
POINTS = {
    "ordinary": np.array([0.31, -1.27, 2.6, 0.9]),
    "ties": C,
    "zero": np.array([0.0, -1.2, 2.0, 0.4]),
}

#: What is written with NumPy, and the same with PyTorch; both give one number.
FUNCTIONS = {
    "maximum": (lambda v: np.maximum(v, 0.0) @ C, lambda v: torch.maximum(v, torch.zeros_like(v)) @ T),
    "maximum from the right": (lambda v: np.maximum(0.0, v) @ C, lambda v: torch.maximum(torch.zeros_like(v), v) @ T),
    "maximum of two": (lambda v: np.maximum(v, v[::-1]) @ C, lambda v: torch.maximum(v, v.flip(0)) @ T),
    "maximum beside an array": (lambda v: np.maximum(v, C) @ C, lambda v: torch.maximum(v, T) @ T),
    "minimum": (lambda v: np.minimum(v, 0.3) @ C, lambda v: torch.minimum(v, torch.full_like(v, 0.3)) @ T),
    "max": (lambda v: np.max(v), torch.amax),
    "max along": (lambda v: v.reshape(2, 2).max(axis=0) @ C[:2], lambda v: torch.amax(v.reshape(2, 2), 0) @ T[:2]),
    "max kept": (
        lambda v: (v.reshape(2, 2).max(axis=-1, keepdims=True) * C[:2]).sum(),
        lambda v: (torch.amax(v.reshape(2, 2), 1, keepdim=True) * T[:2]).sum(),
    ),
    "min": (lambda v: v.min(), torch.amin),
    "ptp": (lambda v: np.ptp(v), lambda v: torch.amax(v) - torch.amin(v)),
    "sign": (lambda v: (np.sign(v) * v) @ C, lambda v: (torch.sign(v) * v) @ T),
    "abs": (lambda v: np.abs(v) @ C, lambda v: torch.abs(v) @ T),
    "fabs": (lambda v: np.fabs(v) @ C, lambda v: torch.abs(v) @ T),
    "std": (lambda v: np.std(v), lambda v: torch.std(v, correction=0)),
    "std, ddof": (lambda v: v.std(ddof=1), torch.std),
    "var along": (
        lambda v: np.var(v.reshape(2, 2), axis=0) @ C[:2],
        lambda v: torch.var(v.reshape(2, 2), 0, correction=0) @ T[:2],
    ),
    "round": (lambda v: (np.round(v) * v).sum(), lambda v: (torch.round(v) * v).sum()),
    "floor": (lambda v: (np.floor(v) * v).sum(), lambda v: (torch.floor(v) * v).sum()),
    "clip": (lambda v: np.clip(v, -0.5, 2.5) @ C, lambda v: torch.clip(v, -0.5, 2.5) @ T),
    "where": (lambda v: np.where(v > 0, v**2, 3 * v).sum(), lambda v: torch.where(v > 0, v**2, 3 * v).sum()),
    "where, both": (
        lambda v: np.where((v > 0) & (v < 1), v**2, 3 * v).sum(),
        lambda v: torch.where((v > 0) & (v < 1), v**2, 3 * v).sum(),
    ),
    "where, neither": (
        lambda v: np.where(~((v <= 0) | (v >= 1)), v**2, 3 * v).sum(),
        lambda v: torch.where(~((v <= 0) | (v >= 1)), v**2, 3 * v).sum(),
    ),
    "where, logical": (
        lambda v: np.where(np.logical_xor(v > 0, np.logical_not(v)), v**2, 3 * v).sum(),
        lambda v: torch.where(torch.logical_xor(v > 0, v == 0), v**2, 3 * v).sum(),
    ),
    "exp of a choice": (lambda v: np.exp(np.where(v > 0, v, 0.0)).sum(), lambda v: torch.exp(torch.relu(v)).sum()),
    "norm": (lambda v: np.linalg.norm(v), torch.linalg.norm),
    "norm, 1": (lambda v: np.linalg.norm(v, 1), lambda v: torch.linalg.norm(v, 1)),
    "norm, inf": (lambda v: np.linalg.norm(v, np.inf), lambda v: torch.linalg.norm(v, float("inf"))),
    "norm along": (
        lambda v: np.linalg.norm(v.reshape(2, 2), axis=1).sum(),
        lambda v: torch.linalg.norm(v.reshape(2, 2), dim=1).sum(),
    ),
    "cumsum": (lambda v: np.cumsum(v) @ C, lambda v: torch.cumsum(v, 0) @ T),
    "cumprod": (lambda v: np.cumprod(v) @ C, lambda v: torch.cumprod(v, 0) @ T),
    "prod": (lambda v: np.prod(v), torch.prod),
    "mean": (lambda v: (np.mean(v.reshape(2, 2), axis=0) ** 2).sum(), lambda v: (v.reshape(2, 2).mean(0) ** 2).sum()),
    "average": (lambda v: np.average(v, weights=C + 3), lambda v: v @ (T + 3) / (T + 3).sum()),
    "sum, where": (lambda v: np.sum(v**2, where=C > 0), lambda v: (v**2)[T > 0].sum()),
    "sum, initial": (lambda v: np.sum(v**2, initial=1.0), lambda v: (v**2).sum() + 1),
    "einsum": (
        lambda v: np.einsum("ij,jk->ik", v.reshape(2, 2), C.reshape(2, 2)).sum(),
        lambda v: (v.reshape(2, 2) @ T.reshape(2, 2)).sum(),
    ),
    "dot": (lambda v: np.dot(v, C), lambda v: v @ T),
    "vdot": (lambda v: np.vdot(v, C), lambda v: v @ T),
    "inner": (lambda v: np.inner(v, C), lambda v: v @ T),
    "outer": (lambda v: (np.outer(v, v) @ C).sum(), lambda v: (torch.outer(v, v) @ T).sum()),
    "outer of maximum": (
        lambda v: np.maximum.outer(v, C).sum(),
        lambda v: torch.maximum(v[:, None].expand(4, 4), T.expand(4, 4)).sum(),
    ),
    "trace": (lambda v: np.trace(v.reshape(2, 2)) ** 2, lambda v: torch.trace(v.reshape(2, 2)) ** 2),
    "diff": (lambda v: (np.diff(v) ** 2).sum(), lambda v: (torch.diff(v) ** 2).sum()),
    "square": (lambda v: np.square(v) @ C, lambda v: torch.square(v) @ T),
    "power": (lambda v: np.power(v, 3) @ C, lambda v: v**3 @ T),
    "power of a base": (lambda v: np.power(2.0, v) @ C, lambda v: 2.0**v @ T),
    "float_power": (lambda v: np.float_power(v, 3) @ C, lambda v: v**3 @ T),
    "exp2": (lambda v: np.exp2(v) @ C, lambda v: torch.exp2(v) @ T),
    "logaddexp": (lambda v: np.logaddexp(v, C) @ C, lambda v: torch.logaddexp(v, T) @ T),
    "logaddexp of all": (lambda v: np.logaddexp.reduce(v), lambda v: torch.logsumexp(v, 0)),
    "hypot": (lambda v: np.hypot(v, C) @ C, lambda v: torch.hypot(v, T) @ T),
    "arctan2": (lambda v: np.arctan2(v, C) @ C, lambda v: torch.atan2(v, T) @ T),
    "deg2rad": (lambda v: np.deg2rad(v) @ C, lambda v: torch.deg2rad(v) @ T),
    "degrees": (lambda v: np.degrees(v) @ C, lambda v: torch.rad2deg(v) @ T),
    "conjugate": (lambda v: np.conj(v) @ v, lambda v: v @ v),
    "trapezoid": (lambda v: np.trapezoid(v * v), lambda v: torch.trapezoid(v * v)),
    "select": (
        lambda v: np.where(v > 1, v * v, np.where(v > 0, v, 0.0)).sum(),
        lambda v: torch.where(v > 1, v * v, torch.where(v > 0, v, 0.0)).sum(),
    ),
    "written into an array": (
        lambda v: np.maximum(v, 0.0, out=np.empty(4, dtype=object)) @ C,
        lambda v: torch.maximum(v, torch.zeros_like(v)) @ T,
    ),
    "largest so far": (lambda v: np.maximum.accumulate(v**2) @ C[::-1], lambda v: torch.cummax(v**2, 0)[0] @ T.flip(0)),
}
#: What looks at the numbers of one example: right while nothing is compiled, refused there.
BRANCHING = {
    "median": (lambda v: np.median(v), lambda v: torch.quantile(v, 0.5)),
    "sort": (lambda v: np.sort(v, kind="stable") @ C, lambda v: torch.sort(v, stable=True)[0] @ T),
    "argmax": (lambda v: v[np.argmax(v)] ** 2, lambda v: v[torch.argmax(v)] ** 2),
    "isfinite": (lambda v: np.where(np.isfinite(v), v, 0.0) @ C, lambda v: v @ T),
    "isnan": (lambda v: np.where(np.isnan(v), 0.0, v) @ C, lambda v: v @ T),
    "signbit": (lambda v: np.where(np.signbit(v), 0.0, v) @ C, lambda v: torch.where(torch.signbit(v), 0.0, v) @ T),
    "fmax": (lambda v: np.fmax(v, 0.3) @ C, lambda v: torch.maximum(v, torch.full_like(v, 0.3)) @ T),
    "any": (lambda v: v @ C if np.any(v > 0) else v @ v, lambda v: v @ T),
    "mask": (lambda v: (v[v > 0] ** 2).sum(), lambda v: (v[v > 0] ** 2).sum()),
}
#: What NumPy has no loop on objects for.
UNKNOWN = {
    "numpy.interp": lambda v: np.interp(v, [-2, 0, 3], [0, 1, 4]),
    "numpy.linalg.det": lambda v: np.linalg.det(v.reshape(2, 2)),
    "numpy.linalg.solve": lambda v: np.linalg.solve(v.reshape(2, 2), C[:2]),
    "numpy.linalg.norm": lambda v: np.linalg.norm(v, 3),
    "numpy.fft.fft": lambda v: np.fft.fft(v),
    "numpy.quantile": lambda v: np.quantile(v, 0.3),
    "numpy.cov": lambda v: np.cov(v.reshape(2, 2)),
    "numpy.fmod": lambda v: np.fmod(v, 0.7),
    "numpy.modf": lambda v: np.modf(v),
    "numpy.copysign": lambda v: np.copysign(v, C),
}


def torchs(f, at):
    x = torch.tensor(at, requires_grad=True)
    y = f(x)
    y.backward()
    return y.item(), x.grad.numpy()


@pytest.mark.parametrize("at", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_functions_have_pytorchs_derivatives(name, at):
    f, oracle = FUNCTIONS[name]
    number, slopes = torchs(oracle, at)
    for got in (value_and_grad(f)(at), autograd.compile(f, at, backend="numpy").value_and_grad(at, wrt="inputs")):
        np.testing.assert_allclose(np.ravel(got[0]), number, rtol=1e-12)
        np.testing.assert_allclose(np.ravel(got[1]), slopes, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", BRANCHING)
def test_what_branches_is_right_where_nothing_is_compiled(name):
    f, oracle = BRANCHING[name]
    for at in (POINTS["ordinary"], POINTS["zero"]):
        number, slopes = torchs(oracle, at)
        got = value_and_grad(f)(at)
        np.testing.assert_allclose(got[0], number, rtol=1e-12)
        np.testing.assert_allclose(got[1], slopes, rtol=1e-12)
        with pytest.raises(ControlFlowError):
            autograd.compile(f, at)


def test_entries_picked_by_traced_numbers_are_refused():
    with pytest.raises(ControlFlowError) as refusal:
        autograd.compile(lambda v: v[v > 0].sum(), np.ones(2))
    assert str(refusal.value) == (
        "The function that is being compiled picks entries of an array by traced numbers, as v[v > 0] does: those of "
        "this one example would be picked for every other. Write where(v > 0, v, 0.0), which keeps every place."
    )
    with pytest.raises(IndexError, match="out of bounds"):
        autograd.compile(lambda v: v[5], np.ones(2))


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_knows_no_values_is_refused_by_name(name):
    for run in (value_and_grad(UNKNOWN[name]), lambda at: autograd.compile(UNKNOWN[name], at)):
        with pytest.raises((OperandTypeError, ControlFlowError)) as refusal:
            run(POINTS["ordinary"])
        if name == "numpy.quantile" and isinstance(refusal.value, ControlFlowError):
            continue  # it sorts before it fails
        assert str(refusal.value).startswith(f"{name} does not work on an array of Values, in test_vectors.py:")
        assert str(refusal.value).endswith(
            "Write it with operations of autograd, whose functions work elementwise; or, where constants are meant, "
            "take the numbers out: numpy.array([x.data for x in v.flat])."
        )


def test_three_that_tie_share_the_slope():
    _, slopes = value_and_grad(lambda v: np.max(v))(np.ones(3))
    np.testing.assert_allclose(slopes, [1 / 3] * 3)
    _, slopes = value_and_grad(lambda v: v.reshape(1, 3, 2).min(axis=(0, 2)).sum())(np.ones(6))
    np.testing.assert_allclose(slopes, [1 / 2] * 6)


def test_conditions_on_values_are_truth_values():
    v = np.array([Value(1.0), Value(-2.0)]).view(Values)
    for condition, truth in ((v > 0, [True, False]), (np.isnan(v), [False, False]), (~(v > 0), [False, True])):
        assert condition.dtype == bool
        assert condition.tolist() == truth
    assert np.isnan(Value(1.0)) is False
    assert np.isfinite(Value(1.0)) is True
    with pytest.raises(ControlFlowError):
        autograd.compile(lambda x: x if np.isfinite(x) else 2 * x, 1.0)


def test_values_are_arrays_like_others():
    v = np.array([Value(1.0), Value(-2.0)]).view(Values)
    assert repr(v) == "array([Value(1.0), Value(-2.0)], dtype=object)"
    assert type(v[0]) is Value
    assert type(v[:1]) is type(v + 1) is type(2.0 * v) is type(np.exp(v)) is Values
    assert type(v.sum()) is type(v @ v) is Value
    w = Value(3.0)
    assert [type(each) for each in (w * v, v * w, np.maximum(v, w))] == [Values] * 3
    assert np.max(v).data == 1.0
    assert np.max(v, initial=5.0) == 5.0
    with pytest.raises(ValueError, match=r"^largest\(\[\]\) is undefined: give at least one operand\.$"):
        v[:0].max()


#: An array without axes stands for its Value. Each with its derivative at 2.
WITHOUT_AXES = {
    "from the left": (lambda x, a: a * x, 4.0),
    "from the right": (lambda x, a: x * a, 4.0),
    "two of them": (lambda x, a: x * (a * a), 12.0),
    "a power": (lambda x, a: 2.0**a, 4.0 * np.log(2.0)),
    "autograd's function": (lambda x, a: autograd.exp(a), np.exp(2.0)),
    "NumPy's function": (lambda x, a: np.exp(a), np.exp(2.0)),
    "a choice": (lambda x, a: autograd.maximum(1.0, a), 1.0),
    "a list": (lambda x, a: autograd.total([a, x]), 2.0),
    "a weighted sum": (lambda x, a: autograd.dot([a], [x]), 4.0),
    "a softmax": (lambda x, a: autograd.softmax([a, 2.0])[0], 0.25),
    "beside an array": (lambda x, a: (np.array([1.0, 2.0]) * a).sum(), 3.0),
    "NumPy's polynomial": (lambda x, a: np.polyval([1.0, 0.0, 0.0], x), 4.0),
}


@pytest.mark.parametrize("name", WITHOUT_AXES)
def test_an_array_without_axes_is_its_value(name):
    f, slope = WITHOUT_AXES[name]
    x = Value(2.0)
    y = f(x, np.array(x))
    (y if isinstance(y, Value) else y.item()).backward()
    assert x.grad == pytest.approx(slope, rel=1e-12)
    assert autograd.grad(lambda x: f(x, np.array(x)))(2.0) == pytest.approx(slope, rel=1e-12)
    program = autograd.compile(lambda x: f(x, np.array(x)), 2.0, backend="numpy")
    assert program.value_and_grad(2.0, wrt="inputs")[1][0] == pytest.approx(slope, rel=1e-12)


def test_backward_of_an_array_starts_at_its_only_value():
    v = Value(3.0)
    np.array([v * v]).view(Values).backward()
    assert v.grad == 6.0
    with pytest.raises(OperandTypeError) as caught:
        np.array([v, v * v]).view(Values).backward()
    assert str(caught.value) == (
        "backward() starts at one number, but this array has shape (2,): write v.sum().backward(), or "
        "v[0].backward() for one of them."
    )
