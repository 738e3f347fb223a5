"""Hostile names, the policy, no script, a notebook, small screens: in a real browser."""

from itertools import product

import pytest
from drawings import network
from effort import every
from perceptron import perceptron
from screens import DESK, PHONE, shown

from autograd import (
    Graph,
    Value,
    dot,
    explore,
    relu,
    scope,
    tanh,
)
from autograd.draw.explorer.page_data import adjoints_of
from autograd.symbol import number_text

HOSTILE = [
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='alert(1)", "<!-- ", "]]>",
    "{{script}}",
    "😀👩‍👩‍👧", "\u202eאבג", "x" * 10_000, "a\nb\tc", "\ud800", "javascript:alert(1)", "__proto__",
    "&lt;b&gt;", "`${alert(1)}`",
]  # fmt: skip


def hostile():
    with scope("</style><script>alert(2)</script>"), scope("'\"<"):
        h = dot([Value(i + 0.5, name=name) for i, name in enumerate(HOSTILE)], [Value(0.01, name=n) for n in HOSTILE])
        h.name = "<svg onload=alert(1)>"
        y = tanh(h)
    y.name = "</title><script>alert(3)</script>"
    return y


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_hostile_names_are_text(visit, size):
    y = hostile()
    page = explore(y)
    tab = visit(page, size=size)
    assert tab.locator("script").count() == 2
    assert tab.locator("img, object, embed, iframe, link, style ~ style").count() == 0
    tab.evaluate("() => explorer.engine.nodes.forEach((_, i) => explorer.choose(i))")
    tab.evaluate("steps => steps.forEach((step) => explorer.player.go(step))", list(range(0, page.steps + 1, 3)))
    tab.fill("#search", "<")
    assert tab.locator("#found button").count() > 1
    tab.evaluate("document.querySelectorAll('.fold-level')[0].click()")
    assert tab.title() == "</title><script>alert(3)</script> = " + number_text(y.data)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_stops_what_is_not_the_pages_own(browser, tmp_path):
    """Script and style that got into the file all the same do not run, and nothing is evaluated or fetched."""
    page = explore(Value(2.0, name="x") * 3.0)
    html = page.html.replace(
        "</body>", "<script>window.hacked = 1</script><p onclick='window.hacked = 2' id=p>p</p></body>"
    )
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    requests = []
    tab.on("requestfailed", lambda request: requests.append(request.failure))
    tab.goto(path.as_uri())
    tab.click("#p", force=True)
    assert tab.evaluate("window.hacked") is None
    blocked = tab.evaluate(
        """async () => {
          const image = new Image(), blocked = () => "blocked";
          const failed = new Promise((done) => { image.onerror = () => done(blocked()); });
          image.src = "http://127.0.0.1:9/x.png";
          return [await failed, await fetch("http://127.0.0.1:9/").then(() => "fetched", blocked)];
        }"""
    )
    assert blocked == ["blocked", "blocked"]
    assert set(requests) == {"csp"}
    context.close()


def test_without_javascript_every_number_is_there(visit):
    net = perceptron()
    graph = net.error.graph()
    tab = visit(explore(net.error), script=False)
    for i, (node, grad) in enumerate(zip(graph.nodes, adjoints_of(graph), strict=True)):
        assert shown(tab, i, "data") == number_text(node.data, 4)
        assert shown(tab, i, "grad") == ("frozen" if grad is None else number_text(grad, 4))
        for edge in node.edges:
            label = tab.locator(f"#n{i}e{edge.slot} .label").text_content()
            assert number_text(edge.slope, 4) in label
            assert ("←" in label) == edge.operand.requires_grad
    assert tab.locator(".note").inner_text().startswith("JavaScript is off")
    assert tab.locator("#transport").is_hidden()
    assert tab.locator("#n16").is_visible()


def test_in_a_notebook_it_runs_in_a_frame(browser):
    net = perceptron()
    context = browser.new_context()
    tab = context.new_page()
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.set_content(f"<body>{net.error.explore()._repr_html_()}</body>")
    frame = tab.frame_locator("iframe")
    frame.locator("#first").click()
    frame.locator("#next").click()
    assert frame.locator("#counter").text_content() == "1 / 35"
    frame.locator("#theme").click()
    assert complaints == []
    context.close()


def thirty():
    x = Value(0.3, name="x")
    y = x
    for k in range(14):
        y = tanh(y * (1.1 + k)) + 1234567.891 * relu(x)
    return y


SHOWN = [lambda: Value(-1.5e-9, name="a") * Value(2.0, name="b"), thirty, lambda: network((8, 16, 8, 1))]


@pytest.mark.parametrize(("make", "size"), every(product(SHOWN, [DESK, PHONE]), 3))
def test_no_text_leaves_its_place(visit, make, size):
    y = make()
    tab = visit(explore(y), "#step=4", size=size)
    leaf = next(i for i, v in enumerate(y.graph().nodes) if v.is_leaf)
    tab.evaluate("leaf => explorer.change(leaf, -1.23456789e-107)", leaf)
    outside = """() => { const out = []; for (const card of document.querySelectorAll(".node")) {
        if (getComputedStyle(card).display === "none") continue;
        const box = card.querySelector(".card").getBoundingClientRect();
        for (const text of card.querySelectorAll("text")) {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          const across = left < box.left - 1 || right > box.right + 1;
          if (across || top < box.top - 1 || bottom > box.bottom + 1) out.push(text.textContent);
        }
        const [name, sign] = [".name", ".sign"].map((part) => card.querySelector(part)?.getBoundingClientRect());
        if (name && sign && name.right > sign.left) out.push("name over sign");
      } return out; }"""
    for step in (4, 10**6):
        tab.evaluate("step => explorer.player.go(step)", step)
        assert tab.evaluate(outside) == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ends = "[...document.querySelectorAll('#panel *')].map((one) => one.getBoundingClientRect().right)"
        assert max(tab.evaluate(ends)) <= size[0] + 1


def test_touch_chooses_a_node(visit):
    net = perceptron()
    tab = visit(explore(net.error), size=PHONE)
    tab.locator("#n16 .card").tap()
    assert tab.locator("#chosen .full").text_content() == "E"


def test_a_graph_of_one_leaf(visit):
    page = explore(Value(2.0, name="x"))
    assert page.steps == 1
    tab = visit(page)
    tab.keyboard.press("Home")
    assert shown(tab, 0, "data") == "—"
    tab.keyboard.press("End")
    assert shown(tab, 0, "data") == "2"


def test_the_output_may_be_used_by_no_other_graph_that_is_shown(visit):
    """Gradients are the output's, whatever earlier passes left in `grad`."""
    x = Value(3.0, name="x")
    y = x * x
    z = y * 10.0
    z.backward()
    z.backward()
    before = x.grad
    tab = visit(explore(y))
    assert shown(tab, 0, "grad") == "6"
    assert x.grad == before
    assert Graph(y).nodes[-1].grad == 10.0
