"""How derivatives are brought back from the outputs of a model to its parameters and inputs.

Three ways, all exact: by the lanes of forward mode, where parameters rest; by reverse mode; and
where reverse mode refuses a program whose parameters change over time, by running the program again
from each block on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fad.model.arguments import Call
from fad.model.threads import Threads
from fad.model.units import Unit
from fad.pipeline.reverse import ReverseProgram
from fad.runtime.backends import Backend, Moves, Recorded
from fad.runtime.gradient import brought_back

#: Path of a parameter -> its derivatives, of shape (items, blocks); and those by the samples of the
#: inputs, of shape (items, channels, frames), where they are asked for.
Derivatives = tuple[Mapping[str, NDArray[np.float64]], NDArray[Any] | None]


class Back(Protocol):
    """A run of a program, from whose outputs derivatives can be brought back."""

    outputs: NDArray[Any]

    def __call__(self, cotangents: NDArray[Any]) -> Derivatives:
        """The derivatives of a loss.

        Args:
            cotangents: its derivative by each sample of the outputs, (items, channels, frames).
        """


class ByLanes:
    """By the lanes of forward mode.

    Args:
        outputs: of the program, (items, channels, frames).
        tangents: (items, channels, parameters, frames).
        paths: the parameters.
    """

    def __init__(self, outputs: NDArray[Any], tangents: NDArray[Any], paths: Sequence[str]) -> None:
        self.outputs = outputs
        self._tangents, self._paths = tangents, paths

    def __call__(self, cotangents: NDArray[Any]) -> Derivatives:
        found = np.einsum("icpf,icf->pi", self._tangents, cotangents, dtype=np.float64)
        return {path: row[:, None] for path, row in zip(self._paths, found, strict=True)}, None


class ByReverse:
    """By reverse mode.

    Args:
        call: what the program is called with.
        runs: what runs it, and its adjoint.
        programs: those of reverse mode.
        threads: what items run on.
    """

    def __init__(
        self, call: Call, runs: Backend, programs: ReverseProgram, threads: Threads
    ) -> None:
        self._call, self._runs, self._programs, self._threads = call, runs, programs, threads
        frames = call.frames
        self.outputs = np.empty((call.items, len(programs.outputs), frames), runs.dtype)
        self._runs_of: list[Recorded | None] = [None] * call.items

        def record(item: int) -> None:
            values = dict(zip(call.names.paths, call.course(item), strict=True))
            run = runs.record(call.sound(item), Moves(values, call.block, frames), frames)
            self._runs_of[item] = run
            self.outputs[item] = run.outputs

        threads.each(call.items, record)

    def __call__(self, cotangents: NDArray[Any]) -> Derivatives:
        call, programs = self._call, self._programs
        paths = [parameter.path for parameter in programs.parameters]
        found = {path: np.empty((call.items, call.blocks)) for path in paths}
        by_inputs = np.zeros((call.items, *call.sounds.shape[1:]), self._runs.dtype)

        def bring(item: int) -> None:
            run = self._runs_of[item]
            assert run is not None
            given = np.ascontiguousarray(cotangents[item])
            derivatives = brought_back(run, self._runs, programs, given)
            for path, values in derivatives.parameters.items():
                found[path][item] = values
            for channel, values in derivatives.inputs.items():
                by_inputs[item, channel] = values

        self._threads.each(call.items, bring)
        return found, by_inputs if programs.inputs else None


class ByReplay:
    """By running the program again from each block on, along each parameter.

    Args:
        call: what the program is called with.
        unit: the program with its derivative along a direction.
        components: path of each parameter -> that of the direction's component by it.
        threads: what items run on.
    """

    def __init__(
        self, call: Call, unit: Unit, components: Mapping[str, str], threads: Threads
    ) -> None:
        self._call, self._unit, self._components = call, unit, components
        self._threads = threads
        self._moving = [*call.names.paths, *components.values()]
        self.outputs = np.empty((call.items, unit.outputs // 2, call.frames), unit.dtype)

        def run(item: int) -> None:
            lanes = np.empty((unit.outputs, call.frames), unit.dtype)
            courses = self._courses(item)
            unit.play(call.sound(item), lanes, self._moving, courses, call.block)
            self.outputs[item] = lanes[0::2]

        threads.each(call.items, run)

    def __call__(self, cotangents: NDArray[Any]) -> Derivatives:
        call = self._call
        found = {path: np.zeros((call.items, call.blocks)) for path in self._components}

        def bring(item: int) -> None:
            for block, path, lanes in self.tangents(item):
                weights = cotangents[item][:, block * call.block :]
                found[path][item, block] = np.einsum("cf,cf->", lanes, weights, dtype=np.float64)

        self._threads.each(call.items, bring)
        return found, None

    def tangents(self, item: int) -> Iterator[tuple[int, str, NDArray[Any]]]:
        """Of an item: each block, each parameter, and the derivatives of the outputs by the value
        of the parameter in the block, from its first sample on, of shape (channels, frames left).
        """
        call, unit = self._call, self._unit
        courses = self._courses(item)
        first = len(call.names.paths)
        state = unit.start()
        for block in range(call.blocks):
            start = block * call.block
            rest = np.ascontiguousarray(call.sound(item)[:, start:])
            lanes = np.empty((unit.outputs, call.frames - start), unit.dtype)
            for row, path in enumerate(self._components):
                along = courses[:, block:].copy()
                along[first + row, 0] = 1
                unit.go_on(state, rest, lanes, self._moving, along, call.block)
                yield block, path, lanes[1::2]
            here = np.ascontiguousarray(rest[:, : call.block])
            heard = np.empty((unit.outputs, here.shape[1]), unit.dtype)
            now = np.ascontiguousarray(courses[:, block : block + 1])
            state = unit.go_on(state, here, heard, self._moving, now, call.block)

    def _courses(self, item: int) -> NDArray[np.float64]:
        """The values of the parameters, and no direction."""
        known = self._call.course(item)
        return np.concatenate([known, np.zeros((len(self._components), known.shape[1]))])
