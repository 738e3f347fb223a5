"""edgegrad's neural networks, built from the engine's Values."""
