"""What tests share: how much properties are tried, little at the desk and much where CI is set; and a browser."""

import gc
import os
import shutil

import pytest
from effort import THOROUGH
from hypothesis import HealthCheck, settings

collect_ignore_glob = ["**/conftest.py", "conftest.py"]  # they hold no doctests, and share a name

#: Files whose tests share what takes long to make: the site, a tick of each benchmark, a started playground or kernel,
#: a compiled copy of the package, what JAX says, a model that was trained.
TOGETHER = {
    "tests/compiler/test_derivatives.py", "tests/edgegrad/lectures/test_page.py", "tests/notebooks/test_notebooks.py",
    "tests/test_benchmarks.py", "tests/test_gpt.py", "tests/test_hatch_build.py", "tests/test_jobs.py",
    "tests/test_mixed_installation.py", "tests/test_playground.py", "tests/test_site.py", "tests/test_storeys.py",
}  # fmt: skip
rounds = 0  # of the collector through everything, when it was last looked at
CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

COMMON = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("quick", max_examples=25, **COMMON)
settings.register_profile("thorough", max_examples=150, **COMMON)
settings.register_profile("long", max_examples=2500, **COMMON | {"derandomize": False, "print_blob": True})
settings.load_profile("thorough" if THOROUGH else "quick")
if not THOROUGH:  # what JAX compiles here runs once or twice
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of files that share something costly on one worker; they begin first."""
    from xdist.scheduler import LoadScopeScheduling

    class KeepTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

        def mark_test_complete(self, node, item_index, duration=0):
            """Forget what is done, as all that is assigned is counted after each test."""
            super().mark_test_complete(node, item_index, duration)
            assigned = self.assigned_work[node]
            scope = self._split_scope(self.registered_collections[node][item_index])
            if all(assigned[scope].values()):
                del assigned[scope]

    return KeepTogether(config, log) if config.getoption("dist") == "load" else None


def pytest_collection_finish():
    """Take the tests themselves out of the collector's sight, which would look at all of them in every full round."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logfinish():
    """After a full round, take what is left out of sight too: no cache and no kernel is looked at again and again."""
    global rounds
    if gc.get_stats()[2]["collections"] > rounds:
        gc.collect()
        gc.freeze()
        rounds = gc.get_stats()[2]["collections"]


@pytest.fixture
def little_to_collect():
    """Take all that there is out of the collector's sight: a test that calls it often waits for what is new alone."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def line_of():
    """Say, as the errors do, which line of the test raised: ``in test_op.py:12``."""

    def place(raised):
        entry = raised.traceback[0]
        return f"in {entry.path.name}:{entry.lineno + 1}"

    return place


@pytest.fixture(scope="session", params=["numpy", "numba"])
def backend(request):
    """Run a test of the compiler with each backend."""
    if request.param == "numba":
        pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
        pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")
    return request.param


@pytest.fixture(scope="session", params=["float64", "float32"])
def dtype(request):
    """Run a test of the compiler with each type of number."""
    return request.param


@pytest.fixture(scope="session")
def browser():
    """Start a real browser, one for all tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()
