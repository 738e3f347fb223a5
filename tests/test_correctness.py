"""docs/correctness.md: a small part of it is measured again, and its tables fit the catalogue and the kept figures."""

import json
import math
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import crowd
import pytest
from accuracy import KINDS, STEPS, error, measure
from documents import script
from effort import THOROUGH, in_ci
from mpmath import mp

import autograd
from autograd import CATALOGUE, Op
from autograd.testing.strategies import Expression, Step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    correctness = script("correctness")
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
POINTS = 5 if THOROUGH else 2  # of each operation
FIGURES = json.loads(correctness.FIGURES.read_text(encoding="utf-8"))


def test_the_page_shows_the_figures_that_are_kept():
    assert correctness.PAGE.read_text(encoding="utf-8") == correctness.page(), "run: docs/correctness.py --page"


def test_every_operation_was_measured():
    found = FIGURES["operations"]
    assert list(found) == [op.name for op in CATALOGUE], "run: python docs/correctness.py"
    for op in CATALOGUE:
        for kind in KINDS:
            due = kind == "value" or op.name not in STEPS
            assert (found[op.name][kind]["count"] > FIGURES["points"] / 3) == due, (op.name, kind)
            assert found[op.name][kind]["share"] < 2.0


def test_every_large_error_has_its_reason():
    assert set(correctness.large(FIGURES["operations"])) == set(correctness.WHY)


def test_no_program_was_beyond_rounding():
    found = FIGURES["programs"]
    assert found["programs"] >= correctness.PROGRAMS
    assert [row["beyond"] for row in found["found"].values()] == [0] * len(crowd.EVERY)
    often = min(found["programs"], crowd.BLOCKS_TRIED_OFTEN * crowd.BLOCK)
    assert all(row["compared"] >= often / (2 * crowd.EVERY[name]) for name, row in found["found"].items())


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_a_few_points_again(op):
    """With another seed: what is kept holds elsewhere too, as a share of rounding."""
    for worst in measure(op, 1, POINTS, special=False).values():
        assert worst.share < 2.0, worst


def test_a_wrong_rule_is_far_off():
    wrong = Op("tanh", math.tanh, [lambda out, x: 1.0 - out])
    assert measure(wrong, 0, 2)["slope"].share > 1e6
    drifting = Op("exp", lambda x: math.exp(x) * (1.0 + 1e-13), [lambda out, x: out], domain=[(-700.0, 700.0)])
    assert measure(drifting, 0, 2)["value"].share > 3.0


def test_an_error_is_measured_in_units_of_the_exact_number():
    assert error(1.0 + 2.0**-52, mp.one, 0.0)[0] == 1.0
    assert error(4.0 + 2.0**-50, mp.mpf(4), 0.0)[:2] == (1.0, 0.125)
    assert error(0.0, mp.zero, 0.0) == (0.0, 0.0, 0.0)


def test_a_seed_draws_the_same_whatever_is_loaded():
    """Hypothesis itself would draw numbers that it reads in the source of the tests that are loaded here."""
    read = "import sys; sys.path.insert(0, sys.argv[1]); import crowd; print(crowd.draw(7, 40))"
    alone = subprocess.run(  # a Python that has loaded none of the tests
        [sys.executable, "-c", read, str(Path(crowd.__file__).parent)], capture_output=True, text=True, check=True
    )
    assert alone.stdout.strip() == str(crowd.draw(7, 40))


@needs_torch
def test_a_few_programs_again():
    seed = 1_000_000  # that the page did not use
    state = crowd.run_block(seed, 25, {"engine": 1, "numpy": 2, "engine beside JAX": 12})
    assert 0 < state["programs"] <= 25
    assert state["found"]["engine"]["compared"] + state["refused"] == state["programs"]
    assert all(row["beyond"] == 0 for row in state["found"].values())


