"""Losses to a target that is known: their terms, their values, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fad.base.errors import FadError
from fad.losses.arrays import NUMPY, Array, Library, is_real, library_of
from fad.losses.spectra import OVERLAP, Windows
from fad.losses.steps import Doubles, Step

#: Steps, one after the other.
Steps = tuple[Step, ...]
#: A target whose mean square is smaller counts as one of this mean square: -100 dB.
_WEAKEST = 1e-10
#: How many samples of windows numpy computes with at a time: they stay in the processor's cache,
#: and the memory is used again for the next ones.
_TOGETHER = 1 << 15


@dataclass(frozen=True)
class Term:
    """A distance between what some steps make of an estimate and of a target.

    Attributes:
        weight: what the distance is multiplied by.
        steps: the steps.
        squared: whether it is the mean square of the differences; otherwise it is the mean of
            their absolute values.
        relative_to: where there are such steps, the distance is divided by the mean square of what
            they make of the target.
    """

    weight: float
    steps: Steps
    squared: bool
    relative_to: Steps | None = None

    def __post_init__(self) -> None:
        if not is_real(self.weight) or not 0 <= self.weight < math.inf:
            raise FadError(f"the weight of a loss is zero or a positive number, not {self.weight}")


@dataclass(frozen=True, eq=False)
class _Distance:
    """A term to a target.

    Attributes:
        squared: see `Term`.
        whole: the first steps, which are made of the whole sound.
        local: the others, which are made of some windows at a time.
        wanted: what all steps make of the target.
        weight: what the sum of the differences is multiplied by: a number, or one for each item of
            the target.
    """

    squared: bool
    whole: Steps
    local: Steps
    wanted: Array
    weight: Any

    def weight_of(self, difference: Array) -> Any:
        """The weight, with as many axes as go with the differences."""
        axes = getattr(self.weight, "ndim", 0)
        if not axes:
            return self.weight
        return self.weight.reshape((*self.weight.shape, *(1,) * (self.wanted.ndim - axes)))


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some windows of an estimate, or all of it, and how far they are from the target.

    Attributes:
        start: the steps that have been made of the whole estimate.
        frames: which samples of their result the piece is.
        distances: the terms that begin with these steps.
        differences: for each of them, estimate less target.
        made, saved: what the terms' other steps make of the piece, and what their derivatives need.
    """

    start: Steps
    frames: slice
    distances: list[_Distance]
    differences: list[Array]
    made: Mapping[Steps, Array]
    saved: Mapping[Steps, Any]

    @property
    def parts(self) -> Iterator[tuple[_Distance, Array]]:
        """The terms, each with its differences."""
        return zip(self.distances, self.differences, strict=True)


