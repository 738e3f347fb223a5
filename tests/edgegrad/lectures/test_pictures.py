"""The pictures that only the lectures need: readable where a page is 900 px wide."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="these are drawn")

from edgegrad.lectures.pictures import patterns


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 4), (5, 3), (7, 3)])
def test_more_patterns_than_a_page_is_wide_go_below_one_another(count, columns):
    figure = patterns({f"E = {k}": np.eye(5) for k in range(count)})
    shown = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title() for panel in shown] == [f"E = {k}" for k in range(count)]
    assert figure.axes[0].get_subplotspec().get_gridspec().ncols == columns
