"""Train a network on all devices that JAX sees: each holds a share of the examples, and JAX adds their gradients.

Eight devices on one processor, to try it out:

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python examples/many_devices.py

On several hosts, each runs this with ``jax.distributed.initialize()`` in front; nothing else changes.
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import autograd
import nn


def make_program() -> autograd.Program:
    """Compile the loss of a network for one example."""
    model = nn.MLP(8, [32, 32, 1], activation="tanh", seed=0)
    return autograd.compile(lambda x, t: nn.mse(model(x), t), [0.0] * 8, [0.0], parameters=model.parameters())


def train(program: autograd.Program, X: Any, T: Any, devices: list[Any], steps: int) -> tuple[list[float], Any]:
    """Descend with the examples shared among devices; the weights are on each.

    Returns:
        the loss before each step, and the weights after the last.
    """
    mesh = Mesh(np.array(devices), ("examples",))
    shared, everywhere = NamedSharding(mesh, PartitionSpec("examples")), NamedSharding(mesh, PartitionSpec())
    f = program.function

    @jax.jit
    def step(weights: Any, X: Any, T: Any) -> tuple[Any, Any]:
        loss, slopes = jax.value_and_grad(lambda w: jnp.mean(f(w, X, T)))(weights)
        return weights - 0.1 * slopes, loss

    weights = jax.device_put(program.weights(), everywhere)
    X, T = jax.device_put((X, T), shared)
    losses = []
    for _ in range(steps):
        weights, loss = step(weights, X, T)
        losses.append(float(loss))
    return losses, np.asarray(weights)


def main() -> None:
    """Train on all devices and on one, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--examples", type=int, default=4096, help="a multiple of the number of devices")
    parser.add_argument("--steps", type=int, default=50)
    asked = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    generator = np.random.default_rng(0)
    X = generator.normal(size=(asked.examples, 8))
    T = np.sin(X.sum(axis=1, keepdims=True))
    program = make_program()
    many, w = train(program, X, T, jax.devices(), asked.steps)
    one, v = train(program, X, T, jax.devices()[:1], asked.steps)
    print(f"{len(jax.devices())} device(s): loss {many[0]:.6f} → {many[-1]:.6f}")
    differences = np.abs(np.subtract(many, one)).max(), np.abs(w - v).max()
    print("from one device's, losses differ by {:.0e}, weights by {:.0e}".format(*differences))


if __name__ == "__main__":
    main()
