"""Every program of these tests is verified, and at the desk few are compiled by numba for float32."""

from collections import defaultdict

import pytest
from effort import every

from autograd.compiler.options import Options


def pytest_collection_modifyitems(config, items):
    """At the desk, keep every third case of a test that numba compiles for float32: the text of kernels is the same."""
    alike = defaultdict(list)
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if (given.get("backend"), given.get("dtype")) == ("numba", "float32"):
            alike[item.path, item.originalname].append(item)
    left = {item for cases in alike.values() for item in set(cases) - set(every(cases, 3))}
    if left:
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="package", autouse=True)
def verified():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Options, "verify", property(lambda options: True, lambda options, given: None), raising=False)
        yield
