"""Arrays of numpy, PyTorch and JAX: which library they are of, and whether they are sounds.

The three have the functions that losses are made of by the same names, in the same order of
arguments. What differs is here. Neither PyTorch nor JAX is ever imported: whoever has an array of
theirs has done that.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError

#: An array of one of the three libraries.
Array = Any
_DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Library:
    """A library of arrays.

    Attributes:
        name: what its users call it.
    """

    name: Literal["numpy", "torch", "jax"]

    @property
    def functions(self) -> Any:
        """The module that has its functions, such as `sqrt`, `concatenate` and `fft.rfft`."""
        return sys.modules["jax.numpy" if self.name == "jax" else self.name]

    def constant(self, values: NDArray[Any], like: Array) -> Array:
        """An array of numpy as one of this library.

        Args:
            values: the array.
            like: an array of this library: the result has its type and is on its device.
        """
        if self.name == "torch":
            return self.functions.as_tensor(values, dtype=like.dtype, device=like.device)
        return self.functions.asarray(values, dtype=like.dtype)

    def sound(self, given: Any, what: str) -> Array:
        """What a user gave as a sound, ready to be computed with.

        With numpy that is an array in double precision: its Fourier transform is no faster in
        single precision, and some versions of numpy do not have one.

        Args:
            given: an array of shape (..., channels, frames).
            what: what it is, for messages.

        Raises:
            FadError: it has another type, too few axes or no samples, or is not finite.
        """
        if self.name == "numpy":
            if isinstance(given, np.ma.MaskedArray):
                raise FadError(
                    f"the {what} has a mask: what is masked has no value",
                    hint="`array.filled(0)` puts zeros there",
                )
            try:
                given = np.asarray(given)
            except ValueError:
                raise FadError(f"the {what} is not an array") from None
        dtype = getattr(given.dtype, "name", str(given.dtype).removeprefix("torch."))
        if dtype not in _DTYPES:
            raise FadError(
                f"the {what} is an array of {dtype}",
                hint="losses take float32 and float64, with a full scale of 1",
            )
        if self.name == "torch" and given.layout != self.functions.strided:
            raise FadError(f"the {what} is a sparse tensor", hint="`to_dense()` makes it dense")
        shape = tuple(given.shape)
        if len(shape) < 2:
            raise FadError(
                f"the {what} has the shape {shape}, not (..., channels, frames)",
                hint="`sound[None]` makes a sound of one channel from its samples",
            )
        if 0 in shape:
            raise FadError(f"the {what} has no samples: its shape is {shape}")
        if not self._is_finite(given):
            raise FadError(f"the {what} is infinite or not a number somewhere")
        return given.astype(np.float64, copy=False) if self.name == "numpy" else given

    def _is_finite(self, array: Array) -> bool:
        """Whether an array has finite values only; yes where values are not known yet."""
        if self.name == "torch" and self.functions.compiler.is_compiling():
            return True
        try:
            return bool(self.functions.isfinite(array).all())
        except (RuntimeError, TypeError):
            # vmap of PyTorch, or a function that JAX is about to compile.
            return True


NUMPY = Library("numpy")


def is_real(value: object) -> bool:
    """Whether something is one real number, of Python or of numpy."""
    return isinstance(value, Real)


def library_of(array: Any) -> Library:
    """The library that an array is of: numpy for everything that is not of the others."""
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and isinstance(array, torch.Tensor):
        return Library("torch")
    if jax is not None and isinstance(array, jax.Array):
        return Library("jax")
    return NUMPY
