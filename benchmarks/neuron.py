"""The neuron's sum: one `dot` node of n products against n separate products and sums."""

from __future__ import annotations

import gc
from statistics import median
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, table
from benchmarks.measure import clock, spread, traced
from benchmarks.worker import Worker

__all__ = ["BENCHMARK"]

WIDTHS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
PRODUCTS = 32_768  # in all, whatever the width
REPETITIONS = 9

# --- in the worker ----------------------------------------------------------------------------------------------------


def _layer(width: int, products: int, *, one_node: bool) -> tuple[Any, list[Any]]:
    """Record neurons of one width over the same weights and inputs, until there are that many products."""
    from autograd import Value, dot, total

    ws = [Value(0.5 - (7 * i % 11) / 11) for i in range(width)]
    xs = [Value(0.5 - (5 * i % 13) / 13) for i in range(width)]
    bias = Value(0.25)
    sums = []
    for _ in range(max(1, products // width)):
        if one_node:
            sums.append(dot(ws, xs, bias))
        else:
            s = bias
            for w, x in zip(ws, xs, strict=True):
                s = s + w * x
            sums.append(s)
    return total(sums), [*ws, *xs, bias]


def outcome(width: int, products: int, one_node: bool) -> tuple[float, list[float]]:
    """Give the value and the gradient of the layer's sum."""
    y, leaves = _layer(width, products, one_node=one_node)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


def repetition(width: int, products: int, one_node: bool) -> float:
    """Time recording and sweeping, in ns a product."""
    gc.collect()
    start = clock()
    y, _ = _layer(width, products, one_node=one_node)
    y.backward()
    return (clock() - start) / (max(1, products // width) * width)


def size(width: int, products: int, one_node: bool) -> float:
    """Measure bytes a product, graph and gradients together."""

    def build() -> Any:
        y, leaves = _layer(width, products, one_node=one_node)
        y.backward()
        return y, leaves

    return traced(build) / (max(1, products // width) * width)


# --- in the caller ----------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure both ways at every width, taking turns."""
    widths, products, times = ((2, 16), 64, 1) if options.quick else (WIDTHS, PRODUCTS, REPETITIONS)
    rows = []
    with Worker() as worker:
        for width in widths:
            found, expected = (worker.call("neuron:outcome", width, products, one) for one in (True, False))
            agreement = check_agreement("dot", found, expected, f"a neuron of {width} products")
            samples = [
                [worker.call("neuron:repetition", width, products, one) for one in (True, False)] for _ in range(times)
            ]
            rows.append(
                {
                    "width": width,
                    "agreement": agreement,
                    "dot": spread([one for one, _ in samples]),
                    "separate": spread([apart for _, apart in samples]),
                    "ratio": median(apart / one for one, apart in samples),
                    "bytes": [worker.call("neuron:size", width, products, one) for one in (True, False)],
                }
            )
    return {"rows": rows}


INTRODUCTION = """
`dot(ws, xs, bias)` is the neuron's weighted sum as one node, whose edges are ∂s/∂wᵢ = xᵢ and ∂s/∂xᵢ = wᵢ. Nanoseconds
and bytes per product, recording and sweep together, against the same sum written as `s = s + w * x`.
"""


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    rows = [
        [
            str(row["width"]), f"{row['dot'][0]:,.0f}", f"{row['separate'][0]:,.0f}", f"{row['ratio']:.1f}",
            f"{row['bytes'][0]:,.0f}", f"{row['bytes'][1]:,.0f}",
        ]
        for row in result["rows"]
    ]  # fmt: skip
    head = ("products", "`dot`", "separate nodes", "times less", "`dot`, bytes", "separate, bytes")
    return f"{INTRODUCTION}\n{table(head, rows)}"


BENCHMARK = Benchmark("dot", "A neuron as one node", run, section)
