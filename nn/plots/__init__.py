"""Plots of the lectures: training curves, activations, decisions, the loss over weights, the weights themselves.

Every function returns a matplotlib figure and shows nothing; colours are Okabe and Ito's, which all eyes tell apart.
"""

from nn.plots.curves import compare, gradient_norms, history
from nn.plots.functions import activations, decision
from nn.plots.landscape import loss_curve, loss_surface
from nn.plots.pictures import weights

__all__ = ["activations", "compare", "decision", "gradient_norms", "history", "loss_curve", "loss_surface", "weights"]
