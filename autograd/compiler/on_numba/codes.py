"""What tables and machine agree on: regions of the memory, and how a place is written as a whole number."""

from __future__ import annotations

#: Regions of the memory. A row's adjoint is as far from it for shared rows as for others.
SHARED, VALUES, SHARED_ADJOINTS, ADJOINTS, SCRATCH, SHARED_SCRATCH, SLOPES = range(7)
REGION_BITS = 3  # the lowest of a written place: its region
REGION = (1 << REGION_BITS) - 1


def write_place(row: int, region: int) -> int:
    """Write a place as one number."""
    return row << REGION_BITS | region
