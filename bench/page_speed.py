"""Times the playground in a browser: to load, the first transform, and then each of ten examples.

The same transforms are timed in this process, warm, and as a command line would take them: in a
process of its own. `make site` builds what is measured; `--write` writes a part of the page.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

import fad
from bench.page import PAGE, rewrite_part
from tests.support.commands import COMMAND
from tests.support.places import ROOT

#: What is promised of the first transform of a program with a library, and of the others, in
#: seconds; and of what is sent before the first, in MB.
FIRST, OTHERS, SENT = 2.0, 0.7, 12.0
#: Each is transformed so many times; the fastest counts.
ROUNDS = 3
#: The first one is what the playground opens with.
NAMES = (
    *("lowpass", "estimate", "onepole", "biquad", "harmonics", "echo"),
    *("ddsp/compressor", "ddsp/equaliser", "ddsp/clarinet", "ddsp/wah"),
)
#: Milliseconds that anything may take.
_PATIENCE = 120_000
#: Writes down when the engine goes from one state to the next.
_WATCH = """
globalThis.states = [];
new MutationObserver(() => {
    const state = document.body?.dataset.engine;
    if (state !== states.at(-1)?.[0]) states.push([state, performance.now()]);
}).observe(document, { subtree: true, childList: true, attributeFilter: ['data-engine'] });
"""
#: Opens an example, as its menu does, and tells the milliseconds until its dual is there.
_OPEN = """
address => new Promise(resolve => {
    const menu = document.querySelector('#examples');
    const panel = document.querySelector('#text-panel');
    const begun = performance.now();
    new MutationObserver((_, watch) => {
        if (panel.getAttribute('aria-busy') !== 'false') return;
        watch.disconnect();
        resolve(performance.now() - begun);
    }).observe(panel, { attributeFilter: ['aria-busy'] });
    menu.value = address;
    menu.dispatchEvent(new Event('change'));
})
"""


@dataclass(frozen=True)
class Times:
    """How long a transform takes, in seconds: in the page, in this process, as a command."""

    name: str
    page: float
    here: float
    command: float


@dataclass(frozen=True)
class Loading:
    """What it takes until the first dual is there.

    Attributes:
        megabytes: what was sent.
        seconds: until the engine was loaded, from this machine.
        first: from there to the first dual, in seconds.
    """

    megabytes: float
    seconds: float
    first: float


def main(arguments: Sequence[str]) -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write a part of the page")
    options = parser.parse_args(arguments)
    with _browser() as (browser, address):
        loadings = [_loading(browser, address) for _ in range(ROUNDS)]
        shown = _in_page(browser, address)
    times = [_timed(name, seconds) for name, seconds in shown.items()]
    console, table = Console(), Table(*_COLUMNS)
    for row in map(_row, times):
        table.add_row(*row)
    console.print(table)
    for line in _summary(loadings, times):
        console.print(line, soft_wrap=True)
    if options.write:
        rewrite_part(PAGE, "The page", _part(loadings, times))


@contextmanager
def _browser() -> Iterator[tuple[Any, str]]:
    """A browser, and the address of the playground."""
    with run_path(str(ROOT / "site" / "serve.py"))["server"](0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as started:
            chromium = started.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            yield chromium, f"http://127.0.0.1:{server.server_port}/playground/"
            chromium.close()
        server.shutdown()


def _opened(browser: Any, address: str) -> Any:
    page = browser.new_context(service_workers="block").new_page()
    page.sent = []
    page.on("requestfinished", lambda request: page.sent.append(request))
    page.add_init_script(_WATCH)
    page.goto(address)
    page.wait_for_selector("body[data-engine=ready]", timeout=_PATIENCE)
    return page


def _loading(browser: Any, address: str) -> Loading:
    page = _opened(browser, address)
    at = dict(page.evaluate("states"))
    sizes = [request.sizes() for request in page.sent]
    page.context.close()
    sent = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    return Loading(sent / 1e6, at["working"] / 1e3, (at["ready"] - at["working"]) / 1e3)


def _in_page(browser: Any, address: str) -> dict[str, float]:
    """Example -> seconds to its dual, in a page that has seen it once."""
    page = _opened(browser, address)
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(1 + ROUNDS):
        for name in NAMES:
            found[name].append(page.evaluate(_OPEN, f"{name}.dsp") / 1e3)
    page.context.close()
    return {name: min(seconds[1:]) for name, seconds in found.items()}


def _timed(name: str, seconds: float) -> Times:
    path = ROOT / "examples" / f"{name}.dsp"
    here = min(_seconds(path) for _ in range(ROUNDS))
    begun = time.perf_counter()
    subprocess.run([*COMMAND, "transform", str(path)], check=True, capture_output=True)
    return Times(path.name, seconds, here, time.perf_counter() - begun)


def _seconds(path: Path) -> float:
    begun = time.perf_counter()
    fad.transform(path)
    return time.perf_counter() - begun


_COLUMNS = ("program", "page s", "here s", "command s", "page/here", "page/command")


def _row(each: Times) -> tuple[str, ...]:
    return (
        each.name,
        f"{each.page:.3f}",
        f"{each.here:.3f}",
        f"{each.command:.2f}",
        f"{each.page / each.here:.1f}",
        f"{each.page / each.command:.2f}",
    )


def _summary(loadings: Sequence[Loading], times: Sequence[Times]) -> Iterator[str]:
    best = min(loadings, key=lambda each: each.first)
    slowest = max(times, key=lambda each: each.page)
    yield f"sent before the first dual: {best.megabytes:.1f} MB (at most {SENT:g})"
    yield f"loaded from this machine: {min(each.seconds for each in loadings):.1f} s"
    yield (
        f"then the first dual, with the standard libraries: {best.first:.2f} s, median "
        f"{statistics.median(each.first for each in loadings):.2f} s (at most {FIRST:g})"
    )
    yield f"the slowest of the others: {slowest.page:.2f} s, {slowest.name} (at most {OTHERS:g})"


def _part(loadings: Sequence[Loading], times: Sequence[Times]) -> Iterator[str]:
    """The part of docs/performance.md."""
    yield from (
        "`make bench-page` measures this, and `python -m bench.page_speed --write` writes this",
        "part of the page: the playground in chromium, on this machine. A dual counts from the",
        "choice in the menu of examples until its text is there. *here* is `fad.transform` in",
        "a process that has done it before, *command* `fad transform` in one of its own. What is",
        "aimed at is in parentheses.",
        "",
        *(f"- {line}" for line in _summary(loadings, times)),
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|---|{'---:|' * (len(_COLUMNS) - 1)}",
        *(f"| {' | '.join(_row(each))} |" for each in times),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
