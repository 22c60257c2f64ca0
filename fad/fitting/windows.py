"""A part of a recording that is too long: with what the program hears and what is played then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fad.fitting.recordings import onset
from fad.fitting.targets import Target


def windowed(target: Target, frames: int, rate: int) -> tuple[Target, float]:
    """The part of a target that says most about the program.

    Where the program hears something, it is the loudest part. Where it does not, a note is played:
    then it is the beginning, from the first sound on, or from the first change if that is earlier.

    Args:
        target: the target.
        frames: how long the part may be.
        rate: the sample rate, in Hz.

    Returns:
        The part, with the values that widgets have at its beginning, and where it begins, in
        seconds.
    """
    length = target.sound.shape[1]
    if length <= frames:
        return target, 0.0
    if target.input is None:
        moves = (max(0, round(time * rate)) for time in target.changes)
        start = min(onset(target.sound), *moves, length - frames)
    else:
        energy = np.cumsum(np.pad((target.sound**2).sum(axis=0), (1, 0)))
        start = int((energy[frames:] - energy[:-frames]).argmax())
    return _part(target, start, frames, rate), start / rate


def within(changes: Mapping[float, Mapping[str, float]], frames: int, rate: int) -> list[float]:
    """The times in seconds, in order, at which something changes in a run of so many samples."""
    return sorted(time for time in changes if round(time * rate) < frames)


def _part(target: Target, start: int, frames: int, rate: int) -> Target:
    at = dict(target.at)
    changes: dict[float, Mapping[str, float]] = {}
    for time in within(target.changes, start + frames, rate):
        after = round(time * rate) - start
        if after > 0:
            changes[after / rate] = {**changes.get(after / rate, {}), **target.changes[time]}
            continue
        for name, value in target.changes[time].items():
            at.pop(name, None)  # of two names of one widget, the later one counts
            at[name] = value
    return replace(
        target,
        sound=target.sound[:, start : start + frames],
        input=None if target.input is None else target.input[:, start : start + frames],
        at=at,
        changes=changes,
    )
