"""The program as Python source: valid, readable, named as the graph is named, and safe whatever the names are."""

import ast
import builtins
import linecache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import programs, wirings

import autograd
import nn
from autograd import Value, cbrt, dot, sqrt, square, tanh, where
from autograd.compiler.on_numpy.backend import NumpyBackend

HOSTILE = [
    "import os", "a'b", 'a"b', '"""', "class", "lambda", "None", "🙂", "x\ny", "x\r        raise SystemExit(3)", "a\\",
    "# x", "x\n        raise SystemExit(3)", "\x0craise SystemExit(3)", "\u2028raise SystemExit(3)", "\x00", "{x}",
    "%s", "0", "é", "ª", "", " ", "shared", "values", "adjoints", "shared_adjoints", "examples", "empty", "bind",
    "forward", "backward", "forward_shared", "backward_shared", "add", "multiply", "matmul", "sum", "where",
    "putmask", "terms", "places", "float", "t0", "t90", "broadcast_to", "__import__", "__builtins__",
    "cbrt_on_arrays", "softplus_on_arrays", "x" * 1000,
]  # fmt: skip


def named(name):
    """A function in which everything has one name: inputs, weights, results."""
    w, b = Value(2.0), Value(3.0)
    w.name = b.name = name

    def f(xs):
        y = w * xs[0] * b
        y.name = name
        s = [dot([w, b, w], [y, xs[0], xs[1]]), dot([b, w, w], [y, xs[0], xs[1]])]
        for part in s:
            part.name = name
        r = tanh(s[0]) + sqrt(square(s[1]) + 1.0) + where(xs[0] > 0, y, s[0]) + cbrt(s[1]) + y.softplus()
        r.name = name
        return r

    return f, [w, b]


def check_name(name, backend):
    f, parameters = named(name)
    program = autograd.compile(f, [0.5, 0.25], parameters=parameters, backend=backend)
    g, others = named("plain")
    due = autograd.compile(g, [0.5, 0.25], parameters=others, backend=backend)
    X = [[1.0, 2.0], [-1.0, 0.5]]
    builtins.compile(program.source, "source", "exec")
    for a, b in zip(program.value_and_grad(X), due.value_and_grad(X), strict=True):
        np.testing.assert_array_equal(a, b)
    return program


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_harmless(backend, name):
    program = check_name(name, backend)
    f, parameters = named("plain")
    plain = autograd.compile(f, [0.5, 0.25], parameters=parameters, backend=backend)
    kinds = [[type(node) for node in ast.walk(ast.parse(p.source))] for p in (program, plain)]
    assert kinds[0] == kinds[1]  # no statement more


@given(name=st.text(max_size=30))
def test_any_name_is_harmless(name):
    check_name(name, "numpy")


def test_names_are_carried():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
    program = autograd.compile(
        lambda x: nn.mse(model(x), [0.0, 1.0]), np.zeros(3), parameters=model.parameters(), backend="numpy"
    )
    for name in ("W1", "b1", "s1", "W2", "b2", "x"):
        assert f"\n{name} = " in program.source, name
    assert "# dense 4×3 (12 products) → s1" in program.source
    assert "\ndef forward():\n" in program.source
    assert "\ndef backward():\n" in program.source


NEURON = """\
# rows of the memories, by name
w = shared[0:1]
x = values[0:1]
s = values[1:2]
b = shared[1:2]
add_2 = values[2:3]
y = values[3:4]
y_adjoint = adjoints[3:4]
t0 = empty(1, examples)
t1 = empty(1, examples)
add_adjoint = adjoints[2:3]
b_adjoint = shared_adjoints[1:2]
s_adjoint = adjoints[1:2]
flow = empty(1, examples)
w_adjoint = shared_adjoints[0:1]


def forward_shared():
    pass


def forward():
    # mul 1 → s
    multiply(w, x, out=s)
    # add 1 → add
    add(b, s, out=add_2)
    # tanh 1 → y
    tanh(add_2, out=y)


def backward():
    # slopes of tanh 1 → adjoints of add
    square(y, out=t0)
    subtract(1.0, t0, out=t1)
    multiply(y_adjoint, t1, out=add_adjoint)
    # pass on 1 → adjoints of b
    b_adjoint[...] = add_adjoint.sum(axis=1, keepdims=True)
    # pass on 1 → adjoints of s
    s_adjoint[...] = add_adjoint
    # slopes of mul 1 → adjoints of w
    multiply(s_adjoint, x, out=flow)
    w_adjoint[...] = flow.sum(axis=1, keepdims=True)


def backward_shared():
    pass
"""


def test_the_source_of_a_neuron():
    """All of it, so that a change of the writing is seen."""
    w, b = Value(2.0, "w"), Value(1.0, "b")

    def f(x):
        s = w * x
        s.name = "s"
        y = tanh(s + b)
        y.name = "y"
        return y

    assert autograd.compile(f, 0.0, parameters=[w, b], backend="numpy").source == NEURON


def test_a_program_that_is_only_run_forward_has_no_sweep():
    source = autograd.compile(lambda x: [x * 2.0, tanh(x)], 0.0, backend="numpy").source
    assert "backward" not in source


def test_the_same_source_each_time():
    model = nn.MLP(3, [4, 2], activation="relu", seed=0)
    one, two = (
        autograd.compile(lambda x: model(x)[0], np.zeros(3), parameters=model.parameters(), backend="numpy").source
        for _ in range(2)
    )
    assert one == two


def test_it_does_not_grow_with_the_layers_width():
    def lines(width):
        model = nn.MLP(3, [width, width, 1], activation="tanh", seed=0)
        program = autograd.compile(lambda x: model(x)[0], np.zeros(3), parameters=model.parameters(), backend="numpy")
        return len(program.source.splitlines())

    assert lines(4) == lines(12)


@given(case=programs() | wirings())
def test_random_sources_are_valid(case):
    source = autograd.compile(case.f, *case.example, parameters=case.parameters, backend="numpy").source
    tree = ast.parse(source)
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["forward_shared", "forward", "backward", "backward_shared"]


def test_errors_inside_show_the_line():
    """The source is known to tracebacks."""
    program = autograd.compile(lambda x: tanh(x), 0.0, backend="numpy")
    backend = NumpyBackend(program.execution.layout, None, program.dtype)
    forward = program.execution.memory("none", 1).forward
    assert linecache.getline(forward.__code__.co_filename, 1) == backend.source.splitlines(keepends=True)[0]
