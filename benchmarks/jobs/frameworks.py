"""The jobs that train, in PyTorch: each returns the numbers that are compared.

`start` is what both sides begin with: the flat weights, and data that a seed of ours made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["digits", "early_stopping", "export", "figure", "finder", "letters", "own_operation", "own_parts", "saving"]

Start = dict[str, Any]


def _begin(start: Start, *parts: Any) -> Any:
    import torch

    model = torch.nn.Sequential(*parts).double()
    torch.nn.utils.vector_to_parameters(torch.tensor(start["weights"], dtype=torch.float64), model.parameters())
    return model


def _network(start: Start, *widths: int, activation: str) -> Any:
    from torch import nn

    parts: list[Any] = []
    for n_in, n_out in pairwise(widths):
        parts += [nn.Linear(n_in, n_out), getattr(nn, activation)()]
    return _begin(start, *parts[:-1])


def _epoch(model: Any, X: Any, y: Any, loss: Callable[..., Any], optimizer: Any, batch: int | None = None) -> float:
    total = 0.0
    size = batch or len(X)
    for at in range(0, len(X), size):
        error = loss(model(X[at : at + size]), y[at : at + size])
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        total += error.item() * len(X[at : at + size])
    return total / len(X)


def _pictures(split: bool) -> Any:
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    parts = [X / 16.0, y]
    if split:
        X, X_test, y, y_test = train_test_split(X / 16.0, y, test_size=0.25, random_state=0, stratify=y)
        parts = [X, y, X_test, y_test]
    return [torch.tensor(part) for part in parts]


def early_stopping(start: Start) -> list[float]:
    """Train with patience on validation examples."""
    import torch

    generator = np.random.default_rng(0)
    x = generator.uniform(-3, 3, size=(120, 1))
    t = np.sin(2 * x[:, 0]) + 0.4 * generator.normal(size=120)
    X, T = torch.tensor(x), torch.tensor(t)[:, None]
    model = _network(start, 1, 30, 30, 1, activation="Tanh")
    loss, adam = torch.nn.MSELoss(), torch.optim.Adam(model.parameters(), lr=0.02)
    best, at, kept = float("inf"), 0, {}
    for epoch in range(1, 2001):
        _epoch(model, X[:60], T[:60], loss, adam)
        with torch.no_grad():
            error = loss(model(X[60:]), T[60:]).item()
        if error < best:
            best, at = error, epoch
            kept = {name: number.clone() for name, number in model.state_dict().items()}
        elif epoch - at >= 100:
            break
    model.load_state_dict(kept)
    return [float(at), best]


def digits(start: Start) -> list[float]:
    """Train on the digits, and count those that are read right."""
    import torch

    X, y, X_test, y_test = _pictures(split=True)
    model = _network(start, 64, 32, 10, activation="ReLU")
    loss, adam = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=0.01)
    losses = [_epoch(model, X, y, loss, adam, 32) for _ in range(15)]
    with torch.no_grad():
        right = (model(X_test).argmax(1) == y_test).double().mean().item()
    return [losses[-1], right]


def saving(start: Start) -> list[float]:
    """Train, save all that going on needs, load it and go on."""
    import torch

    X, y = _pictures(split=False)
    model = _network(start, 64, 16, 10, activation="Tanh")
    loss, adam = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=0.01)
    losses = [_epoch(model, X, y, loss, adam, 32) for _ in range(5)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pt"
        torch.save({"model": model.state_dict(), "adam": adam.state_dict(), "losses": losses}, path)
        kept = torch.load(path)
    model = _network(start, 64, 16, 10, activation="Tanh")
    adam = torch.optim.Adam(model.parameters())
    model.load_state_dict(kept["model"])
    adam.load_state_dict(kept["adam"])
    losses = kept["losses"] + [_epoch(model, X, y, loss, adam, 32) for _ in range(5)]
    return [losses[4], losses[-1]]


def own_operation(start: Start) -> list[float]:
    """Differentiate Lambert's W, thrice at 1 and once at a thousand points."""
    import torch
    from scipy.special import lambertw

    class Lambert(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            w = torch.from_numpy(lambertw(x.detach().numpy()).real)
            context.save_for_backward(x)
            return w

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            (x,) = context.saved_tensors
            w = Lambert.apply(x)
            return gradient * torch.exp(-w) / (1 + w)

    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    y, slopes = Lambert.apply(x), []
    torch.autograd.gradcheck(Lambert.apply, (x,))
    for _ in range(3):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        slopes.append(y.item())
    points = (torch.arange(1, 1001, dtype=torch.float64) / 500).requires_grad_()
    values = Lambert.apply(points) ** 2
    (gradient,) = torch.autograd.grad(values.sum(), points)
    return [*slopes, *values.tolist(), *gradient.tolist()]


def own_parts(start: Start) -> list[float]:
    """Train a layer, a loss and a schedule of one's own."""
    import torch

    class Bumps(torch.nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.centre = torch.nn.Parameter(torch.linspace(-3, 3, n))
            self.width = torch.nn.Parameter(torch.zeros(n))

        def forward(self, x: Any) -> Any:
            return torch.exp(-torch.exp(self.width) * (x - self.centre) ** 2)

    def pinball(outputs: Any, target: Any) -> Any:
        error = target - outputs[:, 0]
        return torch.maximum(0.9 * error, -0.1 * error).mean()

    generator = np.random.default_rng(0)
    x = generator.uniform(-3, 3, size=(200, 1))
    t = np.sin(x[:, 0]) + 0.3 * generator.normal(size=200)
    X, T = torch.tensor(x), torch.tensor(t)
    model = _begin(start, Bumps(8), torch.nn.Linear(8, 1))
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    halve = torch.optim.lr_scheduler.StepLR(adam, 200, 0.5)
    losses = []
    for _ in range(600):
        losses.append(_epoch(model, X, T, pinball, adam))
        halve.step()
    with torch.no_grad():
        return [losses[-1], (model(X)[:, 0] > T).double().mean().item()]


def finder(start: Start) -> list[float]:
    """Train with a rate that grows at every step, until the loss explodes."""
    import torch

    X, y = _pictures(split=False)
    model = _network(start, 64, 32, 10, activation="ReLU")
    rates, losses = np.geomspace(1e-3, 1e2, 160), []
    loss, sgd = torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=1.0)
    for step, rate in enumerate(rates.tolist()):
        sgd.param_groups[0]["lr"] = rate
        at = step % 57 * 32
        losses.append(_epoch(model, X[at : at + 32], y[at : at + 32], loss, sgd))
        if losses[-1] > 4 * min(losses):
            break
    smooth = np.convolve(losses, np.ones(9) / 9, mode="valid")
    return [float(rates[4:][np.gradient(smooth).argmin()]), *losses]


def letters(start: Start) -> list[float]:
    """Train an LSTM on a text, and let it go on."""
    import torch

    class Reader(torch.nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(width, 24, batch_first=True)
            self.out = torch.nn.Linear(24, width)

        def forward(self, x: Any) -> Any:
            return self.out(self.lstm(x)[0][:, -1])

    text = "the itsy bitsy spider climbed up the water spout down came the rain and washed the spider out " * 6
    alphabet = sorted(set(text))
    numbers = np.array([alphabet.index(letter) for letter in text])
    starts = np.arange(0, len(text) - 13, 3)
    codes = torch.eye(len(alphabet), dtype=torch.float64)
    X = codes[np.stack([numbers[s : s + 12] for s in starts])]
    y = torch.tensor([numbers[s + 12] for s in starts])
    model = _begin(start, Reader(len(alphabet)))
    loss, adam = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=0.02)
    losses = [_epoch(model, X, y, loss, adam, 32) for _ in range(15)]
    said = numbers[:12].tolist()
    with torch.no_grad():
        for _ in range(40):
            said.append(int(model(codes[said[-12:]][None])[0].argmax()))
    return [losses[-1], *map(float, said)]


def export(start: Start) -> list[float]:
    """Train, go on with SciPy, and differentiate a formula with SymPy."""
    import sympy
    import torch
    from scipy.optimize import minimize

    X, y = torch.tensor(start["X"], dtype=torch.float64), torch.tensor(start["y"], dtype=torch.float64)[:, None]
    model = _network(start, 2, 8, 1, activation="Tanh")
    loss, adam = torch.nn.BCEWithLogitsLoss(), torch.optim.Adam(model.parameters(), lr=0.05)
    losses = [_epoch(model, X, y, loss, adam) for _ in range(60)]

    def both(w: Any) -> Any:
        torch.nn.utils.vector_to_parameters(torch.tensor(w), model.parameters())
        model.zero_grad()
        error = loss(model(X), y)
        error.backward()
        return error.item(), torch.cat([p.grad.ravel() for p in model.parameters()]).numpy()

    flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
    found = minimize(both, flat, jac=True, method="L-BFGS-B", options={"maxiter": 20})
    w, x = sympy.symbols("w x", real=True)
    sympy.diff(sympy.tanh(w * x), w)
    return [losses[-1], float(found.fun)]


def figure(start: Start) -> list[float]:
    """Train, and draw the loss and the border."""
    import matplotlib
    import torch
    from matplotlib.figure import Figure

    X, y = torch.tensor(start["X"], dtype=torch.float64), torch.tensor(start["y"], dtype=torch.float64)[:, None]
    model = _network(start, 2, 8, 1, activation="Tanh")
    loss, adam = torch.nn.BCEWithLogitsLoss(), torch.optim.Adam(model.parameters(), lr=0.05)
    losses = [_epoch(model, X, y, loss, adam) for _ in range(200)]
    side = np.linspace(-2.5, 3.0, 120)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    with torch.no_grad():
        scores = model(torch.tensor(grid)).numpy().reshape(120, 120)
    with (
        tempfile.TemporaryDirectory() as folder,
        matplotlib.rc_context({"font.size": 8, "font.family": "serif", "pdf.fonttype": 42}),
    ):
        drawing = Figure(figsize=(5.5, 2.2), layout="constrained")
        left, right = drawing.subplots(1, 2)
        left.semilogy(losses, color="black")
        left.set(xlabel="epoch", ylabel="cross-entropy")
        right.contourf(side, side, scores, [-50, -2, 0, 2, 50], cmap="RdBu", alpha=0.6)
        right.scatter(*X.numpy().T, c=start["y"], s=5, cmap="RdBu", edgecolors="black", linewidths=0.3)
        drawing.savefig(Path(folder) / "figure.pdf")
    return [losses[-1]]
