"""The sweep: properties on random graphs, PyTorch as a second opinion, depth, and sweeps that fail."""

import gc
import math
import sys
import threading
import tracemalloc
from contextlib import suppress

import pytest
from effort import THOROUGH
from hypothesis import given
from hypothesis import strategies as st
from oracles import torch_apply

import autograd
from autograd import (
    CATALOGUE,
    DomainError,
    NoGradientError,
    NonFiniteGradientError,
    OperandTypeError,
    StaleGraphError,
    Value,
    gradients,
    no_grad,
)
from autograd.op import Op
from autograd.testing.strategies import expressions, networks

DEEP = 1_000_000 if THOROUGH else 200_000
PROGRAMS = expressions() | networks()


def grads(y, leaves, **options):
    for leaf in leaves:
        leaf.grad = None
    y.backward(**options)
    return [leaf.grad for leaf in leaves]


def near(numbers, rel=1e-12):
    """Compare sums of products relative to the largest."""
    return pytest.approx(numbers, rel=rel, abs=rel * max(map(abs, numbers), default=0.0))


def reached(y, leaves):
    """The leaves that the program uses: the others have no gradient at all."""
    return [leaf for leaf in leaves if leaf in y.graph()]


class TestRandomGraphs:
    # A power of two scales every flow without rounding, whatever cancels in their sum.
    @given(PROGRAMS, st.sampled_from([-4.0, -2.0, -1.0, -0.5, 0.25, 0.5, 2.0, 4.0]))
    def test_linear_in_the_seed(self, program, seed):
        leaves = program.values()
        y = program(*leaves)
        leaves = reached(y, leaves)
        assert grads(y, leaves, seed=seed) == near([seed * slope for slope in grads(y, leaves)], 1e-14)

    @given(PROGRAMS, st.data())
    def test_linear_in_the_output(self, program, data):
        leaves = program.values()
        f = program(*leaves)
        g = data.draw(st.sampled_from(f.graph().nodes))
        together = gradients(3.0 * f - 2.0 * g, leaves)
        for now, a, b in zip(together, gradients(f, leaves), gradients(g, leaves), strict=True):
            assert now == pytest.approx(3.0 * a - 2.0 * b, abs=1e-12 * (3.0 * abs(a) + 2.0 * abs(b)))

    @given(PROGRAMS)
    def test_two_passes_are_exactly_twice_one(self, program):
        leaves = program.values()
        y = program(*leaves)
        leaves = reached(y, leaves)
        once = grads(y, leaves)
        interior = [node.grad for node in y.graph() if not node.is_leaf]
        y.backward()
        assert [leaf.grad for leaf in leaves] == [2.0 * slope for slope in once]
        assert [node.grad for node in y.graph() if not node.is_leaf] == interior

    @given(PROGRAMS)
    def test_four_ways_to_one_gradient(self, program):
        leaves = program.values()
        y = program(*leaves)
        plain = gradients(y, leaves)
        assert [slope.data for slope in gradients(y, leaves, create_graph=True)] == near(plain, 1e-14)
        used = reached(y, leaves)
        assert grads(y, used) == [slope for slope, leaf in zip(plain, leaves, strict=True) if leaf in set(used)]
        assert autograd.grad(lambda xs: program(*xs))(list(program.point)) == plain

    @given(PROGRAMS)
    def test_each_adjoint_is_the_sum_over_the_edges_above(self, program):
        """Lecture L5.4: E_α = Σ_β E_β·∂β/∂α."""
        y = program(*program.values())
        y.backward()
        graph = y.graph()
        for node in graph:
            flows = [edge.flow for edge in graph.edges if edge.operand is node]
            assert node.grad == pytest.approx(math.fsum(flows) + (node is y), rel=1e-12, abs=1e-13)

    @given(PROGRAMS)
    def test_gradients_leaves_grad_alone(self, program):
        leaves = program.values()
        y = program(*leaves)
        for place, leaf in enumerate(leaves):
            leaf.grad = float(place) if place % 2 else None
        before = [leaf.grad for leaf in leaves]
        gradients(y, leaves)
        gradients(y, leaves, create_graph=True)
        assert [leaf.grad for leaf in leaves] == before

    @given(expressions(operations=[op for op in CATALOGUE if op.name not in ("cbrt", "gelu")]) | networks())
    def test_pytorch_agrees(self, program):
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        leaves = program.values()
        y = program(*leaves)
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.point]
        other = program.run(tensors, torch_apply)
        assert y.data == pytest.approx(other.item(), rel=1e-12, abs=1e-12)
        if not other.requires_grad:
            return
        due = torch.autograd.grad(other, tensors, allow_unused=True)
        largest = max([1.0, *(abs(s) for node in y.graph().nodes for s in node.slopes if s is not None)])
        due = [0.0 if g is None else float(g) for g in due]
        assert gradients(y, leaves) == pytest.approx(due, rel=1e-9, abs=1e-15 * largest)

    @given(networks())
    def test_operands_may_come_in_any_order(self, program):
        """Σ wᵢxᵢ is the same when its terms are turned round, and so is each gradient."""

        def turned(op, operands):
            if op is not autograd.dot:
                return op.apply(operands)
            half = len(operands) // 2
            return op.apply((*operands[:half][::-1], *operands[half : 2 * half][::-1], *operands[2 * half :]))

        one, other = program.values(), program.values()
        y, z = program(*one), program.run(other, turned)
        assert z.data == pytest.approx(y.data, rel=1e-13, abs=1e-14)
        assert gradients(z, other) == near(gradients(y, one))


