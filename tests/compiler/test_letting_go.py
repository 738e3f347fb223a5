"""Memory is given back with a program: what it computed in, its graph, and the programs of its further derivatives."""

import gc
import weakref

import numpy as np

import autograd
from autograd import Value, tanh


def run_programs(backend, factor):
    """Make a program and a compiled function, which nothing else is like, and run them."""
    w = [Value(0.1 * k, f"w[{k}]") for k in range(4)]
    program = autograd.compile(
        lambda x: sum((tanh(a * x[k % 3]) for k, a in enumerate(w)), 0.0) * factor,
        [0.0, 0.0, 0.0],
        parameters=w,
        backend=backend,
    )
    X = np.ones((500, 3))
    program.value_and_grad(X)
    program.vjp(X, vector=np.ones(500), wrt="inputs")
    program.at(1)
    f = autograd.compile(lambda x: tanh(x) * factor, backend=backend)
    f(1.0)
    return program, f


def test_it_goes_at_once(backend):
    """No circle of references keeps a program until a collection."""
    gc.collect()
    gc.disable()
    try:
        program, f = run_programs(backend, 3.0)
        gone = [weakref.ref(program), weakref.ref(program.execution), weakref.ref(program._weighted)]
        gone.append(weakref.ref(f.programs[0]))
        del program, f
        assert [reference() for reference in gone] == [None] * 4
    finally:
        gc.enable()
