"""What a compiled function reads from outside: it is compiled anew where that has changed, and only there."""

import functools
import types

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value, no_grad, sin

FACTOR = 2.0
SETTINGS = types.SimpleNamespace(factor=2.0)
MODULE = types.ModuleType("settings")
MODULE.factor = 2.0
TABLE = {"factors": [2.0, 3.0]}
ARRAY = np.array([2.0, 3.0])


def helper(x):
    return FACTOR * x


def other_helper(x):
    return 7.0 * x


class Base:
    factor = 2.0

    def scale(self, x):
        return self.factor * x


class Spring(Base):
    def __init__(self, stiffness):
        self.stiffness = stiffness
        self.parts = [types.SimpleNamespace(factor=1.0)]

    @autograd.compile
    def energy(self, x):
        return self.parts[0].factor * self.stiffness * self.scale(x) ** 2


def compiled(f):
    return autograd.compile(f, backend="numpy")


def test_a_global_number(monkeypatch):
    f = compiled(lambda x: FACTOR * x)
    assert [f(1.0), f(3.0), len(f.programs)] == [2.0, 6.0, 1]
    program = f.programs[0]
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert [f(1.0), f(3.0), len(f.programs)] == [5.0, 15.0, 1]
    assert f.programs[0] is not program


def test_what_has_not_changed_is_not_compiled_again(monkeypatch):
    f = compiled(lambda x: FACTOR * helper(x) * TABLE["factors"][0] * ARRAY[0])
    f(1.0)
    program = f.programs[0]
    monkeypatch.setitem(globals(), "FACTOR", float("2.0"))
    monkeypatch.setitem(globals(), "TABLE", {"factors": [2.0, 3.0]})
    monkeypatch.setitem(globals(), "ARRAY", ARRAY.copy())
    f(2.0)
    assert f.programs == [program]


@pytest.mark.parametrize("change", [-2.0, True, 2])
def test_numbers_that_are_nearly_the_same(monkeypatch, change):
    monkeypatch.setitem(globals(), "FACTOR", 0.0 if change == -2.0 else 1.0)
    f = compiled(lambda x: autograd.atan2(FACTOR * x, -1.0))
    assert f(1.0) == autograd.atan2(FACTOR, -1.0)
    monkeypatch.setitem(globals(), "FACTOR", -0.0 if change == -2.0 else change)
    assert f(1.0) == autograd.atan2(FACTOR * 1.0, -1.0)


def test_a_closed_over_number():
    factor = 2.0
    f = compiled(lambda x: factor * x)
    assert f(1.0) == 2.0
    factor = 3.0
    assert (f(1.0), f.grad(1.0), f.jacobian(1.0)) == (3.0, 3.0, 3.0)


def test_what_a_helper_reads_and_the_helper_itself(monkeypatch):
    f = compiled(lambda x: sin(helper(x)))
    assert f(1.0) == pytest.approx(np.sin(2.0))
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert f(1.0) == pytest.approx(np.sin(5.0))
    monkeypatch.setitem(globals(), "helper", other_helper)
    assert f(1.0) == pytest.approx(np.sin(7.0))


def test_attributes_of_objects_and_modules(monkeypatch):
    f = compiled(lambda x: SETTINGS.factor * x)
    g = compiled(lambda x: MODULE.factor * x)
    assert (f(1.0), g(1.0)) == (2.0, 2.0)
    monkeypatch.setattr(SETTINGS, "factor", 3.0)
    monkeypatch.setattr(MODULE, "factor", 4.0)
    assert (f(1.0), g(1.0)) == (3.0, 4.0)


def test_what_containers_hold(monkeypatch):
    f = compiled(lambda x: TABLE["factors"][1] * x)
    g = compiled(lambda x: ARRAY[1] * x)
    assert (f(1.0), g(1.0)) == (3.0, 3.0)
    monkeypatch.setitem(TABLE, "factors", [2.0, 4.0])
    monkeypatch.setitem(globals(), "ARRAY", np.array([2.0, 5.0]))
    assert (f(1.0), g(1.0)) == (4.0, 5.0)
    TABLE["factors"][1] = 6.0
    ARRAY[1] = 7.0
    assert (f(1.0), g(1.0)) == (6.0, 7.0)


