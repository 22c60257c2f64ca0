"""How widgets move while a program runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Moves:
    """Widgets that move at the start of each block of a run.

    Attributes:
        paths: the widgets.
        courses: their values, of shape (paths, blocks), contiguous.
        block: how many samples a block has; the last one may be shorter.
    """

    paths: tuple[str, ...]
    courses: NDArray[np.float64]
    block: int

    @classmethod
    def of(cls, courses: Mapping[str, NDArray[np.float64]], blocks: int, block: int) -> Moves:
        """Path -> the values of the widget, a number or an array of shape (blocks,)."""
        rows = np.empty((len(courses), blocks))
        for row, course in zip(rows, courses.values(), strict=True):
            row[:] = course
        return cls(tuple(courses), rows, block)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return int(self.courses.shape[1])

    def by_sample(self, frames: int) -> NDArray[np.float64]:
        """The values at each sample of a run, of shape (paths, frames)."""
        return np.repeat(self.courses, min(self.block, frames), axis=1)[:, :frames]

    def within(self, blocks: slice) -> Moves:
        """The same in some blocks only."""
        return replace(self, courses=np.ascontiguousarray(self.courses[:, blocks]))
