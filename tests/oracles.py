"""The operations once more, from mpmath and from PyTorch: what the engine is compared with."""

from __future__ import annotations

import math
from functools import cache

import mpmath
from mpmath import mp


class Oracles(dict):
    """Functions by the names of operations."""

    def __missing__(self, name):
        raise LookupError(f"{name} has no oracle: add it to MPMATH in tests/oracles.py.")


#: Each operation of the catalogue on mpmath's numbers, written from its definition.
MPMATH = Oracles(
    {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "truediv": lambda x, y: x / y,
        "pow": lambda x, y: x**y,
        "mod": lambda x, y: x - y * mp.floor(x / y),
        "floordiv": lambda x, y: mp.floor(x / y),
        "floor": mp.floor,
        "ceil": mp.ceil,
        "round": lambda x, digits: mp.nint(x * mp.mpf(10) ** mp.nint(digits)) / mp.mpf(10) ** mp.nint(digits),
        "clip": lambda x, low, high: min(max(x, low), high),
        "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
        "mean": lambda *xs: mp.fsum(xs) / len(xs),
        "neg": lambda x: -x,
        "identity": lambda x: +x,
        "greater": lambda x, y: mp.mpf(x > y),
        "equal": lambda x, y: mp.mpf(x == y),
        "step": lambda x: mp.mpf(x > 0),
        "sign": mp.sign,
        "where": lambda condition, x, y: x if condition else y,
        "exp": mp.exp,
        "expm1": mp.expm1,
        "log": mp.log,
        "log1p": mp.log1p,
        "log2": lambda x: mp.log(x, 2),
        "log10": mp.log10,
        "sqrt": mp.sqrt,
        "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
        "square": lambda x: x * x,
        "reciprocal": lambda x: 1 / x,
        "hypot": mp.hypot,
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": mp.asin,
        "acos": mp.acos,
        "atan": mp.atan,
        "atan2": mp.atan2,
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "asinh": mp.asinh,
        "acosh": mp.acosh,
        "atanh": mp.atanh,
        "erf": mp.erf,
        "erfc": mp.erfc,
        "erfinv": mp.erfinv,
        "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
        "digamma": mp.digamma,
        "trigamma": lambda x: mp.psi(1, x),
        "abs": abs,
        "minimum": min,
        "maximum": max,
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(x)),
        "relu": lambda x: max(x, mp.zero),
        "leaky_relu": lambda x, alpha: x if x > 0 else alpha * x,
        "elu": lambda x, alpha: x if x > 0 else alpha * mp.expm1(x),
        "silu": lambda x: x / (1 + mp.exp(-x)),
        "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        "total": lambda *xs: mp.fsum(xs),
        "dot": lambda *xs: (
            mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 : len(xs) // 2 * 2]) + (xs[-1] if len(xs) % 2 else 0)
        ),
        "prod": lambda *xs: mp.fprod(xs),
        "logsumexp": lambda *xs: mp.log(mp.fsum(mp.exp(x) for x in xs)),
        "largest": lambda *xs: max(xs),
    }
)


def exact(name, operands, digits=60):
    """Compute an operation to many digits."""
    with mpmath.workdps(digits):
        return MPMATH[name](*map(mp.mpf, operands))


def exact_slope(name, operands, orders, digits=250):
    """Differentiate an operation, `orders[i]` times by operand i, to many digits.

    The differences are taken in steps relative to each operand, so that sizes do not matter.
    """
    with mpmath.workdps(digits):
        centre = [mp.mpf(x) for x in operands]
        scales = [abs(x) or mp.one for x in centre]

        def scaled(*ts):
            return MPMATH[name](*(c + s * t for c, s, t in zip(centre, scales, ts, strict=True)))

        slope = mpmath.diff(scaled, (mp.zero,) * len(centre), tuple(orders))
        for scale, order in zip(scales, orders, strict=True):
            slope /= scale**order
        return slope


