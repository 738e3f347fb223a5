"""Values in any order of use, against dual numbers in plain floats: each knows its derivative by every leaf.

A dual number is computed forward, with Python's own functions; it has no graph, and nothing of the engine is in it.
"""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import autograd
from autograd import NoGradientError, Value, gradients, no_grad, scope

#: By name: the function of floats, and its slopes; and what makes it of Values.
UNARY = {
    "tanh": (math.tanh, lambda x: 1.0 - math.tanh(x) ** 2),
    "sin": (math.sin, math.cos),
    "sigmoid": (lambda x: 1.0 / (1.0 + math.exp(-x)), lambda x: math.exp(-x) / (1.0 + math.exp(-x)) ** 2),
    "atan": (math.atan, lambda x: 1.0 / (1.0 + x * x)),
    "neg": (lambda x: -x, lambda x: -1.0),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: (1.0, 1.0)),
    "sub": (lambda x, y: x - y, lambda x, y: (1.0, -1.0)),
    "mul": (lambda x, y: x * y, lambda x, y: (y, x)),
    "hypot": (math.hypot, lambda x, y: (x / math.hypot(x, y), y / math.hypot(x, y))),
}
NUMBERS = st.integers(-2000, 2000).map(lambda n: n / 1000 or 0.5)
PICK = st.integers(0, 10**6)
LARGEST = 50.0


class Dual:
    """What is due of one Value: its number, its derivative by each leaf as it was recorded, and how it was made."""

    def __init__(self, number, slopes=(), made=None, scope=None):
        self.number, self.slopes, self.made, self.scope = number, dict(slopes), made, scope
        self.grad, self.trained = None, True  # of a leaf


def close(found, due):
    return found == pytest.approx(due, rel=1e-9, abs=1e-9)


