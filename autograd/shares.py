"""Shares of a softmax in formulas, however a loss was computed: exp(s₁ − logsumexp(s₁, s₂, s₃)), and 1 for their sum.

A loss leans on differences of scores, so that nothing overflows: with L = log Σ exp(sⱼ − s₃) the share of s₁ is
σ(L)·exp(s₁ − s₃ − L). What all scores have in common is taken out, log Σ exp(sⱼ − c) = log Σ exp(sⱼ) − c, and cancels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from autograd import ops
from autograd.factors import Factor, Term
from autograd.scaled import Scaled
from autograd.symbol import Symbol, call

__all__ = ["complete", "exponential", "merge", "normaliser", "unshift"]

ONE = Scaled(1.0)
MINUS = Scaled(-1.0)


class Writer(Protocol):
    """What takes sums apart and writes them: `autograd.textbook.Writer`."""

    def terms(self, x: Any, /) -> list[Term]:
        """Take a sum apart."""

    def gather(self, terms: Iterable[Term], /) -> list[Term]:
        """Add the numbers of terms that differ in nothing else."""

    def sum_up(self, terms: Iterable[Term], /) -> Any:
        """Write terms as a sum."""

    def key(self, x: Any, /) -> int:
        """Number a formula: equal ones get the same number."""

    def first(self, x: Symbol, /) -> Symbol:
        """Return the formula equal to this one that was met first."""

    def product_key(self, factors: Sequence[Factor], /) -> tuple[tuple[int, int], ...]:
        """Number a product of powers."""

    def stands_for(self, x: Any, /) -> Any:
        """Return what a name is put in for where that cancels; None for any other."""


def normaliser(writer: Writer, operands: Sequence[Any]) -> Any:
    """Write log Σ exp of some operands, less what all of them have in common, or all but one, and that."""
    if len(operands) == 1:
        return operands[0]
    sums = [{writer.product_key(term[1]): term for term in writer.terms(x)} for x in operands]
    common: list[Term] = []
    for key, (_, factors) in {key: term for terms in sums for key, term in terms.items()}.items():
        sizes = Counter(float(terms[key][0]) if key in terms else 0.0 for terms in sums)
        [(size, count)] = sizes.most_common(1)
        if size and count >= max(2, len(sums) - 1):
            common.append((Scaled(size), factors))
    rests = [writer.gather([*terms.values(), *map(_minus, common)]) for terms in sums]
    shorter = sum(map(len, rests)) + len(sums) * len(common) == sum(map(len, sums))  # all of them have it
    if not common or not all(rests) or not (shorter or all(len(rest) == 1 for rest in rests)):
        return call(ops.logsumexp, operands)
    inner = call(ops.logsumexp, [writer.sum_up(rest) for rest in rests])
    return writer.sum_up([(ONE, [Factor(inner, 1.0)]), *common])


def exponential(writer: Writer, exponent: Any) -> Any:
    """Write the exponential of a sum: what a name stands for is put in where it cancels, a logarithm comes last."""
    if not isinstance(exponent, Symbol):
        return call(ops.exp, [exponent]) if exponent else 1.0
    terms = writer.terms(exponent)
    opened = [term for term in terms if float(term[0]) == -1.0 and writer.stands_for(_base(term)) is not None]
    for term in opened:
        inside = map(_minus, writer.terms(writer.stands_for(_base(term))))
        terms = writer.gather([*[other for other in terms if other is not term], *inside])
    last = sorted(terms, key=lambda term: float(term[0]) < 0.0 and _is(_base(term), ops.logsumexp))
    return call(ops.exp, [writer.sum_up(last) if opened or last != terms else exponent])


def merge(writer: Writer, bases: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    """Find σ(L − c) and exp(s − L) with L = log Σ exp among factors; return both, and the share that they make."""
    for gate in bases:
        if not _is(gate, ops.sigmoid):
            continue
        above = writer.terms(gate.operands[0])
        for whole in above:
            if not _is(_base(whole), ops.logsumexp) or float(whole[0]) != 1.0:
                continue
            for share in bases:
                terms = writer.terms(share.operands[0]) if _is(share, ops.exp) else []
                if not _holds(writer, terms, _minus(whole)):
                    continue
                rest = writer.sum_up([_minus(term) for term in above if term is not whole])
                scores = _in_order([*_base(whole).operands, rest])
                left = [term for term in terms if not _holds(writer, [_minus(whole)], term)]
                larger = (MINUS, [Factor(writer.first(call(ops.logsumexp, scores)), 1.0)])
                return gate, share, call(ops.exp, [writer.sum_up([*left, larger])])
    return None


def unshift(writer: Writer, factors: Sequence[Factor]) -> list[Factor] | None:
    """Take the number c out of exp(a − c)/(exp(a − c) + exp(b − c)), where it prevents overflow; None where none is."""
    above = [f for f in factors if _is(f.base, ops.exp) and isinstance(f.exponent, float)]
    below = {id(f): parts for f in factors if f.below and (parts := _exponentials(writer, f.base))}
    if not below or sum(f.exponent for f in [*above, *[f for f in factors if id(f) in below]]):
        return None
    every = [f.base for f in above] + [part for parts in below.values() for part in parts]
    shifts = {sum(float(n) for n, inner in writer.terms(x.operands[0]) if not inner) for x in every}
    if len(shifts) > 1 or shifts == {0.0}:
        return None

    def shorter(x: Symbol) -> Symbol:
        return call(ops.exp, [writer.sum_up([term for term in writer.terms(x.operands[0]) if term[1]])])

    found = []
    for f in factors:
        if id(f) in below:
            f = Factor(writer.sum_up([(ONE, [Factor(shorter(x), 1.0)]) for x in below[id(f)]]), f.exponent)
        elif any(f is one for one in above):
            f = Factor(shorter(f.base), f.exponent)
        found.append(f)
    return found


def complete(writer: Writer, terms: list[Term]) -> list[Term]:
    """Write −p₁ − p₂, of shares that sum to 1, as p₃ − 1."""
    groups: dict[Any, tuple[Symbol, list[Factor], dict[int, Scaled], list[Term]]] = {}
    for term in terms:
        for factor in term[1]:
            found = _share(writer, factor)
            if found is not None:
                whole, place = found
                others = [other for other in term[1] if other is not factor]
                key = (writer.key(whole), writer.product_key(others))
                group = groups.setdefault(key, (whole, others, {}, []))
                group[2][place] = term[0]
                group[3].append(term)
                break
    for whole, others, coefficients, old in groups.values():
        sizes = [float(coefficients.get(place, 0.0)) for place in range(len(whole.operands))]
        (size, count), *_ = Counter(size for size in sizes if size).most_common(1)
        new: list[Term] = []
        for place, other in enumerate(sizes):
            if other != size:
                exponent = writer.sum_up(writer.gather([
                    *writer.terms(whole.operands[place]), (MINUS, [Factor(whole, 1.0)])
                ]))  # fmt: skip
                new.append((Scaled(other - size), [*others, Factor(call(ops.exp, [exponent]), 1.0)]))
        new.append((Scaled(size), others))
        if count > 1 and len(new) <= len(old):
            terms = writer.gather([*[term for term in terms if not any(term is one for one in old)], *new])
    return terms


def _exponentials(writer: Writer, x: Any) -> list[Symbol]:
    """Return the terms of a sum of exponentials; none for anything else."""
    terms = writer.terms(x)
    alone = [factors[0] for number, factors in terms if float(number) == 1.0 and len(factors) == 1]
    parts = [factor.base for factor in alone if factor.single and _is(factor.base, ops.exp)]
    return parts if 1 < len(parts) == len(terms) else []


def _share(writer: Writer, factor: Factor) -> tuple[Symbol, int] | None:
    """Return log Σ exp of scores, and the place of that one whose share a factor is."""
    if not _is(factor.base, ops.exp) or not factor.single:
        return None
    terms = writer.terms(factor.base.operands[0])
    for term in terms:
        whole = _base(term)
        if _is(whole, ops.logsumexp) and float(term[0]) == -1.0:
            score = writer.key(writer.sum_up([other for other in terms if other is not term]))
            places = [place for place, x in enumerate(whole.operands) if writer.key(x) == score]
            if len(places) == 1:
                return whole, places[0]
    return None


def _in_order(scores: Sequence[Any]) -> Sequence[Any]:
    """Sort scores that are names, by these: s1, s2, s10."""
    if not all(isinstance(x, Symbol) and x.op is None for x in scores):
        return scores
    return sorted(scores, key=lambda x: (len(x.name), x.name))


def _is(x: Any, op: Any) -> bool:
    return isinstance(x, Symbol) and x.op is op


def _base(term: Term) -> Any:
    """Return what a term is a multiple of, where that is one symbol."""
    factors = term[1]
    return factors[0].base if len(factors) == 1 and factors[0].single else None


def _minus(term: Term) -> Term:
    return term[0] * MINUS, term[1]


def _holds(writer: Writer, terms: Sequence[Term], wanted: Term) -> bool:
    """Whether a term is among others."""
    key = writer.product_key(wanted[1])
    return any(float(number) == float(wanted[0]) and writer.product_key(factors) == key for number, factors in terms)
