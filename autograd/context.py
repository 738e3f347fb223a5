"""What the running code asks of the engine: not to record, to trace, to label, to differentiate.

Running code has no other state. A context variable holds it, so that each thread (and each asyncio task) has its own.
Blocks nest: entering one makes a `Context` that remembers the one around it, leaving takes it away again, also where
blocks do not end in the order in which they began (as those of generators).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, TypeVar

__all__ = ["Context", "current", "differentiating", "enable_grad", "extending", "no_grad", "scope", "tracing"]


#: What marks the code of a function that is run in parts.
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200


_Function = TypeVar("_Function", bound=Callable[..., Any])


class Context:
    """The state inside one ``with`` block. Never changed once it is made.

    Attributes:
        outer: the state around the block; None outside all blocks.
        block: the block; None outside all blocks.
        scope: the label of the Values that are made, such as ``layer1/neuron2``.
        paused: whether operations are computed without being recorded.
        trace: where the graph of a function that is being compiled goes.
        differentiating: the leaves of the derivatives that are being taken: what one function captures from another
            that is being differentiated has to stay a Value.
        extended: whether results may be infinite or NaN, as IEEE 754 has them, where they are errors otherwise.
        watched: whether a number that leaves the graph may be lost to a derivative or to a program.
        special: whether emitted recorders have to leave an operation to `autograd.recording.record`.
    """

    __slots__ = ("block", "differentiating", "extended", "outer", "paused", "scope", "special", "trace", "watched")

    def __init__(
        self,
        outer: Context | None = None,
        block: _Block | None = None,
        scope: str | None = None,
        paused: bool = False,
        trace: Any = None,
        differentiating: frozenset[Any] = frozenset(),
        extended: bool = False,
    ) -> None:
        self.outer = outer
        self.block = block
        self.scope = scope
        self.paused = paused
        self.trace = trace
        self.differentiating = differentiating
        self.extended = extended
        self.special = paused or extended or trace is not None
        self.watched = trace is not None or (bool(differentiating) and not paused)


_context: ContextVar[Context] = ContextVar("autograd", default=Context())  # noqa: B039 (a Context never changes)

#: Return the state of the running thread or task.
current: Final[Callable[[], Context]] = _context.get


class _Block(ContextDecorator):
    """A ``with`` block, or a decorator, in which the state differs in something."""

    def _inside(self, outer: Context) -> Context:
        raise NotImplementedError

    def __call__(self, function: _Function) -> _Function:
        """Decorate a function; a generator or coroutine runs inside the block too, each time it is gone on with.

        Raises:
            TypeError: it is an asynchronous generator.
        """
        kind = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if kind & ASYNC_GENERATOR:
            raise TypeError(
                f"{type(self).__name__} cannot decorate the asynchronous generator {function.__name__}: write "
                f"`with {type(self).__name__}(…):` inside it, around what is computed between its yields."
            )
        decorated: Any = super().__call__(function)
        if kind & GENERATOR:
            decorated = wraps(function)(lambda *args, **named: self._go_on(function(*args, **named)))
        elif kind & COROUTINE:

            async def run(*args: Any, **named: Any) -> Any:
                with self:
                    return await function(*args, **named)

            decorated = wraps(function)(run)
        return decorated  # type: ignore[no-any-return]

    def _go_on(self, generator: Any) -> Any:
        """Yield what a generator yields; it runs inside the block, and whoever takes what it yields outside."""
        resume, given = generator.send, None
        try:
            while True:
                with self:
                    yielded = resume(given)
                try:
                    resume, given = generator.send, (yield yielded)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    resume, given = generator.throw, error
        except StopIteration as end:
            return end.value
        finally:
            with self:
                generator.close()

    def __enter__(self) -> Any:
        _context.set(self._inside(current()))
        return self

    def __exit__(self, *_: object) -> None:
        inner: list[_Block] = []
        context = current()
        while context.block is not self:
            if context.outer is None or context.block is None:
                return  # a generator may be closed in a thread that never entered its block
            inner.append(context.block)
            context = context.outer
        assert context.outer is not None
        context = context.outer
        for block in reversed(inner):
            context = block._inside(context)
        _context.set(context)


class no_grad(_Block):  # noqa: N801
    """Compute without recording: results are frozen leaves, and cost no memory beyond their number.

    A context manager and a decorator; it affects the current thread only.

    Example:
        >>> from autograd import Value
        >>> x = Value(2.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y
        Value(4.0, requires_grad=False)
    """

    def _inside(self, outer: Context) -> Context:
        return Context(outer, self, outer.scope, True, outer.trace, outer.differentiating)


class enable_grad(_Block):  # noqa: N801
    """Record even inside `no_grad`: a derivative is computed from a graph, wherever it is asked for."""

    def _inside(self, outer: Context) -> Context:
        return Context(outer, self, outer.scope, False, outer.trace, outer.differentiating)


class scope(_Block):  # noqa: N801
    """Label the Values made inside, so that drawings can fold them into one box.

    A label changes no number, and affects the current thread only.

    Args:
        name: label of the part; scopes nest into ``outer/inner``.

    Example:
        >>> from autograd import Value
        >>> with scope("neuron"):
        ...     y = Value(1.0) + 2.0
        >>> y.scope
        'neuron'
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _inside(self, outer: Context) -> Context:
        label = f"{outer.scope}/{self.name}" if outer.scope else self.name
        return Context(outer, self, label, outer.paused, outer.trace, outer.differentiating)


class tracing(_Block):  # noqa: N801
    """Send what is recorded inside to the trace of a function that is being compiled."""

    def __init__(self, trace: Any) -> None:
        self.trace = trace

    def _inside(self, outer: Context) -> Context:
        return Context(outer, self, outer.scope, outer.paused, self.trace, outer.differentiating)


class extending(_Block):  # noqa: N801
    """Compute as IEEE 754 says: what is beyond the largest float on the way to a number is ±∞, and no error."""

    def _inside(self, outer: Context) -> Context:
        return Context(outer, self, outer.scope, outer.paused, outer.trace, outer.differentiating, True)


class differentiating(_Block):  # noqa: N801
    """Say that derivatives by these leaves will be taken: a number that would be lost to them may not leave a Value.

    The functions that differentiate (`grad`, `nn.fit`, …) say so themselves; in a loop by hand it is a safeguard.

    Args:
        leaves: a set of Values, such as ``frozenset(model.parameters())``.

    Example:
        >>> import math
        >>> from autograd import DetachedNumberError, Value
        >>> w = Value(1.0, name="w")
        >>> with differentiating(frozenset([w])):
        ...     try:
        ...         loss = w * math.exp(w)
        ...     except DetachedNumberError as error:
        ...         print(str(error).partition(",")[0])
        float() takes the number out of w = 1
    """

    def __init__(self, leaves: frozenset[Any]) -> None:
        self.leaves = leaves

    def _inside(self, outer: Context) -> Context:
        return Context(outer, self, outer.scope, outer.paused, outer.trace, outer.differentiating | self.leaves)