class TestSharedNodes:
    def test_the_same_operand_twice(self):
        x = Value(3.0)
        (x * x).backward()
        assert x.grad == 6.0

    def test_diamonds(self):
        x = Value(1.5)
        y = x
        for _ in range(60):
            y = y + y
        assert gradients(y, [x]) == [2.0**60]
        a = x * 2.0
        b = a * x + a
        assert (a.data, b.data) == (3.0, 7.5)
        assert gradients(a * b, [x, a, b]) == [3.0 * 3.0 + 2.0 * 15.0, 7.5 + 3.0 * 2.5, 3.0]

    def test_interior_nodes_show_their_adjoint(self):
        x = Value(2.0)
        a = x * x
        y = a * 3.0
        y.backward(0.5)
        assert (y.grad, a.grad, x.grad) == (0.5, 1.5, 6.0)
        (a * 2.0).backward()
        assert (y.grad, a.grad, x.grad) == (0.5, 2.0, 14.0)


class TestGradients:
    def test_of_anything_in_the_graph(self):
        x, w = Value(3.0), Value(2.0)
        a = x * w
        y = a * a + x
        assert gradients(y, [x, a, y, w, x]) == [25.0, 12.0, 1.0, 36.0, 25.0]
        assert gradients(x, [x]) == [1.0]
        assert gradients(x, [w, x, a]) == [0.0, 1.0, 0.0]
        assert gradients(y, []) == []
        assert gradients(y, (v for v in [x])) == [25.0]

    def test_of_anything_in_the_graph_as_graphs(self):
        x, w = Value(3.0), Value(2.0)
        a = x * w
        y = a * a + x
        slopes = gradients(y, [x, a, y, w, x, Value(1.0)], create_graph=True)
        assert all(isinstance(slope, Value) for slope in slopes)
        assert [slope.data for slope in slopes] == [25.0, 12.0, 1.0, 36.0, 25.0, 0.0]
        assert gradients(slopes[0], [x, w]) == [8.0, 24.0]
        assert gradients(slopes[1], [x, a]) == [4.0, 2.0]
        assert gradients(slopes[2], [x]) == [0.0]
        assert gradients(slopes[5], [x]) == [0.0]
        assert [slope.data for slope in gradients(x, [x, w], create_graph=True)] == [1.0, 0.0]

    def test_of_a_frozen_leaf(self):
        x = Value(3.0, requires_grad=False)
        assert gradients(x * x, [x]) == [6.0]
        [slope] = gradients(x * x, [x], create_graph=True)
        assert slope.data == 6.0
        assert x.grad is None

    def test_interior_grad_of_another_graph_stays(self):
        x = Value(3.0)
        other = x * 5.0
        other.backward()
        assert gradients(x * x, [other, x]) == [0.0, 6.0]
        assert (other.grad, x.grad) == (1.0, 5.0)

    def test_what_is_refused(self):
        x = Value(1.0)
        again = " With create_graph=True a gradient is a Value, to be differentiated again."
        for call, kind, hint in (
            (lambda: gradients(gradients(x * x, [x])[0], [x]), "float", again),
            (lambda: gradients(x * x, [2.0]), "float", ""),
            (lambda: gradients(gradients(x * x, [x]), [x]), "list", again),
        ):
            with pytest.raises(OperandTypeError) as raised:
                call()
            assert str(raised.value) == (
                f"gradients(y, xs) works on Values, not on {kind}: pass the Values of a recorded graph, or use grad "
                f"for a function of numbers.{hint}"
            )
        with pytest.raises(OperandTypeError):
            gradients(x * x, x)


