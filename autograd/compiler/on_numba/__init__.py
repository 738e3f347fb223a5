"""The numba backend: instructions as tables of whole numbers, and the machine, compiled once, that reads them."""
