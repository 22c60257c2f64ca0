"""Losses as values: weighted distances between what some steps make of two sounds.

A loss is data: its terms. So sums and multiples of losses are losses, too, and terms that begin
with the same steps share them: a Fourier transform is computed once for all levels of its powers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

from numpy.typing import ArrayLike, NDArray

from fad.base.errors import FadError
from fad.losses.arrays import Array
from fad.losses.bound import BoundLoss, Term, bound
from fad.losses.steps import AWeighting, Doubles, PreEmphasis, Step


@dataclass(frozen=True)
class Loss:
    """A loss between an estimate and a target, both sounds of shape (..., channels, frames).

    An item is one sound of shape (channels, frames). The loss of several items is the mean of
    theirs. `loss + loss` and `number * loss` are losses.

    Attributes:
        terms: what is added.
    """

    terms: tuple[Term, ...]
    #: Numbers of numpy leave it to the loss to multiply them.
    __array_ufunc__: ClassVar[None] = None

    def __post_init__(self) -> None:
        if not self.terms:
            raise FadError("a loss has at least one weight that is not zero")

    def __add__(self, other: Loss) -> Loss:
        if not isinstance(other, Loss):
            return NotImplemented
        return Loss(self.terms + other.terms)

    def __mul__(self, factor: float) -> Loss:
        if not isinstance(factor, Real):
            return NotImplemented
        return Loss(tuple(replace(term, weight=float(factor) * term.weight) for term in self.terms))

    __rmul__ = __mul__

    @property
    def has_residuals(self) -> bool:
        """Whether it is a sum of squares, which `residuals` tells."""
        return all(term.squared for term in self.terms)

    def pre_emphasised(self, coefficient: float = 0.95) -> Loss:
        """The same loss of both sounds through the filter y[n] = x[n] - coefficient x[n - 1].

        Args:
            coefficient: between -1 and 1.
        """
        return self._after(PreEmphasis(coefficient))

    def a_weighted(self, rate: float) -> Loss:
        """The same loss of both sounds with the frequency weighting A of IEC 61672.

        Args:
            rate: the sample rate, in Hz.
        """
        return self._after(AWeighting(rate))

    def to(self, target: Array) -> BoundLoss:
        """The loss to one target: what the steps make of it is computed once.

        Args:
            target: of shape (..., channels, frames), single or double precision.

        Raises:
            FadError: the target has another shape or type, or is not finite.
        """
        return bound(self.terms, target)

    def __call__(self, estimate: Array, target: Array, *, batched: bool = False) -> Any:
        """The loss.

        Args:
            estimate, target: arrays of one library, of the same shape (..., channels, frames). The
                estimate may have leading axes that the target has not.
            batched: whether to return the loss of each item, of shape (...), and not their mean.

        Returns:
            A number of the library that the arrays are of.

        Raises:
            FadError: the arrays are not of one library, their shapes do not match, they have no
                samples, are not of single or double precision, or not finite.
        """
        return self.to(target)(estimate, batched=batched)

    def value_and_gradient(
        self, estimate: ArrayLike, target: ArrayLike, *, batched: bool = False
    ) -> tuple[Any, NDArray[Any]]:
        """The loss, and its derivative by the estimate: see `BoundLoss.value_and_gradient`."""
        return self.to(target).value_and_gradient(estimate, batched=batched)

    def residuals(self, estimate: ArrayLike, target: ArrayLike) -> Doubles:
        """Numbers whose squared sum is the loss: see `BoundLoss.residuals`."""
        return self.to(target).residuals(estimate)

    def residuals_and_jacobian_product(
        self, estimate: ArrayLike, target: ArrayLike, lanes: ArrayLike
    ) -> tuple[Doubles, Doubles]:
        """The residuals and their derivatives: see `BoundLoss.residuals_and_jacobian_product`."""
        return self.to(target).residuals_and_jacobian_product(estimate, lanes)

    def _after(self, step: Step) -> Loss:
        return Loss(
            tuple(
                replace(
                    term,
                    steps=(step, *term.steps),
                    relative_to=None if term.relative_to is None else (step, *term.relative_to),
                )
                for term in self.terms
            )
        )
