# L2.9 · One step with the second derivative
from autograd import Value, derivative


def error(w):
    return 1.25 * (w - 1) ** 2


rate = 1 / derivative(error, order=2)(4.0)
print("the best rate:", rate)
print("the step leads to", 4.0 - rate * derivative(error)(4.0))

w = Value(4.0, name="w")
E = error(w)
E.name = "E"
E.backward()
E
