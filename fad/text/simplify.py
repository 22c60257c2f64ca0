"""Small rewrites that make a dual shorter and leave what it computes alone, bit for bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from itertools import groupby

from fad.base.deep_stack import recursive
from fad.diagram.binders import numbered
from fad.diagram.box import (
    Box,
    Cut,
    ForeignFunction,
    Lambda,
    Par,
    Primitive,
    Route,
    Seq,
    Slot,
    Wire,
    arity_of,
    factors,
    parallel,
    postorder,
)
from fad.diagram.ruled import without_rules
from fad.text.printer import LONGEST_LIST

#: From a diagram whose parts are simple already to a simpler one that computes the same, or `None`.
#: The second argument holds the diagrams that become definitions of the written program: these
#: must not be taken apart, or their definitions would be lost.
Rewrite = Callable[[Box, Container[Box]], Box | None]


def identity_route(box: Box, kept: Container[Box] = ()) -> Box | None:
    """`route(2, 2, (1,1), (2,2))` is `_,_`."""
    if isinstance(box, Route) and box.inputs == box.outputs > 0:
        straight = tuple((wire, wire) for wire in range(1, box.inputs + 1))
        return _wires(box.inputs) if box.pairs == straight else None
    return None


def identity_chain(box: Box, kept: Container[Box] = ()) -> Box | None:
    """`_ : f` and `f : _` are `f`."""
    if isinstance(box, Seq):
        if _is_wires(box.right):
            return box.left
        if _is_wires(box.left):
            return box.right
    return None


def dropped_lanes(box: Box, kept: Container[Box] = ()) -> Box | None:
    """`x,dx : _,! : f` is `x : f`: what is cut at once is not written."""
    if not isinstance(box, Seq):
        return None
    cuts: Box = box.right
    rest: Box | None = None
    if isinstance(box.right, Seq) and box.right not in kept:
        cuts, rest = box.right.left, box.right.right
    lanes, ends = list(_parts(box.left, kept)), list(factors(cuts))
    if len(lanes) != len(ends) or any(lane.arity != (0, 1) for lane in lanes):
        return None
    if not all(isinstance(end, Wire | Cut) for end in ends):
        return None
    left = [lane for lane, end in zip(lanes, ends, strict=True) if isinstance(end, Wire)]
    if not 0 < len(left) < len(lanes):
        return None
    return parallel(left) if rest is None else Seq(parallel(left), rest)


def straight_chain(box: Box, kept: Container[Box] = ()) -> Box | None:
    """`(a : b) : c` is `a : b : c`, unless `a : b` is an operation that is written as such."""
    links: list[Box] = []
    left = box
    while isinstance(left, Seq) and (left is box or _is_loose(left, kept)):
        links.append(left.right)
        left = left.left
    if len(links) < 2:
        return None
    result = links[0]
    for link in links[1:]:
        result = _before(link, result, kept)
    return Seq(left, result)


def applied_lambda(box: Box, kept: Container[Box] = ()) -> Box | None:
    r"""`\(x, dx).(x,dx,1 : f)` is `_,_,1 : f`: parameters that are only handed on are wires."""
    slots: list[Slot] = []
    body = box
    while isinstance(body, Lambda):
        slots.append(body.slot)
        body = body.body
    if not (isinstance(body, Seq) and slots and body.right.free.isdisjoint(slots)):
        return None
    lanes = list(factors(body.left))
    handed = [lane for lane in lanes if lane in slots]
    others = [lane for lane in lanes if lane not in slots]
    if handed != slots or any(
        arity_of(other)[0] or not other.free.isdisjoint(slots) for other in others
    ):
        return None
    return Seq(parallel([Wire() if lane in slots else lane for lane in lanes]), body.right)


def wire_bus(box: Box, kept: Container[Box] = ()) -> Box | None:
    """Many wires before something else are a list of their own, which is written with `par`."""
    lanes: list[Box] = []
    rest = box
    while isinstance(rest, Par):
        lanes.append(rest.left)
        rest = rest.right
    items: list[Box] = []
    for lane, group in groupby([*lanes, rest]):
        run = list(group)
        is_bus = isinstance(lane, Wire | Cut) and len(run) > LONGEST_LIST
        items += [parallel(run)] if is_bus else run
    return parallel(items) if len(items) <= len(lanes) else None


#: In this order, on each part from the inside out.
REWRITES: tuple[Rewrite, ...] = (
    identity_route,
    dropped_lanes,
    applied_lambda,
    identity_chain,
    straight_chain,
    wire_bus,
)


@recursive
def simplify(
    process: Box, rewrites: tuple[Rewrite, ...] = REWRITES, named: Container[Box] = ()
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram after rewrites, and what each of its parts has become.

    Args:
        process: the diagram.
        rewrites: what to do, in this order.
        named: the parts that have a name; they are not taken apart, and neither are those that
            occur more than once.
    """
    process, plain = without_rules(process)
    named_plain = {new for old, new in plain.items() if old in named}
    replaced: dict[Box, Box] = {}
    functions: dict[Box, Box] = {}
    parts = list(postorder(process))
    uses = Counter(child for part in parts for child in part.children)
    kept: set[Box] = set()
    # A lambda in a lambda is one function with it, which is rewritten as a whole; so is a list.
    inner = {part.body for part in parts if isinstance(part, Lambda)}
    inner |= {part.right for part in parts if isinstance(part, Par)}
    for part in parts:
        new = part.rebuild(tuple(replaced[child] for child in part.children))
        if not (isinstance(part, Lambda | Par) and part in inner):
            for rewrite in rewrites:
                new = rewrite(new, kept) or new
            if isinstance(new, Lambda) and not new.free:
                new = functions.setdefault(numbered(new), new)
        replaced[part] = new
        if uses[part] > 1 or part in named or part in named_plain:
            kept.add(new)
    replaced.update({old: replaced[new] for old, new in plain.items() if new in replaced})
    return replaced[process], replaced


def _parts(box: Box, kept: Container[Box]) -> Iterator[Box]:
    """The boxes of a parallel composition, of which those that have to stay parts are whole."""
    if isinstance(box, Par) and box not in kept:
        yield from _parts(box.left, kept)
        yield from _parts(box.right, kept)
    else:
        yield box


def _before(link: Box, rest: Box, kept: Container[Box]) -> Box:
    """`link : rest`, where the parts of a link that is a chain itself become links."""
    if isinstance(link, Seq) and _is_loose(link, kept):
        return Seq(link.left, _before(link.right, rest, kept))
    return Seq(link, rest)


def _is_loose(chain: Seq, kept: Container[Box]) -> bool:
    return chain not in kept and not isinstance(chain.right, Primitive | ForeignFunction | Wire)


def _is_wires(box: Box) -> bool:
    return all(isinstance(lane, Wire) for lane in factors(box))


def _wires(count: int) -> Box:
    return parallel([Wire()] * count)
