"""Times reverse mode: forward, adjoint and control program, against the program and its dual.

All that is compared runs alternately in one binary (`bench/driver.py`): native code from libfaust's
C++ in single precision, on one second of noise. The tape of the whole second is in memory, and is
read backwards. A cost of 1 is a run of the program.
"""

from __future__ import annotations

import argparse
import fnmatch
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.progress import track

import fad
from bench.driver import BLOCK, Backwards, Timed, compiler, cpp, race
from bench.dual import PROGRAMS
from bench.enzyme import is_there, reverse_over_primal
from bench.page import PAGE, columns, rewrite_part, table
from tests.support.places import ROOT, STANDARD_EXAMPLES

#: Programs with many parameters.
MANY = ROOT / "bench" / "many"
RATE = 48000
#: What is aimed at: the median cost, and the largest one.
MEDIAN, LARGEST = 2.8, 4.5
#: Program -> tape lanes, cost of reverse mode and of forward mode, as a prototype had them, whose
#: texts were not tuned. Its programs with many parameters were written another way.
PROTOTYPE: Mapping[str, tuple[int | None, float | None, float | None]] = MappingProxyType(
    {
        "phaser": (46, 3.73, 4.30),
        "flanger": (15, 4.21, 3.19),
        "moogVCF": (38, 3.20, 2.53),
        "wahPedal": (8, 2.29, 1.54),
        "parametricEqualizer": (31, 2.92, 3.11),
        "moogLadder": (None, 1.94, 2.23),
        "lowBoost": (None, 2.88, 1.48),
        "compressor": (6, None, None),
        "distortion": (None, 1.91, 1.39),
        "freeverb": (34, 3.92, 7.50),
        "zitaRev": (46, 4.47, 8.06),
        "virtualAnalog": (84, 5.74, 5.79),
        "brass": (30, 4.25, 4.33),
        "clarinet": (23, 5.18, 4.94),
        "smoothDelay": (11, 2.86, 1.48),
        "bands": (None, 3.41, 11.99),
        "modes": (None, 5.41, 3.56),
        "network": (None, 1.58, 1.45),
    }
)
_UNKNOWN = (None, None, None)


@dataclass(frozen=True)
class Cost:
    """What a program's derivatives cost, in runs of the program.

    Attributes:
        program: its name.
        count: the number of its parameters.
        lanes: of its tape.
        primal: seconds for a sample of the program.
        forward: the program that records alone.
        reverse: the gradient by reverse mode, forward program included.
        dual: all derivatives by forward mode.
        peer: the gradient by Enzyme's reverse mode, in its own runs of the program; `None` where it
            is not installed, or does not take the program in time.
    """

    program: str
    count: int
    lanes: int
    primal: float
    forward: float
    reverse: float
    dual: float
    peer: float | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--seconds", type=float, default=2, help="per race (default: 2)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    console = Console()
    if compiler() is None:
        console.print("no C++ compiler (g++, clang++): nothing is run")
        return 0
    paths = [STANDARD_EXAMPLES / f"{name}.dsp" for name in PROGRAMS]
    paths += sorted(MANY.glob("*.dsp"))
    paths = [path for path in paths if fnmatch.fnmatch(path.stem, options.filter)]
    costs = [costs_of(path, options.seconds) for path in track(paths, "programs", console=console)]
    if is_there():
        peers = map(reverse_over_primal, track(paths, "the same by Enzyme", console=console))
        costs = [replace(each, peer=peer) for each, peer in zip(costs, peers, strict=True)]
    else:
        console.print("Enzyme is not timed: it is not installed (pip install enzyme-ad)")
    if not costs:
        parser.error(f"no program is called {options.filter}")
    lines = ["\n".join(columns(_HEADS, map(_row, costs))), *summary(costs)]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    if options.write:
        write(costs)
    return 0


