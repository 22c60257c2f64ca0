"""Times `fad transform` over the example programs of Faust: whole command, cache warm.

Every program is transformed by all its parameters, one process each and one at a time. For
libfaust's own time beside it, see `bench/front.py`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import example_name, standard_examples


@dataclass(frozen=True)
class Run:
    """One command.

    Args:
        program: the path of the program below the examples' folder.
        seconds: wall-clock time.
        memory: the largest resident size, in bytes.
        code: the exit code.
    """

    program: str
    seconds: float
    memory: int
    code: int


def run(path: Path, output: Path) -> Run:
    """Transforms one program."""
    command = [sys.executable, "-m", "fad", "transform", str(path), "-o", str(output)]
    start = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(sys.executable, command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    return Run(
        example_name(path), seconds, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)
    )


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    """Time all programs, and print the slowest ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filter", default="*", metavar="PATTERN", help="only these programs")
    options = parser.parse_args()
    paths = standard_examples(options.filter)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "dual.dsp")
        run(paths[0], output)  # fills the cache with what most programs import
        runs = [run(path, output) for path in paths]
    for each in sorted(runs, key=lambda each: -each.seconds)[:10]:
        print(f"{each.program:60} {each.seconds:6.2f} s {each.memory / 1e6:6.0f} MB")
    seconds = [each.seconds for each in runs]
    print(
        f"{len(runs)} programs, {sum(each.code == 0 for each in runs)} transformed: "
        f"median {statistics.median(seconds):.2f} s, "
        f"95th percentile {percentile(seconds, 0.95):.2f} s, maximum {max(seconds):.2f} s; "
        f"memory at most {max(each.memory for each in runs) / 1e6:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
