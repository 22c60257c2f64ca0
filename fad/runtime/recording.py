"""What came of a run: outputs, and the values of the user interface over time."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fad.diagram.box import Bargraph, Box
from fad.diagram.labels import metadata, widget_path
from fad.diagram.parameters import Parameter, with_groups
from fad.runtime.input_signals import Samples
from fad.runtime.schedule import Change


@dataclass(frozen=True)
class Meter:
    """A bargraph.

    Attributes:
        path: its groups and its name, as in `/learning/gain`, names without metadata.
        label: its name.
        min, max: its range.
        unit: its `[unit:...]`, or an empty text.
        scale: its `[scale:...]`, or `lin`.
    """

    path: str
    label: str
    min: float
    max: float
    unit: str = ""
    scale: str = "lin"

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups it is in, from the outermost."""
        return tuple(self.path[1 : -len(self.label) - 1].split("/"))


@dataclass(frozen=True, eq=False)
class Recording:
    """A run of a program.

    Attributes:
        program: its file name.
        rate: the sample rate, in Hz.
        outputs: the samples, of shape (channels, frames).
        times: when the user interface was looked at, in seconds, of shape (points,): at the first
            sample, then every so many samples, and at the last one.
        bargraphs: path -> values at `times`, of shape (points,).
        sliders: path -> values at `times`, for all sliders, number entries, buttons and checkboxes.
        meters: what is known of each bargraph.
        widgets: what is known of each slider, entry and switch.
        changes: the widgets that moved, in order of time.
        warnings: what the user should know, one sentence each.
        files: the files that the program was read from, and those that it names.
        names: what the program calls its outputs, as `dy/dgain`, or nothing.
    """

    program: str
    rate: int
    outputs: Samples
    times: Samples
    bargraphs: Mapping[str, Samples]
    sliders: Mapping[str, Samples]
    meters: tuple[Meter, ...] = ()
    widgets: tuple[Parameter, ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """What each output is called: its name, or `output 0`, `output 1` ... without names."""
        return self.names or tuple(f"output {index}" for index in range(len(self.outputs)))

    @property
    def frames(self) -> int:
        """The number of samples per channel."""
        return int(self.outputs.shape[1])

    @property
    def seconds(self) -> float:
        """The length of the run."""
        return self.frames / self.rate

    def to_csv(self) -> str:
        """The run over time: a line for each of `times`, with the user interface and the outputs.

        There is a column for each path, and then one for each output.
        """
        shown = {"seconds": self.times, **self.sliders, **self.bargraphs}
        heard = self.outputs[:, np.rint(self.times * self.rate).astype(int)]
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*shown, *self.titles])
        writer.writerows(zip(*(v.tolist() for v in (*shown.values(), *heard)), strict=True))
        return file.getvalue()


def find_meters(box: Box) -> tuple[Meter, ...]:
    """The bargraphs of a diagram, each path once, in order of appearance."""
    found: dict[str, Meter] = {}
    for inner, groups in with_groups(box):
        if isinstance(inner, Bargraph):
            path = widget_path(inner.label, groups)
            notes = metadata(inner.label)
            scale, unit = notes.get("scale", "lin"), notes.get("unit", "")
            meter = Meter("/" + "/".join(path), path[-1], inner.min, inner.max, unit, scale)
            found.setdefault(meter.path, meter)
    return tuple(found.values())


def first_undefined(values: Samples) -> int | None:
    """The index of the first value that is infinite or not a number."""
    undefined = ~np.isfinite(values)
    return int(undefined.argmax()) if undefined.any() else None


def values_over_time(
    widgets: Sequence[Parameter],
    start: Mapping[str, float],
    changes: Sequence[Change],
    points: NDArray[np.int64],
) -> dict[str, Samples]:
    """Path -> the values of each widget at some samples.

    Args:
        widgets: the widgets.
        start: path -> value, of those that do not start where the program says.
        changes: what moves, in order of time.
        points: the samples, of shape (points,), in order.
    """
    values = {w.path: np.full(len(points), start.get(w.path, w.init)) for w in widgets}
    for change in changes:
        values[change.path][np.searchsorted(points, change.frame) :] = change.value
    return values