class TestCreateGraph:
    def test_higher_orders(self):
        x = Value(2.0)
        y = x**5
        due = [32.0, 80.0, 160.0, 240.0, 240.0, 120.0, 0.0, 0.0]
        for value in due:
            assert y.data == value
            [y] = gradients(y, [x], create_graph=True)

    def test_gradients_accumulate_as_graphs(self):
        x = Value(2.0)
        (x**3).backward(create_graph=True)
        first = x.grad
        assert (first.data, type(first)) == (12.0, Value)
        (x**3).backward(create_graph=True)
        assert x.grad.data == 24.0
        (x**2).backward()
        assert float(x.grad) == 28.0
        assert gradients(first, [x]) == [12.0]
        x.grad = None

    @pytest.mark.parametrize(
        "f", [autograd.step, autograd.sign, lambda x: x * 0.0, lambda x: 0.0 * autograd.exp(x), lambda x: x**0]
    )
    def test_a_gradient_of_zero_is_zero_and_not_missing(self, f):
        for create_graph in (False, True):
            x = Value(2.0)
            y = f(x)
            y.backward(create_graph=create_graph)
            assert float(x.grad) == 0.0
            assert isinstance(x.grad, Value if create_graph else float)
            assert all(node.grad is not None for node in y.graph())

    def test_a_zero_adjoint_still_has_derivatives(self):
        a, x = Value(0.0), Value(0.5)
        y = a * autograd.sin(x)
        slope_a, slope_x = gradients(y, [a, x], create_graph=True)
        assert slope_x.data == 0.0
        assert gradients(slope_x, [a, x]) == [math.cos(0.5), 0.0]
        assert gradients(slope_a, [x]) == [math.cos(0.5)]
        y.backward(create_graph=True)
        assert gradients(x.grad, [a]) == [math.cos(0.5)]
        a.grad = x.grad = None

    @pytest.mark.parametrize("seed", [0.0, 1.0, -2.0])
    def test_the_seed(self, seed):
        x = Value(2.0)
        (x**3).backward(seed, create_graph=True)
        assert x.grad.data == 12.0 * seed
        assert gradients(x.grad, [x]) == [12.0 * seed]
        x.grad = None

    def test_adjoints_of_one_need_no_product(self):
        x, y = Value(2.0), Value(3.0)
        [slope] = gradients(x * y + 1.0, [x], create_graph=True)
        assert slope is y
        both = gradients((x + y) * 1.0 + x, [x, y], create_graph=True)
        assert [slope.data for slope in both] == [2.0, 1.0]
        fan = x + x
        assert gradients(fan + fan, [x], create_graph=True)[0].data == 4.0

    def test_under_no_grad_gradients_are_constants(self):
        x = Value(2.0)
        y = x**3
        with no_grad():
            [slope] = gradients(y, [x], create_graph=True)
        assert (slope.data, slope.requires_grad) == (12.0, False)

    @given(PROGRAMS)
    def test_the_hessian_is_symmetric(self, program):
        leaves = program.values()
        rows = [gradients(slope, leaves) for slope in gradients(program(*leaves), leaves, create_graph=True)]
        size = max(abs(x) for row in rows for x in row)
        for row, column in zip(rows, zip(*rows, strict=True), strict=True):
            assert row == pytest.approx(list(column), rel=1e-9, abs=1e-10 * size)


class TestStaleGraphs:
    def test_the_sentence(self):
        x = Value(2.0, name="x")
        y = autograd.log(x) * 2.0
        x.data = 3.0
        assert gradients(y, [x]) == [1.0]
        with pytest.raises(StaleGraphError) as raised:
            gradients(y, [x], create_graph=True)
        assert str(raised.value) == (
            "v1 = 0.693147 (log) was recorded before a leaf it was computed from was assigned (now x = 3). Its own "
            "slopes still hold, but second derivatives need the graph of the new numbers: compute it again."
        )
        with pytest.raises(StaleGraphError):
            y.backward(create_graph=True)
        assert x.grad is None

    def test_of_many_leaves_four_are_named(self):
        leaves = [Value(float(i), name=f"x{i}") for i in range(6)]
        y = autograd.total(leaves)
        leaves[0].data = 9.0
        with pytest.raises(StaleGraphError, match=r"\(now x0 = 9, x1 = 1, x2 = 2, x3 = 3\)"):
            gradients(y * y, leaves, create_graph=True)

    @pytest.mark.parametrize("number", [-1.0, 0.0, math.inf, 1e308])
    def test_whatever_the_leaf_is_now(self, number):
        """Also where the operation would be an error at the new number."""
        for f in (autograd.log, autograd.sqrt, lambda x: 1.0 / x, lambda x: x**0.5, autograd.exp, autograd.sinh):
            x = Value(2.0)
            y = f(x)
            x.data = number
            with pytest.raises(StaleGraphError):
                gradients(y, [x], create_graph=True)

    def test_the_same_number_again_is_fresh(self):
        x = Value(2.0)
        y = x**3
        x.data = 2.0
        assert gradients(gradients(y, [x], create_graph=True)[0], [x]) == [12.0]

    @given(expressions(smooth=False))
    def test_a_graph_that_nobody_touched_is_fresh(self, program):
        leaves = program.values()
        with suppress(ArithmeticError, DomainError):  # StaleGraphError is neither
            gradients(program(*leaves), leaves, create_graph=True)


