"""Checks `fad.expand` on the example programs that come with Faust.

The standard compiler must accept each expansion, give it the original's user interface, and
compute the same samples from it, bit for bit. A program that is silent until a button is pressed is
compared again with its buttons pressed. Where the interpreter does not take the original (it
has no foreign functions), the C++ backend must accept the expansion if it accepts the original.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

import fad
from fad.base.errors import FadError
from fad.base.precision import Precision
from fad.runtime.engine import Compiled, Engine
from fad.runtime.renderer import EngineRefusal
from tests.corpus.options import parser
from tests.corpus.processes import Work
from tests.support.places import example_name, standard_examples

FRAMES = 2000
SEED = 1

ALIKE = "rendered alike"
ACCEPTED = "accepted by the C++ backend"
SKIPPED = "not accepted as they are"


class Shortfall(Exception):
    """An expansion that is not what it should be."""


@dataclass(frozen=True)
class Outcome:
    """What came of one program.

    Args:
        program: its path below the examples' folder.
        result: `ALIKE`, `ACCEPTED`, `SKIPPED`; `None` where it falls short.
        reason: in what it falls short.
        silent: whether all samples compared were zero, buttons pressed or not.
        size: characters of the expansion.
        expansion_seconds: the time of the expansion.
        seconds: the time of everything.
    """

    program: str
    result: str | None
    reason: str = ""
    silent: bool = False
    size: int = 0
    expansion_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Judge:
    """Compares one program with its expansion.

    Args:
        path: the program's file.
        engine: the standard compiler.
        reference: take the standard compiler's own expansion, not fad's.
    """

    path: Path
    engine: Engine
    reference: bool = False

    def outcome(self) -> Outcome:
        """The verdict."""
        name = example_name(self.path)
        start = time.monotonic()
        original = self.path.read_text("utf-8")
        precision: Precision = "double"
        try:
            compiled = self._compile(original, precision)
            if compiled is not None and _plays_sounds(compiled):
                precision = "single"  # all that the interpreter can do with sound files
                compiled = self._compile(original, precision)
            begun = time.monotonic()
            expansion = self._expand(original, precision)
            expanded = time.monotonic()
            silent = False
            if compiled is None:
                result = self._accepted(original, expansion)
            else:
                result = ALIKE
                silent = self._rendered_alike(original, expansion, compiled, precision)
        except (FadError, Shortfall, RecursionError) as error:
            return Outcome(name, None, str(error), seconds=time.monotonic() - start)
        end = time.monotonic()
        return Outcome(name, result, "", silent, len(expansion), expanded - begun, end - start)

    def _expand(self, original: str, precision: Precision) -> str:
        if self.reference:
            return self.engine.expand(
                original, self.path.name, include=[self.path.parent], precision=precision
            )
        return fad.expand(self.path, precision=precision).source

    def _compile(self, source: str, precision: Precision) -> Compiled | None:
        try:
            return self.engine.compile(
                source, self.path.name, include=[self.path.parent], precision=precision
            )
        except EngineRefusal:
            return None

    def _accepted(self, original: str, expansion: str) -> str:
        where: dict[str, Any] = {"include": [self.path.parent]}
        try:
            description = self.engine.json(original, self.path.name, **where)
        except EngineRefusal:
            return SKIPPED
        self.engine.cpp(expansion, self.path.name, **where)
        _compare_interfaces(description, self.engine.json(expansion, self.path.name, **where))
        return ACCEPTED

    def _rendered_alike(
        self, original: str, expansion: str, compiled: Compiled, precision: Precision
    ) -> bool:
        """Raises `Shortfall`, or tells whether the samples are all zero."""
        noise = np.random.default_rng(SEED).uniform(-1, 1, (compiled.inputs, FRAMES))
        # The original first: the engine still has it compiled.
        expected = self._render(original, noise, precision)
        actual = self.engine.compile(
            expansion, self.path.name, include=[self.path.parent], precision=precision
        )
        if (compiled.inputs, compiled.outputs) != (actual.inputs, actual.outputs):
            raise Shortfall(
                f"{compiled.inputs} inputs and {compiled.outputs} outputs "
                f"became {actual.inputs} and {actual.outputs}"
            )
        _compare_interfaces(compiled.description, actual.description)
        _compare_samples(expected, self._render(expansion, noise, precision))
        if not expected.any() and (wrapper := _pressed(compiled, self.path.name)):
            # The interpreter sets no values in double precision; a program around this one can.
            expected = self._render_pressed(wrapper, noise, precision)
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, self.path.name).write_text(expansion, "utf-8")
                actual_pressed = self._render_pressed(wrapper, noise, precision, Path(folder))
            _compare_samples(expected, actual_pressed)
        return not expected.any()

    def _render_pressed(
        self, wrapper: str, noise: NDArray[np.float64], precision: Precision, *folders: Path
    ) -> NDArray[np.float64]:
        return self.engine.render(
            wrapper,
            "pressed.dsp",  # libfaust takes a component of the program's name for the program
            inputs=noise,
            frames=FRAMES,
            include=[*folders, self.path.parent],
            precision=precision,
        )

    def _render(
        self, source: str, noise: NDArray[np.float64], precision: Precision
    ) -> NDArray[np.float64]:
        return self.engine.render(
            source,
            self.path.name,
            inputs=noise,
            frames=FRAMES,
            include=[self.path.parent],
            precision=precision,
        )


def _plays_sounds(compiled: Compiled) -> bool:
    return any(entry.get("type") == "soundfile" for entry in _entries(compiled.description["ui"]))


def _pressed(compiled: Compiled, name: str) -> str | None:
    """A program that adds 1 to the buttons and checkboxes of the program in a file."""
    labels = {
        entry["label"]
        for entry in _entries(compiled.description["ui"])
        if entry.get("type") in ("button", "checkbox")
    }
    if not labels:
        return None
    modulations = ", ".join(f'"{label}": +(1)' for label in sorted(labels))
    return f'process = [{modulations} -> component("{name}")];'


def _entries(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The groups and widgets of a user interface, in order; a group's end is an empty entry."""
    for item in items:
        # The names of the variables in the generated code are not the program's.
        yield {key: value for key, value in item.items() if key not in ("items", "varname")}
        if "items" in item:
            yield from _entries(item["items"])
            yield {}


