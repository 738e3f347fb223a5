"""Models taken from other libraries and given to them."""
