"""Types of arrays, for annotations."""

from . import ndarray as NDArray

__all__ = ["NDArray"]
