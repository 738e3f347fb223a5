"""The evals of GradBench, a benchmark of automatic differentiation that others define, on edgegrad and its peers."""

from benchmarks.gradbench.benchmark import BENCHMARK

__all__ = ["BENCHMARK"]
