"""One tick of every benchmark runs, its libraries agree, and the page is what the stored results say; no times."""

import importlib.util
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from effort import THOROUGH, in_ci

from autograd import CATALOGUE, Graph
from benchmarks import first, measure, record, replay, scaling, startup, training
from benchmarks import page as pages
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.benchmark import DisagreementError, Options, check_agreement, duration, table
from benchmarks.figure import draw, draw_growth
from benchmarks.gradbench import runs
from benchmarks.gradbench.benchmark import LIBRARIES, measure_eval
from benchmarks.gradbench.descent import argmin
from benchmarks.gradbench.evals import EVALS
from benchmarks.networks import S3, S4, layers, small
from benchmarks.peers import PEERS, Recording
from benchmarks.worker import Worker, WorkerError
from benchmarks.workload import ROUND, WORKLOADS

BY_NAME = {benchmark.name: benchmark for benchmark in BENCHMARKS}
#: Those of which a tick takes many seconds, and that do what others do, or what has tests of its own.
SLOW = ("S4", "first", "gradbench", "jobs")
TICKED = [name for name in BY_NAME if THOROUGH or name not in SLOW]


@cache
def tick(name):
    """Run one tick; the result as it would be stored and read back."""
    return json.loads(json.dumps(BY_NAME[name].run(Options(quick=True))))


def installed(module):
    return importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("name", TICKED)
def test_writes_its_section(name):
    section = BY_NAME[name].section(tick(name))
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 2
    assert re.search(r"\bnan\b", section) is None


# --- S1 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS)
def test_peers_agree(workload):
    rows = tick("S1")["workloads"][workload]
    assert {"plain floats", "edgegrad"} <= set(rows)
    for name, row in rows.items():
        assert 0.0 <= row["agreement"] <= 1e-9, name
        assert row["on"]["total"][0] > 0.0
        assert row["on"]["collector"][0] <= row["on"]["total"][0]
        assert name == "plain floats" or row["bytes"] > 0.0


def test_every_installed_peer_takes_part():
    modules = {"torch": "torch", "micrograd": "micrograd", "XAD": "xad", "CasADi SX": "casadi"}
    result = tick("S1")
    for name, module in modules.items():
        assert (result["versions"][name] is not None) == installed(module), name
        for workload in WORKLOADS.values():
            expected = installed(module) and not (workload.transcendental and name == "micrograd")
            assert (name in result["workloads"][workload.name]) == expected
    assert "Not installed: " in record.section(result)  # HIPS autograd is given by a folder only
    assert "HIPS autograd" in record.section(result).split("Not installed: ")[1].splitlines()[0]


def test_python_peers_are_counted_by_their_objects():
    rows = tick("S1")["workloads"]["chain"]
    assert 100.0 < rows["edgegrad"]["bytes"] < 300.0


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_workload_is_what_it_says(workload):
    """As many nodes as operations, every one reaching the output, all numbers within bounds."""
    recording = Recording(PEERS["edgegrad"](), workload, ROUND)
    recording.record()
    recording.sweep()
    graph = Graph(recording.output)
    assert sum(not node.is_leaf for node in graph) == ROUND
    assert set(recording.leaves) == set(graph.leaves)
    reached = sum(node.grad != 0.0 for node in graph)
    assert reached > 0.9 * len(graph)  # relu stops some
    closing = set()  # the sum of the round's results
    node = recording.output
    for _ in range(len(workload.leaves) if workload.name != "chain" else 0):
        closing.add(node)
        node = node.operands[0]
    assert max(abs(node.data) for node in graph if node not in closing) <= 3.0  # v + 2 and the like


def test_workload_is_the_same_each_time():
    for workload in WORKLOADS.values():
        first, second = (Recording(PEERS["edgegrad"](), workload, 2 * ROUND) for _ in range(2))
        for recording in (first, second):
            recording.record()
            recording.sweep()
        assert first.read() == second.read()


