"""A model on a recording, with widgets that move at times: what `fad call` computes."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.prose import counted
from fad.diagram.parameters import Parameter, resolved
from fad.model.model import Model
from fad.runtime.input_signals import Samples, checked
from fad.runtime.schedule import scheduled

#: What an archive has beside the derivatives.
_OUTPUTS, _RATE = "outputs", "rate"


@dataclass(frozen=True)
class Course:
    """What becomes of the widgets in a run.

    Attributes:
        values: path -> a number, or one for each block, of shape (blocks,).
        starts: path of a widget that moves -> the blocks in which it gets a value, the first one
            and others, in order.
        blocks: their number.
    """

    values: Mapping[str, float | NDArray[np.float64]]
    starts: Mapping[str, tuple[int, ...]]
    blocks: int


def block_for(times: Iterable[float], rate: int) -> int:
    """The longest block that lets widgets move at some times, exact to the sample.

    Args:
        times: in seconds.
        rate: the sample rate, in Hz.

    Returns:
        Its number of samples.
    """
    frames = (time * rate for time in times)
    return max(1, math.gcd(*(round(frame) for frame in frames if math.isfinite(frame))))


def course(
    model: Model,
    at: Mapping[str, float],
    changes: Mapping[float, Mapping[str, float]],
    frames: int,
) -> Course:
    """What becomes of the widgets of a model.

    Args:
        model: its block is one of `block_for`.
        at: label or path -> the value that it starts at.
        changes: time in seconds -> label or path -> value from there on.
        frames: how long it runs.

    Raises:
        FadError: a name that no widget has, a value outside its range, a time outside the run.
    """
    values: dict[str, float | NDArray[np.float64]] = {**resolved(model.parameters, at)}
    moves = scheduled(model.parameters, changes, model.rate, frames)
    inits = {each.path: each.init for each in model.parameters}
    blocks = -(-frames // model.block)
    starts: dict[str, set[int]] = {}
    for move in moves:
        first = move.frame // model.block
        over_time = np.full(blocks, values.get(move.path, inits[move.path]))
        over_time[first:] = move.value
        values[move.path] = over_time
        starts.setdefault(move.path, {0}).add(first)
    return Course(values, {path: tuple(sorted(found)) for path, found in starts.items()}, blocks)


def fitted(recording: Samples, inputs: int, frames: int) -> Samples:
    """A recording as a program hears it: one channel goes to all inputs, silence follows its end.

    Args:
        recording: of shape (channels, frames).
        inputs: the number of audio inputs.
        frames: how long the program runs.

    Raises:
        FadError: it has another number of channels, or no samples; or there are no inputs.
    """
    if not inputs:
        raise FadError(
            "the program has no audio inputs, and hears no recording",
            hint="leave `--input` out; `--seconds` says how long it runs",
        )
    whole = np.repeat(recording, inputs, axis=0) if len(recording) == 1 < inputs else recording
    heard = checked(whole, inputs)[:, :frames]
    return np.pad(heard, ((0, 0), (0, frames - heard.shape[1])))


def derivatives(
    model: Model, sound: Samples | None, course: Course, frames: int
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """The outputs, and their derivatives by each of the variables.

    Args:
        model: the program.
        sound: the audio inputs, of shape (channels, frames), if there are any.
        course: what becomes of the widgets.
        frames: how long it runs.

    Returns:
        The outputs, of shape (channels, frames), and path -> the derivative, of the same shape;
        where the variable moves, of shape (channels, values, frames): one for each of its values.

    Raises:
        FadError: a variable is an audio input.
    """
    if model.input_variables:
        raise FadError(
            "there is no array of the derivatives by audio inputs: it would have a row for each "
            "sample",
            hint="leave them out of `--wrt`; `fad.load(...).vjp` in Python has gradients by them",
        )
    variables = [each.path for each in model.variables]
    moving = [path for path in variables if path in course.starts]
    if not moving:
        outputs, found = model.jacobian(sound, course.values, frames=frames)
        paths = {name: each.path for each in model.variables for name in (each.label, each.path)}
        return outputs, {paths[name]: lanes for name, lanes in found.items()}
    # A lane of forward mode is the derivative along a direction: one value moves, the others stay.
    by_path: dict[str, NDArray[Any]] = {}
    for path in variables:
        lanes = []
        for tangent in _tangents(course, path):
            direction = {**dict.fromkeys(variables, 0.0), path: tangent}
            outputs, lane = model.jvp(sound, course.values, direction, frames=frames)
            lanes.append(lane)
        by_path[path] = np.stack(lanes, axis=1) if path in moving else lanes[0]
    return outputs, by_path


def _tangents(course: Course, path: str) -> list[Any]:
    """For each value that a variable gets, how it moves in time where this value does."""
    if path not in course.starts:
        return [1.0]
    blocks = np.arange(course.blocks)
    ends = (*course.starts[path], course.blocks)
    return [((blocks >= first) & (blocks < last)).astype(float) for first, last in pairwise(ends)]


def archive(model: Model, outputs: NDArray[Any], by_path: Mapping[str, NDArray[Any]]) -> bytes:
    """Outputs and derivatives as a file of numpy, `.npz`.

    It has `outputs`, the sample `rate` in Hz, and a derivative for each variable under its label;
    under its path, where others have that label, or the label is one of these words.
    """
    labels = [each.label for each in model.parameters]
    arrays = {_OUTPUTS: outputs, _RATE: np.array(model.rate)}
    for each in model.variables:
        arrays[_name(each, labels)] = by_path[each.path]
    file = io.BytesIO()
    # `numpy.savez` takes the names as its own arguments, and some labels are such.
    with zipfile.ZipFile(file, "w") as members:
        for name, array in arrays.items():
            with members.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return file.getvalue()


def _name(variable: Parameter, labels: list[str]) -> str:
    is_clear = labels.count(variable.label) == 1 and variable.label not in ("", _OUTPUTS, _RATE)
    return variable.label if is_clear else variable.path


def undefined(named: Mapping[str, NDArray[Any]]) -> list[str]:
    """Sentences about what is infinite or not a number.

    Args:
        named: what it is -> values, of which the last axis is time.
    """
    found = []
    for what, values in named.items():
        bad = ~np.isfinite(values).reshape(-1, values.shape[-1]).all(axis=0)
        if bad.any():
            found.append(f"{what} is infinite or not a number from sample {bad.argmax()} on")
    return found


def length(recording: Samples | None, inputs: int, frames: int | None) -> int:
    """How many samples a program runs for.

    Args:
        recording: what it hears, if that is known.
        inputs: the number of its audio inputs.
        frames: what is asked for, if anything is.

    Raises:
        FadError: the program has inputs, and there is no recording.
    """
    if recording is None and inputs:
        raise FadError(
            f"the program has {counted(inputs, 'audio input')}, and nothing to hear",
            hint="name a sound file: `--input in.wav`",
        )
    return recording.shape[1] if frames is None and recording is not None else frames or 0
