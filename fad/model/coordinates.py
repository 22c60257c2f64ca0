"""Coordinates of parameters: 0 where the range begins, 1 where it ends, as their scale says.

A learner moves all parameters alike in these coordinates, whatever their units. They are those of a
slider in a user interface: `[scale:log]` goes by ratios, `[scale:exp]` the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fad.base.errors import FadError
from fad.base.prose import either
from fad.diagram.parameters import Parameter, called
from fad.model.choices import numbers


@dataclass(frozen=True)
class Coordinate:
    """How a parameter goes from 0 to 1.

    Attributes:
        low, high: the range of its values.
        scale: `lin`, `log` or `exp`.
    """

    low: float
    high: float
    scale: str = "lin"

    def value(self, place: Any) -> Any:
        """The value at a coordinate.

        Args:
            place: a number or an array of any library whose arrays have operators.
        """
        span = self.high - self.low
        if self.scale == "log":
            return self.low * (self.high / self.low) ** place
        if self.scale == "exp":
            # log(e^low + place*(e^high - e^low)), without large numbers
            rest = math.exp(-span)
            return self.high + _of("log", rest + place * (1 - rest))
        return self.low + place * span

    def slope(self, place: ArrayLike) -> NDArray[np.float64]:
        """The derivative of the value by the coordinate, of the coordinate's shape."""
        at = np.asarray(place, np.float64)
        span = self.high - self.low
        if self.scale == "log":
            return np.asarray(self.value(at) * math.log(self.high / self.low))
        if self.scale == "exp":
            rest = math.exp(-span)
            return np.asarray((1 - rest) / (rest + at * (1 - rest)))
        return np.full(at.shape, span)

    def place(self, value: Any) -> Any:
        """The coordinate of a value.

        Args:
            value: an array of any library whose arrays have operators.
        """
        span = self.high - self.low
        if span == 0:
            return value * 0.0
        if self.scale == "log":
            return _of("log", value / self.low) / math.log(self.high / self.low)
        if self.scale == "exp":
            rest = math.exp(-span)
            return (_of("exp", value - self.high) - rest) / (1 - rest)
        return (value - self.low) / span


def coordinate_of(widgets: Sequence[Parameter], name: str) -> Coordinate:
    """That of the parameters with a label or path.

    Raises:
        FadError: there is none; or their ranges or scales differ.
    """
    found = called(widgets, name)
    if len(set(map(coordinate, found))) > 1:
        raise FadError(
            f"the parameters that are called `{name}` have different ranges",
            hint=f"name {either(each.path for each in found)}",
        )
    return coordinate(found[0])


def coordinate(parameter: Parameter) -> Coordinate:
    """That of a parameter. A logarithmic one whose range begins at 0 or below is linear."""
    scale = parameter.scale
    if scale not in ("log", "exp") or (scale == "log" and parameter.min <= 0):
        scale = "lin"
    return Coordinate(parameter.min, parameter.max, scale)


def places_of(name: str, given: Any) -> NDArray[np.float64]:
    """Coordinates of a parameter, as they are given.

    Raises:
        FadError: they are no numbers, or not finite.
    """
    found = numbers(given, f"the coordinate of `{name}`")
    if not np.isfinite(found).all():
        raise FadError(f"the coordinate of `{name}` is infinite or not a number")
    return found


def value_at(coordinate: Coordinate, name: str, given: Any) -> NDArray[np.float64]:
    """The value of a parameter at a coordinate, as it is given.

    Raises:
        FadError: see `places_of`; or its scale does not go as far.
    """
    with np.errstate(all="ignore"):
        found = np.asarray(coordinate.value(places_of(name, given)))
    if not np.isfinite(found).all():
        raise FadError(
            f"`{name}` has no value at such a coordinate", hint="its range goes from 0 to 1"
        )
    return found


def _of(function: str, x: Any) -> Any:
    """A function of an array, by the array's own library, for its derivatives."""
    if hasattr(x, function):  # PyTorch
        return getattr(x, function)()
    library = x.__array_namespace__() if hasattr(x, "__array_namespace__") else np
    return getattr(library, function)(x)
