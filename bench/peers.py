"""Times derivatives in Python against what else computes them, in one process.

The derivatives of sum(weights*outputs) by all parameters, forward and backward, for one second of
noise in a batch of 8 items, in single precision, each item with parameters of its own: by
`fad.torch.Layer` and by others, on as many threads as each of them takes. All run in turn, and the
least time of each counts. Before that, outputs and gradients are compared with those of the layer.
Loops of PyTorch run on a fiftieth of a second, which is counted fifty times.

What is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import fad
from bench import faust_jax
from bench.page import PAGE, columns, rewrite_part, table
from bench.python import race
from tests.support.places import ROOT

PROGRAMS = ROOT / "bench" / "effects"
RATE, ITEMS, FRAMES = 48000, 8, 48000
#: How much outputs and gradients may differ, relative to their largest values: what is computed in
#: single precision by another formula differs so much.
OUTPUTS, GRADIENTS = 1e-3, 1e-2

Array = NDArray[np.float32]
#: (signals, values, weights) -> outputs and gradient; signals of shape (items, 1, frames), values
#: (items,).
Gradient = Callable[[Array, Mapping[str, Array], Array], tuple[Array, Mapping[str, Array]]]


class MissingError(Exception):
    """Something is not installed; the message says what."""


@dataclass(frozen=True)
class Peer:
    """Another way to compute a program's derivatives.

    Attributes:
        name: what it is called.
        make: gives what computes them.
        part: it runs on one of so many parts of the signals, which is counted so many times.
    """

    name: str
    make: Callable[[], Gradient]
    part: int = 1


@dataclass(frozen=True)
class Case:
    """A program, and what else computes its derivatives.

    Attributes:
        name: of its file in `bench/effects`.
        values: the parameters of the items.
        peers: the others.
        target: how much longer the fastest of them should take.
    """

    name: str
    values: Callable[[np.random.Generator], Mapping[str, NDArray[Any]]]
    peers: Sequence[Peer]
    target: float


@dataclass(frozen=True)
class Result:
    """What somebody takes for a program.

    Attributes:
        program, peer: their names.
        seconds: for all items.
        ratio: that over what fad takes.
        outputs, gradients: how far they are from fad's, relative to their largest values.
    """

    program: str
    peer: str
    seconds: float
    ratio: float
    outputs: float
    gradients: float

    @property
    def agrees(self) -> bool:
        """Whether it computes the same."""
        return self.outputs <= OUTPUTS and self.gradients <= GRADIENTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*", help="only programs whose name matches")
    parser.add_argument("--seconds", type=float, default=10, help="per program (default: 10)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        _module("torch")
    except MissingError as error:
        console.print(f"nothing is timed: {error}")
        return 0
    results: list[Result] = []
    missing: dict[str, str] = {}
    for case in _cases():
        if fnmatch.fnmatch(case.name, options.filter):
            results += _results(case, options.seconds, missing)
    lines = ["\n".join(columns(_HEADS, map(_row, results))), *summary(results)]
    lines += [f"{name} is not timed: {why}" for name, why in missing.items()]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    if options.write:
        write(results)
    return 0


def _results(case: Case, seconds: float, missing: dict[str, str]) -> Iterator[Result]:
    """What everybody takes for a program; who is not there, and why, goes into `missing`."""
    random = np.random.default_rng(1)
    values = {name: each.astype(np.float32) for name, each in case.values(random).items()}
    sounds, weights = (
        random.uniform(-0.5, 0.5, (ITEMS, 1, FRAMES)).astype(np.float32) for _ in range(2)
    )
    ours = _by_layer(case)
    runs: list[Callable[[], object]] = [partial(ours, sounds, values, weights)]
    found: list[tuple[Peer, float, float]] = []
    for peer in case.peers:
        try:
            gradient = peer.make()
        except MissingError as error:
            missing[peer.name] = str(error)
            continue
        heard, weighed = (
            np.ascontiguousarray(each[..., : FRAMES // peer.part]) for each in (sounds, weights)
        )
        expected, got = (each(heard, values, weighed) for each in (ours, gradient))
        gradients = max(_distance(got[1][name], expected[1][name]) for name in values)
        found.append((peer, _distance(got[0], expected[0]), gradients))
        runs.append(partial(gradient, heard, values, weighed))
    own, *times = race(runs, seconds)
    yield Result(case.name, "fad", own, 1, 0, 0)
    for (peer, outputs, gradients), time in zip(found, times, strict=True):
        whole = time * peer.part
        yield Result(case.name, peer.name, whole, whole / own, outputs, gradients)


def _distance(some: NDArray[Any], others: NDArray[Any]) -> float:
    return float(np.max(np.abs(some - others)) / np.max(np.abs(others)))


def _module(name: str) -> Any:
    """A module, which may not be there."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise MissingError(str(error).splitlines()[0]) from None


