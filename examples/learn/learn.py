"""Learns the examples: the hidden values must be found from all starts, in both precisions.

Each example runs from three starting points, spread over the ranges of its parameters, while the
target's sliders move twice. Then the learning program is compiled to C++ and to WebAssembly, and
timed against its target. Run it as a module, from the root of the repository.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import fad
from examples.learn.catalogue import EXAMPLES, Example
from examples.learn.trial import (
    HERE,
    PRECISIONS,
    STARTS,
    Trial,
    automatic,
    judged,
    learning_program,
    record,
    target_of,
)
from examples.learn.webassembly import compiles_to_webassembly
from examples.pictures import keep
from fad.drawing.picture import picture
from fad.drawing.plot import rendered
from fad.runtime.compiler import find_compiler
from fad.runtime.engine import Engine

PAGE = HERE.parents[1] / "docs" / "learning.md"
PROGRAMS, PLOTS = HERE / "programs", HERE / "plots"
#: How many starting values are told.
SHOWN = 5
#: Seconds to time a program in.
RACE = 0.5


@dataclass(frozen=True)
class Result:
    """What came of an example.

    Args:
        example: the example.
        trials: its runs.
        webassembly: whether the learning program compiles to WebAssembly; `None` if nothing here
            can tell.
        times: nanoseconds per sample, of the target and of the learning program; `None` if they
            were not taken.
    """

    example: Example
    trials: tuple[Trial, ...]
    webassembly: bool | None
    times: tuple[float, float] | None

    @property
    def converges(self) -> bool:
        """Whether all runs found all values, and nothing else failed."""
        return self.webassembly is not False and all(trial.converges for trial in self.trials)

    def delays(self) -> list[float]:
        """The times after which values were found, in seconds, sorted."""
        phases = (phase for trial in self.trials for phase in trial.phases)
        return sorted(float("inf") if p.seconds is None else p.seconds for p in phases)

    def final(self, precision: str) -> float:
        """The largest error at the end of a phase."""
        errors = [trial.final for trial in self.trials if trial.precision == precision]
        return max(errors, default=float("nan"))


def main() -> int:
    """Runs the examples; 1 if one does not converge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only examples whose name matches")
    parser.add_argument("--jobs", type=int, default=2, help="examples at a time (default: 2)")
    parser.add_argument("--quick", action="store_true", help="one start, in double precision")
    parser.add_argument(
        "--smooth", action="store_true", help="put `si.smoo` behind each slider (with --quick)"
    )
    parser.add_argument(
        "--auto",
        action="store_true",
        help="the optimizer `auto` for all examples, without settings of their own (with --quick)",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write docs/{PAGE.name}, programs and plots"
    )
    options = parser.parse_args()
    if (options.smooth or options.auto) and not options.quick:
        parser.error("--smooth and --auto go with --quick")
    if find_compiler() is None:
        print("no C++ compiler (g++, clang++): nothing is run")
        return 0
    began = time.monotonic()
    examples = map(automatic, EXAMPLES) if options.auto else EXAMPLES
    chosen = [each for each in examples if fnmatch.fnmatch(each.name, options.filter)]
    work = partial(outcome, quick=options.quick, smooth=options.smooth, write=options.write)
    results = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for result in pool.map(work, chosen):
            print("\n".join(report(result)), flush=True)
            results.append(result)
    print("\n".join(summary(results)))
    print(f"{time.monotonic() - began:.0f} s")
    if options.write:
        PAGE.write_text("\n".join([*page(results), ""]), "utf-8")
    return int(not all(result.converges for result in results))


def outcome(example: Example, quick: bool, smooth: bool, write: bool) -> Result:
    """Runs an example.

    Args:
        example: the example.
        quick: whether to run it once, and not to compile or time it otherwise.
        smooth: whether `si.smoo` is behind each slider.
        write: whether to write its program and its plot.
    """
    precisions = PRECISIONS[:1] if quick else PRECISIONS
    trials = []
    programs = [learning_program(example, start, smooth) for start in range(1 if quick else STARTS)]
    with Engine() as engine:
        for precision in precisions:
            for start, program in enumerate(programs):
                recording = record(example, program, precision, engine)
                trials.append(judged(example, program, recording, precision))
                if write and start == 0 and precision == "double":
                    (PROGRAMS / f"{example.name}.dsp").write_text(program.source, "utf-8")
                    drawn = rendered(picture(recording), "png")
                    keep(drawn, PLOTS / f"{example.name}.png")
    if quick:
        return Result(example, tuple(trials), None, None)
    text = programs[0].source
    return Result(example, tuple(trials), compiles_to_webassembly(text), _times(example, text))


def _times(example: Example, text: str) -> tuple[float, float]:
    """Nanoseconds per sample, of the target and of the learning program."""
    from bench.driver import Timed, cpp, race

    texts = fad.expand(target_of(example)).source, text
    target, learning = race([Timed(cpp(each, example.name, HERE)) for each in texts], RACE)
    return target * 1e9, learning * 1e9


