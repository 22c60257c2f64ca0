"""The results of `bench/dual.py` as text, as a page of the documentation, and as a picture."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.places import ROOT

PAGE = ROOT / "docs" / "performance.md"
PICTURE = PAGE.with_suffix(".svg")
#: What is aimed at: the median cost, and the cost of nine in ten.
MEDIAN, NINE_IN_TEN = 0.45, 0.8


@dataclass(frozen=True)
class Speed:
    """How fast a program's derivatives are.

    Args:
        program: its name.
        count: the number of its parameters, N.
        primal: seconds for a sample of the program.
        one_sided: what 1 + N runs for one-sided differences take, in 1 + N runs of the program.
        central: what 2 N runs for central differences take, in the same unit.
        dual: what fad's dual takes, in the same unit.
        variants: options of the Faust compiler -> what the dual takes with them, in 1 + N runs of
            the program compiled with the same options, and in those of the program without.
    """

    program: str
    count: int
    primal: float
    one_sided: float
    central: float
    dual: float
    variants: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Dense:
    """fad's dual of a small program against a dense one that was written by hand.

    Args:
        program: its name.
        count: the number of its parameters.
        cost: what fad's dual takes, in 1 + N runs of the program.
        dense: the dense dual's time over fad's.
        unpaired: the same, compiled with `-fno-tree-slp-vectorize`.
    """

    program: str
    count: int
    cost: float
    dense: float
    unpaired: float


@dataclass(frozen=True)
class Generation:
    """Characters of a program's expansion and of its dual, and libfaust's seconds.

    Args:
        program: its name.
        count: the number of its parameters.
        expanded: the characters of its expansion.
        size: those of its dual.
        original: the time for the program as it is, with the libraries it imports.
        primal: the time for its expansion.
        dual: the time for its dual.
    """

    program: str
    count: int
    expanded: int
    size: int
    original: float
    primal: float
    dual: float


@dataclass(frozen=True)
class Results:
    """All that was measured; `largest` is how many programs count as large."""

    speeds: Sequence[Speed]
    denses: Sequence[Dense]
    generations: Sequence[Generation]
    largest: int

    def summary(self) -> Iterator[str]:
        """The medians beside their targets."""
        if self.speeds:
            costs = [speed.dual for speed in self.speeds]
            below = sum(cost <= NINE_IN_TEN for cost in costs) / len(costs)
            yield (
                f"cost in 1 + N runs: median {statistics.median(costs):.2f} (at most {MEDIAN}), "
                f"{below:.0%} at most {NINE_IN_TEN} (at least 90%), maximum {max(costs):.2f}"
            )
            gains = [speed.one_sided / speed.dual for speed in self.speeds]
            others = [speed.central / speed.dual for speed in self.speeds]
            yield (
                f"one-sided differences take {statistics.median(gains):.1f} times as long, "
                f"central ones {statistics.median(others):.1f} times (medians)"
            )
        many = [dense for dense in self.denses if dense.count >= 4]
        if many:
            yield (
                f"dense duals by hand over fad's, N >= 4: median "
                f"{statistics.median(d.dense for d in many):.2f}, "
                f"{statistics.median(d.unpaired for d in many):.2f} with -fno-tree-slp-vectorize "
                "(at least 1.5)"
            )
        if self.generations:
            sizes = [each.size / each.expanded for each in self.generations]
            times = [each.dual / each.primal for each in self.generations]
            whole = [each.dual / each.original for each in self.generations]
            large = sorted(self.generations, key=lambda each: -each.expanded)[: self.largest]
            worst = max(large, key=lambda each: each.dual / each.primal)
            yield f"source over expansion: median {statistics.median(sizes):.2f} (at most 2.0)"
            yield (
                f"libfaust's time over the expansion's: median {statistics.median(times):.2f} "
                f"(at most 2.2; over the original's {statistics.median(whole):.2f}); "
                f"of the {len(large)} largest at most "
                f"{worst.dual / worst.primal:.1f} ({worst.program}; at most 4)"
            )


def report(results: Results) -> str:
    """All results as plain text."""
    tables = (
        columns(_SPEED, (_speed_row(each) for each in results.speeds)),
        columns(_VARIANT, _variant_rows(results.speeds)),
        columns(_DENSE, (_dense_row(each) for each in results.denses)),
        columns(_GENERATION, (_generation_row(each) for each in results.generations)),
        list(results.summary()),
    )
    return "\n\n".join("\n".join(table) for table in tables if table)


def page(results: Results) -> None:
    """Writes the page and its picture; what another benchmark has measured stays."""
    _, head, rest = PAGE.read_text("utf-8").partition(_OF_OTHERS)
    PAGE.write_text("\n".join([*_page(results), ""]) + head + rest, "utf-8")
    PICTURE.write_text(_picture(results.speeds), "utf-8")


def rewrite_part(page: Path, title: str, lines: Iterable[str]) -> None:
    """Writes a part of a page; the rest of it stays.

    Args:
        page: its file.
        title: of the part, without the marks of a heading; without such a part, it is the last one.
        lines: what it says.
    """
    heading = f"\n## {title}\n"
    before, _, after = page.read_text("utf-8").partition(heading)
    _, head, rest = after.partition("\n## ")
    page.write_text("\n".join([before + heading, *lines, ""]) + head + rest, "utf-8")


#: Where the page goes on with what `bench/shape.py` measures.
_OF_OTHERS = "\n## The shape of the texts\n"

_SPEED = ("program", "N", "primal ns", "one-sided", "central", "dual", "dual/one-sided")
_VARIANT = ("program", "options", "cost", "in default primal runs")
_DENSE = ("program", "N", "cost of fad's", "dense/fad", "dense/fad unpaired")
_GENERATION = (
    "program",
    "N",
    "characters",
    "size ratio",
    "libfaust s",
    "over original",
    "over expansion",
)


def _speed_row(each: Speed) -> tuple[str, ...]:
    ratios = each.one_sided, each.central, each.dual, each.dual / each.one_sided
    numbers = (f"{ratio:.2f}" for ratio in ratios)
    return each.program, str(each.count), f"{each.primal * 1e9:.1f}", *numbers


def _variant_rows(speeds: Sequence[Speed]) -> Iterator[tuple[str, ...]]:
    for each in speeds:
        for options, (own, default) in each.variants.items():
            yield each.program, options, f"{own:.2f}", f"{default:.2f}"


def _dense_row(each: Dense) -> tuple[str, ...]:
    ratios = each.cost, each.dense, each.unpaired
    return each.program, str(each.count), *(f"{ratio:.2f}" for ratio in ratios)


def _generation_row(each: Generation) -> tuple[str, ...]:
    size = each.size / each.expanded
    times = each.dual / each.original, each.dual / each.primal
    row = each.program, str(each.count), str(each.expanded), f"{size:.2f}", f"{each.dual:.3f}"
    return *row, *(f"{time:.2f}" for time in times)


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in columns, the first one to the left; nothing without rows."""
    lines = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
        if len(lines) > 1
    ]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _page(results: Results) -> Iterator[str]:
    yield "# How fast the derivatives are"
    yield ""
    yield from _INTRODUCTION.strip().splitlines()
    yield ""
    yield from (f"- {line}" for line in results.summary())
    yield ""
    yield f"![Cost of the derivatives of each program]({PICTURE.name})"
    yield ""
    yield from table(_SPEED, (_speed_row(each) for each in results.speeds))
    yield from ("", "## Delay lines", "", *_DELAYS.strip().splitlines(), "")
    yield from table(_VARIANT, _variant_rows(results.speeds))
    yield from ("", "## Against dense duals", "", *_BY_HAND.strip().splitlines(), "")
    yield from table(_DENSE, (_dense_row(each) for each in results.denses))
    yield from ("", "## Sizes and compile times", "", *_TEXTS.strip().splitlines(), "")
    yield from table(_GENERATION, (_generation_row(each) for each in results.generations))


