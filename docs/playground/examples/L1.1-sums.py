# L1.1 · Weighted sums by hand
from autograd import Value, relu

x1 = Value(0.5, name="x1")
x2 = Value(0.7, name="x2")

s1 = 1 * x1 + 3 * x2
s2 = -2 * x1 + 4 * x2
O = 0.5 * relu(s1) + 0.3 * relu(s2)
s1.name, s2.name, O.name = "s1", "s2", "O"
print(f"{s1.data:.2f}, {s2.data:.2f} and {O.data:.2f}")
O
