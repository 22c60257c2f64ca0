"""Times calls from Python: what a model takes beside the program's own loop in C++.

All that is compared runs alternately in one process, and the least of many times counts. A program
on its own is a call of the library that runs so many pieces of the signal in one loop. A thousand
short calls are timed together, against a thousand pieces: a single one would meet the caches as the
loop in C++ has left them, with nothing of Python in them.

A call begins at the program's start, and the loop goes on, which leaves something out: where there
are long delay lines, to clear them takes as long as to compute 64 samples. So short calls are also
compared with a loop in C++ that puts the program to its start before each piece, as libfaust's C++
does that (`instanceClear`).
"""

from __future__ import annotations

import argparse
import ctypes
import fnmatch
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from bench.driver import cpp
from bench.page import PAGE, columns, rewrite_part, table
from fad.model.loading import load
from fad.model.model import Model
from fad.model.pullbacks import ByReverse
from fad.model.threads import Threads
from fad.model.units import NativeUnit
from fad.runtime.compiler import find_compiler
from fad.runtime.library import OPTIONS, SOURCE
from fad.runtime.native import INTERFACE, LAYOUT, executable, workplace
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
#: Calls of a layer one after the other.
CALLS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--seconds", type=float, default=1, help="per race (default: 1)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    console = Console()
    rows = [
        (name.split("/")[-1], *_row(f"{name}.dsp", options.seconds))
        for name in track(PROGRAMS, "programs", console=console)
        if fnmatch.fnmatch(name.split("/")[-1], options.filter)
    ]
    rows.append(_TARGETS)
    console.print("\n".join(columns(_HEADS, rows)), highlight=False, markup=False, soft_wrap=True)
    if options.write:
        lines = [*_INTRODUCTION.strip().splitlines(), "", *table(_HEADS, rows)]
        rewrite_part(PAGE, _TITLE, lines)
    return 0


_HEADS = (
    *("program", "1 s", "64 samples", "from start", "by a layer", "and back"),
    *("jacobian", "vjp", "two threads"),
)
_TARGETS = "(target)", "1.05", "+5.0 us", "", "+25.0 us", "", "1.1", "1.1", "1.80"
_TITLE = "Calls from Python"
_INTRODUCTION = """
`make bench-python` measures this, and `bench/python.py --write` writes this part of the page: what
calls of a model take beside loops of the same native code in C++, at 48 kHz in single precision.

- *1 s*: a call with one second of noise, in runs of the loop.
- *64 samples*: what a call takes longer than 64 samples in a loop that goes on. A call begins at
  the program's start, though: *from start* is the same beside a loop that puts the program to its
  start before each 64 samples, as libfaust's C++ does that. Long delay lines take time to clear.
- *by a layer*: a call of `fad.torch.Layer` without derivatives, beside the loop that goes on.
- *and back*: what a call takes in all, with the derivative by a parameter.
- *jacobian* and *vjp*: with one second, in runs of the loops of the dual, and of the programs of
  reverse mode.
- *two threads*: how many times faster a batch of 16 items is than on one.
"""


def _row(name: str, seconds: float) -> list[str]:
    model = load(STANDARD_EXAMPLES / name, rate=RATE, backend="native", mode="reverse")
    random = np.random.default_rng(1)
    whole = random.uniform(-1, 1, (model.inputs, LONG)).astype(model.dtype)
    call, bare = race([lambda: model(whole), _loop(model, "primal", whole, LONG)], seconds)
    long = call / bare
    piece = np.ascontiguousarray(whole[:, :SHORT])
    many = np.tile(piece, PIECES)

    def calls() -> None:
        for _ in range(PIECES):
            model(piece)

    things = [calls, _loop(model, "primal", many, SHORT), _restarting_loop(name, model, many)]
    short, on, again = (least / PIECES for least in race(things, seconds))
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
        *(f"{1e6 * (short - loop):+.1f} us" for loop in (on, again)),
        *_layer(name, many, seconds),
        f"{jacobian:.3f}",
        f"{call / bare:.3f}",
        f"{alone / together:.2f}",
    ]


def _layer(name: str, many: np.ndarray, seconds: float) -> tuple[str, str]:
    """What a layer takes for a short signal: more than its loop, and in all with derivatives."""
    if find_spec("torch") is None:
        return "no PyTorch", ""
    import torch

    from fad.torch import Layer

    layer = Layer(STANDARD_EXAMPLES / name, rate=RATE, backend="native")
    model = layer.model(torch.float32)
    piece = torch.from_numpy(many[:, :SHORT].copy())
    first = next(each for each in model.variables if each.path in model.compiled.primal.controls)
    value = torch.tensor(first.init, dtype=torch.float64, requires_grad=True)

    def play() -> None:
        with torch.no_grad():
            for _ in range(CALLS):
                layer(piece, {first.path: first.init})

    def there_and_back() -> None:
        for _ in range(CALLS):
            layer(piece, {first.path: value}).sum().backward()

    there_and_back()
    loop = _loop(model, "primal", many, SHORT)
    call, learn, bare = race([play, there_and_back, loop], seconds)
    return f"{1e6 * (call / CALLS - bare / PIECES):+.1f} us", f"{1e6 * learn / CALLS:.0f} us"


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


_RESTARTING = """
#include "library.cpp"

EXPORTED void bench_restarting(int64_t rate, int64_t pieces, FAUSTFLOAT* inputs,
                               FAUSTFLOAT* outputs) {
    static mydsp* const voice = fad_voice(rate, nullptr);
    const int64_t frames = pieces * SHORT;
    const int ins = voice->getNumInputs(), outs = voice->getNumOutputs();
    std::vector<FAUSTFLOAT*> from(ins + 1), to(outs + 1);
    NoDenormals guard;
    for (int64_t start = 0; start < frames; start += SHORT) {
        voice->instanceClear();
        for (int i = 0; i < ins; i++) from[i] = inputs + i * frames + start;
        for (int i = 0; i < outs; i++) to[i] = outputs + i * frames + start;
        voice->compute(SHORT, from.data(), to.data());
    }
}
"""


def _restarting_loop(name: str, model: Model, sound: np.ndarray) -> Callable[[], None]:
    """The loop in C++ over pieces of a signal, at the start of the program each time."""
    path = STANDARD_EXAMPLES / name
    compiler = find_compiler()
    assert compiler
    files = {
        "bench.cpp": _RESTARTING,
        "library.cpp": SOURCE.read_text("utf-8"),
        "interface.hpp": INTERFACE.read_text("utf-8"),
        "program.hpp": cpp(path.read_text("utf-8"), path.name, path.parent, LAYOUT),
    }
    options = [*OPTIONS, "-DFAUSTFLOAT=float", f"-DSHORT={SHORT}"]
    function = executable(compiler, options, files, (), _restarting)
    lanes = np.empty((model.outputs, sound.shape[1]), model.dtype)
    addresses = (ctypes.c_void_p(each.ctypes.data) for each in (sound, lanes))
    arguments = ctypes.c_int64(RATE), ctypes.c_int64(PIECES), *addresses
    # The arrays stay alive with the function.
    return lambda: (function(*arguments), sound, lanes)[0]


def _restarting(data: bytes) -> Any:
    """The function of a library, from the bytes of its file."""
    with workplace({"bench.so": data}) as home:
        return ctypes.CDLL(str(home / "bench.so")).bench_restarting


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
