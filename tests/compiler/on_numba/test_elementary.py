"""Elementary functions of the machine: beside mpmath over all of the domain, at its ends, and several at once."""

import os
import re
import subprocess
import sys
from functools import cache

import mpmath
import numpy as np
import pytest

pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")

import numba

from autograd.compiler.on_numba import elementary

NAMES = elementary.__all__
INF, NAN = np.inf, np.nan


@cache
def loop(name, dtype="float64"):
    """Compile a function for arrays."""
    function = getattr(elementary, name)

    @numba.njit(f"void({dtype}[::1], {dtype}[::1])", error_model="numpy")
    def run(xs, out):
        for i in range(xs.size):
            out[i] = function(xs[i])

    return run


def apply(name, xs):
    out = np.empty_like(xs)
    loop(name, xs.dtype.name)(xs, out)
    return out


def arguments(name, dtype, seed):
    """Draw arguments from all of the domain: of every size, near the ends, and where two reductions meet."""
    random, form = np.random.default_rng(seed), np.finfo(dtype)
    low, high = np.log10(float(form.smallest_subnormal)), np.log10(float(form.max))
    tiny, large = 10.0 ** random.uniform(low, -1, 400), 10.0 ** random.uniform(-1, high, 400)
    meeting = random.choice([0.25, 0.5], 1500) * random.uniform(0.99, 1.2, 1500) * np.log(2.0)
    if name == "log":
        xs = [tiny, large, random.uniform(0.5, 2.0, 800), 1.0 + random.normal(size=200) * tiny[:200]]
    elif name == "log1p":
        near = -1.0 + 10.0 ** random.uniform(-7, 0, 200)
        xs = [tiny, -tiny, large, random.uniform(-0.7, 1.5, 800), near]
    else:
        least, most = float(np.log(form.smallest_subnormal)), float(np.log(form.max))
        both = np.concatenate([tiny, meeting, random.uniform(0.0, 40.0, 400), random.uniform(36.0, 38.0, 400)])
        xs = [both, -both, random.uniform(least - 1.0, most, 400), random.uniform(least - 1.0, least + 40.0, 200)]
    return np.concatenate(xs).astype(dtype)


def worst(name, dtype, seed=0):
    """Return the largest error in units of the last place, subnormal results in units of theirs."""
    xs, form = arguments(name, dtype, seed), np.finfo(dtype)
    exactly = getattr(mpmath, name)
    least, errors = mpmath.mpf(float(form.smallest_subnormal)), []
    with mpmath.workprec(200):
        for x, y in zip(xs.tolist(), apply(name, xs).tolist(), strict=True):
            due = exactly(mpmath.mpf(x))
            unit = max(least, mpmath.mpf(2) ** (mpmath.frexp(due)[1] - form.nmant - 1))
            errors.append(float(abs(mpmath.mpf(y) - due) / unit))
    return max(errors)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_the_error_is_under_a_unit_in_the_last_place(name, dtype):
    assert worst(name, dtype) < 0.9


def test_also_on_a_processor_that_rounds_products_before_it_adds_them():
    code = f"from test_elementary import *\nprint(*[worst(name, 'float64') for name in {NAMES}])"
    environment = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300,
        env=os.environ | environment | {"PYTHONPATH": path},
    )  # fmt: skip
    errors = [float(error) for error in run.stdout.split()]
    assert len(errors) == len(NAMES)
    assert max(errors) < 0.95


POINTS = [0.0, -0.0, INF, -INF, NAN, -1.0, -2.0]
DUE = {
    "exp": [1.0, 1.0, INF, 0.0, NAN, np.exp(-1.0), np.exp(-2.0)],
    "expm1": [0.0, -0.0, INF, -1.0, NAN, np.expm1(-1.0), np.expm1(-2.0)],
    "tanh": [0.0, -0.0, 1.0, -1.0, NAN, np.tanh(-1.0), np.tanh(-2.0)],
    "log": [-INF, -INF, INF, NAN, NAN, NAN, NAN],
    "log1p": [0.0, -0.0, INF, NAN, NAN, -INF, NAN],
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_the_domain(name, dtype):
    found, due = apply(name, np.array(POINTS, dtype)), np.array(DUE[name], dtype)
    np.testing.assert_allclose(found, due, rtol=2.0 * np.finfo(dtype).eps, atol=0.0)
    known = ~np.isnan(due)
    assert (np.signbit(found) == np.signbit(due))[known].all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_where_exp_is_too_large_or_too_small(dtype):
    form = np.finfo(dtype)
    last, first = np.log(np.longdouble(form.max)), np.log(np.longdouble(form.smallest_subnormal) / 2)
    below, above = np.nextafter(np.array([last, last], dtype), np.array([-INF, INF], dtype))
    assert np.isfinite(apply("exp", np.array([below], dtype))).all()
    assert np.isinf(apply("exp", np.array([above * (1 + 2 * form.eps), form.max], dtype))).all()
    assert apply("exp", np.array([first - 0.01, -form.max], dtype)).tolist() == [0.0, 0.0]
    assert apply("exp", np.array([first + 0.01], dtype)) == form.smallest_subnormal
    assert apply("tanh", np.array([25.0, form.max, -form.max], dtype)).tolist() == [1.0, 1.0, -1.0]
    least = form.smallest_subnormal
    for name in ("expm1", "tanh", "log1p"):
        assert apply(name, np.array([least, -least], dtype)).tolist() == [least, -least]


@pytest.mark.parametrize("name", NAMES)
def test_several_are_computed_at_once(name):
    [text] = loop(name).inspect_llvm().values()
    assert re.search(r"fmul (contract )?<\d+ x double>", text)
    assert not re.search(rf"call .*@{name}\(", text)
