"""The steps from a sound to what losses compare: one definition each, and its derivative.

A step computes with arrays of any library. Its derivative is for numpy, in both directions: what
the other libraries compute, they differentiate themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.losses.arrays import NUMPY, Array, Library, is_real

#: Numbers in double precision.
Doubles = NDArray[np.float64]


class Step(ABC):
    """A function of arrays that leaves the leading axes alone."""

    @abstractmethod
    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """The step's result, and what its derivative needs to know of this application."""

    @abstractmethod
    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """The derivative of the result along directions.

        Args:
            saved: what `apply` returned with its result.
            tangents: the directions, of the shape of `x` with an axis more in front.
        """

    @abstractmethod
    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """The derivative by `x` of something whose derivative by the result is known.

        Args:
            saved: what `apply` returned with its result.
            cotangent: the derivative by the result, of its shape.
        """


class LinearStep(Step):
    """A step that is its own derivative."""

    @abstractmethod
    def map(self, x: Array, library: Library) -> Array:
        """The step's result."""

    @abstractmethod
    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """The transposed map: see `Step.pull`.

        Args:
            cotangent: the derivative by the result.
            shape: that of `x`.
        """

    def apply(self, x: Array, library: Library) -> tuple[Array, Any]:
        """See `Step.apply`."""
        return self.map(x, library), tuple(x.shape)

    def push(self, saved: Any, tangents: Doubles) -> Doubles:
        """See `Step.push`."""
        pushed: Doubles = self.map(tangents, NUMPY)
        return pushed

    def pull(self, saved: Any, cotangent: Doubles) -> Doubles:
        """See `Step.pull`."""
        return self.transposed(cotangent, saved)


@dataclass(frozen=True)
class PreEmphasis(LinearStep):
    """The filter y[n] = x[n] - coefficient x[n - 1]: high frequencies become louder.

    Attributes:
        coefficient: between -1 and 1.
    """

    coefficient: float

    def __post_init__(self) -> None:
        if not is_real(self.coefficient) or not -1 <= self.coefficient <= 1:
            raise FadError(
                f"the coefficient of a pre-emphasis is between -1 and 1, not {self.coefficient}"
            )

    def map(self, x: Array, library: Library) -> Array:
        """See `LinearStep.map`."""
        rest = x[..., 1:] - self.coefficient * x[..., :-1]
        return library.functions.concatenate([x[..., :1], rest], -1)

    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """See `LinearStep.transposed`."""
        pulled = cotangent.copy()
        pulled[..., :-1] -= self.coefficient * cotangent[..., 1:]
        return pulled


@dataclass(frozen=True)
class AWeighting(LinearStep):
    """The frequency weighting A of IEC 61672, without a phase: 1 at 1 kHz.

    The sound is padded with zeros to twice its length, so that its end does not come round to its
    start.

    Attributes:
        rate: the sample rate, in Hz.
    """

    rate: float

    def __post_init__(self) -> None:
        check_rate(self.rate)

    def map(self, x: Array, library: Library) -> Array:
        """See `LinearStep.map`."""
        fft, frames = library.functions.fft, x.shape[-1]
        padded = 1 << (2 * frames - 1).bit_length()
        gains = library.constant(_a_gains(padded, self.rate), x)
        return fft.irfft(fft.rfft(x, padded) * gains, padded)[..., :frames]

    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """See `LinearStep.transposed`."""
        # A filter without a phase has a symmetric response, and padding is transposed cutting.
        pulled: Doubles = self.map(cotangent, NUMPY)
        return pulled


@dataclass(frozen=True)
class Average(LinearStep):
    """The mean over frames: of shape (..., channels)."""

    def map(self, x: Array, library: Library) -> Array:
        """See `LinearStep.map`."""
        return x.mean(-1)

    def transposed(self, cotangent: Doubles, shape: tuple[int, ...]) -> Doubles:
        """See `LinearStep.transposed`."""
        return np.repeat(cotangent[..., None] / shape[-1], shape[-1], axis=-1)


def check_rate(rate: float) -> None:
    """Refuses what is not a sample rate."""
    if not is_real(rate) or not 0 < rate < float("inf"):
        raise FadError(f"a sample rate is a positive number of Hz, not {rate}")


@lru_cache(maxsize=8)
def _a_gains(padded: int, rate: float) -> Doubles:
    """The gains of the weighting A at the frequencies of a real Fourier transform."""

    def response(squares: Any) -> Any:
        low = (squares + 20.6**2) * np.sqrt((squares + 107.7**2) * (squares + 737.9**2))
        return 12194**2 * squares**2 / (low * (squares + 12194**2))

    gains: Doubles = response(np.fft.rfftfreq(padded, 1 / rate) ** 2) / response(1000.0**2)
    return gains
