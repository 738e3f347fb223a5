"""Parameters as read-only arrays of Values, so that nothing drops out of a model unseen, or comes in untrained."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from autograd import Value, Values
from nn import arrays
from nn.errors import ShapeError

__all__ = [
    "Outline",
    "ParameterDict",
    "Parameters",
    "check_replacement",
    "find_parameters",
    "hold",
    "holds_parameters",
    "once",
    "outline",
    "parameters",
]


class Parameters(Values):
    """The parameters of a module in an array (dtype object): ``W.shape``, ``W[0, 1]``, ``W[0]``, ``W.T``, ``W @ x``.

    Nothing is put into it: set the numbers of its Values, ``W[0, 1].data = 2.0``. Rows, slices and reshaped views are
    read-only too; what is computed from it is an array of Values like any other.
    """

    def __setitem__(self, place: Any, content: Any) -> None:
        if not self.flags.writeable:
            _refuse_assignment(self[place], content)
        super().__setitem__(place, content)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute on arrays of Values; refuse ``W -= 0.1 * slopes``, which would put other Values in."""
        for out in options.get("out", ()):
            if isinstance(out, Parameters) and not out.flags.writeable:
                _refuse_assignment(out, None)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Give arrays of Values where the result is a new one."""
        result = super().__array_function__(function, types, inputs, options)
        return result.view(Values) if isinstance(result, Parameters) and result.flags.writeable else result

    def __repr__(self) -> str:
        return np.ndarray.__repr__(self)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Parameters:
        return _fill(copy.deepcopy(self.ravel().tolist(), memo), self.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return _fill, (self.ravel().tolist(), self.shape)


class ParameterDict(dict[str, Any]):
    """Arrays of parameters by name. One gives way to its like only."""

    def __setitem__(self, key: str, content: Any) -> None:
        if key in self:
            check_replacement(f"Entry {key!r}", f"[{key!r}]", self[key], content)
        super().__setitem__(key, hold(content))

    def update(self, *others: Any, **content: Any) -> None:
        """Replace entries, one by one."""
        for key, entry in dict(*others, **content).items():
            self[key] = entry

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self


class Outline(np.ndarray):
    """Numbers of which only the shape is meant: `parameters` makes one Value for all of them, which takes no time."""


def outline(number: float, shape: tuple[int, ...]) -> Outline:
    """Return an array of a shape that keeps a single number."""
    return np.lib.stride_tricks.as_strided(np.array([number]), shape, (0,) * len(shape)).view(Outline)


def once(content: Any) -> Any:
    """Return the first entry alone, still as an array, of parameters that were made of an outline."""
    if isinstance(content, Parameters) and content.size > 1 and not any(content.strides):
        return content[(slice(1),) * content.ndim]
    return content


def parameters(numbers: NDArray[np.float64], name: str) -> Any:
    """Make a parameter for each number of an array, named by its place: ``W[0][1]``; one alone without axes."""
    if isinstance(numbers, Outline) and numbers.size > 1:
        return np.broadcast_to(_fill([Value(numbers.item(0), name=name, parameter=True)], (1,)), numbers.shape, True)
    numbers = np.asarray(numbers)
    places = arrays.places(numbers.shape)
    made = [
        Value(number, name=name + place, parameter=True)
        for place, number in zip(places, numbers.ravel().tolist(), strict=True)
    ]
    return _fill(made, numbers.shape) if numbers.ndim else made[0]


def holds_parameters(content: Any, name: str = "") -> bool:
    """Whether something that a module has holds parameters: a Value, or lists, dicts or arrays of them.

    Raises:
        TypeError: some of its entries are parameters and some are not.
    """
    first = arrays.first(content)
    if not (first is None or isinstance(first, Value) or hasattr(first, "named_parameters")):
        return False
    if isinstance(content, Parameters | ParameterDict):
        return first is not None
    trained = [isinstance(one, Value) and one.is_parameter for one in arrays.flat(content)]
    if any(trained) and not all(trained):
        place = [place for place, _ in arrays.entries(content, name)][trained.index(False)]
        raise TypeError(
            f"{place} is no parameter, but stands among parameters: it would never be trained or saved. Make it one "
            f"with Value(number, parameter=True); or, to change the number of one, write {place}.data = number."
        )
    return any(trained)


def find_parameters(attributes: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Find the arrays of parameters among attributes, and in dicts there: the name, what holds it, its key there."""
    for name, content in attributes.items():
        if not name.startswith("_") and holds_parameters(content, name):
            yield from _arrays_in(name, attributes, name)


def _arrays_in(name: str, holder: Any, place: Any) -> Iterator[tuple[str, Any, Any]]:
    content = holder[place]
    if isinstance(content, dict):
        for key in content:
            yield from _arrays_in(f"{name}.{key}", content, key)
    elif isinstance(content, list | tuple) and any(isinstance(inner, dict) for inner in content):
        for index in range(len(content)):
            yield from _arrays_in(f"{name}.{index}", content, index)
    else:
        yield name, holder, place


def hold(content: Any) -> Any:
    """Return parameters in read-only arrays, and what cannot be one, such as ragged lists, as a tuple of them."""
    if isinstance(content, Value | ParameterDict):
        return content
    if isinstance(content, dict):
        return ParameterDict({key: hold(inner) for key, inner in content.items()})
    if isinstance(content, Parameters) and not content.flags.writeable:
        return content
    values = arrays.flat(content)
    try:
        shape = arrays.shape(content)
    except ShapeError:
        return tuple(map(hold, content))
    if len(values) != math.prod(shape):  # a list of dicts
        return tuple(map(hold, content))
    return _fill(values, shape) if shape else values[0]


def check_replacement(what: str, place: str, before: Any, content: Any) -> None:
    """Check that an array of parameters gives way to its like.

    Args:
        what: what to call it: ``W of Layer 2 → 3``.
        place: what stands behind its owner to reach it: ``.W``.
        before: the array.
        content: what is to stand in its place.

    Raises:
        TypeError: what is to come does not consist of parameters.
        ShapeError: it has another shape.
    """
    if not holds_parameters(content):
        raise TypeError(
            f"{what} holds its parameters and cannot become {type(content).__name__}. Set numbers with "
            f"load_state_dict, or share another module's parameters with a{place} = b{place}."
        )
    if not isinstance(before, dict) and arrays.shape(content) != arrays.shape(before):
        raise ShapeError(
            f"{what} has shape {arrays.shape(before)} and cannot become an array of shape {arrays.shape(content)}."
        )


def _fill(values: Sequence[Value], shape: tuple[int, ...]) -> Parameters:
    array = np.fromiter(values, object, len(values))
    array.flags.writeable = False  # then no view of it can be made writeable
    return array.reshape(shape).view(Parameters)


def _refuse_assignment(inside: Any, content: Any) -> NoReturn:
    """Say what to write instead of putting `content` where `inside` is."""
    name = getattr(arrays.first(inside), "name", None) or "A parameter"
    number = content.data if isinstance(content, Value) else content
    number = number if isinstance(number, int | float) else "number"
    own = name[name.find("[") :] if "[" in name else ""
    raise TypeError(
        f"{name} cannot be replaced: what is put into an array of parameters would never be trained or saved. Set its "
        f"number, …{own}.data = {number}; those of a module with load_state_dict; or share the array of another, "
        "b.W = a.W."
    )
