"""What can run the three programs of reverse mode: native code, or libfaust's interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fad.runtime.input_signals import Samples


@dataclass(frozen=True)
class Moves:
    """How widgets move in a run.

    Attributes:
        values: path -> its values in the blocks, of shape (blocks,).
        block: the number of samples of a block; the last one may be shorter.
        frames: the number of samples of the run.
    """

    values: Mapping[str, NDArray[np.float64]]
    block: int
    frames: int

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return -(-self.frames // self.block)

    def within(self, blocks: slice) -> NDArray[np.float64]:
        """The values in some blocks, of shape (widgets, blocks)."""
        rows = [course[blocks] for course in self.values.values()]
        return np.array(rows).reshape(len(rows), blocks.stop - blocks.start)

    def courses(self) -> dict[str, Samples]:
        """Path -> its values at the samples, of shape (frames,)."""
        return {path: by_sample(course, self) for path, course in self.values.items()}


def by_sample(by_block: NDArray[np.float64], moves: Moves) -> Samples:
    """Values in the blocks of a run, as values at its samples.

    Args:
        by_block: of shape (..., blocks).
        moves: the run.
    """
    return np.repeat(by_block, moves.block, axis=-1)[..., : moves.frames]


class Recorded(Protocol):
    """A run of a forward program.

    Attributes:
        outputs: those of the original, of shape (channels, frames).
        moves: how its widgets moved.
    """

    outputs: NDArray[Any]
    moves: Moves

    def back(self, cotangents: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Runs the adjoint, from the last sample to the first.

        Args:
            cotangents: of the outputs, of shape (channels, frames).

        Returns:
            The sums of the coefficients, of shape (coefficients, blocks), and the cotangents of the
            inputs that are variables, of shape (inputs, frames).
        """


class Backend(Protocol):
    """What runs the three programs of reverse mode.

    Attributes:
        inputs: the number of channels of the original's audio inputs.
        lanes: the number of outputs of the forward program: the original's, and the tape.
        dtype: the type of the samples.
        largest: how many bytes all lanes can take at once.
    """

    inputs: int
    lanes: int
    dtype: type[np.floating[Any]]
    largest: int

    def record(self, inputs: NDArray[Any], moves: Moves, piece: int) -> Recorded:
        """Runs the forward program from its start.

        Args:
            inputs: the audio inputs, of shape (channels, frames), contiguous.
            moves: how its widgets move.
            piece: how many samples the adjoint runs through at once: whole blocks.
        """

    def gradient(self, sums: NDArray[np.float64], moves: Moves) -> NDArray[np.float64]:
        """Runs the control program: the derivatives by the parameters, (parameters, blocks).

        Args:
            sums: of the coefficients, of shape (coefficients, blocks).
            moves: how widgets moved.
        """
