"""Pages in a hall and on a phone: at every size texts are large enough, none lies on another, nothing is cut."""

import pytest
from drawings import batch, choices, network, skips, square_plus_one
from effort import THOROUGH, every
from perceptron import perceptron
from screens import BEYOND, position
from test_explorer_camera import MISSED, classes, recurrence

from autograd import explore

SIZES = [(900, 600), (1280, 800), (1920, 1080), (3840, 2160), (820, 1180), (390, 844), (640, 400)]  # 640: 1280 at 200 %
GRAPHS = {
    "square": square_plus_one,
    "perceptron": lambda: perceptron().error,
    "sum over paths": skips,
    "choices": choices,
    "network": lambda: network((2, 3, 1)),
    "classes": classes,
}
LARGE = {
    "network": lambda: network((2, 8, 8, 2)),
    "recurrence of 8": lambda: recurrence(8),
    "batch": lambda: batch(4),
    "recurrence of 60": lambda: recurrence(60),
    "recurrence of 300": lambda: recurrence(300),  # some 2,000 nodes
}

#: What of the texts is wrong: too small, on one another, or cut.
TROUBLE = """(least) => {
  const trouble = [];
  const label = (one) => `${one.closest("[id]")?.id} ${one.textContent.slice(0, 20)}`;
  const texts = [...document.querySelectorAll("#world text")].filter((one) => one.textContent && one.getBoundingClientRect().width);
  const scale = document.getElementById("world").getScreenCTM().a;
  for (const text of texts) {
    const size = parseFloat(getComputedStyle(text).fontSize) * scale;
    if (size < least - 0.01) trouble.push(`small, ${size.toFixed(1)}: ${label(text)}`);
  }
  const boxes = texts.map((text) => text.getBoundingClientRect());
  boxes.forEach((one, i) => boxes.slice(i + 1).forEach((other, k) => {
    const over = 3 * scale; // the boxes of lines are higher than their letters
    if (one.left < other.right - over && other.left < one.right - over && one.top < other.bottom - over && other.top < one.bottom - over) {
      trouble.push(`over one another: ${label(texts[i])} and ${label(texts[i + 1 + k])}`);
    }
  }));
  for (const card of document.querySelectorAll(".node:not(.fold)")) {
    if (!card.checkVisibility()) continue;
    const { left, right } = card.querySelector(".card").getBoundingClientRect();
    for (const text of card.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (box.width && (box.left < left - 1 || box.right > right + 1)) trouble.push(`off its card: ${label(text)}`);
    }
  }
  const cut = (one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2;
  for (const one of document.querySelectorAll("h1, button, select, #counter, #ways span, label")) {
    if (one.checkVisibility() && !one.matches(".unseen") && cut(one)) trouble.push(`cut: ${label(one)}`);
  }
  const pen = document.createElement("canvas").getContext("2d");
  for (const field of document.querySelectorAll("input[placeholder]")) {
    const { font, paddingLeft, paddingRight } = getComputedStyle(field);
    pen.font = font;
    const room = field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    if (field.checkVisibility() && pen.measureText(field.placeholder).width > room) trouble.push(`cut: ${field.placeholder}`);
  }
  for (const one of document.querySelectorAll("body *:not(math *, svg *, script, .unseen)")) {
    const own = [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (own && one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 11) trouble.push(`small: ${label(one)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) trouble.push("wider than the screen");
  const controls = [...document.querySelectorAll("header button, header h1, header input, #transport button, #counter, #track, #speeds")];
  const shown = controls.filter((one) => one.checkVisibility());
  shown.forEach((one, i) => shown.slice(i + 1).forEach((other) => {
    const [a, b] = [one, other].map((each) => each.getBoundingClientRect());
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) trouble.push(`${one.id} on ${other.id}`);
  }));
  return trouble;
}"""  # noqa: E501

#: Change a leaf, and say what of the step is faint.
FAINT = """() => [0.6, 0.7].flatMap((number) => {
  explorer.change(explorer.engine.nodes.findIndex(({ op }) => op === undefined), number);
  return [...document.querySelectorAll("#now .beats > *, .node.now *")].filter((one) => Number(getComputedStyle(one).opacity) < 1).map((one) => one.textContent);
})"""  # noqa: E501


#: Each graph at each size; at the desk each graph at two or three sizes, and each size with two graphs.
SHOWN = every([(name, size) for name in GRAPHS for size in SIZES], 3)


