"""The JAX backend: instructions as a pure function, which JAX compiles, batches, shards and differentiates."""
