"""Takes the picture of the explorer that the README shows, from a real page: ``python docs/explorer.py``.

Needs Playwright, and Chromium on the PATH.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from autograd import explore
from edgegrad.lectures.networks import perceptron, run_perceptron

PICTURE = Path(__file__).with_name("explorer.png")
SIZE = {"width": 1320, "height": 620}
LARGEST = 150_000  # bytes


def take() -> None:
    """Open the page of lecture L1.4 at the step from s1 to a weight of it, and photograph it."""
    model = perceptron()
    weight = dict(model.named_parameters())["W1[0][1]"]
    error = run_perceptron(model)
    graph = error.graph()
    edges = [edge for node in reversed(graph.nodes) for edge in node.edges]
    step = len(graph.nodes) + 1 + next(k for k, edge in enumerate(edges) if edge.operand is weight)
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        page = Path(folder) / "E.html"
        explore(error, page)
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        tab.goto(f"{page.as_uri()}#step={step}")
        tab.evaluate("document.fonts.ready")
        picture = tab.screenshot()
        browser.close()
    if len(picture) > LARGEST:
        sys.exit(f"The picture has {len(picture):,} bytes, more than {LARGEST:,}: take a smaller one.")
    PICTURE.write_bytes(picture)


if __name__ == "__main__":
    take()
