"""What models are made of: neurons, layers, convolutions, recurrent cells and graphs of neurons.

Beside them stand what they are built with: activations by name, and initialisers that draw the first weights.
"""
