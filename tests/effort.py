"""How much tests try: at the desk what is enough to notice a mistake, and everything where CI is set."""

import os

import pytest

THOROUGH = os.environ.get("CI") == "true"
in_ci = pytest.mark.skipif(not THOROUGH, reason="it is tried where CI is set")


def every(cases, share):
    """List all cases where CI is set; at the desk the first of every so many, beginning with the first."""
    cases = list(cases)
    return cases if THOROUGH else cases[::share]
