"""Losses and what they are, for all tests of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fad.losses import Loss, dc, envelope, esr, l1, l2, mel, mss, transport
from tests.losses import definitions as plain
from tests.losses.definitions import Definition
from tests.support import pages
from tests.support.places import ROOT

_ROOTS = mss((16, 8), linear=0, log=0, sqrt=1, squared=True)
_PLAIN_ROOTS = plain.mss((16, 8), 0, 0, 1, squared=True)


def _sum(estimate: plain.Sound, target: plain.Sound) -> object:
    spectral, ratio = plain.mss((16,), 1, 1, 0), plain.esr(estimate, target)
    return 2 * spectral(estimate, target) + 3 * ratio + plain.dc(estimate, target)


#: Name -> a loss, and its definition. One of the windows is longer than the sounds.
LOSSES: Mapping[str, tuple[Loss, Definition]] = MappingProxyType(
    {
        "l1": (l1(), plain.l1),
        "l2": (l2(), plain.l2),
        "esr": (esr(), plain.esr),
        "dc": (dc(), plain.dc),
        "mss": (mss((64, 16, 8)), plain.mss((64, 16, 8), 1, 1, 0)),
        "mss, weighted": (
            mss((16, 8), linear=0.5, log=0.25, sqrt=2, floor=1e-2),
            plain.mss((16, 8), 0.5, 0.25, 2, floor=1e-2),
        ),
        "mss, squared": (
            mss((16,), sqrt=2, squared=True),
            plain.mss((16,), 1, 1, 2, squared=True),
        ),
        "roots": (_ROOTS, _PLAIN_ROOTS),
        "mel": (
            mel(8000, 4, (32, 16), linear=1, sqrt=1),
            plain.mel(8000, 4, (32, 16), 1, 1, 1),
        ),
        "mel, many bands": (mel(8000, 11, (64,)), plain.mel(8000, 11, (64,), 0, 1, 0)),
        "envelope": (envelope(16), plain.envelope(16)),
        "envelope, squared": (envelope(64, squared=True), plain.envelope(64, squared=True)),
        "transport": (transport((16,)), plain.transport(16)),
        "transport, short": (transport((64,)), plain.transport(64)),
        "l1, pre-emphasised": (l1().pre_emphasised(0.85), plain.pre_emphasised(plain.l1, 0.85)),
        "esr, A-weighted": (esr().a_weighted(8000), plain.a_weighted(plain.esr, 8000)),
        "roots, both": (
            _ROOTS.a_weighted(48000).pre_emphasised(),
            plain.pre_emphasised(plain.a_weighted(_PLAIN_ROOTS, 48000), 0.95),
        ),
        "a sum": (2 * mss((16,)) + esr() * 3 + dc(), _sum),
    }
)
#: Those that are sums of squares.
SQUARED = [name for name, (loss, _) in LOSSES.items() if all(term.squared for term in loss.terms)]


def sounds(*shape: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An estimate and a target: noise of the same shape, by default (2, 37)."""
    noise = np.random.default_rng(seed).uniform(-1, 1, (2, *(shape or (2, 37))))
    return noise[0], noise[1]


def example(beginning: str) -> str:
    """The example of docs/losses.md that begins like this, for a library that not everyone has."""
    return pages.example(ROOT / "docs" / "losses.md", beginning)
