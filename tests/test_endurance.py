"""What is done again and again leaves nothing behind: a short variant of what docs/correctness.md shows."""

import json

import endurance
import pytest

pytestmark = pytest.mark.usefixtures("little_to_collect")
OFTEN = {task.what: max(task.times // 250, 2 * task.each) for task in endurance.TASKS}
LEFT_AT_MOST = 0.5  # blocks of memory or objects each time: half of one


@pytest.mark.parametrize("task", endurance.TASKS, ids=lambda task: task.what)
def test_nothing_is_left_behind(task):
    endurance.endure(task, OFTEN[task.what])  # what is kept at first
    grown = endurance.endure(task, OFTEN[task.what])
    half = grown.times // 2
    assert grown.objects <= 50 + LEFT_AT_MOST * half
    assert grown.blocks <= 300 + LEFT_AT_MOST * half


def test_what_leaks_is_noticed():
    kept = []
    leaking = endurance.Task("leaks", 400, 1, lambda: lambda: kept.append([object()]))
    grown = endurance.endure(leaking, 400)
    assert grown.objects > 50 + LEFT_AT_MOST * 200
    assert grown.blocks > 390


def test_threads_that_share_a_weight():
    found = endurance.threads(0.3)
    assert found["rounds"] > 100
    assert found["wrong"] == 0


def test_the_kept_figures_are_flat():
    kept = json.loads(endurance.KEPT.read_text(encoding="utf-8"))
    assert list(kept) == [*(task.what for task in endurance.TASKS), "threads"]
    for task in endurance.TASKS:
        grown = endurance.Grown(**kept[task.what])
        assert grown.times == task.times
        assert max(grown.objects, grown.blocks) < 200
    assert kept["threads"]["wrong"] == 0
