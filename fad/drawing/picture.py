"""What the picture of a run shows: sections of panels, without saying how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fad.diagram.parameters import Parameter
from fad.runtime.input_signals import Samples
from fad.runtime.recording import Meter, Recording
from fad.runtime.roles import Role, roles, target_of

Kind = Literal["parameters", "gradients", "loss", "meters", "sliders", "outputs"]

#: How many pieces an output is cut into, each drawn from its lowest to its highest sample.
_PIECES = 1200
#: How many panels of a kind there are at most.
_MOST_PANELS = 40


@dataclass(frozen=True)
class Curve:
    """Values over time.

    Attributes:
        times: in seconds, of shape (points,).
        values: of shape (points,).
    """

    times: Samples
    values: Samples


@dataclass(frozen=True)
class Panel:
    """A small diagram.

    Attributes:
        title: what it shows.
        curve: the values; of an output, the highest ones.
        unit: of the values, or an empty text.
        is_log: whether the axis of the values is logarithmic.
        target: what the values should become.
        lowest: of an output, the lowest values at the same times.
    """

    title: str
    curve: Curve
    unit: str = ""
    is_log: bool = False
    target: Curve | None = None
    lowest: Samples | None = None


@dataclass(frozen=True)
class Section:
    """Panels of one kind."""

    kind: Kind
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Picture:
    """What is to be drawn of a run.

    Attributes:
        title: the name of the program.
        seconds: the length of the run.
        rate: the sample rate, in Hz.
        sections: from the top.
        moments: when sliders move, in seconds.
    """

    title: str
    seconds: float
    rate: int
    sections: tuple[Section, ...]
    moments: tuple[float, ...]


def picture(recording: Recording) -> Picture:
    """What to show of a run.

    What a bargraph shows is told by its name and groups (`fad.runtime.roles`). The slider of the
    same label as a parameter, or with that label for a path without its slashes, is its target.
    Sliders that move and are no targets have panels of their own.
    """
    known = roles(recording.meters)
    names = _titles(recording.meters, known)
    by_kind: dict[Kind, list[Panel]] = {
        kind: [] for kind in ("parameters", "gradients", "loss", "meters")
    }
    targets: set[str] = set()
    for meter in recording.meters:
        kind = known[meter.path]
        target = target_of(meter, recording.widgets) if kind == "parameters" else None
        if target is not None:
            targets.add(target.path)
        by_kind[kind].append(_meter_panel(recording, meter, names[meter.path], target, kind))
    moving = dict.fromkeys(change.path for change in recording.changes)
    sliders = [w for w in recording.widgets if w.path in moving and w.path not in targets]
    by_kind["sliders"] = [_slider_panel(recording, slider) for slider in sliders]
    by_kind["outputs"] = _output_panels(recording)
    learns = bool(targets or by_kind["gradients"] or by_kind["loss"])
    titles: dict[Kind, str] = {"meters": "Bargraphs"}
    if not learns:
        titles["parameters"] = "Bargraphs"
    sections = [
        _section(kind, titles.get(kind, kind.title()), panels)
        for kind, panels in by_kind.items()
        if panels
    ]
    moments = sorted({change.frame / recording.rate for change in recording.changes})
    return Picture(
        recording.program,
        recording.seconds,
        recording.rate,
        tuple(sections),
        tuple(moments),
    )


def _section(kind: Kind, title: str, panels: Sequence[Panel]) -> Section:
    if len(panels) > _MOST_PANELS:
        title += f", the first {_MOST_PANELS} of {len(panels)}"
    return Section(kind, title, tuple(panels[:_MOST_PANELS]))


def _titles(meters: Sequence[Meter], known: Mapping[str, Role]) -> Mapping[str, str]:
    """Path -> title: the label, or as much of the path as tells bargraphs of a kind apart."""
    titles = {}
    for meter in meters:
        role = known[meter.path]
        others = [other for other in meters if known[other.path] == role and other != meter]
        parts = meter.path[1:].split("/")
        length = len(meter.label.split("/"))
        while length < len(parts) and any(
            other.path.split("/")[-length:] == parts[-length:] for other in others
        ):
            length += 1
        titles[meter.path] = "/".join(parts[-length:])
    return titles


def _meter_panel(
    recording: Recording, meter: Meter, title: str, target: Parameter | None, kind: Kind
) -> Panel:
    curve = Curve(recording.times, recording.bargraphs[meter.path])
    aim = Curve(recording.times, recording.sliders[target.path]) if target is not None else None
    unit = meter.unit or (target.unit if target is not None else "")
    wants_log = kind == "loss" or "log" in (meter.scale, target.scale if target else "")
    return Panel(title, curve, unit, wants_log and _can_be_log(curve, aim), aim)


def _can_be_log(*curves: Curve | None) -> bool:
    """Whether a logarithmic axis can show some curves: all values above 0, but for a few zeros."""
    values = np.concatenate([curve.values for curve in curves if curve is not None])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() >= 0 and np.count_nonzero(values) > values.size / 2)


def _slider_panel(recording: Recording, slider: Parameter) -> Panel:
    curve = Curve(recording.times, recording.sliders[slider.path])
    is_log = slider.scale == "log" and _can_be_log(curve)
    return Panel(slider.label, curve, slider.unit, is_log)


def _output_panels(recording: Recording) -> list[Panel]:
    frames = recording.frames
    starts = np.unique(np.linspace(0, frames, min(frames, _PIECES), endpoint=False).astype(int))
    times = (starts + np.diff(np.append(starts, frames)) / 2) / recording.rate
    panels = []
    for title, samples in zip(recording.titles, recording.outputs, strict=True):
        known = np.where(np.isfinite(samples), samples, np.nan)
        # `fmax` and `fmin` pass by what is not a number, unless there is nothing else.
        highest, lowest = (f.reduceat(known, starts) for f in (np.fmax, np.fmin))
        panels.append(Panel(title, Curve(times, highest), lowest=lowest))
    return panels
