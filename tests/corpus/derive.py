"""Checks the derivatives of the example programs that come with Faust.

Each program is transformed with respect to at most 8 of its parameters (chosen by a fixed seed)
and compared by `fad.check`: the standard compiler must accept the result, the outputs must be
repeated bit for bit, and no derivative may contradict the difference quotients. Buttons are
pressed, so that instruments play.
"""

from __future__ import annotations

import glob
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

import fad
from fad.base.errors import DifferentiationError, FadError
from fad.checking.quotients import VERDICTS, Verdict
from fad.checking.report import Pair
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.corpus.options import parser
from tests.corpus.processes import Work
from tests.support.places import ROOT, example_name, standard_examples

FRAMES = 1000
RATE = 44100
PARAMETERS = 8
SEED = 1
PAGE = ROOT / "docs" / "corpus.md"

CHECKED = "checked"
REFUSED = "refused"
SKIPPED = "skipped"
FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What came of one program.

    Args:
        program: its path below the examples' folder.
        result: `CHECKED`; `REFUSED` by fad; `SKIPPED`, because the standard compiler does not take
            the original; `FAILED`.
        reason: of all results but `CHECKED`.
        parameters: how many it was differentiated by, and how many it has.
        pairs: the verdicts.
        differing: the outputs that are not repeated.
        rounded: the outputs that are repeated but for rounding.
        not_finite: the outputs that are not finite everywhere.
        seconds: the time of everything.
    """

    program: str
    result: str
    reason: str = ""
    parameters: tuple[int, int] = (0, 0)
    pairs: tuple[Pair, ...] = ()
    differing: tuple[int, ...] = ()
    rounded: tuple[int, ...] = ()
    not_finite: tuple[int, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def shortfalls(self) -> list[str]:
        """In what the program falls short, a line each."""
        lines = [f"output {output} differs" for output in self.differing]
        if self.result in (FAILED, REFUSED):
            lines.append(f"{self.result}: {' | '.join(self.reason.splitlines())}")
        return lines + [
            f"mismatch: output {pair.output} by {pair.parameter}, error {pair.error:.1e}, "
            f"sample {pair.sample}, {pair.compared:.0%} smooth"
            for pair in self.of("mismatch")
        ]

    def of(self, verdict: str) -> list[Pair]:
        """The pairs with a verdict."""
        return [pair for pair in self.pairs if pair.verdict == verdict]

    @property
    def nan(self) -> list[Pair]:
        """The pairs whose tangent is not finite where output and quotient are."""
        return [pair for pair in self.of("mismatch") if not np.isfinite(pair.error)]


def outcome(path: Path, engine: Engine) -> Outcome:
    """Checks one program."""
    name = example_name(path)
    try:
        program = fad.expand(path)
    except FadError as error:
        return Outcome(name, _own_result(path, engine, FAILED), error.render())
    variables = [variable.path for variable in program.parameters]
    # Checkboxes stay where they are: many switch something off.
    pressed = {
        widget.path: float(widget.kind == "button")
        for widget in program.widgets
        if widget.kind in ("button", "checkbox")
    }
    chosen: Sequence[str] = ()
    if len(variables) > PARAMETERS:
        chosen = sorted(random.Random(SEED).sample(variables, PARAMETERS))
    # A comma would end a pattern.
    wrt = [glob.escape(variable).replace(",", "?") for variable in chosen]
    counts = min(len(variables), PARAMETERS), len(variables)
    try:
        # Headers beside some programs are code, of people whose compiler runs here anyway.
        report = fad.check(
            path,
            wrt=wrt,
            seconds=FRAMES / RATE,
            rate=RATE,
            at=pressed,
            points=1,
            engine=engine,
            trust=True,
        )
    except DifferentiationError as error:
        return Outcome(name, REFUSED, error.message, counts)
    except EngineRefusal as error:
        return Outcome(name, _own_result(path, engine, FAILED), error.message, counts)
    except FadError as error:
        return Outcome(name, FAILED, error.message, counts)
    return Outcome(
        name,
        CHECKED,
        "",
        counts,
        report.pairs,
        report.differing,
        report.rounded,
        report.not_finite,
    )


def _own_result(path: Path, engine: Engine, otherwise: str) -> str:
    """`SKIPPED` if the standard compiler does not take a program as it is."""
    try:
        engine.json(path.read_text("utf-8"), path.name, include=[path.parent])
    except EngineRefusal:
        return SKIPPED
    return otherwise


def judged(path: Path, limit: float) -> Outcome:
    """Checks one program; the standard compiler has `limit` seconds for each request."""
    start = time.monotonic()
    with Engine(time_limit=limit, keep=True) as engine:
        result = outcome(path, engine)
    return replace(result, seconds=time.monotonic() - start)


def failed(path: Path, reason: str) -> Outcome:
    """What comes of a program that cannot be checked."""
    return Outcome(example_name(path), FAILED, reason)


def judge_all(paths: Sequence[Path], jobs: int, limit: float) -> list[Outcome]:
    """Checks programs, `jobs` at a time, and prints those that fall short."""
    outcomes = []
    for result in Work(judged, failed, limit).done_for_all(paths, jobs):
        outcomes.append(result)
        if result.shortfalls:
            print(f"{result.program}: {'; '.join(result.shortfalls)}", flush=True)
    return sorted(outcomes, key=lambda result: result.program)


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """The totals."""
    results = Counter(result.result for result in outcomes)
    verdicts = Counter(pair.verdict for result in outcomes for pair in result.pairs)
    differing = sum(bool(result.differing) for result in outcomes)
    rounded = sum(bool(result.rounded) for result in outcomes)
    return [
        f"{len(outcomes)} programs: {results[CHECKED]} transformed, {results[REFUSED]} refused, "
        f"{results[SKIPPED]} that the standard compiler does not take, {results[FAILED]} failed",
        f"outputs repeated in all but {differing}; bit for bit in all but {differing + rounded}, "
        "the others but for rounding (libfaust orders sums and products by what else is there)",
        f"{verdicts.total()} pairs: "
        + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()),
        f"mismatches: {verdicts['mismatch']}; of these with a tangent that is not finite: "
        f"{sum(len(result.nan) for result in outcomes)}",
    ]


def page(outcomes: Sequence[Outcome]) -> str:
    """All outcomes as a page of the documentation."""
    return "\n".join([*_page(outcomes), ""])


def _page(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "# The example programs of Faust"
    yield ""
    yield (
        "`make corpus-derive` transforms every example program that comes with Faust, by at most "
        f"{PARAMETERS} of its parameters, compares it with difference quotients over {FRAMES} "
        "samples with all buttons pressed (`fad check`), and writes this page."
    )
    yield ""
    yield from (f"- {line}" for line in summary(outcomes))
    yield ""
    # None of these programs stops a derivative.
    kinds: tuple[Verdict, ...] = tuple(v for v in reversed(VERDICTS) if v != "stopped")
    yield f"| program | parameters | {' | '.join(kinds)} |"
    yield "|---|---|" + "---|" * len(kinds)
    for result in outcomes:
        if result.result == CHECKED:
            chosen, count = result.parameters
            by = str(count) if chosen == count else f"{chosen} of {count}"
            counts = (str(len(result.of(verdict)) or "") for verdict in kinds)
            yield f"| {result.program} | {by} | {' | '.join(counts)} |"
    others = [result for result in outcomes if result.result != CHECKED]
    yield from _section(
        "Not compared",
        (f"- {r.program}: {r.result}: {' '.join(r.reason.split())}" for r in others),
    )
    for verdict in ("mismatch", "jump", "kink", "quantised", "undefined"):
        yield from _section(
            f"Verdict: {verdict}",
            (
                f"- {result.program}: {_named(pairs)}"
                for result in outcomes
                if (pairs := result.of(verdict))
            ),
        )


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", f"## {title}", "", *lines)


def _named(pairs: Sequence[Pair]) -> str:
    """The parameters of some pairs, each with its outputs."""
    outputs: dict[str, list[str]] = {}
    for pair in pairs:
        outputs.setdefault(pair.parameter, []).append(str(pair.output))
    return ", ".join(f"`{path}` (output {' '.join(which)})" for path, which in outputs.items())


def main() -> int:
    """Run the checks; 1 if a program falls short."""
    options = parser(__doc__, PAGE).parse_args()
    start = time.monotonic()
    outcomes = judge_all(standard_examples(options.filter), options.jobs, options.limit)
    print("\n".join(summary(outcomes)))
    print(f"{time.monotonic() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in outcomes], indent=1))
    if options.write:
        PAGE.write_text(page(outcomes), "utf-8")
    return int(
        any(each.differing or each.result == FAILED for each in outcomes)
        or any(each.of("mismatch") for each in outcomes)
    )


if __name__ == "__main__":
    sys.exit(main())