@pytest.mark.parametrize(("name", "size"), SHOWN)
def test_texts_are_large_enough_apart_and_whole(visit, name, size):
    page = explore(GRAPHS[name]())
    assert len(GRAPHS[name]().graph().nodes) <= 25
    tab = visit(page, size=size)
    assert tab.evaluate(TROUBLE, 11) == []
    tab.evaluate("step => explorer.player.go(step)", page.steps * 2 // 3)
    shrunk = tab.evaluate("document.getElementById('world').getScreenCTM().a") * 11.5  # where the step needs more room
    assert tab.evaluate(TROUBLE, min(11, shrunk)) == []
    assert shrunk >= 6.5


@pytest.mark.parametrize("name", LARGE if THOROUGH else ["network", "recurrence of 8"])
def test_large_graphs_at_every_size(visit, name):
    """Nothing in hand is out of view, no text on another, nothing faint while a number is changed."""
    page = explore(LARGE[name]())
    tab = visit(page, "#step=0")
    count = 60 if THOROUGH else 8
    some = [round(page.steps * k / count) for k in range(1, count + 1)]
    for width, height in SIZES if THOROUGH else [SIZES[0], SIZES[-2]]:
        tab.set_viewport_size({"width": width, "height": height})
        assert tab.evaluate(MISSED, some) == {}
        for step in some[:: len(some) // 4]:
            tab.evaluate("step => explorer.player.go(step)", step)
            assert tab.evaluate(TROUBLE, 0) == [], (width, step)
    assert tab.evaluate(FAINT) == []


@pytest.mark.parametrize(("size", "least"), [((1280, 800), 11), ((1920, 1080), 13), ((3840, 2160), 26)])
def test_a_small_net_is_seen_whole_and_as_large_as_the_screen_allows(visit, size, least):
    tab = visit(explore(perceptron().error), size=size)
    box = tab.locator("#world").bounding_box()
    stage = tab.locator("#stage").bounding_box()
    for at, length in (("x", "width"), ("y", "height")):
        assert box[at] >= stage[at] - 1
        assert box[at] + box[length] <= stage[at] + stage[length] + 1
    assert tab.evaluate("document.getElementById('world').getScreenCTM().a") * 11.5 >= least


def test_on_a_short_page_the_stage_is_no_slit_and_the_step_stands_beside_it(visit):
    for size in ((844, 390), (640, 400), (900, 600)):
        tab = visit(explore(perceptron().error), "#step=20", size=size)
        assert tab.locator("#stage").bounding_box()["height"] >= 220
        assert tab.locator("#position").bounding_box()["width"] >= 150
        scrolls = tab.evaluate("document.documentElement.scrollHeight > innerHeight")
        assert scrolls == (size == (640, 400))  # too narrow for both
        if not scrolls:
            box = tab.locator("#now .formula >> nth=2").bounding_box()
            assert box["y"] + box["height"] <= size[1]


@pytest.mark.parametrize(("size", "larger"), [((1280, 800), 0), ((1280, 800), 3), ((390, 844), 0), ((820, 1180), 1)])
def test_only_the_panel_scrolls(visit, size, larger):
    error = perceptron().error
    tab = visit(explore(error), size=size)
    for _ in range(larger):
        tab.keyboard.press("A")
    for node in range(len(error.graph().nodes)):
        tab.evaluate("node => explorer.choose(node, true)", node)
        scrolled = tab.evaluate(
            "[scrollY, document.body.scrollTop, document.documentElement.scrollHeight - innerHeight]"
        )
        assert scrolled == [0, 0, 0]
        assert tab.evaluate(BEYOND) == []


def test_larger_texts_presenting_and_every_button_has_words(visit):
    tab = visit(explore(perceptron().error), "#step=20", size=(1280, 800))
    scale = "document.getElementById('world').getScreenCTM().a"
    before = tab.evaluate(scale)
    tab.click("#larger")
    assert tab.evaluate(scale) == pytest.approx(before * 1.2, rel=0.02)
    tab.keyboard.press("a")
    assert tab.evaluate(scale) == pytest.approx(before, rel=0.02)
    tab.keyboard.press("p")
    assert not tab.locator("header").is_visible()
    assert tab.locator("#now").is_visible()
    assert tab.locator("#stage").bounding_box()["width"] == 1280
    tab.keyboard.press("PageDown")
    assert position(tab) == 21
    tab.keyboard.press("p")
    assert tab.locator("header").is_visible()
    for way_in, way_out in (("p", "Escape"), ("p", "/"), ("p", None)):
        tab.keyboard.press(way_in)
        assert not tab.locator("header").is_visible()
        tab.keyboard.press(way_out) if way_out else tab.click("#leave")
        assert tab.locator("header").is_visible()
        assert position(tab) == 21
        tab.evaluate("document.activeElement.blur()")
    silent = """[...document.querySelectorAll("button:not(.name)")].filter((one) => one.checkVisibility() && !one.title)
      .filter((one) => one.textContent.trim().length < 3 || one.querySelector("svg")).map((one) => one.id)"""
    assert tab.evaluate(silent) == []


def test_in_print_and_without_a_script_everything_is_there(visit):
    y = perceptron().error
    tab = visit(explore(y), size=(1280, 800))
    tab.emulate_media(media="print")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    box, sheet = tab.locator("#world").bounding_box(), tab.evaluate("document.documentElement.clientWidth")
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= sheet
    assert tab.locator("#paper").bounding_box()["y"] > box["y"] + box["height"] - 1
    rows = tab.locator("#paper tbody tr")
    assert rows.count() == 6
    assert rows.first.text_content() == "W2[0]0.52.184"
    assert "∂E/∂a1 = ∂E/∂O · ∂O/∂a1 = 0.84 × 0.5 = 0.42" in tab.locator("#paper").text_content()
    assert not tab.locator("#transport").is_visible()
    tab.emulate_media(media="screen")
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not tab.locator("#paper").is_visible()
    assert tab.locator("#world").get_attribute("transform") is not None
    tab = visit(explore(y), script=False)
    box = tab.locator("#world").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    assert box["y"] + box["height"] <= tab.locator("#paper").bounding_box()["y"]  # the whole drawing, then the table
