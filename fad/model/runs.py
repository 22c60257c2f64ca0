"""Runs of a program: signals, with widgets that move from block to block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.model.moves import Moves
from fad.model.threads import Threads
from fad.model.units import Unit


@dataclass(frozen=True)
class Runs:
    """Some runs of a program, each from its start.

    Attributes:
        sounds: the audio inputs, of shape (items or 1, channels, frames), contiguous.
        paths: the widgets that move.
        courses: their values, of shape (items or 1, paths, blocks or 1), contiguous.
        block: how many samples a block has.
        items: how many runs there are.
    """

    sounds: NDArray[Any]
    paths: tuple[str, ...]
    courses: NDArray[np.float64]
    block: int
    items: int

    @property
    def frames(self) -> int:
        """How long they are."""
        return int(self.sounds.shape[-1])

    @property
    def blocks(self) -> int:
        """How many blocks the values have; 1 where nothing changes over time."""
        return int(self.courses.shape[-1])

    def sound(self, item: int) -> NDArray[Any]:
        """The signal of an item, of shape (channels, frames)."""
        sound: NDArray[Any] = self.sounds[item if len(self.sounds) > 1 else 0]
        return sound

    def moves(self, item: int) -> Moves:
        """How widgets move in an item."""
        course: NDArray[np.float64] = self.courses[item if len(self.courses) > 1 else 0]
        return Moves(self.paths, course, self.block)

    def with_more(
        self,
        paths: Sequence[str],
        courses: NDArray[np.float64],
        sounds: NDArray[Any] | None,
        block: int,
    ) -> Runs:
        """The same runs of a program with more widgets, after these, and inputs, before them.

        Args:
            paths: the other widgets.
            courses: their values, of shape (items or 1, paths, blocks or 1).
            sounds: the other inputs, of shape (items or 1, channels, frames).
            block: how many samples a block has, if a value changes.
        """
        both = _beside(self.courses, courses)
        return replace(
            self,
            sounds=self.sounds if sounds is None else _beside(sounds, self.sounds),
            paths=(*self.paths, *paths),
            courses=both,
            block=block if both.shape[2] > 1 else self.frames,
        )

    def played(self, unit: Unit, threads: Threads) -> NDArray[Any]:
        """What a program gives, of shape (items, channels, frames)."""
        lanes = room((self.items, unit.outputs, self.frames), unit.dtype)

        def play(item: int) -> None:
            unit.play(self.sound(item), lanes[item], self.moves(item))

        threads.each(self.items, play)
        return lanes


def room(shape: tuple[int, ...], dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """A new array.

    Raises:
        FadError: there is not as much memory.
    """
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError):  # numpy has another error for what no machine could have
        size = math.prod(shape) * np.dtype(dtype).itemsize / 2**30
        raise FadError(
            f"outputs of shape {shape} take {size:.3g} GiB, and there is not as much memory",
            hint="run fewer frames or items at a time",
        ) from None


def _beside(some: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Rows, the middle axis, one after the other; where one has more items or blocks, the other is
    repeated."""
    items = max(len(some), len(more))
    blocks = max(some.shape[2], more.shape[2])
    parts = [np.broadcast_to(each, (items, each.shape[1], blocks)) for each in (some, more)]
    return np.concatenate(parts, axis=1)