def _picture(speeds: Sequence[Speed]) -> str:
    """Horizontal bars of the costs, with lines at the two aims."""
    rows = sorted(speeds, key=lambda each: each.dual)
    left, right, high, top = 190, 50, 22, 34
    width = 760
    bottom = top + high * len(rows)
    most = max([1.0, *(each.dual for each in rows)])
    scale = (width - left - right) / most

    def text(x: float, y: float, words: str, anchor: str, size: int = 13) -> str:
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        return f'<text {place} fill="#222">{escape(words)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 44}" '
        f'width="{width}" height="{bottom + 44}" font-family="sans-serif">',
        f'<rect width="{width}" height="{bottom + 44}" fill="white"/>',
    ]
    for number, each in enumerate(rows):
        y = top + high * number
        colour = "#3b6ea5" if each.dual <= NINE_IN_TEN else "#c0504d"
        parts += [
            f'<rect x="{left}" y="{y + 3}" width="{each.dual * scale:.1f}" height="{high - 6}" '
            f'fill="{colour}"/>',
            text(left - 8, y + 16, f"{each.program} ({each.count})", "end"),
            text(left + each.dual * scale + 5, y + 16, f"{each.dual:.2f}", "start", 12),
        ]
    for aim, name in ((MEDIAN, "median"), (NINE_IN_TEN, "nine in ten"), (1.0, "1 + N runs")):
        x = left + aim * scale
        parts += [
            f'<line x1="{x:.1f}" y1="{top - 4}" x2="{x:.1f}" y2="{bottom + 4}" stroke="#222" '
            f'stroke-dasharray="{"none" if aim == 1 else "4 3"}"/>',
            text(x, top - 18, name, "middle", 11),
            text(x, top - 7, f"{aim:g}", "middle", 11),
        ]
    parts.append(
        text(left, bottom + 28, "time of the derivatives, in 1 + N runs of the program", "start")
    )
    return "\n".join([*parts, "</svg>", ""])


