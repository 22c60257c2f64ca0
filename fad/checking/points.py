"""Where a program is checked: at its initial values, and at values drawn from the ranges."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter
from fad.runtime.schedule import Change

_SWITCHES = ("button", "checkbox")


def points_of(
    widgets: Sequence[Parameter],
    fixed: Mapping[str, float],
    moving: Collection[str],
    count: int,
    seed: int,
) -> tuple[Mapping[str, float], ...]:
    """Values of widgets, by path: first the initial ones, then random ones.

    Args:
        widgets: all widgets of a program.
        fixed: path -> value of those that are there at every point.
        moving: the paths of those that have values of their own over time.
        count: how many points, 1 at least.
        seed: of the random numbers.

    Raises:
        FadError: no points are asked for.
    """
    if count < 1:
        raise FadError(f"there is nothing to check at {count} points", hint="give 1 or more")
    random = Random(seed)
    free = [
        widget
        for widget in widgets
        if widget.kind not in _SWITCHES and widget.path not in (*fixed, *moving)
    ]
    others = [
        {**fixed, **{widget.path: value_of(widget, random.random()) for widget in free}}
        for _ in range(count - 1 if free else 0)
    ]
    return (fixed, *others)


def value_of(widget: Parameter, part: float) -> float:
    """The value that a widget can take some way up its range, as its user sees it.

    Args:
        widget: a slider or number entry.
        part: how far up, from 0 to 1.
    """
    low, high = widget.min, widget.max
    if widget.scale == "log" and low > 0:
        value = low * (high / low) ** part
    else:
        value = low + (high - low) * part
    if widget.step > 0:
        value = low + round((value - low) / widget.step) * widget.step
    # Numbers that people can type, and no rounding errors of steps.
    return min(high, max(low, float(f"{value:.10g}")))


def unpressed(widgets: Sequence[Parameter], named: Collection[str]) -> list[Parameter]:
    """The buttons and checkboxes that the user has not said anything about.

    Args:
        widgets: all widgets of a program.
        named: the paths of those that the user has.
    """
    return [w for w in widgets if w.kind in _SWITCHES and w.path not in named]


def never_pressed(
    widgets: Sequence[Parameter], start: Mapping[str, float], changes: Sequence[Change]
) -> Iterator[str]:
    """The paths of the buttons and checkboxes that are never pressed.

    Args:
        widgets: all widgets of a program.
        start: path -> value, of those that do not start where the program says.
        changes: what moves.
    """
    for widget in widgets:
        values = [start.get(widget.path, 0.0)]
        values += [change.value for change in changes if change.path == widget.path]
        if widget.kind in _SWITCHES and not any(values):
            yield widget.path
