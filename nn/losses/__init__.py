"""What a training is measured by: losses, and penalties on weights."""
