"""Pages in a real browser, without network, with every complaint it makes on record."""

from types import SimpleNamespace

import pytest
from screens import DESK, PHONE


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