def test_the_object_of_a_method_and_its_class(monkeypatch):
    spring = Spring(3.0)
    assert [spring.energy(1.0), spring.energy(2.0), len(Spring.energy.programs)] == [12.0, 48.0, 1]
    program = Spring.energy.programs[0]
    assert [spring.energy(3.0), Spring.energy.programs] == [108.0, [program]]
    spring.stiffness = 5.0
    assert spring.energy(1.0) == 20.0
    spring.parts[0].factor = 2.0
    assert spring.energy(1.0) == 40.0
    monkeypatch.setattr(Base, "factor", 1.0)
    assert spring.energy(1.0) == 10.0
    monkeypatch.setattr(Base, "scale", lambda self, x: 10.0 * x)
    assert spring.energy.grad(1.0) == 2000.0


def test_functions_in_parts_and_callable_objects(monkeypatch):
    f = compiled(functools.partial(lambda settings, x: settings.factor * x, SETTINGS))
    assert f(1.0) == 2.0
    monkeypatch.setattr(SETTINGS, "factor", 3.0)
    assert f(1.0) == 3.0

    class Line:
        slope = 2.0

        def __call__(self, x):
            return self.slope * x

    line = Line()
    g = compiled(line)
    assert g(1.0) == 2.0
    line.slope = 3.0
    assert g(1.0) == 3.0


def test_values_are_read_at_every_run():
    w = Value(2.0, requires_grad=False)
    f = compiled(lambda x: w * x)
    assert f(1.0) == 2.0
    program = f.programs[0]
    w.data = 3.0
    assert f(1.0) == 3.0
    assert f.programs == [program]


def test_another_value_in_its_place():
    w = Value(2.0, requires_grad=False)
    f = compiled(lambda x: w * x)
    assert f(1.0) == 2.0
    w = Value(5.0, requires_grad=False)
    assert f(1.0) == 5.0


def test_an_entry_of_a_list_or_an_array():
    values = np.array([Value(2.0, requires_grad=False), Value(3.0, requires_grad=False)])
    listed = list(values)
    f, g = compiled(lambda x: values[0] * x), compiled(lambda x: listed[0] * x)
    assert (f(1.0), g(1.0)) == (2.0, 2.0)
    values[0] = listed[0] = values[1]
    assert (f(1.0), g(1.0)) == (3.0, 3.0)


@autograd.compile
def compiled_helper(x):
    return FACTOR * x


def test_another_compiled_function(monkeypatch):
    f = compiled(lambda x: compiled_helper(x) + 1.0)
    assert (compiled_helper(1.0), f(1.0), f(2.0)) == (2.0, 3.0, 5.0)
    program = f.programs[0]
    assert (f(3.0), f.programs) == (7.0, [program])
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert (compiled_helper(1.0), f(1.0)) == (5.0, 6.0)


def test_a_model_of_layers():
    model = nn.Sequential(nn.Layer(2, 3, activation="tanh", seed=0), nn.Dropout(0.5, seed=0), nn.Layer(3, 1, seed=1))
    model.eval()
    f = autograd.compile(lambda x: model(x)[0], parameters=model.parameters(), backend="numpy")
    x = [0.5, -1.0]
    with no_grad():
        due = model(x)[0].data
    assert [f(x), f(x), len(f.programs)] == [pytest.approx(due), pytest.approx(due), 1]
    program = f.programs[0]
    model.parameters()[0].data = 3.0
    with no_grad():
        assert f(x) == pytest.approx(model(x)[0].data)
    assert f.programs == [program]
    model.train()
    with pytest.raises(CompileError, match="another graph each time it is called"):
        f(x)
