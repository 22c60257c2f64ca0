"""A program, what is fitted in it, and the recordings that it should sound like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.fitting.targets import Target
from fad.fitting.variables import Points, Variable, slopes_at, values_at
from fad.model.model import Model
from fad.model.recordings import course, fitted

#: How many samples a batch of points may make at once.
_TOGETHER = 1 << 23


@dataclass(frozen=True, eq=False)
class Part:
    """A target, and how the program is played for it.

    Attributes:
        target: the target.
        sound: what it should sound like, of shape (channels, frames).
        input: what the program hears, of shape (inputs, frames), or `None`.
        values: path -> what does not depend on the point: a number, or one for each block.
        columns: the columns of a point that this target's variables are in, in their order.
    """

    target: Target
    sound: NDArray[np.float64]
    input: NDArray[Any] | None
    values: Mapping[str, float | NDArray[np.float64]]
    columns: NDArray[np.intp]


def part_of(model: Model, target: Target, columns: Sequence[int]) -> Part:
    """A target for a model.

    Args:
        model: the program; its block lets widgets move when the target says.
        target: the target.
        columns: see `Part`.

    Raises:
        FadError: the recording or the input does not fit the program; a widget cannot move so.
    """
    sound = np.asarray(target.sound, np.float64)
    if sound.ndim != 2 or not sound.shape[1]:
        raise FadError(f"a recording has the shape (channels, frames), not {sound.shape}")
    if not np.isfinite(sound).all():
        raise FadError(f"`{target.name}` has samples that are infinite or not a number")
    if len(sound) != model.outputs:
        raise FadError(
            f"`{target.name}` has {len(sound)} channels, the program {model.outputs} outputs"
        )
    frames = sound.shape[1]
    heard = None
    if target.input is not None:
        heard = fitted(np.asarray(target.input, np.float64), model.inputs, frames)
        heard = np.ascontiguousarray(heard, model.dtype)
    elif model.inputs:
        raise FadError(
            f"the program hears something, and `{target.name}` has no input",
            hint="name the dry recording: `--input dry.wav`",
        )
    values = course(model, target.at, target.changes, frames).values
    return Part(target, sound, heard, values, np.array(columns, np.intp))


@dataclass(eq=False)
class Problem:
    """A program that should sound like some recordings.

    Attributes:
        model: the program.
        variables: what is fitted, in the order of the model's variables, of each target.
        parts: the targets.
        size: the number of columns of a point.
        align: whether the recordings are later and louder by what is not known.
        evaluations: how many times the program has run.
    """

    model: Model
    variables: Sequence[Variable]
    parts: Sequence[Part]
    size: int
    align: bool = False
    evaluations: int = field(default=0, init=False)

    def column(self, number: int) -> Variable:
        """The variable that a column of a point is of."""
        for part in self.parts:
            for place, each in enumerate(part.columns):
                if each == number:
                    return self.variables[place]
        raise IndexError(number)

    @property
    def columns(self) -> list[Variable]:
        """The variables of all columns."""
        return [self.column(number) for number in range(self.size)]

    def outputs(self, part: Part, points: Points) -> Iterator[tuple[slice, NDArray[Any]]]:
        """What the program makes for a target, at some points at a time.

        Args:
            part: the target.
            points: of shape (points, columns).

        Returns:
            Which points, and what it makes there, of shape (points, channels, frames).
        """
        frames = part.sound.shape[1]
        channels = max(self.model.outputs, self.model.inputs, 1)
        count = max(1, _TOGETHER // (frames * channels))
        for first in range(0, len(points), count):
            some = slice(first, first + count)
            yield some, self._played(part, points[some])

    def at(self, part: Part, point: Points) -> NDArray[Any]:
        """What the program makes for a target at a point, of shape (channels, frames)."""
        self.evaluations += 1
        values = self._values(part, point)
        return self.model(part.input, values, frames=part.sound.shape[1])

    def lanes(self, part: Part, point: Points) -> tuple[NDArray[Any], NDArray[Any]]:
        """What the program makes for a target, and its derivatives by the target's variables.

        Returns:
            Arrays of the shapes (channels, frames) and (variables, channels, frames).
        """
        self.evaluations += 1
        values = self._values(part, point)
        frames = part.sound.shape[1]
        outputs, found = self.model.jacobian(part.input, values, frames=frames)
        slopes = slopes_at(self.variables, point[part.columns]).astype(outputs.dtype)
        lanes = np.zeros((len(self.variables), *outputs.shape), outputs.dtype)
        for row, each in enumerate(self.variables):
            if each.path in found:
                np.multiply(found[each.path], slopes[row], out=lanes[row])
        return outputs, lanes

    def pulled(self, part: Part, point: Points) -> tuple[NDArray[Any], Any]:
        """What the program makes for a target, and what brings derivatives back from it.

        Returns:
            The outputs, of shape (channels, frames), and a function from the derivatives of a loss
            by them to those by the coordinates of the target's variables, of shape (variables,).
        """
        self.evaluations += 1
        values = self._values(part, point)
        outputs, pullback = self.model.vjp(part.input, values, frames=part.sound.shape[1])
        slopes = slopes_at(self.variables, point[part.columns])

        def back(cotangents: NDArray[Any]) -> Points:
            found = pullback(cotangents)
            slope = [float(found.get(each.path, 0)) for each in self.variables]
            return np.array(slope) * slopes

        return outputs, back

    def _values(self, part: Part, point: Points) -> dict[str, Any]:
        return {**part.values, **values_at(self.variables, point[part.columns])}

    def _played(self, part: Part, points: Points) -> NDArray[Any]:
        self.evaluations += len(points)
        values = values_at(self.variables, points[:, part.columns])
        fixed = {
            path: each
            if np.ndim(each) == 0
            else np.broadcast_to(each, (len(points), np.size(each)))
            for path, each in part.values.items()
            if path not in values
        }
        frames = part.sound.shape[1]
        if part.input is None:
            return self.model(None, {**fixed, **values}, frames=frames, batch=len(points))
        heard = np.broadcast_to(part.input, (len(points), *part.input.shape))
        return self.model(heard, {**fixed, **values})