@needs_torch
def test_a_program_that_computes_another_derivative_is_found(monkeypatch):
    program = Expression((0.5,), (Step(autograd.tanh, (0,)),), ("x",))
    monkeypatch.setattr(crowd, "torch_apply", lambda op, xs: xs[0].sin())
    monkeypatch.setitem(crowd.MPMATH, "tanh", crowd.mp.sin)
    [(name, off, decided)] = crowd.differences(program, ["engine"])
    assert (name, decided) == ("engine", True)
    assert off > 1e12


@needs_torch
def test_mpmath_decides_where_pytorch_has_lost_its_digits():
    program = Expression((-7.0,), (Step(autograd.gelu, (0,)),), ("x",))
    [(_, off, decided)] = crowd.differences(program, ["engine"])
    assert decided
    assert off < 1.0


def test_a_stopped_run_goes_on_where_it_stood(tmp_path, monkeypatch):
    def tried(block):
        if block == 2 and not said[2:]:
            raise KeyboardInterrupt
        row = {
            "compared": 2,
            "decided": 0,
            "beyond": 1,
            "block": block,
            "worst": 1.0 + block % 3,
            "program": str(block),
        }
        return {"blocks": 1, "programs": 500, "refused": 1, "beyond": ["one"], "found": dict.fromkeys(crowd.EVERY, row)}

    said = []
    path = tmp_path / "programs.json"
    monkeypatch.setattr(crowd, "run_block", tried)
    with pytest.raises(KeyboardInterrupt):
        crowd.go_on(2000, path, lambda: 1.0, said.append)
    assert json.loads(path.read_text())["programs"] == 1000
    said.append("stopped")
    state = crowd.go_on(1700, path, lambda: 1.0, said.append)
    assert (state["blocks"], state["programs"], state["refused"]) == (4, 2000, 4)
    due = {"compared": 8, "worst": 3.0, "decided": 0, "beyond": 4, "block": 2, "program": "2"}
    assert state["found"] == dict.fromkeys(crowd.EVERY, due)
    assert [line.partition(";")[0] for line in said] == [
        "500 of 2,000", "1,000 of 2,000", "stopped", "1,500 of 1,700", "2,000 of 1,700",
    ]  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == ["programs.json"]


def test_a_state_is_not_gone_on_with_by_another_hypothesis(tmp_path):
    path = tmp_path / "programs.json"
    for begun in ({"hypothesis": "6.0.0"}, {}):
        path.write_text(json.dumps({key: x for key, x in crowd.fresh().items() if key != "hypothesis"} | begun))
        before = path.read_bytes()
        with pytest.raises(ValueError, match=r"was begun with hypothesis (6\.0\.0|None), and .* draws other programs"):
            crowd.go_on(500, path, lambda: 1.0)
        assert path.read_bytes() == before


def test_in_about_a_quarter_of_the_programs_every_derivative_is_0():
    drawn = crowd.draw(200, 500)
    flat = sum(not any(crowd.with_engine(expression)[0][1]) for expression in drawn)
    assert 0.2 < flat / len(drawn) < 0.3


@in_ci
@needs_torch
def test_two_blocks_at_a_time(tmp_path):
    """In processes of their own, beyond the blocks that are tried often, where little is compiled."""
    path, first = tmp_path / "programs.json", crowd.BLOCKS_TRIED_OFTEN
    path.write_text(json.dumps(crowd.fresh() | {"blocks": first, "programs": first * crowd.BLOCK}))
    said = []
    state = crowd.go_on((first + 2) * crowd.BLOCK, path, lambda: 1.0, said.append, jobs=2)
    assert (state["blocks"], state["programs"], len(said)) == (first + 2, (first + 2) * crowd.BLOCK, 2)
    assert json.loads(path.read_text()) == state
    assert [row["beyond"] for row in state["found"].values()] == [0] * len(crowd.EVERY)
    for name in ("engine", "numpy"):
        found = state["found"][name]
        due = 2 * crowd.BLOCK // crowd.RARER_THEREAFTER[name]
        assert due - state["refused"] <= found["compared"] <= due
        assert found["block"] in (first, first + 1)
