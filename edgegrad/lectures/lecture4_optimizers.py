"""Lecture 14, the optimisers: each by the slide's formula, with its path on one bowl of two weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import Value, explain, hessian
from edgegrad.lectures import pictures
from edgegrad.lectures.report import Report, row

Floats = NDArray[np.float64]

A = np.array([[4.0, 1.0], [1.0, 1.0]])  # E = ½wᵀAw − w₁, whose gradient is Aw − (1, 0)
MINIMUM = [1.0 / 3.0, -1.0 / 3.0]
START = np.array([2.0, -1.5])
STEPS = 6


def bowl(w: list[Value]) -> Value:
    """Compute E = 2w₁² + w₁w₂ + ½w₂² − w₁."""
    return 2.0 * w[0] ** 2 + w[0] * w[1] + 0.5 * w[1] ** 2 - w[0]


def slope(w: Floats) -> Floats:
    """Compute the gradient by the matrix form, to check the engine's with."""
    slopes: Floats = A @ w - [1.0, 0.0]
    return slopes


def descend(make: Callable[[list[Value]], nn.Optimizer], steps: int = STEPS) -> Floats:
    """Take steps with an optimiser on the bowl, with the engine's gradients, and return w before and after each."""
    w = [Value(x, name=f"w{k}") for k, x in enumerate(START.tolist(), 1)]
    optimizer, objective = make(w), nn.Objective.from_closure(w, lambda: bowl(w))
    path = [START.tolist()]
    for _ in range(steps):
        optimizer.step(objective)
        path.append([x.data for x in w])
    return np.array(path)


def _compare(
    report: Report,
    what: str,
    make: Callable[[list[Value]], nn.Optimizer],
    rule: Callable[[Floats, Any], Any],
    slide: str | None = None,
) -> Floats:
    """Compare w after some steps with the slide's formula, `rule`, which gives ΔW and what it keeps in mind."""
    w, kept = START.copy(), None
    for _ in range(STEPS):
        change, kept = rule(w, kept)
        w = w - change
    path = descend(make)
    report.compare(
        f"w after {STEPS} steps, {what}", path[-1].tolist(), w.tolist(), "the formula", digits=8, slide=slide
    )
    return path


def _say_steps(report: Report, label: str, path: Floats) -> None:
    """Write the gradient and ΔW of each step."""
    report.say(f"{label}:", f"{'step':>4} {'w1':>9} {'w2':>9} {'∂E/∂w1':>9} {'∂E/∂w2':>9} {'ΔW1':>9} {'ΔW2':>9}")
    for t, (w, after) in enumerate(itertools.pairwise(path), 1):
        numbers = [*w, *slope(w), *(w - after)]
        report.say((f"{t:>4} " + " ".join(f"{x:>9.4f}" for x in numbers)).replace("-", "−"))


def _show_bowl(report: Report, paths: dict[str, Floats]) -> None:
    """Leave the picture of paths on the bowl."""
    report.picture(
        "paths",
        lambda: pictures.contours(lambda x, y: 2 * x * x + x * y + 0.5 * y * y - x, paths, title="paths on the bowl"),
    )


