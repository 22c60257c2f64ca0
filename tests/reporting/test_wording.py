"""Numbers, times and changes in words."""

from __future__ import annotations

import pytest

from fad.reporting.wording import (
    change,
    decibels,
    duration,
    end_of_range,
    number,
    place_of,
    quantity,
)
from tests.reporting.results import FREQUENCY, GAIN


def plain(text: str) -> str:
    """A text in characters that can be told apart."""
    return text.replace("\u202f", " ").replace("\u2212", "-").replace("\u00d7", "x")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 4, "0"),
        (-0.0, 4, "0"),
        (0.5, 4, "0.5"),
        (-4.9716, 3, "-4.97"),
        (523.2498, 4, "523.2"),
        (15000.0, 2, "15000"),
        (0.001, 2, "0.001"),
        (0.00064, 2, "6.4 x 10⁻⁴"),
        (1e-4, 2, "10⁻⁴"),
        (0.00099999, 3, "0.001"),
        (999999.9, 4, "10⁶"),
        (-2.5e7, 4, "-2.5 x 10⁷"),
        (1e308, 4, "10³⁰⁸"),
        (float("inf"), 4, "∞"),
        (-float("inf"), 4, "-∞"),
        (float("nan"), 4, "not a number"),
    ],
)
def test_numbers(value: float, digits: int, text: str) -> None:
    assert plain(number(value, digits)) == text


def test_units() -> None:
    assert quantity(440.0, "Hz") == "440\u202fHz"
    assert quantity(0.5, "") == "0.5"
    assert quantity(1.0, "\x1b") == "1\u202f\\u001b"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.43, "0.4 s"),
        (1.5, "1.5 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.9, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_times(seconds: float, text: str) -> None:
    assert plain(duration(seconds)) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (1.0, 0.01, "100 times smaller"),
        (1.0, 0.75, "25 % smaller"),
        (1.0, 1.0, "hardly a change"),
        (1.0, 3.0, "3 times larger"),
        (1.0, 0.0, ""),
        (0.0, 1.0, ""),
        (float("inf"), 1.0, ""),
        (1.0, float("nan"), ""),
    ],
)
def test_changes(before: float, after: float, text: str) -> None:
    assert plain(change(before, after)) == text


def test_levels() -> None:
    assert decibels(0.001) == "less than 0.01\u202fdB"
    assert decibels(6.02) == "6\u202fdB"


def test_places_in_a_range() -> None:
    assert place_of(FREQUENCY, 200.0) == pytest.approx(0.25)
    assert place_of(GAIN, 0.25) == pytest.approx(0.25)
    assert (place_of(GAIN, -1.0), place_of(GAIN, 2.0)) == (0.0, 1.0)
    assert end_of_range(GAIN, 0.0) == "at the low end of its range"
    assert end_of_range(FREQUENCY, 1599.9) == "at the high end of its range"
    assert end_of_range(GAIN, 0.01) == ""
