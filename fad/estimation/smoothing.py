"""Smoothers behind what is learnt, such as `si.smoo`, which a model does better without.

A smoother follows its slider with a delay. The derivative says what happens after that delay, so a
value that is learnt in front of a smoother goes on in the wrong direction for as long as the
smoother takes to turn round, and swings for ever. What is learnt moves in small steps: it needs no
smoother, and the model that it moves has none.

A smoother is known by what it does, not by its name: whatever constant goes into it, it comes to
rest at that constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from fad.base.deep_stack import recursive
from fad.base.errors import FadError
from fad.diagram.box import (
    Bargraph,
    Box,
    ForeignFunction,
    ForeignValue,
    Group,
    Par,
    Primitive,
    Real,
    Rec,
    Seq,
    Slider,
    Slot,
    Soundfile,
    Switch,
    arity_of,
    postorder,
)
from fad.evaluation.folding import Folding, Signal, Term
from fad.evaluation.limits import Steps

_DELAYS = ("mem", "@")
_MEMORIES = (*_DELAYS, "prefix", "rdtable", "rwtable")
_RATES = ("fSamplingFreq", "fSamplingRate")
#: Constants that a smoother has to come to rest at; and how near, in units of the constant.
_CONSTANTS = (0.37, -2.3, 411.0)
_NEAR = 1e-9
#: How often the number is guessed at which a loop comes to rest.
_MOST_GUESSES = 12
#: The sample rate at which that is tried out, in Hz.
_RATE = 44100.0
_NO_SLOTS: Mapping[Slot, Signal] = MappingProxyType({})


def without_smoothers(
    root: Box, is_learnt: Callable[[Box], bool]
) -> tuple[Box, Mapping[Box, Box], frozenset[Box]]:
    """A diagram in which what is learnt is not smoothed.

    Args:
        root: a closed diagram.
        is_learnt: whether a widget is learnt.

    Returns:
        The new diagram, what each part of it was that is another one now, and the widgets whose
        smoothers are gone.
    """
    search = _Search(is_learnt)
    return search.rewritten(root), search.originals, frozenset(search.freed)


class _Search:
    """The smoothers of one diagram."""

    def __init__(self, is_learnt: Callable[[Box], bool]) -> None:
        self.originals: dict[Box, Box] = {}
        self.freed: set[Box] = set()
        self._is_learnt = is_learnt
        self._became: dict[Box, Box] = {}
        self._learnt: dict[Box, frozenset[Box]] = {}
        self._lasting: dict[Box, bool] = {}

    @recursive
    def rewritten(self, box: Box) -> Box:
        """A part of the diagram without smoothers behind what is learnt."""
        if not self._inside(box):
            return box
        if box not in self._became:
            if isinstance(box, Seq):
                new = self._of_chain(box)
            else:
                children = tuple([self.rewritten(child) for child in box.children])
                new = self._at_rest(box.rebuild(children))
            self._became[box] = new
            if new is not box:
                self.originals.setdefault(new, box)
        return self._became[box]

    def _of_chain(self, box: Seq) -> Box:
        """`a : b : c` is looked at as `a : b`, too, whichever way it is grouped."""
        links = [self.rewritten(link) for link in _links(box)]
        head, *rest = links
        is_free = False
        for link in rest:
            whole = _composed(head, link)
            head = self._each_at_rest(whole)
            is_free |= head is not whole
        return head if is_free else _regrouped(box, iter(links))

    def _each_at_rest(self, box: Box) -> Box:
        """Sources side by side, each without the smoother at its end."""
        if isinstance(box, Par):
            return Par(self._each_at_rest(box.left), self._each_at_rest(box.right))
        return self._at_rest(box)

    def _at_rest(self, box: Box) -> Box:
        """A source without the smoother at its end, if it has one."""
        learnt = self._inside(box)
        if box.arity != (0, 1) or box.free or not learnt or not self._lasts(box):
            return box
        heads = set(_heads(box))
        for source in _sources(box):
            if source in heads and self._lasts(source):
                continue  # `x : f` need not come to rest at `x` for `x : f : g` to do so
            if self._inside(source) and self._lasts(source):
                return box  # it was looked at before, and is no smoother
            if self._inside(source) == learnt and _settles_at(box, source, learnt):
                self.freed |= learnt
                return source
        return box

    def _inside(self, box: Box) -> frozenset[Box]:
        """The widgets in a box that are learnt."""
        for part in () if box in self._learnt else postorder(box):
            if part not in self._learnt:
                inner = [self._learnt[child] for child in part.children]
                own = [part] if self._is_learnt(part) else []
                self._learnt[part] = frozenset(own).union(*inner)
        return self._learnt[box]

    def _lasts(self, box: Box) -> bool:
        """Whether what a box gives depends on more than what goes in now."""
        for part in () if box in self._lasting else postorder(box):
            if part not in self._lasting:
                inner = any(self._lasting[child] for child in part.children)
                self._lasting[part] = inner or not _is_instant(part)
        return self._lasting[box]


def _links(box: Box) -> Iterator[Box]:
    """The boxes that a sequential composition is made of, from the left."""
    stack = [box]
    while stack:
        top = stack.pop()
        if isinstance(top, Seq):
            stack += (top.right, top.left)
        else:
            yield top


def _heads(box: Box) -> Iterator[Box]:
    """The beginnings of a sequential composition that is grouped to the left."""
    while isinstance(box, Seq):
        box = box.left
        yield box


def _regrouped(box: Box, links: Iterator[Box]) -> Box:
    """A sequential composition of other boxes, grouped in the same way."""
    if not isinstance(box, Seq):
        return next(links)
    left = _regrouped(box.left, links)
    return Seq(left, _regrouped(box.right, links))


def _composed(left: Box, right: Box) -> Box:
    """`a,b : f,g` as `a : f` beside `b : g`, where each feeds one."""
    match left, right:
        case Par(), Par() if arity_of(left.left)[1] == arity_of(right.left)[0]:
            return Par(_composed(left.left, right.left), _composed(left.right, right.right))
    return Seq(left, right)


def _is_instant(box: Box) -> bool:
    """Whether a box without others inside gives what goes in now decides."""
    match box:
        case Rec() | Soundfile() | ForeignFunction() | Bargraph():
            return False
        case ForeignValue():
            return box.kind == "fconstant"
        case Primitive():
            return box.name not in _MEMORIES
    return True


def _sources(box: Box) -> Iterator[Box]:
    """The sources inside a box, larger ones first; what is inside a group stays there."""
    seen = {box}
    stack = list(reversed(box.children))
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        seen.add(top)
        if top.arity == (0, 1) and not top.free:
            yield top
        if not isinstance(top, Group):
            stack.extend(reversed(top.children))


def _settles_at(box: Box, source: Box, learnt: frozenset[Box]) -> bool:
    """Whether a box comes to rest at the constant that one of its sources gives, for any."""
    try:
        ends = [_AtRest(source, constant, learnt).outputs(box, ())[0] for constant in _CONSTANTS]
    except FadError:  # a division by zero
        return False
    return all(
        not isinstance(end, Term) and _is_near(end.value, constant)
        for end, constant in zip(ends, _CONSTANTS, strict=True)
    )


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= _NEAR * (1 + abs(other))


class _AtRest(Folding):
    """Runs a diagram until it comes to rest, where one of its sources gives a constant.

    Other widgets are where they start, but for those that are learnt: they may be anywhere.
    """

    def __init__(self, source: Box, constant: float, learnt: frozenset[Box]) -> None:
        super().__init__(Steps())
        self._learnt = learnt
        self._source = source
        self._constant = Real(constant)

    def outputs(
        self, box: Box, inputs: tuple[Signal, ...], slots: Mapping[Slot, Signal] = _NO_SLOTS
    ) -> tuple[Signal, ...]:
        """The constant for the source; all else as usual."""
        if box is self._source:
            return (self._constant,)
        return super().outputs(box, inputs, slots)

    def leaf(self, box: Box, inputs: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Delays change nothing that rests."""
        match box:
            case Slider() if box not in self._learnt:
                return (Real(box.init),)
            case Switch():
                return (Real(0.0),)
            case ForeignValue() if box.name in _RATES:
                return (Real(_RATE),)
            case Primitive() if box.name in _DELAYS:
                return inputs[:1]
        return super().leaf(box, inputs)

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[Signal, ...]], tuple[Signal, ...]],
    ) -> tuple[Signal, ...]:
        """What a loop of one wire comes to rest at, by the secant method; others are opaque."""
        if arity_of(box.right)[0] != 1:
            return super().loop(box, key, turn)

        def error(value: float) -> float:
            signal = turn((Real(value),))[0]
            return math.nan if isinstance(signal, Term) else signal.value - value

        guess, other = 0.0, 1.0
        before, after = error(guess), error(other)
        for _ in range(_MOST_GUESSES):
            slope = (after - before) / (other - guess)
            # It goes there by itself only if a deviation shrinks from turn to turn.
            if not -2 < slope < 0:
                break
            guess, other = other, other - after / slope
            if _is_near(guess, other):
                return turn((Real(other),))
            before, after = after, error(other)
        return super().loop(box, key, turn)
