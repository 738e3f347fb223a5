"""The catalogue is one place: a record added there is exported, typed, drawn, compiled, documented and tested."""

import importlib.util
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from oracles import exact

import autograd
from autograd import CATALOGUE, Op, Value, derivative
from autograd.floats import Extended

ROOT = Path(autograd.__file__).parents[1]

RECORD = """
witch = Op(
    "witch", lambda x: 1.0 / (1.0 + square(x)), [lambda out, x: -2.0 * x * square(out)],
    doc="a bell with heavy tails", reference="Agnesi 1748",
)
"""

TRIAL = """
import inspect, autograd, numpy, stubs, operations
from autograd import Value, witch
from autograd.draw.explorer.javascript import table
from autograd.testing import check_op, strategies
from autograd.ufuncs import UFUNCS

assert witch in autograd.CATALOGUE and "witch" in autograd.__all__ and UFUNCS["witch"] is witch
x = Value(-1.0, name="x")
y = x.witch()
y.backward()
assert (y.data, x.grad) == (0.5, 0.5), (y, x)
assert y.edges[0].formula == "−2·x·witch(x)²", y.edges[0].formula
assert witch(numpy.array([1.0, 0.0])).tolist() == [0.5, 1.0]
check_op(witch)
check_op(witch, order=2)
assert witch in inspect.signature(strategies.expressions).parameters["operations"].default
for backend in {backends}:
    program = autograd.compile(witch, 0.0, backend=backend)
    value, [gradient] = program.value_and_grad([-1.0, 0.0], wrt="inputs", reduce="none")
    assert value.tolist() == [0.5, 1.0] and gradient.tolist() == [0.5, 0.0], (backend, value, gradient)
assert "witch" in table([(witch, 1)], {{}})[0]
assert "witch: Op" in stubs.stubs() and "def witch(self) -> Value" in stubs.stubs()
assert "`witch`" in operations.page()
print("everything")
"""


def test_a_record_is_all_that_a_new_operation_takes(tmp_path):
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = tmp_path / "autograd" / "ops.py"
    text = catalogue.read_text(encoding="utf-8")
    assert "witch" not in [op.name for op in CATALOGUE]
    before, mark, after = text.partition("#: The catalogue, in the order")
    catalogue.write_text(f"{before}{RECORD}\n{mark}{after}", encoding="utf-8")
    backends = ["numpy"] + ["numba"] * (importlib.util.find_spec("numba") is not None)
    paths = os.pathsep.join([str(tmp_path), str(ROOT / "docs")])
    done = subprocess.run(
        [sys.executable, "-c", TRIAL.format(backends=backends)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert (done.returncode, done.stdout) == (0, "everything\n"), done.stderr


def test_an_operation_without_an_oracle_says_where_it_goes():
    with pytest.raises(LookupError, match=r"^witch has no oracle: add it to MPMATH in tests/oracles\.py\.$"):
        exact("witch", [1.0])


def test_the_types_that_editors_see_are_those_of_the_catalogue():
    stubs = importlib.util.spec_from_file_location("stubs", ROOT / "docs" / "stubs.py")
    module = importlib.util.module_from_spec(stubs)
    stubs.loader.exec_module(module)
    assert module.PATH.read_text(encoding="utf-8") == module.stubs(), "run: python docs/stubs.py"


def test_every_operation_is_exported():
    assert [getattr(autograd, op.name, None) for op in CATALOGUE] == list(CATALOGUE)
    assert {op.name for op in CATALOGUE} <= set(dir(autograd))


#: Primitives whose limits the catalogue knows: (a record of the user's own, the catalogue's, where it is infinite).
OWN = [
    (Op("mylog", math.log, [lambda out, x: 1.0 / x]), autograd.log, 0.0),
    (Op("mylog1p", math.log1p, [lambda out, x: 1.0 / (1.0 + x)]), autograd.log1p, -1.0),
    (Op("mylog2", math.log2, [lambda out, x: 1.4426950408889634 / x]), autograd.log2, 0.0),
    (Op("mysinh", math.sinh, [lambda out, x: autograd.cosh(x)]), autograd.sinh, -800.0),
    (Op("myexp", math.exp, [lambda out, x: out]), autograd.exp, 800.0),
]


@pytest.mark.parametrize(("own", "catalogued", "pole"), OWN, ids=lambda part: getattr(part, "name", part))
def test_a_record_of_ones_own_has_the_limits_of_the_catalogue(own, catalogued, pole):
    for x in (pole, math.nan, math.inf, -math.inf, 0.5):
        np.testing.assert_equal(float(own(Extended(x))), float(catalogued(Extended(x))), err_msg=str(x))
    assert math.isinf(own(Extended(pole)))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(own.apply((np.array([pole, 0.5]),)), catalogued.apply((np.array([pole, 0.5]),)))


def test_a_slope_at_a_pole_is_that_of_the_catalogue():
    """x·log x has slope −∞ at 0, whoever wrote the logarithm in its rule."""
    slopes = []
    for log in (autograd.log, OWN[0][0]):
        entropy = Op("entropy", lambda x: x * math.log(x) if x else 0.0, [lambda out, x, log=log: log(x) + 1.0])
        slopes.append(entropy(Value(0.0)).slopes[0])
    assert slopes == [-math.inf, -math.inf]
    assert derivative(OWN[0][0])(0.5) == 2.0


def test_a_limit_may_be_given():
    clipped = Op("clipped", math.sqrt, [lambda out, x: 0.5 / out], limit=lambda x: 0.0)
    assert clipped(Extended(-1.0)) == 0.0
    assert math.isnan(autograd.sqrt(Extended(-1.0)))
