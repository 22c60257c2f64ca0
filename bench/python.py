"""Times calls from Python: what a model takes beside the program's own loop in C++.

All that is compared runs alternately in one process, and the least of many times counts. A program
on its own is a call of the library that runs so many pieces of the signal in one loop.
"""

from __future__ import annotations

import argparse
import fnmatch
import time
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from fad.model.model import Model, load
from fad.model.pullbacks import ByReverse
from fad.model.threads import Threads
from fad.model.units import NativeUnit
from tests.support.places import STANDARD_EXAMPLES

PROGRAMS = (
    "filtering/moogVCF",
    "filtering/parametricEqualizer",
    "dynamic/compressor",
    "phasing/phaser",
    "reverb/freeverb",
)
RATE, SHORT, LONG, ITEMS = 48000, 64, 48000, 16
#: Pieces of a short signal in one call of the loop in C++.
PIECES = 1000


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--seconds", type=float, default=1, help="per race (default: 1)")
    options = parser.parse_args()
    console = Console()
    table = Table("program", "1 s", "64 samples", "jacobian", "vjp", "two threads")
    table.add_row("(target)", "1.05", "+5 us", "1.1", "1.1", "1.8 times faster", style="dim")
    for name in PROGRAMS:
        if fnmatch.fnmatch(name.split("/")[-1], options.filter):
            row = _row(f"{name}.dsp", options.seconds)
            table.add_row(name.split("/")[-1], *row)
    console.print(table)
    return 0


def _row(name: str, seconds: float) -> list[str]:
    model = load(STANDARD_EXAMPLES / name, rate=RATE, backend="native", mode="reverse")
    random = np.random.default_rng(1)
    whole = random.uniform(-1, 1, (model.inputs, LONG)).astype(model.dtype)
    call, bare = race([lambda: model(whole), _loop(model, "primal", whole, LONG)], seconds)
    long = call / bare
    piece = np.ascontiguousarray(whole[:, :SHORT])
    many = np.tile(piece, PIECES)
    call, bare = race([lambda: model(piece), _loop(model, "primal", many, SHORT)], seconds)
    short = call - bare / PIECES
    call, bare = race([lambda: model.jacobian(whole), _loop(model, "dual", whole, LONG)], seconds)
    jacobian = call / bare

    def there_and_back() -> None:
        y, pullback = model.vjp(whole)
        pullback(y)

    call, bare = race([there_and_back, _reverse_loop(model, whole)], seconds)
    batch = random.uniform(-1, 1, (ITEMS, model.inputs, LONG)).astype(model.dtype)
    one, two = (
        load(STANDARD_EXAMPLES / name, rate=RATE, backend="native", threads=threads)
        for threads in (1, 2)
    )
    alone, together = race([lambda: one(batch), lambda: two(batch)], seconds)
    return [
        f"{long:.3f}",
        f"+{1e6 * short:.1f} us",
        f"{jacobian:.3f}",
        f"{call / bare:.3f}",
        f"{alone / together:.2f}",
    ]


def race(things: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """The least time that each of some things takes, in seconds, run in turn."""
    least = [float("inf")] * len(things)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for number, thing in enumerate(things):
            start = time.perf_counter()
            thing()
            least[number] = min(least[number], time.perf_counter() - start)
    return least


def _loop(model: Model, which: str, sound: np.ndarray, block: int) -> Callable[[], None]:
    """The loop in C++ over a signal, in pieces of some length."""
    unit = getattr(model.compiled, which)
    assert isinstance(unit, NativeUnit)
    voice = unit.start()
    lanes = np.empty((unit.outputs, sound.shape[1]), unit.dtype)
    return lambda: voice.run(sound, lanes, block=block)


def _reverse_loop(model: Model, sound: np.ndarray) -> Callable[[], None]:
    """The programs of reverse mode, one after the other."""
    way = model.compiled.way_back(False, "reverse", Threads(1))
    assert isinstance(way, ByReverse)
    reverse = way.reverse
    forward, adjoint, control = reverse.forward, reverse.adjoint, reverse.control
    assert isinstance(forward, NativeUnit) and isinstance(adjoint, NativeUnit)
    assert isinstance(control, NativeUnit)
    frames = sound.shape[1]
    lanes = np.empty((forward.outputs, frames), forward.dtype)
    sums = np.zeros((len(reverse.programs.coefficients), 1))
    rest = np.empty((0, frames), adjoint.dtype)
    found = np.empty((len(reverse.programs.parameters), 1))
    voices = forward.start(), adjoint.start(), control.start()

    def run() -> None:
        voices[0].run(sound, lanes)
        voices[1].run_back(
            lanes[: reverse.outputs], lanes[reverse.outputs :], sums, rest, block=frames
        )
        voices[2].run(sums, found, block=1)

    return run


if __name__ == "__main__":
    raise SystemExit(main())
