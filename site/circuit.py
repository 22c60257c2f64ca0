"""The learning circuit of the first page: a run of what `fad estimate` writes, drawn.

The page shows this run before anything moves, and where nothing can. From there on,
landing/learner.js goes on with it in the browser.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fad

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent / "examples" / "learn" / "onepole.dsp"
#: The playground's.
ICON = HERE.parent / "web" / "src" / "icon.svg"
#: What is hidden, one value after the other, each for so many seconds of sound.
VALUES = (0.8, 0.3, 0.93)
EACH = 0.3
#: The picture is so many times slower than the sound.
SLOWER = 16
#: Width of the picture, and the y of a pole of 0 and of the largest.
_WIDTH, _BOTTOM, _TOP = 440, 420, 338
_LARGEST = 0.99
#: Points of a curve.
_POINTS = 220


def write(destination: Path) -> None:
    """Writes the first page into a folder: index.html, and the folder `landing` beside it."""
    files = destination / "landing"
    files.mkdir(parents=True, exist_ok=True)
    for path in sorted((HERE / "landing").iterdir()):
        if path.name != "index.html":
            shutil.copyfile(path, files / path.name)
    shutil.copyfile(ICON, files / ICON.name)
    page = (HERE / "landing" / "index.html").read_text("utf-8")
    for name, text in texts(record()).items():
        page = page.replace(f"{{{{{name}}}}}", text)
    (destination / "index.html").write_text(page, "utf-8")


def record() -> fad.Recording:
    """A run of the learning program, while its target changes."""
    changes = {index * EACH: {"/target/pole": value} for index, value in enumerate(VALUES)}
    return fad.run(
        fad.estimate(PROGRAM), seconds=len(VALUES) * EACH, at=changes.pop(0), changes=changes
    )


def texts(run: fad.Recording) -> dict[str, str]:
    """What the page has of a run: name -> text."""
    return {
        "hidden": line(run.times, run.sliders["/target/pole"]),
        "learnt": line(run.times, run.bargraphs["/learning/pole/pole"]),
        "last": f"{VALUES[-1]:g}",
        "seconds": f"{run.seconds:g}",
        "slower": f"{SLOWER}",
        "values": json.dumps(VALUES),
    }


def line(times: NDArray[np.float64], values: NDArray[np.float64]) -> str:
    """A curve over time, as a path of SVG.

    Args:
        times, values: of shape (points,): seconds, and values of a pole.
    """
    chosen = np.linspace(0, len(times) - 1, _POINTS).round().astype(int)
    x = times[chosen] / times[-1] * _WIDTH
    y = _BOTTOM - values[chosen] / _LARGEST * (_BOTTOM - _TOP)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
