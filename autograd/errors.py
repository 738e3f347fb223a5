"""Every error the engine raises of its own: each docstring says what causes it and how to cure it."""

__all__ = [
    "AutogradError",
    "CompileError",
    "ControlFlowError",
    "DetachedNumberError",
    "DivisionByZeroError",
    "DomainError",
    "DrawingError",
    "ExpressionError",
    "InteriorDataError",
    "NoGradientError",
    "NonFiniteGradientError",
    "NotConnectedError",
    "OpDefinitionError",
    "OperandTypeError",
    "ParameterAssignmentError",
    "PlaceError",
    "StaleGraphError",
    "ValueOverflowError",
]


class AutogradError(Exception):
    """The base of all errors below: ``except AutogradError`` catches each of them.

    Cause: none of its own; it is never raised itself. Cure: see the class that was raised.
    """

    def __str__(self) -> str:
        return super().__str__().encode("utf-8", "backslashreplace").decode()  # of a lone surrogate in a file's name


class DomainError(AutogradError, ValueError):
    """An operation was asked for a number that it has no value at, such as ``log(0)``.

    Cause: an operand left the operation's domain; ``help(autograd.log)`` shows that domain. NumPy would
    give NaN, which then spreads; here the first bad operation stops, with its operand named.
    Cure: keep the operand inside, for instance ``log(maximum(p, 1e-12))``, or use a form that needs no
    such operand (``log1p``, ``softplus``, cross-entropy on logits).
    """


class DivisionByZeroError(DomainError, ZeroDivisionError):
    """A division by zero, or a negative power of zero.

    Cause: the divisor is exactly 0. Cure: add a small number to it, or choose with `where`:
    ``x / where(d == 0, 1.0, d)``.
    """


class PlaceError(DomainError, IndexError):
    """A choice was asked for at a place that there is not: by `choose`, or by an embedding.

    Cause: a whole number that is negative or too large, often one counted from 1, or a token of another alphabet.
    Cure: count from 0, and make room for every number that occurs.
    """


class ValueOverflowError(AutogradError, OverflowError):
    """The operands are finite but the result is beyond the largest float, such as ``exp(1000)``.

    Cause: unscaled data, a learning rate that is too large, or an unstable form of a formula.
    Cure: scale the inputs, take smaller steps, or use the stable form: `logsumexp`, `softplus`, `log1p`.
    """


class OperandTypeError(AutogradError, TypeError):
    """An operand is not a real number: a str, None, a complex number, a list or an array.

    Cause: a Value is one scalar. Cure: the message says what to write for the operand at hand; whole
    arrays go through lists of Values.
    """


class OpDefinitionError(AutogradError, ValueError):
    """An `Op` record cannot work as written.

    Cause: no slope rule, fewer names than rules, or a rule that uses `math.cos` where only floats would
    do. Cure: write rules with operators and with autograd's own functions, which read every kind of number.
    """


class DetachedNumberError(AutogradError, TypeError):
    """A plain number was taken out of a Value inside a function that is being differentiated.

    Cause: ``float(x)``, ``math.exp(x)``, ``np.zeros(3)[0] = x``, ``f"{x:.3f}"`` or a copy of x: what is computed from
    it has no derivative by x, and the result would be wrong without a word.
    Cure: compute with Values (``autograd.exp(x)``, ``np.array([x, y])``); where a constant is meant, say so with
    ``x.data``, ``x.detach()`` or ``no_grad()``.
    """


class InteriorDataError(AutogradError, AttributeError):
    """`data` was assigned on a Value that an operation computed.

    Cause: only a leaf's number is free; an interior one follows from its operands.
    Cure: assign the leaf and compute again, or make a new leaf with ``Value(number)``.
    """


class ParameterAssignmentError(AutogradError, TypeError):
    """A model's parameter was the target of ``+=``, ``-=``, ``*=`` or another in-place operator.

    Cause: ``w -= lr * w.grad`` makes a new Value and leaves the parameter in the model as it was.
    Cure: ``w.data -= lr * w.grad``, or an optimiser's ``step()``.
    """


class StaleGraphError(AutogradError, RuntimeError):
    """Leaves changed after the graph was recorded, and something has to be computed from them again.

    Cause: slopes are recorded with each operation and stay right; second derivatives and replays need the
    operands' numbers, which have changed. Cure: record the graph again after assigning `data`.
    """


class NoGradientError(AutogradError, RuntimeError):
    """`backward()` was called where nothing needs a gradient.

    Cause: the Value was computed under `no_grad()`, detached, or depends only on frozen leaves.
    Cure: compute it outside `no_grad()`, from at least one leaf whose `requires_grad` is true.
    """


class NonFiniteGradientError(AutogradError, ArithmeticError):
    """The backward sweep met an infinite or NaN gradient that its output did not have.

    Cause: a slope that is infinite where it was taken, such as that of ``sqrt`` at 0, or an overflow in a
    product of slopes. The message names the first such edge. Cure: move the operand off the singular
    point, or choose another branch there with `where`.
    """


class NotConnectedError(AutogradError, ValueError):
    """A derivative was asked for between two Values with no path of edges between them.

    Cause: the output does not depend on that Value: another object of the same name, a detached copy, or
    the branch `where` did not take. Cure: pass the very Value that the output was computed from.
    """


class DrawingError(AutogradError, RuntimeError):
    """A graph could not be drawn or written.

    Cause: a format that needs an installed Graphviz, or a path that cannot be written. Cure: as the
    message says; SVG needs nothing installed.
    """


class ExpressionError(AutogradError, ValueError):
    """The command line was given an expression that cannot be read, or a name without a number.

    Cause: a name that was given no value, an unknown function, or Python beyond arithmetic and calls.
    Cure: give every name as ``name=number``; ``edgegrad --help`` shows examples.
    """


class CompileError(AutogradError, ValueError):
    """A function cannot be compiled, or a compiled program was given arrays that do not fit it.

    Cause: the function's graph differs from one call to the next (random numbers, a counter), its result is no Value,
    or the arrays have other shapes than the example. Cure: the message says which; randomness comes in as an input.
    """


class ControlFlowError(CompileError, TypeError):
    """A function that is being compiled looks at a number that will differ from run to run.

    Cause: `if`, `while`, `max`, `sorted`, `float()` or ``.data`` on a traced Value: what it gives for the example
    would silently hold for every other. Cure: `where`, `maximum`, `largest` choose inside the graph.
    """
