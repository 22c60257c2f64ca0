"""Times the front end on the example programs that come with Faust, against libfaust, in one run.

For each program, in a process of its own: libfaust's `expand` of the file (it reads, evaluates
and prints), and `fad.expand` of the same file with a warm parse cache (the same work); then the
whole command `fad expand`, with its memory; and, for a sample of programs, the whole command with
an empty cache. Prints medians, 95th percentiles and maxima beside their targets.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.support.places import LIBRARIES, standard_examples

#: Every how many programs the command is also timed with an empty cache.
COLD_STRIDE = 8
REPEATS = 3


@dataclass(frozen=True)
class Times:
    """What was measured for one program; seconds, and megabytes of resident memory."""

    program: str
    libfaust: float
    fad: float
    command: float
    memory: float
    cold: float | None

    @property
    def ratio(self) -> float:
        """fad's time over libfaust's."""
        return self.fad / self.libfaust


def main() -> int:
    """Runs the benchmark; 0 when all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--json", type=Path, help="write the measurements here")
    options = parser.parse_args()
    console = Console()
    programs = standard_examples(options.filter)
    measured = [
        _measure(path, cold=index % COLD_STRIDE == 0)
        for index, path in enumerate(track(programs, "timing", console=console))
    ]
    if options.json:
        options.json.write_text(json.dumps([asdict(times) for times in measured], indent=1))
    return 0 if _report(console, measured) else 1


def _measure(path: Path, cold: bool) -> Times:
    libfaust = _in_a_process(_time_libfaust, path)
    fad = _in_a_process(_time_fad, path)
    command, memory = min(_command(path, None) for _ in range(REPEATS))
    cold_time = None
    if cold:
        with tempfile.TemporaryDirectory() as empty:
            cold_time, _ = _command(path, empty)
    return Times(path.name, libfaust, fad, command, memory, cold_time)


def _in_a_process(timer: Callable[[Path], float], path: Path) -> float:
    """The seconds that a timer measures in a process of its own."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_send, args=(timer, path, there))
    process.start()
    there.close()
    seconds: float = here.recv()
    process.join()
    return seconds


def _send(timer: Callable[[Path], float], path: Path, connection: Connection) -> None:
    connection.send(timer(path))


def _time_libfaust(path: Path) -> float:
    from cyfaust.cyfaust import expand_dsp_from_file

    options = ("-double", "-I", str(path.parent), "-I", str(LIBRARIES))
    return _best(lambda: expand_dsp_from_file(str(path), *options))


def _time_fad(path: Path) -> float:
    import fad

    fad.expand(path)  # loads modules, and fills the parse cache
    return _best(lambda: fad.expand(path))


def _best(run: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if sum(times) > 2:
            break
    return min(times)


def _command(path: Path, cache: str | None) -> tuple[float, float]:
    """The time and memory of `fad expand`."""
    environment = dict(os.environ, **({"FAD_CACHE_DIR": cache} if cache else {}))
    arguments = [sys.executable, "-m", "fad", "expand", str(path), "-o", os.devnull]
    start = time.perf_counter()
    process = subprocess.Popen(arguments, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"fad expand {path} failed")
    return seconds, usage.ru_maxrss / 1024


def _report(console: Console, measured: Sequence[Times]) -> bool:
    rows = [
        ("fad / libfaust", [t.ratio for t in measured], (10, 15, None), "x"),
        ("whole command", [t.command for t in measured], (0.5, 3, 30), "s"),
        ("first run, empty cache", [t.cold for t in measured if t.cold], (3, None, 10), "s"),
        ("memory", [t.memory for t in measured], (None, None, 1500), "MB"),
    ]
    table = Table("", "median", "95th percentile", "maximum")
    passed = True
    for name, values, targets, unit in rows:
        if not values:
            continue
        cells = []
        for value, target in zip(_summary(values), targets, strict=True):
            good = target is None or value <= target
            passed = passed and good
            goal = "" if target is None else f" (at most {target})"
            cells.append(f"{'' if good else '! '}{value:.2f} {unit}{goal}")
        table.add_row(name, *cells)
    console.print(table)
    slowest = sorted(measured, key=lambda t: -t.ratio)[:5]
    console.print("highest ratios:", ", ".join(f"{t.program} {t.ratio:.1f}" for t in slowest))
    slowest = sorted(measured, key=lambda t: -t.command)[:5]
    console.print("slowest commands:", ", ".join(f"{t.program} {t.command:.2f} s" for t in slowest))
    return passed


def _summary(values: Sequence[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1]


if __name__ == "__main__":
    sys.exit(main())