@dataclass(frozen=True, eq=False)
class BoundLoss:
    """A loss to one target; `Loss.to` makes it.

    Attributes:
        library: the library that the target is of.
        shape: that of the target: (..., channels, frames).
    """

    library: Library
    shape: tuple[int, ...]
    _distances: tuple[_Distance, ...] = field(repr=False)

    def __call__(self, estimate: Array, *, batched: bool = False) -> Any:
        """The loss of an estimate: see `Loss.__call__`."""
        sound = self._sound(estimate)
        wholes = made_of(sound, self._starts, self.library)
        each = sum(_sizes(piece, sound) for piece in self._pieces(wholes))
        return each if batched else each.mean()

    def value_and_gradient(
        self, estimate: ArrayLike, *, batched: bool = False
    ) -> tuple[Any, NDArray[Any]]:
        """The loss of an estimate, and its derivative by it.

        Args:
            estimate: an array of numpy, see `Loss.__call__`.
            batched: whether to return the loss of each item, of shape (...), and its derivative by
                this item.

        Returns:
            The loss, and the gradient, of the shape and precision of the estimate.

        Raises:
            FadError: see `Loss.__call__`; or the estimate is of PyTorch or JAX, which compute
                gradients themselves.
        """
        sound = self._numpy_sound(estimate, "value_and_gradient")
        saved: dict[Steps, Any] = {}
        wholes = made_of(sound, self._starts, NUMPY, saved)
        back = {steps: np.zeros(wholes[steps].shape) for steps in self._starts}
        each: Any = 0
        items = 1 if batched else math.prod(sound.shape[:-2])
        for piece in self._pieces(wholes):
            each = each + _sizes(piece, sound)
            local: dict[Steps, Doubles] = {}
            for distance, difference in piece.parts:
                slope = 2 * difference if distance.squared else np.sign(difference)
                slope *= distance.weight_of(difference) / items
                _add(local, distance.local, slope)
            _pull(local, piece.made, piece.saved)
            back[piece.start][..., piece.frames] += local[()]
        _pull(back, wholes, saved)
        dtype = np.asarray(estimate).dtype
        gradient = np.ascontiguousarray(back[()], dtype)
        return (each if batched else each.mean()).astype(dtype), gradient

    def residuals(self, estimate: ArrayLike) -> Doubles:
        """Numbers whose squared sum is the loss of an estimate.

        Args:
            estimate: an array of numpy, see `Loss.__call__`.

        Returns:
            The residuals, of shape (residuals,).

        Raises:
            FadError: see `value_and_gradient`; or the loss has absolute differences.
        """
        sound = self._numpy_sound(estimate, "residuals")
        self._check_squares()
        wholes = made_of(sound, self._starts, NUMPY)
        parts = (part for piece in self._pieces(wholes) for part in piece.parts)
        return np.concatenate([(_root(part, sound) * part[1]).reshape(-1) for part in parts])

    def residuals_and_jacobian_product(
        self, estimate: ArrayLike, lanes: ArrayLike
    ) -> tuple[Doubles, Doubles]:
        """The residuals of an estimate, and their derivatives along directions.

        Args:
            estimate: an array of numpy, see `Loss.__call__`.
            lanes: the directions, of shape (lanes, *shape of the estimate): the derivatives of the
                estimate by some parameters.

        Returns:
            The residuals, of shape (residuals,), and their derivatives, (residuals, lanes).

        Raises:
            FadError: see `residuals`; or the lanes do not fit the estimate.
        """
        rows, columns = zip(*self._moved(estimate, lanes), strict=True)
        return np.concatenate(rows), np.concatenate(columns, axis=1).T

    def normal_equations(
        self, estimate: ArrayLike, lanes: ArrayLike
    ) -> tuple[float, Doubles, Doubles]:
        """The loss, and what a step of the method of Gauss and Newton needs of its residuals.

        The same as from `residuals_and_jacobian_product`, without an array of all derivatives.

        Args:
            estimate, lanes: see `residuals_and_jacobian_product`.

        Returns:
            The loss r'r, J'r of shape (lanes,), and J'J of shape (lanes, lanes), for residuals r
            whose derivatives along the lanes are J.

        Raises:
            FadError: see `residuals_and_jacobian_product`.
        """
        count = len(np.asarray(lanes))
        loss, slope, matrix = 0.0, np.zeros(count), np.zeros((count, count))
        for row, column in self._moved(estimate, lanes):
            loss += float(row @ row)
            slope += column @ row
            matrix += column @ column.T
        return loss, slope, matrix

    def _moved(self, estimate: ArrayLike, lanes: ArrayLike) -> Iterator[tuple[Doubles, Doubles]]:
        """Some residuals at a time, and their derivatives, of shape (lanes, residuals)."""
        sound = self._numpy_sound(estimate, "residuals_and_jacobian_product")
        self._check_squares()
        moves = NUMPY.sound(lanes, "array of lanes")
        if moves.shape[1:] != sound.shape:
            wanted = ", ".join(map(str, sound.shape))
            raise FadError(f"the lanes have the shape {moves.shape}, not (lanes, {wanted})")
        saved: dict[Steps, Any] = {}
        wholes = made_of(sound, self._starts, NUMPY, saved)
        whole_moves = _pushed(moves, saved)
        for piece in self._pieces(wholes):
            moved = _pushed(whole_moves[piece.start][..., piece.frames], piece.saved)
            for distance, difference in piece.parts:
                root = _root((distance, difference), sound)
                row = (root * difference).reshape(-1)
                yield row, (root * moved[distance.local]).reshape(len(moves), -1)

    @property
    def _starts(self) -> list[Steps]:
        """The steps that are made of the whole estimate, each once."""
        return list(dict.fromkeys(distance.whole for distance in self._distances))

    def _pieces(self, wholes: Mapping[Steps, Array]) -> Iterator[_Piece]:
        """The estimate in pieces: with numpy of some windows each, otherwise in large ones.

        Args:
            wholes: steps -> what they make of the whole estimate.
        """
        axis = len(self.shape) - 1
        for start in self._starts:
            whole = wholes[start]
            distances = [each for each in self._distances if each.whole == start]
            for frames, windows in _spans(start, whole, self.library):
                place = (slice(None),) * axis + (windows,) if windows else ...
                saved: dict[Steps, Any] = {}
                ends = [distance.local for distance in distances]
                made = made_of(whole[..., frames], ends, self.library, saved)
                differences = [made[each.local] - each.wanted[place] for each in distances]
                yield _Piece(start, frames, distances, differences, made, saved)

    def _sound(self, estimate: Array) -> Array:
        library = library_of(estimate)
        if library != self.library:
            raise FadError(
                f"the estimate is an array of {library.name}, the target of {self.library.name}"
            )
        sound = library.sound(estimate, "estimate")
        target = self._distances[0].wanted
        if library.name == "torch" and sound.device != target.device:
            raise FadError(
                f"the estimate is on the device `{sound.device}`, the target on `{target.device}`"
            )
        shape = tuple(sound.shape)
        if shape[-len(self.shape) :] != self.shape:
            raise FadError(f"the estimate has the shape {shape}, the target {self.shape}")
        return sound

    def _numpy_sound(self, estimate: Any, method: str) -> Doubles:
        library = library_of(estimate)
        if library != NUMPY:
            raise FadError(
                f"`{method}` takes arrays of numpy, not of {library.name}",
                hint=f"{library.name} differentiates the loss itself",
            )
        sound: Doubles = self._sound(estimate)
        return sound

    def _check_squares(self) -> None:
        if not all(distance.squared for distance in self._distances):
            raise FadError(
                "a loss with absolute differences is not a sum of squares, and has no residuals",
                hint="take squared ones: `l2` for `l1`, `squared=True` for the others",
            )


