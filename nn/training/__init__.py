"""Training a model on data: `fit`, `evaluate` and `predict`, and the loop and the runner below them.

Beside them stand what they are given and what they give: regularisers, callbacks, histories, the curvature of a loss.
"""
