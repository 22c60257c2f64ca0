"""How widgets move while a program runs."""

from __future__ import annotations

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

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return int(self.courses.shape[1])

    def by_sample(self, frames: int) -> NDArray[np.float64]:
        """The values at each sample of a run, of shape (paths, frames)."""
        return np.repeat(self.courses, self.block, axis=1)[:, :frames]

    def within(self, blocks: slice) -> Moves:
        """The same in some blocks only."""
        return replace(self, courses=np.ascontiguousarray(self.courses[:, blocks]))
