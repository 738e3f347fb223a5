"""A program as a function of PyTorch tensors: its derivatives are those of its own sweep, to any order.

The gradient of a program is itself a function of tensors, whose derivative is the gradient of another program: of the
slope of the first along a direction. So PyTorch can differentiate again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.autograd import Function

from autograd import tree
from autograd.compiler import derivatives
from autograd.compiler.execution import count
from autograd.compiler.results import is_array_part
from autograd.errors import CompileError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["tensor_function"]

Tensor = Any


def tensor_function(program: Program) -> Callable[..., Any]:
    """Make a function of a tensor of weights and a tensor for each argument; see `Program.to_torch`."""
    weighted: list[Program] = []

    def weigh() -> Program:
        """Return the program of the weighted sum of all results, made when it is first asked for."""
        if not weighted:
            traced = program._traced._replace(result=list(program._outputs))
            weighted.append(program._derive(lambda _: derivatives.weigh_results(traced)))
        return weighted[0]

    def function(weights: Tensor, *inputs: Tensor) -> Any:
        if len(inputs) != len(program.arguments):
            names = ", ".join(("weights", *(argument.name for argument in program.arguments)))
            raise CompileError(f"The function takes {names}, not {1 + len(inputs)} argument(s).")
        if not all(isinstance(x, torch.Tensor) for x in (weights, *inputs)):
            raise CompileError(
                "The function takes tensors: torch.tensor(program.weights()), then one for each argument."
            )
        found = iter(_Results.apply(program, weigh, weights, *inputs))  # type: ignore[no-untyped-call]
        return tree.map_leaves(lambda part: next(found), program._traced.result, is_leaf=is_array_part)

    return function


def _numbers(tensors: Sequence[Tensor]) -> list[Any]:
    return [np.asarray(tensor.detach().cpu().numpy(), np.float64) for tensor in tensors]


def _leading(program: Program, given: Sequence[Any]) -> tuple[int, ...]:
    """Return the axis of the examples, if there is one."""
    read, batched = program._read(given)
    return (count(read),) if batched else ()


def _like(tensor: Tensor, numbers: Any) -> Tensor:
    return torch.as_tensor(np.asarray(numbers), dtype=tensor.dtype, device=tensor.device)


class _Results(Function):
    """The results of a program, each part of them one tensor."""

    @staticmethod
    def forward(ctx: Any, program: Program, weigh: Callable[[], Program], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.weigh = weigh
        ctx.save_for_backward(*tensors)
        w, *given = _numbers(tensors)
        parts = tree.leaves(program(*given, weights=w), is_leaf=is_array_part)
        ctx.leading = _leading(program, given)
        ctx.moving = [isinstance(leaf, Value) for leaf in tree.leaves(program._traced.result)]
        return tuple([_like(tensors[0], part) for part in parts])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Any, ...]:
        tensors = ctx.saved_tensors
        seeds = torch.cat([slope.reshape(*ctx.leading, -1) for slope in slopes], dim=-1)[..., ctx.moving]
        return None, None, *_gradient(ctx.weigh(), ctx.needs_input_grad[2:], *tensors, seeds)[: len(tensors)]


class _Gradient(Function):
    """The gradient of the sum of a program's values over the examples, by the weights and by each input.

    A tensor that need not be differentiated by has an empty gradient.
    """

    @staticmethod
    def forward(ctx: Any, program: Program, wanted: tuple[bool, ...], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.program, ctx.wanted = program, wanted
        ctx.save_for_backward(*tensors)
        w, *given = _numbers(tensors)
        ctx.leading = _leading(program, given)
        found: list[Any] = [np.zeros(0)] * len(tensors)
        if wanted[0]:
            found[0] = program.value_and_grad(*given, reduce="sum", weights=w)[1]
        if any(wanted[1:]):
            pieces = program.value_and_grad(*given, reduce="sum", wrt="inputs", weights=w)[1]
            found[1:] = [piece if asked else np.zeros(0) for piece, asked in zip(pieces, wanted[1:], strict=True)]
        pairs = zip(tensors, found, wanted, strict=True)
        return tuple([_like(x, slope).reshape(x.shape if asked else (0,)) for x, slope, asked in pairs])

    @staticmethod
    def backward(ctx: Any, *along: Tensor) -> tuple[Any, ...]:
        program, (weights, *inputs) = ctx.program, ctx.saved_tensors
        needed, sums = ctx.needs_input_grad[2:], [torch.zeros_like(tensor) for tensor in ctx.saved_tensors]
        parts: list[list[Tensor]] = []
        if ctx.wanted[0]:  # along a direction of the weights
            both, *others = _gradient(program._second, needed, torch.cat([weights, along[0]]), *inputs)
            parts.append([both[: len(weights)] if needed[0] else both, *others])
        if any(ctx.wanted[1:]):
            rows = [
                (slope if asked else torch.zeros_like(x))
                for slope, asked, x in zip(along[1:], ctx.wanted[1:], inputs, strict=True)
            ]
            direction = torch.cat([row.reshape(*ctx.leading, -1) for row in rows], dim=-1)
            parts.append(list(_gradient(program._along_inputs, (*needed, False), weights, *inputs, direction)[:-1]))
        for part in parts:
            sums = [total + slope if asked else total for total, slope, asked in zip(sums, part, needed, strict=True)]
        return None, None, *[total if asked else None for total, asked in zip(sums, needed, strict=True)]


def _gradient(program: Program, wanted: Sequence[bool], *tensors: Tensor) -> tuple[Any, ...]:
    """Return the gradient by the wanted tensors; None or nothing of use for the others."""
    asked = (*wanted, *[False] * (len(tensors) - len(wanted)))
    found: tuple[Any, ...] = _Gradient.apply(program, asked, *tensors)  # type: ignore[no-untyped-call]
    return found
