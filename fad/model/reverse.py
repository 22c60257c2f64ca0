"""The three programs of reverse mode, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.precision import NativePrecision
from fad.diagram.box import Box
from fad.diagram.parameters import Parameter
from fad.model.moves import Moves
from fad.model.units import Unit, Units
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram


@dataclass(frozen=True)
class Reverse:
    """The programs of reverse mode.

    Attributes:
        programs: all three.
        forward: gives the outputs of the original, then the tape.
        adjoint: brings cotangents back, on reversed time.
        control: makes derivatives of sums; `None` where there are only inputs to differentiate by.
    """

    programs: ReverseProgram
    forward: Unit
    adjoint: Unit
    control: Unit | None

    @property
    def outputs(self) -> int:
        """How many of the lanes are outputs of the original."""
        return len(self.programs.outputs)

    def room(self, frames: int, moves: Moves) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """What the adjoint gives, before it has run: sums, which are 0, and cotangents of inputs.

        Args:
            frames: how many samples it is going to run.
            moves: how widgets move meanwhile.

        Returns:
            Arrays of the shapes (coefficients, blocks) and (inputs that are variables, frames).
        """
        return (
            np.zeros((len(self.programs.coefficients), moves.blocks)),
            np.empty((len(self.programs.inputs), frames), self.adjoint.dtype),
        )

    def derivatives(self, sums: NDArray[np.float64], moves: Moves) -> NDArray[np.float64]:
        """The derivatives by the parameters, of shape (parameters, blocks).

        Args:
            sums: of the coefficients, of shape (coefficients, blocks).
            moves: how widgets moved.
        """
        found = np.empty((len(self.programs.parameters), moves.blocks))
        if self.control is not None:
            self.control.play(sums, found, replace(moves, block=1))
        return found


def boxes_of(programs: ReverseProgram) -> list[Box]:
    """The diagrams of the programs of reverse mode; the control program may be left out."""
    texts = filter(None, (programs.forward, programs.adjoint, programs.control))
    return [read(Request(text)).evaluated().process for text in texts]


def reverse_of(
    programs: ReverseProgram,
    boxes: Sequence[Box],
    units: Units,
    more: Sequence[Parameter] = (),
) -> Reverse:
    """The programs of reverse mode, ready to run. Sums are in double precision.

    Args:
        programs: all three.
        boxes: their diagrams; see `boxes_of`.
        units: what makes them run.
        more: widgets that they have beside those of the program.

    Raises:
        EngineError: it cannot run them.
        FadError: they use foreign functions that they may not use.
    """
    precisions: list[NativePrecision] = [units.precision, units.precision, "double"]
    forward, adjoint, *control = units.several([*zip(boxes, precisions, strict=False)], more)
    return Reverse(programs, forward, adjoint, control[0] if control else None)


class Recorded:
    """A run of the forward program, from which derivatives can be brought back.

    Args:
        reverse: the programs.
        sound: the audio inputs, of shape (channels, frames), contiguous.
        moves: how widgets move.
        piece: how many samples to run at once: whole blocks. The tape of one piece is kept, others
            are computed again.

    Attributes:
        outputs: those of the original, of shape (channels, frames).
        moves: how widgets moved.
    """

    def __init__(self, reverse: Reverse, sound: NDArray[Any], moves: Moves, piece: int) -> None:
        self.moves = moves
        self._reverse, self._sound = reverse, sound
        frames = sound.shape[1]
        self._pieces = [
            slice(start, min(start + piece, frames)) for start in range(0, frames, piece)
        ]
        self.outputs: NDArray[Any] = np.empty((reverse.outputs, frames), reverse.forward.dtype)
        #: The states at the starts of all pieces, and the lanes of the last one.
        self._starts = [reverse.forward.start()]
        for part in self._pieces:
            after, self._lanes = self._played(self._starts[-1], part)
            self.outputs[:, part] = self._lanes[: reverse.outputs]
            self._starts.append(after)

    def back(self, cotangents: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Runs the adjoint, from the last sample to the first.

        Args:
            cotangents: of the outputs, of shape (channels, frames).

        Returns:
            The derivatives by the parameters, of shape (parameters, blocks), and those by the
            samples of the inputs that are variables, of shape (inputs, frames).
        """
        reverse = self._reverse
        sums, rest = reverse.room(cotangents.shape[1], self.moves)
        state = reverse.adjoint.start()
        lanes = self._lanes
        for number in reversed(range(len(self._pieces))):
            part = self._pieces[number]
            if number < len(self._pieces) - 1:
                _, lanes = self._played(self._starts[number], part)
            moves = self.moves.within(self._blocks(part))
            some, back = reverse.room(part.stop - part.start, moves)
            given = np.ascontiguousarray(cotangents[:, part])
            tape = lanes[reverse.outputs :]
            state = reverse.adjoint.go_back(state, given, tape, some, back, moves)
            sums[:, self._blocks(part)], rest[:, part] = some, back
        return reverse.derivatives(sums, self.moves), rest

    def _played(self, state: Any, part: slice) -> tuple[Any, NDArray[Any]]:
        """The state after a piece, and its outputs and tape."""
        forward = self._reverse.forward
        lanes = np.empty((forward.outputs, part.stop - part.start), forward.dtype)
        heard = np.ascontiguousarray(self._sound[:, part])
        return forward.go_on(state, heard, lanes, self.moves.within(self._blocks(part))), lanes

    def _blocks(self, part: slice) -> slice:
        block = self.moves.block
        return slice(part.start // block, -(-part.stop // block))