def _by_torch(function: Callable[..., Any]) -> Gradient:
    """The derivatives of a function of tensors: the signals, and the values by name."""
    torch = _module("torch")

    def gradient(
        sounds: Array, values: Mapping[str, Array], weights: Array
    ) -> tuple[Array, Mapping[str, Array]]:
        given = {name: torch.tensor(each, requires_grad=True) for name, each in values.items()}
        outputs = function(torch.from_numpy(sounds), **given)
        outputs.backward(torch.from_numpy(weights))
        return outputs.detach().numpy(), {name: each.grad.numpy() for name, each in given.items()}

    return gradient


def _by_layer(case: Case) -> Gradient:
    from fad.torch import Layer

    return _by_torch(Layer(PROGRAMS / f"{case.name}.dsp", rate=RATE))


def _loop(name: str) -> Peer:
    """The program as a loop of PyTorch."""

    def make() -> Gradient:
        effect = getattr(importlib.import_module("bench.loops"), name)
        return _by_torch(lambda x, **values: effect(x[:, 0], RATE, **values)[:, None])

    return Peer("PyTorch loop", make, 50)


def _jax(name: str, items: Literal["vmap", "map"]) -> Peer:
    """The program by Faust's backend for JAX. It is handed over without libraries, whose versions
    differ."""

    def make() -> Gradient:
        if why := faust_jax.missing():
            raise MissingError(why)
        text = fad.expand(PROGRAMS / f"{name}.dsp").source
        return faust_jax.gradient(text, RATE, items)

    return Peer(f"Faust's JAX backend, {items}", make)


def _torchaudio() -> Gradient:
    """`lfilter`; the numerator is as long as the denominator."""
    functional = _module("torchaudio.functional")
    torch = _module("torch")

    def filtered(x: Any, **values: Any) -> Any:
        a = [torch.ones(len(x)), *(each for name, each in values.items() if name[0] == "a")]
        b = [each for name, each in values.items() if name[0] == "b"] or [torch.ones(len(x))]
        b += [torch.zeros(len(x))] * (len(a) - len(b))
        y = functional.lfilter(x[:, 0], torch.stack(a, 1), torch.stack(b, 1), clamp=False)
        return y[:, None]

    return _by_torch(filtered)


def _torchlpc() -> Gradient:
    """`sample_wise_lpc`, which has coefficients for each sample; the numerator comes before."""
    torchlpc, torch = _module("torchlpc"), _module("torch")

    def filtered(x: Any, **values: Any) -> Any:
        x = x[:, 0]
        if "b0" in values:
            late = torch.nn.functional.pad(x, (2, 0))
            parts = (
                values[f"b{k}"][:, None] * late[:, 2 - k : late.shape[1] - k] for k in range(3)
            )
            x = sum(parts)
        a = torch.stack([each for name, each in values.items() if name[0] == "a"], 1)
        return torchlpc.sample_wise_lpc(x, a[:, None].expand(-1, x.shape[1], -1))[:, None]

    return _by_torch(filtered)


def _dasp() -> Gradient:
    """The equaliser of dasp-pytorch, by its frequency response."""
    functional = _module("dasp_pytorch.functional")

    def equalised(x: Any, **values: Any) -> Any:
        order = (f"{kind}{n}" for n in range(6) for kind in ("gain", "frequency", "q"))
        return functional.parametric_eq(x, RATE, *(values[name] for name in order))

    return _by_torch(equalised)


def _filters() -> tuple[Peer, ...]:
    return Peer("torchaudio", _torchaudio), Peer("torchlpc", _torchlpc)


def _cases() -> tuple[Case, ...]:
    return (
        Case("biquad", _biquad, _filters(), 1.5),
        Case("allpole", _allpole, _filters(), 1.5),
        *(
            Case(name, values, (_jax(name, "vmap"), _jax(name, "map"), _loop(name)), 50)
            for name, values in (("compressor", _compressor), ("phaser", _phaser), ("moog", _moog))
        ),
        Case("equaliser", _equaliser, [Peer("dasp-pytorch", _dasp)], 1.5),
    )


def _poles(random: np.random.Generator, pairs: int, largest: float) -> NDArray[np.float64]:
    """The coefficients of all-pole filters without the first one, of shape (2 pairs, items)."""
    radius = random.uniform(0.3, largest, (ITEMS, pairs))
    half = radius * np.exp(1j * random.uniform(0.1, 3, (ITEMS, pairs)))
    return np.array([np.poly([*each, *each.conj()]).real[1:] for each in half]).T


