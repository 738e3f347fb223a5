"""Kernels written from the records: their text keeps the type of number, and each is compiled once."""

import math

import numpy as np
import pytest

pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")

from autograd import CATALOGUE, CompileError, ops
from autograd.compiler.on_numba.kernels import Kernels, rule_address, typed


def plain(x: float, y: float = 2.0) -> float:
    """Say something."""
    return x**2 + 0.5 * y - 3


class TestTyped:
    def test_numbers_get_the_machines_type_but_exponents_do_not(self):
        text = typed(plain, "renamed")
        assert text.startswith("def renamed(x, y=")
        assert text.endswith("return x ** 2 + real(0.5) * y - real(3)")
        assert "float" not in text
        assert "Say something" not in text

    def test_the_text_means_the_same(self):
        names = {"real": float}
        exec(typed(plain, "renamed"), names)
        assert names["renamed"](3.0, 4.0) == plain(3.0, 4.0)

    def test_a_function_without_text(self):
        with pytest.raises(CompileError) as raised:
            typed(math.sin, "sin")
        assert str(raised.value) == "The text of <built-in function sin> cannot be read, so it cannot be compiled."


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

    @pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
    def test_every_operation_has_a_kernel(self, op):
        kernels = Kernels("float64")
        arity = 3 if op.nary else len(op.slopes)
        if op in (ops.total, ops.dot):
            return  # sums and products are the machine's own
        assert kernels.forward(op, arity) > 0
        assert kernels.slopes(op, arity, list(range(arity))) > 0


class TestRules:
    """The loop that applies an optimiser's rule."""

    def test_a_rule_is_compiled_once(self):
        def rule(w, g, m, rate):
            m = 0.9 * m + g
            return w - rate * m, m

        assert rule_address(rule, 1, 1, "float64") == rule_address(rule, 1, 1, "float64")
        assert rule_address(rule, 1, 1, "float64") != rule_address(rule, 1, 1, "float32")

    def test_a_rule_without_text(self):
        with pytest.raises(CompileError, match=r"^The text of .* cannot be read, so it cannot be compiled\.$"):
            rule_address(np.add, 0, 0, "float64")
