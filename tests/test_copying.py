"""Copies and pickles: the same graph, shared where the original is, at any depth."""

import copy
import io
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from effort import THOROUGH
from hypothesis import given

import autograd
from autograd import Graph, Value, gradients
from autograd.copying import _standing
from autograd.testing.strategies import expressions, networks

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
DEEP = 1_000_000 if THOROUGH else 100_000


def through_pickle(x, protocol=pickle.HIGHEST_PROTOCOL):
    return pickle.loads(pickle.dumps(x, protocol))


WAYS = [copy.deepcopy, *(lambda x, p=p: through_pickle(x, p) for p in PROTOCOLS)]
WAY_NAMES = ["deepcopy", *(f"pickle{p}" for p in PROTOCOLS)]


@pytest.fixture(params=WAYS, ids=WAY_NAMES)
def again(request):
    return request.param


def example():
    x, w, c = Value(0.5, name="x"), Value(2.0, name="w", parameter=True), Value(3.0, requires_grad=False)
    with autograd.scope("layer1"):
        s = autograd.dot([w, 1.5], [x, c], w)
    y = autograd.tanh(s) * s + autograd.where(x > 0, x, c) ** 2 + 2.0**x - c
    y.name = "y"
    return x, w, c, s, y


def test_everything_is_kept(again):
    *_, y = example()
    y.backward()
    twin = again(y)
    assert twin is not y
    assert twin.graph() == y.graph()
    pairs = list(zip(y.graph().nodes, twin.graph().nodes, strict=True))
    for old, new in pairs:
        assert new is not old
        assert type(new) is Value
        for what in ("data", "grad", "name", "op", "scope", "slopes", "is_leaf", "is_parameter", "requires_grad"):
            assert getattr(new, what) == getattr(old, what), what
        for mine, theirs in zip(old.operands, new.operands, strict=True):
            assert isinstance(mine, Value) == isinstance(theirs, Value)


def test_a_copy_is_swept_by_itself(again):
    x, w, *_, y = example()
    y.backward()
    before = (x.grad, w.grad)
    twin = again(y)
    twin.backward()
    assert (x.grad, w.grad) == before
    leaves = {leaf.name: leaf for leaf in twin.graph().leaves}
    assert (leaves["x"].grad, leaves["w"].grad) == (2 * before[0], 2 * before[1])
    with pytest.raises(autograd.ParameterAssignmentError):
        leaves["w"] += 1.0


def test_several_roots_share_what_they_shared(again):
    x, w, c, s, y = example()
    z = s * 2.0
    new_y, new_z, inside = again([y, z, {"s": s, "leaves": (x, w, c)}])
    new_s, (new_x, new_w, new_c) = inside["s"], inside["leaves"]
    assert new_z.operands[0] is new_s
    nodes = new_y.graph().nodes
    for node in (new_s, new_x, new_w, new_c):
        assert sum(node is other for other in nodes) == 1
    assert again([x, x])[0] is not x
    first, second = again([x, x])
    assert first is second


def test_leaves(again):
    for leaf in (
        Value(1.5), Value(-0.0), Value(math.inf), Value(1.0, name="a\nb"), Value(1.0, requires_grad=False),
        Value(1.0, name="W", parameter=True), Value(1.0, requires_grad=False, parameter=True),
    ):  # fmt: skip
        twin = again(leaf)
        assert repr(twin) == repr(leaf)
        assert (twin.is_leaf, twin.is_parameter) == (True, leaf.is_parameter)
        twin.requires_grad = True
        (twin * 2.0).backward()
        assert twin.grad == 2.0
    kept = []
    autograd.grad(lambda x: kept.append(x) or x * x)(2.0)
    assert not again(kept[0]).is_parameter
    assert not again(kept[0] * 1.0).operands[0].is_parameter
    for constant in (again(kept[0]), again(kept[0] * 1.0)):  # as the argument of a `grad` that is over is
        assert autograd.grad(lambda x, constant=constant: x * constant)(3.0) == 2.0
    assert math.isnan(again(Value(math.nan)).data)
    assert gradients(again(Value(2.0)) * 1.0, []) == []


def test_a_gradient_that_is_a_graph_becomes_its_number(again):
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert again(x).grad == 12.0
    x.grad = None  # a leaf and the graph of its gradient refer to one another


@given(expressions(smooth=False))
def test_random_graphs(program):
    y = program(*program.values())
    for twin in (copy.deepcopy(y), through_pickle(y), through_pickle(y, 0)):
        assert twin.graph() == y.graph()


