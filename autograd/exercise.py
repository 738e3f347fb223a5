"""Exercises: questions about the derivatives in a graph, each judged, with hints and a solution.

Named Values are the milestones, as they are of a derivation: what has no name is asked about only where that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from autograd.backward import check_fresh
from autograd.errors import NotConnectedError
from autograd.explain import explain
from autograd.expression import definition
from autograd.graph import Graph, edges_of, reaching, topological
from autograd.rule_names import ADVICE, name_rule
from autograd.symbol import Symbol, book, number_text
from autograd.value import Value

if TYPE_CHECKING:  # what reads formulas is loaded with the first answer
    from autograd.answers import Due, Verdict
    from autograd.practice import Asked
    from autograd.trials import Trial

__all__ = ["Exercise", "Question"]

TOGETHER = "An exercise asks about numbers that belong together: compute it again, then practise."
POINTS = 8  # random points at which a formula is compared
MAX_QUESTIONS = 100
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
        ask: which derivatives are asked for: ``"slopes"``, ``"flows"`` or ``"gradients"``.
        graph: all that the output was computed from.
        names: what the nodes are called.
        milestones: the nodes that are asked about.
        questions: all of them, in order.
        at: how many are done with.
        right: how many were answered, without their solution being shown first.
    """

    def __init__(self, output: Value, values: Sequence[Value], ask: Asked, every: bool) -> None:
        self.output, self.ask = output, ask
        self.graph = Graph(output)
        self.names = self.graph.names
        for node in self.graph.nodes:
            check_fresh(node, TOGETHER)
        leaves = [leaf for leaf in self.graph.leaves if leaf.requires_grad and leaf is not output]
        self.values = tuple(dict.fromkeys(values or leaves))
        for value in self.values:
            if value not in self.graph or value is output:
                raise NotConnectedError(
                    f"{output._describe()} does not depend on {value._describe()}: practise with what it is computed "
                    "from."
                )
        self.milestones = {
            node for node in self.graph.nodes if every or node._name or node.op is None or node is output
        }
        self.questions = tuple(self._ask())
        if len(self.questions) > MAX_QUESTIONS:
            raise ValueError(
                f"The exercise would have {len(self.questions):,} questions; at most {MAX_QUESTIONS} are asked. Name "
                "fewer leaves to differentiate by, or practise with an inner Value."
            )
        self.at = self.right = 0
        self._hints = 0
        self._shown = False

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _ask(self) -> Iterator[Question]:
        pairs = {pair: None for pair in self.pairs if self.ask == "flows" or not self._is_one(*pair)}
        if self.ask == "gradients":
            below = dict.fromkeys(lower for _, lower in self.pairs)
            for node in sorted(below, key=self._place.__getitem__, reverse=True):
                yield self._gradient(node)
            return
        for upper, lower in pairs:
            if self.ask == "slopes":
                yield Question("slope", upper, lower, f"∂{self.names[upper]}/∂{self.names[lower]}")
            else:
                top, middle, low = (self.names[node] for node in (self.output, upper, lower))
                arriving = "" if upper is self.output else f"∂{top}/∂{middle}·"
                yield Question("flow", upper, lower, f"{arriving}∂{middle}/∂{low}")
        for value in self.values:
            if len(self._children(value)) > 1 or (self.output, value) not in pairs:
                yield self._gradient(value)

    def _gradient(self, node: Value) -> Question:
        return Question("gradient", self.output, node, f"∂{self.names[self.output]}/∂{self.names[node]}")

    @cached_property
    def _place(self) -> dict[Value, int]:
        return {node: place for place, node in enumerate(self.graph.nodes)}

    @cached_property
    def pairs(self) -> list[tuple[Value, Value]]:
        """Neighbouring milestones on the way to the values, the output's first."""
        wanted = reaching(self.graph.nodes, set(self.values)) | set(self.values)
        found = []
        for upper in reversed(self.graph.nodes):
            if upper not in self.milestones or upper not in wanted or upper.op is None:
                continue
            below = [node for node in self._between(upper) if node is not upper and node in self.milestones]
            found += [(upper, lower) for lower in below if lower in wanted]
        return found

    def _between(self, upper: Value) -> list[Value]:
        """List a node and what it is made of, down to the nearest milestones, operands before what uses them."""
        return topological([upper], self.milestones - {upper})

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

    def _is_one(self, upper: Value, lower: Value) -> bool:
        """Whether a slope is 1 whatever the numbers, as in a sum: nobody has to be asked for it."""
        edges = self.edges_between(upper, lower)
        if len(edges) != 1:
            return False
        [(node, slot)] = edges
        symbol = next(edge for edge in edges_of(node, self.graph) if edge.slot == slot).symbol
        return not isinstance(symbol, Symbol) and float(symbol) == 1.0

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

        verdict = judge(answer, self._due(self.question))
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
        return self._due(question).derivative(self._here)

    def hints(self, question: Question) -> list[str]:
        """List the hints to a question: the rule, then how the derivative is put together."""
        top, upper, lower = (self.names[node] for node in (self.output, question.upper, question.lower))
        if question.kind == "flow" and question.upper is not self.output:
            return [f"What arrives at {upper}, ∂{top}/∂{upper}, times the slope ∂{upper}/∂{lower}."]
        local = any(question.upper is upper and question.lower is lower for upper, lower in self.pairs)
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
        return [above for above, below in self.pairs if below is lower]

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

    def _cut(self, upper: Value) -> tuple[Value, dict[Value, Value]]:
        """Build a node again on leaves in place of the milestones that it is made of."""
        twins: dict[Value, Value] = {}
        for node in self._between(upper):
            if node is not upper and node in self.milestones:
                fixed = node.op is None and not node.requires_grad and not any(node is value for value in self.values)
                twins[node] = Value(node.data, name=self.names[node], requires_grad=not fixed)
            else:
                assert node.op is not None
                twins[node] = node.op.apply(tuple([twins[v] if isinstance(v, Value) else v for v in node.operands]))
        twins[upper].name = self.names[upper]
        return twins[upper], twins

    @cached_property
    def _named(self) -> dict[Value, Value]:
        """Build the whole graph again, with the names of the milestones."""
        twins: dict[Value, Value] = {}
        for node in self.graph.nodes:
            if node.op is None:
                twins[node] = Value(node.data, requires_grad=node.requires_grad)
            else:
                twins[node] = node.op.apply(tuple([twins[v] if isinstance(v, Value) else v for v in node.operands]))
            if node in self.milestones:
                twins[node].name = self.names[node]
        return twins

    @cached_property
    def _here(self) -> Trial:
        from autograd.trials import Trial

        return Trial(self.graph.nodes, {})

    @cached_property
    def _trials(self) -> list[Trial]:
        from autograd.trials import try_points

        return try_points(self.graph.nodes, POINTS)

    @cached_property
    def _frozen(self) -> list[Trial]:
        from autograd.trials import try_points

        frozen = [leaf for leaf in self.graph.leaves if not leaf.requires_grad]
        return try_points(self.graph.nodes, POINTS, fixed=set(frozen), seed=1) if frozen else []

    @cached_property
    def _stuck(self) -> list[str]:
        """Name the milestones that would vary, but for leaves that can move nowhere, as at a kink."""
        nodes = self.graph.nodes
        moved = {leaf for leaf in self.graph.leaves if any(t.numbers[leaf] != leaf.data for t in self._trials)}
        varying = reaching(nodes, {leaf for leaf in self.graph.leaves if leaf.requires_grad}) - reaching(nodes, moved)
        return [self.names[node] for node in nodes if node in self.milestones and node in varying]

    def _due(self, question: Question) -> Due:
        from autograd.answers import Due

        upper, lower, output, fixed = question.upper, question.lower, self.output, self.milestones

        def derivative(trial: Trial) -> float:
            arriving = trial.differentiate(output, upper) if question.kind == "flow" else 1.0
            return arriving * trial.differentiate(upper, lower, () if question.kind == "gradient" else fixed)

        factors: dict[str, Any] = {}
        for above, below in self.pairs if question.kind != "slope" else ():
            factors[f"∂{self.names[above]}/∂{self.names[below]}"] = lambda trial, above=above, below=below: (
                trial.differentiate(above, below, fixed)
            )
        named = [node for node in self.graph.nodes if node in fixed]
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
        lines = [self.define(node) for node in self.graph.nodes if node in self.milestones and node.op is not None]
        given = ", ".join(f"{self.names[leaf]} = {number_text(leaf.data)}" for leaf in self.graph.leaves)
        inner = ", ".join(
            f"{self.names[node]} = {number_text(node.data)}"
            for node in self.graph.nodes
            if node in self.milestones and node.op is not None
        )
        return "\n".join([*lines, f"given {given}", f"so that {inner}"])

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


def _multiply(trial: Trial, path: Sequence[tuple[Value, Value]], fixed: set[Value]) -> float:
    product = 1.0
    for upper, lower in path:
        product *= trial.differentiate(upper, lower, fixed)
    return product


def _braced(number: str) -> str:
    return f"({number})" if number.startswith("−") else number
