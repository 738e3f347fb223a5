"""Networks of the lectures beside the multilayer perceptron: membranes, spikes, memories, maps, and the U-Net.

Each module is one model, to be read on its own; the names are those of `nn`.
"""
