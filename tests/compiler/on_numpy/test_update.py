"""Rules applied in place give what they give out of place, also where they remember a weight as it was."""

import numpy as np
import pytest

import nn
from autograd.compiler.on_numpy.update import BLOCK, compile_update


def applied(rule, slots, settings, n=5, dtype=np.float64):
    random = np.random.default_rng(0)
    arrays = [random.uniform(0.5, 2.0, n).astype(dtype) for _ in range(2 + slots)]
    due = [np.array(x) for x in rule(*arrays, *settings)]
    compile_update(rule, slots, [x != 0.0 for x in settings], np.dtype(dtype))(arrays, settings)
    return [arrays[0], *arrays[2:]], due


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 7, BLOCK - 1, BLOCK + 3])
@pytest.mark.parametrize(
    "kind", [nn.RMSProp, nn.SGD, nn.Adam, nn.AdamW, nn.AdaGrad, nn.AdaDelta, nn.RProp, nn.QuickProp]
)
def test_the_optimisers(kind, n, dtype):
    optimizer = kind(nn.Layer(1, 1).parameters())
    found, due = applied(optimizer.rule, len(optimizer.slots), [float(x) for x in optimizer.settings(3)], n, dtype)
    for one, other in zip(found, due, strict=True):
        assert one.dtype == dtype
        if other.dtype == dtype:
            np.testing.assert_array_equal(one, other)
        else:  # brackets of float32 arrays are float64
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=2e-6)


def old_weight(w, g, before, lr):
    return w - lr * g, w


def exchange(w, g, s, lr):
    return s - lr * g, w


def constant(w, g, s, lr):
    return 0.0 * w, 1.0


@pytest.mark.parametrize("rule", [old_weight, exchange, constant])
def test_what_is_remembered_is_not_written_over_before_it_is_read(rule):
    found, due = applied(rule, 1, [0.1])
    for one, other in zip(found, due, strict=True):
        np.testing.assert_array_equal(one, np.broadcast_to(other, one.shape))