def costs_of(path: Path, seconds: float) -> Cost:
    """Times a program and both modes.

    Args:
        path: the program.
        seconds: how long to go on.
    """
    dual = fad.transform(path, precision="single")
    programs = fad.transform(path, precision="single", mode="reverse")
    outputs = len(programs.outputs)

    def code(text: str) -> str:
        return cpp(text, path.name, path.parent)

    gradient = Backwards(
        code(programs.forward), code(programs.adjoint), code(programs.control), outputs
    )
    program = Timed(code(path.read_text("utf-8")))
    things = program, Timed(gradient.forward), gradient, Timed(code(dual.source))
    unit, *others = race(things, seconds, blocks=-(-RATE // BLOCK), rate=RATE)
    forward, reverse, forward_mode = (time / unit for time in others)
    count, lanes = len(programs.parameters), len(programs.tape)
    return Cost(path.stem, count, lanes, unit, forward, reverse, forward_mode)


def summary(costs: Sequence[Cost]) -> Iterator[str]:
    """The medians beside their targets."""
    every = [each.reverse for each in costs]
    worst = max(costs, key=lambda each: each.reverse)
    yield (
        f"reverse mode in runs of the program: median {statistics.median(every):.2f} "
        f"(at most {MEDIAN}), maximum {worst.reverse:.2f} ({worst.program}; at most {LARGEST})"
    )
    won = sum(each.reverse < each.dual for each in costs)
    yield f"cheaper than forward mode: {won} of {len(costs)}"
    known = [(each, PROTOTYPE.get(each.program, _UNKNOWN)) for each in costs]
    ratios = [each.reverse / before for each, (_, before, _) in known if before]
    if ratios:
        yield f"over the prototype's: median {statistics.median(ratios):.2f}"
    longer = [each.program for each, (lanes, *_) in known if lanes and each.lanes > lanes]
    yield f"tapes with more lanes than the prototype's: {', '.join(longer) or 'none'}"


_HEADS = (
    *("program", "N", "primal ns", "tape", "forward program", "reverse mode", "forward mode"),
    *("cheaper", "prototype: tape", "prototype: reverse", "prototype: forward", "Enzyme: reverse"),
)


def _row(each: Cost) -> tuple[str, ...]:
    lanes, reverse, dual = PROTOTYPE.get(each.program, _UNKNOWN)
    numbers = [f"{cost:.2f}" for cost in (each.forward, each.reverse, each.dual)]
    cheaper = "reverse" if each.reverse < each.dual else "forward"
    others = reverse, dual, each.peer
    before = ["" if cost is None else f"{cost:.2f}" for cost in others]
    head = each.program, str(each.count), f"{each.primal * 1e9:.1f}", str(each.lanes)
    return *head, *numbers, cheaper, str(lanes or ""), *before


_TITLE = "Reverse mode"
_INTRODUCTION = """
`make bench-reverse` measures this, and `bench/reverse.py --write` writes this part of the page. All
programs run on one second of noise at 48 kHz, with their sliders at rest. *Forward program* is the
one that records; *reverse mode* is that one, the adjoint and the control program, with the whole
tape in memory; *forward mode* is what `fad transform` writes by default. All are in runs of the
program. Beside them is what a prototype took, whose texts were not tuned, on the same programs of
Faust, and on others with as many parameters; and what Enzyme's reverse mode takes on libfaust's C++
of the program, where it is installed, on 4096 samples and in runs of its own.

The last four are in `bench/many`: ten bands of an equaliser one after the other, modes side by
side, a neural network, and a filter by its taps.
"""
_REMARKS = """
What costs most:

- `taps` records the input at all its delays. One lane would do if the adjoint could look ahead.
- `network`: g++ computes four samples of the program at once, and no longer where there are more
  than a few outputs, as it then gives up looking whether these overlap. With
  `--param=vect-max-version-for-alias-checks=2000` the forward program takes 1.0 runs of the
  program.
- `freeverb` has twelve delays by a slider. If they were transposed as they are, which is wrong
  where the slider moves, reverse mode would take 4.2.
- `modes` and `bands` have many sums and few computations. The tape of `modes` is larger than the
  cache.

How much a lane counts in the choice of what is recorded, between 8 and 40 additions, changes the
times of these programs by less than what they vary by from run to run.
"""


def write(costs: Sequence[Cost]) -> None:
    """Writes the part of the page on reverse mode; the rest of the page stays."""
    lines = [*_INTRODUCTION.strip().splitlines(), "", *(f"- {line}" for line in summary(costs))]
    lines += ["", *table(_HEADS, map(_row, costs)), "", *_REMARKS.strip().splitlines()]
    rewrite_part(PAGE, _TITLE, lines)


if __name__ == "__main__":
    sys.exit(main())
