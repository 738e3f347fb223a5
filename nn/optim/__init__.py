"""What lowers a loss: every optimiser written once on flat vectors, with line searches, clipping and schedules.

An `Objective` is the loss as they see it, so that nothing here knows of models or data.
"""
