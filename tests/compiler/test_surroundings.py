"""What a compiled function reads from outside: it is compiled anew where that has changed, and only there."""

import functools
import sys
import types
from array import array
from collections import ChainMap, OrderedDict, UserDict, defaultdict, deque
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

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


@dataclass(slots=True)
class Slotted:
    factor: float

    def __call__(self, x):
        return self.factor * x


class Own(dict):
    """A dict with attributes."""


class Property:
    @property
    def factor(self):
        return TABLE["factors"][0]


class Metaclass(type):
    factor = 2.0


class Made(metaclass=Metaclass):
    pass


class Called:
    factor = 2.0

    @classmethod
    def by_class(cls, x):
        return cls.factor * x

    @staticmethod
    def by_name(x):
        return Called.factor * x


class Heir(Called):
    pass


def set_item(container, key, factor):
    container[key] = factor


def scaled(x, settings={"factor": 2.0}, *, others=[2.0]):  # noqa: B006
    return settings["factor"] * others[0] * x / 2.0


def attribute_of_its_own(x):
    return attribute_of_its_own.factor * x


def import_inside(x):
    from a_module_of_this_test import factor

    return factor * x


def import_a_module(x):
    import a_package_of_this_test.part as part

    return part.factor * x


def places_to_read():
    """Yield a kind of place, a function that reads the factor 2.0 there, and one that puts another there."""
    slotted, inside, parts = Slotted(2.0), [Slotted(2.0)], deque([2.0])
    yield "slots", lambda x: slotted.factor * x, partial(setattr, slotted, "factor")
    yield "slots in a list", lambda x: inside[0].factor * x, partial(setattr, inside[0], "factor")
    yield "an object that is called", slotted, partial(setattr, slotted, "factor")
    yield "deque", lambda x: parts[0] * x, partial(set_item, parts, 0)
    numbers, letters, bits = array("d", [2.0]), {2.0}, bytearray([2])
    yield "array", lambda x: numbers[0] * x, partial(set_item, numbers, 0)
    yield "set", lambda x: sum(letters) * x, lambda factor: letters.add(factor - 2.0)
    yield "bytearray", lambda x: bits[0] * x, lambda factor: set_item(bits, 0, int(factor))
    for kind in (defaultdict, OrderedDict, Own, UserDict, ChainMap):
        held = kind(None, factor=2.0) if kind is defaultdict else kind({"factor": 2.0})
        yield kind.__name__, lambda x, held=held: held["factor"] * x, partial(set_item, held, "factor")
    own, shown = Own(), {"factor": 2.0}
    own.factor, view, variable = 2.0, types.MappingProxyType(shown), ContextVar("variable", default=2.0)
    yield "attribute of a dict", lambda x: own.factor * x, partial(setattr, own, "factor")
    yield "view of a dict", lambda x: view["factor"] * x, partial(set_item, shown, "factor")
    yield "context variable", lambda x: variable.get() * x, variable.set
    yield "default", scaled, partial(set_item, scaled.__defaults__[0], "factor")
    yield "default by name", scaled, partial(set_item, scaled.__kwdefaults__["others"], 0)
    attribute_of_its_own.factor = 2.0
    yield "attribute of the function", attribute_of_its_own, partial(setattr, attribute_of_its_own, "factor")
    yield "class", lambda x: Called.factor * x, partial(setattr, Called, "factor")
    yield "class method", Called.by_class, partial(setattr, Called, "factor")
    yield "static method", Called.by_name, partial(setattr, Called, "factor")
    yield "base", lambda x: Heir.factor * x, partial(setattr, Called, "factor")
    yield "before the base", lambda x: Heir.factor * x, partial(setattr, Heir, "factor")
    yield "metaclass", lambda x: Made.factor * x, partial(setattr, Metaclass, "factor")
    seen = Property()
    yield "property", lambda x: seen.factor * x, partial(set_item, TABLE["factors"], 0)
    module, package, part = map(types.ModuleType, ("a_module_of_this_test", "a_package_of_this_test", "part"))
    module.factor = part.factor = 2.0
    package.part = part
    sys.modules |= {module.__name__: module, package.__name__: package, f"{package.__name__}.part": part}
    yield "name that is imported inside", import_inside, partial(setattr, module, "factor")
    yield "module that is imported inside", import_a_module, partial(setattr, part, "factor")
    yield "module of a package", lambda x: package.part.factor * x, partial(setattr, part, "factor")
    helper = types.FunctionType((lambda x: 2.0 * x).__code__, {})
    yield "code", lambda x: helper(x), lambda factor: setattr(helper, "__code__", (lambda x: 5.0 * x).__code__)


@pytest.mark.parametrize(("f", "put"), [pytest.param(f, put, id=kind) for kind, f, put in places_to_read()])
def test_whatever_a_function_reads_from_may_change(f, put):
    g = compiled(f)
    assert (g(3.0), len(g.programs)) == (6.0, 1)
    program = g.programs[0]
    assert (g(2.0), g.programs) == (4.0, [program])
    put(5.0)
    assert (g(3.0), g.grad(3.0)) == (15.0, 5.0)
    put(2.0)


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