class Engine(RuleBasedStateMachine):
    """Record, assign, sweep, clear, copy, pickle, pause and compile, and after each step all numbers are right."""

    @initialize(number=NUMBERS)
    def begin(self, number):
        self.values, self.duals, self.leaves = [], [], []
        self.leaf(number, True)

    def keep(self, value, dual):
        self.values.append(value)
        self.duals.append(dual)

    def leaf(self, number, trained):
        dual = Dual(number, made="leaf")
        dual.trained = trained
        dual.slopes = {len(self.leaves): 1.0}
        self.leaves.append(len(self.values))
        self.keep(Value(number, f"x{len(self.leaves)}", requires_grad=trained), dual)

    @rule(number=NUMBERS, trained=st.integers(0, 3))
    def another_leaf(self, number, trained):
        if len(self.leaves) < 6:
            self.leaf(number, trained > 0)

    @rule(name=st.sampled_from([*UNARY, *BINARY]), first=PICK, second=PICK, where=st.sampled_from(["", "a", "a/b"]))
    def record(self, name, first, second, where):
        places = [first % len(self.values), second % len(self.values)][: 1 if name in UNARY else 2]
        numbers = [self.duals[i].number for i in places]
        f, slopes_of = UNARY.get(name) or BINARY[name]
        if name == "hypot" and abs(numbers[0]) + abs(numbers[1]) < 1e-3:
            return
        number, by = f(*numbers), slopes_of(*numbers)
        if abs(number) > LARGEST:
            return
        slopes = {}
        for place, slope in zip(places, [by] if name in UNARY else by, strict=True):
            for leaf, inner in self.duals[place].slopes.items():
                slopes[leaf] = slopes.get(leaf, 0.0) + slope * inner
        op, operands = getattr(autograd, name), [self.values[i] for i in places]
        if where:
            with scope(where):
                value = op(*operands)
        else:
            value = op(*operands)
        self.keep(value, Dual(number, slopes, (name, places), where or None))

    @rule(first=PICK, second=PICK)
    def pause(self, first, second):
        """What is computed without a graph is a constant, wherever it is used."""
        i, k = first % len(self.values), second % len(self.values)
        with no_grad():
            value = self.values[i] * 0.5 + autograd.sin(self.values[k])
        assert value.is_leaf
        assert not value.requires_grad
        dual = Dual(self.duals[i].number * 0.5 + math.sin(self.duals[k].number), made="constant")
        dual.trained = False
        self.keep(value, dual)

    @rule(which=PICK, number=NUMBERS)
    def assign(self, which, number):
        place = self.leaves[which % len(self.leaves)]
        self.values[place].data = number
        self.duals[place].number = number

    @rule(which=PICK, trained=st.booleans())
    def freeze(self, which, trained):
        place = self.leaves[which % len(self.leaves)]
        self.values[place].requires_grad = trained
        self.duals[place].trained = trained

    @rule(which=PICK)
    def zero_grad(self, which):
        place = self.leaves[which % len(self.leaves)]
        self.values[place].grad = self.duals[place].grad = None

    @rule(which=PICK, seed=st.sampled_from([1.0, -2.0, 0.5]))
    def backward(self, which, seed):
        place = which % len(self.values)
        dual = self.duals[place]
        reached = [self.duals[self.leaves[leaf]] for leaf in dual.slopes]
        if not any(leaf.trained for leaf in reached):
            with pytest.raises(NoGradientError):
                self.values[place].backward(seed)
            return
        self.values[place].backward(seed)
        for leaf, slope in dual.slopes.items():
            due = self.duals[self.leaves[leaf]]
            if due.trained:
                due.grad = (due.grad or 0.0) + seed * slope

    @rule(which=PICK, create_graph=st.booleans())
    def ask(self, which, create_graph):
        """Gradients that are asked for leave those of the leaves alone."""
        place = which % len(self.values)
        leaves = [self.values[i] for i in self.leaves]
        slopes = self.duals[place].slopes
        try:
            found = gradients(self.values[place], leaves, create_graph=create_graph)
        except autograd.StaleGraphError:
            assert create_graph
            assert any(not close(self.now(i), self.duals[i].number) for i in self.below(place))
            return
        for leaf, slope in enumerate(found):
            assert close(float(slope), slopes.get(leaf, 0.0))

    @rule(way=st.sampled_from(["copy", "pickle"]))
    def carry_over(self, way):
        """Copies are graphs of their own: what happens to them leaves the originals alone."""
        before = self.values
        numbers = [(v.data, v.grad) for v in before]
        self.values = copy.deepcopy(before) if way == "copy" else pickle.loads(pickle.dumps(before))
        assert not {id(v) for v in before} & {id(v) for v in self.values}
        self.values[self.leaves[0]].data += 1.0
        self.values[self.leaves[0]].grad = 7.0
        assert [(v.data, v.grad) for v in before] == numbers
        self.values[self.leaves[0]].data, self.values[self.leaves[0]].grad = numbers[self.leaves[0]]

    @rule(which=PICK)
    def compile(self, which):
        """A program takes the leaves' numbers as they are now, and constants as they were recorded."""
        place = which % len(self.values)
        leaves = [self.values[i] for i in self.leaves]
        constants = [d.number for d in self.duals]

        def run(i, known):
            if i not in known:
                made = self.duals[i].made
                known[i] = constants[i] if made == "constant" else getattr(autograd, made[0])(
                    *[run(k, known) for k in made[1]]
                )  # fmt: skip
            return known[i]

        def f(c):
            return run(place, dict(zip(self.leaves, leaves, strict=True))) + c

        trained = [i for i in self.leaves if self.values[i].requires_grad]
        try:
            value = float(f(0.0))
        except ArithmeticError:
            return
        program = autograd.compile(f, 0.0, parameters=[self.values[i] for i in trained], backend="numpy")
        assert close(float(program([0.0])[0]), self.now(place))
        assert close(value, self.now(place))
        found = program.gradients([0.0])[0]
        for leaf, slope in zip(trained, found, strict=True):
            assert close(slope, self.slope_now(place, leaf))

    def below(self, place, seen=None):
        """List the nodes that one was computed from."""
        seen = {} if seen is None else seen
        if place not in seen:
            seen[place] = True
            if type(self.duals[place].made) is tuple:
                for i in self.duals[place].made[1]:
                    self.below(i, seen)
        return list(seen)

    def now(self, place, known=None):
        """Compute a number anew from the leaves as they are."""
        known = {} if known is None else known
        if place not in known:
            made = self.duals[place].made
            if type(made) is tuple:
                f = (UNARY.get(made[0]) or BINARY[made[0]])[0]
                known[place] = f(*[self.now(i, known) for i in made[1]])
            else:
                known[place] = self.duals[place].number
        return known[place]

    def slope_now(self, place, leaf, known=None):
        """Compute a derivative anew, forward, from the leaves as they are."""
        known = {} if known is None else known
        if place not in known:
            made, slope = self.duals[place].made, float(place == leaf)
            if type(made) is tuple:
                numbers = [self.now(i) for i in made[1]]
                by = (UNARY.get(made[0]) or BINARY[made[0]])[1](*numbers)
                parts = zip([by] if made[0] in UNARY else by, made[1], strict=True)
                slope = sum(s * self.slope_now(i, leaf, known) for s, i in parts)
            known[place] = slope
        return known[place]

    @invariant()
    def everything_is_as_due(self):
        for value, dual in zip(getattr(self, "values", ()), getattr(self, "duals", ()), strict=True):
            assert value.data == pytest.approx(dual.number, rel=1e-12, abs=1e-12)
            if value.is_leaf:
                assert (value.grad is None) == (dual.grad is None), value
                assert dual.grad is None or close(value.grad, dual.grad)
                assert value.requires_grad == dual.trained
            else:
                assert value.scope == dual.scope


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=settings.default.max_examples, stateful_step_count=25)


def test_the_dual_numbers_are_right():
    """The oracle itself, by differences."""
    for f, slope in UNARY.values():
        assert slope(0.7) == pytest.approx((f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6, rel=1e-8)
    for f, slopes in BINARY.values():
        found = [(f(0.7 + 1e-6, 0.4) - f(0.7 - 1e-6, 0.4)) / 2e-6, (f(0.7, 0.4 + 1e-6) - f(0.7, 0.4 - 1e-6)) / 2e-6]
        np.testing.assert_allclose(slopes(0.7, 0.4), found, rtol=1e-8)
