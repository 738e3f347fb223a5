"""The page reads formulas as Python does: the same grammar, the same numbers, and the same are refused."""

import math
import random

import pytest
from test_spelling import NUMBERS, READ

from autograd import CATALOGUE, AutogradError, Value, explore
from autograd.formula import read_answer

READ_ALL = """([all, numbers]) => {
  const known = new Map(Object.entries(numbers));
  return all.map((written) => {
    try {
      const number = explorer.read(written, [...known.keys()]).compute(known);
      return Number.isFinite(number) ? number : "none";
    } catch (error) {
      return `refused: ${error.message}`;
    }
  });
}"""
SIGNS = [
    *"xyzt12.,()[]|+-−*/^·<=>²³ˣ⁻√½eπ%", " ", "ln", "s_1", "σ", "exp", "W1[0][1]", "L(1)", "x₁", "**", "//",
    "2e-3", "sin", "max",
]  # fmt: skip


def in_python(written):
    try:
        number = read_answer(written, NUMBERS).compute(NUMBERS)
    except ArithmeticError:
        return "none"
    except AutogradError as error:
        return "none" if isinstance(error, ValueError) and "undefined" in str(error) else "refused"
    return number if math.isfinite(number) else "none"


def test_what_python_reads(visit):
    E = Value(2.0, name="x").exp()
    tab = visit(explore(E, practice=True))
    got = tab.evaluate(READ_ALL, [[written for written, _ in READ], NUMBERS])
    for (written, expected), number in zip(READ, got, strict=True):
        assert number == pytest.approx(expected, rel=1e-13), written


def test_every_operation_can_be_typed_in_an_exercise(visit):
    tab = visit(explore(Value(0.3, name="x").exp(), practice=True))
    ops = [op for op in CATALOGUE if not op.nary]
    calls = [f"{op.name}({', '.join(['0.3', '0.4', '0.5'][: len(op.slopes)])})" for op in ops]
    calls = [call if "acosh" not in call else "acosh(1.5)" for call in calls]
    for call, number in zip(calls, tab.evaluate(READ_ALL, [calls, {}]), strict=True):
        assert number == pytest.approx(read_answer(call, ()).compute({}), rel=1e-12), call


def test_random_texts_are_read_alike(visit):
    generator = random.Random(7)
    texts = ["".join(generator.choices(SIGNS, k=generator.randint(1, 9))) for _ in range(6000)]
    tab = visit(explore(Value(2.0, name="x").exp(), practice=True))
    read, unlike = 0, []
    for written, got in zip(texts, tab.evaluate(READ_ALL, [texts, NUMBERS]), strict=True):
        expected = in_python(written)
        if isinstance(expected, float):
            read += 1
            alike = got == pytest.approx(expected, rel=1e-12, abs=1e-300)
        else:
            alike = str(got).startswith("refused") == (expected == "refused")
        if not alike:
            unlike.append((written, expected, got))
    assert unlike == []
    assert read > 300