class TestNothingToDo:
    @pytest.mark.parametrize("create_graph", [False, True])
    def test_sentences(self, create_graph):
        frozen = Value(2.0, name="x", requires_grad=False)
        with no_grad():
            made = Value(2.0) * 3.0
        advice = "Compute it outside no_grad(), from a leaf whose requires_grad is True."
        leaf = "it is a frozen leaf: detached, made under no_grad(), or with requires_grad=False"
        for y, described, why in (
            (frozen, "x = 2", leaf),
            (made, "6", leaf),
            ((Value(1.0) * 2.0).detach(), "2", leaf),
            (frozen * 3.0, "mul = 6", "every leaf it was computed from is frozen or a plain number"),
        ):
            with pytest.raises(NoGradientError) as raised:
                y.backward(create_graph=create_graph)
            assert str(raised.value) == f"backward() of {described} has nothing to compute: {why}. {advice}"
            assert y.grad is None
        assert frozen.grad is None

    def test_a_leaf_may_be_the_root(self):
        x = Value(2.0)
        x.backward()
        x.backward(3.0)
        assert x.grad == 4.0
        x.grad = None
        x.backward(create_graph=True)
        assert float(x.grad) == 1.0


class TestFailures:
    SENTENCE = (
        "The gradient stops being finite at v1 = 0 (sqrt): sqrt has slope ∞ with respect to x = 0, where its operands "
        "are x = 0 and its own gradient is 3. Move the operand off that point, or choose another branch there with "
        "where. No gradient was changed."
    )

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_the_first_edge_is_named(self, create_graph):
        x, w = Value(0.0, name="x"), Value(1.0)
        y = 3.0 * autograd.sqrt(x) + w * 2.0
        x.grad, w.grad = 7.0, None
        with pytest.raises(NonFiniteGradientError) as raised:
            y.backward(create_graph=create_graph)
        assert str(raised.value) == self.SENTENCE
        assert (x.grad, w.grad) == (7.0, None)
        with pytest.raises(NonFiniteGradientError) as raised:
            gradients(y, [x], create_graph=create_graph)
        assert str(raised.value) == self.SENTENCE
        assert [float(g) for g in gradients(y, [w], create_graph=create_graph)] == [2.0]
        assert (x.grad, w.grad) == (7.0, None)
        (w * 2.0).backward()
        assert w.grad == 2.0

    def test_an_overflow_of_products(self):
        x = Value(1e-200, name="x")
        y = x * 1e200 * 1e200
        with pytest.raises(NonFiniteGradientError, match=r"^The gradient stops being finite at v1 = 1 \(mul\)"):
            y.backward()
        assert x.grad is None

    def test_an_overflow_of_the_sum(self):
        a = Value(0.5, name="a")
        with pytest.raises(NonFiniteGradientError) as raised:
            (a * 1e308 + a * 1e308).backward()
        assert str(raised.value) == (
            "The gradient stops being finite at a = 0.5: the sum over the edges that lead away from it is larger than "
            "the largest float, 1.8e308. Scale the output down. No gradient was changed."
        )
        assert a.grad is None

    def test_what_nobody_asks_for_is_not_reported(self):
        """A frozen leaf whose sum overflows stands nearer to the output than the edge at fault."""
        x, frozen = Value(0.0, name="x"), Value(0.5, name="frozen", requires_grad=False)
        y = 3.0 * autograd.sqrt(x) + (frozen * 1e308 + frozen * 1e308)
        with pytest.raises(NonFiniteGradientError) as raised:
            y.backward()
        assert str(raised.value) == self.SENTENCE

    def test_large_gradients_of_several_leaves_are_no_overflow(self):
        a, b = Value(0.5), Value(0.5)
        (a * 1.5e308 + b * 1.5e308 - 1.4e308).backward()
        assert (a.grad, b.grad) == (1.5e308, 1.5e308)

    def test_numbers_that_were_not_finite_are_no_anomaly(self):
        x = Value(math.inf)
        (x * x).backward()
        assert x.grad == math.inf
        y = Value(math.nan)
        (y * 2.0 + y * y).backward()
        assert math.isnan(y.grad)
        z = Value(2.0)
        (z * 3.0).backward(math.inf)
        assert z.grad == math.inf

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_a_frozen_leaf_at_a_singular_point(self, create_graph):
        """Nothing is asked for there, so nothing is wrong."""
        w, zero = Value(2.0), Value(0.0, requires_grad=False)
        y = w * (1.0 + autograd.sqrt(zero)) + autograd.sqrt(zero * 2.0)
        y.backward(create_graph=create_graph)
        assert float(w.grad) == 1.0
        base, exponent = Value(-3.0), Value(2.0, requires_grad=False)
        (base**exponent).backward(create_graph=create_graph)
        assert float(base.grad) == -6.0

    @pytest.mark.parametrize("when", ["order", "deliver", "accumulate"])
    def test_an_interrupted_sweep_leaves_the_graph_usable(self, when, monkeypatch):
        from autograd import backward

        if autograd.__compiled__ and when != "accumulate":
            pytest.skip("a compiled function calls the others by their addresses: none can be put in their place")
        x, w = Value(2.0), Value(3.0)
        y = (x * w + x) * w
        y.backward()
        before = (x.grad, w.grad)

        class Interrupting(float):
            """An adjoint that is interrupted when something is added to it."""

            def __add__(self, other):
                raise KeyboardInterrupt

            __radd__ = __iadd__ = __add__

        with monkeypatch.context() as patched:
            if when == "order":
                patched.setattr(backward, "_order", lambda root, leaves: (_ for _ in ()).throw(KeyboardInterrupt))
            elif when == "deliver":
                original = backward._order

                def order(root, leaves):
                    found = original(root, leaves)
                    found[0]._grad = Interrupting(0.0)
                    return found

                patched.setattr(backward, "_order", order)
            else:
                w._grad = Interrupting(before[1])
            with pytest.raises(KeyboardInterrupt):
                y.backward()
        assert (x.grad, float(w.grad)) == before
        assert all(node._pending == 0 for node in y.graph())
        w.grad = before[1]
        y.backward()
        assert (x.grad, w.grad) == (2 * before[0], 2 * before[1])

    def test_a_rule_that_fails_in_the_sweep(self):
        bad = Op("bad", lambda x, y, z: x, [lambda out, *xs: 1.0] * 3)
        x, y, z = Value(1.0), Value(2.0), Value(3.0)
        node = bad(x, y, z)
        object.__setattr__(node, "_y", (1.0, 1.0))  # a slope too few
        top = node * x
        with pytest.raises(ValueError):
            top.backward()
        assert (x.grad, y.grad, z.grad) == (None, None, None)
        assert x._pending == y._pending == z._pending == 0