@cache
def torch_gamma(name):
    """Make lgamma or a derivative of it; the slope that PyTorch has for digamma has eight digits."""
    import torch

    def trigamma(x):
        if x > 0.0:
            return torch.special.zeta(2.0, x)
        return (math.pi / torch.sin(math.pi * x)) ** 2 - torch.special.zeta(2.0, 1.0 - x)

    class Digamma(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return torch.digamma(x)

        @staticmethod
        def backward(context, gradient):
            return gradient * trigamma(*context.saved_tensors)

    class Lgamma(Digamma):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return torch.lgamma(x)

        @staticmethod
        def backward(context, gradient):
            return gradient * Digamma.apply(*context.saved_tensors)

    return {"trigamma": trigamma, "digamma": Digamma.apply, "lgamma": Lgamma.apply}[name]


def torch_apply(op, operands):
    """Apply an operation to PyTorch's tensors; numbers become float64 tensors."""
    import torch

    tensors = [x if isinstance(x, torch.Tensor) else torch.tensor(float(x), dtype=torch.float64) for x in operands]
    special = getattr(torch, "special", None)
    f = {
        "truediv": torch.div,
        "mod": torch.remainder,
        "floordiv": lambda x, y: torch.div(x, y, rounding_mode="floor"),
        "round": lambda x, digits: torch.round(x),
        "mean": lambda *xs: torch.stack(xs).mean(),
        "equal": lambda x, y: (x == y).double(),
        "greater": lambda x, y: (x > y).double(),
        "identity": lambda x: x * 1.0,
        "step": lambda x: (x > 0).double(),
        "where": lambda condition, x, y: torch.where(condition != 0, x, y),
        "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1.0 / 3.0),
        "atan2": torch.atan2,
        "softplus": torch.nn.functional.softplus,
        "leaky_relu": lambda x, alpha: torch.where(x > 0, x, alpha * x),
        "elu": lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0.0))),
        "silu": torch.nn.functional.silu,
        "gelu": torch.nn.functional.gelu,
        "hypot": torch.hypot,
        "expm1": special.expm1,
        "erf": special.erf,
        "erfc": special.erfc,
        "lgamma": torch_gamma("lgamma"),
        "digamma": torch_gamma("digamma"),
        "trigamma": torch_gamma("trigamma"),
        "total": lambda *xs: torch.stack(xs).sum(),
        "dot": lambda *xs: sum(
            (w * x for w, x in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=False)),
            xs[-1] if len(xs) % 2 else torch.zeros((), dtype=torch.float64),
        ),
        "prod": lambda *xs: torch.stack(xs).prod(),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "largest": lambda *xs: torch.amax(torch.stack(xs)),
    }.get(op.name)
    f = f or getattr(torch, op.name, None)
    if f is None:
        raise LookupError(f"{op.name} has no oracle: add it to torch_apply in tests/oracles.py.")
    return f(*tensors)


def jax_apply(op, operands):
    """Apply an operation to JAX's numbers, by JAX's own function and derivative; to be called with 64 bits enabled."""
    import jax
    import jax.numpy as jnp
    from jax.scipy import special

    f = {
        "truediv": jnp.divide,
        "mod": jnp.remainder,
        "floordiv": jnp.floor_divide,
        "mean": lambda *xs: jnp.mean(jnp.stack(xs)),
        "round": lambda x, digits: jnp.round(x),
        "equal": lambda x, y: jnp.where(x == y, 1.0, 0.0),
        "greater": lambda x, y: jnp.where(x > y, 1.0, 0.0),
        "neg": jnp.negative,
        "sub": jnp.subtract,
        "mul": jnp.multiply,
        "pow": jnp.power,
        "identity": lambda x: x,
        "step": lambda x: jnp.where(x > 0.0, 1.0, 0.0),
        "where": lambda condition, x, y: jnp.where(condition != 0.0, x, y),
        "relu": jax.nn.relu,
        "leaky_relu": lambda x, alpha: jnp.where(x > 0.0, x, alpha * x),
        "elu": lambda x, alpha: jnp.where(x > 0.0, x, alpha * jnp.expm1(jnp.minimum(x, 0.0))),
        "silu": jax.nn.silu,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "atan2": jnp.arctan2,
        **{name: getattr(jnp, f"arc{name[1:]}") for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
        "erf": special.erf,
        "erfc": special.erfc,
        "erfinv": special.erfinv,
        "lgamma": special.gammaln,
        "digamma": special.digamma,
        "trigamma": lambda x: special.polygamma(1, x),
        "total": lambda *xs: jnp.sum(jnp.stack(xs)),
        "dot": lambda *xs: sum(
            (w * x for w, x in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=False)),
            xs[-1] if len(xs) % 2 else 0.0,
        ),
        "prod": lambda *xs: jnp.prod(jnp.stack(xs)),
        "logsumexp": lambda *xs: special.logsumexp(jnp.stack(xs)),
        "largest": lambda *xs: jnp.max(jnp.stack(xs)),
    }.get(op.name) or getattr(jnp, op.name, None)
    if f is None:
        raise LookupError(f"{op.name} has no oracle: add it to jax_apply in tests/oracles.py.")
    return f(*(jnp.asarray(x, dtype=jnp.float64) for x in operands))
