"""Models as files: the architecture as a description, the numbers as safetensors."""