def test_disagreement_is_an_error():
    assert check_agreement("ours", (1.0, [2.0, 4.0]), (1.0, [2.0, 4.0 + 2e-9]), "w") == pytest.approx(5e-10, rel=1e-3)
    assert check_agreement("floats", (1.0, []), (1.0, [2.0]), "w") == 0.0
    with pytest.raises(DisagreementError) as error:
        check_agreement("peer", (1.0, [2.0, 4.1]), (1.0, [2.0, 4.0]), "chain")
    assert str(error.value) == (
        "peer and edgegrad disagree on workload 'chain': their gradients differ by 2.5e-02 relative, more than 1e-09. "
        "Times of different results are not compared."
    )
    with pytest.raises(DisagreementError, match="their values differ by nan relative"):
        check_agreement("peer", (float("nan"), []), (1.0, []), "chain")


def test_a_wider_tolerance_can_be_given():
    assert check_agreement("peer", (1.0, []), (1.0 + 5e-5, []), "w", 1e-4) == pytest.approx(5e-5, rel=1e-3)
    with pytest.raises(DisagreementError, match=r"differ by 5\.0e-04 relative, more than 1e-04\."):
        check_agreement("peer", (1.0, []), (1.0005, []), "w", 1e-4)


# --- S2 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS)
def test_replays_agree(workload):
    result = tick("S2")
    rows = result["workloads"][workload]
    for name, (package, _) in replay.REPLAYS.items():
        assert (name in rows) == (result["versions"][name] is not None) == installed(package), name
    for name, row in rows.items():
        assert row["replay"][0] > 0.0
        assert row["agreement"] is None if name == "bound" else 0.0 <= row["agreement"] <= 1e-9, name


@pytest.mark.parametrize("workload", ["arithmetic", "functions"])
def test_no_round_repeats_another(workload):
    """A replay that computes equal expressions once must not find whole rounds that are equal."""
    rounds = 3
    recording = Recording(PEERS["edgegrad"](), WORKLOADS[workload], rounds * ROUND)
    recording.record()
    known, place = {}, {}
    for node in Graph(recording.output):
        operands = tuple(place.get(operand, operand) for operand in node.operands)
        key = (node.op, operands) if not node.is_leaf else node
        place[node] = known.setdefault(key, len(known))
    assert len(known) > 0.9 * rounds * ROUND


@pytest.mark.parametrize("workload", WORKLOADS)
def test_tape_by_hand_agrees_and_its_bound_has_the_same_operations(workload):
    pytest.importorskip("numba")
    from benchmarks.tape import KINDS, Tape

    recording = Recording(PEERS["edgegrad"](), WORKLOADS[workload], ROUND)
    recording.record()
    tape = Tape(recording.output, recording.leaves)
    value, gradient = tape.run()
    recording.sweep()
    assert value == pytest.approx(recording.output.data, rel=1e-12)
    assert gradient == pytest.approx(np.array(recording.read()[1]), rel=1e-9, abs=1e-12)
    kinds, counts = np.unique(tape._kinds[tape._first :], return_counts=True)
    bound = tape.without_wiring()
    bare, as_many = np.unique(bound._kinds[bound._first :], return_counts=True)
    assert (kinds.tolist(), counts.tolist()) == (bare.tolist(), as_many.tolist())
    assert sum(counts) == ROUND
    assert {KINDS[kind] for kind in kinds} <= {op.name for op in CATALOGUE}
    assert np.isfinite(bound.run()[0])


# --- S3 and S4 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ("S3", "S4") if name in TICKED])
def test_trainers_agree(name):
    result = tick(name)
    assert set(result["precisions"]) == ({"float64"} if name == "S3" else {"float64", "float32"})
    for dtype, measured in result["precisions"].items():
        expected = {
            trainer
            for trainer, kind in training.TRAINERS.items()
            if name in kind.problems and dtype in kind.dtypes and installed(kind.package)
        }
        assert set(measured["rows"]) == expected | ({"bound"} if installed("numba") else set())
        assert {"edgegrad, NumPy", "NumPy by hand"} <= expected
        for trainer, row in measured["rows"].items():
            assert row["step"][0] > 0.0
            assert trainer == "bound" or 0.0 <= row["agreement"] <= training.DTYPES[dtype], trainer
    assert measured["rows"][measured["reference"]]["ratio"] == [1.0, 1.0, 1.0]


