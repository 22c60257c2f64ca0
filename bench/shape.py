"""Measures the texts that fad writes of the example programs of Faust: lines, sizes, compile time.

The lines of an expansion are compared with those of its source: of the program itself, and of the
definitions of libraries that it uses. With `--before`, the largest texts are compared with those of
another checkout of fad; with `--compile`, also the time that libfaust takes to compile the duals.
Comments and empty lines never count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import fad
from fad.pipeline.front import Request, read
from tests.support.places import LIBRARIES, example_name, standard_examples

#: How many of the programs with the longest expansions are compared with another checkout.
LARGEST = 50
#: A program is compiled so many times, alternately, and the least time counts.
REPEATS = 3
_COMMENT = re.compile(r'(?P<label>"[^"]*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


@dataclass(frozen=True)
class Expansion:
    """What `fad expand` writes of a program.

    Args:
        program: its path.
        source: the lines of the program, and of the definitions of libraries that it uses.
        text: its expansion, without comments.
    """

    program: Path
    source: int
    text: str


def bare(text: str) -> str:
    """A program without comments and empty lines."""
    text = _COMMENT.sub(lambda found: found["label"] or "", text)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def lines(text: str) -> int:
    return bare(text).count("\n") + 1


def source_lines(path: Path) -> int:
    """The lines of a program, and of what it uses of the files that it imports."""
    front = read(Request(path))
    used: dict[str, tuple[str, set[int]]] = {}
    facts = front.evaluated().facts
    for span in (*facts.definitions.values(), *facts.origins.values()):
        first, last = (span.source.location(at)[0] for at in (span.start, span.end))
        _, known = used.setdefault(span.source.name, (span.source.text, set()))
        known.update(range(first, last + 1))
    count = lines(path.read_text(encoding="utf-8"))
    for name, (text, numbers) in used.items():
        if Path(name).name != path.name:
            rows = text.splitlines()
            count += lines("\n".join(rows[number - 1] for number in sorted(numbers)))
    return count


def written_by(checkout: Path, command: str, each: Expansion) -> str:
    """What a command of another checkout writes."""
    run = subprocess.run(
        [sys.executable, "-m", "fad", command, str(each.program)],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return bare(run.stdout)


def compile_times(folder: Path, programs: Sequence[str]) -> list[float] | None:
    """The processor time in which libfaust compiles programs, each in a process of its own."""
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(REPEATS):
        for known, text in zip(times, programs, strict=True):
            here, there = multiprocessing.Pipe(duplex=False)
            context = multiprocessing.get_context("fork")
            process = context.Process(target=_compile, args=(folder, text, there))
            process.start()
            there.close()
            try:
                known.append(here.recv())
            except EOFError:
                return None  # libfaust cannot compile it in memory: a foreign function
            finally:
                process.join()
    return list(map(min, times))


def _compile(folder: Path, text: str, connection: Connection) -> None:
    from cyfaust.cyfaust import create_dsp_factory_from_string

    start = time.process_time()
    options = ("-double", "-I", str(folder), "-I", str(LIBRARIES))
    if create_dsp_factory_from_string("program", text, *options) is not None:
        connection.send(time.process_time() - start)


def sizes(found: Sequence[Expansion], checkout: Path | None, compiles: bool) -> Iterable[str]:
    """What there is to say of the largest programs, and beside the texts of another checkout."""
    largest = sorted(found, key=lambda each: -len(each.text))[:LARGEST]
    duals, before_expansions, before_duals, times = [], [], [], []
    for each in largest:
        try:
            dual = bare(fad.transform(each.program).source)
        except fad.FadError:
            continue
        duals.append(len(dual) / len(each.text))
        if checkout is not None:
            before_expansions.append(len(each.text) / len(written_by(checkout, "expand", each)))
            before = written_by(checkout, "transform", each)
            before_duals.append(len(dual) / len(before))
            if compiles and (both := compile_times(each.program.parent, (before, dual))):
                times.append((both[1] / both[0], example_name(each.program)))
    yield f"the {len(duals)} largest: characters of the dual over the expansion: {_median(duals)}"
    if checkout is not None:
        yield f"characters of the expansion over those before: {_median(before_expansions)}"
        yield f"characters of the dual over those before: {_median(before_duals)}"
    if times:
        worst, name = max(times)
        middle = _median(ratio for ratio, _ in times)
        yield f"libfaust's time for the dual over that before: {middle}"
        yield f"... and at most {worst:.2f}: {name}"


def _median(values: Iterable[float]) -> str:
    return f"median {statistics.median(values):.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="compare with these texts")
    parser.add_argument("--compile", action="store_true", help="... and libfaust's time for them")
    options = parser.parse_args(arguments)
    if options.compile and options.before is None:
        parser.error("--compile needs --before")
    found = []
    for path in standard_examples(options.filter):
        each = Expansion(path, source_lines(path), bare(fad.expand(path).source))
        found.append(each)
        row = each.source, lines(each.text), len(each.text)
        print(f"{example_name(path):60}", *(f"{number:7}" for number in row), flush=True)
    ratios = (lines(each.text) / each.source for each in found)
    print(f"{len(found)} programs: lines of the expansion over the source: {_median(ratios)}")
    for line in sizes(found, options.before, options.compile):
        print(line)


if __name__ == "__main__":
    main()
