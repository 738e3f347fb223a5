"""The package's front door: what messages tell a user to write can be written as ``nn.Name``."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from pathlib import Path

import nn


def test_every_name_is_there_once() -> None:
    assert len(set(nn.__all__)) == len(nn.__all__)
    assert all(hasattr(nn, name) for name in nn.__all__)


def test_no_subpackage_hides_a_name() -> None:
    shared = {module.name for module in pkgutil.iter_modules(nn.__path__)} & set(nn.__all__)
    assert (
        shared
        == {name for name in shared if inspect.ismodule(getattr(nn, name))}
        == {"functional", "keras", "metrics", "plots"}
    )


def test_base_classes_that_arguments_take_are_exported() -> None:
    for base, made in [(nn.Regularizer, nn.L2(0.1)), (nn.Schedule, nn.StepDecay(every=3)),
                       (nn.ActivationFunction, nn.activation("relu"))]:  # fmt: skip
        assert isinstance(made, base)


def test_classes_that_messages_name_are_exported() -> None:
    """Every public class of the package that the text of an error mentions."""
    classes = {"Regularizer", "Schedule", "ActivationFunction", "Callback", "Module", "Optimizer", "History"}
    mentioned = set()
    for file in Path(str(inspect.getfile(nn))).parent.rglob("*.py"):
        for raised in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Raise)):
            texts = [n.value for n in ast.walk(raised) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            mentioned |= {name for name in classes for text in texts if name in text.replace("(", " ").split()}
    assert {"Regularizer", "Schedule", "ActivationFunction"} <= mentioned <= set(nn.__all__)
