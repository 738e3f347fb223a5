"""The descent of GradBench's nested evals: it tries a step, lengthens it after ten that helped, and else halves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.gradbench.evaluation import Inputs, Run, flatten, load

__all__ = ["argmin", "record_as_it_goes"]

SMALL = 1e-5  # a slope or a move below this ends the descent; also the first step
HELPED = 10  # steps after which a longer one is tried

Vector = list[Any]


def argmin(gradient: Callable[..., Any], f: Callable[[Vector], Any], x: Vector, tries: int = 1_000_000) -> Vector:
    """Return where f is least.

    Args:
        gradient: makes the function of x that computes f's slopes.
        f: a function of a list of numbers.
        x: where to start.
        tries: after how many steps to stop at the latest.
    """
    slopes = gradient(f)
    fx, gx, rate, helped = f(x), slopes(x), SMALL, 0
    for _ in range(tries):
        if _length(gx) <= SMALL:
            break
        if helped == HELPED:
            rate, helped = 2 * rate, 0
        moved = [each - rate * slope for each, slope in zip(x, gx, strict=True)]
        if _length([a - b for a, b in zip(x, moved, strict=True)]) <= SMALL:
            break
        f_moved = f(moved)
        if f_moved < fx:
            x, fx, gx, helped = moved, f_moved, slopes(moved), helped + 1
        else:
            rate, helped = rate / 2, 0
    return x


def _length(vector: Vector) -> float:
    """Return the length of a vector, from its numbers alone."""
    return float(sum(each * each for each in map(_number, vector)) ** 0.5)


def _number(x: Any) -> float:
    return x if isinstance(x, float) else float(x.data)


def record_as_it_goes(compute: Callable[..., Any]) -> dict[str, Callable[[Inputs], Run]]:
    """Make a run for each library that records while it computes: nothing is compiled, as each step decides the next.

    Args:
        compute: ``(outer, inner, inputs)``, with what makes gradient functions: `outer`, through whose results no
            other gradient goes, and `inner`.
    """

    def edgegrad(given: Inputs) -> Run:
        import autograd

        return lambda: flatten(compute(autograd.grad, autograd.grad, given))

    def torch(given: Inputs) -> Run:
        """Take a tensor a number."""
        module = load("torch")
        outer, inner = _torch_slopes(module, nested=False), _torch_slopes(module, nested=True)
        return lambda: flatten(compute(outer, inner, given))

    return {"edgegrad": edgegrad, "PyTorch": torch}


def _torch_slopes(torch: Any, nested: bool) -> Callable[..., Any]:
    """Return what makes gradient functions of PyTorch's tensors, a tensor a number.

    Args:
        torch: the library.
        nested: whether another gradient goes through what they give; else they give floats.
    """

    def gradient(f: Callable[[Vector], Any]) -> Callable[[Vector], Vector]:
        def slopes(x: Vector) -> Vector:
            leaves = [each if torch.is_tensor(each) else torch.tensor(each, requires_grad=True) for each in x]
            found = torch.autograd.grad(f(leaves), leaves, create_graph=nested)
            return list(found) if nested else [each.item() for each in found]

        return slopes

    return gradient
