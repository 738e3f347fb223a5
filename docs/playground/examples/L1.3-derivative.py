# L1.3 · A derivative by each variable
from autograd import Value

x, y = Value(3.0, name="x"), Value(2.0, name="y")
f = 2 * x + y**4
f.name = "f"

f.backward()
f
