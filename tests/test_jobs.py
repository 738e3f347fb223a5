"""The jobs of docs/jobs: their programs find what the usual libraries find, and what closed forms say."""

from functools import cache

import numpy as np
import pytest
from documents import DOCS, script

from benchmarks.jobs.benchmark import BENCHMARK
from benchmarks.jobs.programs import JOBS, begin, ours, program
from benchmarks.page import load

PAGES = {path.stem for path in (DOCS / "jobs").glob("*.md")} - {"index"}

found = cache(ours)


@pytest.fixture
def one_thread():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def double():
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("name", JOBS)
def test_agrees_with_the_usual_way(name, request):
    job = JOBS[name]
    for package in job.packages:
        pytest.importorskip(package)
    for package, settings in {"torch": "one_thread", "jax": "double"}.items():
        if package in job.packages:
            request.getfixturevalue(settings)
    expected, numbers = np.array(job.theirs(begin(name))), np.array(found(name))
    assert numbers.shape == expected.shape
    assert np.abs(numbers - expected).max() <= job.tolerance * np.abs(expected).max()


def test_every_page_is_a_job_on_a_card_and_short():
    index = (DOCS / "jobs" / "index.md").read_text(encoding="utf-8")
    assert set(JOBS) == PAGES
    for name in JOBS:
        assert f":link: {name}\n" in index
        assert index.count(f"\n{name}\n") == 1  # in the tree
        text = (DOCS / "jobs" / f"{name}.md").read_text(encoding="utf-8")
        assert text.count("<!-- time -->") == 1
        assert 5 <= len(program(name).splitlines()) <= 40, name


def test_times_are_those_that_were_measured():
    pytest.importorskip("sphinx", reason="the site needs the extra docs")
    pages, kept = script("job_pages"), load(BENCHMARK)
    assert set(kept["result"]["rows"]) == set(JOBS)
    for name, row in kept["result"]["rows"].items():
        assert row["agreement"] <= JOBS[name].tolerance
        source = ["# A page\n\n<!-- time -->\n"]
        pages.say_time(None, f"jobs/{name}", source)
        assert f"| {row['with']} | " in source[0]
        assert "<!--" not in source[0]
    untouched = ["<!-- time -->"]
    pages.say_time(None, "networks", untouched)
    assert untouched == ["<!-- time -->"]


def test_greeks_are_those_of_the_closed_form():
    """Hull, chapter 19, in mpmath's precision."""
    mpmath = pytest.importorskip("mpmath")
    generator = np.random.default_rng(0)
    S, K = generator.uniform(80, 120, (2, 1000))
    r, sigma, T = (generator.uniform(*ends, 1000) for ends in ((0.0, 0.08), (0.1, 0.5), (0.1, 2.0)))
    greeks = np.array(found("option-greeks")).reshape(6, 1000)
    with mpmath.workdps(40):
        for k in range(0, 1000, 50):
            s, x, rate, v, t = (mpmath.mpf(array[k]) for array in (S, K, r, sigma, T))
            d1 = (mpmath.log(s / x) + (rate + v * v / 2) * t) / (v * mpmath.sqrt(t))
            d2, discounted = d1 - v * mpmath.sqrt(t), x * mpmath.exp(-rate * t)
            N, n = mpmath.ncdf, mpmath.npdf
            due = [
                s * N(d1) - discounted * N(d2), N(d1), n(d1) / (s * v * mpmath.sqrt(t)), s * n(d1) * mpmath.sqrt(t),
                -s * n(d1) * v / (2 * mpmath.sqrt(t)) - rate * discounted * N(d2), t * discounted * N(d2),
            ]  # fmt: skip
            assert greeks[:, k] == pytest.approx(np.array(due, dtype=float), rel=1e-11, abs=1e-11)


def test_ode_sensitivities_are_those_of_the_variational_equations():
    """Of the solution itself, by SciPy: the page's method is off by its steps."""
    integrate = pytest.importorskip("scipy.integrate")
    p = np.array([1.1, 0.4, 0.1, 0.4])

    def rate(_, z):
        (x, y), slopes = z[:2], z[2:].reshape(2, 4)
        by_y = np.array([[p[0] - p[1] * y, -p[1] * x], [p[2] * y, p[2] * x - p[3]]])
        by_p = np.array([[x, -x * y, 0.0, 0.0], [0.0, 0.0, x * y, -y]])
        moved = [p[0] * x - p[1] * x * y, p[2] * x * y - p[3] * y]
        return np.concatenate([moved, (by_y @ slopes + by_p).ravel()])

    start = np.concatenate([[10.0, 5.0], np.zeros(8)])
    solution = integrate.solve_ivp(rate, (0.0, 10.0), start, method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
    assert found("ode-sensitivities") == pytest.approx(solution, rel=1e-5)


def test_implicit_derivatives_are_those_of_differences():
    """The equilibrium solved anew beside each amount, by a quadratic in c."""

    def solve(theta):
        k, a0, b0 = theta  # k (a0 − c)(b0 − 2c) = c
        q = np.roots([2 * k, -k * (2 * a0 + b0) - 1, k * a0 * b0])
        c = q[(q > 0) & (q < a0)].min()
        return np.array([a0 - c, b0 - 2 * c, c])

    theta, h = np.array([4.0, 1.0, 1.5]), 1e-5
    slopes = np.array([(solve(theta + h * e) - solve(theta - h * e)) / (2 * h) for e in np.eye(3)]).T
    numbers = np.array(found("implicit-differentiation"))
    assert numbers[:3] == pytest.approx(solve(theta), abs=1e-12)
    assert numbers[3:] == pytest.approx(slopes.ravel(), abs=1e-8)
