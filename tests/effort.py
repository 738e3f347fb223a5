"""How much tests try: at the desk what is enough to notice a mistake, and everything where CI is set."""

import os

THOROUGH = os.environ.get("CI") == "true"


def every(cases, share):
    """List all cases where CI is set; at the desk the first of every so many, beginning with the first."""
    cases = list(cases)
    return cases if THOROUGH else cases[::share]
