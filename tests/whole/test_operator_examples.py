"""The programs in `examples/operators`: they compute what they say, and their page shows them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.support.places import ROOT

WORKED = ROOT / "examples" / "operators"
PAGE = ROOT / "docs" / "operators.md"


def worked(engine: Engine, name: str, inputs: Samples | None, frames: int) -> Samples:
    source = fad.expand(WORKED / f"{name}.dsp").source
    return engine.render(source, name, inputs=inputs, frames=frames)


def test_the_clipper_solves_its_equation(engine: Engine) -> None:
    x = np.linspace(-1, 1, 201)
    (v,) = worked(engine, "clipper", x[np.newaxis], len(x))
    np.testing.assert_allclose(v + 0.2 * np.sinh(v), 3 * x, atol=1e-14)


def test_the_shaper_shows_its_slope(engine: Engine) -> None:
    x = np.linspace(-1, 1, 201)
    value, slope = worked(engine, "shaper", x[np.newaxis], len(x))
    np.testing.assert_allclose(value, np.arctan(4 * x) / np.arctan(4), atol=1e-14)
    np.testing.assert_allclose(slope, 4 / (1 + (4 * x) ** 2) / np.arctan(4), atol=1e-14)


def test_the_trajectory_is_the_closed_form(engine: Engine) -> None:
    frames = 44100
    t = np.arange(frames) / 44100
    position, velocity, acceleration = worked(engine, "trajectory", None, frames)
    w, d = 4 * np.pi, 0.5
    fade, cos, sin = np.exp(-d * t), np.cos(w * t), np.sin(w * t)
    np.testing.assert_allclose(position, fade * cos, atol=1e-12)
    np.testing.assert_allclose(velocity, fade * (-d * cos - w * sin), atol=1e-11)
    wanted = fade * ((d * d - w * w) * cos + 2 * d * w * sin)
    np.testing.assert_allclose(acceleration, wanted, atol=1e-10)


@pytest.mark.parametrize("amplitude", [0.5, 1.0])
def test_the_notch_follows_a_sine(engine: Engine, amplitude: float) -> None:
    frames = 12000
    t = np.arange(frames) / 44100
    sines = [amplitude * np.sin(2 * np.pi * frequency * t) for frequency in (3000, 1200)]
    output, frequency = worked(engine, "notch", np.concatenate(sines)[np.newaxis], 2 * frames)
    assert frequency[0] == pytest.approx(11025)
    for end, wanted in ((frames, 3000), (2 * frames, 1200)):
        np.testing.assert_allclose(frequency[end - 1000 : end], wanted, atol=1e-3)
        np.testing.assert_allclose(output[end - 1000 : end], 0, atol=1e-6)


def test_the_filter_identifies_the_other_one(engine: Engine) -> None:
    pole, gain = worked(engine, "identify", None, 10000)
    assert pole[0] == 0 and gain[0] == pytest.approx(0)
    np.testing.assert_allclose(pole[-1000:], 0.7, atol=1e-12)
    np.testing.assert_allclose(gain[-1000:], 0.4, atol=1e-12)


def test_the_taps_become_those_of_the_room(engine: Engine) -> None:
    taps = worked(engine, "room", None, 1000)
    np.testing.assert_allclose(taps[:, 300:].T - [0.8, 0.3, -0.2], 0, atol=1e-12)


def test_the_ladder_solves_its_loop(engine: Engine) -> None:
    x = np.sin(2 * np.pi * 700 / 44100 * np.arange(300))
    (found,) = worked(engine, "ladder", x[np.newaxis], len(x))
    g = np.tan(np.pi * 1000 / 44100)
    held = np.zeros(4)

    def levels(drive: float) -> list[float]:
        levels = [np.tanh(drive)]
        for state in held:
            levels.append((state + g * levels[-1]) / (1 + g))
        return levels

    for sample, y in zip(2 * x, found, strict=True):
        # The loop has one solution, by bisection: what comes out falls with what is fed back.
        low, high = -10.0, 10.0
        for _ in range(80):
            middle = (low + high) / 2
            is_above = levels(sample - 2 * middle)[-1] < middle
            low, high = (low, middle) if is_above else (middle, high)
        assert y == pytest.approx(low, abs=1e-9)
        held = 2 * np.array(levels(sample - 2 * low)[1:]) - held


#: A program of the page under its file name, and what fad writes for it.
_SHOWN = re.compile(
    r"^## `(?P<name>[\w.]+)`.*?^```faust\n(?P<source>.*?)^```.*?^```faust\n(?P<result>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


def test_the_page_shows_what_is_written(update_golden: bool) -> None:
    def shown(entry: re.Match[str]) -> str:
        path = WORKED / entry["name"]
        head = entry[0].partition("```faust\n")[0]
        between = entry[0].partition(f"{entry['source']}```")[2].partition("```faust\n")[0]
        source, result = path.read_text("utf-8"), fad.expand(path).source
        return f"{head}```faust\n{source}```{between}```faust\n{result}```"

    page = PAGE.read_text("utf-8")
    today = _SHOWN.sub(shown, page)
    if update_golden:
        PAGE.write_text(today, "utf-8")
        page = today
    assert page == today
    names = [entry["name"] for entry in _SHOWN.finditer(page)]
    assert sorted(names) == sorted(path.name for path in WORKED.glob("*.dsp"))


@pytest.mark.parametrize("path", sorted(WORKED.glob("*.dsp")), ids=lambda path: path.name)
def test_a_worked_program_says_what_it_is(path: Path) -> None:
    assert path.read_text("utf-8").startswith("// ")
    assert not fad.expand(path).warnings
