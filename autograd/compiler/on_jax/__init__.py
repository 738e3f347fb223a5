"""The JAX backend: instructions as a pure function of arrays, which JAX compiles, batches, shards and differentiates."""
