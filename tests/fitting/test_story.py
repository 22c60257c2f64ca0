"""The fit that docs/fit.md tells of finds what the string was."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

import fad
from examples.fit.record import PITCH, PLUCKED, RATE, plucked
from tests.support.native import needs_compiler
from tests.support.places import ROOT

HERE = ROOT / "examples" / "fit"


def test_the_recording_is_what_the_script_makes() -> None:
    sound, rate = soundfile.read(HERE / "pluck.wav")
    assert rate == RATE
    assert np.abs(sound - plucked()).max() < 2**-15


@needs_compiler
def test_what_the_string_was_is_found() -> None:
    target = fad.Target(plucked()[None], at={"gate": 1})
    found = fad.fit(HERE / "string.dsp", target, rate=RATE, starts=1)
    assert found.parameters["/freq"] == pytest.approx(PITCH, rel=1e-3)
    assert found.parameters["/position"] == pytest.approx(PLUCKED, abs=0.005)
    assert found.parameters["/stretch"] == pytest.approx(0, abs=2e-5)
    assert found.loss < 0.1 * found.start_loss
