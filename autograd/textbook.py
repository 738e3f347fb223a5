"""Formulas as a textbook writes them: products, quotients and powers gathered, numbers first, signs in front.

A rule is written so that floats come out right: it leans on the output, and it keeps away from poles. What is read by
people is rewritten here: ``y·(1/x)·x`` as y, ``a/y/y`` as ``a/y²``, ``0.5/√x`` as ``1/(2·√x)``. The value stays the
same wherever the rule has one, except where a guard was left out: in the slope of 0ˣ, ``ln(0)`` has no value. Where the
rule has none the shorter formula may have one: ``x/x`` is 1, also at 0. `explain` compares the numbers, and prints the
rule itself where they differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import ops, shares
from autograd.factors import CONSTANTS, POWERS, Factor, Product, Term, evaluate, lay_out
from autograd.notation import DIFFERENCE, NEGATIVE, POWER, PRODUCT, QUOTIENT, SUM
from autograd.scaled import Scaled
from autograd.symbol import Symbol, apply_to_symbols, book, call, count_parts, latex

__all__ = ["Writer", "formula", "latex_formula", "textbook"]

LARGEST_FORMULA = 2_000  # parts of a formula that is rewritten
LARGEST_POWER = 200  # binary places of a number that is raised to a power with what it multiplies

ONE = Scaled(1.0)


def textbook(x: Any) -> Any:
    """Rewrite a symbol as a textbook would write it; a very large one stays as it is.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> formula(-(-(1.0 / y) / y) * 2.0 * x / x)
    '2/y²'
    """
    if isinstance(x, Symbol) and count_parts(x, plain=True) > LARGEST_FORMULA:
        return x
    return Writer().multiply([x]).symbol


def formula(x: Any, precision: int = 6) -> str:
    """Write a symbol or float as a line of text in a textbook: ``2·eˣ·ln(x)``."""
    return book(textbook(x), precision)


def latex_formula(x: Any, precision: int = 6) -> str:
    r"""Write a symbol or float as LaTeX in a textbook: ``2 \cdot e^{x}``."""
    return latex(textbook(x), precision)


class Writer:
    """Rewrites symbols as a textbook would write them.

    Args:
        names: pairs of a formula and the name that it has, which is written instead. Of arithmetic nothing is but xʸ,
            and a share: a function divided by a sum, as softmax has it.
    """

    def __init__(self, names: Iterable[tuple[Any, Symbol]] = ()) -> None:
        self._numbers: dict[Any, int] = {}  # equal formulas have equal numbers
        self._seen: dict[int, int] = {}
        self._done: dict[int, Any] = {}
        self._first: dict[int, Symbol] = {}
        self._kept: list[Any] = []  # what `_seen` and `_done` know by its address
        self._names: dict[int, Symbol] = {}
        self._shares: list[tuple[dict[int, float], Symbol]] = []
        #: What a name stands for that is log Σ exp, less what all in it have in common.
        self._opened: dict[int, Any] = {}
        for definition, name in names:
            written = self.rewrite(definition)
            if isinstance(written, Symbol) and not _is_arithmetic(written):
                self._names.setdefault(self.key(written), name)
            elif isinstance(written, Symbol) and written.op is not None and written.op.notation is QUOTIENT:
                self._add_share(written, name)
            if _is_sum(written) and isinstance(definition, Symbol) and definition.op is ops.logsumexp:
                self._opened.setdefault(self.key(name), written)

    def rewrite(self, x: Any) -> Any:
        """Return a symbol or float as it is written."""
        if not isinstance(x, Symbol):
            return self._number(float(x))
        if count_parts(x, plain=True) > LARGEST_FORMULA:
            return x
        stack: list[tuple[Symbol, bool]] = [(x, False)]
        while stack:
            item, ready = stack.pop()
            if id(item) in self._done:
                continue
            inner = (item.plain,) if item.plain is not None else item.operands
            if not ready:
                stack.append((item, True))
                stack.extend((operand, False) for operand in inner if isinstance(operand, Symbol))
                continue
            parts = [self._done[id(v)] if isinstance(v, Symbol) else self._number(v) for v in inner]
            whole = parts[0] if item.plain is not None else self._compose(item, parts)
            if isinstance(whole, Symbol) and whole.op is not None and self._names:
                whole = self._names.get(self.key(whole), whole)
            self._kept.append(item)
            self._done[id(item)] = whole
        return self._done[id(x)]

    def multiply(self, symbols: Iterable[Any]) -> Product:
        """Multiply symbols and floats into one product."""
        return lay_out(*self._times([self._factors(self.rewrite(x)) for x in symbols]))

    def add(self, symbols: Iterable[Any]) -> Product:
        """Add symbols and floats, and put in front what all of them have in common."""
        terms = shares.complete(self, self.gather([term for x in symbols for term in self.terms(self.rewrite(x))]))
        if len(terms) < 2:
            return lay_out(*(terms[0] if terms else (Scaled(0.0), [])))
        common: list[Factor] = []
        for factor in terms[0][1]:
            key = self.key(factor.base)
            exponents = [other.exponent for _, fs in terms for other in fs if self.key(other.base) == key]
            if len(exponents) < len(terms):
                continue
            if all(isinstance(e, float) and e > 0.0 for e in exponents):
                common.append(Factor(factor.base, min(exponents)))
            elif len({self.key(e) for e in exponents}) == 1:
                common.append(factor)
        number = ONE
        sizes = [float(coefficient) for coefficient, _ in terms]
        if all(size.is_integer() and abs(size) < 1e6 for size in sizes):
            number = Scaled(float(math.gcd(*map(int, sizes))))
        elif len({abs(size) for size in sizes}) == 1:
            number = Scaled(abs(sizes[0]))
        if all(size < 0.0 for size in sizes):
            number = number * Scaled(-1.0)
        inverse = [Factor(base, self._scale(exponent, -1.0)) for base, exponent in common]
        parts = [self._times([(c * number.inverse(), fs), (ONE, inverse)]) for c, fs in terms]
        apart = [term for number, factors in parts for term in self.terms(lay_out(number, factors).symbol)]
        gathered = self.gather(apart)
        rest = self.sum_up(_arrange(gathered if len(gathered) < len(apart) else parts))
        return lay_out(*self._times([(number, common), self._factors(rest)]))

    def _number(self, number: float) -> Any:
        known = CONSTANTS.get(abs(number))
        if known is None:
            return number
        return known if number > 0.0 else call(ops.neg, [known])

    def _compose(self, item: Symbol, parts: list[Any]) -> Any:
        op = item.op
        if op is None:
            return item
        notation = op.notation
        if notation is SUM or notation is DIFFERENCE:
            sign = ONE if notation is SUM else Scaled(-1.0)
            return self.sum_up(self.gather([*self.terms(parts[0], ONE), *self.terms(parts[1], sign)]))
        if notation is PRODUCT:
            return self._product([self._factors(part) for part in parts])
        if notation is QUOTIENT:
            return self._product([self._factors(parts[0]), self._power(parts[1], -1.0)])
        if notation is NEGATIVE:
            return self._product([(Scaled(-1.0), []), self._factors(parts[0])])
        if notation is POWER:
            return self._product([self._power(*parts)])
        if op in POWERS:
            return self._product([self._power(parts[0], POWERS[op])])
        if op is ops.total:
            return self.sum_up(self.gather([term for part in parts for term in self.terms(part)]))
        if op is ops.logsumexp:
            return shares.normaliser(self, parts)
        if op is ops.exp:
            return shares.exponential(self, parts[0])
        if op is ops.equal or op is ops.greater:  # to the last bit, which another way to write a number may change
            parts = [part if evaluate(part) == evaluate(x) else x for part, x in zip(parts, item.operands, strict=True)]
        if op.nary or not any(isinstance(x, Symbol) for x in parts):
            return call(op, parts)
        return apply_to_symbols(op, tuple(parts))

    def _product(self, products: Sequence[Term]) -> Any:
        return lay_out(*self._times(products)).symbol

    def _factors(self, x: Any) -> Term:
        """Take a product that was written apart: its number, and its powers."""
        number, factors = ONE, []
        stack: list[tuple[Any, float]] = [(x, 1.0)]
        while stack:
            item, sign = stack.pop()
            if not isinstance(item, Symbol):
                scaled = Scaled(item)
                if sign > 0.0 or not scaled:
                    number = number * scaled
                    if sign < 0.0:
                        return ONE, [Factor(x, 1.0)]  # a division by zero stays as it is
                else:
                    number = number * scaled.inverse()
                continue
            notation = item.op.notation if item.op is not None else None
            if notation is PRODUCT:
                stack.extend((operand, sign) for operand in reversed(item.operands))
            elif notation is QUOTIENT:
                stack.append((item.operands[1], -sign))
                stack.append((item.operands[0], sign))
            elif notation is NEGATIVE:
                number = number * Scaled(-1.0)
                stack.append((item.operands[0], sign))
            elif notation is POWER:
                factors.append(Factor(item.operands[0], self._scale(item.operands[1], sign)))
            elif item.op in POWERS:
                factors.append(Factor(item.operands[0], POWERS[item.op] * sign))
            else:
                factors.append(Factor(item, sign))
        return number, factors

    def _scale(self, exponent: Any, number: float) -> Any:
        if isinstance(exponent, float):
            return exponent * number
        return self._product([(Scaled(number), []), self._factors(exponent)])

    def _power(self, base: Any, exponent: Any) -> Term:
        """Raise a symbol or float to a power: that of a power, and a quotient by a product, factor by factor."""
        if isinstance(exponent, float) and exponent.is_integer():
            if not isinstance(base, Symbol):
                try:
                    return Scaled(base**exponent), []
                except (ArithmeticError, ValueError):
                    return ONE, [Factor(base, exponent)]
            number, factors = self._factors(base)
            small = abs(exponent * (math.frexp(float(number))[1])) < LARGEST_POWER and number
            if (len(factors) == 1 or exponent < 0.0) and small:
                return Scaled(float(number) ** exponent), [Factor(b, self._scale(e, exponent)) for b, e in factors]
        return ONE, [Factor(base, exponent)]

    def _times(self, products: Sequence[Term]) -> Term:
        """Multiply products: powers of one base become one, and a formula that has a name is its name."""
        number = ONE
        exponents: dict[int, Any] = {}
        bases: dict[int, Any] = {}
        pending = [factor for coefficient, factors in reversed(products) for factor in reversed(factors)]
        for coefficient, _ in products:
            number = number * coefficient
        while pending:
            base, exponent = pending.pop()
            key = self.key(base)
            if key in exponents:
                exponent = self._add_exponents(exponents[key], exponent)
            bases[key] = base
            exponents[key] = exponent
            name = self._names.get(self.key(Factor(base, exponent).symbol)) if self._names else None
            if name is not None and name is not base:
                del exponents[key]
                pending.append(Factor(name, -1.0 if isinstance(exponent, float) and exponent < 0.0 else 1.0))
        shifted = shares.unshift(self, [Factor(bases[key], exponent) for key, exponent in exponents.items()])
        if shifted is not None:
            return self._times([(number, shifted)])
        for share, name in self._shares:
            if all(key in exponents and self.key(exponents[key]) == self.key(e) for key, e in share.items()):
                exponents = {key: e for key, e in exponents.items() if key not in share}
                rest = [Factor(bases[key], exponent) for key, exponent in exponents.items()]
                return self._times([(number, [*rest, Factor(name, 1.0)])])
        whole = [
            Factor(bases[key], exponent)
            for key, exponent in exponents.items()
            if not isinstance(exponent, float) or exponent
        ]
        merged = shares.merge(self, [factor.base for factor in whole if factor.single])
        if merged is None:
            return number, whole
        gate, share, product = merged
        return number, [*[f for f in whole if f.base is not gate and f.base is not share], Factor(product, 1.0)]

    def _add_share(self, quotient: Symbol, name: Symbol) -> None:
        number, factors = self._factors(quotient)
        above = [factor.base for factor in factors if factor.single]
        below = [factor.base for factor in factors if factor.below and factor.exponent == -1.0]
        if len(factors) != 2 or float(number) != 1.0 or not above or not below:
            return
        if _is_sum(below[0]) and not _is_arithmetic(above[0]):
            self._shares.append(({self.key(above[0]): 1.0, self.key(below[0]): -1.0}, name))

    def _add_exponents(self, one: Any, other: Any) -> Any:
        if isinstance(one, float) and isinstance(other, float):
            return one + other
        return self.sum_up(self.gather([*self.terms(one, ONE), *self.terms(other, ONE)]))

    def terms(self, x: Any, sign: Scaled = ONE) -> list[Term]:
        """Take a sum that was written apart: each term a product."""
        terms = []
        stack: list[tuple[Any, Scaled]] = [(x, sign)]
        while stack:
            item, factor = stack.pop()
            notation = item.op.notation if isinstance(item, Symbol) and item.op is not None else None
            if notation is SUM or notation is DIFFERENCE:
                stack.append((item.operands[1], factor if notation is SUM else factor * Scaled(-1.0)))
                stack.append((item.operands[0], factor))
            elif notation is NEGATIVE and _is_sum(item.operands[0]):
                stack.append((item.operands[0], factor * Scaled(-1.0)))
            else:
                number, factors = self._factors(item)
                terms.append((number * factor, factors))
        return terms

    def gather(self, terms: Iterable[Term]) -> list[Term]:
        """Add the numbers of terms that differ in nothing else."""
        gathered: dict[Any, Term] = {}
        for number, factors in terms:
            key = self.product_key(factors)
            if key in gathered:
                number = gathered[key][0] + number
            gathered[key] = number, factors
        return [term for term in gathered.values() if term[0]]

    def sum_up(self, terms: Iterable[Term]) -> Any:
        """Write terms as a sum."""
        whole: Any = None
        for number, factors in terms:
            product = lay_out(number, factors)
            if whole is None:
                whole = product.symbol
            else:
                whole = call(ops.sub if product.negative else ops.add, [whole, product._replace(negative=False).symbol])
        if isinstance(whole, Symbol) and not all(isinstance(x, float) for x in whole.operands):
            return whole
        return 0.0 if whole is None else whole

    def stands_for(self, x: Any) -> Any:
        """Return what a name is put in for where that cancels; None for any other."""
        return self._opened.get(self.key(x)) if self._opened and x is not None else None

    def first(self, x: Symbol) -> Symbol:
        """Return the formula equal to this one that was met first: it is rewritten once."""
        return self._first.setdefault(self.key(x), x)

    def product_key(self, factors: Sequence[Factor]) -> tuple[tuple[int, int], ...]:
        """Number a product of powers: equal ones get the same numbers, in whatever order."""
        return tuple(sorted((self.key(base), self.key(exponent)) for base, exponent in factors))

    def key(self, x: Any) -> int:
        """Number a formula: equal ones get the same number. Names that were given a form of their own differ."""
        if not isinstance(x, Symbol):
            return self._numbers.setdefault(float(x), len(self._numbers))
        known = self._seen.get(id(x))
        if known is None:
            if x.op is None:
                parts: Any = (x.name, x.number) if x._latex is None else id(x)
            else:
                parts = (x.op, *map(self.key, x.operands))
            known = self._numbers.setdefault((parts,), len(self._numbers))
            self._kept.append(x)
            self._seen[id(x)] = known
        return known


def _arrange(terms: Sequence[Term]) -> list[Term]:
    """Put a number without names last, but first where a minus would begin the sum: x + 1, 1 − x."""
    number = [term for term in terms if not term[1]]
    others = [term for term in terms if term[1]]
    first = number and others and number[0][0].mantissa > 0.0 > others[0][0].mantissa
    return number + others if first else others + number


def _is_sum(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.notation in (SUM, DIFFERENCE)


def _is_arithmetic(x: Symbol) -> bool:
    """Whether a formula is a leaf, a sum, a product, a quotient or a power with a number as its exponent."""
    if x.op is None or x.op in POWERS or x.op.notation in (SUM, DIFFERENCE, PRODUCT, QUOTIENT, NEGATIVE):
        return True
    return x.op.notation is POWER and not isinstance(x.operands[1], Symbol)
