"""`--restart`: what plays once is played again and again, so that it can be learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.runtime.engine import Engine
from fad.runtime.sounds import Format, sound_of
from tests.estimation.programs import GAIN, noise, rendered

#: A note that plays once: from a click on, by how slowly it fades.
NOTE = """
ba = library("basics.lib");
process = button("gate") : ba.impulsify : + ~ *(hslider("pole", 0.8, 0, 0.99, 0.01));
"""
PERIOD = 441


def test_a_note_is_played_again_until_it_is_learnt(engine: Engine) -> None:
    silent = fad.estimate(NOTE, outputs="all")
    assert not rendered(engine, silent, frames=1000).any()
    program = fad.estimate(NOTE, outputs="all", restart=0.01)
    assert not [widget.path for widget in program.widgets if widget.kind == "button"][1:]
    _, target, estimate = rendered(engine, program, frames=100_000)
    clicks = np.zeros(100_000)
    clicks[::PERIOD] = 1
    wanted = 0.8 ** np.arange(PERIOD)
    np.testing.assert_allclose(target, np.convolve(clicks, wanted)[:100_000], atol=1e-9)
    assert np.abs(estimate - target)[:PERIOD].max() > 0.3
    assert np.abs(estimate - target)[-PERIOD:].max() < 0.05


def test_buttons_are_pressed_for_half_of_the_time(engine: Engine) -> None:
    text = 'process = button("gate")*hslider("level", 0.5, 0, 1, 0.1);'
    _, target, _ = rendered(engine, fad.estimate(text, outputs="all", restart=0.01), frames=2000)
    assert np.array_equal(target, 0.5 * (2 * (np.arange(2000) % PERIOD) < PERIOD))


def test_checkboxes_stay() -> None:
    text = 'process = checkbox("on")*button("gate")*hslider("level", 0.5, 0, 1, 0.1);'
    paths = [widget.path for widget in fad.estimate(text, restart=1).widgets]
    assert "/target/on" in paths and "/target/gate" not in paths


@pytest.mark.parametrize(("length", "format"), [(100, "WAV"), (1000, "AIFF")])
def test_a_sound_file_starts_again(tmp_path: Path, length: int, format: Format) -> None:
    """One that is shorter than the time is followed by silence, a longer one is cut."""
    x = noise(2, length)
    file, program = tmp_path / "sound", tmp_path / "learning.dsp"
    file.write_bytes(sound_of(x, 44100, format))
    text = 'process = _, _ : *(hslider("gain", 0.8, 0, 1, 0.01)), _;'
    made = fad.estimate(text, input=str(file), outputs="audio", restart=0.01, folder=tmp_path)
    program.write_text(made.source)
    outputs = fad.run(program, seconds=0.05).outputs
    once = np.zeros((2, PERIOD))
    once[:, : min(length, PERIOD)] = x[:, :PERIOD]
    wanted = np.tile(once, 5) * [[0.8], [1]]
    np.testing.assert_allclose(outputs[:2], wanted, atol=1e-6)  # the file has single precision


def test_a_recording_of_a_note_is_learnt(tmp_path: Path) -> None:
    """Of one channel, for a program without inputs: what is to be matched, from its first click."""
    file, program = tmp_path / "note.wav", tmp_path / "learning.dsp"
    file.write_bytes(sound_of(0.9 ** np.arange(400.0)[None], 44100))
    made = fad.estimate(
        NOTE, input=str(file), restart=0.01, folder=tmp_path, start={"pole": 0.5}, optimizer="auto"
    )
    program.write_text(made.source)
    learnt = fad.run(program, seconds=2).bargraphs["/learning/pole/pole"]
    assert abs(learnt[-1] - 0.9) < 0.02


@pytest.mark.parametrize("restart", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_times_that_make_no_sense(restart: float) -> None:
    with pytest.raises(FadError, match="nothing can start again every"):
        fad.estimate(NOTE, restart=restart)


def test_there_has_to_be_something_to_start_again() -> None:
    with pytest.raises(FadError) as error:
        fad.estimate(GAIN, restart=1)
    assert "there is nothing to start again" in error.value.render()
