"""The state of the running code: each thread and task has its own, and blocks nest."""

import asyncio
import threading

import pytest

import autograd
from autograd import Value, grad, no_grad, scope
from autograd.context import current, enable_grad


def run_in_turns(first, second):
    """Run two generators in two threads, step by step in turn, and raise what either of them raised."""
    turn, errors = threading.Barrier(2, timeout=10), []

    def run(steps, mine):
        try:
            done = False
            for tick in range(12):
                turn.wait()
                if tick % 2 == mine and not done:
                    done = next(steps, "done") == "done"
        except Exception as error:
            turn.abort()
            errors.append(error)

    threads = [threading.Thread(target=run, args=(steps(), mine)) for mine, steps in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def run_tasks(coroutine):
    """Run a coroutine in a thread of its own: that of the tests may have a running loop, of a browser's tests, say."""
    results = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    [result] = results
    return result


def test_overlapping_scopes_of_two_threads_do_not_mix():
    def first():
        with scope("a"):
            yield
            assert (Value(1.0) + 1.0).scope == "a"
            yield
            assert Value(1.0).scope == "a"
        assert Value(1.0).scope is None
        yield
        assert (Value(1.0) + 1.0).scope is None

    def second():
        assert Value(1.0).scope is None
        with scope("b"), scope("c"):
            yield
            assert (Value(1.0) * 2.0).scope == "b/c"
            yield
        assert Value(1.0).scope is None
        yield
        assert (Value(1.0) * 2.0).scope is None

    run_in_turns(first, second)
    assert Value(1.0).scope is None


def test_a_thread_pauses_recording_for_itself():
    def paused():
        with no_grad():
            yield
            assert (Value(1.0) + 1.0).is_leaf
            yield
        yield

    def recorded():
        yield
        assert not (Value(1.0) + 1.0).is_leaf
        yield

    run_in_turns(paused, recorded)


def test_a_thread_traces_for_itself():
    x, outside = Value(3.0), []

    def f(v):
        thread = threading.Thread(target=lambda: outside.append((float(x * x), (x * x).op)))
        thread.start()
        thread.join()
        return v * v

    assert autograd.compile(f, 2.0)(5.0) == 25.0
    assert outside == [(9.0, autograd.mul)] * len(outside) != []


def test_tasks_of_one_thread_do_not_mix():
    async def label(name):
        with scope(name):
            await asyncio.sleep(0)
            made = (Value(1.0) + 1.0).scope
            await asyncio.sleep(0)
        return made

    async def both():
        return await asyncio.gather(label("a"), label("b"))

    assert run_tasks(both()) == ["a", "b"]
    assert current().outer is None


def test_blocks_nest_and_leave_the_state_as_it_was():
    with scope("outer"), no_grad():
        assert Value(1.0).scope == "outer"
        with enable_grad(), scope("inner"):
            y = Value(1.0) + 1.0
            assert (y.scope, y.is_leaf) == ("outer/inner", False)
        assert (Value(1.0) + 1.0).is_leaf
        assert grad(lambda x: x * x)(3.0) == 6.0
    assert current().outer is None
    with pytest.raises(ZeroDivisionError), scope("failed"):
        raise ZeroDivisionError
    assert current().outer is None


def test_a_decorator_may_be_entered_again_before_it_is_left():
    depth = []

    @scope("f")
    def f(n):
        depth.append(Value(1.0).scope)
        if n:
            f(n - 1)
        assert Value(1.0).scope == depth[-1 - n]

    f(2)
    assert depth == ["f", "f/f", "f/f/f"]


def test_a_generator_may_be_closed_where_it_was_not_entered():
    def labelled():
        with scope("g"):
            yield Value(1.0).scope

    steps, entered = labelled(), []
    thread = threading.Thread(target=lambda: entered.append(next(steps)))
    thread.start()
    thread.join()
    assert entered == ["g"]
    steps.close()
    assert Value(1.0).scope is None
    assert current().outer is None


class TestBlocksThatEndOutOfOrder:
    """A generator's block ends when the generator does, which may be inside or after other blocks."""

    @staticmethod
    def paused_in(block):
        def steps():
            with block:
                yield

        generator = steps()
        next(generator)
        return generator

    def test_a_label_that_ends_inside_no_grad(self):
        part = self.paused_in(scope("part"))
        with no_grad():
            part.close()
            y = Value(1.0) + 1.0
            assert (y.is_leaf, y.scope) == (True, None)
        assert not (Value(1.0) + 1.0).is_leaf
        assert current().outer is None

    def test_no_grad_that_ends_inside_a_label(self):
        pause = self.paused_in(no_grad())
        with scope("s"):
            assert (Value(1.0) + 1.0).is_leaf
            pause.close()
            y = Value(1.0) + 1.0
            assert (y.is_leaf, y.scope) == (False, "s")
        assert current().outer is None

    def test_a_label_that_ends_after_the_one_inside_it(self):
        outer = self.paused_in(scope("outer"))
        inner = self.paused_in(scope("inner"))
        assert Value(1.0).scope == "outer/inner"
        outer.close()
        assert Value(1.0).scope == "inner"
        inner.close()
        assert current().outer is None

    def test_in_a_thread_with_a_block_of_its_own(self):
        part, seen = self.paused_in(no_grad()), []

        def close():
            with no_grad():
                part.close()
                seen.append((Value(1.0) + 1.0).is_leaf)
            seen.append((Value(1.0) + 1.0).is_leaf)

        thread = threading.Thread(target=close)
        thread.start()
        thread.join()
        assert seen == [True, False]
        enter = current()
        while enter.outer is not None:  # of this thread: the generator was closed in another
            enter.block.__exit__()
            enter = current()


class TestFunctionsThatRunInParts:
    """A decorated generator or coroutine computes inside the block, and leaves those it is interleaved with alone."""

    def test_a_generator(self):
        x = Value(2.0)

        @no_grad()
        def powers(count):
            """Yield powers of x."""
            y = x
            for _ in range(count):
                sent = yield y
                y = y * x if sent is None else y * sent
            return y * x

        steps = powers(3)
        assert (powers.__name__, powers.__doc__) == ("powers", "Yield powers of x.")
        assert next(steps) is x
        assert (x * x).requires_grad
        assert not next(steps).requires_grad
        assert (x * x).requires_grad
        assert steps.send(10.0).data == 40.0
        with pytest.raises(StopIteration) as ended:
            next(steps)
        assert (ended.value.value.data, ended.value.value.requires_grad) == (160.0, False)
        assert [y.data for y in powers(3)] == [2.0, 4.0, 8.0]

    def test_a_generator_that_is_thrown_into_or_closed(self):
        x, seen = Value(2.0), []

        @no_grad()
        def g():
            try:
                yield 1
            except KeyError:
                yield x * x
            finally:
                seen.append((x * x).requires_grad)

        steps = g()
        next(steps)
        assert not steps.throw(KeyError("k")).requires_grad
        steps.close()
        steps = g()
        next(steps)
        steps.close()
        steps = g()
        next(steps)
        with pytest.raises(ValueError, match="other"):
            steps.throw(ValueError("other"))
        assert seen == [False, False, False]
        assert (x * x).requires_grad

    def test_a_generator_of_labelled_values(self):
        @scope("part")
        def made():
            yield Value(1.0)

        assert next(made()).scope == "part"
        assert Value(1.0).scope is None

    def test_a_coroutine(self):
        x = Value(2.0)

        @no_grad()
        async def squares(waits):
            await asyncio.sleep(waits)
            return x * x

        async def other():
            await asyncio.sleep(0)
            return x * x

        async def both():
            return await asyncio.gather(squares(0.01), other())

        inside, outside = run_tasks(both())
        assert (inside.requires_grad, outside.requires_grad) == (False, True)

    def test_an_asynchronous_generator_is_refused(self):
        with pytest.raises(TypeError) as raised:

            @no_grad()
            async def steps():
                yield 1

        assert str(raised.value) == (
            "no_grad cannot decorate the asynchronous generator steps: write `with no_grad(…):` inside it, around what "
            "is computed between its yields."
        )
