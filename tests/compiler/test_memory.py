"""The memory of a program: rows for numbers, columns for examples, and what is loaded into it."""

import numpy as np

import autograd
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
