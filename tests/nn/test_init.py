"""The package's front door: what messages tell a user to write can be written as ``nn.Name``."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
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


def test_classes_that_errors_name_are_exported() -> None:
    files = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(str(nn.__file__)).parent.rglob("*.py")]
    classes = {node.name for file in files for node in ast.walk(file) if isinstance(node, ast.ClassDef)}
    raised = [node for file in files for node in ast.walk(file) if isinstance(node, ast.Raise)]
    texts = [n.value for node in raised for n in ast.walk(node) if isinstance(n, ast.Constant)]
    words = {word for text in texts if isinstance(text, str) for word in re.findall(r"\w+", text)}
    elsewhere = {"Dense", "Classifier"}  # of nn.keras.layers and nn.sklearn
    english = {"Column", "Group", "Number"}
    named = (classes & words) - elsewhere - english
    assert {"Regularizer", "Schedule", "ActivationFunction"} <= named <= set(nn.__all__)