@given(networks())
def test_random_networks(program):
    y = program(*program.values())
    y.backward()
    twin = through_pickle(copy.deepcopy(y))
    assert twin.graph() == y.graph()
    assert [v.grad for v in twin.graph()] == [v.grad for v in y.graph()]


def test_a_shallow_copy_has_the_same_operands():
    x, w, _, s, y = example()
    twin = copy.copy(y)
    assert twin is not y
    assert twin.operands == y.operands
    assert twin.graph() == y.graph()
    twin.backward()
    assert x.grad is not None
    leaf = copy.copy(w)
    leaf.data = 7.0
    assert (w.data, leaf.is_parameter, leaf.name) == (2.0, True, "w")
    assert copy.copy(s).slopes == s.slopes


def test_graphs(again):
    *_, s, y = example()
    graph = Graph(s, y)
    twin = again(graph)
    assert twin == graph
    assert len(twin.outputs) == 2
    assert any(twin.outputs[0] is node for node in twin.outputs[1].graph())


def test_a_copy_of_a_copied_part_is_shared_through_the_memo():
    x, *_, s, y = example()
    memo = {}
    new_s = copy.deepcopy(s, memo)
    new_y = copy.deepcopy(y, memo)
    assert any(node is new_s for node in new_y.graph())
    assert not any(node is x for node in new_y.graph())


def test_one_pickler_after_another():
    """A pickler keeps what it has seen: a second object refers to the first, and a second pickler does not."""
    _, _, _, s, y = example()
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    pickler.dump(y)
    pickler.dump(s)
    unpickler = pickle.Unpickler(io.BytesIO(buffer.getvalue()))
    new_y, new_s = unpickler.load(), unpickler.load()
    assert any(node is new_s for node in new_y.graph())
    assert through_pickle(y).graph() == y.graph()
    assert through_pickle(s).graph() == s.graph()


def chain_of_outputs(count):
    outputs = [Value(1.0, name="x")]
    for _ in range(count):
        outputs.append(outputs[-1] * 1.001)
    return outputs


def test_the_outputs_of_a_recurrence_stay_one_chain(again):
    twins = again(chain_of_outputs(50))
    assert all(twin.operands[0] is before for before, twin in pairwise(twins))


def test_the_pickle_of_a_recurrence_grows_linearly():
    short, long = (len(pickle.dumps(chain_of_outputs(count))) for count in (500, 1000))
    assert long < 2.1 * short


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickler_that_lives_is_no_concern_of_another(protocol):
    outputs = chain_of_outputs(1200)
    buffer = io.BytesIO()
    living = pickle.Pickler(buffer, protocol)
    living.dump(outputs)
    y = outputs[-1] + outputs[7]
    for _ in range(2):
        new_y, new_x = through_pickle((y, outputs[0]), protocol)
        assert new_y.graph() == y.graph()
        assert new_x is new_y.graph().nodes[0]
    living.dump(outputs[5])
    unpickler = pickle.Unpickler(io.BytesIO(buffer.getvalue()))
    assert unpickler.load()[5] is unpickler.load()


def test_a_leaf_of_a_graph_that_is_being_pickled_in_another_thread():
    outputs = chain_of_outputs(1000)
    living = pickle.Pickler(io.BytesIO())
    living.dump(outputs)
    alone = len(pickle.dumps(Value(1.0, name="x")))
    with ThreadPoolExecutor(1) as other:
        assert other.submit(lambda: len(pickle.dumps(outputs[0]))).result() == alone


def test_a_pickle_leaves_nothing_behind():
    *_, y = example()
    for _ in range(3):
        pickle.dumps([y, y.operands[0]])
    with pytest.raises(TypeError):
        pickle.dumps([y, (each for each in ())])
    assert not _standing.parts


def test_the_pickler_written_in_python():
    *_, y = example()
    assert pickle._loads(pickle._dumps(y)).graph() == y.graph()


@pytest.mark.parametrize("make", [copy.deepcopy, through_pickle], ids=["deepcopy", "pickle"])
def test_depth_is_no_limit(make):
    x = Value(1.0)
    y = x
    for _ in range(DEEP):
        y = y + 1e-9
    twin = make(y)
    assert twin.data == y.data
    twin.backward()
    assert twin.graph().leaves[0].grad == 1.0
    assert x.grad is None
    assert twin.graph() == y.graph()


def test_a_pickled_graph_grows_linearly():
    sizes = []
    for count in (200, 400):
        y = Value(1.0)
        for _ in range(count):
            y = y * 1.5
        sizes.append(len(pickle.dumps(y.graph())))
    assert sizes[1] < 2.5 * sizes[0]
