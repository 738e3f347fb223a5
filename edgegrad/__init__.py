"""edgegrad: the command and the course, above the engine (`autograd`) and the networks (`nn`).

Example:
    >>> import edgegrad
    >>> edgegrad.__version__.count(".")
    2
"""

import autograd as _autograd

if not hasattr(_autograd, "Value"):  # its __init__.py was written over: nothing in that folder can be relied upon
    raise ImportError(
        "Two packages share the folder 'autograd': edgegrad and HIPS' autograd were installed into one environment. "
        "Run: pip uninstall -y autograd edgegrad && pip install edgegrad"
    )

from autograd import __version__

_NOT_THE_USERS = True  # errors name the line of a caller outside

__all__ = ["__version__"]
