"""Exercises: questions about the derivatives in a graph, each judged, with hints and a solution.

Named Values are the milestones, as they are of a derivation: what has no name is asked about only where that is wanted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from autograd.backward import check_fresh
from autograd.context import enable_grad
from autograd.errors import NotConnectedError
from autograd.explain import explain
from autograd.expression import definition, slope_symbols
from autograd.graph import Graph, reaching, topological
from autograd.rule_names import ADVICE, name_rule
from autograd.symbol import Symbol, book, number_text
from autograd.trials import Trial, try_points
from autograd.value import Value

if TYPE_CHECKING:  # what reads formulas is loaded with the first answer
    from autograd.answers import Due, Verdict
    from autograd.practice import Asked

__all__ = ["Exercise", "Question"]

TOGETHER = "An exercise asks about numbers that belong together: compute it again, then practise."
POINTS = 8  # random points at which a formula is compared
MAX_QUESTIONS = 100
MAX_HELD = 3  # names of what a question says is held
DEPTH = 12  # operations that the definition of a milestone writes out
MAX_PATHS = 12  # paths of a sum that are told apart in an answer


class Question(NamedTuple):
    """A derivative that is asked for.

    Attributes:
        kind: ``"slope"``, the derivative between two neighbours; ``"flow"``, that times what arrives at the upper one;
            ``"gradient"``, the derivative of the output.
        upper: what is differentiated; of a gradient the output.
        lower: what by.
        text: the question: ``∂E/∂O``.
    """

    kind: Literal["slope", "flow", "gradient"]
    upper: Value
    lower: Value
    text: str

    def __repr__(self) -> str:
        return f"{self.text} = ?"


class Exercise:
    """Questions about the derivatives of a graph, asked one by one; made by `practice`.

    Attributes:
        output: the Value at the top.
        values: what it is differentiated by in the end.
        beside: named Values that the output does not depend on; an answer may name them too.
        ask: which derivatives are asked for: ``"slopes"``, ``"flows"`` or ``"gradients"``.
        graph: all that the output was computed from.
        names: what the nodes are called.
        milestones: the nodes that are asked about.
        questions: all of them, in order.
        at: how many are done with.
        right: how many were answered, without their solution being shown first.
    """

    def __init__(
        self, output: Value, values: Sequence[Value], ask: Asked, every: bool, beside: Sequence[Value] = ()
    ) -> None:
        self.output, self.ask = output, ask
        self.graph = Graph(output)
        self.names = {**self.graph.names, **{value: str(value._name) for value in beside}}
        self.beside = tuple(beside)
        for node in self.graph.nodes:
            check_fresh(node, TOGETHER, output)
        leaves = [leaf for leaf in self.graph.leaves if leaf.requires_grad and leaf is not output]
        self.values = tuple(dict.fromkeys(values or leaves))
        inside = set(self.graph.nodes) - {output}
        for value in self.values:
            if value not in inside:
                raise NotConnectedError(
                    f"{output._describe()} does not depend on {value._describe()}: practise with what it is computed "
                    "from."
                )
        self._wanted = reaching(self.graph.nodes, set(self.values))
        self._here = Trial(list(dict.fromkeys([*self.graph.nodes, *topological(beside)])), {})
        self._refuse_infinite_slopes()
        self.milestones = {node for node in self.graph.nodes if every or node._name or node.op is None}
        self.milestones |= {output, *self.values}
        self.questions = tuple(islice(self._ask(), MAX_QUESTIONS + 1))
        if len(self.questions) > MAX_QUESTIONS:
            raise ValueError(
                f"The exercise would have more than {MAX_QUESTIONS} questions. Name fewer leaves to differentiate by, "
                "or practise with an inner Value."
            )
        self.at = self.right = 0
        self._hints = 0
        self._shown = False

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _refuse_infinite_slopes(self) -> None:
        for node in self.graph.nodes:
            for operand, slope in zip(node.operands, self._here.slopes.get(node, ()), strict=False):
                if operand in self._wanted and not math.isfinite(slope):
                    raise ValueError(
                        f"The derivative of {node._describe(self.names)} by {operand._describe(self.names)} is not "
                        "finite: nothing can be asked about it. Practise at other numbers."
                    )

    def _ask(self) -> Iterator[Question]:
        if self.ask == "gradients":
            for node in reversed(self.graph.nodes):
                if node in self.milestones and node in self._wanted and node is not self.output:
                    yield self._gradient(node)
            return
        asked = set()
        for upper, below in self._neighbours():
            known = self._ones(upper) if self.ask == "slopes" else set()
            for lower in below:
                if lower not in known:
                    asked.add((upper, lower))
                    yield self._local(upper, lower, below)
        for value in self.values:
            if len(self._children(value)) > 1 or (self.output, value) not in asked:
                yield self._gradient(value)

    def _local(self, upper: Value, lower: Value, below: Sequence[Value]) -> Question:
        """Ask for a slope or a flow; what else leads from the upper to the lower is held, and the question says so."""
        top, middle, low = (self.names[node] for node in (self.output, upper, lower))
        above = reaching(self.graph.nodes, {lower}) if len(below) > 1 else set()
        held = [self.names[node] for node in below if node in above and node is not lower]
        dots = ", …" if len(held) > MAX_HELD else ""
        text = f"∂{middle}/∂{low}" + (f" with {', '.join(held[:MAX_HELD])}{dots} held" if held else "")
        if self.ask == "slopes":
            return Question("slope", upper, lower, text)
        return Question("flow", upper, lower, text if upper is self.output else f"∂{top}/∂{middle}·{text}")

    def _gradient(self, node: Value) -> Question:
        return Question("gradient", self.output, node, f"∂{self.names[self.output]}/∂{self.names[node]}")

    def _neighbours(self) -> Iterator[tuple[Value, list[Value]]]:
        """Yield each milestone on the way to the values, the output first, with those nearest below it."""
        asked = self.milestones & self._wanted
        for upper in reversed(self.graph.nodes):
            if upper in asked and upper.op is not None:
                yield upper, [node for node in self._between(upper) if node in asked and node is not upper]

    @cached_property
    def pairs(self) -> list[tuple[Value, Value]]:
        """Neighbouring milestones on the way to the values, the output's first."""
        return [(upper, lower) for upper, below in self._neighbours() for lower in below]

    def _between(self, upper: Value) -> list[Value]:
        """List a node and what it is made of, down to the nearest milestones, operands before what uses them."""
        return [*topological([v for v in upper.operands if isinstance(v, Value)], self.milestones), upper]

    def edges_between(self, upper: Value, lower: Value) -> list[tuple[Value, int]]:
        """List the edges, each a node and the place of its operand, on the ways between two neighbours."""
        ends = {upper, lower}
        between = [node for node in self._between(upper) if node in ends or node not in self.milestones]
        inside = reaching(between, {lower}) | {lower}
        return [
            (node, slot)
            for node in between
            if node is upper or node not in self.milestones
            for slot, operand in enumerate(node.operands)
            if isinstance(operand, Value) and operand in inside
        ]

    def _ones(self, upper: Value) -> set[Value]:
        """Find the neighbours by which a slope is 1 whatever the numbers, as in a sum: nobody is asked for it."""
        inside = [node for node in self._between(upper) if node is upper or node not in self.milestones]
        uses = Counter(operand for node in inside for operand in node.operands if isinstance(operand, Value))
        symbols = slope_symbols(upper, None, self.names)
        return {
            operand
            for operand, symbol in zip(upper.operands, symbols, strict=True)
            if isinstance(operand, Value) and uses[operand] == 1 and not isinstance(symbol, Symbol)
            if float(symbol) == 1.0
        }

    # --- answering ----------------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether every question is done with."""
        return self.at == len(self.questions)

    @property
    def question(self) -> Question:
        """The question at hand.

        Raises:
            IndexError: there is none left.
        """
        if self.done:
            raise IndexError(f"All {len(self.questions)} questions are done. Make the exercise again to repeat it.")
        return self.questions[self.at]

    def check(self, answer: str | float) -> Verdict:
        """Judge an answer to the question at hand; where it is right, the next one is asked.

        Args:
            answer: a number, right to three digits or more, or text: a number, arithmetic, or a formula in any form.

        Returns:
            a `Verdict`, which counts as true where the answer is right and says what is wrong where it is not.

        Raises:
            ExpressionError: it cannot be read.
        """
        from autograd.answers import judge

        verdict = judge(answer, self.due(self.question))
        if verdict.right:
            self.right += not self._shown
            self.skip()
        return verdict

    def hint(self) -> str:
        """Say which rule the question at hand follows; asked again, how the derivative is put together."""
        hints = self.hints(self.question)
        hint = hints[min(self._hints, len(hints) - 1)]
        self._hints += 1
        return hint

    def solution(self) -> str:
        """Derive the answer to the question at hand, by `explain`; a right answer then counts no more."""
        self._shown = True
        return self.solve(self.question)

    def skip(self) -> None:
        """Go on to the next question."""
        self.at = min(self.at + 1, len(self.questions))
        self._hints, self._shown = 0, False

    def expected(self, question: Question) -> float:
        """Compute the answer to a question as a number."""
        return self.due(question).derivative(self._here)

    def hints(self, question: Question) -> list[str]:
        """List the hints to a question: the rule, then how the derivative is put together."""
        top, upper, lower = (self.names[node] for node in (self.output, question.upper, question.lower))
        if question.kind == "flow" and question.upper is not self.output:
            return [f"What arrives at {upper}, ∂{top}/∂{upper}, times the slope ∂{upper}/∂{lower}."]
        local = any(node is question.upper for node in self._children(question.lower))
        if question.kind != "gradient" or (local and len(self._children(question.lower)) == 1):
            return self._hints_on_slope(question.upper, question.lower)
        children = self._children(question.lower)
        terms = [
            f"∂{top}/∂{lower} directly" if node is self.output else
            f"∂{top}/∂{self.names[node]}·∂{self.names[node]}/∂{lower}"
            for node in children
        ]  # fmt: skip
        rule = "Chain rule: multiply along the path." if len(terms) == 1 else (
            f"Sum over paths: {lower} feeds {', '.join(self.names[node] for node in children)}. Multiply along each "
            "path, and add up."
        )  # fmt: skip
        return [rule, f"∂{top}/∂{lower} = {' + '.join(terms)}"]

    def _children(self, lower: Value) -> list[Value]:
        return self._uppers.get(lower, [])

    @cached_property
    def _uppers(self) -> dict[Value, list[Value]]:
        found: dict[Value, list[Value]] = {}
        for upper, lower in self.pairs:
            found.setdefault(lower, []).append(upper)
        return found

    def _hints_on_slope(self, upper: Value, lower: Value) -> list[str]:
        twin, leaves = self._cut(upper)
        inside = reaching(topological([twin]), {leaves[lower]})
        edges = [edge for edge in reversed(Graph(twin).edges) if edge.operand in inside]
        rules = list(dict.fromkeys(map(name_rule, edges)))
        named = f"{'Rules' if len(rules) > 1 else 'Rule'}: {', '.join(rules)}."
        if len(edges) > 1 and len(rules) > 1:
            named = f"Chain rule, from the outside in: {', '.join(rules)}."
        advice = " ".join(ADVICE[rule] for rule in rules if rule in ADVICE)
        return [named, f"{self.define(upper)}. {advice}".rstrip()]

    def solve(self, question: Question) -> str:
        """Derive the answer to a question, by `explain`."""
        if question.kind == "gradient":
            return str(explain(self._named[self.output], self._named[question.lower], rules=True))
        if question.upper is self.output or question.kind == "slope":
            twin, leaves = self._cut(question.upper)
            return str(explain(twin, leaves[question.lower], rules=True))
        here = self._here
        arrives = here.differentiate(self.output, question.upper)
        slope = here.differentiate(question.upper, question.lower, self.milestones)
        numbers = f"{number_text(arrives)} × {_braced(number_text(slope))} = {number_text(arrives * slope)}"
        return f"{question.text} = {numbers}"

    # --- what is due --------------------------------------------------------------------------------------------------

    @enable_grad()
    def _cut(self, upper: Value) -> tuple[Value, dict[Value, Value]]:
        """Build a node again on leaves in place of the milestones that it is made of."""
        between = self._between(upper)
        twins: dict[Value, Value] = {}
        for node in between:
            if node is not upper and node in self.milestones:
                fixed = node.op is None and not node.requires_grad and not any(node is value for value in self.values)
                twins[node] = Value(self._here.numbers[node], name=self.names[node], requires_grad=not fixed)
        _apply_again(between, twins)
        twins[upper].name = self.names[upper]
        return twins[upper], twins

    @cached_property
    @enable_grad()
    def _named(self) -> dict[Value, Value]:
        """Build the whole graph again, with the names of the milestones."""
        numbers = self._here.numbers
        twins = {leaf: Value(numbers[leaf], requires_grad=leaf.requires_grad) for leaf in self.graph.leaves}
        _apply_again(self.graph.nodes, twins)
        for node in self.milestones:
            twins[node].name = self.names[node]
        return twins

    @cached_property
    def _trials(self) -> list[Trial]:
        return try_points(self._here, POINTS)

    @cached_property
    def _frozen(self) -> list[Trial]:
        frozen = [leaf for leaf in self.graph.leaves if not leaf.requires_grad]
        return try_points(self._here, POINTS, fixed=set(frozen), seed=1) if frozen else []

    @cached_property
    def _stuck(self) -> list[str]:
        """Name the milestones that would vary, but for leaves that can move nowhere, as at a kink."""
        nodes = self.graph.nodes
        here = self._here.numbers
        moved = {leaf for leaf in self.graph.leaves if any(t.numbers[leaf] != here[leaf] for t in self._trials)}
        varying = reaching(nodes, {leaf for leaf in self.graph.leaves if leaf.requires_grad}) - reaching(nodes, moved)
        return [self.names[node] for node in nodes if node in self.milestones and node in varying]

    def due(self, question: Question) -> Due:
        """Return what the answer to a question should be."""
        from autograd.answers import Due

        upper, lower, output, fixed = question.upper, question.lower, self.output, self.milestones

        def derivative(trial: Trial, size: Callable[[float], float] = float) -> float:
            arriving = trial.differentiate(output, upper, size=size) if question.kind == "flow" else 1.0
            return arriving * trial.differentiate(upper, lower, () if question.kind == "gradient" else fixed, size)

        factors: dict[str, Any] = {}
        for above, below in self.pairs if question.kind != "slope" else ():
            factors[f"∂{self.names[above]}/∂{self.names[below]}"] = lambda trial, above=above, below=below: (
                trial.differentiate(above, below, fixed)
            )
        spoken_of = fixed.union(self.beside)  # a set: Values of one number are equal, and would all be in the tuple
        named = [node for node in self._here.nodes if node in spoken_of]
        for node in named:
            factors.setdefault(self.names[node], lambda trial, node=node: trial.numbers[node])
        paths = [] if question.kind != "gradient" else [
            (lambda trial, path=path: _multiply(trial, path, fixed)) for path in self._paths(lower)
        ]  # fmt: skip
        return Due(
            derivative,
            self._here,
            self._trials,
            lambda trial: {self.names[node]: trial.numbers[node] for node in named},
            factors,
            paths,
            lambda: self._frozen,
            lambda: self._stuck,
        )

    def _paths(self, lower: Value) -> list[list[tuple[Value, Value]]]:
        """List the paths from the output to a node, milestone by milestone; none where they are many."""
        found: list[list[tuple[Value, Value]]] = [[]]
        ended: list[list[tuple[Value, Value]]] = []
        while found:
            path = found.pop()
            end = path[-1][1] if path else self.output
            if end is lower:
                ended.append(path)
            else:
                found += [[*path, pair] for pair in self.pairs if pair[0] is end]
            if len(found) + len(ended) > MAX_PATHS:
                return []
        return ended

    # --- how it prints ------------------------------------------------------------------------------------------------

    def define(self, node: Value) -> str:
        """Write what a milestone is made of, down to the nearest others: ``E = (y − 1)²``."""
        twin, _ = self._cut(node)
        return f"{self.names[node]} = {book(definition(twin, depth=DEPTH))}"

    def describe(self) -> str:
        """Say what is given: what each milestone is made of, and the numbers of the leaves."""
        inside = [v for v in self.graph.nodes if v in self.milestones and v.op is not None] + list(self.beside)
        given, found = (
            ", ".join(f"{self.names[node]} = {number_text(self._here.numbers[node])}" for node in nodes)
            for nodes in (self.graph.leaves, inside)
        )
        return "\n".join([*map(self.define, inside), f"given {given}", f"so that {found}"])

    def __str__(self) -> str:
        if self.done:
            return f"{self.right} of {len(self.questions)} right."
        return f"Question {self.at + 1} of {len(self.questions)}: {self.question}"

    @property
    def score(self) -> str:
        """How many questions are done with, and how many of them were answered."""
        return str(self) if self.done else f"{self.at} of {len(self.questions)} done, {self.right} right."

    def __repr__(self) -> str:
        return f"{self.describe()}\n{self}" if not self.at else str(self)

    def __len__(self) -> int:
        return len(self.questions)


def _apply_again(nodes: Sequence[Value], twins: dict[Value, Value]) -> None:
    """Add to `twins` one for each further node: its operation, applied to the twins of its operands."""
    for node in nodes:
        if node not in twins:
            assert node.op is not None
            twins[node] = node.op.apply(tuple([twins[v] if isinstance(v, Value) else v for v in node.operands]))


def _multiply(trial: Trial, path: Sequence[tuple[Value, Value]], fixed: set[Value]) -> float:
    product = 1.0
    for upper, lower in path:
        product *= trial.differentiate(upper, lower, fixed)
    return product


def _braced(number: str) -> str:
    return f"({number})" if number.startswith("−") else number
