# L2.5 · Binary cross-entropy
from autograd import Value, log

p = Value(0.8, name="p")
t = Value(1.0, name="t", requires_grad=False)
E = -(t * log(p) + (1 - t) * log(1 - p))
E.name = "E"

E.backward()
E
