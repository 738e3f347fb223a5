"""The bug gallery: each mistake is caught, in words that lead to it, and the right version passes."""

import re

import pytest

from autograd import DomainError, OpDefinitionError, ValueOverflowError
from autograd.testing import GradientMismatch
from autograd.testing.gallery import GALLERY, Exhibit, Toy, check_engine

#: What each mistake raises, and how its sentence reads; what rounding decides is left out as ….
CAUGHT = {
    "overwritten gradient": (GradientMismatch, "∂f/∂x at x = 3: the engine says 27, differences say 120 ± …"),
    "depth-first revisits": (GradientMismatch, "∂f/∂x at x = 3: the engine says 186, differences say 120 ± …"),
    "sweep in order of distance": (GradientMismatch, "∂f/∂x at x = 3: the engine says 66, differences say 120 ± …"),
    "operands in a set": (GradientMismatch, "∂f/∂x at x = 3: the engine says 60, differences say 120 ± …"),
    "sign of subtraction": (GradientMismatch, "∂f/∂y at y = 2: the engine says 10, differences say 8 ± …"),
    "adjoints of the last sweep": (
        AssertionError, "∂x⁴/∂x at 3 is 108 after one sweep and 324 after two, where 216 is due."
    ),
    "recursion": (RecursionError, "maximum recursion depth exceeded…"),
    "slope from the input": (
        GradientMismatch, "∂tanh/∂x at x = 6.86…: the engine says −46.09…, differences say 4.37…e−06 ± …"
    ),
    "sigmoid of the sigmoid": (
        GradientMismatch, "∂sigmoid/∂x at x = 6.86…: the engine says 0.1967…, differences say 0.001043… ± …"
    ),
    "ReLU that never closes": (GradientMismatch, "∂relu/∂x at x = −0.92…: the engine says 1, differences say 0 ± …"),
    "square root upside down": (
        GradientMismatch, "∂sqrt/∂x at x = 6.86…: the engine says 1.3098…, differences say 0.19086… ± …"
    ),
    "logarithm of another base": (
        GradientMismatch, "∂log10/∂x at x = 6.86…: the engine says 0.1457…, differences say 0.06328… ± …"
    ),
    "slots exchanged": (
        GradientMismatch, "∂mul/∂x at x = 6.86…: the engine says 6.86…, differences say −2.103… ± …"
    ),
    "quotient without its sign": (
        GradientMismatch, "∂truediv/∂y at y = −2.1…: the engine says 1.5514…, differences say −1.5514… ± …"
    ),
    "rule of plain numbers": (OpDefinitionError, "A slope rule of operation 'sin' does not read symbols (…"),
    "max(0, nan)": (AssertionError, "relu(nan) is 0, where nan is due."),
    "forgotten zero_grad": (AssertionError, "After 2 step(s) w is 4.32, where 2.52 is due."),
    "parameter replaced": (AssertionError, "After 1 step(s) w is 0, where 1.8 is due."),
    "softmax as written": (ValueOverflowError, "exp(scores[0]) is larger than the largest float, 1.8e308, at …"),
    "logarithm of a probability": (DomainError, "log(σ(score)) is undefined at σ(score) = 0.0, in …"),
    "number off the graph": (
        GradientMismatch, "∂penalty_of_a_number/∂w at w = 2: the engine says −2, differences say −1.6 ± …"
    ),
}  # fmt: skip


def test_every_exhibit_is_in_the_table():
    from autograd.testing.gallery import programs, rules, sweeps

    assert list(GALLERY) == list(CAUGHT)
    assert len(GALLERY) == len(sweeps.SWEEPS) + len(rules.RULES) + len(programs.PROGRAMS)


@pytest.mark.parametrize("name", GALLERY)
def test_the_mistake_is_caught(name):
    exhibit = GALLERY[name]
    kind, sentence = CAUGHT[name]
    with pytest.raises((AssertionError, kind)) as raised:
        exhibit.check(exhibit.wrong)
    assert type(raised.value) is kind
    assert re.match(re.escape(sentence).replace("…", ".*"), exhibit.caught()), exhibit.caught()


@pytest.mark.parametrize("name", GALLERY)
def test_the_right_version_passes(name):
    exhibit = GALLERY[name]
    exhibit.check(exhibit.right)


@pytest.mark.parametrize("name", GALLERY)
def test_an_exhibit_shows_its_code_and_what_is_said_of_it(name):
    exhibit = GALLERY[name]
    wrong, right = exhibit.code(exhibit.wrong), exhibit.code(exhibit.right)
    assert wrong != right
    assert "noqa" not in wrong + right
    shown = str(exhibit)
    for part in (name, exhibit.seen, exhibit.why, exhibit.check.__name__, wrong.splitlines()[0]):
        assert part in shown


def test_a_mistake_that_no_check_finds_is_no_exhibit():
    blind = Exhibit("slip", Toy, Toy, check_engine, "Nothing.", "There is none.")
    with pytest.raises(AssertionError) as raised:
        blind.caught()
    assert str(raised.value) == "check_engine lets the slip pass."


def test_the_toys_that_are_wrong_are_right_on_a_chain():
    """What makes these mistakes classic: a chain, on which one tries an engine, does not show them."""
    for name in ("overwritten gradient", "depth-first revisits", "sweep in order of distance", "operands in a set"):
        engine = GALLERY[name].wrong
        x, y = engine(3.0), engine(2.0)
        (x * y * engine(5.0)).backward()
        assert (x.grad, y.grad) == (10.0, 15.0)


def test_check_engine_takes_any_engine():
    """It is a check for the reader's own engine as well: PyTorch, which is none of ours, passes."""
    torch = pytest.importorskip("torch")

    def number(x):
        return torch.tensor(float(x), dtype=torch.float64, requires_grad=True)

    check_engine(number)