@row("nn.SGD", "autograd.explain")
def L4_10(report: Report) -> None:
    """Descend plainly, with momentum, and with L2: ΔW = η(∇E + ρW) + μΔW.

    >>> import nn
    >>> from autograd import Value
    >>> w1, w2 = Value(2.0, name="w1"), Value(-1.5, name="w2")
    >>> (2 * w1**2 + w1 * w2 + 0.5 * w2**2 - w1).backward()
    >>> nn.SGD([w1, w2], lr=0.1, momentum=0.9, weight_decay=0.1).step(); w1, w2
    (Value(1.43, name='w1', grad=5.5), Value(-1.535, name='w2', grad=0.5))
    """
    w = [Value(x, name=f"w{k}") for k, x in enumerate(START.tolist(), 1)]
    E = bowl(w)
    E.name = "E"
    E.backward()
    report.compare(
        "∇E of E = 2w₁² + w₁w₂ + ½w₂² − w₁ at (2, −1.5)", [x.grad for x in w], slope(START).tolist(), "Aw − b"
    )
    report.say(explain(E, w[0]))
    paths = {}
    for label, mu, rho, slide in (
        ("plain", 0.0, 0.0, "η∇E"),
        ("momentum μ = 0.9", 0.9, 0.0, "η∇E + μΔW"),
        ("momentum and ρ = 0.1", 0.9, 0.1, "η(∇E + ρW) + μΔW"),
    ):

        def rule(w: Floats, before: Any, mu: float = mu, rho: float = rho) -> Any:
            change = 0.1 * (slope(w) + rho * w) + mu * (0.0 if before is None else before)
            return change, change

        make = partial(nn.SGD, lr=0.1, momentum=mu, weight_decay=rho)
        _compare(report, label, make, rule, slide)
        paths[label] = descend(make, 20)
    _say_steps(report, "momentum and ρ = 0.1", paths["momentum and ρ = 0.1"][: STEPS + 1])
    report.see("In the picture the heavy ball runs past the minimum and comes back; ρ draws the end towards 0.")
    _show_bowl(report, paths)


@row("nn.QuickProp")
def L4_11(report: Report) -> None:
    """Jump to the minimum of each weight's parabola with quickProp.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.QuickProp(w, lr=0.1), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> [round(optimizer.step(E), 4) for _ in range(6)], [round(v.data, 4) for v in w]
    ([4.125, 1.7088, 0.5667, 0.2672, 0.0627, -0.1155], [0.3086, -0.5205])
    """
    paths = {}
    for label, rho in (("quickProp", 0.0), ("quickProp and ρ = 0.1", 0.1)):
        lines: list[str] = []

        def rule(w: Floats, kept: Any, rho: float = rho, lines: list[str] = lines) -> Any:
            S = slope(w) + rho * w
            before, last = kept or (np.zeros(2), np.zeros(2))
            change = []
            for k, (s, b, d) in enumerate(zip(S, before, last, strict=True)):
                beta = s / (b - s) if b != s else np.inf
                mu = 1.75 if beta > 1.75 or s * d * beta < 0 else beta
                eta = 0.1 if d == 0 or d * s > 0 else 0.0
                change.append(eta * s + (mu * d if d else 0.0))
                if k == 0:
                    numbers = (w[0], s, d, beta, s * d * beta + 0.0, mu, eta, change[0])
                    lines.append(" ".join(f"{x:>8.4f}" for x in numbers).replace("-", "−"))
            return np.array(change), (S, np.array(change))

        make = partial(nn.QuickProp, lr=0.1, weight_decay=rho)
        paths[label] = _compare(report, label, make, rule, "η(∇E + ρW) + μΔW")
        if not rho:
            heads = ("w1", "S", "old ΔW", "β", "γ", "μ", "η", "ΔW")
            report.say(
                "E = 2w₁² + w₁w₂ + ½w₂² − w₁, S = ∇E + ρW, β = S/(old S − S), η₀ = 0.1, μ_max = 1.75; here γ = S·ΔW·β.",
                "μ = μ_max where β > μ_max or γ < 0, else β; η = η₀ where ΔW = 0 or ΔW·S > 0, else 0; ΔW := ηS + μΔW.",
                "the first weight, step by step:", " ".join(f"{head:>8}" for head in heads), *lines,
            )  # fmt: skip
    report.say("The slide writes γ and the condition of η with −ΔW, as Fahlman does, but subtracts ΔW: its sign is "
               "opposite, for here all lines subtract.")  # fmt: skip
    report.see(
        "In the picture the first step is plain descent; later ones go by the parabola of two slopes where μ = β, by "
        "1.75 times the old step where μ is capped, and add ηS while the slope keeps its sign."
    )
    _show_bowl(report, paths)


