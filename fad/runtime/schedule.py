"""What programs are run with: where the user wants their widgets, and what they hear."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fad.base.errors import FadError, either, nearest
from fad.diagram.parameters import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The largest sample of the noise.
_AMPLITUDE = 0.9
#: How many names an error lists.
_MOST_NAMES = 8


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


def noise(seed: int, channels: int, frames: int) -> NDArray[np.float64]:
    """White noise for programs to hear, of shape (channels, frames).

    Raises:
        FadError: the seed is negative.
    """
    if seed < 0:
        raise FadError(f"the seed of the noise cannot be {seed}", hint="it is 0 or more")
    import numpy as np  # values alone do not need it

    return np.random.default_rng(seed).uniform(-_AMPLITUDE, _AMPLITUDE, (channels, frames))


def resolved(widgets: Sequence[Parameter], values: Mapping[str, float]) -> dict[str, float]:
    """Path -> value, for widgets that are named by label or path; a label means all that have it.

    Raises:
        FadError: a name that no widget has, or a value that is outside the range.
    """
    found: dict[str, float] = {}
    for name, value in values.items():
        named = [widget for widget in widgets if name in (widget.path, widget.label)]
        if not named:
            raise _unknown(name, widgets)
        for widget in named:
            if not widget.min <= value <= widget.max:  # NaN is in no range
                raise FadError(
                    f"{value:g} is outside the range of `{widget.path}`",
                    hint=f"it goes from {widget.min:g} to {widget.max:g}",
                )
            found[widget.path] = float(value)
    return found


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
        if not (math.isfinite(time) and 0 <= round(time * rate) < frames):
            raise FadError(
                f"nothing can change at {time:g} s", hint=f"the run is {frames / rate:g} s long"
            )
        moved = resolved(widgets, values)
        found += [Change(round(time * rate), path, value) for path, value in moved.items()]
    return tuple(found)


def _unknown(name: str, widgets: Sequence[Parameter]) -> FadError:
    message = f"no widget is called `{name}`"
    if not widgets:
        return FadError(message, hint="the program has no sliders, entries or switches")
    similar = nearest(name, [w.path if "/" in name else w.label for w in widgets])
    if similar:
        return FadError(message, hint=f"did you mean {either(dict.fromkeys(similar))}?")
    paths = [widget.path for widget in widgets]
    more = len(paths) - _MOST_NAMES
    hint = f"there is {either(paths[:_MOST_NAMES])}" + (f", and {more} more" if more > 0 else "")
    return FadError(message, hint=hint)
