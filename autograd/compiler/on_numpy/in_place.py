"""An optimiser's rule as a list of NumPy operations that are carried out in place.

The rule is called once on numbers that record which functions of NumPy are applied to them; replayed on blocks of
weights, with buffers that are used again and again, it costs no new memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from autograd.errors import CompileError

__all__ = ["InPlaceRule"]

Array = NDArray[Any]
BLOCK = 16384  # weights at a time: few enough for the processor's cache, many enough for the calls


class _Step(NamedTuple):
    """One operation: its operands are recorded numbers or plain ones."""

    ufunc: np.ufunc
    operands: tuple[Any, ...]


class _Recorded(NDArrayOperatorsMixin):
    """A number of the rule.

    Attributes:
        kind: ``"array"`` for weights, gradients and slots, ``"setting"``, or ``"made"`` by a step.
        place: which of them.
        sample: one such number, which says of what type it is.
    """

    def __init__(self, steps: list[_Step], kind: str, place: int, sample: Any) -> None:
        self.steps, self.kind, self.place, self.sample = steps, kind, place, sample

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> _Recorded:
        if method != "__call__" or options or ufunc.nout != 1:
            return NotImplemented  # type: ignore[no-any-return]
        with np.errstate(all="ignore"):
            sample = ufunc(*(x.sample if isinstance(x, _Recorded) else x for x in operands))
        if not isinstance(sample, np.ndarray):
            sample = sample.item()
        self.steps.append(_Step(ufunc, operands))
        return _Recorded(self.steps, "made", len(self.steps) - 1, sample)

    def __bool__(self) -> bool:
        if self.kind == "setting":
            return bool(self.sample)
        raise CompileError("An optimiser's rule must not branch on its weights: choose by arithmetic with conditions.")


class InPlaceRule:
    """A rule ``(w, g, *slots, *settings) -> (w, *slots)`` that is applied to arrays in place.

    Args:
        rule: the rule.
        slots: how many numbers it remembers of each weight.
        settings: numbers like those that it will be called with: the same of them will be zero.
        dtype: of the weights.

    Raises:
        CompileError: the rule branches on its weights.
    """

    def __init__(self, rule: Callable[..., Any], slots: int, settings: Sequence[float], dtype: np.dtype[Any]) -> None:
        steps: list[_Step] = []
        sample = np.full(1, 0.5, dtype)
        arrays = [_Recorded(steps, "array", i, sample) for i in range(2 + slots)]
        results = rule(*arrays, *(_Recorded(steps, "setting", i, x) for i, x in enumerate(settings)))
        held = [0, *range(2, 2 + slots)]  # where the results belong
        read: dict[tuple[str, int], int] = {}  # the last step that reads each
        kinds: list[Any] = []
        for place, (ufunc, operands) in enumerate(steps):
            read.update({(x.kind, x.place): place for x in operands if isinstance(x, _Recorded)})
            with np.errstate(all="ignore"):
                made = ufunc(*(x.sample if isinstance(x, _Recorded) else x for x in operands))
            kinds.append(made.dtype if isinstance(made, np.ndarray) else None)
        # A weight that is remembered as it was is read after all steps.
        read.update({("array", x.place): len(steps) for x in results if isinstance(x, _Recorded) and x.kind == "array"})
        final = {
            x.place: k for k, x in zip(held, results, strict=True) if isinstance(x, _Recorded) and x.kind == "made"
        }
        self._targets: list[Any] = []  # where each step writes: an array's number, a buffer, or nothing
        free: dict[Any, list[Array]] = {}
        for place, step in enumerate(steps):
            for x in {(x.kind, x.place) for x in step.operands if isinstance(x, _Recorded)}:
                kind, at = x
                if (
                    kind == "made"
                    and read[x] == place
                    and at not in final
                    and isinstance(self._targets[at], np.ndarray)
                ):
                    free[kinds[at]].append(self._targets[at])  # a step may write over what it reads
            target: Any = None
            if place in final and kinds[place] == dtype and read.get(("array", final[place]), -1) <= place:
                target = final[place]
            elif kinds[place] is not None:
                stock = free.setdefault(kinds[place], [])
                target = stock.pop() if stock else np.empty(BLOCK, kinds[place])
            self._targets.append(target)
        self._steps, self._held, self._results = steps, held, results

    def __call__(self, arrays: Sequence[Array], settings: Sequence[float]) -> None:
        """Move weights: arrays are w, g and the slots, all of one length."""
        for start in range(0, len(arrays[0]), BLOCK):
            block = [array[start : start + BLOCK] for array in arrays]
            n = len(block[0])
            made: list[Any] = []
            given = {"array": block, "setting": settings, "made": made}
            for (ufunc, operands), target in zip(self._steps, self._targets, strict=True):
                read = [given[x.kind][x.place] if isinstance(x, _Recorded) else x for x in operands]
                if target is None:
                    made.append(ufunc(*read).item())  # a plain float, which leaves float32 what it is
                else:
                    made.append(ufunc(*read, out=block[target] if isinstance(target, int) else target[:n]))
            found = [given[x.kind][x.place] if isinstance(x, _Recorded) else x for x in self._results]
            kept = [
                x.copy() if x is not block[k] and any(x is other for other in block) else x  # before it is written over
                for k, x in zip(self._held, found, strict=True)
            ]
            for k, new, old in zip(self._held, kept, found, strict=True):
                if old is not block[k]:
                    block[k][...] = new
