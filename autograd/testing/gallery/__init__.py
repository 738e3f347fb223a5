"""The bug gallery: the classic mistakes of automatic differentiation, each as code that runs, and is caught.

An exhibit has the wrong version, the right one, and the check that tells them apart. Change an exhibit, or write your
own, and see whether the check still finds it.

Example:
    >>> from autograd.testing.gallery import GALLERY
    >>> exhibit = GALLERY["overwritten gradient"]
    >>> exhibit.check(exhibit.right)
    >>> print(exhibit.seen)
    A weight used once is right; one used twice, in the same expression or in two neurons, has too small a gradient.
"""

from autograd.testing.gallery.exhibit import Exhibit
from autograd.testing.gallery.programs import PROGRAMS
from autograd.testing.gallery.rules import RULES
from autograd.testing.gallery.sweeps import SWEEPS, Toy, check_engine

__all__ = ["GALLERY", "Exhibit", "Toy", "check_engine"]

#: Every exhibit by its name: mistakes in the sweep, in slope rules, and in programs.
GALLERY: dict[str, Exhibit] = {exhibit.name: exhibit for exhibit in (*SWEEPS, *RULES, *PROGRAMS)}