def report(result: Result) -> Iterator[str]:
    """All that is known of an example."""
    example = result.example
    yield f"{example.name}: {example.title} ({settings(example)})"
    for trial in result.trials:
        start = [f"{label} {value:g}" for label, value in trial.start.items()]
        more = f" and {len(start) - SHOWN} more" if len(start) > SHOWN else ""
        yield f"  {trial.precision}, from {', '.join(start[:SHOWN])}{more}"
        for name, errors in trial.errors.items():
            yield f"    error of {name} in %: " + " ".join(f"{error:.2g}" for error in errors)
        for number, phase in enumerate(trial.phases):
            found = "not found" if phase.seconds is None else f"found after {phase.seconds:.2f} s"
            yield f"    values {number + 1}: {found}, final error {phase.final:.1e}"
    if result.times is not None:
        known = {True: "yes", False: "no", None: "not tried"}[result.webassembly]
        target, learning = result.times
        yield (
            f"  C++: yes; WebAssembly: {known}; {learning:.1f} ns per sample, "
            f"{learning / target:.1f} times the target's {target:.2g} ns"
        )


def settings(example: Example) -> str:
    """The options that an example sets."""
    told = [f"{name} {_text(value)}" for name, value in example.options.items()]
    return ", ".join(told) or "defaults"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def summary(results: Sequence[Result]) -> Iterator[str]:
    """The totals."""
    failed = [result.example.name for result in results if not result.converges]
    usual = sum(not result.example.options for result in results)
    runs = sum(len(result.trials) for result in results)
    yield (
        f"{len(results) - len(failed)} of {len(results)} examples converge, in {runs} runs with "
        f"{len(results[0].example.hidden) if results else 0} sets of hidden values each; "
        f"{usual} with the default settings"
    )
    if failed:
        yield f"not: {', '.join(failed)}"


def page(results: Sequence[Result]) -> Iterator[str]:
    """All results as a page of the documentation."""
    yield "# What programs learn"
    yield ""
    yield from _INTRODUCTION.strip().splitlines()
    yield ""
    yield from (f"- {line}" for line in summary(results))
    yield ""
    yield (
        "| example | learns | settings | within | median s | longest s | final error, double "
        "| single | WebAssembly | ns | cost |"
    )
    yield "|---|---|---|---:|---:|---:|---:|---:|---|---:|---:|"
    for result in results:
        example, delays = result.example, result.delays()
        known = {True: "yes", False: "no", None: ""}[result.webassembly]
        cells = (
            f"[{example.name}](../examples/learn/{example.name}.dsp)",
            example.title,
            settings(example),
            f"{example.tolerance:.0%}",
            f"{delays[len(delays) // 2]:.2f}",
            f"{delays[-1]:.2f}" if delays[-1] < float("inf") else "not found",
            *(f"{result.final(precision):.1e}" for precision in PRECISIONS),
            known,
            *_costs(result),
        )
        yield f"| {' | '.join(cells)} |"


def _costs(result: Result) -> Iterator[str]:
    """Nanoseconds per sample, and the same over the target's."""
    target, learning = result.times or (0.0, 0.0)
    yield f"{learning:.1f}" if target else ""
    yield f"{learning / target:.1f}" if target else ""


_INTRODUCTION = """
`make learn` measures this, and `python -m examples.learn.learn --write` writes this page, the
programs in `examples/learn/programs` and the plots in `examples/learn/plots`.
[examples/learn](../examples/learn/README.md) tells what each example is about.

`fad estimate` writes a learning program for each example, from three starting points, spread over
the ranges of the parameters. Each runs at 44100 Hz, in double and in single precision, on white
noise. The target's sliders move twice; each time, all parameters have to get within the given
part of their ranges, and to stay there until the next change. Where parameters are not unique, as
with `network` and `fir_delay`, it is the output that has to get that near to the target's; where
labels are learnt, it is the share of wrong answers in 2048 samples that has to be that small. The
times are those after a change; the final error is the largest one in the last tenth before the
next. Ranges of parameters with `[scale:log]` are logarithmic. The cost is the time per sample of
the learning program, with its target inside, over that of the target alone: native code in single
precision, `-O3 -ffast-math`; *ns* is the learning program's. WebAssembly is made by libfaust's own
backend; `cyfaust` comes without it, so it needs the package `@grame/faustwasm` of node, in a folder
that `FAUSTWASM` names; where a cell is empty, it was not tried.

With `--optimizer auto` in place of these settings (the losses stay), 21 of the 22 examples converge
from the same starts in both precisions: all but `network`, which misses 2 of its 18 changes. Of the
examples with settings of their own, Adam at its usual rate does not learn `resonance`, `compressor`
and `schedule`. Median times are then 0.44 s for `iir`, 0.86 s for `resonance`, 0.32 s for
`oscillator`, 0.42 s for `compressor` and 0.30 s for `schedule`, but 0.28 s for `gain`, 0.52 s for
`delay` and 0.96 s for `network`; in double precision, final errors are below 1e-8 but where there
is noise (`schedule`, `train_multi`), where the model is another program, and for `delay` (4e-4).
`python -m examples.learn.learn --quick --auto` runs the examples so, from one start.
"""


if __name__ == "__main__":
    sys.exit(main())
