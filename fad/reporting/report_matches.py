"""The targets of a fit beside what the program makes of them, to hear and to see, as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

import numpy as np
from numpy.typing import NDArray

from fad.base.ticks import log_ticks
from fad.fitting.result import FitResult, Match
from fad.reporting.audible import Audible, audible, common_gain, data_address
from fad.reporting.report_frame import Tick, framed, shown, whole_axis
from fad.reporting.spectral_pictures import (
    DIFFERENCE_COLOURS,
    LEVEL_COLOURS,
    MOST_APART,
    RANGE,
    difference,
    mean_difference,
    picture_of_difference,
    picture_of_levels,
    top_of,
)
from fad.reporting.spectrogram import SILENCE, Axes, axes_of, spectrogram
from fad.reporting.wording import decibels, number, quantity

#: How many targets are open from the beginning, and how many are shown at all.
_OPEN, _MOST = 2, 24
#: Times below this, in seconds, are told in milliseconds.
_SHORT = 0.05
#: How many numbers there are beside a spectrogram at most, and from which on they are thousands.
_MOST_FREQUENCIES, _KILO = 9, 1000

_MATCH = Template("""\
<div class="tools">$about</div>
$notes<div class="pictures">
$pictures
</div>""")

_FIGURE = Template("""\
<figure>
<figcaption><h$level>$title</h$level><span>$note</span></figcaption>
$frame
$below
</figure>""")

_SCALE = Template("""\
<div class="scale"><span>$low</span><i style="background:linear-gradient(90deg,$colours)"></i>\
<span>$high</span></div>""")


@dataclass(frozen=True, eq=False)
class Spectra:
    """The spectrograms of a match, in dB.

    Attributes:
        target, fit, start: of shape (rows, columns).
        top: the loudest level of the target and the fit.
        frames: how long the longest of the sounds is.
    """

    target: NDArray[np.float64]
    fit: NDArray[np.float64]
    start: NDArray[np.float64]
    top: float
    frames: int

    def apart(self, levels: NDArray[np.float64]) -> float | None:
        """How far one of them is from the target, in dB; `None` where both are silent."""
        return mean_difference(levels, self.target, self.top)


@dataclass(frozen=True)
class _Picture:
    """A picture over time and frequency.

    Attributes:
        title, note: what stands above it.
        png: the picture, as a file.
        told: the picture in words.
        plays: the title of the sound that is heard where somebody clicks.
        below: what stands below it.
    """

    title: str
    note: str
    png: bytes
    told: str
    plays: str
    below: str


@dataclass(frozen=True)
class Section:
    """What is shown of all matches.

    Attributes:
        html: all of it.
        apart: how far the fits are from the targets, in dB, on the average over the matches.
        apart_before: the same of the starts. Both are `None` where everything is silent.
    """

    html: str
    apart: float | None
    apart_before: float | None


def section(result: FitResult) -> Section:
    """The targets of a fit beside what the program makes of them."""
    matches = result.matches[:_MOST]
    parts, now, before = [], [], []
    for index, match in enumerate(matches):
        spectra = _spectra(match, result.rate)
        now.append(spectra.apart(spectra.fit))
        before.append(spectra.apart(spectra.start))
        parts.append(_part(match, spectra, result, index))
    if len(result.matches) > _MOST:
        more = len(result.matches) - _MOST
        parts.append(f'<p class="faint">The {more} recordings after these are not shown.</p>')
    return Section("\n".join(parts), _mean(now), _mean(before))


def _spectra(match: Match, rate: int) -> Spectra:
    sounds = (match.target.sound, match.sound, match.start)
    frames = max(sound.shape[-1] for sound in sounds)
    target, fit, start = (spectrogram(_lasting(sound, frames), rate) for sound in sounds)
    return Spectra(target, fit, start, top_of([target, fit]), frames)


def _lasting(sound: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """A sound with silence after it."""
    return np.pad(sound, ((0, 0), (0, frames - sound.shape[-1])))


def _part(match: Match, spectra: Spectra, result: FitResult, index: int) -> str:
    """One match, which can be closed where there are several."""
    alone = len(result.matches) == 1
    about = _scale(quantity(-RANGE, "dB"), LEVEL_COLOURS, "loudest")
    notes = [_own_values(match, result.parameters), _softer(_gain(match))]
    body = _MATCH.substitute(
        about=about,
        notes="".join(f'<p class="faint">{note}</p>\n' for note in notes if note),
        pictures="\n".join(
            _figure(each, axes_of(spectra.frames, result.rate), 3 if alone else 4)
            for each in _pictures(match, spectra, result.rate)
        ),
    )
    if alone:
        return f'<div class="match">\n{body}\n</div>'
    is_open = " open" if index < _OPEN else ""
    return (
        f'<details class="match"{is_open}><summary><h3>{shown(match.target.name)}</h3> '
        f'<span class="faint">loss {number(match.loss, 3)}</span></summary>\n{body}\n</details>'
    )


def _softer(gain: float) -> str:
    if gain == 1:
        return ""
    softer = decibels(-20 * math.log10(gain))
    return f"All are played {softer} softer than they are: they go beyond full scale."


def _own_values(match: Match, shared: Mapping[str, float]) -> str:
    """The values of parameters that only this target has, or has otherwise."""
    own = {
        path: value
        for path, value in match.values.items()
        if path not in shared or shared[path] != value
    }
    values = ", ".join(f"<code>{shown(path)}</code> {number(own[path])}" for path in own)
    return f"For this recording: {values}." if values else ""


def _pictures(match: Match, spectra: Spectra, rate: int) -> list[_Picture]:
    gain, axes = _gain(match), axes_of(spectra.frames, rate)
    sounds = (
        ("Target", "", match.target.sound, spectra.target),
        ("Fit", _apart(spectra, spectra.fit), match.sound, spectra.fit),
        ("Start", _apart(spectra, spectra.start), match.start, spectra.start),
    )
    pictures = []
    for title, note, samples, levels in sounds:
        heard = audible(samples, rate, gain)
        notes = [note, *(heard.notes if heard else ()), _silence(levels)]
        image = picture_of_levels(levels, spectra.top)
        told = f"Spectrogram: {_told(levels, axes)}"
        below = _player(heard, title, f"{title}: {shown(match.target.name)}")
        text = ", ".join(filter(None, notes))
        pictures.append(_Picture(title, text, image, told, title, below))
    return [*pictures, _difference(spectra)]


def _difference(spectra: Spectra) -> _Picture:
    """The difference of the fit and the target, and what its colours mean."""
    apart = spectra.apart(spectra.fit)
    told = "both are silent" if apart is None else f"{decibels(apart)} on the average"
    low = f"{quantity(-MOST_APART, 'dB')}: fit too soft"
    high = f"too loud: +{quantity(MOST_APART, 'dB')}"
    return _Picture(
        "Difference",
        "dark where fit and target are alike",
        picture_of_difference(difference(spectra.fit, spectra.target, spectra.top)),
        f"Difference of the spectrograms of fit and target: {told}",
        "Fit",
        _scale(low, DIFFERENCE_COLOURS, high),
    )


def _figure(picture: _Picture, axes: Axes, level: int) -> str:
    """A picture between its heading, of some level, and what stands below it."""
    address = data_address("image/png", picture.png)
    frame = framed(
        f'<img src="{address}" alt="{picture.told}">',
        f' data-seconds="{axes.seconds!r}" data-plays="{picture.plays}"',
        _times(axes),
        _frequencies(axes),
    )
    return _FIGURE.substitute(
        level=level, title=picture.title, note=picture.note, frame=frame, below=picture.below
    )


def _player(heard: Audible | None, title: str, label: str) -> str:
    if heard is None:
        return '<p class="scale">There is nothing to play.</p>'
    return (
        f'<audio controls preload="metadata" data-name="{title}" aria-label="{label}" '
        f'src="{heard.address}"></audio>'
    )


def _scale(low: str, colours: Sequence[str], high: str) -> str:
    return _SCALE.substitute(low=low, high=high, colours=",".join(colours))


def _gain(match: Match) -> float:
    """By what the sounds of a match are multiplied to be played."""
    return common_gain([match.target.sound, match.sound])


def _apart(spectra: Spectra, levels: NDArray[np.float64]) -> str:
    mean = spectra.apart(levels)
    return "" if mean is None else f"{decibels(mean)} from the target"


def _silence(levels: NDArray[np.float64]) -> str:
    return "silent" if levels.max() <= SILENCE else ""


def _told(levels: NDArray[np.float64], axes: Axes) -> str:
    """A spectrogram in words, for those who do not see it."""
    if silence := _silence(levels):
        return silence
    rows, columns = levels.shape
    row, column = np.unravel_index(int(levels.argmax()), levels.shape)
    height = 1 - (float(row) + 0.5) / rows
    frequency = axes.low * (axes.high / axes.low) ** height
    second = (float(column) + 0.5) / columns * axes.seconds
    return f"loudest near {number(frequency, 2)} Hz, at {number(second, 2)} s"


def _times(axes: Axes) -> list[Tick]:
    if axes.seconds < _SHORT:
        return whole_axis(1000 * axes.seconds, "ms")
    return whole_axis(axes.seconds, "s")


def _frequencies(axes: Axes) -> list[Tick]:
    ticks = log_ticks(axes.low, axes.high, _MOST_FREQUENCIES)
    texts = [
        number(tick / _KILO) + ("k" if tick < ticks[-1] else " kHz")
        if tick >= _KILO
        else number(tick) + ("" if tick < ticks[-1] else " Hz")
        for tick in ticks
    ]
    return [(axes.height_of(tick), text) for tick, text in zip(ticks, texts, strict=True)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
