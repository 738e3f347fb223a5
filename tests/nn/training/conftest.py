"""What tests of training share."""

from __future__ import annotations

from typing import Any

import pytest

from nn.training import compiled


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was compiled since the test began."""
    seen: list[Any] = []
    real = compiled.compile

    def counting(*args: Any, **options: Any) -> Any:
        seen.append(args)
        return real(*args, **options)

    monkeypatch.setattr(compiled, "compile", counting)
    return seen
