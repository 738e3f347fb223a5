"""What tables and machine agree on: regions of the memory, and what an instruction does, as whole numbers."""

from __future__ import annotations

#: Regions of the memory. A row's adjoint is as far from it for shared rows as for others.
SHARED, VALUES, SHARED_ADJOINTS, ADJOINTS, SCRATCH, SHARED_SCRATCH, SLOPES = range(7)
REGION_BITS = 3  # the lowest of a written place: its region
REGION = (1 << REGION_BITS) - 1

#: What an instruction does.
(
    COPY, SCATTER, CLEAR, ADD, PRODUCT, PRODUCT_TRANSPOSED, PRODUCT_WEIGHTS, BIAS, ROW_SUMS, SUM, SPREAD,
    WEIGHTED_SUM, WEIGHTED_FLOW, TAPE, TAPE_BACK, CHOOSE, CHOSEN,
) = range(17)  # fmt: skip
OPERATION = 32  # every larger code is the address of an operation's kernel


def write_place(row: int, region: int) -> int:
    """Write a place as one number."""
    return row << REGION_BITS | region
