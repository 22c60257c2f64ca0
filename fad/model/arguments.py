"""What a model is called with, checked and brought into form.

Signals have the shape (channels, frames), or (batch, channels, frames). The values of a parameter
are a number; or one for each block of a signal; or one for each item of a batch; or both, of shape
(batch, blocks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.prose import counted, either
from fad.diagram.parameters import Parameter, called
from fad.model.choices import array, numbers, whole
from fad.model.runs import Runs

#: A value may be this much of its range outside of it, by rounding to single precision.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Bound:
    """The range of a parameter.

    Attributes:
        name: what it is called.
        low, high: its lowest and its highest value.
    """

    name: str
    low: float
    high: float

    def exceeded(self, value: float) -> FadError:
        """The error that a value is outside of it."""
        if np.isnan(value):
            return FadError(f"a value of `{self.name}` is not a number")
        return FadError(
            f"{value:g} is outside the range of `{self.name}`",
            hint=f"it goes from {self.low:g} to {self.high:g}; with `clip=True`, other values are "
            "put to its ends",
        )


@dataclass(frozen=True)
class Names:
    """The parameters that a call names, in its order.

    Attributes:
        widgets: for each name, the widgets that have it.
    """

    widgets: Mapping[str, tuple[Parameter, ...]]

    @cached_property
    def paths(self) -> list[str]:
        """The paths of all of them."""
        return [widget.path for each in self.widgets.values() for widget in each]

    @cached_property
    def rows(self) -> list[int]:
        """For each path, the number of its name."""
        return [row for row, each in enumerate(self.widgets.values()) for _ in each]

    @cached_property
    def bounds(self) -> dict[str, Bound]:
        """The range of each name.

        Raises:
            FadError: the widgets with a name have no value in common.
        """
        found = {
            name: Bound(name, max(each.min for each in widgets), min(each.max for each in widgets))
            for name, widgets in self.widgets.items()
        }
        for name, bound in found.items():
            if bound.low > bound.high:
                raise FadError(
                    f"no value is in the ranges of all that are called `{name}`",
                    hint=f"set {either(each.path for each in self.widgets[name])}",
                )
        return found


def together(values: Mapping[str, Any] | None, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """All values of a call.

    Args:
        values: those in a mapping.
        parameters: those by keywords.

    Raises:
        FadError: one is in both.
    """
    if not values:
        return parameters
    twice = next((name for name in values if name in parameters), None)
    if twice is not None:
        raise FadError(f"`{twice}` is given twice")
    return {**values, **parameters}


def named(widgets: Sequence[Parameter], names: Sequence[str]) -> Names:
    """The parameters with some names: labels or paths.

    Raises:
        FadError: a name that no widget has, or two names for one widget.
    """
    found: dict[str, tuple[Parameter, ...]] = {}
    taken: dict[str, str] = {}
    for name in names:
        found[name] = called(widgets, name)
        for widget in found[name]:
            if (other := taken.setdefault(widget.path, name)) != name:
                raise FadError(f"`{other}` and `{name}` are the same parameter, `{widget.path}`")
    return Names(found)


def directed(
    widgets: Sequence[Parameter], variables: Sequence[Parameter], names: Sequence[str]
) -> Names:
    """The variables that a direction names.

    Args:
        widgets: all parameters.
        variables: those that there are derivatives by.
        names: labels or paths.

    Raises:
        FadError: see `named`; or there is no derivative by one of them.
    """
    for name in names:
        if not any(each in variables for each in called(widgets, name)):
            raise FadError(
                f"`{name}` is no variable: there is no derivative by it",
                hint=f"`fad.load(..., wrt=[{name!r}])` asks for it",
            )
    return named(variables, names)


@dataclass(frozen=True)
class Call:
    """What a model is called with.

    Attributes:
        names: the parameters that are given.
        runs: the runs that are asked for.
        batch: the number of items; `None` for a single signal.
        shapes: for each name, the shape of the values as they were given.
        sound_shape: the shape of the signal as it was given.
    """

    names: Names
    runs: Runs
    batch: int | None
    shapes: tuple[tuple[int, ...], ...]
    sound_shape: tuple[int, ...]

    @cached_property
    def changing(self) -> frozenset[str]:
        """The names whose values change over time."""
        return frozenset(
            name
            for name, shape in zip(self.names.widgets, self.shapes, strict=True)
            if self._whole(shape)[1] > 1
        )

    @property
    def changing_paths(self) -> frozenset[str]:
        """The paths that they stand for."""
        widgets = self.names.widgets
        return frozenset(each.path for name in self.changing for each in widgets[name])

    def like_sound(self, found: NDArray[Any]) -> NDArray[Any]:
        """Something of shape (items, channels, frames), summed to the shape of the signal."""
        shape = (1,) * (3 - len(self.sound_shape)) + self.sound_shape
        return _summed(found, shape).reshape(self.sound_shape)

    def like_values(self, number: int, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Something of shape (items, blocks), summed to the shape of a name's values."""
        shape = self.shapes[number]
        return _summed(found, self._whole(shape)).reshape(shape)

    def join(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """What has a first axis for the items, without it where there is no batch."""
        joined: NDArray[Any] = outputs[0] if self.batch is None else outputs
        return joined

    def _whole(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape of values with both axes."""
        if len(shape) == 1:
            return (1, *shape) if self.batch is None else (*shape, 1)
        return (1,) * (2 - len(shape)) + shape


def _summed(found: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Sums over the axes that a shape has only one of."""
    axes = tuple(k for k, size in enumerate(shape) if size == 1 and found.shape[k] != 1)
    return np.asarray(found.sum(axis=axes, keepdims=True)) if axes else found


@dataclass(frozen=True)
class Form:
    """What a program takes.

    Attributes:
        inputs: the number of its audio inputs.
        dtype: the type of its samples.
        block: how many samples a block has.
        clip: whether values outside their range are put to its ends.
    """

    inputs: int
    dtype: type[np.floating[Any]]
    block: int
    clip: bool

    def call(
        self, names: Names, given: Sequence[Any], sound: Any, frames: int | None, batch: int | None
    ) -> Call:
        """Brings what a model is called with into form.

        Args:
            names: the parameters that are given.
            given: their values.
            sound: the signal, if there is one.
            frames, batch: how long it is, and how many there are, where there is none.

        Raises:
            FadError: something does not fit.
        """
        frames = None if frames is None else whole(frames, "`frames`")
        batch = None if batch is None else whole(batch, "`batch`")
        sounds, sound_shape = self._sounds(sound, frames, batch)
        items = sound_shape[0] if len(sound_shape) == 3 else batch
        values = [_values(name, value) for name, value in zip(names.widgets, given, strict=True)]
        rows = {len(value) for value in values if value.ndim == 2 and len(value) > 1}
        if items is None and rows:
            items = max(rows)
        length = sounds.shape[-1]
        courses = self._courses(names, values, items, length, True)
        block = self.block if courses.shape[2] > 1 else length
        runs = Runs(sounds, tuple(names.paths), courses, block, items or 1)
        return Call(names, runs, items, tuple(value.shape for value in values), sound_shape)

    def along(
        self, call: Call, names: Names, given: Sequence[Any], sound: Any
    ) -> tuple[NDArray[np.float64], NDArray[Any] | None]:
        """Brings a direction into form.

        Args:
            call: where the direction is taken.
            names: the parameters that it moves.
            given: how much, in shapes that their values could have.
            sound: how it moves the audio inputs, if it does, in the shape of the signal.

        Returns:
            Its components: of shape (items or 1, paths, blocks or 1), and (items or 1, channels,
            frames).

        Raises:
            FadError: something does not fit.
        """
        values = [_values(name, value) for name, value in zip(names.widgets, given, strict=True)]
        for name, value in zip(names.widgets, values, strict=True):
            if not np.isfinite(value).all():
                raise FadError(f"the direction by `{name}` is infinite or not a number")
        courses = self._courses(names, values, call.batch, call.runs.frames, False)
        if sound is None:
            return courses, None
        sounds, shape = self._sounds(sound, None, None)
        if shape != call.sound_shape:
            raise FadError(f"the signal has the shape {call.sound_shape}, its direction {shape}")
        return courses, sounds

    def _courses(
        self,
        names: Names,
        values: Sequence[NDArray[np.float64]],
        items: int | None,
        frames: int,
        bounded: bool,
    ) -> NDArray[np.float64]:
        """Values, of shape (items or 1, paths, blocks or 1), contiguous."""
        blocks = -(-frames // self.block)
        whole = [
            (self.within(bound, spread) if bounded else spread)
            for (name, bound), value in zip(names.bounds.items(), values, strict=True)
            for spread in [value.reshape(self.whole(name, value.shape, items, blocks))]
        ]
        shape = np.broadcast_shapes((1, 1), *(value.shape for value in whole))
        courses = np.empty((shape[0], len(names.paths), shape[1]))
        for path, row in enumerate(names.rows):
            courses[:, path] = whole[row]
        return courses

    def _sounds(
        self, sound: Any, frames: int | None, batch: int | None
    ) -> tuple[NDArray[Any], tuple[int, ...]]:
        """The signals, of shape (items or 1, channels, frames), and the shape as it was given."""
        heard = None if sound is None else array(sound)
        if heard is None and sound is not None:
            raise FadError("the signal is no array: its channels are not of one length")
        if heard is not None and heard.dtype.kind != "f":
            raise FadError(
                f"the signal is of type {heard.dtype}",
                hint="samples are floats between -1 and 1: `x / 32768` for 16 bits"
                if heard.dtype.kind in "iu"
                else "samples are floats",
            )
        shape = self.sound_shape(None if heard is None else heard.shape, frames, batch)
        if heard is None or not self.inputs:
            return np.empty((1, 0, shape[-1]), self.dtype), shape
        items = shape[0] if len(shape) == 3 else 1
        shaped = heard.reshape(items, self.inputs, shape[-1])
        return np.ascontiguousarray(shaped, self.dtype), shape

    def sound_shape(
        self, given: tuple[int, ...] | None, frames: int | None, batch: int | None
    ) -> tuple[int, ...]:
        """The shape of a signal: (channels, frames) or (batch, channels, frames).

        Args:
            given: that of what a program is called with, if it is.
            frames, batch: how long it is, and how many there are, where there is none.

        Raises:
            FadError: it does not fit the program.
        """
        if given is None:
            if self.inputs or frames is None:
                what = counted(self.inputs, "audio input") if self.inputs else "no audio inputs"
                raise FadError(
                    f"the program has {what}",
                    hint=f"an array of shape ({self.inputs}, frames) comes first"
                    if self.inputs
                    else "`frames=48000` says how long it runs",
                )
            given = (0, frames) if batch is None else (batch, 0, frames)
        if len(given) not in (2, 3) or given[-2] != self.inputs:
            raise FadError(
                f"the signal has the shape {given}",
                hint=f"({self.inputs}, frames), or (batch, {self.inputs}, frames)",
            )
        if frames not in (None, given[-1]) or batch not in (None, *given[:-2]):
            asked = [counted(frames, "frame")] if frames is not None else []
            asked += [counted(batch, "item")] if batch is not None else []
            raise FadError(f"the signal has the shape {given}, not {' and '.join(asked)}")
        if 0 in (given[-1], *given[:-2]):
            raise FadError(f"the signal has the shape {given}: there is nothing to run")
        return given

    def whole(
        self, name: str, shape: tuple[int, ...], items: int | None, blocks: int
    ) -> tuple[int, int]:
        """The shape of values with both axes: (items or 1, blocks or 1).

        Args:
            name: what the parameter is called.
            shape: that of its values as they are given.
            items: the number of items of a batch, if there is one.
            blocks: how many blocks the signal has.

        Raises:
            FadError: values of this shape do not fit the signal.
        """
        if shape == ():
            return 1, 1
        if len(shape) == 1 and items is None and shape[0] in (1, blocks):
            return 1, shape[0]
        if len(shape) == 1 and items is not None and shape[0] in (1, items):
            return shape[0], 1
        if len(shape) == 2 and shape[0] in (1, items or 1) and shape[1] in (1, blocks):
            return shape[0], shape[1]
        fitting = f"({blocks},)" if items is None else f"({items},) or ({items}, {blocks})"
        raise FadError(
            f"`{name}` has values of shape {shape}",
            hint=f"a number, or {fitting}: a block is {counted(self.block, 'sample')}",
        )

    def within(self, bound: Bound, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values within their range.

        Raises:
            FadError: one is outside, and values are not to be clipped; or it is not a number.
        """
        if not value.size:
            return value
        least, most = value.min(), value.max()
        if bound.low <= least and most <= bound.high:
            return value
        near = _ROUNDING * (bound.high - bound.low)
        too_low = not least >= bound.low - near  # what is not a number is too low
        is_clipped = self.clip and not np.isnan(least)
        if (too_low or most > bound.high + near) and not is_clipped:
            raise bound.exceeded(least if too_low else most)
        return np.clip(value, bound.low, bound.high)


def _values(name: str, value: Any) -> NDArray[np.float64]:
    return numbers(value, f"the value of `{name}`")
