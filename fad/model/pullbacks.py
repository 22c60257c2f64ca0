"""How derivatives are brought back from the outputs of a program to its parameters and inputs.

There are three ways, all exact: by the lanes of forward mode, where parameters rest; by reverse
mode; and where reverse mode refuses a program whose parameters change over time, by running the
program again from each block on. Each remembers of a run what it needs in one array, the tape, so
that whoever has it can bring derivatives back later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fad.model.programs import component
from fad.model.reverse import Reverse
from fad.model.runs import Runs
from fad.model.threads import Threads
from fad.model.units import Unit

#: Path of a parameter -> its derivatives, of shape (items, blocks); and those by the samples of the
#: inputs, of shape (items, channels, frames), where they are asked for.
Derivatives = tuple[Mapping[str, NDArray[np.float64]], NDArray[Any] | None]


class Way(Protocol):
    """How derivatives are brought back.

    Attributes:
        lanes: how many lanes the tape has.
    """

    @property
    def lanes(self) -> int: ...

    def record(self, runs: Runs) -> tuple[NDArray[Any], NDArray[Any]]:
        """The outputs, of shape (items, channels, frames), and the tape, (items, lanes, frames)."""

    def back(self, runs: Runs, tape: NDArray[Any], cotangents: NDArray[Any]) -> Derivatives:
        """The derivatives of a loss.

        Args:
            runs: what was recorded; the samples of the signals do not count.
            tape: what was remembered of it.
            cotangents: the derivatives of the loss by the outputs, (items, channels, frames).
        """


@dataclass(frozen=True)
class ByLanes:
    """By the lanes of forward mode, which are the tape.

    Attributes:
        dual: gives each output, then its derivatives.
        variables: the paths of the parameters.
        threads: what items run on.
    """

    dual: Unit
    variables: Sequence[str]
    threads: Threads

    @property
    def lanes(self) -> int:
        """See `Way`."""
        return self.dual.outputs

    def record(self, runs: Runs) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Way`."""
        lanes = runs.played(self.dual, self.threads)
        return lanes[:, :: 1 + len(self.variables)].copy(), lanes

    def back(self, runs: Runs, tape: NDArray[Any], cotangents: NDArray[Any]) -> Derivatives:
        """See `Way`."""
        items, outputs, frames = cotangents.shape
        bundles = tape.reshape(items, outputs, -1, frames)[:, :, 1:]
        found = {path: np.zeros((items, 1)) for path in self.variables}

        def sum_up(item: int) -> None:
            for number, each in enumerate(found.values()):
                for output in range(outputs):
                    each[item] += np.dot(bundles[item, output, number], cotangents[item, output])

        self.threads.each(items, sum_up)
        return found, None


@dataclass(frozen=True)
class ByReverse:
    """By reverse mode.

    Attributes:
        reverse: its programs.
        threads: what items run on.
    """

    reverse: Reverse
    threads: Threads

    @property
    def lanes(self) -> int:
        """See `Way`."""
        return self.reverse.forward.outputs

    def record(self, runs: Runs) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Way`."""
        lanes = runs.played(self.reverse.forward, self.threads)
        return lanes[:, : self.reverse.outputs].copy(), lanes

    def back(self, runs: Runs, tape: NDArray[Any], cotangents: NDArray[Any]) -> Derivatives:
        """See `Way`."""
        reverse = self.reverse
        programs = reverse.programs
        found = np.zeros((len(programs.parameters), runs.items, runs.blocks))
        by_inputs = np.zeros((runs.items, *runs.sounds.shape[1:]), cotangents.dtype)

        def bring(item: int) -> None:
            moves = runs.moves(item)
            sums, rest = reverse.room(runs.frames, moves)
            given = np.ascontiguousarray(cotangents[item])
            reverse.adjoint.play_back(given, tape[item, reverse.outputs :], sums, rest, moves)
            found[:, item] = reverse.derivatives(sums, moves)
            by_inputs[item, list(programs.inputs)] = rest

        self.threads.each(runs.items, bring)
        derivatives = {
            each.path: rows for each, rows in zip(programs.parameters, found, strict=True)
        }
        return derivatives, by_inputs if programs.inputs else None


@dataclass(frozen=True)
class ByReplay:
    """By running the program again from each block on, along each parameter. The tape is its input.

    Attributes:
        along: the program with its derivative along a direction that has a component for each of
            the variables.
        variables: the paths of the parameters.
        threads: what items run on.
    """

    along: Unit
    variables: Sequence[str]
    threads: Threads

    @property
    def lanes(self) -> int:
        """See `Way`."""
        return self.along.inputs

    def record(self, runs: Runs) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Way`."""
        lanes = self._resting(runs).played(self.along, self.threads)
        shape = runs.items, *runs.sounds.shape[1:]
        return lanes[:, 0::2].copy(), np.broadcast_to(runs.sounds, shape).copy()

    def back(self, runs: Runs, tape: NDArray[Any], cotangents: NDArray[Any]) -> Derivatives:
        """See `Way`."""
        found = {path: np.zeros((runs.items, runs.blocks)) for path in self.variables}

        def bring(item: int) -> None:
            for block, path, lanes in self.tangents(runs, tape[item], item):
                weights = cotangents[item][:, block * runs.block :]
                found[path][item, block] = np.einsum("cf,cf->", lanes, weights, dtype=np.float64)

        self.threads.each(runs.items, bring)
        return found, None

    def tangents(
        self, runs: Runs, sound: NDArray[Any], item: int
    ) -> Iterator[tuple[int, str, NDArray[Any]]]:
        """Of an item: each block, each parameter, and the derivatives of the outputs by the value
        of the parameter in the block, from its first sample on, of shape (channels, frames left).
        """
        unit = self.along
        resting = self._resting(runs).moves(item)
        first = len(runs.paths)
        state = unit.start()
        for block in range(runs.blocks):
            start = block * runs.block
            rest = np.ascontiguousarray(sound[:, start:])
            lanes = np.empty((unit.outputs, runs.frames - start), unit.dtype)
            for row, path in enumerate(self.variables):
                courses = resting.courses[:, block:].copy()
                courses[first + row, 0] = 1
                unit.go_on(state, rest, lanes, replace(resting, courses=courses))
                yield block, path, lanes[1::2]
            here = np.ascontiguousarray(rest[:, : runs.block])
            heard = np.empty((unit.outputs, here.shape[1]), unit.dtype)
            state = unit.go_on(state, here, heard, resting.within(slice(block, block + 1)))

    def _resting(self, runs: Runs) -> Runs:
        """The runs along no direction."""
        components = [component(row) for row in range(len(self.variables))]
        nowhere = np.zeros((1, len(components), 1))
        return runs.with_more(components, nowhere, None, runs.block)