def bound(terms: Iterable[Term], target: Any) -> BoundLoss:
    """The sum of some terms to one target: see `Loss.to`."""
    library = library_of(target)
    # A copy: the loss stays the same when the user's array changes.
    sound = library.sound(target, "target") + 0
    leading = sound.ndim - 2
    terms = tuple(terms)
    ends = [term.steps for term in terms]
    ends += [term.relative_to for term in terms if term.relative_to is not None]
    made = made_of(sound, ends, library)

    def distance(term: Term) -> _Distance:
        wanted, weight = made[term.steps], term.weight
        if term.relative_to is not None:
            reference = made[term.relative_to]
            level = (reference * reference).mean(_item_axes(reference, leading))
            weakest = library.constant(np.array(_WEAKEST), level)
            weight = weight / library.functions.maximum(level, weakest)
        padding = (at for at, step in enumerate(term.steps, 1) if isinstance(step, Windows))
        end = next(padding, len(term.steps))
        count = math.prod(wanted.shape[leading:])
        return _Distance(term.squared, term.steps[:end], term.steps[end:], wanted, weight / count)

    return BoundLoss(library, tuple(sound.shape), tuple(map(distance, terms)))


def made_of(
    sound: Array,
    ends: Iterable[Steps],
    library: Library,
    saved: dict[Steps, Any] | None = None,
) -> dict[Steps, Array]:
    """What steps make of a sound: steps -> the result, in the order in which they are computed.

    Args:
        sound: the sound.
        ends: the steps; what they begin with is in the result, too.
        library: that of the sound.
        saved: where to put what the derivatives need.
    """
    made: dict[Steps, Array] = {(): sound}
    for steps in ends:
        for length in range(1, len(steps) + 1):
            start = steps[:length]
            if start not in made:
                made[start], kept = start[-1].apply(made[start[:-1]], library)
                if saved is not None:
                    saved[start] = kept
    return made


def _pushed(tangents: Doubles, saved: Mapping[Steps, Any]) -> dict[Steps, Doubles]:
    """The derivatives of what steps have made along directions."""
    moved: dict[Steps, Doubles] = {(): tangents}
    for steps, kept in saved.items():
        moved[steps] = steps[-1].push(kept, moved[steps[:-1]])
    return moved


def _pull(
    back: dict[Steps, Doubles], made: Mapping[Steps, Array], saved: Mapping[Steps, Any]
) -> None:
    """Brings derivatives by what steps have made back to what they were made of."""
    for steps in reversed(list(made)):
        if steps and steps in back:
            _add(back, steps[:-1], steps[-1].pull(saved[steps], back.pop(steps)))


def _add(back: dict[Steps, Doubles], steps: Steps, cotangent: Doubles) -> None:
    if steps in back:
        back[steps] += cotangent
    else:
        back[steps] = cotangent


def _spans(start: Steps, whole: Array, library: Library) -> Iterator[tuple[slice, slice | None]]:
    """The pieces of what steps have made: samples, and windows where they have laid out some."""
    if not (start and isinstance(start[-1], Windows)):
        yield slice(None), None
        return
    window, hop = start[-1].window, start[-1].hop
    count = whole.shape[-1] // hop - OVERLAP + 1
    sounds = math.prod(whole.shape[:-1])
    together = max(1, _TOGETHER // (window * sounds)) if library == NUMPY else count
    for first in range(0, count, together):
        end = min(first + together, count)
        yield slice(first * hop, (end + OVERLAP - 1) * hop), slice(first, end)


def _sizes(piece: _Piece, sound: Array) -> Array:
    """What a piece adds to the loss of each item."""
    total: Any = 0
    for distance, difference in piece.parts:
        size = difference * difference if distance.squared else abs(difference)
        total = total + distance.weight * size.sum(_item_axes(size, sound.ndim - 2))
    return total


def _root(part: tuple[_Distance, Doubles], sound: Doubles) -> Any:
    """What makes residuals of differences."""
    distance, difference = part
    return np.sqrt(distance.weight_of(difference) / math.prod(sound.shape[:-2]))


def _item_axes(array: Array, leading: int) -> tuple[int, ...]:
    """The axes of an array that belong to an item."""
    return tuple(range(leading, array.ndim))