@row("nn.RProp")
def L4_12(report: Report) -> None:
    """Follow the signs of the gradient only, with rProp: steps grow by 1.2 and shrink by 0.5.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.RProp(w, lr=0.1), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> [round(optimizer.step(E), 4) for _ in range(6)], [round(v.data, 4) for v in w]
    ([4.125, 3.56, 2.9744, 2.4047, 1.8023, 1.211], [1.007, -1.6019])
    """

    def rule(w: Floats, kept: Any) -> Any:
        sign = np.sign(slope(w))
        before, step = kept or (np.zeros(2), np.full(2, 0.1))
        step = np.clip(np.where(before * sign > 0, 1.2 * step, np.where(before * sign < 0, 0.5 * step, step)), 1e-6, 50)
        return step * sign, (sign, step)

    path = _compare(report, "rProp", lambda w: nn.RProp(w, lr=0.1), rule, "η sign(∇E)")
    first = np.abs(np.diff(path[:, 0]))
    report.compare("steps of w1 over the one before", (first[1:] / first[:-1]).tolist(), [1.2] * 5, "a = 1.2", digits=4)
    _say_steps(report, "rProp", path)
    report.see("In the picture both weights move by the same steps at first, however different their slopes are.")
    _show_bowl(report, {"rProp, 25 steps": descend(lambda w: nn.RProp(w, lr=0.1), 25)})


@row("nn.ConjugateGradients")
def L4_13(report: Report) -> None:
    """Reach the bottom of a bowl of two weights in two steps, with conjugate gradients.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.ConjugateGradients(w), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> [round(optimizer.step(E), 4) for _ in range(2)], [round(v.data, 4) for v in w]
    ([4.125, 0.4554], [0.3333, -0.3333])
    """
    paths = {"steepest descent, exact η": _steepest(12)}
    for label, method in (("Fletcher–Reeves", "fletcher-reeves"), ("Polak–Ribière", "polak-ribiere")):
        path = descend(partial(nn.ConjugateGradients, method=method, c1=1e-9, c2=1e-6), 2)
        slide = "gₜᵀgₜ/gₜ₋₁ᵀgₜ₋₁" if method == "fletcher-reeves" else "gₜᵀ(gₜ − gₜ₋₁)/gₜ₋₁ᵀgₜ₋₁"
        report.compare(f"w after 2 steps, {label}", path[-1].tolist(), MINIMUM, "the minimum", digits=6, rounding=1e-5,
                       slide=f"β = {slide}")  # fmt: skip
        paths[label] = path
    first, second = np.diff(paths["Fletcher–Reeves"], axis=0)
    report.compare("Δ₁ᵀAΔ₂: the directions are conjugate", round(float(first @ A @ second), 4), 0.0, "0")
    g0, g1 = slope(START), slope(paths["Fletcher–Reeves"][1])
    report.say(f"β of the second step: {g1 @ g1 / (g0 @ g0):.6f} by both formulas, as g₁ᵀg₀ = 0 after an exact search.")
    report.say("ρW and μΔW of the slide are left out: a line search along p + ρW would not minimise E. Resets: L4.21.")
    report.see(
        "In the picture steepest descent goes zigzag; the second conjugate direction, the same by both formulas, "
        "leads to the bottom."
    )
    _show_bowl(report, paths)


@row("nn.SGD")
def L4_14(report: Report) -> None:
    """Take the gradient at the weights shifted by the momentum: Nesterov's descent.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.SGD(w, lr=0.1, momentum=0.9, nesterov=True), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> [round(optimizer.step(E), 4) for _ in range(6)], [round(v.data, 4) for v in w]
    ([4.125, 0.6178, 0.6034, 0.7027, 0.2427, -0.1109], [0.3596, -0.2564])
    """
    for label, rho in (("", 0.0), (", ρ = 0.1", 0.1)):
        w, change = START.copy(), np.zeros(2)
        for _ in range(STEPS):
            shifted = w - 0.9 * change
            change = 0.1 * (slope(shifted) + rho * shifted) + 0.9 * change
            w = w - change
        found = descend(partial(nn.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=rho))[-1].tolist()
        due = (w - 0.9 * change).tolist()
        report.compare(f"W − μΔW after {STEPS} steps{label}", found, due, "the formula", digits=8,
                       slide="η(∇E(W + μΔW) + ρW) + μΔW")  # fmt: skip
    report.say("The parameters hold the shifted weights W − μΔW, so that the gradient is taken where the model is.")
    report.say("The slide shifts by +μΔW though its W := W − ΔW subtracts, and decays the unshifted W: both are "
               "brought to one sign and one place here.")  # fmt: skip
    report.see("In the picture Nesterov's path looks ahead: it turns before momentum alone does, and swings less.")
    names = {"momentum": False, "Nesterov": True}
    makers = {name: partial(nn.SGD, lr=0.1, momentum=0.9, nesterov=ahead) for name, ahead in names.items()}
    _show_bowl(report, {name: descend(make, 25) for name, make in makers.items()})


