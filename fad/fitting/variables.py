"""What is fitted: parameters in coordinates from 0 to 1, each in a range of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter
from fad.model.coordinates import Coordinate, coordinate

#: Coordinates of points, of shape (points, variables), or of one, (variables,).
Points = NDArray[np.float64]
#: More values than these are searched, not counted through.
_MOST_STEPS = 24


@dataclass(frozen=True)
class Variable:
    """A parameter that is fitted.

    Attributes:
        parameter: the widget.
        coordinate: how it goes from 0 to 1, in the range that is searched.
        steps: the values that it can have, if they are few: where it has no derivatives, they are
            tried one by one.
    """

    parameter: Parameter
    coordinate: Coordinate
    steps: tuple[float, ...]

    @property
    def path(self) -> str:
        """Its path."""
        return self.parameter.path


def variable(parameter: Parameter, bounds: tuple[float, float] | None = None) -> Variable:
    """A parameter as a variable.

    Args:
        parameter: the widget.
        bounds: the range that is searched; all of the widget's by default.

    Raises:
        FadError: the range is empty, or not within the widget's.
    """
    low, high = bounds or (parameter.min, parameter.max)
    if not parameter.min <= low < high <= parameter.max:
        raise FadError(
            f"`{parameter.label}` cannot be searched from {low:g} to {high:g}",
            hint=f"it goes from {parameter.min:g} to {parameter.max:g}",
        )
    whole = coordinate(parameter)
    if whole.scale == "exp":  # a part of the range is not of this scale again
        whole = Coordinate(low, high)
    place = Coordinate(low, high, whole.scale)
    return Variable(parameter, place, _steps(parameter, low, high))


def _steps(parameter: Parameter, low: float, high: float) -> tuple[float, ...]:
    if parameter.kind in ("button", "checkbox"):
        return (0.0, 1.0)
    if parameter.step <= 0 or (high - low) / parameter.step >= _MOST_STEPS:
        return ()
    first = np.ceil((low - parameter.min) / parameter.step - 1e-9)
    found = parameter.min + parameter.step * np.arange(first, first + _MOST_STEPS + 1)
    return tuple(float(each) for each in found if each <= high + 1e-9 * parameter.step)


def values_at(variables: Sequence[Variable], points: Points) -> dict[str, NDArray[np.float64]]:
    """Path -> values, of shape (points,), or () for one point."""
    return {
        each.path: np.asarray(each.coordinate.value(points[..., column]))
        for column, each in enumerate(variables)
    }


def slopes_at(variables: Sequence[Variable], point: Points) -> Points:
    """The derivatives of the values by the coordinates, of shape (variables,)."""
    pairs = zip(variables, point, strict=True)
    return np.array([float(each.coordinate.slope(place)) for each, place in pairs])


def point_of(variables: Sequence[Variable], values: Mapping[str, float]) -> Points:
    """The coordinates of values, those outside the range put to its ends, of shape (variables,)."""
    places = [float(each.coordinate.place(values[each.path])) for each in variables]
    return np.asarray(np.clip(np.array(places), 0, 1))
