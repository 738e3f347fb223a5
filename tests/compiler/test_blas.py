"""NumPy's BLAS: the address of its products, and the threads that it may take."""

import ctypes
import threading

import numpy as np
import pytest

import autograd
from autograd.compiler import blas, execution

pytest.importorskip("scipy")


@pytest.fixture
def threads():
    """Read how many threads BLAS takes, which is 2 at first."""
    if blas._threads() is None:
        pytest.skip("NumPy's BLAS here is no OpenBLAS")
    read, write = blas._threads()
    before = read()
    write(2)
    yield read
    write(before)


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("columns", [5, 1])
@pytest.mark.parametrize("from_numpy", [True, False])
def test_products_are_those_of_blas(real, columns, from_numpy, monkeypatch):
    """Of NumPy's own where its names are known, else of SciPy's."""
    if not from_numpy:
        monkeypatch.setattr(blas, "NAMES", ())
    random, number = np.random.default_rng(0), ctypes.c_double if real == "float64" else ctypes.c_float
    a, b = random.standard_normal((3, 4)).astype(real), random.standard_normal((4, columns)).astype(real)
    out = np.full((3, columns), np.nan, real)
    plain, turned, one, zero = ctypes.c_char(b"N"), ctypes.c_char(b"T"), number(1.0), number(0.0)
    m, k, n = (ctypes.c_int64(size) for size in (3, 4, columns))
    if columns > 1:
        function, given = "gemm", [plain, plain, n, m, k, one, b, n, a, k, zero, out, n]
    else:
        function, given = "gemv", [turned, k, m, one, a, k, b, n, zero, out, n]
    address = blas.find_product(("d" if real == "float64" else "s") + function)
    product = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(given))(address)
    product(*[x.ctypes.data if isinstance(x, np.ndarray) else ctypes.addressof(x) for x in given])
    np.testing.assert_allclose(out, a @ b, rtol=1e-13 if real == "float64" else 1e-5)


def test_blocks_hold_blas_to_one_thread_and_the_last_gives_it_back(threads):
    """Also where they overlap, and end in another order than they began in."""
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with blas.hold_to_one_thread():
            inside.set()
            leave.wait()
            seen.append(threads())

    thread = threading.Thread(target=other)
    with blas.hold_to_one_thread():
        thread.start()
        inside.wait()
        assert threads() == 1
    assert threads() == 1
    leave.set()
    thread.join()
    assert seen == [1]
    assert threads() == 2
    with pytest.raises(ZeroDivisionError), blas.hold_to_one_thread():
        1 / 0  # noqa: B018
    assert threads() == 2


@pytest.mark.parametrize(("examples", "least", "expected"), [(64, 2**22, 1), (64, 2**12, 2), (16, 2**22, 2)])
def test_a_program_lets_blas_share_large_products_only(threads, monkeypatch, backend, examples, least, expected):
    """Of those of 64 numbers for each of 16 examples BLAS shares none by itself."""
    monkeypatch.setattr(execution, "MIN_PRODUCTS_WORTH_SHARING", least)
    weights = np.random.default_rng(0).standard_normal((8, 8))
    program = autograd.compile(lambda x: autograd.total(weights @ x), np.ones(8), backend=backend)
    seen, parts = [], execution.Execution._parts

    def watch(self, *given):
        seen.append(threads())
        return parts(self, *given)

    monkeypatch.setattr(execution.Execution, "_parts", watch)
    X = np.ones((examples, 8))
    program(X)
    program.value_and_grad(X, wrt="inputs")
    assert seen == [expected] * 2
    assert threads() == 2


def test_threads_of_a_program_do_not_multiply_with_those_of_blas(threads, monkeypatch):
    monkeypatch.setattr(execution, "MIN_PRODUCTS_WORTH_SHARING", 1)
    program = autograd.compile(lambda x: autograd.total(x * x), np.ones(8), threads=2)
    seen, parts = [], execution.Execution._parts

    def watch(self, *given):
        seen.append(threads())
        return parts(self, *given)

    monkeypatch.setattr(execution.Execution, "_parts", watch)
    program.value_and_grad(np.ones((64, 8)), wrt="inputs")
    assert seen == [1, 1]
