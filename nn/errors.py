"""Errors that modules raise of their own: each docstring says what causes it and how to cure it."""

__all__ = ["ConfigError", "ShapeError", "StateError", "WiringError"]


class ShapeError(ValueError):
    """An input or a given array does not have the shape that a module takes.

    Cause: a row that is too short or too long, ragged rows, a batch where one example is taken, weights the
    wrong way round. Cure: the message names the module, what it got and what it expects.
    """


class StateError(ValueError):
    """A state does not fit the module that it was to be loaded into; the module is as it was.

    Cause: missing or unexpected keys, arrays of another shape, numbers that are not finite. Cure: the message
    lists all of them; build the model with the sizes that the state was saved from.
    """


class ConfigError(ValueError):
    """A module cannot be written as a plain dict, or a dict does not describe a module.

    Cause: an activation without a name, a constructor's argument that the module does not keep as an attribute
    of the same name, an unknown class. Cure: as the message says.
    """


class WiringError(ValueError):
    """The wiring of a `Network` does not make sense: an unknown name, a name used twice, a cycle.

    Cause: a neuron takes its input from something that is neither an input nor a neuron, or from itself through
    others. Cure: the message names the neurons in question.
    """
