"""Where the curves of losses are in their panels."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fad.fitting.result import Attempt, Moment
from fad.reporting.loss_curves import Line, Panel, panels, width_of


def attempt(*moments: tuple[int, str, float]) -> Attempt:
    return Attempt({}, {}, 0.0, tuple(Moment(*each) for each in moments), "")


def lines(*attempts: Attempt) -> tuple[Line, ...]:
    """The lines of the best attempt in the only panel."""
    (panel,) = panels(attempts)
    assert panel.has_best
    return panel.curves[-1]


def test_heights_go_by_ratios_and_all_is_inside() -> None:
    (line,) = lines(attempt(*((i, "a", 10.0**-i) for i in range(4))))
    heights = [y for _, y in line]
    steps = [before - after for before, after in pairwise(heights)]
    assert steps == pytest.approx([steps[0]] * 3)
    assert 0 < heights[-1] < heights[0] < 1


def test_the_places_of_all_panels_compare() -> None:
    one, two = attempt((1, "a", 1), (10, "b", 5)), attempt((4, "a", 1), (40, "a", 0.5))
    width = width_of([one, two])
    assert width > 40
    first, second = panels([one, two])
    assert [first.phase, second.phase] == ["a", "b"]
    assert [line[0][0] for curve in second.curves for line in curve] == [10 / width]
    assert [x for line in first.curves[0] for x, _ in line] == [4 / width, 40 / width]


def test_the_best_attempt_is_the_last_curve_and_may_be_missing() -> None:
    best, other = attempt((9, "b", 1)), attempt((1, "a", 2), (2, "b", 2))
    first, second = panels([best, other])
    assert (first.has_best, len(first.curves)) == (False, 1)
    assert (second.has_best, len(second.curves)) == (True, 2)
    assert second.curves[-1][0][0][0] == 9 / width_of([best, other])


def test_an_attempt_that_waits_has_a_gap() -> None:
    moments = [(1, "a", 9.0), *((30 + i, "a", 1.0 + i) for i in range(5))]
    assert [len(line) for line in lines(attempt(*moments))] == [1, 5]
    assert [len(line) for line in lines(attempt((1, "a", 2), (30, "a", 1)))] == [2]


def test_what_is_no_number_has_no_place_and_zero_is_at_the_bottom() -> None:
    curve = lines(attempt((1, "a", 1.0), (2, "a", float("nan")), (3, "a", 0.0), (4, "a", 0.1)))
    heights = [y for line in curve for _, y in line]
    assert len(heights) == 3
    assert heights[1] == 0 < heights[2] < heights[0]


def test_of_many_moments_the_last_one_is_there() -> None:
    (line,) = lines(attempt(*((i, "a", 2000.0 - i) for i in range(1999))))
    assert len(line) <= 401
    assert line[-1] == min(line, key=lambda point: point[1])


def test_nothing_has_no_panels() -> None:
    assert panels([]) == panels([attempt()]) == panels([attempt((1, "a", float("inf")))]) == []


def test_one_loss_alone_has_a_panel() -> None:
    (panel,) = panels([attempt((0, "a", 0.0))])
    assert isinstance(panel, Panel) and panel.low < panel.high
