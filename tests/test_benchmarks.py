"""One tick of every benchmark runs, its libraries agree, and the page is what the stored results say; no times."""

import importlib.util
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from functools import cache

import pytest

from autograd import CATALOGUE, Graph
from autograd.record import recorder_source
from benchmarks import compiled, measure, record, startup
from benchmarks import page as pages
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.benchmark import DisagreementError, Options, check_agreement, duration, table
from benchmarks.figure import draw
from benchmarks.peers import PEERS, Recording
from benchmarks.worker import Worker, WorkerError
from benchmarks.workload import ROUND, WORKLOADS

BY_NAME = {benchmark.name: benchmark for benchmark in BENCHMARKS}


@cache
def tick(name):
    """Run one tick; the result as it would be stored and read back."""
    return json.loads(json.dumps(BY_NAME[name].run(Options(quick=True))))


def installed(module):
    return importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("name", BY_NAME)
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


# --- the others -----------------------------------------------------------------------------------------------------


def test_dot_agrees_and_holds_less():
    rows = tick("dot")["rows"]
    assert all(row["agreement"] <= 1e-9 for row in rows)
    one, separate = rows[-1]["bytes"]
    assert one < separate / 2


def test_second_derivatives_agree():
    result = tick("second")
    assert ("torch" in result["steps"]) == installed("torch")
    assert all(difference <= 1e-9 for difference in result["agreement"].values())
    assert result["nodes"] > 1.0


def test_import_loads_the_standard_library_only():
    assert tick("import")["rows"]["edgegrad"]["foreign"] == ["autograd"]
    assert startup.IMPORTS["edgegrad"] == "autograd"


def test_linear_curve_covers_every_size():
    for curve in tick("linear")["curves"].values():
        assert [point["operations"] for point in curve] == [ROUND, 2 * ROUND]
        assert all(point["bytes"] > 0 for point in curve)


@pytest.mark.skipif(not installed("Cython") or shutil.which("cc") is None, reason="needs Cython and a C compiler")
def test_compiled_copy_is_compiled_and_computes_the_same():
    result = tick("compiled")
    assert result["parts"]["plain Python"] == []
    assert result["parts"]["sweep"] == ["autograd.backward"]
    assert result["parts"]["sweep and recorders"] == ["autograd._recorders", "autograd.backward"]
    for rows in result["workloads"].values():
        assert set(rows) == set(result["parts"])
        assert all(row["agreement"] == 0.0 for row in rows.values())


def test_every_recorder_can_be_written_for_the_compiler(tmp_path):
    (tmp_path / "autograd").mkdir()
    compiled.write_sources(tmp_path)
    written = (tmp_path / "autograd" / "_recorders.pyx").read_text(encoding="utf-8")
    for op in CATALOGUE:
        if not op.nary and len(op.slopes) <= 2:
            source, _ = recorder_source(op)
            assert f"MAKE['{op.name}'] = make_{op.name}" in written
            made = written.split(f"def make_{op.name}(")[1].split("MAKE[")[0]
            assert made.count("return new_node(Value, ") == source.count("= new(Value)")
    declared = (tmp_path / "autograd" / "backward.pxd").read_text(encoding="utf-8")
    assert "cpdef sweep(root, seed, wanted=*)" in declared
    assert "cpdef _deliver(" in declared


def test_a_failed_build_says_what_the_compiler_said(tmp_path):
    with pytest.raises(compiled.BuildError, match=r"(?s)The copy could not be compiled:.*no such thing"):
        compiled.build(tmp_path, "raise SystemExit('no such thing')")


# --- measuring ------------------------------------------------------------------------------------------------------


def test_exponent():
    sizes = [10.0, 100.0, 1000.0]
    assert measure.exponent(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5, abs=1e-12)
    assert measure.exponent(sizes, [7 * size for size in sizes]) == pytest.approx(1.0, abs=1e-12)


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


def test_page_from_stored_results(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", tmp_path / "performance.md")
    assert main(["--page"]) == 0
    assert (tmp_path / "performance.md").read_text(encoding="utf-8") == pages.page(BENCHMARKS)
    assert (tmp_path / "performance.svg").exists()


def test_command(capsys):
    assert main(["--quick", "--only", "import"]) == 0
    assert capsys.readouterr().out.startswith("## Import\n")
    with pytest.raises(SystemExit, match="2"):
        main(["--quick", "--write"])
    assert "--quick gives no figures to --write" in capsys.readouterr().err
