"""The NumPy backend: instructions written as Python source, one array statement after the other."""