@row("nn.AdaGrad", "nn.AdaDelta")
def L4_15(report: Report) -> None:
    """Divide gradients by their own history: AdaGrad and AdaDelta.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.AdaGrad(w, lr=0.5), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> [round(optimizer.step(E), 4) for _ in range(6)], [round(v.data, 4) for v in w]
    ([4.125, 2.0, 1.1974, 0.7268, 0.4313, 0.2386], [0.7477, -0.9447])
    """

    def adagrad(w: Floats, kept: Any, mu: float, rho: float) -> Any:
        g = slope(w)
        G, before = kept or (np.zeros(2), np.zeros(2))
        G = G + g * g
        change = 0.5 * (g / (np.sqrt(G) + 1e-10) + rho * w) + mu * before
        return change, (G, change)

    def adadelta(w: Floats, kept: Any, mu: float, rho: float, beta: float) -> Any:
        g = slope(w)
        S, D, before = kept or (np.zeros(2), np.zeros(2), np.zeros(2))
        S = 0.9 * S + 0.1 * g * g
        step = np.sqrt(D + 1e-6) / np.sqrt(S + 1e-6) * g
        change = step + rho * w + mu * before
        return change, (S, beta * D + (1 - beta) * step * step, change)

    def by_the_slide(w: Floats, kept: Any) -> Any:
        S, D, before = kept or (np.zeros(2), np.zeros(2), np.zeros(2))
        S, D = 0.9 * S + 0.1 * slope(w) ** 2, 0.9 * D + 0.1 * before**2
        change = np.sqrt(D + 1e-6) / np.sqrt(S + 1e-6) * slope(w) + 0.01 * w + 0.5 * before
        return change, (S, D, change)

    report.say(
        "E = 2w₁² + w₁w₂ + ½w₂² − w₁, and ΔW := η(g + ρW) + μΔW, W := W − ΔW; η = 0.5 for AdaGrad, 1 for AdaDelta.",
        "AdaGrad: G := G + ∇E², g := ∇E/(√G + ε), ε = 10⁻¹⁰.",
        "AdaDelta: S := αS + (1 − α)∇E², g := √(D + ε)/√(S + ε)·∇E, then D := βD + (1 − β)g²; S₀ = D₀ = 0, ε = 10⁻⁶, "
        "α = β = 0.9 unless named.",
    )
    slide = "η(g + ρW) + μΔW"
    for label, mu, rho in (("AdaGrad", 0.0, 0.0), ("AdaGrad, μ = 0.5, ρ = 0.1", 0.5, 0.1)):
        make = partial(nn.AdaGrad, lr=0.5, momentum=mu, weight_decay=rho)
        _compare(report, label, make, partial(adagrad, mu=mu, rho=rho), slide)
    for label, mu, rho, beta in (
        ("AdaDelta", 0.0, 0.0, 0.9),
        ("AdaDelta, α = 0.9, β = 0.5", 0.0, 0.0, 0.5),
        ("AdaDelta, μ = 0.5, ρ = 0.01", 0.5, 0.01, 0.9),
    ):
        delta = partial(nn.AdaDelta, momentum=mu, weight_decay=rho, beta=beta)
        _compare(report, label, delta, partial(adadelta, mu=mu, rho=rho, beta=beta))
    slides, kept = START.copy(), None
    for _ in range(STEPS):
        change, kept = by_the_slide(slides, kept)
        slides = slides - change
    report.compare(f"w after {STEPS} steps, the slide's AdaDelta, μ = 0.5, ρ = 0.01", slides.tolist(), digits=8,
                   slide="D := βD + (1 − β)ΔW²")  # fmt: skip
    report.say("The slide averages ΔW²; here D averages g², as PyTorch does: the same when η = 1, μ = ρ = 0.")
    still = descend(lambda w: nn.AdaDelta(w, eps=0.0))[-1].tolist()
    report.compare("w of AdaDelta without the ε that the slide leaves out", still, START.tolist(), "where it began")
    _say_steps(report, "AdaGrad", descend(lambda w: nn.AdaGrad(w, lr=0.5)))
    _say_steps(report, "AdaDelta", descend(nn.AdaDelta))
    report.see("The first step of AdaGrad is η = 0.5 in both weights, whatever the slope: it starts at 45°.")
    first = float(np.abs(np.diff(descend(nn.AdaDelta, 1)[:, 0]))[0])
    report.compare("first step of AdaDelta", first, np.sqrt(1e-6 / 0.1), "√(ε/(1 − α))", digits=4, rounding=1e-6)
    report.say("AdaDelta creeps: its steps begin at √(ε/(1 − α)) and grow with what it has moved; 300 steps are drawn.")
    ways = {
        "AdaGrad, 25 steps": descend(lambda w: nn.AdaGrad(w, lr=0.5), 25),
        "AdaDelta, 300 steps": descend(nn.AdaDelta, 300),
    }
    _show_bowl(report, ways)


