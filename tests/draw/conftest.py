"""A real browser for the pages: one for all tests, without network, with every complaint it makes on record."""

import shutil
from types import SimpleNamespace

import pytest
from screens import DESK, PHONE

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open an explorer's page from its file; the test fails if the page complains or asks for anything else."""
    opened = []

    def open_page(page, address="", *, size=DESK, scheme="light", script=True, motion="reduce"):
        path = tmp_path / f"page{len(opened)}.html"
        page.save(path)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=script,
            has_touch=size == PHONE, reduced_motion=motion,
        )  # fmt: skip
        tab = context.new_page()
        context.set_default_timeout(4000)
        heard = SimpleNamespace(complaints=[], requests=[], context=context, path=path)
        opened.append(heard)
        tab.on("console", lambda message: heard.complaints.append(message.text))
        tab.on("pageerror", lambda error: heard.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (heard.complaints.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: heard.requests.append(request.url))
        tab.goto(path.as_uri() + address)
        return tab

    yield open_page
    for heard in opened:
        heard.context.close()
    for heard in opened:
        assert heard.complaints == []
        assert {url.partition("#")[0] for url in heard.requests} == {heard.path.as_uri()}
