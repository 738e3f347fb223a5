"""The rows of the five lectures: each runs a system on the engine and puts its figures beside the slide's.

``edgegrad lectures`` lists them, ``edgegrad lectures L1.4`` runs one, and docs/lectures.md is written from all of them.
"""

from edgegrad.lectures import (
    lecture1,
    lecture1_houses,
    lecture2,
    lecture2_descent,
    lecture3,
    lecture4,
    lecture4_exhibits,
    lecture4_neurons,
    lecture4_optimizers,
    lecture5,
    lecture_listings,
)
from edgegrad.lectures.report import Comparison, Report, Row

__all__ = ["LECTURES", "ROWS", "Comparison", "Report", "Row"]

#: The lectures' titles by their letters.
LECTURES = {
    "L1": "Neural networks",
    "L2": "Architecture, inference, training",
    "L3": "Introduction to neural networks",
    "L4": "Artificial neural networks",
    "L5": "Training neural networks",
}

MODULES = (
    lecture1,
    lecture1_houses,
    lecture2,
    lecture2_descent,
    lecture3,
    lecture4_neurons,
    lecture4,
    lecture4_optimizers,
    lecture4_exhibits,
    lecture5,
    lecture_listings,
)

#: Every row by its name, in the order of the lectures.
ROWS: dict[str, Row] = {
    row.name: row
    for row in sorted(
        (row for module in MODULES for row in vars(module).values() if isinstance(row, Row)),
        key=lambda row: row.number,
    )
}
