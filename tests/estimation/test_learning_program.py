"""The program that `fad estimate` writes: its widgets, its text, the page that explains it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.base.source import Source
from fad.estimation.recipes import RATE
from fad.runtime.engine import Engine
from fad.runtime.sounds import sound_of
from tests.estimation.programs import CUTOFF, FAST, GAIN, GAIN_AND_OFFSET, STEREO, noise, rendered
from tests.support.places import ROOT


def paths(program: fad.Program) -> list[str]:
    return [widget.path for widget in program.widgets]


def test_the_widgets_are_in_groups(engine: Engine) -> None:
    program = fad.estimate(STEREO)
    assert paths(program) == [
        "/target/left/gain",
        "/target/right/gain",
        "/learning/left gain/freeze",
        "/learning/reset",
        "/learning/right gain/freeze",
        "/learning/learning rate",
    ]
    assert [parameter.path for parameter in program.parameters] == ["/left/gain", "/right/gain"]
    text = engine.cpp(program.source, "learning")
    for label in ("left gain", "right gain", "loss"):
        assert f'addHorizontalBargraph("{label}"' in text


def test_there_is_one_meter_for_each_value(engine: Engine) -> None:
    """libfaust makes several of a bargraph that is read inside a recursion and after it."""
    for text, count in ((GAIN, 1), (GAIN_AND_OFFSET, 2), (STEREO, 2)):
        for outputs in ("loss", "audio", "all"):
            code = engine.cpp(fad.estimate(text, outputs=outputs).source, "learning")
            assert code.count("addHorizontalBargraph(") == 2 * count + 1


def test_a_sound_file_is_named_from_where_the_program_is(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "programs").mkdir()
    sound, program = tmp_path / "sounds" / "noise.wav", tmp_path / "programs" / "learning.dsp"
    sound.write_bytes(sound_of(noise(1, 44100), 44100))
    made = fad.estimate(GAIN, start={"gain": 0.1}, input=str(sound), folder=program.parent)
    assert "'../sounds/noise.wav'" in made.source
    program.write_text(made.source)
    recording = fad.run(program, seconds=0.5)
    np.testing.assert_allclose(recording.bargraphs["/learning/gain/gain"][-1], 0.8, atol=0.01)


def test_the_header_tells_how_it_is_learnt() -> None:
    text = 'process = *(hslider("a [scale:log]", 1, 0, 2, 1)) : +(hslider("b", 0, -1, 1, 0.1));'
    lines = fad.estimate(text, wrt=["a"], start={"b": 0.5}).source.splitlines()
    assert "// parameter /a: 1.5 in [0, 2]" in lines  # a range with 0 has no octaves
    assert "// held /b: 0.5" in lines


@pytest.mark.parametrize(
    ("slider", "start"),
    [
        ('hslider("x", 0.8, 0, 1, 0.01)', 0.25),
        ('hslider("x", 0.2, -1, 1, 0.01)', -0.5),
        ('hslider("x", -0.2, -1, 1, 0.01)', 0.5),
        ('hslider("x [scale:log]", 1000, 1, 10000, 1)', 10),
        ('hslider("x [scale:log]", 10, 1, 10000, 1)', 1000),
        ('nentry("x", 1000.11, 1000.1, 1000.2, 0.01)', 1000.175),
        ('hslider("x", 3, 0, 1, 0.01)', 0.25),
    ],
)
def test_it_starts_away_from_the_target(slider: str, start: float) -> None:
    """At the quarter of the range that is further from where the target is."""
    program = fad.estimate(f"process = *({slider});")
    assert program.parameters[0].init == pytest.approx(start, rel=1e-12)
    assert "they start away from the target's own values" in program.source


def test_it_learns_from_where_it_starts_by_default() -> None:
    """A first run, without any option, has something to show."""
    recording = fad.run(fad.estimate(GAIN_AND_OFFSET), seconds=1.0)
    for label, hidden in (("gain", 0.8), ("offset", 0.2)):
        learnt = recording.bargraphs[f"/learning/{label}/{label}"]
        assert abs(learnt[0] - hidden) > 0.2 and abs(learnt[-1] - hidden) < 0.01


@pytest.mark.parametrize(
    "options",
    [{"start": {"gain": 0.5}}, {"input": "external"}, {"model": GAIN}],
    ids=["start", "external", "model"],
)
def test_it_starts_elsewhere_only_where_the_target_is_known(options: dict[str, Any]) -> None:
    """A model of its own, as a network, starts where it says; so does one that learns outside."""
    program = fad.estimate(GAIN, **options)
    assert program.parameters[0].init == options.get("start", {"gain": 0.8})["gain"]
    assert "away" not in program.source


def test_it_is_plain_faust_and_the_same_each_time(engine: Engine) -> None:
    once, again = (fad.estimate(CUTOFF, start={"cutoff": 300}).source for _ in range(2))
    assert once == again
    assert "forwardAD" not in once and "library" not in once
    assert engine.compile(once, "learning").outputs == 1


def test_the_lines_are_short() -> None:
    network, model = (ROOT / "examples" / "learn" / f"network{part}.dsp" for part in ("", "_model"))
    lines = fad.estimate(network, model).source.splitlines()
    assert max(map(len, lines)) <= 100


def test_only_some_parameters_are_learnt(engine: Engine) -> None:
    """The others are those of the target, or stay where they are held."""
    ways: list[dict[str, Any]] = [{"wrt": ["gain"]}, {"freeze": ["off*"]}]
    for options in ways:
        program = fad.estimate(
            GAIN_AND_OFFSET, start={"gain": 0.1}, outputs="all", **FAST, **options
        )
        assert [parameter.label for parameter in program.parameters] == ["gain"]
        assert paths(program).count("/target/offset") == 1
        loss, *_ = rendered(engine, program)
        assert loss[-1000:].max() < 1e-6
    held = fad.estimate(
        GAIN_AND_OFFSET, wrt=["gain"], start={"gain": 0.8, "offset": 0.7}, outputs="all"
    )
    _, target, estimate = rendered(engine, held, frames=2)
    np.testing.assert_allclose(estimate[0] - target[0], 0.5, atol=1e-9)


def test_what_is_switched_on_is_learnt() -> None:
    text = GAIN_AND_OFFSET.replace('"gain"', '"gain [diff:on]"')
    assert [parameter.label for parameter in fad.estimate(text).parameters] == ["gain"]
    other = fad.estimate(text, wrt=["offset"])
    assert [parameter.label for parameter in other.parameters] == ["offset"]
    assert paths(other).count("/target/gain") == 1


def test_a_model_of_its_own(engine: Engine) -> None:
    model = 'process = *(hslider("slope", 0, -2, 2, 0.01));'
    program = fad.estimate("process = *(0.75);", model, outputs="all", **FAST)
    assert [parameter.path for parameter in program.parameters] == ["/slope"]
    _, target, estimate = rendered(engine, program)
    np.testing.assert_allclose(estimate[-100:], target[-100:], atol=1e-6)


def test_a_gate_opens_both() -> None:
    gated = 'process = *(hslider("gain", 0.5, 0, 1, 0.1)*button("gate"));'
    assert paths(fad.estimate(gated)).count("/target/gate") == 1
    other = 'process = *(hslider("level", 0.5, 0, 1, 0.1)*button("gate"));'
    assert paths(fad.estimate(gated, other)).count("/target/gate") == 1
    muted = 'process = *(hslider("level", 0.5, 0, 1, 0.1)*(1 - checkbox("mute")));'
    assert {"/target/gate", "/model/mute"} <= set(paths(fad.estimate(gated, muted)))


def test_parameters_without_effect_are_warned_of() -> None:
    idle = fad.estimate('process = *(hslider("a", 1, 0, 2, 1)), (hslider("b", 1, 0, 2, 1) : !);')
    assert idle.warnings == ("`/b` does not reach the outputs: its derivative is zero",)
    stepped = fad.estimate('process = *(hslider("a", 1, 0, 2, 1) : int);')
    assert len(stepped.warnings) == 1 and "zero: it only acts through `int`" in stepped.warnings[0]
    assert "// warning: " in stepped.source


def test_the_rate_is_a_slider() -> None:
    programs = (
        fad.estimate(GAIN),
        fad.estimate(GAIN, loss="spectral"),
        fad.estimate(GAIN, rate=0.5),
        fad.estimate(GAIN, optimizer="auto", loss="spectral"),
    )
    rates = [
        widget.init for p in programs for widget in p.widgets if widget.label == "learning rate"
    ]
    assert rates == [RATE, RATE / 10, 0.5, 0.0003]


def test_many_parameters_take_no_matrix(engine: Engine) -> None:
    """The work of each sample grows with the number of parameters, not with its square."""

    def products(count: int) -> int:
        taps = f'process = _ <: par(i, {count}, @(i)*hslider("tap %i", 0.1, -1, 1, 0.1)) :> _;'
        return fad.estimate(taps, optimizer="auto", rate=0.001).source.count("* ") + engine.cpp(
            fad.estimate(taps, optimizer="auto").source, "learning"
        ).count("*")

    few, many, more = products(8), products(24), products(48)
    assert few > 64
    assert more < 2.5 * many


PAGE = ROOT / "docs" / "estimation.md"


def test_the_page_shows_what_is_written(update_golden: bool) -> None:
    written = fad.estimate(ROOT / "examples" / "learn" / "gain_offset.dsp").source
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition("<!-- gain_offset -->\n")
    tail = rest.partition("<!-- /gain_offset -->")[2]
    today = f"{head}<!-- gain_offset -->\n```faust\n{written}```\n<!-- /gain_offset -->{tail}"
    if update_golden:
        PAGE.write_text(today, "utf-8")
        page = today
    assert page == today


def test_the_programs_of_the_page(engine: Engine) -> None:
    page = PAGE.read_text("utf-8")
    shown = re.findall(r"^```faust\n(//.*?)^```", page, re.DOTALL | re.MULTILINE)
    for name in ("gain_offset", "lowpass"):
        assert (ROOT / "examples" / "learn" / f"{name}.dsp").read_text("utf-8") in shown
    (by_hand,) = re.findall(r"^```dsp\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    source = Source("by_hand.dsp", by_hand, ROOT / "by_hand.dsp")
    loss = rendered(engine, fad.expand(source))
    assert len(loss) == 1
    assert loss[0, :100].mean() > 0.1 and loss[0, -100:].max() < 1e-5