def test_a_trainer_with_another_rate_disagrees():
    """The comparison covers the optimiser: what takes other steps is found out."""
    _, _, loss, weights = training.outcome("NumPy by hand", "S4", "float64", True)
    wrong = training.TRAINERS["NumPy by hand"](small(S4)._replace(settings=(2e-3, 0.9, 1e-7)), "float64")
    wrong.train(wrong.problem.rows(training.CHECKED, shuffled=False))
    with pytest.raises(
        DisagreementError, match="NumPy by hand and edgegrad disagree on workload 'S4, trained': their "
    ):
        check_agreement("NumPy by hand", (loss, wrong.weights().tolist()), (loss, weights), "S4, trained")


def test_problems_are_what_they_say():
    assert S4.parameters() == 26_625
    assert S3.parameters() == 337
    for problem in (S3, S4, small(S3), small(S4)):
        X, T = problem.data()
        assert X.shape == (problem.examples, problem.widths[0])
        assert T.shape == (problem.examples, 1)
        rows = problem.rows(problem.block, shuffled=True)
        assert rows.shape == (problem.block, problem.batch)
        assert (np.bincount(rows.ravel(), minlength=problem.examples) <= -(-rows.size // problem.examples)).all()
        w = problem.weights()
        parts = layers(problem.widths, w)
        assert sum(W.size + b.size for W, b in parts) == len(w) == problem.parameters()
        assert [W.shape[::-1] for W, _ in parts] == list(zip(problem.widths, problem.widths[1:], strict=False))
        assert np.array_equal(w, problem.weights())
    assert set(S3.data()[1].ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bound_computes_every_product_and_the_update(dtype):
    pytest.importorskip("numba")
    from benchmarks.bound import Bound

    bound = Bound(S4, dtype)
    assert bound.products == 11
    bound.multiply(2)
    firsts, seconds, outs = bound._plain
    for first_, second, out in zip(firsts, seconds, outs, strict=True):
        assert out == pytest.approx(first_ @ second, rel=1e-3, abs=1e-3)
    for first_, second, out in zip(*bound._transposed, strict=True):
        assert out == pytest.approx(first_.T @ second, rel=1e-3, abs=1e-3)
    assert all(array.ctypes.data % 64 == 0 for array in (*firsts, *seconds, *outs))
    _, (w, g, G, rate, alpha, _, eps) = bound._update
    expected_G = alpha * G + (1 - alpha) * g * g
    expected = w - rate * g / (np.sqrt(expected_G) + eps)
    bound.update(1)
    assert w == pytest.approx(expected, rel=1e-5)
    assert w.dtype == dtype


# --- the others -----------------------------------------------------------------------------------------------------


def test_dot_agrees_and_holds_less():
    rows = tick("dot")["rows"]
    assert all(row["agreement"] <= 1e-9 for row in rows)
    one, separate = rows[-1]["bytes"]
    assert one < separate / 2


def test_second_derivatives_agree():
    result = tick("second")
    assert ("torch" in result["steps"]) == installed("torch")
    assert set(result["agreement"]) == set(result["steps"]) >= {"edgegrad"}
    assert all(difference <= 1e-9 for difference in result["agreement"].values())
    assert result["nodes"] > 1.0  # for each that is recorded


def test_import_loads_the_standard_library_only():
    assert tick("import")["rows"]["edgegrad"]["foreign"] == ["autograd"]
    assert startup.IMPORTS["edgegrad"] == "autograd"


def test_linear_curve_covers_every_size():
    curves = tick("linear")["curves"]
    assert set(curves) == {"chain", "functions"}
    for curve in curves.values():
        assert [point["operations"] for point in curve] == [ROUND, 2 * ROUND]
        assert all(point["bytes"] > 0 for point in curve)


def test_growth_covers_every_size_and_fits_exponents():
    result = tick("scaling")
    for name, sizes in {"parameters": [58, 133], "batch": [1, 2], "depth": [1, 2]}.items():
        assert [point["size"] for point in result["curves"][name]] == sizes
    assert result["left out"] == []
    curve = [{"size": size, "step": [3.0 * size**1.5], "first": 2.0 * size} for size in (1, 10, 100, 1000)]
    assert scaling._fits(curve, "step") == "1.50, in the upper half 1.50"
    assert scaling._fits(curve, "first") == "1.00, in the upper half 1.00"
    assert [round(np.log10(scaling._count([13, n, n, 1])), 1) for n in scaling.WIDTHS] == [2, 3, 4, 5, 6, 7]


def test_growth_leaves_out_what_does_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr(scaling, "free_bytes", lambda: 1)
    result = scaling.run(Options(quick=True))
    assert result["left out"] == [
        f"{size} in {curve}"
        for curve, sizes in (("parameters", (58, 133)), ("batch", (1, 2)), ("depth", (1, 2)))
        for size in sizes
    ]
    assert "Left out for want of memory: 58 in parameters, " in scaling.section(result)


@in_ci
def test_first_results():
    result = tick("first")
    trained, replayed = result["rows"]["trained"], result["rows"]["replayed"]
    assert "edgegrad, NumPy" in trained
    for rows in (trained, replayed):
        assert ("edgegrad, numba" in rows) == ("edgegrad, numba, cached" in rows) == installed("numba")
        for made, ran, again, process in rows.values():
            assert min(made[0], ran[0], again[0]) > 0.0
            assert process[0] >= made[0] + ran[0]
    assert set(first.TRAINED) <= set(training.TRAINERS)
    assert set(first.REPLAYED) <= set(replay.REPLAYS)


@in_ci
def test_a_worker_can_have_a_cache_of_its_own(tmp_path):
    pytest.importorskip("numba")
    with Worker(cache=str(tmp_path)) as worker:
        worker.call("first:trained", "edgegrad, numba", True)
    assert any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.skipif(not installed("Cython") or shutil.which("cc") is None, reason="needs Cython and a C compiler")
def test_compiled_build_is_compiled_and_computes_the_same():
    result = tick("compiled")
    assert result["parts"] == {"plain Python": [], "compiled build": ["autograd.backward", "autograd.native"]}
    for rows in result["workloads"].values():
        assert set(rows) == set(result["parts"])
        assert all(row["agreement"] == 0.0 for row in rows.values())


# --- measuring ------------------------------------------------------------------------------------------------------


def test_exponent():
    sizes = [10.0, 100.0, 1000.0]
    assert measure.exponent(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5, abs=1e-12)
    assert measure.exponent(sizes, [7 * size for size in sizes]) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("budget", "calls"), [(0.0, 1), (3.5e6, 4), (4e6, 4)])
def test_per_call_divides_by_the_calls(monkeypatch, budget, calls):
    now, made = [7e6], []
    monkeypatch.setattr(measure, "clock", lambda: now[0])

    def take_a_millisecond():
        made.append(0)
        now[0] += 1e6

    assert (measure.per_call(take_a_millisecond, budget), len(made)) == (1e6, calls)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not say what is held now")
def test_memory_of_the_process():
    before, size = measure.resident_bytes(), 64 * 2**20
    kept = bytearray(b"1") * size
    assert measure.resident_bytes() - before == pytest.approx(size, rel=0.1)
    assert measure.free_bytes() > 0
    del kept
    assert measure.resident_bytes() < before + size / 2
    assert measure.peak_bytes() > before + size / 2


def test_spread_and_its_text():
    samples = measure.spread([30.0, 1000.0, 20.0])
    assert samples == (30.0, 20.0, 1000.0)
    assert duration(samples) == "30 (20–1,000)"
    assert duration([1234.5, 1.0, 2.0], with_range=False) == "1,234"
    assert duration([9.87, 1.0, 2.0], with_range=False) == "9.9"


def test_table():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |\n"


def test_traced_counts_what_is_kept():
    assert 8_000 <= measure.traced(lambda: [None] * 1000) < 9_000
    assert abs(measure.traced(lambda: None)) < 500


def test_collector_clock_counts_runs():
    import gc

    before = list(gc.callbacks)
    with measure.collector_clock() as runs:
        gc.collect()
        gc.collect()
    assert len(runs) >= 2
    assert all(run >= 0 for run in runs)
    assert gc.callbacks == before


def test_worker_reports_errors_and_goes_on():
    with Worker() as worker:
        with pytest.raises(
            WorkerError, match=r"(?s)timing:outcome\('nobody', 'chain', 10\) failed .*KeyError: 'nobody'"
        ):
            worker.call("timing:outcome", "nobody", "chain", 10)
        assert worker.call("timing:installed", "edgegrad") is not None


def test_worker_that_ends_is_an_error():
    with Worker() as worker:
        worker._process.kill()
        with pytest.raises(
            WorkerError, match=r"The process that ran timing:installed\('torch',\) ended with status -9\."
        ):
            worker.call("timing:installed", "torch")


# --- the page and the command ---------------------------------------------------------------------------------------


def test_page_is_current():
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page(BENCHMARKS), "run: python -m benchmarks --page"
    assert ElementTree.parse(pages.PAGE.with_suffix(".svg")).getroot().tag.endswith("svg")


def test_figure_shows_every_curve(tmp_path):
    draw(tick("linear"), tick("dot"), tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    for label in ("chain, collector off", "functions, on", "one dot node", "separate nodes"):
        assert label in drawn


def test_figure_shows_growth(tmp_path):
    draw_growth(tick("scaling"), tmp_path / "scaling.svg")
    drawn = (tmp_path / "scaling.svg").read_text(encoding="utf-8")
    for label in ("parameters", "batch", "depth", "the first step"):
        assert label in drawn


def test_store_and_load(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "RESULTS", tmp_path / "results")
    assert pages.load(BY_NAME["dot"]) is None
    pages.store(BY_NAME["dot"], tick("dot"))
    kept = pages.load(BY_NAME["dot"])
    assert kept["result"] == tick("dot")
    written = pages.page([BY_NAME["S1"], BY_NAME["dot"]])
    assert "## A neuron as one node\n" in written
    assert "## Recording" not in written
    assert kept["machine"]["python"] in written


def test_page_has_the_figure_of_growth(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(pages, "PAGE", tmp_path / "performance.md")
    pages.store(BY_NAME["scaling"], tick("scaling"))
    pages.write_page(BENCHMARKS)
    assert "](scaling.svg)" in (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert (tmp_path / "scaling.svg").exists()


def test_page_from_stored_results(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", tmp_path / "performance.md")
    assert main(["--page"]) == 0
    assert (tmp_path / "performance.md").read_text(encoding="utf-8") == pages.page(BENCHMARKS)
    assert (tmp_path / "performance.svg").exists()


def test_command(capsys):
    assert main(["--quick", "--only", "dot"]) == 0
    assert capsys.readouterr().out.startswith("## A neuron as one node\n")
    with pytest.raises(SystemExit, match="2"):
        main(["--quick", "--write"])
    assert "--quick gives no figures to --write" in capsys.readouterr().err


# --- GradBench ------------------------------------------------------------------------------------------------------


@in_ci
def test_evals_agree():
    rows = tick("gradbench")["rows"]
    assert [row["eval"] for row in rows] == list(EVALS)
    packages = {"edgegrad": "autograd", "PyTorch": "torch", "JAX": "jax", "CasADi": "casadi"}
    for row in rows:
        evaluation = EVALS[row["eval"]]
        assert set(row["again"]) == {library for library in evaluation.libraries if installed(packages[library])}
        assert all(0.0 <= difference <= 1e-9 for difference in row["agreement"].values())
        assert set(evaluation.libraries) <= set(LIBRARIES)


def test_an_eval_of_another_formula_disagrees(monkeypatch):
    """The comparison sees every number of a long result, and the result that GradBench expects."""
    numbers = np.random.default_rng(0).normal(size=12_345)
    shown = np.array(runs.summarise(numbers))
    for place in (0, 6_000, 12_344):
        changed = numbers.copy()
        changed[place] += 1e-6
        assert np.abs(runs.summarise(changed) - shown).max() > 1e-7
    monkeypatch.setitem(EVALS, "lse", EVALS["lse"]._replace(sizes=({"n": 2},), reference=(1.0, 0.5, 0.5)))
    words = "GradBench and edgegrad disagree on workload 'lse n=2': their "
    with Worker() as worker, pytest.raises(DisagreementError, match=words):
        measure_eval("lse", {"n": 2}, {"edgegrad": worker}, 1, 0.0)


def test_gmm_is_the_log_posterior():
    """GradBench's definition: normal densities mixed by softmax(α), times Wishart densities of the precisions."""
    stats = pytest.importorskip("scipy.stats")
    d, K, N = 3, 2, 5
    given = EVALS["gmm"].inputs(d, K, N)
    posterior = 0.0
    weights = np.exp(given["alpha"]) / np.exp(given["alpha"]).sum()
    Q = np.exp(given["q"])[:, :, None] * np.eye(d)
    for k in range(K):
        Q[k][[1, 2, 2], [0, 0, 1]] = given["l"][k]
    precisions = Q.transpose(0, 2, 1) @ Q
    for x in given["x"]:
        densities = [
            stats.multivariate_normal(mu, np.linalg.inv(precision)).pdf(x)
            for mu, precision in zip(given["mu"], precisions, strict=True)
        ]
        posterior += np.log(weights @ densities)
    posterior += sum(stats.wishart(d + 1, np.eye(d)).logpdf(precision) for precision in precisions)
    assert EVALS["gmm"].libraries["edgegrad"](given)()[0] == pytest.approx(posterior, rel=1e-11)


def test_determinant_by_minors():
    given = EVALS["det"].inputs(6)
    value, *slopes = EVALS["det"].libraries["edgegrad"](given)()
    assert value == pytest.approx(np.linalg.det(given["A"]), rel=1e-12)
    assert np.array(slopes).reshape(6, 6) == pytest.approx(value * np.linalg.inv(given["A"]).T, rel=1e-10)


@pytest.mark.parametrize("angle", [0.0, 1e-7, 1.0])
def test_errors_of_a_camera_that_is_turned(angle):
    """Beside SciPy's rotations and differences, also where the camera is not turned at all."""
    rotations = pytest.importorskip("scipy.spatial.transform")
    differentiate = pytest.importorskip("scipy.differentiate")
    given = EVALS["ba"].inputs(1, 1, 1)
    given["camera"][:, :3] *= angle

    def errors(numbers):
        camera, point, weight = np.split(numbers, [11, 14])
        turned = rotations.Rotation.from_rotvec(camera[:3]).apply(point - camera[3:6])
        u = turned[:2] / turned[2]
        scale = camera[6] * (1.0 + camera[9] * (u @ u) + camera[10] * (u @ u) ** 2)
        return weight * (u * scale + camera[7:9] - given["feature"][0])

    at = np.concatenate([given["camera"][0], given["point"][0], given["weight"]])
    due = differentiate.jacobian(lambda xs: np.apply_along_axis(errors, 0, xs), at).df
    found = EVALS["ba"].libraries["edgegrad"](given)()
    np.testing.assert_allclose(found[:-1].reshape(2, 15), due, rtol=1e-7, atol=1e-7)
    assert found[-1] == -2.0 * given["weight"][0]


@pytest.mark.parametrize("name", ["llsq", "lse"])
def test_evals_by_closed_forms(name):
    evaluation = EVALS[name]
    given = evaluation.inputs(**evaluation.tick)
    value, *slopes = evaluation.libraries["edgegrad"](given)()
    if name == "lse":
        assert value == pytest.approx(np.log(np.exp(given["x"]).sum()), rel=1e-14)
        assert slopes == pytest.approx(np.exp(given["x"] - value), rel=1e-12)
    else:
        left = given["s"] - np.polynomial.polynomial.polyval(given["t"], given["x"])
        assert value == pytest.approx(0.5 * left @ left, rel=1e-12)
        assert slopes == pytest.approx(-np.vander(given["t"], len(given["x"]), increasing=True).T @ left, rel=1e-12)


def test_a_descent_ends_where_the_slope_is_small():
    def slopes(f):
        return lambda x: [2 * (x[0] - 3.0)]

    (x,) = argmin(slopes, lambda x: (x[0] - 3.0) ** 2, [0.0])
    assert abs(x - 3.0) < 1e-4
    assert argmin(slopes, lambda x: (x[0] - 3.0) ** 2, [0.0], tries=1) == [pytest.approx(6e-5)]
