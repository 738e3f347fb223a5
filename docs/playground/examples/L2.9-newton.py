# L2.9 · One step with the second derivative
from autograd import Value, derivative

E = lambda w: 1.25 * (w - 1) ** 2
eta = 1 / derivative(E, order=2)(4.0)
print("rate", eta, " the step leads to", 4.0 - eta * derivative(E)(4.0))

w = Value(4.0, name="w")
e = E(w)
e.name = "E"
e.backward()
e