_INTRODUCTION = """
`make bench-dual` measures this, and `bench/dual.py --write` writes this page. A program with N
parameters and its derivatives are compiled by the embedded Faust compiler to C++ in single
precision, and by the system's C++ compiler with `-O3 -ffast-math`; blocks have 512 frames. All that
is compared runs alternately in one process, and the least time counts. The unit is 1 + N runs of
the program, in which one-sided differences give all derivatives, less exactly; *one-sided* and
*central* are these differences themselves (a copy of the program for each run).
"""
_DELAYS = """
Each tangent of a delay line is a delay line of its own. In `freeverb` 24 lines become 96, and all
of them are read and written for each sample; its derivatives are the only ones here that take
longer than 1 + N programs that run one after the other. Why is not known. Lines of a power-of-two
size can share sets of the cache, but moving each line by a cache line (by hand, in the C++) changes
nothing on the machine that this was measured on. Of the options of the Faust compiler, `-mcd 0`
helps, in time though not in the ratio: it makes short lines circular, instead of moving them by one
sample each time. `-dlt 1024`, which makes those above 1024 samples as long as they need to be
instead of a power of two, does not help here. The table has the programs that cost most, with the
derivatives in 1 + N runs of the program that is compiled with the same options, and in those of the
program compiled without them.
"""
_BY_HAND = """
`bench/dense.lib` is a library in the way of listings 4 to 6 of the paper, in which a wire carries
the tangents of all parameters; `bench/dense/` has programs, and their duals written with it by
hand. They compute the same as fad's (the benchmark compares them first).

*Dense* is nearer than it looks. The Faust compiler removes the zeros outside recursions, and the
tangents that stay zero in a recursion are one signal for it, however many there are: a dense dual
has one lane too many for each recursion, not N. It costs most where a part of the program does not
depend on parameters (`graphic`, `echoes`), and nothing where all tangents are there (`shaper`).
The last column is without g++'s pairing of stores and loads (`-fno-tree-slp-vectorize`). With it,
a loop in which two states are written one by one and moved as a pair can wait for its own
stores: `biquad` is an example, where fad's loop is the dense one with two lines less.
"""
_TEXTS = """
The text of the derivatives over that of `fad expand`, comments left out; the time in which the
Faust compiler makes C++ of it, over the time for the original program, in which it also reads and
evaluates libraries, and over the time for the text of `fad expand`: for the programs above and the
largest ones (`--all`: for all).
"""
