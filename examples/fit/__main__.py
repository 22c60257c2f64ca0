"""Makes the recording of docs/fit.md, fits the string to it, and takes a picture of the report.

`python -m examples.fit`; the picture needs a browser that takes pictures of pages: Chromium.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import fad
from examples.fit.record import RATE, plucked, write
from examples.pictures import keep
from fad.reporting.report import report

HERE = Path(__file__).parent
PICTURE = HERE.parents[1] / "docs" / "fit.png"
COMMAND = 'fad fit examples/fit/string.dsp examples/fit/pluck.wav --at "0:gate=1"'
#: The part of the page that the picture shows, in its pixels.
_SIZE = (1100, 1750)


def main() -> int:
    """Fits, and takes the picture; 1 if there is no browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("error: there is no Chromium to take a picture with", file=sys.stderr)
        return 1
    write()
    target = fad.Target(plucked()[None], at={"gate": 1}, name="pluck")
    found = fad.fit(HERE / "string.dsp", target, rate=RATE)
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder, "fit.html"), Path(folder, "fit.png")
        page.write_text(report(found, COMMAND), "utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = f"--window-size={_SIZE[0]},{_SIZE[1]}"
        command = [browser, *options, size, f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        seen = Image.open(picture)
        small = io.BytesIO()
        seen.resize((seen.width * 4 // 5, seen.height * 4 // 5)).save(small, "PNG")
    keep(small.getvalue(), PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