def test_threads_may_share_leaves():
    w = Value(2.0)
    errors = []

    def work(number):
        for i in range(30):
            x = Value(0.01 * number + 0.001 * i)
            y = w * x
            for _ in range(500):
                y = y * w * 0.5
            if gradients(y, [w, x]) != pytest.approx([501.0 * x.data, 2.0], rel=1e-12):
                errors.append(number)
            y.backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors
    inputs = [0.01 * number + 0.001 * i for number in range(4) for i in range(30)]
    assert w.grad == pytest.approx(501.0 * math.fsum(inputs), rel=1e-12)


class TestDepth:
    def test_a_chain(self):
        x = Value(1.0)
        y = x
        for _ in range(DEEP):
            y = y + 1e-6
        y.backward()
        assert x.grad == 1.0
        [slope] = gradients(y, [x], create_graph=True)
        assert slope.data == 1.0

    def test_a_sum(self):
        xs = [Value(float(i)) for i in range(DEEP)]
        y = sum(xs)
        y.backward(2.0)
        assert all(x.grad == 2.0 for x in xs)
        assert gradients(autograd.total(xs), xs[:2]) == [1.0, 1.0]

    def test_nothing_is_left(self):
        def run():
            y = x = Value(1.0)
            for _ in range(DEEP):
                y = y * 1.0000001
            y.backward()
            return x.grad

        run()
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            run()
            left, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
        assert left < 20_000
        assert peak < 400 * DEEP  # bytes a node, the sweep's own lists included
