"""Take the moving picture of the explorer that the README shows, from a real page: ``python docs/moving_picture.py``.

One sum of the chain rule comes about: x reaches Q by two ways, and the page adds up what flows back along them. A
picture is taken at each step, and they are put together as an animated WebP. Needs Playwright, Pillow, and Chromium on
the PATH.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from autograd import Value, explore, sin, tanh

PICTURE = Path(__file__).with_name("explorer.webp")
SIZE = {"width": 1012, "height": 600}  # as wide as a README is shown
MILLISECONDS = 1100  # of a step
LAST_MILLISECONDS = 4000  # of the last one
LARGEST = 1_000_000  # bytes


def graph() -> Value:
    """Record a graph in which x reaches Q by two ways."""
    x = Value(0.5, name="x")
    z = tanh(x)
    z.name = "z"
    s = sin(x)
    s.name = "s"
    Q = z * s
    Q.name = "Q"
    return Q


def take() -> list[Image.Image]:
    """Open the page, and photograph each step of it."""
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "Q.html"
        steps = explore(graph(), file).steps
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
        tab.goto(file.as_uri())
        tab.evaluate("document.fonts.ready")
        shots = [_photograph(tab, f"{file.as_uri()}#step={step}") for step in range(1, steps + 1)]
        browser.close()
    return shots


def _photograph(tab: Tab, address: str) -> Image.Image:
    tab.goto(address)
    tab.wait_for_timeout(300)
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


def join(shots: list[Image.Image]) -> bytes:
    """Put pictures together as one that moves, over and over."""
    settings = {"loop": 0, "quality": 85, "method": 6, "minimize_size": True}
    durations = [MILLISECONDS] * (len(shots) - 1) + [LAST_MILLISECONDS]
    written = io.BytesIO()
    first, *rest = shots
    first.save(written, "WEBP", save_all=True, append_images=rest, duration=durations, **settings)
    return written.getvalue()


if __name__ == "__main__":
    picture = join(take())
    if len(picture) > LARGEST:
        sys.exit(f"The picture has {len(picture):,} bytes, more than {LARGEST:,}: take a smaller one.")
    PICTURE.write_bytes(picture)
