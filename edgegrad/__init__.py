"""edgegrad: the command and the course, above the engine (`autograd`) and the networks (`nn`).

Example:
    >>> import edgegrad
    >>> edgegrad.__version__.count(".")
    2
"""

from autograd import __version__

__all__ = ["__version__"]