@row("nn.Newton", "nn.BFGS", "autograd.hessian")
def L4_16(report: Report) -> None:
    """Use the curvature: Newton's step ΔW = H⁻¹∇E, and BFGS, which learns H⁻¹ on the way.

    >>> import nn
    >>> from autograd import Value
    >>> from edgegrad.lectures.lecture4_optimizers import bowl
    >>> w = [Value(2.0, name="w1"), Value(-1.5, name="w2")]
    >>> optimizer, E = nn.Newton(w), nn.Objective.from_closure(w, lambda: bowl(w))
    >>> optimizer.step(E), [round(v.data, 4) for v in w]
    (4.125, [0.3333, -0.3333])
    """
    H = np.array(hessian(lambda a, b: bowl([a, b]), (0, 1))(*START.tolist()))
    report.compare("H, by backward through backward", H.ravel().tolist(), A.ravel().tolist(), "A", slide="∂²E/∂w_i∂w_j")
    newton = descend(nn.Newton, 1)
    report.compare("w after 1 step of Newton", newton[-1].tolist(), MINIMUM, "the minimum", digits=6, rounding=1e-9,
                   slide="ΔW = H⁻¹∇E")  # fmt: skip
    w = [Value(x) for x in START.tolist()]
    optimizer, objective = nn.BFGS(w, c1=1e-9, c2=1e-6), nn.Objective.from_closure(w, lambda: bowl(w))
    path = [START.tolist()]
    for k in range(1, 4):
        optimizer.step(objective)
        path.append([x.data for x in w])
        V = optimizer.state["V"].ravel().tolist()
        report.say(f"V of BFGS after step {k}: (" + ", ".join(f"{v:.4f}" for v in V).replace("-", "−") + ")")
    report.compare("w after 3 steps of BFGS", path[-1], MINIMUM, "the minimum", digits=6, rounding=1e-5)
    report.compare("its estimate of H⁻¹", V, np.linalg.inv(A).ravel().tolist(), "A⁻¹", digits=6, rounding=1e-4)
    mixed = np.eye(2)
    for before, after in itertools.pairwise(path[:3]):
        s, r = np.subtract(after, before), slope(np.array(after)) - slope(np.array(before))
        mixed = mixed - np.outer(mixed @ s, s @ mixed) / (s @ mixed @ s) + np.outer(r, r) / (s @ s)
    report.compare("the slide's formula after the same two steps", mixed.ravel().tolist(), digits=4)
    report.say(
        "The slide's BFGS mixes the updates of H and of H⁻¹, and divides rrᵀ by sᵀs where H's update has rᵀs: what it "
        "gives is neither H⁻¹ = (⅓, −⅓, −⅓, 4/3) nor H = (4, 1, 1, 1). Here V has the update of H⁻¹.",
    )
    report.see(
        "In the picture Newton needs one step; BFGS begins like steepest descent and is at the bottom after two."
    )
    _show_bowl(report, {"Newton": newton, "BFGS": np.array(path)})


