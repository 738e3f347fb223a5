"""What tests of pages share: sizes of screen in pixels, and what a page shows, in Python's terms."""

import math
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from autograd.draw.explorer.page_data import adjoints_of

DESK, PHONE = (1440, 900), (390, 844)

#: The numbers that a page has now, NaN and infinities as text.
NOW = """() => {
  const { now } = explorer.engine;
  const plain = (x) => x === undefined || x === null ? null : Number.isFinite(x) ? x : String(x);
  return { data: now.data.map(plain), slopes: now.slopes.map((row) => row.map(plain)), grads: now.grads.map(plain) };
}"""

#: What of the panel reaches beyond its right edge; a formula scrolls within itself.
BEYOND = """() => {
  const panel = document.getElementById("panel"), { left, width } = panel.getBoundingClientRect();
  const right = left + (panel.clientWidth * width) / panel.offsetWidth; // without its scroll bar, as large as texts are now
  const shown = [...panel.querySelectorAll("*:not(math *, svg *, .formula, .formula *, .unseen)")].filter((one) => one.checkVisibility());
  return shown.filter((one) => one.getBoundingClientRect().right > right + 1).map((one) => one.textContent);
}"""  # noqa: E501


def agree(page_numbers, graph):
    """Compare the page's numbers with a graph's, to 1e-12."""

    def close(shown, number):
        if number is None:
            return True
        number = float(number)
        if not math.isfinite(number):
            return str(shown) in (str(number), "NaN" if number != number else "Infinity" if number > 0 else "-Infinity")
        return isinstance(shown, int | float) and abs(shown - number) <= 1e-12 * max(1.0, abs(number))

    for i, (node, grad) in enumerate(zip(graph.nodes, adjoints_of(graph), strict=True)):
        assert close(page_numbers["data"][i], node.data), (node.op, i)
        for slot, slope in enumerate(node.slopes):
            assert close(page_numbers["slopes"][i][slot], slope), (node.op, node.operands, slot)
        assert (page_numbers["grads"][i] is None) == (grad is None)
        assert close(page_numbers["grads"][i], grad), (node.op, i)


def shown(tab, node, what):
    return tab.locator(f"#n{node} .{what}").text_content()


def all_shown(tab, what):
    """Return all texts of a kind at once, by the card or arrow that they stand on."""
    return dict(
        tab.evaluate(
            """what => [...document.querySelectorAll(`#world ${what}`)]
              .map((one) => [one.closest("g[id]").id, one.textContent])""",
            f".{what}",
        )
    )


def until(tab, condition):
    """Wait for a condition. Playwright's own way evaluates text in the page, which its policy forbids."""
    for _ in range(100):
        if tab.evaluate(condition):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"{condition} does not come true")


def replace(tab, page):
    """Show another page in the place of the one that a tab shows."""
    page.save(Path(url2pathname(urlsplit(tab.url).path)))
    tab.goto(tab.url.partition("#")[0])


def position(tab):
    return tab.evaluate("explorer.player.position")
