"""Losses between sounds, for arrays of numpy, PyTorch and JAX."""

from fad.losses.bound import BoundLoss
from fad.losses.catalogue import dc, envelope, esr, l1, l2, mel, mss, transport
from fad.losses.loss import Loss

__all__ = [
    "BoundLoss",
    "Loss",
    "dc",
    "envelope",
    "esr",
    "l1",
    "l2",
    "mel",
    "mss",
    "transport",
]
