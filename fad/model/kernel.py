"""A program for other frameworks: pure functions of whole arrays, and their transposes.

Signals have the shape (items, channels, frames), values (items, names, blocks or 1). What a run has
to remember for its derivatives is an array as well, the tape: a framework keeps it, and brings
derivatives back later, if it wants to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.model.arguments import Form, Names
from fad.model.compiled import Compiled, Mode
from fad.model.programs import component
from fad.model.pullbacks import Way
from fad.model.runs import Runs
from fad.model.threads import Threads

Signals = NDArray[Any]
ParameterValues = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A program as pure functions.

    Attributes:
        compiled: the program, and those of its derivatives.
        form: what it takes.
        names: the parameters that it is called with.
        mode: how derivatives are brought back.
        threads: what items run on.
    """

    compiled: Compiled
    form: Form
    names: Names
    mode: Mode
    threads: Threads

    @property
    def outputs(self) -> int:
        """The number of output channels."""
        return self.compiled.primal.outputs

    def play(self, x: Signals, values: ParameterValues) -> Signals:
        """The outputs."""
        return self._runs(x, values).played(self.compiled.primal, self.threads)

    def record(self, x: Signals, values: ParameterValues) -> tuple[Signals, Signals]:
        """The outputs, and the tape."""
        return self._way(values).record(self._runs(x, values))

    def lanes(self, blocks: int) -> int:
        """How many lanes the tape has, for values in so many blocks."""
        return self._way_for(blocks).lanes

    def back(
        self, values: ParameterValues, tape: Signals, cotangents: Signals
    ) -> tuple[Signals, ParameterValues]:
        """The derivatives of a loss by the inputs and by the values.

        Args:
            values: what the program ran with.
            tape: what was remembered of the run.
            cotangents: the derivatives of the loss by the outputs.
        """
        items, _, frames = cotangents.shape
        silence = np.broadcast_to(cotangents[:1, :1, :1], (items, self.form.inputs, frames))
        runs = self._runs(silence, values)
        given = np.ascontiguousarray(cotangents, self.form.dtype)
        derivatives, by_inputs = self._way(values).back(runs, tape, given)
        by_x = np.zeros(silence.shape, given.dtype) if by_inputs is None else by_inputs
        return by_x, self._by_names(derivatives, values.shape)

    def along(
        self,
        x: Signals,
        values: ParameterValues,
        moved_x: Signals | None,
        moved_values: ParameterValues | None,
    ) -> Signals:
        """The derivatives of the outputs along a direction, by forward mode.

        Args:
            x, values: what the program runs with.
            moved_x, moved_values: how they move, in the same shapes; `None` where they stay. Only
                values that it is differentiated by can.
        """
        paths = () if moved_values is None else self.compiled.paths
        inputs = () if moved_x is None else tuple(range(self.form.inputs))
        sounds = None if moved_x is None else np.ascontiguousarray(moved_x, self.form.dtype)
        runs = self._towards(x, values, sounds, moved_values)
        lanes = runs.played(self.compiled.along(paths, inputs), self.threads)
        return np.ascontiguousarray(lanes[:, 1::2])

    def second(
        self,
        x: Signals,
        values: ParameterValues,
        cotangents: Signals,
        moved_x: Signals | None,
        moved_values: ParameterValues,
    ) -> tuple[Signals, ParameterValues, Signals]:
        """What comes back from the derivatives of the outputs along a direction.

        Args:
            x, values: what the program runs with.
            cotangents: the derivatives of a loss by the derivatives along the direction.
            moved_x, moved_values: the direction; see `along`.

        Returns:
            The derivatives of the loss by the inputs and by the values, while the direction stays;
            and the derivatives along the direction.
        """
        way = self.compiled.along_back(self.threads)
        runs = self._towards(x, values, None, moved_values)
        if way.reverse.programs.inputs:
            moved = np.zeros_like(x) if moved_x is None else moved_x
            runs = replace(runs, sounds=np.concatenate([runs.sounds, moved], axis=1))
        outputs, tape = way.record(runs)
        given = np.zeros_like(outputs)
        given[:, 1::2] = cotangents
        derivatives, by_inputs = way.back(runs, tape, given)
        by_x = np.zeros_like(x) if by_inputs is None else by_inputs[:, : x.shape[1]].copy()
        by_values = self._by_names(derivatives, values.shape)
        return by_x, by_values, np.ascontiguousarray(outputs[:, 1::2])

    def _by_names(
        self, derivatives: Mapping[str, NDArray[np.float64]], shape: tuple[int, ...]
    ) -> ParameterValues:
        """Derivatives by the values, from those by paths."""
        found = np.zeros(shape)
        for row, widgets in enumerate(self.names.widgets.values()):
            for widget in widgets:
                if widget.path in derivatives:
                    found[:, row] += derivatives[widget.path]
        return found

    def _towards(
        self,
        x: Signals,
        values: ParameterValues,
        sounds: Signals | None,
        moved_values: ParameterValues | None,
    ) -> Runs:
        """The runs of a program with the components of a direction, its inputs first."""
        rows = dict(zip(self.names.paths, self.names.rows, strict=True))
        paths = () if moved_values is None else self.compiled.paths
        courses = np.zeros((1, 0, 1))
        if moved_values is not None:
            courses = moved_values[:, [rows[path] for path in paths]]
        components = [component(row) for row in range(len(paths))]
        return self._runs(x, values).with_more(components, courses, sounds, self.form.block)

    def _way(self, values: ParameterValues) -> Way:
        return self._way_for(values.shape[2])

    def _way_for(self, blocks: int) -> Way:
        return self.compiled.way_back(blocks > 1, self.mode, self.threads)

    def _runs(self, x: Signals, values: ParameterValues) -> Runs:
        frames = x.shape[2]
        whole = [
            self.form.within(bound, np.asarray(values[:, row], np.float64))
            for row, bound in enumerate(self.names.bounds.values())
        ]
        courses = np.empty((len(values), len(self.names.rows), values.shape[2]))
        for path, row in enumerate(self.names.rows):
            courses[:, path] = whole[row]
        block = self.form.block if values.shape[2] > 1 else frames
        sounds = np.ascontiguousarray(x, self.form.dtype)
        return Runs(sounds, tuple(self.names.paths), courses, block, len(x))
