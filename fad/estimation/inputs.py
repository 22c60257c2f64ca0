"""What a target and its model hear while the model learns, written in Faust."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fad.base.errors import FadError
from fad.base.prose import counted, either
from fad.text.printer import quote, real

#: Tells the numbers of channels and of frames of a sound file.
SizeOf = Callable[[str], tuple[int, int]]

EXTERNAL = "external"
#: What target and model hear, by name.
_NAMED = {
    "noise": "par(i, {ins}, no.noises({ins}, i))",
    "sine": "par(i, {ins}, os.osc(220*(i + 1)))",
    EXTERNAL: "si.bus({all})",
}
#: What means something in the label of a sound file.
_NOT_IN_URLS = "\"'[]{};%\\"


def is_named(name: str) -> bool:
    """Whether an input is known by its name; others are files."""
    return name in _NAMED


def is_program(name: str) -> bool:
    """Whether an input is a Faust program, which makes what is heard."""
    return not is_named(name) and Path(name).suffix == ".dsp"


@dataclass(frozen=True)
class Heard:
    """What target and model hear.

    Attributes:
        text: a Faust expression with as many outputs as they have inputs; and as many more as the
            target has outputs, if `has_target`.
        has_target: whether the target's signal comes with it, so that the target need not run.
    """

    text: str
    has_target: bool


def heard(
    name: str,
    ins: int,
    outs: int,
    folder: Path,
    size_of: SizeOf,
    made: int | None = None,
    restart: float | None = None,
) -> Heard:
    """What target and model hear.

    Args:
        name: `noise`, `sine`, `external`, or the path of a sound file or of a program.
        ins, outs: the numbers of inputs and outputs of both.
        folder: where the program will be: it names a sound file from there.
        size_of: looks at a sound file.
        made: the number of outputs of the program called `data`, if the input is one.
        restart: the time after which a sound file starts again, in seconds; when it ends, by
            default.

    Raises:
        FadError: the file is missing or empty, or its channels do not suit.
    """
    if name in _NAMED:
        return Heard(_NAMED[name].format(ins=ins, all=ins + outs), name == EXTERNAL)
    count = _channels(name, size_of) if made is None else made
    has_target = count == ins + outs
    if not has_target and not ins:
        raise FadError(
            f"nobody hears `{name}`: the target has no inputs",
            hint=f"leave the input out, or give one of {counted(outs, 'channel')}: the signal to "
            "be matched",
        )
    if not has_target and count not in (1, ins):
        raise FadError(
            f"`{name}` has {counted(count, 'channel')}, and the target {counted(ins, 'input')}",
            hint=f"one channel goes to all inputs; {ins + outs} are the inputs, and then the "
            "signal to be matched",
        )
    source = "data" if made is not None else _player(name, count, folder, restart)
    return Heard(source if has_target or count == ins else f"{source} <: si.bus({ins})", has_target)


def _player(name: str, count: int, folder: Path, restart: float | None) -> str:
    """A sound file, again and again, with silence between its end and its next start."""
    path = Path(os.path.relpath(name, folder)).as_posix()
    if odd := [char for char in path if char in _NOT_IN_URLS or not char.isprintable()]:
        raise FadError(
            f"a program cannot name the sound file `{path}`: there is `{odd[0]}` in it",
            hint="rename the file",
        )
    url = f"input [url:{{'{path}'}}]"
    file = f"soundfile({quote(url)}, {count})"
    if restart is None:
        return f"so.loop({file}, 0)"
    position = f"ba.time%{period(restart)}"
    return (
        f"(0, {position} : {file} : (>({position}) <: si.bus({count})), !, si.bus({count})"
        f" : ro.interleave({count}, 2) : par(i, {count}, *))"
    )


def period(restart: float) -> str:
    """The number of samples after which all starts again, a Faust expression."""
    return f"max(2, int({real(restart)}*ma.SR))"


def gate(restart: float) -> str:
    """A program that is 1 for the first half of each period, and 0 for the second."""
    libraries = 'ba = library("basics.lib"); ma = library("maths.lib");'
    n = period(restart)
    return f"{libraries} process = 2*(ba.time%{n}) < {n};"


def _channels(name: str, size_of: SizeOf) -> int:
    """The number of channels of a sound file."""
    if not Path(name).exists():
        raise FadError(
            f"there is no sound file `{name}`",
            hint=f"the input is {either(_NAMED)}, or the path of a sound file or a Faust program",
        )
    channels, frames = size_of(name)
    if not frames:
        raise FadError(f"`{name}` is empty: there is nothing to hear")
    return channels
