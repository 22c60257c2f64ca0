"""Coordinates of parameters: 0 where the range begins, 1 where it ends, as their scale says.

A learner moves all parameters alike in these coordinates, whatever their units. They are those of a
slider in a user interface: `[scale:log]` goes by ratios, `[scale:exp]` the other way round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fad.diagram.parameters import Parameter


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


def coordinate(parameter: Parameter) -> Coordinate:
    """That of a parameter. A logarithmic one whose range begins at 0 or below is linear."""
    scale = parameter.scale
    if scale not in ("log", "exp") or (scale == "log" and parameter.min <= 0):
        scale = "lin"
    return Coordinate(parameter.min, parameter.max, scale)


def _of(function: str, x: Any) -> Any:
    """A function of an array, by the array's own library, for its derivatives."""
    if hasattr(x, function):  # PyTorch
        return getattr(x, function)()
    library = x.__array_namespace__() if hasattr(x, "__array_namespace__") else np
    return getattr(library, function)(x)
