"""The playground in a browser, which reaches no host but the one that serves it.

`make test-page` builds the site, and installs what these tests need.
"""

from __future__ import annotations

import html
import re
import shutil
import threading
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

import fad
from fad.drawing.block_diagrams import FOLD, tidied
from fad.runtime.engine import Engine

playwright: Any = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
SITE = ROOT / "dist" / "site"
CHROMIUM = shutil.which("chromium")
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
EXAMPLES = ROOT / "examples"
VIEWS = "dual reverse expanded learning diagrams prove listen learn".split()
#: Catches what a page saves: browsers refuse to save many files one after the other.
CATCH = """
const make = URL.createObjectURL;
URL.createObjectURL = blob => (globalThis.blob = blob, make.call(URL, blob));
HTMLAnchorElement.prototype.click = function () {
    const name = this.download;
    globalThis.saved = globalThis.blob.text().then(text => [name, text]);
};
"""
#: Milliseconds for the engine to load, and for a job.
LOADING = 60_000
WORK = 30_000

pytestmark = [
    pytest.mark.skipif(not (SITE / "playground").is_dir(), reason="`make site` has to build it"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the playground, as `make page` serves it."""
    with run_path(str(ROOT / "site" / "serve.py"))["server"](0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/playground/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser that knows no other host."""
    options = [
        "--no-sandbox",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        # A microphone that beeps once in a second, where a page may use one.
        "--use-fake-device-for-media-stream",
    ]
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def opened(browser: Any, address: str, script: str = "", **options: Any) -> Any:
    """A page of its own, with nothing kept from others, whose engine is loaded.

    Args:
        browser: the browser.
        address: of the page.
        script: what runs before the page does.
        options: of the browser's context.
    """
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
    page.faults = []
    page.asked = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda told: told.type == "error" and page.faults.append(told.text))
    page.on("request", lambda request: page.asked.append(request.url))
    page.add_init_script(CATCH + script)
    page.goto(address)
    ready(page)
    return page


def ready(page: Any) -> None:
    page.wait_for_selector("body[data-engine=ready]", timeout=LOADING)
    page.wait_for_selector("#text-panel[aria-busy=false]", state="attached", timeout=WORK)


@pytest.fixture(scope="module")
def shared(browser: Any, site: str) -> Iterator[Any]:
    """One page for the tests that need nothing of their own."""
    page = opened(browser, site, service_workers="block")
    yield page
    page.context.close()


def choose(page: Any, group: str, name: str) -> None:
    """Chooses an example, and waits until its dual or its error is shown."""
    page.click("#tab-dual")
    values = page.eval_on_selector(
        "#examples",
        "(menu, [group, name]) => [...menu.querySelectorAll('optgroup')]"
        ".filter(one => one.label === group)"
        ".flatMap(one => [...one.children]).map(one => one.value)"
        ".filter(value => value.split('/').at(-1) === `${name.replaceAll(' ', '_')}.dsp`)",
        [group, name],
    )
    page.evaluate("document.querySelector('#text-panel').setAttribute('aria-busy', 'true')")
    page.select_option("#examples", values)
    page.wait_for_selector("#text-panel[aria-busy=false]", state="attached", timeout=WORK)


def saved(page: Any, button: str) -> tuple[str, str]:
    """The name and the text of what a button saves."""
    page.evaluate("globalThis.saved = undefined")
    page.click(button)
    name, text = page.evaluate("globalThis.saved")
    return str(name), str(text)


def until(page: Any, expression: str) -> None:
    """Waits until something is so; the page's own rules let no texts be evaluated in it."""
    page.wait_for_function(f"() => {expression}", timeout=WORK)


def typed(page: Any, text: str) -> None:
    """Replaces the program, as somebody would who types."""
    page.click("#source .cm-content")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_it_loads_from_its_own_host_without_a_fault(shared: Any, site: str) -> None:
    assert shared.faults == []
    ours = site.removesuffix("/playground/")
    assert [url for url in shared.asked if not url.startswith((ours, "blob:", "data:"))] == []
    assert "fad" in shared.inner_text("#engine-text")


GROUPS = {
    "": "First programs",
    "learn": "Programs that learn",
    "operators": "Derivatives inside programs",
    "ddsp": "Instruments",
    "fit": "Recordings",
}


@pytest.mark.parametrize("folder", GROUPS)
def test_duals_are_what_the_command_writes(shared: Any, folder: str) -> None:
    paths = sorted((EXAMPLES / folder).glob("*.dsp"))
    shown = [path for path in paths if not path.stem.endswith(("_model", "_data"))]
    assert shown
    for path in shown:
        choose(shared, GROUPS[folder], path.stem.replace("_", " "))
        try:
            expected = fad.transform(path).source
        except fad.FadError as error:
            assert error.message.replace("`", "") in shared.inner_text("#problems"), path
            continue
        assert saved(shared, "#download-result") == (f"{path.stem}.dual.dsp", expected)
        assert saved(shared, "#download-source") == (path.name, path.read_text("utf-8"))


def test_an_error_is_shown_at_its_place_and_loses_nothing(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    program = "// ∂ and 𝄞 take more than one byte\nprocess = _ * volume;\n"
    typed(page, program)
    page.wait_for_selector("#problems li.error", timeout=WORK)
    assert page.inner_text("#source .cm-lintRange-error") == "volume"
    assert page.inner_text("#problems .problem-place").endswith("2:15")
    assert "volume" in page.inner_text("#problems .problem-message")

    page.click("#problems .problem-place")
    page.keyboard.insert_text("2 + ")
    assert "2 + volume" in page.inner_text("#source .cm-content")
    page.reload()
    page.wait_for_selector("#source .cm-content")
    assert "2 + volume" in page.inner_text("#source .cm-content")
    page.context.close()


def test_what_does_not_fit_is_shown_as_code_beside_its_place(shared: Any) -> None:
    typed(shared, "process = (_,_) : sin;\n")
    shared.wait_for_selector("#problems .problem-code", timeout=WORK)
    assert shared.inner_text("#problems .problem-code") == "A = _,_\nB = sin"
    place, message = (
        shared.locator(f"#problems .problem-{part}").bounding_box() for part in ("place", "message")
    )
    # The message has three lines, and the place is beside the first.
    assert abs(place["y"] - message["y"]) < place["height"] / 4 < message["height"] / 8


def test_a_definition_and_its_dual_light_up_together(shared: Any) -> None:
    choose(shared, GROUPS[""], "estimate")
    shared.click("#tab-dual")
    shared.wait_for_selector("#text-panel[aria-busy=false]")
    shared.hover("#source .cm-line:has-text('hslider(\"gain\"') .tok-widget")
    assert "gain" in shared.inner_text("#source .cm-lit")
    assert "1.0" in shared.inner_text("#result .cm-lit")
    assert "gain" in shared.inner_text("#because")
    shared.hover("header")
    assert shared.query_selector(".cm-lit") is None


def test_a_link_brings_back_what_was_shared(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    program = 'g = hslider("grün", 0.5, 0, 1, 0.1);\nprocess = *(g);\n'
    typed(page, program)
    page.click("#tab-listen")
    page.wait_for_selector("#listen-controls input", timeout=WORK)
    page.fill("#listen-controls input", "250")
    assert page.inner_text("#listen-controls output") == "0.3"
    page.click("#tab-expanded")
    until(page, "document.querySelector('#result').innerText.includes('evaluated')")
    page.click("#share")
    until(page, "document.querySelector('#notice').innerText.startsWith('The link is')")
    button, notice = (page.locator(each).bounding_box() for each in ("#share", "#notice"))
    assert 0 < notice["y"] - button["y"] - button["height"] < 20
    assert notice["x"] < button["x"] + button["width"] and notice["x"] + notice["width"] < 1440

    expanded = page.url
    page.set_viewport_size({"width": 390, "height": 800})
    page.click("#tab-source")
    page.click("#share")
    until(page, f"location.href !== '{expanded}'")
    on_telephone = page.url
    page.context.close()

    other = opened(browser, expanded, service_workers="block")
    assert saved(other, "#download-source")[1] == program
    assert other.get_attribute("#tab-expanded", "aria-selected") == "true"
    for width, address, view in (
        (390, expanded, "expanded"),
        (390, on_telephone, "source"),
        (1440, on_telephone, "dual"),
    ):
        # Another program is there already, which has values of its own.
        other.set_viewport_size({"width": 1440, "height": 800})
        typed(other, "process = !, _;\n")
        until(other, "location.hash === ''")
        other.set_viewport_size({"width": width, "height": 800})
        other.goto(address)
        until(other, f"document.querySelector('#tab-{view}').ariaSelected === 'true'")
        assert "grün" in other.text_content("#source .cm-content")
        other.click("#tab-listen")
        until(other, "document.querySelector('#listen-controls output')?.innerText === '0.3'")
    other.evaluate("location.hash = '#p=AAAA'")
    until(other, "document.querySelector('#notice').innerText.includes('not whole')")
    other.context.close()


def test_an_example_has_an_address(shared: Any, site: str) -> None:
    """The first page of the site has a link to one."""
    page = (ROOT / "site" / "landing" / "index.html").read_text("utf-8")
    (path, view) = re.findall(r"playground/#example=([\w/.]+)&amp;view=(\w+)", page)[0]
    shared.goto(f"{site}#example={path}&view={view}")
    until(shared, f"document.querySelector('#tab-{view}').ariaSelected === 'true'")
    assert saved(shared, "#download-source")[1] == (EXAMPLES / path).read_text("utf-8")
    shared.goto(f"{site}#example=nothing.dsp")
    until(shared, "document.querySelector('#notice').innerText.includes('no example nothing.dsp')")
    shared.click("#tab-dual")


def test_inside_a_page_of_the_documentation(browser: Any, site: str) -> None:
    """It leaves alone what the browser keeps, and goes along when that page is left for its own."""
    page = browser.new_context(service_workers="block").new_page()
    page.goto(site.replace("/playground/", "/documentation/gallery/"))
    # Somebody has typed something on the playground's own page.
    kept = {"name": "mine.dsp", "source": "process = *(0.25);", "view": "dual", "files": {}}
    page.evaluate("kept => localStorage.setItem('fad.playground', JSON.stringify(kept))", kept)
    page.click(".try a >> nth=0")
    inside = page.frame_locator("iframe.tried")
    inside.locator("#result .cm-line:has-text('dy/d')").first.wait_for(timeout=LOADING)
    # There is room for one thing at a time.
    inside.locator("#tab-source").click()
    inside.locator("#source .cm-content").press("Control+a")
    inside.locator("#source .cm-content").press_sequentially("process = 0.125")
    inside.locator("#problems li.error").wait_for(timeout=WORK)
    assert page.evaluate("JSON.parse(localStorage.getItem('fad.playground'))") == kept

    page.click("text=On a page of its own")
    ready(page)
    assert page.locator("#source .cm-content").inner_text() == "process = 0.125"
    page.click("#source .cm-content")
    page.keyboard.press("Control+z")
    assert page.locator("#source .cm-content").inner_text() == kept["source"]
    page.context.close()


def test_a_link_leaves_what_was_typed_to_be_had_again(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    typed(page, "process = *(0.125);\n")
    page.click("#share")
    until(page, "location.hash.length > 3")
    address = page.url
    typed(page, "process = *(0.25);\n")
    page.goto("about:blank")
    page.goto(address)
    ready(page)
    # As long as somebody only looks at it, not even a reload takes the other away.
    page.click("#tab-expanded")
    page.reload()
    ready(page)
    assert saved(page, "#download-source")[1] == "process = *(0.125);\n"
    page.click("#source .cm-content")
    page.keyboard.press("Control+z")
    until(page, "location.hash === ''")
    page.reload()
    ready(page)
    assert saved(page, "#download-source")[1] == "process = *(0.25);\n"
    page.context.close()


def test_a_program_has_the_name_that_it_is_given(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    page.fill("#source-name", "mine")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#result-name').innerText === 'mine.dual.dsp'")
    assert saved(page, "#download-source")[0] == "mine.dsp"
    assert "mine.dsp" in page.title()
    page.fill("#source-name", "a/b.dsp")
    page.keyboard.press("Enter")
    assert "none of /" in page.inner_text("#name-problem")
    assert page.get_attribute("#source-name", "aria-invalid") == "true"
    assert saved(page, "#download-source")[0] == "mine.dsp"
    page.focus("#source-name")
    page.keyboard.press("Escape")
    assert page.input_value("#source-name") == "mine.dsp"
    assert page.inner_text("#name-problem") == ""
    page.reload()
    ready(page)
    assert page.input_value("#source-name") == "mine.dsp"

    # Another program takes its place, until that is undone.
    typed(page, "process = *(0.25);\n")
    page.select_option("#examples", label="New program")
    until(page, "document.querySelector('#source-name').value === 'program.dsp'")
    assert "hslider" in saved(page, "#download-source")[1]
    page.click("#tab-expanded")
    page.click("#source .cm-content")
    page.keyboard.press("Control+z")
    until(page, "document.querySelector('#source-name').value === 'mine.dsp'")
    until(page, "document.querySelector('#result-name').innerText === 'mine.expanded.dsp'")
    assert saved(page, "#download-source") == ("mine.dsp", "process = *(0.25);\n")
    page.context.close()


def test_the_menu_says_which_example_is_open(shared: Any) -> None:
    def shown() -> str:
        return str(shared.eval_on_selector("#examples", "menu => menu.selectedOptions[0].text"))

    choose(shared, GROUPS["learn"], "lowpass")
    assert shown() == "lowpass (learning)"
    choose(shared, GROUPS[""], "lowpass")
    assert shown() == "lowpass"
    typed(shared, "process = _;\n")
    until(shared, "document.querySelector('#examples').value === ''")
    shared.keyboard.press("Control+z")
    until(shared, "document.querySelector('#examples').value !== ''")
    assert shown() == "lowpass"


def test_it_reloads_without_a_network(browser: Any, site: str) -> None:
    page = opened(browser, site)
    page.wait_for_selector("body[data-offline=ready]", timeout=LOADING)
    before = saved(page, "#download-result")
    page.context.set_offline(True)
    page.reload()
    ready(page)
    assert saved(page, "#download-result") == before
    page.context.close()


def test_a_file_can_be_added_and_removed(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    typed(page, 'import("mine.lib");\nprocess = *(volume);\n')
    page.wait_for_selector("#problems li.error", timeout=WORK)
    assert page.inner_text("#source .cm-lintRange-error") == 'import("mine.lib");'
    text = 'volume = hslider("volume", 0.5, 0, 1, 0.1);\n'
    mine = {"name": "mine.lib", "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("#open-file", mine)
    page.wait_for_selector("#problems", state="hidden", timeout=WORK)
    assert "dy/dvolume" in page.inner_text("#result-about")
    page.click("#files button")
    page.wait_for_selector("#problems li.error", timeout=WORK)
    assert "Open file" in page.inner_text("#problems")

    other = {"name": "other.dsp", "mimeType": "text/plain", "buffer": b"process = _ * 2;"}
    page.set_input_files("#open-file", other)
    until(page, "document.querySelector('#source .cm-content').innerText.includes('_ * 2')")
    assert saved(page, "#download-source") == ("other.dsp", "process = _ * 2;")
    page.context.close()


def test_browsers_that_lack_something_are_told(browser: Any, site: str) -> None:
    page = opened(browser, site, "delete globalThis.AudioWorkletNode;", service_workers="block")
    page.click("#tab-listen")
    assert "no AudioWorklet" in page.inner_text("#listen-message")
    assert not page.is_visible("#listen-start")
    page.context.close()
    page = browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly;")
    page.goto(site)
    until(page, "document.body.innerText.includes('no WebAssembly')")
    page.close()


def test_it_is_as_dark_as_the_system_until_somebody_chooses(browser: Any, site: str) -> None:
    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))

    page = browser.new_context(color_scheme="dark", service_workers="block").new_page()
    page.goto(site)
    assert brightness() < 100
    page.emulate_media(color_scheme="light")
    until(page, "document.documentElement.dataset.theme === 'light'")
    assert brightness() > 700
    page.click("#theme")
    assert brightness() < 100
    assert page.get_attribute("#theme", "aria-pressed") == "true"
    page.reload()
    assert brightness() < 100
    page.context.close()


def test_what_is_edited_often_is_done_once(shared: Any) -> None:
    shared.click("#tab-dual")
    for edit in range(200):
        typed(shared, f'process = *(hslider("g{edit}", 0.5, 0, 1, 0.1));\n')
    until(shared, "document.querySelector('#result').innerText.includes('g199')")
    assert "dy/dg199" in shared.inner_text("#result-about")


def test_tabs_are_for_the_keyboard_too(shared: Any) -> None:
    shared.click("#tab-dual")
    for view in [*VIEWS[1:], VIEWS[0]]:
        shared.keyboard.press("ArrowRight")
        assert shared.evaluate("document.activeElement.id") == f"tab-{view}"
        assert shared.get_attribute(f"#tab-{view}", "aria-selected") == "true"
    assert shared.is_visible("#text-panel")


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_all_tabs_are_in_sight_and_stay_where_they_are(shared: Any, width: int) -> None:
    def places() -> list[dict[str, float]]:
        return [shared.locator(f"#tab-{view}").bounding_box() for view in VIEWS]

    shared.set_viewport_size({"width": width, "height": 800})
    shared.click("#tab-dual")
    before = places()
    for place in before:
        assert place["x"] >= 0 and place["x"] + place["width"] <= width
    for view in ("expanded", "learning", "reverse", "dual"):
        shared.click(f"#tab-{view}")
        assert places() == before
    shared.set_viewport_size({"width": 1440, "height": 900})


def test_where_it_is_a_part_of_a_page_links_leave_that_page(shared: Any) -> None:
    """The documentation has the playground inside: another page of the site takes its place."""
    links = "a[href^='../'], a[href^='/']"
    targets = shared.eval_on_selector_all(links, "all => all.map(one => [one.href, one.target])")
    assert {href.rsplit("/", 2)[1]: target for href, target in targets}["documentation"] == "_top"
    assert {target for _, target in targets} == {"_top"}


@pytest.mark.parametrize("name", ["estimate", "lowpass", "table"])
def test_derivatives_are_proved_as_the_command_proves_them(shared: Any, name: str) -> None:
    choose(shared, GROUPS[""], name)
    shared.click("#tab-prove")
    shared.wait_for_selector("#prove-panel[aria-busy=false]", timeout=WORK)
    shown = shared.eval_on_selector_all(
        "#prove-badges .badge-verdict", "all => all.map(one => one.innerText)"
    )
    report = fad.check(EXAMPLES / f"{name}.dsp")
    assert shown == [pair.verdict for pair in report.pairs]
    shared.click("#tab-dual")


def test_a_program_plays_and_its_derivatives_are_drawn(shared: Any) -> None:
    choose(shared, GROUPS[""], "lowpass")
    shared.click("#tab-listen")
    shared.wait_for_selector("#listen-curves .derivative", timeout=WORK)
    shared.click("#listen-start")
    until(
        shared,
        "[...document.querySelectorAll('.curve-size')].every(one => one.innerText[0] === '±')",
    )
    names = shared.eval_on_selector_all(
        "#listen-curves .curve-name", "all => all.map(one => one.innerText)"
    )
    assert names == ["y", "dy/dfc", "dy/dgain"]
    # Who looks at something else hears no more of it.
    shared.click("#tab-dual")
    assert shared.text_content("#listen-start") == "Play"


def test_a_short_press_of_a_button_is_not_lost(shared: Any) -> None:
    shared.click("#tab-listen")
    typed(shared, 'process = button("hit") : + ~ _ : *(hslider("g [unit:dB]", 1, 0, 1, 0.1));\n')
    shared.wait_for_selector("#listen-controls .push", timeout=WORK)
    shared.click("#listen-start")
    until(shared, "document.querySelector('.curve-size').innerText === '± 0'")
    # Both reach the program before it computes a block: that takes about three milliseconds.
    shared.eval_on_selector(
        "#listen-controls .push",
        "hit => ['keydown', 'keyup'].forEach("
        "type => hit.dispatchEvent(new KeyboardEvent(type, { key: ' ' })))",
    )
    until(shared, "document.querySelector('.curve-size').innerText !== '± 0'")
    # The button was down for a block of 128 samples, or for some.
    size = shared.inner_text(".derivative .curve-size")
    assert size.endswith(" per dB") and float(size.split()[1]) >= 128
    assert re.fullmatch(r"2[13] ms", shared.inner_text("#listen-time"))
    shared.click("#tab-dual")


def test_a_program_hears_a_sound_file(shared: Any) -> None:
    through(shared)
    sound = BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes(b"\0\x40" * 22050)  # a half
    for name, data in {"sound.wav": sound.getvalue(), "text.wav": b"no sound"}.items():
        given = {"name": name, "mimeType": "audio/wav", "buffer": data}
        shared.set_input_files("#listen-file", given)
        if name == "sound.wav":
            until(shared, "document.querySelector('.curve-size').innerText === '± 0.5'")
            assert shared.input_value("#listen-signal") == "file"
    # What is no sound is told, and something else goes on.
    until(shared, "document.querySelector('#notice').innerText.includes('cannot read')")
    assert shared.input_value("#listen-signal") == "noise"
    until(shared, "document.querySelector('.curve-size').innerText === '± 0.25'")
    shared.click("#tab-dual")


@pytest.mark.parametrize("permissions", [["microphone"], []], ids=["allowed", "refused"])
def test_a_program_hears_a_microphone_that_it_may_use(
    browser: Any, site: str, permissions: list[str]
) -> None:
    page = opened(browser, site, service_workers="block", permissions=permissions)
    through(page)
    until(page, "document.querySelector('.curve-size').innerText === '± 0.25'")
    page.select_option("#listen-signal", "microphone")
    if permissions:
        # The beep is louder than the noise.
        until(page, "parseFloat(document.querySelector('.curve-size').innerText.slice(2)) > 0.5")
        assert page.input_value("#listen-signal") == "microphone"
        assert page.inner_text("#notice") == ""
    else:
        until(page, "document.querySelector('#notice').innerText.includes('no microphone')")
        assert page.input_value("#listen-signal") == "noise"
        until(page, "document.querySelector('.curve-size').innerText === '± 0.25'")
    page.context.close()


def through(page: Any) -> None:
    """Plays a program that does nothing to what it gets."""
    page.click("#tab-listen")
    typed(page, 'process = *(hslider("g", 1, 0, 1, 0.1));\n')
    page.wait_for_selector("#listen-controls input", timeout=WORK)
    page.select_option("#listen-signal", "noise")
    page.click("#listen-start")
    until(page, "document.querySelector('.curve-size')?.innerText.startsWith('±')")


def test_it_learns_the_hidden_values_within_a_percent(shared: Any) -> None:
    choose(shared, GROUPS["learn"], "gain offset")
    shared.click("#tab-learn")
    shared.wait_for_selector("#learn-tracks .track", timeout=WORK)
    shared.click("#learn-start")
    hidden = {"gain": 0.5, "dc": 0.0}
    # Both range over 1 or 2: a percent of that.
    shared.wait_for_function(
        """hidden => [...document.querySelectorAll('#learn-tracks .track')].every(track => {
            const name = track.querySelector('.curve-name').innerText;
            const text = track.querySelector('.track-now').innerText.replace('\u2212', '-');
            return Math.abs(parseFloat(text.replace('learnt ', '')) - hidden[name]) < 0.01;
        })""",
        arg=hidden,
        timeout=WORK,
    )
    until(shared, "document.querySelector('#learn-progress').innerText.startsWith('Found')")
    shared.click("#tab-dual")


def test_learning_starts_and_goes_as_somebody_chooses(browser: Any, site: str) -> None:
    page = opened(browser, site, service_workers="block")
    choose(page, GROUPS["learn"], "gain offset")
    page.click("#tab-learn")
    page.wait_for_selector("#learn-tracks .track", timeout=WORK)
    page.select_option("#learn-loss", "huber")
    slider = page.locator(".track:has-text('gain') label:has-text('start') input")
    slider.focus()
    slider.press("Home")
    until(page, "document.querySelector('label:has(:focus) output').innerText === '0'")

    page.click("#tab-learning")
    page.wait_for_selector("#text-panel[aria-busy=false]", timeout=WORK)
    until(page, "document.querySelector('#result').innerText.includes('huber')")
    expected = fad.estimate(
        EXAMPLES / "learn" / "gain_offset.dsp", optimizer="auto", loss="huber", start={"gain": 0}
    )
    assert saved(page, "#download-result") == ("gain_offset.learning.dsp", expected.source)
    assert "--start '/gain=0' --loss huber" in page.inner_text("#result-about")

    page.click("#tab-learn")
    typed(page, "process = _ * volume;")
    page.wait_for_selector("#learn-panel.stale", timeout=WORK)

    grouped = 'hgroup("tone", hslider("high [scale:log]", 2, 1, 4, 0.1))'
    typed(page, f'process = _*{grouped} + hslider("offset", 0.5, 0, 1, 0.1);')
    page.click("#learn-start")
    until(page, "document.querySelector('#learn-progress').innerText.startsWith('Found')")
    ends = page.eval_on_selector_all(
        "#learn-tracks .track",
        "all => all.map(one => [...one.querySelectorAll('.slider')].length)",
    )
    assert ends == [2, 2]
    assert page.is_visible("#learn-back")
    page.click("#learn-back")
    page.wait_for_selector("#learn-back", state="hidden")

    # What was found says nothing about another program.
    page.click("#learn-start")
    page.select_option("#examples", "new/program.dsp")
    page.wait_for_selector(".track:has-text('cutoff')", timeout=WORK)
    assert page.inner_text("#learn-progress") == page.inner_text("#learn-loss-now") == ""
    page.context.close()


def test_diagrams_are_moved_around_in_sheet_by_sheet(shared: Any, engine: Engine) -> None:
    """What is read in them is what libfaust draws natively."""
    path = EXAMPLES / "lowpass.dsp"
    texts = {"source": fad.expand(path).source, "dual": fad.transform(path).source}
    drawings = {
        which: tidied(engine.diagrams(text, path.name, fold=FOLD)) for which, text in texts.items()
    }
    choose(shared, GROUPS[""], "lowpass")
    shared.click("#tab-diagrams")
    shared.wait_for_selector("#diagrams-panel[aria-busy=false]", timeout=WORK)
    for which in ("source", "dual"):
        place = shared.locator(f"#drawing-{which} .drawing-place")
        picture = shared.locator(f"#drawing-{which} svg")
        (inner,) = re.findall('xlink:href="([^"]+)"', drawings[which]["process.svg"])[:1]
        for sheet in ("process.svg", inner):
            if sheet == inner:
                picture.locator(f'a[href="{sheet}"] text').first.click()
            words = re.findall(">([^<]+)</text>", drawings[which][sheet])
            seen = [text for text in picture.locator("text").all_text_contents() if text]
            assert seen == [html.unescape(word) for word in words]
        assert place.text_content() == f" / process / {sheet.removesuffix('.svg')}"
        shared.click(f"#drawing-{which} >> text=Back")
        assert place.text_content() == " / process"
        before = picture.bounding_box()["width"]
        shared.click(f"#drawing-{which} >> text=Larger")
        assert picture.bounding_box()["width"] == pytest.approx(1.25 * before, abs=0.1)
    shared.click("#tab-dual")


def test_what_is_no_drawing_is_not_in_a_diagram(shared: Any) -> None:
    label = "<script>globalThis.ran = 1</script><a href='https://example.org/'>x</a>"
    choose(shared, GROUPS[""], "lowpass")
    typed(shared, f'process = hslider("{label}", 0, 0, 1, 0.1);')
    shared.click("#tab-diagrams")
    shared.wait_for_selector("#diagrams-panel[aria-busy=false]", timeout=WORK)
    shared.wait_for_selector("#drawing-source svg text:has-text('hslider')", timeout=WORK)
    assert shared.locator("#drawing-source svg script").count() == 0
    assert shared.locator("#drawing-source svg a[href^=http]").count() == 0
    assert shared.evaluate("globalThis.ran") is None
    choose(shared, GROUPS[""], "lowpass")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_no_serious_fault(browser: Any, site: str, colours: str, width: int) -> None:
    page = opened(browser, site, service_workers="block", color_scheme=colours, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 800})
    page.add_script_tag(path=AXE)
    for view in [*VIEWS, "error"]:
        if view == "error":
            page.click("#tab-dual")
            page.set_viewport_size({"width": 1440, "height": 800})
            typed(page, "process = volume;")
            page.wait_for_selector("#problems li.error", timeout=WORK)
        else:
            page.click(f"#tab-{view}")
        page.wait_for_timeout(500)
        page.wait_for_selector("body[data-engine=ready]", timeout=WORK)
        found = page.evaluate("axe.run()")["violations"]
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == [], view
    page.context.close()
