"""Every program of these tests is verified, and at the desk few are compiled by numba for float32."""

from collections import defaultdict
from pathlib import Path

import pytest
from effort import every

from autograd.compiler.options import Options

FEW_CASES = 3  # of a test, as many as somebody asks for by name: they all run


@pytest.hookimpl(trylast=True)  # when -k has chosen
def pytest_collection_modifyitems(config, items):
    """At the desk, keep every third case of a test that numba compiles for float32: the text of kernels is the same."""
    alike = defaultdict(list)
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        ours = item.path.is_relative_to(Path(__file__).parent)
        if ours and (given.get("backend"), given.get("dtype")) == ("numba", "float32"):
            alike[item.path, item.originalname].append(item)
    many = [cases for cases in alike.values() if len(cases) > FEW_CASES]
    left = {item for cases in many for item in set(cases) - set(every(cases, 3))}
    if left:
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="package", autouse=True)
def verified():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Options, "verify", property(lambda options: True, lambda options, given: None), raising=False)
        yield
