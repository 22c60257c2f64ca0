"""The first page in a browser: the circuit learns what a visitor hides."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.site.crawler import Site
from tests.support.places import ROOT

CHROMIUM = shutil.which("chromium")
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
#: Milliseconds within which a value is learnt: the page takes five seconds or less.
LEARNING = 30_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


class Handler(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=site.folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Any]:
    """A browser that knows no other host."""
    playwright = pytest.importorskip("playwright.sync_api")
    options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def opened(browser: Any, address: str, **options: Any) -> Any:
    """A page that has no errors, and asks for nothing that is not there."""
    page = browser.new_page(**options)
    problems: list[str] = []

    def look(response: Any) -> None:
        if response.status >= 400:
            problems.append(response.url)

    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("response", look)
    page.goto(address, wait_until="networkidle")
    assert problems == []
    return page


def values(page: Any) -> tuple[float, float]:
    """What is hidden, and what is learnt."""
    hidden, learnt = (page.locator(f"#{name}-now").text_content() for name in ("hidden", "learnt"))
    return float(hidden), float(learnt)


def test_the_circuit_follows_the_slider(browser: Any, address: str) -> None:
    page = opened(browser, address)
    page.locator("#hidden").fill("0.11")
    hidden, before = values(page)
    assert hidden == 0.11 and before > 0.25
    page.wait_for_function(
        "document.getElementById('learnt-now').textContent === '0.11'", timeout=LEARNING
    )
    page.click("#pause")
    assert page.locator("#pause").inner_text() == "Run"


def test_only_what_can_be_moved_looks_so(browser: Any, address: str) -> None:
    page = opened(browser, address)
    place = page.locator("#hidden").bounding_box()
    rails = page.locator(".circuit .rail").count()
    assert rails == 3  # bars that are not to be moved, which have no knob
    assert page.locator(".circuit svg circle").count() == 0
    # Where the slider is, the cursor says that it can be taken, and a drag takes it.
    assert page.locator("#hidden").evaluate("one => getComputedStyle(one).cursor") == "grab"
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.move(place["x"] + 1, place["y"] + place["height"] / 2)
    page.mouse.up()
    assert values(page)[0] == 0


def test_nothing_moves_for_who_wants_no_motion(browser: Any, address: str) -> None:
    page = opened(browser, address, reduced_motion="reduce")
    before = page.locator(".circuit").inner_html()
    page.wait_for_timeout(300)
    assert page.locator(".circuit").inner_html() == before
    page.locator("#hidden").press("Home")
    assert values(page) == (0, 0)


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("path", ["", "documentation/", "documentation/gallery/"])
def test_no_page_is_wider_than_the_window(
    browser: Any, address: str, path: str, width: int
) -> None:
    page = opened(browser, address + path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_choice_of_colours_holds_on_all_pages(browser: Any, address: str) -> None:
    context = browser.new_context(color_scheme="light")
    page = opened(context, address)
    page.click("#theme")
    for path in ("", "documentation/", "documentation/cli/"):
        page.goto(address + path)
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.locator("#theme").get_attribute("aria-pressed") == "true"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core comes with the packages of web/")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "documentation/", "documentation/corpus/"])
def test_nobody_is_left_out(browser: Any, address: str, path: str, scheme: str) -> None:
    page = opened(browser, address + path, color_scheme=scheme)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")["violations"]
    faults = [(each["id"], each["nodes"][0]["html"]) for each in found]
    serious = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], faults
    page.close()
