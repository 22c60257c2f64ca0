"""Short calls, quickly: for live signals, and for whoever calls a program a thousand times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.model.arguments import Names
from fad.model.units import NativeUnit
from fad.runtime.library import Performer


class Quick:
    """Calls of native code with a number for each parameter, which make nothing but the outputs.

    What is not of the right form is left to others, who can say what is wrong.

    Args:
        unit: the program.
        names: the parameters.
    """

    def __init__(self, unit: NativeUnit, names: Names) -> None:
        self._library = unit.library
        self._names = names
        self._bounds = [(bound.low, bound.high) for bound in names.bounds.values()]
        self._dtype = np.dtype(unit.dtype)
        self._shape = unit.inputs, unit.outputs
        self._free: list[Performer] = []

    def __call__(self, sound: NDArray[Any], given: Iterable[object]) -> NDArray[Any] | None:
        """The outputs, of shape (channels, frames).

        Args:
            sound: an array.
            given: the values of the parameters.

        Returns:
            `None` where the sound is not contiguous, of the right type and shape, or a value is no
            number in its range.
        """
        inputs, outputs = self._shape
        if sound.dtype != self._dtype or not sound.flags.c_contiguous:
            return None
        shape = sound.shape
        if len(shape) != 2 or shape[0] != inputs or not shape[1]:
            return None
        try:
            performer = self._free.pop()
        except IndexError:
            names = self._names
            performer = Performer(self._library, names.paths, names.rows, len(names.widgets))
        values = performer.values
        for row, (value, (low, high)) in enumerate(zip(given, self._bounds, strict=True)):
            if not isinstance(value, (float, int)) or not low <= value <= high:
                return None
            values[row] = value
        lanes = np.empty((outputs, shape[1]), self._dtype)
        performer.play(sound, lanes)
        self._free.append(performer)
        return lanes
