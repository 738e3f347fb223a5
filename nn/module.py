"""Module: a part of a model that knows its parameters by name, its parts, and how to save and restore them.

Parameters are Values in public attributes, where lists and arrays of them become read-only arrays; parts are modules in
attributes or lists of attributes. Nothing has to be registered, and a subclass need not call ``super().__init__()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from autograd import Value, scope
from nn import arrays, summary
from nn.calling import call_on_batch, call_together, check_call, explain_missing
from nn.parameters import check_replacement, find_parameters, hold, holds_parameters, once
from nn.saving import architecture
from nn.state import Mismatch, copy_state, load_state

__all__ = ["Module", "Path", "Slot", "evaluating"]

#: The way from a part up to a module: at each level the part's name there, and whether it is a plain suffix.
Path = tuple[tuple[str, bool], ...]


class Slot(NamedTuple):
    """Where one array of a model lives.

    Attributes:
        key: its name in the state of the model: ``W1``.
        owner: the module that it is an attribute of.
        path: the way from the owner up to the model.
        name: what the owner calls it: ``W``.
        holder: the dict that holds it (the owner's attributes, or a dict among them).
        place: its key there.
        trained: whether it holds parameters; a buffer otherwise.
    """

    key: str
    owner: Module
    path: Path
    name: str
    holder: dict[str, Any]
    place: str
    trained: bool

    @property
    def content(self) -> Any:
        """The array: of Values, or of numbers for a buffer."""
        return self.holder[self.place]

    def parameters(self, path: Path = ()) -> Iterator[tuple[str, Value]]:
        """Yield each parameter with its name in the model: ``W1[0][1]``; `path` leads on to a larger model."""
        way = self.path + path
        if type(self.owner).element is Module.element:
            yield from arrays.entries(once(self.content), extend_name(self.name, way))
            return
        for index, parameter in arrays.entries(once(self.content)):
            stem, tail = self.owner.element(self.name, index)
            yield extend_name(stem, way) + tail, parameter


def _no_forward(*_: Any, **__: Any) -> NoReturn:
    raise NotImplementedError("A module computes its outputs in forward(self, inputs): define it in the subclass.")


#: The modules that the running thread or task evaluates, by identity.
_evaluated: ContextVar[frozenset[int]] = ContextVar("evaluated", default=frozenset())


@contextmanager
def evaluating(module: Module) -> Iterator[None]:
    """Let a module and its parts be in evaluation mode for this thread, whatever mode others see them in."""
    token = _evaluated.set(_evaluated.get() | {id(part) for part in module.modules()})
    try:
        yield
    finally:
        _evaluated.reset(token)


class Module:
    """The base of everything that a model is built from.

    A subclass keeps its parameters (`Value` with ``parameter=True``) in attributes, alone or in lists, which become
    read-only arrays, its parts as attributes or lists of modules, and defines ``forward``. A private attribute
    (``_x``) is none of these, and all entries of a list are of one kind.

    Attributes:
        training: whether `train` or `eval` was called last; dropout and batch normalisation look at it. False while
            this thread evaluates the module, as `predict` and `evaluate` do without changing it for others.
        kind: what a part of this class is called in scopes and tables: ``layer`` gives ``layer1``.
        buffers: names of attributes (NumPy arrays) that are saved but not trained.
        unsaved: constructor's arguments that `config` leaves out, since the state holds what they gave.
        axes: of how many axes one example is: 1 for a row, 3 for a picture; None where `forward` takes anything.
        keeps_width: whether it gives as many numbers as it takes.
        takes_any_shape: whether an example may be of any shape, so that only its neighbours tell it from a batch.
        counts_axes_of_a_batch: whether it goes over an axis that is counted with that of the batch.
        normalizes_rows: whether each row of an example is normalised by itself.
        whole_batch: whether training looks at the examples of a batch together.
        whole_batch_in_evaluation: whether evaluation does, too.
        takes_suffix: whether a container may call its arrays ``W1`` rather than ``1.W``.

    Example:
        >>> class Doubled(Module):
        ...     def __init__(self):
        ...         self.w = [Value(2.0, parameter=True)]
        ...
        ...     def forward(self, xs):
        ...         return self.w * xs
        >>> model = Doubled()
        >>> model([3.0])
        array([Value(6.0, op=mul)], dtype=object)
        >>> for name, parameter in model.named_parameters():
        ...     print(name, parameter.data)
        w[0] 2.0
    """

    kind: ClassVar[str] = "module"
    buffers: ClassVar[tuple[str, ...]] = ()
    unsaved: ClassVar[frozenset[str]] = frozenset({"seed", "init", "W", "b", "inplace"})
    axes: int | None = None
    keeps_width: ClassVar[bool] = False
    takes_any_shape: ClassVar[bool] = False
    counts_axes_of_a_batch: ClassVar[bool] = False
    normalizes_rows: bool = False
    whole_batch: ClassVar[bool] = False
    whole_batch_in_evaluation: bool = False
    takes_suffix: ClassVar[bool] = True

    _training: bool = True
    _path: Path = ()
    _label: str | None = None
    _scope: scope | None = None

    #: Compute the outputs for one example. Defined by each subclass, with arguments of its own.
    forward: Callable[..., Any] = _no_forward

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.kind == Module.kind:
            cls.kind = cls.__name__.lower()

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Compute the outputs for one example; with an axis more in front, for each of a batch, in one array."""
        if len(inputs) != 1:
            check_call(self, inputs, options)
        elif self.is_batch(inputs[0]):
            return call_on_batch(self, inputs[0])
        if self._scope is None:
            return self.forward(*inputs, **options)
        with self._scope:
            return self.forward(*inputs, **options)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(explain_missing(self, name), name=name, obj=self)

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several examples, by the number of their axes."""
        return self.axes is not None and arrays.depth(inputs) == self.axes + 1

    def batch(self, examples: Sequence[Any]) -> list[Any]:
        """Compute the outputs for several examples together, as training with `BatchNorm2d` needs.

        Args:
            examples: one input for each example.

        Returns:
            one output for each example; without batch normalisation the same as calling it on each.

        Raises:
            ShapeError: the examples differ in shape; or parts of it look at the batch as a whole, and its ``forward``
                does not give one output for each example.
        """
        if self._scope is None:
            return self.forward_batch(examples)
        with self._scope:
            return self.forward_batch(examples)

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Compute the outputs for several examples; where parts look at the batch as a whole, with one ``forward``.

        Override it where ``forward`` takes one example only, and in it call ``part.batch(…)`` instead of ``part(…)``.
        """
        if not self.looks_at_batches:
            return [
                arrays.stack(self.forward_batch(arrays.rows(each))) if self.is_batch(each) else self.forward(each)
                for each in examples
            ]
        return call_together(self, examples)

    @property
    def looks_at_batches(self) -> bool:
        """Whether some part looks at a batch as a whole, in the mode it is in: then compute with `batch`."""
        return any(
            module.whole_batch if module.training else module.whole_batch_in_evaluation for module in self.modules()
        )

    # --- parts and names ----------------------------------------------------------------------------------------------

    def children(self) -> dict[str, Module]:
        """List the direct parts by name: the attribute, ``blocks.0`` in a list. Each part once."""
        found: dict[str, Module] = {}
        for name, content in vars(self).items():
            if not name.startswith("_") and isinstance(arrays.first(content), Module):
                _collect(name, content, found)
        return found

    def modules(self) -> Iterator[Module]:
        """Return the module itself and every part of it, each once, parts after what they are part of."""
        return (module for _, _, module in self._tree())

    def child_label(self, name: str, child: Module) -> str:
        """Return what the part `name` is called in scopes and tables."""
        return name

    def joins_by_suffix(self, name: str, child: Module) -> bool:
        """Whether arrays of the part `name` are called ``W1`` rather than ``1.W``."""
        return False

    def element(self, array: str, index: str) -> tuple[str, str]:
        """Name one parameter of an array: the stem, which containers extend, and the rest: ``W``, ``[0][1]``."""
        return array, index

    def name_nodes(self) -> None:
        """Prepare names for the nodes that ``forward`` makes. Called whenever the module's own name changes."""

    def qualify(self, name: str) -> str:
        """Extend a name within this module to one within the whole model: ``s`` into ``s1``."""
        return extend_name(name, self._path)

    def name_node(self, node: Any, name: str) -> None:
        """Name a node that ``forward`` made: ``alpha[0]`` is ``alpha2[0]`` in layer 2. A plain number takes no name."""
        if isinstance(node, Value):
            stem, bracket, tail = name.partition("[")
            node.name = self.qualify(stem) + bracket + tail

    def bind(self, path: Path = (), label: str | None = None) -> None:
        """Name every parameter, node and scope below by its place in the model.

        Assigning a part to an attribute does it by itself. Call it after changing a list of parts in place.

        Args:
            path: the way from this module up to the whole model.
            label: what the module is called in scopes and tables.
        """
        for way, given, module in self._tree(label=label):
            module._path = way + path
            module._label = given
            module._scope = scope(given) if given else None
            module.name_nodes()
        for name, parameter in self._parameters(path):
            parameter.name = name

    def _tree(
        self, path: Path = (), label: str | None = None, seen: set[int] | None = None
    ) -> Iterator[tuple[Path, str | None, Module]]:
        """Walk the parts: the way from each up to this module, its label, and the module; each once."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        parts = self.children()
        yield path, label or (None if parts else self.kind), self
        for name, child in parts.items():
            yield from child._tree(
                ((name, self.joins_by_suffix(name, child)), *path), self.child_label(name, child), seen
            )

    def __setattr__(self, name: str, content: Any) -> None:
        """Assign an attribute; parts get their names, and an array of parameters only gives way to its like."""
        if name == "requires_grad" and not hasattr(type(self), name):
            raise AttributeError(explain_missing(self, name), name=name, obj=self)
        if not name.startswith("_"):
            before = vars(self).get(name)
            if holds_parameters(before, name):
                check_replacement(f"{name} of {self.title}", f".{name}", before, content)
            if holds_parameters(content, name):
                content = hold(content)
        super().__setattr__(name, content)
        if name.startswith("_"):
            return
        inside = arrays.first(content)
        if isinstance(inside, Module):
            self.bind(self._path, self._label)
        elif isinstance(inside, Value) and inside.is_parameter and inside.name is None:
            for slot in self.slots():
                for full, parameter in slot.parameters(self._path):
                    parameter.name = parameter.name or full

    # --- parameters and state -----------------------------------------------------------------------------------------

    def slots(self) -> Iterator[Slot]:
        """Yield every array of parameters and every buffer, of the module and of its parts."""
        for path, _, module in self._tree():
            for name, holder, place in find_parameters(vars(module)):
                yield Slot(extend_name(name, path), module, path, name, holder, place, True)
            for name in module.buffers:
                if isinstance(vars(module).get(name), np.ndarray):
                    yield Slot(extend_name(name, path), module, path, name, vars(module), name, False)

    def _parameters(self, path: Path = ()) -> Iterator[tuple[str, Value]]:
        seen: set[int] = set()
        for slot in self.slots():
            if slot.trained:
                for name, parameter in slot.parameters(path):
                    if id(parameter) not in seen:
                        seen.add(id(parameter))
                        yield name, parameter

    def named_parameters(self) -> list[tuple[str, Value]]:
        """List the parameters with their names: ``W1[0][1]``, ``b2[3]``. One that is used in two places comes once.

        As in PyTorch these are pairs: ``for name, p in model.named_parameters()``, or a ``dict`` of them.
        """
        return list(self._parameters())

    def parameters(self) -> list[Value]:
        """List the parameters, in the order of `named_parameters`."""
        return list(dict.fromkeys(one for slot in self.slots() if slot.trained for one in arrays.flat(slot.content)))

    def zero_grad(self) -> None:
        """Forget the gradients: each parameter's `grad` becomes None."""
        for parameter in self.parameters():
            parameter.grad = None

    def freeze(self) -> Self:
        """Keep the parameters as they are: backward passes and optimisers leave them alone."""
        return self._require_grad(False)

    def unfreeze(self) -> Self:
        """Train the parameters again."""
        return self._require_grad(True)

    def _require_grad(self, required: bool) -> Self:
        for parameter in self.parameters():
            parameter.requires_grad = required
        return self

    @property
    def training(self) -> bool:
        """Whether the module behaves as in training."""
        return self._training and id(self) not in _evaluated.get()

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = mode

    def train(self, mode: bool = True) -> Self:
        """Put the module and its parts into training mode: dropout drops, batch normalisation looks at the batch."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put the module and its parts into evaluation mode."""
        return self.train(False)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copy all parameters and buffers into arrays: ``{"W1": (n_out, n_in), "b1": (n_out,), …}``."""
        return copy_state(self)

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Mismatch:
        """Set all parameters and buffers from arrays, or change nothing.

        Args:
            state: as `state_dict` gives it; anything that NumPy reads.
            strict: whether every array has to be on both sides; else the keys of those that are not come back.

        Raises:
            StateError: keys are missing or unexpected, or arrays do not fit; the message lists every one.
        """
        return load_state(self, state, strict)

    # --- description --------------------------------------------------------------------------------------------------

    def extent(self) -> str:
        """Describe in a few characters what goes in and out: ``13 → 128``."""
        return ""

    @property
    def label(self) -> str | None:
        """What the module is called in scopes and tables: ``layer1``. None for a model of several parts."""
        return self._label

    @property
    def title(self) -> str:
        """Name the module in an error: ``layer1 (Layer 13 → 128, relu)``."""
        activation = "" if self.children() else str(getattr(self, "activation", ""))
        details = ", ".join(filter(None, (self.extent(), activation)))
        described = f"{type(self).__name__} {details}".rstrip()
        return described if self._label in (None, self.kind) else f"{self._label} ({described})"

    def describe(self) -> str:
        """Write the table of parts: shape, activation, number of parameters, and their total."""
        return summary.table(self)

    def __repr__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        return summary.show(self)

    def arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments that `config` writes: the attributes of the same names.

        Raises:
            ConfigError: an argument has no attribute.
        """
        return architecture.arguments(self)

    def config(self) -> dict[str, Any]:
        """Write the architecture as a plain dict that JSON can hold: the class and `arguments`, parts likewise.

        Raises:
            ConfigError: an argument has no attribute, or is something that cannot be written.
        """
        return architecture.write(self)

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Module:
        """Build the module that `config` wrote, with fresh parameters (then use `load_state_dict`).

        Raises:
            ConfigError: the dict does not describe a module.
        """
        return architecture.build(config)


def extend_name(name: str, path: Path) -> str:
    """Extend the name of an array or node by the parts that it lies in, from the inside out."""
    for part, suffix in path:
        # A digit before the suffix would make W1 of part 1 and W of part 11 the same.
        name = f"{name}{part}" if suffix and not name[-1].isdigit() else f"{part}.{name}"
    return name


def _collect(name: str, content: Any, found: dict[str, Module]) -> None:
    if isinstance(content, Module):
        if not any(content is known for known in found.values()):
            found[name] = content
    elif isinstance(content, list | tuple):
        for index, inner in enumerate(content):
            _collect(f"{name}.{index}", inner, found)
    elif isinstance(content, dict):
        for key, inner in content.items():
            _collect(f"{name}.{key}", inner, found)
