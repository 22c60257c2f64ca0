"""Fits hidden parameters, and counts how often they are found, and at what cost.

Each program is played with parameters that are drawn at random, and fitted to what it played: a
second of sound at 44.1 kHz. A draw is found where half of the parameters are within 1 % of their
ranges (in their scales), or where the fit's loss is 1e-6 of that of silence: what is not heard
cannot be found. Times are those of all threads of the processor; what is compiled is in the cache.

With `--by "*"`, the same loss is made smaller by others, too, from the same starts: by finite
differences in place of derivatives, CMA-ES, and the method of Nelder and Mead.
"""

from __future__ import annotations

import argparse
import fnmatch
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import fad
from bench.page import PAGE, rewrite_part, table
from fad.fitting.problem import Part, Problem
from fad.fitting.variables import Points, values_at, variable
from tests.support.places import ROOT, STANDARD_EXAMPLES

HIDDEN = ROOT / "bench" / "hidden"
RATE = FRAMES = 44100
#: The gate of a note is open for so many seconds.
NOTE = 0.7
#: Parameters are drawn so far from the ends of their ranges.
MARGIN = 0.05
#: An error of so much of the range is none.
NEAR = 0.01
#: What finite differences move a coordinate by.
STEP = 1e-4

Sound = NDArray[np.float64]

_INTRODUCTION = """
`make bench-fit` measures this, and `bench/fit.py --write` writes this part of the page: parameters
are drawn at random, and [`fad fit`](fit.md) gets a second of what the program makes of them. A draw
is found where half of the parameters are within 1 % of their ranges, or where the loss is a
millionth of that of silence. Times are CPU seconds of all threads, the median and the slowest. The
others make the same loss smaller: *differences* is the same method with finite differences in the
place of derivatives; CMA-ES and Nelder-Mead have 400 evaluations for each parameter, and
Nelder-Mead begins at four points.
"""


@dataclass(frozen=True)
class Hidden:
    """A program whose parameters are hidden.

    Attributes:
        program: its file.
        what: what is not known, in words.
        input: what it hears; `None` for a note, whose gate is open for `NOTE` seconds.
        at: what else is played.
        success, seconds: what is aimed at: the share that is found, and CPU seconds (median).
        error: the same: the mean error.
        most: how many times it is drawn at most: some take minutes each.
        peers: how many times the others fit it, at most.
    """

    program: Path
    what: str
    input: Callable[[np.random.Generator], Sound] | None = None
    at: Mapping[str, float] = field(default_factory=dict)
    success: float | None = None
    seconds: float | None = None
    error: float | None = None
    most: int = 20
    peers: int = 4


def noise(random: np.random.Generator) -> Sound:
    """White noise."""
    return 0.2 * random.normal(size=(1, FRAMES))


def silence(random: np.random.Generator) -> Sound:
    """Nothing: what is heard are the program's own oscillators."""
    return np.zeros((1, FRAMES))


