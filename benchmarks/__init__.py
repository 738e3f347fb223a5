"""Benchmarks of edgegrad beside its peers: `python -m benchmarks`.

Every figure is a ratio or a time of one run, on one pinned core, after the peers' results were found to agree.
"""
