"""Packages that only fits need."""

from __future__ import annotations

import math

import pytest

from fad.base.errors import FadError
from fad.fitting.extras import extra


def test_what_is_installed_is_imported() -> None:
    assert extra("math", "a number") is math


def test_what_is_missing_is_told_with_what_to_install() -> None:
    with pytest.raises(FadError) as caught:
        extra("fad_has_no.such_module", "a MIDI file")
    told = caught.value.render()
    assert "a MIDI file needs the package `fad_has_no`" in told
    assert "pip install 'faust-fad[fit]'" in told
