# L2.6 · A gate: x times sigmoid
from autograd import Value, sigmoid

I1, I2 = Value(1.5, name="I1"), Value(0.5, name="I2")
O = I1 * sigmoid(I2)
O.name = "O"
E = 0.5 * O**2
E.name = "E"

E.backward()
E
