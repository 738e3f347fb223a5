# L2.14 · The mean error of a batch
from autograd import Value, mean

w = Value(0.4, name="w")
batch = [(0.5, 1.0), (-1.0, 0.0), (2.0, 1.5)]
E = mean([0.5 * (w * x - t) ** 2 for x, t in batch])
E.name = "E"

E.backward()
E
