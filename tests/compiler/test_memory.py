"""The memory of a program: rows for numbers, columns for examples, and what is loaded into it."""

import gc
import linecache
import sys
import weakref

import numpy as np

import autograd
import nn
from autograd import Value, exp


def program_of(backend, dtype="float64"):
    w, c = Value(2.0, "w"), Value(5.0, "c")
    return autograd.compile(lambda x: w * exp(x) + c * 3.0, 0.0, parameters=[w], backend=backend, dtype=dtype)


def test_memories_have_the_programs_type_and_shape(backend, dtype):
    program = program_of(backend, dtype)
    machine = program.execution.memory("parameters", 4)
    layout = program.execution.layout
    for memory in (machine.shared, machine.shared_adjoints):
        assert (memory.shape, memory.dtype) == ((layout.shared_rows, 1), np.dtype(dtype))
    for memory in (machine.values, machine.adjoints):
        assert (memory.shape, memory.dtype) == ((layout.batched_rows, 4), np.dtype(dtype))


def test_parameters_come_first_then_the_other_leaves_then_literals(backend):
    program = program_of(backend)
    machine = program.execution.memory("parameters", 1)
    machine.load(np.array([7.0]), [11.0])
    assert machine.shared[:2, 0].tolist() == [7.0, 11.0]
    assert [machine.shared[row, 0] for row, _ in program.execution.layout.literals] == [
        number for _, number in program.execution.layout.literals
    ]


def test_one_machine_for_each_number_of_examples_is_kept(backend):
    program = program_of(backend)
    assert program.execution.memory("parameters", 4) is program.execution.memory("parameters", 4)
    assert program.execution.memory("parameters", 4) is not program.execution.memory("parameters", 5)
    assert program.execution.memory("parameters", 4) is not program.execution.memory("inputs", 4)
    for n in range(1, 60):  # only some are kept
        program(np.zeros(n))
    assert len(program.execution._memories) <= 10
    assert program([0.0]).tolist() == [17.0]


def test_the_programs_of_further_derivatives_and_of_functions_go_with_them(backend):
    def make():
        program = program_of(backend)
        program.vjp(np.ones(500), vector=np.ones(500), wrt="inputs")
        program.hessian(np.ones(500))
        program.at(1)
        f = autograd.compile(lambda x: exp(x) * 3.0, backend=backend)
        f(1.0)
        return [weakref.ref(each) for each in (program, program._weighted, program._second, f.programs[0])]

    gc.collect()
    gc.disable()
    try:
        assert [reference() for reference in make()] == [None] * 4
    finally:
        gc.enable()


def make_and_drop(backend, k):
    """Make a program that no other is like, run it, and let it go; return whether it went, without the collector."""
    w = Value(0.5 + k, "w")
    program = autograd.compile(lambda x: exp(w * x[0] - k) + k * x[1], [0.1, 0.2], parameters=[w], backend=backend)
    program.value_and_grad([[0.1, 0.2]] * 5)
    program([[0.1, 0.2]])
    return weakref.ref(program), weakref.ref(program.execution)


def test_programs_go_without_the_collector_and_leave_nothing(backend):
    for k in range(20):  # what is made once
        make_and_drop(backend, k)
    gc.collect()
    gc.disable()
    try:
        before, sources = sys.getallocatedblocks(), len(linecache.cache)
        gone = [make_and_drop(backend, k) for k in range(20, 120)]
        assert all(program() is None and execution() is None for program, execution in gone)
        del gone
        assert gc.collect() == 0  # no cycle was left
        assert len(linecache.cache) <= sources
        assert sys.getallocatedblocks() - before < 1_000  # ten a program, where each takes hundreds
    finally:
        gc.enable()


def test_nothing_that_is_computed_leaves_a_cycle():
    def compute():
        model = nn.MLP(3, [4, 1], "tanh", seed=0)
        X = np.random.default_rng(0).normal(size=(200, 3))
        nn.fit(model, X, X[:, 0], "mse", "adam", epochs=3, progress=False)
        nn.predict(model, X)
        autograd.compile(lambda v: (np.exp(v) ** 2).sum(), np.ones(3)).value_and_grad(np.ones(3), wrt="inputs")
        autograd.hessian(lambda v: (v * v).sum())(np.ones(3))

    compute()
    gc.collect()
    gc.disable()
    try:
        compute()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_source_goes_with_its_program_alone():
    programs = [program_of("numpy"), program_of("numpy")]
    files = [program.execution.memory("none", 1).forward.__code__.co_filename for program in programs]
    assert linecache.getline(files[0], 1) == linecache.getline(files[1], 1) != ""
    del programs[0]
    assert (linecache.getline(files[0], 1), linecache.getline(files[1], 1) != "") == ("", True)
