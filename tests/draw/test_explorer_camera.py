"""The camera in a real browser: whatever the step and the screen, what the step is about is in view, large enough."""

import random
from itertools import product

import pytest
from drawings import batch, network
from effort import THOROUGH, every
from perceptron import perceptron
from screens import PHONE, until

from autograd import Value, dot, explore, logsumexp, tanh

DESK = (1280, 800)
SIZES = {"desk": DESK, "phone": PHONE}

#: Go to steps, and say what of each is not in view at rest: of the cards and texts of what is in hand.
MISSED = """(steps) => {
  const stage = document.getElementById("stage").getBoundingClientRect();
  const inside = (element) => {
    const box = element.getBoundingClientRect();
    const wide = box.left >= stage.left - 1 && box.right <= stage.right + 1;
    return box.width > 0 && wide && box.top >= stage.top - 1 && box.bottom <= stage.bottom + 1;
  };
  const missed = {};
  for (const step of steps) {
    if (explorer.player.position !== step) explorer.player.go(step);
    const wanted = [...document.querySelectorAll(".node.now .card, .edge.now .label text:not(:empty)")];
    const { kind, edge } = explorer.engine.step(step), { picture } = explorer.fold;
    if (kind === "edge") {
      const line = picture.lines[edge.number], { home } = explorer.fold;
      const apart = home[edge.source] !== home[edge.target] || home[edge.source] === null;
      const ghost = line?.ghost && !explorer.fold.boxes.size;
      wanted.push(document.querySelector(ghost ? `#${line.ghost} .card` : '.node.near:not([style*="none"]) .card'));
      if (apart && !document.querySelector(".edge.now .label text:not(:empty)")) missed[step] = "no text";
    }
    const out = wanted.filter((one) => !one || !inside(one)).map((one) => one?.closest("g[id]")?.id);
    if (!wanted.length || out.length) missed[step] = out.join(" ");
  }
  return missed;
}"""


def classes(count=5):
    """Softmax with cross-entropy, of some classes."""
    z = [Value(0.3 * k - 0.5, name=f"z{k}") for k in range(count)]
    loss = logsumexp(z) - z[1]
    loss.name = "L"
    return loss


def recurrence(steps):
    """A recurrent net that uses three weights at each step, and is asked for its error at each."""
    draw = random.Random(1)
    w, u, b = (Value(number, name=name, parameter=True) for name, number in (("w", 0.5), ("u", 0.8), ("b", 0.1)))
    h, errors = Value(0.0, name="h0"), []
    for step in range(1, steps + 1):
        x = Value(draw.uniform(-1, 1), name=f"x{step}", requires_grad=False)
        h = tanh(dot([u, w], [x, h]) + b)
        h.name = f"h{step}"
        errors.append((h - 0.5) ** 2)
    loss = sum(errors[1:], errors[0])
    loss.name = "E"
    return loss


GRAPHS = {
    "perceptron": (lambda: perceptron().error, 1),
    "network": (lambda: network((2, 8, 8, 2)), 1),
    "batch": (lambda: batch(4), 1),
    "recurrence of 8": (lambda: recurrence(8), 1),
    "recurrence of 60": (lambda: recurrence(60), 20),
    "classes": (classes, 1),
}


SHOWN = product(GRAPHS, SIZES) if THOROUGH else zip(GRAPHS, [*SIZES] * 3, strict=True)


@pytest.mark.parametrize(("name", "size"), list(SHOWN))
def test_no_step_is_lost(visit, name, size):
    make, stride = GRAPHS[name]
    page = explore(make())
    tab = visit(page, "#step=0", size=SIZES[size])
    steps = range(1, page.steps, stride)
    steps = every(steps, 5) if len(steps) > 40 else steps
    assert tab.evaluate(MISSED, [*steps, page.steps]) == {}


def test_a_step_taken_during_a_flight_is_not_lost(visit):
    page = explore(recurrence(8))
    tab = visit(page, "#step=0", motion="no-preference")
    for step in every(range(60, page.steps, 9), 3):
        for hurried in (5, page.steps, step):
            tab.evaluate("step => explorer.player.go(step)", hurried)
            tab.wait_for_timeout(40)
        until(tab, f"Object.keys(({MISSED})([{step}])).length === 0")


def test_what_changes_is_not_hidden_while_it_changes(visit):
    tab = visit(explore(perceptron().error), "#step=25", motion="no-preference")
    tab.wait_for_timeout(1500)  # for what appears with the step
    faint = "[...document.querySelectorAll('#now .beats > *')].map((one) => Number(getComputedStyle(one).opacity))"
    for number in (0.6, 0.7, 0.8):
        tab.evaluate("number => explorer.change(0, number)", number)
        assert set(tab.evaluate(faint)) == {1}
    tab.evaluate("explorer.player.go(26)")
    assert min(tab.evaluate(faint)) < 1


# --- the small map ----------------------------------------------------------------------------------------------------

#: Go to steps, and list those in which the map lies on a card or a text of what is in hand.
COVERED = """(steps) => steps.filter((step) => {
  explorer.player.go(step);
  const map = document.getElementById("map").getBoundingClientRect();
  return [...document.querySelectorAll(".node.now .card, .edge.now .label text:not(:empty)")].some((element) => {
    const box = element.getBoundingClientRect();
    return box.left < map.right && box.right > map.left && box.top < map.bottom && box.bottom > map.top;
  });
})"""


def shows_a_map(tab):
    return tab.locator("#map").is_visible()


@pytest.mark.parametrize(("graph", "size"), [("perceptron", DESK), ("batch", PHONE)])
def test_what_is_seen_whole_and_a_phone_have_no_map(visit, graph, size):
    assert not shows_a_map(visit(explore(GRAPHS[graph][0]()), size=size))


def test_the_map_frames_what_is_seen_and_leads_elsewhere(visit):
    tab = visit(explore(recurrence(24)), size=DESK)
    box = "document.querySelector('#map .frame').getBBox()"
    frame = f"(({{ x, y, width, height }}) => [x, y, x + width, y + height])({box})"
    assert shows_a_map(tab)
    before = tab.evaluate(frame)
    corner = tab.locator("#map").bounding_box()
    tab.mouse.click(corner["x"] + 2, corner["y"] + 2)
    left, top, right, bottom = tab.evaluate(frame)
    assert (left, top) == (0, 0)
    assert (right, bottom) != tuple(before[2:])
    tab.mouse.move(corner["x"] + 2, corner["y"] + 2)
    tab.mouse.down()
    tab.mouse.move(corner["x"] + corner["width"] - 2, corner["y"] + corner["height"] - 2)
    tab.mouse.up()
    assert tab.evaluate(frame)[2:] == pytest.approx(tab.evaluate("Object.values(explorer.fold.picture.size)"), abs=1)
    assert tab.evaluate("explorer.player.position") == tab.evaluate("explorer.engine.count"), "a press chooses nothing"


def test_the_map_goes_with_a_key_and_when_all_is_shown(visit):
    tab = visit(explore(recurrence(24)), size=DESK)
    for key, shown in (("m", False), ("m", True), ("0", False)):
        tab.keyboard.press(key)
        assert shows_a_map(tab) is shown, key
    assert tab.locator("#map").get_attribute("aria-hidden") == "true"


@pytest.mark.parametrize("name", ["recurrence of 8", "batch"])
def test_the_map_lies_on_nothing_in_hand(visit, name):
    tab = visit(explore(GRAPHS[name][0]()), size=(900, 600))
    assert tab.evaluate(COVERED, list(range(1, tab.evaluate("explorer.engine.count")))) == []