def _biquad(random: np.random.Generator) -> Mapping[str, NDArray[Any]]:
    zeros = random.uniform(-1, 1, (3, ITEMS))
    return {f"b{k}": each for k, each in enumerate(zeros)} | {
        f"a{k + 1}": each for k, each in enumerate(_poles(random, 1, 0.95))
    }


def _allpole(random: np.random.Generator) -> Mapping[str, NDArray[Any]]:
    return {f"a{k}": each for k, each in enumerate(_poles(random, 10, 0.9))}


def _within(**ranges: tuple[float, float]) -> Callable[..., Mapping[str, NDArray[Any]]]:
    """Values in some ranges."""
    return lambda random: {
        name: random.uniform(low, high, ITEMS) for name, (low, high) in ranges.items()
    }


_compressor = _within(ratio=(2, 8), threshold=(-40, -15), attack=(0.002, 0.02), release=(0.05, 0.3))
_phaser = _within(
    width=(500, 2000), lowest=(50, 200), ratio=(1.3, 1.7), highest=(600, 1200), feedback=(0, 0.6)
)
_moog = _within(resonance=(0.2, 0.8), cutoff=(300, 2000))


def _equaliser(random: np.random.Generator) -> Mapping[str, NDArray[Any]]:
    middles = 100, 300, 800, 2000, 5000, 10000
    return {
        f"{kind}{n}": each
        for n, middle in enumerate(middles)
        for kind, each in (
            ("gain", random.uniform(-12, 12, ITEMS)),
            ("frequency", middle * random.uniform(0.8, 1.2, ITEMS)),
            ("q", random.uniform(0.5, 2, ITEMS)),
        )
    }


_HEADS = ("program", "by", "ms", "over fad's", "outputs differ by", "gradients differ by")


def _row(each: Result) -> tuple[str, ...]:
    ratio = "" if each.peer == "fad" else f"{each.ratio:.1f}"
    apart = [f"{far:.0e}" if ratio else "" for far in (each.outputs, each.gradients)]
    return each.program, each.peer, f"{1e3 * each.seconds:.1f}", ratio, *apart


def summary(results: Sequence[Result]) -> Iterator[str]:
    """The ratios beside their targets, and what does not count."""
    for case in _cases():
        others = [each for each in results if each.program == case.name and each.peer != "fad"]
        counted = [each for each in others if each.agrees]
        if counted:
            best = min(counted, key=lambda each: each.ratio)
            falls_short = "" if best.ratio >= case.target else ": falls short"
            yield (
                f"{case.name}: {best.ratio:.1f} times as fast as {best.peer} "
                f"(at least {case.target:g}){falls_short}"
            )
        for each in others:
            if not each.agrees:
                yield f"{case.name}: {each.peer} computes something else, and does not count"


_TITLE = "In Python, against others"
_INTRODUCTION = """
`make bench-peers` measures this, and `bench/peers.py --write` writes this part of the page: the
time for the derivatives of sum(weights*outputs) by all parameters, forward and backward, of one
second of noise at 48 kHz in a batch of 8 items that have their own parameters, in single precision;
by `fad.torch.Layer`, and by others that compute the same. Outputs and gradients are compared before
that; how far they are apart is told relative to their largest values. All run in one process in
turn, on as many threads as each of them takes, and the least time counts. The loops of PyTorch are
written as one writes them without a compiler (`bench/loops.py`), and run on 960 samples, which are
counted fifty times. The programs are in `bench/effects`.
"""
_REMARKS = """
- torchaudio: `lfilter`. Its wheels look for the libraries of CUDA, even where it runs on the
  processor; on a machine without them, empty libraries of these names do.
- torchlpc: `sample_wise_lpc`, which has coefficients for each sample.
- dasp-pytorch: `parametric_eq`, which computes by frequency responses.
- Faust's JAX backend: what `faust -lang jax` writes (2.54) of the expanded program, in
  `jax.lax.scan`, compiled by `jax.jit`; the items side by side (`jax.vmap`), or one after the other
  (`jax.lax.map`). One after the other, the loop over a small state becomes native code as well.
"""


def write(results: Sequence[Result]) -> None:
    """Writes the part of the page on peers; the rest of the page stays."""
    lines = [*_INTRODUCTION.strip().splitlines(), "", *(f"- {line}" for line in summary(results))]
    lines += ["", *table(_HEADS, map(_row, results)), "", *_REMARKS.strip().splitlines()]
    rewrite_part(PAGE, _TITLE, lines)


if __name__ == "__main__":
    sys.exit(main())
