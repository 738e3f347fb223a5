"""Data for training: sets drawn from a seed, real tables, and what splits, scales and batches them.

Examples in any form are read here into float64 arrays, with an error that names row and column.
"""