def _compare_interfaces(expected: dict[str, Any], actual: dict[str, Any]) -> None:
    wanted, found = (list(_entries(each["ui"])) for each in (expected, actual))
    for one, other in zip(wanted, found, strict=False):
        if one != other:
            raise Shortfall(f"the user interface has {json.dumps(other)} for {json.dumps(one)}")
    if len(wanted) != len(found):
        raise Shortfall(f"the user interface has {len(found)} entries, not {len(wanted)}")


def _compare_samples(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> None:
    different = expected.view(np.uint64) != actual.view(np.uint64)
    if different.any():
        output = int(np.argmax(different.any(axis=1)))
        sample = int(np.argmax(different[output]))
        raise Shortfall(
            f"output {output} differs from sample {sample} on: "
            f"{actual[output, sample]!r}, not {expected[output, sample]!r} "
            f"(outputs that differ: {int(different.any(axis=1).sum())} of {len(expected)})"
        )


def judged(path: Path, limit: float, reference: bool) -> Outcome:
    """Judges one program; the standard compiler has `limit` seconds for each request."""
    with Engine(time_limit=limit, keep=True) as engine:
        return Judge(path, engine, reference).outcome()


def fallen(path: Path, reason: str) -> Outcome:
    """What comes of a program that cannot be judged."""
    return Outcome(example_name(path), None, reason)


def judge_all(paths: Sequence[Path], options: argparse.Namespace) -> list[Outcome]:
    """Judge programs, `options.jobs` at a time, and print those that fall short."""
    console = Console()
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = []
    work = Work(partial(judged, reference=options.reference), fallen, options.limit)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("programs", total=len(paths))
        for outcome in work.done_for_all(paths, options.jobs):
            outcomes.append(outcome)
            progress.advance(task)
            if outcome.result is None:
                reason = " | ".join(outcome.reason.splitlines())
                console.print(f"{outcome.program}: {reason}", markup=False, soft_wrap=True)
    return sorted(outcomes, key=lambda outcome: outcome.program)


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The totals, in one line."""
    counts = [
        f"{sum(outcome.result == result for outcome in outcomes)} {result}"
        for result in (ALIKE, ACCEPTED, SKIPPED)
    ]
    short = sum(outcome.result is None for outcome in outcomes)
    silent = sum(outcome.silent for outcome in outcomes)
    return (
        f"{len(outcomes)} programs: {', '.join(counts)} ({silent} of them silent); "
        f"{short} fall short ({seconds:.0f} s)"
    )


def main() -> int:
    """Run the checks; 1 if a program falls short."""
    taken = parser(__doc__)
    taken.add_argument(
        "--reference",
        action="store_true",
        help="check the standard compiler's own expansion instead of fad's",
    )
    options = taken.parse_args()
    start = time.monotonic()
    outcomes = judge_all(standard_examples(options.filter), options)
    print(summary(outcomes, time.monotonic() - start))
    if options.json:
        options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return int(any(outcome.result is None for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
