# L1.6 · Four epochs by hand
from autograd import Value, relu

x1 = Value(0.5, name="x1", requires_grad=False)
x2 = Value(0.7, name="x2", requires_grad=False)
w = [Value(number, name=f"w{i}") for i, number in enumerate([1, 3, -2, 4, 0.5, 0.3], 1)]

for epoch in range(5):
    O = w[4] * relu(w[0] * x1 + w[1] * x2) + w[5] * relu(w[2] * x1 + w[3] * x2)
    E = 0.5 * (O - 1) ** 2
    O.name, E.name = "O", "E"
    print(f"epoch {epoch}   O = {O.data:.6f}   E = {E.data:.6f}")
    E.backward()
    for weight in w:
        weight.data -= 0.1 * weight.grad
        weight.grad = None
E