@row("nn.LevenbergMarquardt", "autograd.explain")
def L4_17(report: Report) -> None:
    """Fit a curve by Levenberg–Marquardt: ΔW = (JᵀJ + μ diag(JᵀJ))⁻¹Jᵀe, J from the engine.

    >>> import nn
    >>> from autograd import Value, exp
    >>> w, points = [Value(1.0, name="w1"), Value(0.3, name="w2")], ((0, 2.1), (1, 1.1), (2, 0.8))
    >>> errors = nn.Objective.from_closure(w, residuals=lambda: [w[0] * exp(-w[1] * x) - y for x, y in points])
    >>> nn.LevenbergMarquardt(w, mu=1e-3).step(errors), [round(v.data, 4) for v in w]
    (0.7010535723780036, [2.0472, 0.6781])
    """
    x, y = [0.0, 1.0, 2.0, 3.0], [2.1, 1.1, 0.8, 0.3]
    w = [Value(1.0, name="w1"), Value(0.3, name="w2")]

    def errors() -> list[Value]:
        return [w[0] * (-w[1] * a).exp() - b for a, b in zip(x, y, strict=True)]

    objective = nn.Objective.from_closure(w, residuals=errors)
    e, J = objective.residuals_and_jacobian(np.array([1.0, 0.3]))
    decay = np.exp(-0.3 * np.array(x))
    report.compare("J by w1", J[:, 0].tolist(), decay.tolist(), "e^(−w₂x)", digits=6)
    report.compare("J by w2", J[:, 1].tolist(), (-np.array(x) * decay).tolist(), "−w₁x·e^(−w₂x)", digits=6)
    one = errors()[1]
    one.name = "e2"
    report.say(explain(one, w[1]))
    report.picture("entry", one.graph)
    normal = J.T @ J
    expected = [1.0, 0.3] - np.linalg.solve(normal + 1e-3 * np.diag(np.diag(normal)), J.T @ e)
    optimizer = nn.LevenbergMarquardt(w, mu=1e-3)
    grid = np.linspace(0.0, 3.5, 71)
    fits = {"start": np.exp(-0.3 * grid)}
    optimizer.step(objective)
    report.compare("w after a step", [p.data for p in w], expected.tolist(), "the formula", rounding=1e-9,
                   slide="(JᵀJ + μI)⁻¹Jᵀe")  # fmt: skip
    fits["1 step"] = w[0].data * np.exp(-w[1].data * grid)
    for _ in range(12):
        optimizer.step(objective)
    fits["13 steps"] = w[0].data * np.exp(-w[1].data * grid)
    report.compare("squared error where it ends", 2 * objective.value(np.array([p.data for p in w])), digits=5)
    report.say("The slide has e = d − o and J of that e, here e = o − d: both signs turn, and ΔW is the same.")
    report.see("In the picture one step does nearly all: curvature comes from J, without second derivatives.")
    report.picture("fit", lambda: pictures.curves(grid, fits, points=(x, y), title="w₁·exp(−w₂x)"))


def _steepest(steps: int) -> Floats:
    """Follow −∇E on the bowl as far as E falls, which is η = gᵀg/gᵀAg."""
    path = [START]
    for _ in range(steps):
        g = slope(path[-1])
        path.append(path[-1] - g * (g @ g) / (g @ A @ g))
    return np.array(path)
