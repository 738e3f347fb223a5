"""Exchange: a program in the hands of JAX, of PyTorch and of SciPy's optimisers."""
