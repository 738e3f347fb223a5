"""Coefficients of the approximations in the catalogue, each with its source, and the sum that they go into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["BERNOULLI", "DIGAMMA", "DIGAMMA_ROOT", "DIGAMMA_SLOPE", "NORMAL_QUANTILE", "polynomial", "rational"]

#: The quantile of the normal distribution: numerator and denominator in 0.425² − q² for |q| = |p − ½| ≤ 0.425, else in
#: r = √−log(min(p, 1 − p)): in r − 1.6 up to r = 5, and in r − 5. Source: Wichura 1988, algorithm AS 241, PPND16.
NORMAL_QUANTILE = (
    (
        (
            3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
            4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
        ),
        (
            1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
            3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
        ),
    ),
    (
        (
            1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
            1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
        ),
        (
            1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
            1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        ),
    ),
    (
        (
            6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
            2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        ),
        (
            1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
            7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        ),
    ),
)  # fmt: skip

#: The positive root of the digamma function in three parts, and on [1, 2] ψ(u) = (u − root)·(slope + a quotient in
#: u − 1). Source: Boost.Math, digamma.hpp, 53 bits (Maddock).
DIGAMMA_ROOT = (1569415565.0 / 2.0**30, 381566830.0 / 2.0**60, 0.9016312093258695918615325266959189453125e-19)
DIGAMMA_SLOPE = 0.99558162689208984375
DIGAMMA = (
    (
        0.25479851061131551, -0.32555031186804491, -0.65031853770896507, -0.28919126444774784, -0.045251321448739056,
        -0.0020713321167745952,
    ),
    (
        1.0, 2.0767117023730469, 1.4606242909763515, 0.43593529692665969, 0.054151797245674225, 0.0021284987017821144,
        -0.55789841321675513e-6,
    ),
)  # fmt: skip

#: The Bernoulli numbers B₂, B₄, …, B₁₆. Source: Abramowitz and Stegun 23.2.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def polynomial(coefficients: Sequence[float], x: Any) -> Any:
    """Sum coefficients[k]·xᵏ, from the highest power down.

    >>> polynomial([1.0, 0.0, 3.0], 2.0)
    13.0
    """
    out: Any = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        out = out * x + coefficient
    return out


def rational(parts: tuple[Sequence[float], Sequence[float]], x: Any) -> Any:
    """Divide one polynomial by another."""
    return polynomial(parts[0], x) / polynomial(parts[1], x)
