"""The jobs: whose page, which of its numbers are compared, and who does the same."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.jobs import frameworks, numerics

__all__ = ["JOBS", "Job", "begin", "ours", "program"]

PAGES = Path(__file__).parent.parent.parent / "docs" / "jobs"
FIRST = re.compile(r"^```(?:python|\{code-block\} python\n:caption: PyTorch)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Names = dict[str, Any]


class Job(NamedTuple):
    """A job that two sides do.

    Attributes:
        peer: what people usually do it with.
        packages: what that needs.
        theirs: does it there, from `start`, and returns what is compared.
        compared: reads the same from the names of the page's program.
        start: makes what both begin with, besides what each makes itself.
        tolerance: relative to the largest number compared.
    """

    peer: str
    packages: tuple[str, ...]
    theirs: Callable[[Names], list[float]]
    compared: Callable[[Names], Any]
    start: Callable[[], Names] = dict
    tolerance: float = 1e-9


def _weights(make: Callable[[Any], Any]) -> Callable[[], Names]:
    def start() -> Names:
        import nn

        return {"weights": [p.data for p in make(nn).parameters()]}

    return start


def _moons() -> Names:
    import nn

    X, y = nn.two_moons(200, noise=0.2, seed=0)
    weights = [p.data for p in nn.MLP(2, [8, 1], activation="tanh", seed=0).parameters()]
    return {"weights": weights, "X": X.tolist(), "y": y.tolist()}


def _reader(nn: Any) -> Any:
    return nn.Sequential(nn.LSTM(19, 24, last=True, seed=1), nn.Linear(24, 19, seed=2))


def _digits(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(64, 32, seed=1), nn.ReLU(), nn.Linear(32, 10, seed=2))


def _saved(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(64, 16, seed=1), nn.Tanh(), nn.Linear(16, 10, seed=2))


def _own_parts() -> Names:
    import nn

    bumps = [*np.linspace(-3.0, 3.0, 8).tolist(), *[0.0] * 8]
    return {"weights": [*bumps, *(p.data for p in nn.Linear(8, 1, seed=0).parameters())]}


TORCH, JAX = ("torch",), ("jax", "scipy")
JOBS: dict[str, Job] = {
    "logistic-regression": Job(
        "scikit-learn", ("sklearn",), numerics.logistic,
        lambda names: [names["auc"], *(w.data for w in names["model"].W[0])], tolerance=1e-5,
    ),
    "early-stopping": Job(
        "PyTorch", TORCH, frameworks.early_stopping, lambda names: [names["epoch"], names["error"]],
        _weights(lambda nn: nn.MLP(1, [30, 30, 1], activation="tanh", seed=0)),
    ),
    "digits": Job(
        "PyTorch", (*TORCH, "sklearn"), frameworks.digits,
        lambda names: [names["history"]["loss"][-1], (names["read"] == names["y_test"]).mean()], _weights(_digits),
    ),
    "save-and-go-on": Job(
        "PyTorch", (*TORCH, "sklearn"), frameworks.saving,
        lambda names: [names["losses"][4], names["losses"][-1]], _weights(_saved),
    ),
    "laplace": Job(
        "NumPy, by hand", ("numpy",), numerics.laplace, lambda names: [*names["plain"], *names["moderated"]]
    ),
    "own-operation": Job(
        "PyTorch", (*TORCH, "scipy"), frameworks.own_operation,
        lambda names: [*names["slopes"], *np.ravel(names["values"]), *np.ravel(names["gradient"])],
    ),
    "own-parts": Job(
        "PyTorch", TORCH, frameworks.own_parts,
        lambda names: [names["history"]["loss"][-1], names["below"]], _own_parts, tolerance=1e-6,
    ),
    "learning-rate-finder": Job(
        "PyTorch", (*TORCH, "sklearn"), frameworks.finder,
        lambda names: [names["best"], *names["losses"]], _weights(_digits), tolerance=1e-6,
    ),
    "physics-informed": Job(
        "JAX and SciPy", JAX, numerics.physics,
        lambda names: names["np"].ravel(names["nn"].predict(names["net"], names["points"][:, None])),
        _weights(lambda nn: nn.MLP(1, [12, 1], activation="tanh", seed=0)), tolerance=1e-4,
    ),
    "ode-sensitivities": Job(
        "JAX", JAX, numerics.ode, lambda names: [*names["state"], *np.ravel(names["sensitivities"])]
    ),
    "option-greeks": Job(
        "JAX", JAX, numerics.greeks,
        lambda names: np.concatenate(
            [*map(names.__getitem__, ("prices", "delta", "gamma", "vega")), -names["fall"], names["rho"]]
        ),
    ),
    "implicit-differentiation": Job(
        "JAX and SciPy", JAX, numerics.implicit, lambda names: [*names["x"], *np.ravel(names["sensitivity"])]
    ),
    "character-lstm": Job(
        "PyTorch", TORCH, frameworks.letters,
        lambda names: [names["history"]["loss"][-1], *names["said"]], _weights(_reader),
    ),
    "export": Job(
        "PyTorch, SciPy and SymPy", (*TORCH, "scipy", "sympy"), frameworks.export,
        lambda names: [names["before"], names["after"]], _moons, tolerance=1e-6,
    ),
    "figure": Job(
        "PyTorch", (*TORCH, "matplotlib"), frameworks.figure, lambda names: [names["history"]["loss"][-1]], _moons
    ),
}  # fmt: skip


def program(name: str) -> str:
    """Read the program of a page: its first block, without prompts and without what it prints."""
    first = FIRST.search((PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert first, f"{name} has no program"
    return "".join(example.source for example in doctest.DocTestParser().get_examples(first[1]))


def ours(name: str) -> list[float]:
    """Run the program of a page as it stands there, and return what is compared."""
    names: Names = {"__name__": "page"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            exec(compile(program(name), name, "exec"), names)
        finally:
            os.chdir(before)
    return [float(number) for number in JOBS[name].compared(names)]


def begin(name: str) -> Names:
    """Make what both sides of a job begin with."""
    return JOBS[name].start()
