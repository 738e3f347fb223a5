"""The collector is held while the library records, and afterwards it is as it was."""

import contextlib
import gc
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import autograd
from autograd import Value, collector
from autograd.collector import HELD, hold_collector
from autograd.testing import check_gradients
from nn.models.hodgkin_huxley import HodgkinHuxley
from nn.models.spiking import SpikingNetwork

BEFORE = (523, 7, 9)


@pytest.fixture(autouse=True)
def thresholds():
    """Give the collector thresholds of its own, look whether they are there again, and put back those of the tests."""
    before, enabled = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(*BEFORE)
    yield
    assert gc.get_threshold() == BEFORE
    gc.set_threshold(*before)
    (gc.enable if enabled else gc.disable)()


def is_held():
    return gc.get_threshold() == HELD


def test_nested_blocks_end_with_the_outermost():
    with hold_collector():
        with hold_collector():
            assert is_held()
        assert is_held()


def test_an_error_ends_a_block():
    @hold_collector()
    def fail(x):
        assert is_held()
        raise ArithmeticError(x)

    with pytest.raises(ArithmeticError):
        fail(1)


@pytest.mark.parametrize("inside", [gc.enable, gc.disable])
@pytest.mark.parametrize("before", [gc.enable, gc.disable])
def test_the_switch_is_the_users(before, inside):
    before()
    expected = gc.isenabled()
    with hold_collector():
        assert gc.isenabled() == expected
    assert gc.isenabled() == expected
    with hold_collector():
        inside()
    assert gc.isenabled() == (inside is gc.enable)


def test_thresholds_that_are_set_inside_stay():
    with hold_collector():
        gc.set_threshold(41, 42, 43)
        with hold_collector():
            pass
        assert gc.get_threshold() == (41, 42, 43)
    assert gc.get_threshold() == (41, 42, 43)
    with hold_collector():
        assert is_held()
    assert gc.get_threshold() == (41, 42, 43)
    gc.set_threshold(*BEFORE)


def test_blocks_overlap_in_threads():
    first, second = threading.Event(), threading.Event()

    def one():
        with hold_collector():
            first.set()
            assert second.wait(10.0)
        assert is_held()

    def other():
        assert first.wait(10.0)
        with hold_collector():
            second.set()
            done.result()
            assert is_held()

    with ThreadPoolExecutor(2) as pool:
        done = pool.submit(one)
        pool.submit(other).result()


def test_many_threads_at_once():
    def work(_):
        for _ in range(200):
            with hold_collector(), hold_collector():
                assert is_held()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


@pytest.mark.parametrize("entered_before", [0, 1])
def test_ctrl_c_at_any_moment_gives_it_back(entered_before):
    """An interrupt comes between two instructions: here before each of those that entering and leaving a block take.

    At the latest the next block that ends gives it back.
    """

    @hold_collector()
    def work():
        assert is_held()

    for moment in itertools.count():
        with contextlib.ExitStack() as outer:
            for _ in range(entered_before):
                outer.enter_context(hold_collector())
            try:
                with interrupt_at(moment):
                    work()
            except KeyboardInterrupt:
                pass
            else:
                break
            assert is_held() or not entered_before
            work()
            assert is_held() == bool(entered_before)
        assert gc.get_threshold() == BEFORE
    assert moment > 20


@contextlib.contextmanager
def interrupt_at(moment):
    """Raise KeyboardInterrupt before the instruction of collector.py of that number, counted from 0."""
    instructions = itertools.count()

    def trace(frame, event, _):
        if frame.f_code.co_filename != collector.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(instructions) == moment:
            raise KeyboardInterrupt
        return trace

    tracing = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(tracing)


def test_no_round_is_made_where_the_library_records():
    seen = []
    gc.callbacks.append(lambda phase, _: seen.append(phase))
    try:
        autograd.grad(chain)(1.0)
        assert seen == []
        chain(Value(1.0))
        assert seen
    finally:
        gc.callbacks.pop()


def chain(x):
    for _ in range(2000):
        x = x * 1.0001
    return x


class Seen:
    """A function that notes whether the collector is held when it is called."""

    def __init__(self, f):
        self.f, self.held = f, set()

    def __call__(self, *xs):
        self.held.add(is_held())
        return self.f(*xs)


RECORDING = {
    "grad": lambda f: autograd.grad(f)(2.0),
    "value_and_grad": lambda f: autograd.value_and_grad(f)(2.0),
    "derivative": lambda f: autograd.derivative(f, 2)(2.0),
    "jacobian": lambda f: autograd.jacobian(f)(2.0),
    "hessian": lambda f: autograd.hessian(f)(2.0),
    "hvp": lambda f: autograd.hvp(f, 2.0, 1.0),
    "jvp": lambda f: autograd.jvp(f, (2.0,), (1.0,)),
    "compile": lambda f: autograd.compile(f, 2.0),
    "check_gradients": lambda f: check_gradients(f, 2.0),
    "a simulated membrane": lambda f: HodgkinHuxley().simulate(f, until=0.1),
}


@pytest.mark.parametrize("way", RECORDING)
def test_it_is_held_where_the_library_records(way):
    f = Seen(lambda x: x * x * x)
    RECORDING[way](f)
    assert f.held == {True}


@pytest.mark.parametrize("way", RECORDING)
def test_an_error_in_what_is_recorded_gives_it_back(way):
    def fail(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        RECORDING[way](fail)


def test_it_is_held_while_a_spiking_network_runs():
    held = set()

    class Noting(SpikingNetwork):
        def potential(self, V, I, elapsed):
            held.add(is_held())
            return super().potential(V, I, elapsed)

    Noting(["x"], ["z"], [("x", "z", 6.0, 1.5)])({"x": [0.0]}, until=20.0)
    assert held == {True}
