"""Kernels written from the records: each is compiled once."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")

from autograd import CompileError, ops
from autograd.compiler.on_numba.kernels import Kernels, update_address


class TestKernels:
    def test_one_address_for_one_operation(self):
        one, two = Kernels("float64"), Kernels("float64")
        address = one.forward(ops.tanh, 1)
        assert address == one.forward(ops.tanh, 1) == two.forward(ops.tanh, 1) > 2**8
        assert address != one.slopes(ops.tanh, 1, [0])
        assert address != Kernels("float32").forward(ops.tanh, 1)

    def test_slots_have_kernels_of_their_own(self):
        kernels = Kernels("float64")
        addresses = {kernels.slopes(ops.mul, 2, slots) for slots in ([0], [1], [0, 1])}
        assert len(addresses) == 3


class TestRules:
    """The loop that applies an optimiser's rule."""

    def test_a_rule_is_compiled_once(self):
        def rule(w, g, m, rate):
            m = 0.9 * m + g
            return w - rate * m, m

        address = update_address(rule, 1, (True,), "float64")
        assert address == update_address(rule, 1, (True,), "float64")
        assert address == update_address(
            lambda w, g, m, rate: (w - rate * (0.9 * m + g), 0.9 * m + g), 1, (True,), "float64"
        )
        assert address != update_address(rule, 1, (True,), "float32")
        assert address != update_address(rule, 1, (False,), "float64")

    def test_a_rule_that_cannot_be_read(self):
        with pytest.raises(CompileError, match=r"^An optimiser's rule must return a tuple of the new weight"):
            update_address(np.add, 0, (), "float64")
        with pytest.raises(CompileError, match=r"^An optimiser's rule must be written with operators"):
            update_address(lambda w, g: (w if w > g else g,), 0, (), "float64")
