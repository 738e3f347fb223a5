"""Pages in a real browser, without network, with every complaint it makes on record."""

from collections import defaultdict
from types import SimpleNamespace

import pytest
from screens import DESK, PHONE


@pytest.fixture(scope="session")
def tabs(browser):
    """Open tabs that no test uses now, by what has to be known when one is opened: a new one takes half a second."""
    return defaultdict(list)


@pytest.fixture
def visit(browser, tabs, tmp_path):
    """Open an explorer's page from its file; the test fails if the page complains or asks for anything else."""
    opened = []

    def open_page(page, address="", *, size=DESK, scheme="light", script=True, motion="reduce"):
        path = tmp_path / f"page{len(opened)}.html"
        page.save(path)
        kind = {"java_script_enabled": script, "has_touch": size == PHONE}
        free = tabs[tuple(kind.values())]
        tab = free.pop() if free else browser.new_context(**kind).new_page()
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.emulate_media(color_scheme=scheme, reduced_motion=motion, media="screen")
        tab.context.set_default_timeout(4000)
        heard = SimpleNamespace(complaints=[], requests=[], path=path, tab=tab, free=free)
        heard.listeners = {
            "console": lambda message: heard.complaints.append(message.text),
            "pageerror": lambda error: heard.complaints.append(str(error)),
            "dialog": lambda dialog: (heard.complaints.append(dialog.message), dialog.dismiss()),
            "request": lambda request: heard.requests.append(request.url),
        }
        for event, listener in heard.listeners.items():
            tab.on(event, listener)
        opened.append(heard)
        tab.goto(path.as_uri() + address)
        return tab

    yield open_page
    for heard in opened:
        for event, listener in heard.listeners.items():
            heard.tab.remove_listener(event, listener)
        _leave(heard.tab, heard.free)
    for heard in opened:
        assert heard.complaints == []
        assert {url.partition("#")[0] for url in heard.requests} == {heard.path.as_uri()}


def _leave(tab, free):
    """Give a tab back as a new one is: nothing kept, nothing pressed, and the mouse in a corner."""
    if tab.is_closed():
        return
    tab.evaluate("try { localStorage.clear(); } catch { }")
    tab.mouse.up()
    tab.context.clear_permissions()
    tab.goto("about:blank")
    tab.mouse.move(0, 0)
    free.append(tab)
