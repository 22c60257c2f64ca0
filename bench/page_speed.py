"""Times the engine of the page, in node: to start, the first transform, and then each example.

The same transforms are timed in this process, warm, and as a command line would take them: in a
process of its own. `make site` builds what is measured.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import fad
from tests.support.commands import COMMAND
from tests.support.page_engine import answered, request
from tests.support.places import ROOT

#: What is promised of the first transform of a program with a library, and of the others, in
#: seconds.
FIRST, OTHERS = 2.0, 0.7
#: Each is transformed so many times; the fastest counts.
ROUNDS = 3
NAMES = (
    *("lowpass", "estimate", "onepole", "biquad", "harmonics", "echo"),
    *("ddsp/compressor", "ddsp/equaliser", "ddsp/clarinet", "ddsp/wah"),
)


def main() -> None:
    """Prints a table."""
    paths = [ROOT / "examples" / f"{name}.dsp" for name in NAMES]
    first, *others = answered(*(request("transform", path) for path in paths * ROUNDS))
    console, shown = Console(), Table("program", "page s", "here s", "command s", "page / here")
    slowest = 0.0
    for number, path in enumerate(paths):
        rounds = [each.seconds for each in (first, *others)[number :: len(paths)]]
        page = min(rounds[1:])
        here = min(_timed(path) for _ in range(ROUNDS))
        begun = time.perf_counter()
        subprocess.run([*COMMAND, "transform", str(path)], check=True, capture_output=True)
        command = time.perf_counter() - begun
        slowest = max(slowest, page)
        ratio = f"{page / here:.1f}"
        shown.add_row(path.name, f"{page:.3f}", f"{here:.3f}", f"{command:.2f}", ratio)
    console.print(shown)
    console.print(f"the first one, with the standard libraries: {first.seconds:.2f} s ({FIRST:g})")
    console.print(f"the slowest of the others: {slowest:.2f} s ({OTHERS:g})")


def _timed(path: Path) -> float:
    begun = time.perf_counter()
    fad.transform(path)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