def beats(random: np.random.Generator) -> Sound:
    """Four strokes of noise, which fade, each as loud as it is."""
    times = np.arange(FRAMES) / RATE
    levels = np.array([1, 0.2, 0.5, 0.1])[(times // 0.25).astype(int) % 4]
    return np.asarray(2 * noise(random) * levels * np.exp(-6 * (times % 0.25)))


PROBLEMS = {
    "low-pass": Hidden(HIDDEN / "lowpass.dsp", "all 3", noise, {}, 0.95, 2.0),
    "compressor": Hidden(HIDDEN / "compressor.dsp", "all 4", beats, {}, 0.95, 2.0),
    "freeverb": Hidden(HIDDEN / "freeverb.dsp", "all 3", beats, {}, 0.95, 2.0),
    "bell": Hidden(HIDDEN / "bell.dsp", "4; frequencies known", None, {}, 0.95, 2.0),
    "note": Hidden(HIDDEN / "note.dsp", "7; pitch known", None, {}, 0.95, 2.0),
    "equaliser": Hidden(HIDDEN / "equaliser.dsp", "all 15", noise, {}, 0.9, 4.0),
    "bell, ratio": Hidden(HIDDEN / "bell_ratio.dsp", "5; pitch known"),
    "bell, all": Hidden(HIDDEN / "bell_all.dsp", "all 6", None, {}, 0.8),
    "note, all": Hidden(HIDDEN / "note_all.dsp", "all 8", None, {}, 0.7),
    "string": Hidden(HIDDEN / "string.dsp", "all 5"),
    "six operators": Hidden(HIDDEN / "sixops.dsp", "12 levels and ratios", most=3, peers=0),
    "virtual analog": Hidden(
        *(STANDARD_EXAMPLES / "generator" / "virtualAnalog.dsp", "all sliders", silence),
        most=3,
        peers=0,
    ),
    "synthesizer": Hidden(HIDDEN / "synth.dsp", "23; pitch known", error=0.05, most=3, peers=0),
}


@dataclass(frozen=True)
class Draw:
    """A fit to one draw.

    Attributes:
        found: whether it found what was hidden.
        median, mean: of the errors of the parameters, relative to their ranges.
        seconds: CPU time.
    """

    found: bool
    median: float
    mean: float
    seconds: float


def draws(problem: Hidden, count: int, **options: Any) -> Iterator[Draw]:
    """Fits hidden parameters, so many times.

    Args:
        problem: the program.
        count: how many times.
        options: what else `fad.fit` is told.
    """
    model = fad.load(problem.program, rate=RATE)
    variables = [variable(each) for each in model.variables]
    played: dict[str, Any] = {"at": dict(problem.at)}
    if problem.input is None:
        played |= {"changes": {0.0: {"gate": 1.0}, NOTE: {"gate": 0.0}}}
    for number in range(-1, count):  # the first one compiles, and is not counted
        random = np.random.default_rng([len(variables), number + 1])
        hidden = random.uniform(MARGIN, 1 - MARGIN, len(variables))
        values = {path: float(each) for path, each in values_at(variables, hidden).items()}
        heard = None if problem.input is None else problem.input(random)
        sound = _sound(problem, values, heard, played)
        target = fad.Target(sound, heard, **played)
        begun = time.process_time()
        limit: dict[str, Any] = {"max_evaluations": 1} if number < 0 else {}
        result = fad.fit(problem.program, target, rate=RATE, **options, **limit)
        seconds = time.process_time() - begun
        if number >= 0:
            errors = [
                abs(float(each.coordinate.place(result.parameters[each.path])) - place)
                for each, place in zip(variables, hidden, strict=True)
                if each.path in result.parameters
            ]
            median = statistics.median(errors)
            is_found = median < NEAR or result.ending == "reached"
            yield Draw(is_found, median, statistics.mean(errors), seconds)


def _sound(
    problem: Hidden, values: Mapping[str, float], heard: Sound | None, played: Mapping[str, Any]
) -> Sound:
    """What a program makes of hidden values, as the fit will play it."""
    run = fad.run(
        problem.program,
        seconds=FRAMES / RATE,
        rate=RATE,
        at={**values, **played["at"]},
        changes=played.get("changes"),
        inputs="silence" if heard is None else heard,
        precision="single",
    )
    return run.outputs


@contextmanager
def differences() -> Iterator[None]:
    """Fits take finite differences in place of derivatives."""

    def lanes(problem: Problem, part: Part, point: Points) -> tuple[Any, Any]:
        here = problem.at(part, point)
        moved = np.empty((len(part.columns), *here.shape))
        for row, column in enumerate(part.columns):
            step = -STEP if point[column] > 0.5 else STEP
            there = point.copy()
            there[column] += step
            moved[row] = (problem.at(part, there).astype(float) - here) / step
        return here, moved

    with patch.object(Problem, "lanes", lanes):
        yield


#: Name -> what is told to `fad.fit`, and what is changed in it.
PEERS: Mapping[str, tuple[Mapping[str, Any], Callable[[], Any]]] = {
    "fad": ({}, nullcontext),
    "differences": ({}, differences),
    "CMA-ES": ({"method": "cma-es"}, nullcontext),
    "Nelder-Mead": ({"method": "nelder-mead", "starts": 4}, nullcontext),
}


#: What the table tells of a program that somebody has fitted.
_HEADER = ("program", "not known", "by", "found", "CPU s", "slowest", "median error", "mean error")
Row = tuple[str, ...]


def main() -> None:
    """Prints a table, or writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--filter", default="*", help="which programs, with wildcards")
    parser.add_argument("--by", default="fad", help=f"who fits, with wildcards: {', '.join(PEERS)}")
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"write its part of {PAGE.name}; what is not measured stays there",
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    console = Console()
    rows: list[Row] = []
    for name, problem in PROBLEMS.items():
        for peer, (options, changed) in PEERS.items():
            if not (
                fnmatch.fnmatch(name, arguments.filter) and fnmatch.fnmatch(peer, arguments.by)
            ):
                continue
            with changed():
                most = problem.most if peer == "fad" else problem.peers
                done = list(draws(problem, min(arguments.draws, most), **options))
            if done:
                rows.append(_row(name, peer, done))
                console.print(*rows[-1], sep="  ")
    shown = Table(*_HEADER)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    for sentence in _short(rows):
        console.print(f"falls short: {sentence}")
    if arguments.write:
        rewrite_part(PAGE, "Fits", _lines({**_written(), **{_key(row): row for row in rows}}))


def _row(name: str, peer: str, done: Sequence[Draw]) -> Row:
    found = sum(each.found for each in done)
    seconds = [each.seconds for each in done]
    return (
        *(name, PROBLEMS[name].what, peer, f"{found} of {len(done)}"),
        *(f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"),
        f"{statistics.median(each.median for each in done):.1e}",
        f"{statistics.mean(each.mean for each in done):.3f}",
    )


def _key(row: Row) -> tuple[str, str]:
    """The program, and who fits it."""
    return row[0], row[2]


def _written() -> dict[tuple[str, str], Row]:
    """The rows that are on the page."""
    _, _, part = PAGE.read_text("utf-8").partition("\n## Fits\n")
    lines = part.partition("\n## ")[0].splitlines()
    rows = [tuple(line.strip("| ").split(" | ")) for line in lines if line.startswith("| ")]
    return {_key(row): row for row in rows if row[0] in PROBLEMS}


def _short(rows: Iterable[Row]) -> Iterator[str]:
    """Sentences about what is below what is aimed at."""
    for name, _, peer, found, seconds, _, _, error in rows:
        if peer != "fad":
            continue
        problem = PROBLEMS[name]
        some, count = map(int, found.split(" of "))
        if problem.success is not None and some < problem.success * count:
            yield f"{name}: {some / count:.0%} found (at least {problem.success:.0%})"
        if problem.seconds is not None and float(seconds) > problem.seconds:
            yield f"{name}: {seconds} CPU s (at most {problem.seconds:g})"
        if problem.error is not None and float(error) > problem.error:
            yield f"{name}: a mean error of {error} (at most {problem.error:g})"


def _lines(known: Mapping[tuple[str, str], Row]) -> Iterator[str]:
    """The part of the page."""
    keys = [(name, peer) for name in PROBLEMS for peer in PEERS if (name, peer) in known]
    rows = [known[key] for key in keys]
    yield from _INTRODUCTION.strip().splitlines()
    yield ""
    yield from table(_HEADER, rows)
    if short := list(_short(rows)):
        yield from ("", "Below what is aimed at:", "", *(f"- {each}" for each in short))


if __name__ == "__main__":
    main()
