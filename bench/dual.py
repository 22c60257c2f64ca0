"""Times derivatives: what fad writes, against the program, its quotients and dense duals.

All that is compared runs alternately in one binary (`bench/driver.py`): native code from libfaust's
C++ in single precision. A cost of 1 is what one-sided differences take: 1 + N runs of a program
with N parameters. Then the sizes of the texts, and the times that libfaust takes for them.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

import fad
from bench.driver import Timed, compile_times, compiler, cpp, race
from bench.page import PAGE, Dense, Generation, Results, Speed, page, report
from fad.base.errors import FadError
from fad.runtime.engine import Engine
from tests.support.places import ROOT, STANDARD_EXAMPLES, standard_examples

HERE = ROOT / "bench"
#: The programs to time, of the examples that come with Faust.
PROGRAMS = (
    "phasing/phaser",
    "phasing/flanger",
    "filtering/moogVCF",
    "filtering/wahPedal",
    "filtering/parametricEqualizer",
    "filtering/moogLadder",
    "filtering/lowBoost",
    "dynamic/compressor",
    "dynamic/distortion",
    "reverb/freeverb",
    "reverb/zitaRev",
    "generator/virtualAnalog",
    "physicalModeling/brass",
    "physicalModeling/clarinet",
    "delayEcho/smoothDelay",
)
#: Options of the Faust compiler that change how it lays out delay lines.
DELAY_OPTIONS = (("-dlt", "1024"), ("-mcd", "0"))
#: Without this, g++ pairs the stores and the loads of neighbouring states, and waits for them.
PLAIN = ("-fno-tree-slp-vectorize",)
LARGEST = 10
#: How often a text is compiled; less where it takes over 5 seconds.
REPEATS = 5
#: Frames in which a dense dual must agree with fad's, and how nearly.
FRAMES, TOLERANCE = 12000, 1e-9


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--seconds", type=float, default=2, help="per race (default: 2)")
    parser.add_argument("--all", action="store_true", help="compile all example programs")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    console = Console()

    def wanted(paths: Sequence[Path], doing: str) -> Iterable[Path]:
        chosen = [path for path in paths if fnmatch.fnmatch(path.stem, options.filter)]
        return track(chosen, doing, console=console)

    speeds: list[Speed] = []
    denses: list[Dense] = []
    examples = [STANDARD_EXAMPLES / f"{name}.dsp" for name in PROGRAMS]
    if compiler() is None:
        console.print("no C++ compiler (g++, clang++): nothing is run")
    else:
        for path in wanted(examples, "programs"):
            speeds.append(_speed(path, options.seconds))
        plain = sorted(p for p in (HERE / "dense").glob("*.dsp") if not p.stem.endswith("_dual"))
        for path in wanted(plain, "dense duals"):
            denses.append(_dense(path, options.seconds / 2))
    pattern = f"{options.filter}.dsp"
    texts = [p for p in standard_examples() if fnmatch.fnmatch(p.name, pattern)]
    if not options.all:
        texts = list(dict.fromkeys([*examples, *_largest(texts)]))
    generations = [
        generation
        for path in wanted(texts, "compile times")
        if (generation := _generation(path)) is not None
    ]
    results = Results(speeds, denses, generations, LARGEST)
    console.print(report(results), highlight=False, markup=False, soft_wrap=True)
    if options.write:
        page(results)
    return 0


def _speed(path: Path, seconds: float) -> Speed:
    """The costs of a program's derivatives; with delay options, where it is slow."""
    dual = fad.transform(path, precision="single")
    count = len(dual.parameters)

    def codes(options: Sequence[str] = ()) -> tuple[str, str]:
        texts = path.read_text("utf-8"), dual.source
        first, second = (cpp(text, path.name, path.parent, options) for text in texts)
        return first, second

    code, dual_code = codes()
    things = [Timed(code), Timed(code, count), Timed(code, count, True), Timed(dual_code)]
    primal, one_sided, central, derivatives = race(things, seconds)
    unit = (1 + count) * primal
    variants = {}
    if derivatives / unit > 0.75:
        for options in DELAY_OPTIONS:
            pair = codes(options)
            times = race([Timed(code), *map(Timed, pair)], seconds)
            variants[" ".join(options)] = (
                times[2] / times[1] / (1 + count),
                times[2] / times[0] / (1 + count),
            )
    return Speed(
        path.stem,
        count,
        primal,
        one_sided / unit,
        central / unit,
        derivatives / unit,
        variants,
    )


def _dense(path: Path, seconds: float) -> Dense:
    """fad's dual of a program, and the dense dual of it that was written by hand."""
    written = path.with_name(f"{path.stem}_dual.dsp").read_text("utf-8")
    _compare(path, written)
    dual = fad.transform(path, precision="single")
    texts = path.read_text("utf-8"), dual.source, written
    things = [Timed(cpp(text, path.name, HERE)) for text in texts]
    primal, ours, dense = race(things, seconds)
    _, ours_plain, dense_plain = race(things, seconds, PLAIN)
    count = len(dual.parameters)
    return Dense(
        path.stem, count, ours / primal / (1 + count), dense / ours, dense_plain / ours_plain
    )


def _compare(path: Path, written: str) -> None:
    """Ends the benchmark unless a dense dual computes what fad's does."""
    source = fad.transform(path).source
    with Engine() as engine:
        count = engine.compile(source, path.name).inputs
        noise = np.random.default_rng(1).uniform(-0.9, 0.9, (count, FRAMES))
        ours, dense = (
            engine.render(text, path.name, inputs=noise, frames=FRAMES, include=[HERE])
            for text in (source, written)
        )
    error = np.abs(ours - dense).max(axis=1) / (np.abs(ours).max(axis=1) + 1e-12)
    if error.max() > TOLERANCE:
        raise SystemExit(f"{path.name}: the dense dual differs by {error.max():.1e}")


def _largest(paths: Sequence[Path]) -> list[Path]:
    """The programs with the longest expansions."""
    sizes: dict[Path, int] = {}
    for path in paths:
        try:
            sizes[path] = len(fad.expand(path, precision="single").source)
        except FadError:
            continue
    return sorted(sizes, key=lambda path: -sizes[path])[:LARGEST]


def _generation(path: Path) -> Generation | None:
    """The size of a program's dual, and how long libfaust takes for it; `None` if it refuses."""
    try:
        original = fad.expand(path, precision="single").source
        dual = fad.transform(path, precision="single")
        texts = [path.read_text("utf-8"), original, dual.source]
        times = compile_times(texts, path.name, path.parent, REPEATS)
    except (FadError, ValueError):
        return None
    sizes = _size(original), _size(dual.source)
    return Generation(path.stem, len(dual.parameters), *sizes, *times)


def _size(source: str) -> int:
    """The length of a text without its comments."""
    return sum(len(line) for line in source.splitlines(True) if not line.startswith("//"))


if __name__ == "__main__":
    sys.exit(main())
