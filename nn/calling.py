"""How a module is called: with one example, with a batch, or in a way that a message puts right."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nn import arrays
from nn.errors import ShapeError

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["call_on_batch", "call_together", "check_call", "explain_missing"]

#: What PyTorch's modules, or Values, have and modules here do not: what to write.
MISSING = {
    "add_module": "assign the part, model.name = part",
    "apply": "write for part in model.modules(): …",
    "backward": "a model has no gradient until it computes a number: write loss.backward(), with loss = "
    "criterion(model(inputs), targets)",
    "buffers": "list(model.slots()) has buffers, too",
    "compile": "nn.fit compiles by itself, and nn.keras.Sequential has Keras' compile",
    "cpu": "everything is computed on the processor: leave it out",
    "cuda": "everything is computed on the processor: leave it out",
    "data": "its numbers are in model.state_dict()",
    "double": "numbers are float64 already: leave it out",
    "evaluate": "write nn.evaluate(model, X, y, loss=…)",
    "draw": "a model has no graph until it computes: write model(x)[0].graph().save('model.svg')",
    "explain": "a model has no graph until it computes: write autograd.explain(loss, parameter)",
    "explore": "a model has no graph until it computes: write model(x)[0].explore()",
    "fit": "write nn.fit(model, X, y, loss=…, optimizer=…), or take nn.keras.Sequential",
    "float": "numbers are float64: leave it out",
    "grad": "each parameter has its own: [p.grad for p in model.parameters()]",
    "graph": "a model has no graph until it computes: write model(x)[0].graph()",
    "half": "numbers are float64: leave it out",
    "named_buffers": "write [(slot.key, slot.content) for slot in model.slots() if not slot.trained]",
    "named_children": "write model.children().items()",
    "named_modules": "write model.modules()",
    "plot": "write model(x)[0].graph().save('model.svg') for its graph, nn.plots for what it learns",
    "predict": "write nn.predict(model, X)",
    "register_buffer": "assign an array, self.name = array, and list 'name' in the class's buffers",
    "register_forward_hook": "there are no hooks: every number of model(x) stands in its graph, model(x)[0].graph()",
    "register_parameter": "assign it: self.name = Value(number, parameter=True)",
    "requires_grad": "write model.freeze() or model.unfreeze()",
    "requires_grad_": "write model.freeze() or model.unfreeze()",
    "summary": "write print(model)",
    "to": "numbers are float64, and everything is computed on the processor: leave it out",
}


def call_on_batch(module: Module, inputs: Any) -> Any:
    """Compute the outputs of each example of a batch, in one array.

    Raises:
        ShapeError: an example has another shape than the module takes, or than the others have.
    """
    examples = arrays.rows(inputs)
    try:
        return arrays.stack(module.batch(examples))
    except ShapeError:
        shapes = list(map(arrays.shape, examples)) if isinstance(inputs, list | tuple) else []
        odd = next((k for k, shape in enumerate(shapes) if shape != shapes[0]), 0)
        if not odd:
            raise
        raise ShapeError(
            f"{module.title} takes examples of one shape, but in this batch example 0 has shape {shapes[0]} and "
            f"example {odd} has {shapes[odd]}."
        ) from None


def call_together(module: Module, examples: Sequence[Any]) -> list[Any]:
    """Compute the outputs for several examples by one ``forward``, as PyTorch does.

    Raises:
        ShapeError: it does not give one output for each.
    """
    outputs = module.forward(arrays.stack(examples))
    shape = arrays.shape(outputs)
    if shape[:1] != (len(examples),):
        name = type(module).__name__
        raise ShapeError(
            f"{name} has parts that look at a batch as a whole (batch normalisation), so that {name}.forward() was "
            f"given {len(examples)} examples at once, but its output has shape {shape}: let its first axis count the "
            f"examples, or define {name}.forward_batch(examples), and in it call part.batch(…) instead of part(…)."
        )
    return arrays.rows(outputs)


def check_call(module: Module, inputs: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Check that a module's ``forward`` takes so many arguments.

    Raises:
        TypeError: it does not; the message says how the same numbers are given.
    """
    try:
        inspect.signature(module.forward).bind(*inputs, **options)
    except TypeError as error:
        if not inputs or not all(isinstance(x, numbers.Number) for x in inputs):
            raise TypeError(f"{module.title} cannot be called like this: {error}.") from None
        shown = ", ".join(getattr(x, "name", None) or f"{x:g}" for x in inputs)
        raise TypeError(
            f"{module.title} takes one example, a list of its numbers, but was called with {len(inputs)} numbers: "
            f"write model([{shown}])."
        ) from None


def explain_missing(module: Module, name: str) -> str:
    """Return the message for an attribute that a module does not have."""
    advice = MISSING.get(name)
    said = f"{type(module).__name__!r} object has no attribute {name!r}"
    return f"{said}: {advice}." if advice else said
