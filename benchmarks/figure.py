"""The figures of docs/performance.md: cost by the size of a graph and by the width of a neuron; a step's growth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["draw", "draw_growth"]

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "edgegrad", "font.family": "sans-serif", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
}  # fmt: skip


def draw(linear: dict[str, Any], neuron: dict[str, Any], path: Path) -> None:
    """Draw both curves from the results of two benchmarks.

    Args:
        linear: result of `benchmarks.linear`.
        neuron: result of `benchmarks.neuron`.
        path: the SVG file to write.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, (sizes, widths) = pyplot.subplots(1, 2, figsize=(8.4, 3.0), layout="constrained")
        for name, curve in linear["curves"].items():
            xs = [point["operations"] for point in curve]
            (line,) = sizes.plot(xs, [point["off"][0] for point in curve], "o-", ms=3, label=f"{name}, collector off")
            on = [point["on"][0] for point in curve]
            sizes.plot(xs, on, "o--", ms=3, color=line.get_color(), label=f"{name}, on")
        sizes.set(
            xscale="log", ylim=(0, None), xlabel="operations", ylabel="ns per operation", title="record and sweep"
        )
        for key, text in (("dot", "one dot node"), ("separate", "separate nodes")):
            xs = [row["width"] for row in neuron["rows"]]
            widths.plot(xs, [row[key][0] for row in neuron["rows"]], "o-", ms=3, label=text)
        widths.set(xscale="log", ylim=(0, None), xlabel="products", ylabel="ns per product", title="a neuron's sum")
        widths.set_xscale("log", base=2)
        for axes in (sizes, widths):
            axes.legend(frameon=False, fontsize=8)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def draw_growth(scaling: dict[str, Any], path: Path) -> None:
    """Draw how a training step grows, from the result of `benchmarks.scaling`.

    Args:
        scaling: its result.
        path: the SVG file to write.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, len(scaling["curves"]), figsize=(8.4, 2.8), layout="constrained")
        for axes, (name, curve) in zip(panels, scaling["curves"].items(), strict=True):
            sizes = [point["size"] for point in curve]
            axes.loglog(sizes, [point["step"][0] / 1e9 for point in curve], "o-", ms=3, label="a step")
            axes.loglog(sizes, [point["first"] for point in curve], "o--", ms=3, label="the first step")
            axes.set(xlabel=name, ylabel="seconds")
        panels[0].legend(frameon=False, fontsize=8)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
