"""Programs as layers of PyTorch."""

from fad.torch.layer import Layer

__all__ = ["Layer"]
