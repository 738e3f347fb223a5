"""Rules read with symbols: what they may be written with, and that both backends do what they say."""

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value, dot, sqrt
from autograd.compiler.rules import read_rule


def written(rule, slots, nonzero):
    return [str(formula) for formula in read_rule(rule, slots, nonzero).results]


class TestReading:
    def test_formulas(self):
        assert written(lambda w, g, G, lr: (w - lr * g / (sqrt(G) + 1e-7), G + g * g), 1, [True]) == [
            "w − c0·g/(√s0 + 1e−07)", "s0 + g·g",
        ]  # fmt: skip

    def test_settings_that_are_zero_choose_a_branch(self):
        assert written(nn.SGD.rule, 1, [True, False, False, False, False]) == ["w − c0·g", "c0·g"]
        assert written(nn.SGD.rule, 1, [True, True, False, False, False]) == ["w − (c0·g + c1·s0)", "c0·g + c1·s0"]

    @pytest.mark.parametrize(
        ("rule", "reason"),
        [
            (
                lambda w, g, lr: (w - lr * g if g > 0 else w,),
                "'>' not supported between instances of 'Symbol' and 'int'",
            ),
            (lambda w, g, lr: (w if g else g,), "A symbol has no truth value: choose with autograd.where."),
            (lambda w, g, lr: (w - lr * np.sqrt(g),), "loop of ufunc does not support argument 0 of type Symbol"),
        ],
    )
    def test_what_cannot_be_read(self, rule, reason):
        with pytest.raises(CompileError) as raised:
            read_rule(rule, 0, [True])
        assert str(raised.value).startswith(
            "An optimiser's rule must be written with operators and autograd's own functions, and must not branch on "
            f"its weights: choose with where, greater and equal. Here: {reason}"
        )

    def test_as_many_results_as_slots(self):
        with pytest.raises(CompileError) as raised:
            read_rule(lambda w, g, m, lr: (w - lr * g,), 1, [True])
        assert str(raised.value) == (
            "An optimiser's rule that is given 1 slot(s) must return the new weight and as many slots, not 1 number(s)."
        )


def moved(rule, slots, settings, backend, dtype="float64"):
    """Take steps along given gradients: those of g·w by w are g."""
    random = np.random.default_rng(0)
    w = [Value(0.0) for _ in range(4)]
    program = autograd.compile(lambda g: dot(g, w), [0.0] * 4, parameters=w, backend=backend, dtype=dtype)
    settings = np.array(settings, dtype=float)
    return program.descend(
        random.normal(size=(len(settings), 4)), order=np.arange(len(settings)), batch=1, weights=random.normal(size=4),
        rule=rule, slots=np.full((slots, 4), 0.5), settings=settings,
    )  # fmt: skip


def test_a_rule_typed_at_the_prompt(backend):
    """It has no source file, as a lambda has not."""
    names = {}
    exec("rule = lambda w, g, m, lr: (w - lr * (0.5 * m + g), 0.5 * m + g)", names)
    found = moved(names["rule"], 1, [[0.1]] * 3, backend)

    def same(w, g, m, lr):
        m = 0.5 * m + g
        return w - lr * m, m

    np.testing.assert_array_equal(found.weights, moved(same, 1, [[0.1]] * 3, backend).weights)


def test_a_setting_that_is_zero_in_some_steps(backend):
    """Each step takes the branch of its own settings."""

    def rule(w, g, m, lr, momentum):
        m = g + momentum * m if momentum else 0.0 * g + 7.0
        return w - lr * g, m

    found = moved(rule, 1, [[0.1, 0.5], [0.1, 0.5], [0.1, 0.0]], backend)
    assert found.slots.tolist() == [[7.0] * 4]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *[
            (kind, {})
            for kind in (nn.SGD, nn.QuickProp, nn.RProp, nn.RMSProp, nn.Adam, nn.AdamW, nn.AdaGrad, nn.AdaDelta)
        ],
        (nn.RMSProp, {"momentum": 0.9, "centered": True}),
        (nn.RMSProp, {"momentum": 0.9, "weight_decay": 0.1}),
        (nn.Adam, {"amsgrad": True}),
    ],
)
def test_the_optimisers_take_the_steps_of_their_rule(backend, dtype, kind, options):
    optimizer = kind(nn.Layer(1, 1).parameters(), **options)
    slots, settings = len(optimizer.slots), [[float(x) for x in optimizer.settings(t)] for t in range(1, 9)]
    found = moved(kind.rule, slots, settings, backend, dtype)
    random = np.random.default_rng(0)
    gradients, w = (array.astype(dtype) for array in (random.normal(size=(8, 4)), random.normal(size=4)))
    remembered = list(np.full((slots, 4), 0.5, dtype))
    for g, now in zip(gradients, settings, strict=True):
        w, *remembered = kind.rule(w, g, *remembered, *now)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(found.weights, w, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found.slots, np.array(remembered), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda w, g, lr: w - lr * g, "An optimiser's rule must return a tuple of the new weight and of what it "
         "remembers, not one number: end it with `return (w,)`."),
        (lambda w, g, lr: None, "An optimiser's rule must return a tuple of the new weight and of what it remembers, "
         "not None: end it with `return (w,)`."),
        (lambda w, g, lr: (w - lr * g, g), "An optimiser's rule that is given 0 slot(s) must return the new weight and "
         "as many slots, not 2 number(s)."),
        (lambda w, g, lr: (), "An optimiser's rule that is given 0 slot(s) must return the new weight and as many "
         "slots, not 0 number(s)."),
    ],
)  # fmt: skip
def test_what_a_rule_returns_is_checked(rule, message, backend):
    w = Value(0.5, "w", parameter=True)
    program = autograd.compile(lambda x: (w * x - 1) ** 2, 0.0, parameters=[w], backend=backend)
    with pytest.raises(CompileError) as refusal:
        program.descend(
            np.array([1.0, 2.0]), order=np.array([0, 1]), batch=1, weights=np.array([0.5]), rule=rule,
            slots=np.zeros((0, 1)), settings=np.full((2, 1), 0.1), frozen=None,
        )  # fmt: skip
    assert str(refusal.value) == message
