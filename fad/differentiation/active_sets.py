"""Sets of parameters, as integers: bit i says whether parameter i is in the set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

#: A set of parameters.
Active = int
#: The set on each of several neighbouring wires.
Bundles = tuple[Active, ...]
NONE: Active = 0


def bits(indices: Iterable[int]) -> Active:
    """The set of these parameters."""
    result = NONE
    for index in indices:
        result |= 1 << index
    return result


def members(active: Active) -> Iterator[int]:
    """The parameters in a set, in order."""
    while active:
        lowest = active & -active
        yield lowest.bit_length() - 1
        active ^= lowest


def union(sets: Iterable[Active]) -> Active:
    """The parameters that are in any of the sets."""
    result = NONE
    for active in sets:
        result |= active
    return result


def shared(some: Bundles, others: Bundles) -> Bundles:
    """The parameters that are in both sets, on each of several wires."""
    return tuple([one & other for one, other in zip(some, others, strict=True)])


def either(some: Bundles, others: Bundles) -> Bundles:
    """The parameters that are in any of two sets, on each of several wires."""
    return tuple([one | other for one, other in zip(some, others, strict=True)])


def shape(bundles: Bundles) -> Bundles:
    """The same sets with the parameters that occur in any of them numbered from 0."""
    places = {index: place for place, index in enumerate(members(union(bundles)))}
    return tuple(bits(places[index] for index in members(active)) for active in bundles)


def placed(bundles: Bundles, lanes: Sequence[int]) -> Bundles:
    """Sets of numbers from 0 with the parameters that the numbers stand for."""
    return tuple(bits(lanes[place] for place in members(active)) for active in bundles)
