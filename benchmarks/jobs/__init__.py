"""The jobs of docs/jobs, whole, beside what people usually do them with."""

from benchmarks.jobs.benchmark import BENCHMARK

__all__ = ["BENCHMARK"]
