"""The two backends and the two kinds of number: every test that names them runs with each."""

import pytest


@pytest.fixture(scope="session", params=["numpy", "numba"])
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
        pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")
    return request.param


@pytest.fixture(scope="session", params=["float64", "float32"])
def dtype(request):
    return request.param
