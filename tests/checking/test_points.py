"""Where programs are checked."""

from __future__ import annotations

import numpy as np
import pytest

from fad.checking.points import points_of, value_of
from fad.diagram.parameters import Parameter


def widget(
    path: str, low: float, high: float, step: float, kind: str = "hslider", scale: str = "lin"
) -> Parameter:
    return Parameter(f"/{path}", path, kind, low, low, high, step, scale=scale)


GAIN = widget("gain", 0, 1, 0.01)
CUTOFF = widget("fc", 20, 20000, 1, scale="log")


def test_values_are_in_the_range_and_on_the_steps() -> None:
    for part in np.linspace(0, 1, 50):
        for each in (GAIN, CUTOFF, widget("odd", -1, 1, 0.3), widget("wide", 0, 1, 7)):
            value = value_of(each, part)
            assert each.min <= value <= each.max
            steps = (value - each.min) / each.step
            assert steps == pytest.approx(round(steps)) or value == each.max


def test_a_logarithmic_range_is_divided_so() -> None:
    assert value_of(CUTOFF, 0.5) == pytest.approx(np.sqrt(20 * 20000), abs=1)
    assert value_of(widget("fc", 0, 20000, 1, scale="log"), 0.5) == 10000


def test_a_range_without_steps() -> None:
    assert value_of(widget("x", 0, 8, 0), 0.125) == 1


def test_only_sliders_move_and_none_that_is_named() -> None:
    widgets = [GAIN, CUTOFF, widget("q", 1, 9, 1), widget("g", 0, 1, 1, kind="button")]
    first, second, third = points_of(widgets, {"/gain": 0.3}, {"/q"}, 3, 1)
    assert first == {"/gain": 0.3}
    assert second.keys() == third.keys() == {"/gain", "/fc"}
    assert second["/gain"] == third["/gain"] == 0.3 and second["/fc"] != third["/fc"]


def test_without_sliders_there_is_one_point() -> None:
    assert points_of([widget("g", 0, 1, 1, kind="checkbox")], {}, set(), 3, 1) == ({},)
