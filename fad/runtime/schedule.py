"""When widgets move while a program runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter, resolved


@dataclass(frozen=True)
class Change:
    """A widget that moves.

    Attributes:
        frame: the first sample that has the new value.
        path: the path of the widget.
        value: the new value.
    """

    frame: int
    path: str
    value: float


def scheduled(
    widgets: Sequence[Parameter],
    changes: Mapping[float, Mapping[str, float]],
    rate: int,
    frames: int,
) -> tuple[Change, ...]:
    """The changes of a run, in order of time.

    Args:
        widgets: all widgets of the program.
        changes: time in seconds -> label or path of a widget -> its value from there on.
        rate: the sample rate, in Hz.
        frames: the length of the run.

    Raises:
        FadError: a time outside the run, or what `resolved` raises.
    """
    found = []
    for time, values in sorted(changes.items()):
        if not (math.isfinite(time * rate) and 0 <= round(time * rate) < frames):
            raise FadError(
                f"nothing can change at {time:g} s", hint=f"the run is {frames / rate:g} s long"
            )
        moved = resolved(widgets, values)
        found += [Change(round(time * rate), path, value) for path, value in moved.items()]
    return tuple(found)
