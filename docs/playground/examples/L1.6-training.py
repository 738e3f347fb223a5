# L1.6 · Four epochs by hand
from autograd import Value, relu

x1 = Value(0.5, name="x1", requires_grad=False)
x2 = Value(0.7, name="x2", requires_grad=False)
numbers = [1, 3, -2, 4, 0.5, 0.3]
w = [Value(n, name=f"w{i}") for i, n in enumerate(numbers, 1)]

for epoch in range(5):
    h1 = relu(w[0] * x1 + w[1] * x2)
    h2 = relu(w[2] * x1 + w[3] * x2)
    O = w[4] * h1 + w[5] * h2
    E = 0.5 * (O - 1) ** 2
    E.backward()
    print(f"{epoch}:  O = {O.data:.6f}  E = {E.data:.6f}")
    if epoch < 4:
        for weight in w:
            weight.data -= 0.1 * weight.grad
            weight.grad = None

h1.name, h2.name = "h1", "h2"
O.name, E.name = "O", "E"
E
