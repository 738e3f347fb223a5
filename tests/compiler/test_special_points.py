"""The engine, both backends and mpmath at special points: values, slopes, second derivatives."""

import pytest
from special_points import cells, points_of

import autograd
from autograd import CATALOGUE


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_special_points(backend, op):
    if op is autograd.round and backend == "numba":  # decimal digits are rounded by Python only
        return
    for operands in points_of(op, few=True):
        for cell in cells(op, operands, backend, oracle=backend == "numpy"):
            assert cell.agrees, cell
            assert cell.right, cell
