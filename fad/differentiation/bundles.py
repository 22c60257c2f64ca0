"""How the lanes of bundles lie next to each other: wires, cuts and routes of whole bundles."""

from __future__ import annotations

from collections.abc import Iterable

from fad.diagram.box import Box, Cut, Int, Par, Real, Route, Slot, Wire, factors, parallel
from fad.differentiation.active_sets import Bundles, members

#: Where the number of a parameter stands for a tangent, this stands for the value itself.
VALUE = -1


def width(bundles: Bundles) -> int:
    """The number of lanes of neighbouring bundles."""
    return len(bundles) + sum(active.bit_count() for active in bundles)


def wires(bundles: Bundles) -> Box:
    """A wire for each lane."""
    return parallel([Wire()] * width(bundles))


def beside(left: Box, right: Box) -> Box:
    """`left , right`; a plain bundle on the left does not need parentheses."""
    lanes = list(factors(left))
    if all(isinstance(lane, Wire | Cut | Slot | Int | Real) for lane in lanes):
        for lane in reversed(lanes):
            right = Par(lane, right)
        return right
    return Par(left, right)


def narrowing(bundles: Bundles, kept: Bundles) -> Box:
    """What takes bundles and gives the same ones with some of their tangents only.

    Args:
        bundles: what comes in.
        kept: for each wire, tangents that go on.
    """
    lanes: list[Box] = []
    for active, rest in zip(bundles, kept, strict=True):
        lanes.append(Wire())
        lanes += [Wire() if rest >> index & 1 else Cut() for index in members(active)]
    return parallel(lanes)


def lane_route(sources: Bundles, targets: Bundles, pairs: Iterable[tuple[int, int]]) -> Route:
    """A route of bundles: each connection of wires, lane by lane, in the order given.

    The order of connections is the order of the sums that meet at an output, so the primal lanes
    add up exactly as they did. Tangents that the other end does not have are left out.
    """
    first_in = lane_numbers(sources)
    first_out = lane_numbers(targets)
    lanes = [
        (first_in[source][lane], first_out[target][lane])
        for source, target in pairs
        for lane in first_in[source]
        if lane in first_out[target]
    ]
    return Route(width(sources), width(targets), tuple(lanes))


def lane_numbers(bundles: Bundles) -> list[dict[int, int]]:
    """For each wire, where its signals are among all lanes, counted from 1.

    The position of the value is under `VALUE`, and that of each tangent under its parameter: for
    two wires that carry tangents by parameters 0 and 2, and by 2, it is
    `[{VALUE: 1, 0: 2, 2: 3}, {VALUE: 4, 2: 5}]`.
    """
    numbers = []
    lane = 0
    for active in bundles:
        wire = {}
        for member in (VALUE, *members(active)):
            lane += 1
            wire[member] = lane
        numbers.append(wire)
    return numbers
