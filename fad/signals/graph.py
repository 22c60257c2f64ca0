"""Signals: what the wires of a diagram carry, as a graph in which each signal is there once.

A signal is an audio input, or what a box without boxes inside gives for some signals: a number, a
slider, a sum. Equal signals are one object, so that equality is identity. What goes around in a
recursion passes a knot: a signal whose value is another signal, which may depend on the knot's own
past. All circles of a graph go through a knot, and then through a delay of one sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, cast

from fad.diagram.box import Bargraph, Box, Group, Primitive

#: The delay that recursions have.
PREVIOUS = Primitive("mem")
_ATTACH = Primitive("attach")


class Signal:
    """A signal of a graph.

    Attributes:
        number: tells it from the others of its graph: it is larger than those of its arguments.
        plain: the signal without marks: it has the same values.
        arguments: the signals that it is computed from at the same time.
    """

    __slots__ = ("arguments", "number", "plain")
    number: int
    plain: Signal
    arguments: tuple[Signal, ...]


class Input(Signal):
    """What comes from outside: `index` says which of what the program is given."""

    __slots__ = ("index",)
    index: int


class Applied(Signal):
    """An output of a box without boxes inside, other than plumbing, for some signals.

    Attributes:
        box: the box, inside the groups of the user interface if it is part of that.
        output: which of its outputs.
    """

    __slots__ = ("box", "output")
    box: Box
    output: int

    @property
    def element(self) -> Box:
        """The box without the groups around it."""
        return without_groups(self.box)


class Marked(Signal):
    """A signal of which something is known that does not change its value.

    Attributes:
        box: what says what is known.
        operands: the signals that this is about.
        value: what the signal is.
    """

    __slots__ = ("box", "operands", "value")
    box: Box
    operands: tuple[Signal, ...]
    value: Signal


class Knot(Signal):
    """Where a recursion is tied: its value is a signal that may depend on what it was before.

    The value is there once the whole recursion is known.
    """

    __slots__ = ()

    @property
    def value(self) -> Signal:
        """What the signal is."""
        return self.arguments[0]


#: A kind of signal.
Kind = TypeVar("Kind", bound=Signal)


class Graph:
    """Makes signals; what is equal is one."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Signal] = {}
        self._count = 0
        self._recursions: dict[object, Sequence[Knot]] = {}

    def input(self, index: int) -> Input:
        """Something from outside."""

        def make() -> Input:
            signal = Input()
            signal.index, signal.plain, signal.arguments = index, signal, ()
            return signal

        return self._signal((Input, index), make)

    def applied(self, box: Box, arguments: Iterable[Signal] = (), output: int = 0) -> Applied:
        """An output of a box for some signals."""
        operands = tuple(arguments)

        def make() -> Applied:
            signal = Applied()
            signal.box, signal.arguments, signal.output = box, operands, output
            values = tuple([operand.plain for operand in operands])
            is_plain = values == operands
            signal.plain = signal if is_plain else self.applied(box, values, output)
            return signal

        return self._signal((Applied, box, operands, output), make)

    def marked(self, box: Box, operands: Iterable[Signal], value: Signal) -> Marked:
        """A signal of which something is known."""
        about = tuple(operands)

        def make() -> Marked:
            signal = Marked()
            signal.box, signal.operands, signal.value = box, about, value
            signal.arguments, signal.plain = (*about, value), value.plain
            return signal

        return self._signal((Marked, box, about, value), make)

    def knot(self) -> Knot:
        """A knot whose value is not known yet, unlike all others."""
        knot = Knot()
        knot.plain, knot.arguments = knot, ()
        return self._numbered(knot)

    def previous(self, signal: Signal) -> Applied:
        """A signal one sample later."""
        return self.applied(PREVIOUS, (signal,))

    def tie(self, knot: Knot, value: Signal) -> None:
        """Gives a knot its value, without looking for an equal recursion."""
        knot.arguments = (value,)

    def tied(self, knots: Sequence[Knot], values: Sequence[Signal]) -> Sequence[Knot]:
        """A recursion: its knots with values, or those of an equal one that is there already.

        Args:
            knots: new ones, made one after the other before the values.
            values: what they are.
        """
        for knot, value in zip(knots, values, strict=True):
            self.tie(knot, value)
        return self._recursions.setdefault(_outline(knots), knots) if knots else knots

    def _signal(self, key: tuple[object, ...], make: Callable[[], Kind]) -> Kind:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._numbered(make())
        return cast("Kind", found)

    def _numbered(self, signal: Kind) -> Kind:
        self._count += 1
        signal.number = self._count
        return signal


def without_groups(box: Box) -> Box:
    """A part of the user interface without the groups around it."""
    while isinstance(box, Group):
        box = box.body
    return box


def _outline(knots: Sequence[Knot]) -> tuple[object, ...]:
    """What tells a recursion from others that are not equal.

    Signals that do not depend on the knots stand for themselves. The others are numbered in the
    order in which they are met.
    """
    inside = _depending(knots)
    places: dict[Signal, int] = {}
    lines: list[object] = []
    stack: list[Signal] = list(reversed(knots))
    while stack:
        signal = stack.pop()
        if signal not in inside:
            lines.append(signal)
        elif signal in places:
            lines.append(places[signal])
        else:
            places[signal] = len(places)
            lines.append(_head(signal))
            stack.extend(reversed(signal.arguments))
    return tuple(lines)


def _depending(knots: Sequence[Knot]) -> set[Signal]:
    """The signals inside a recursion that depend on its knots. They have been made after these."""
    first = knots[0].number
    users: dict[Signal, list[Signal]] = {}
    for signal in operands_first(
        knots, lambda each: each.arguments if each.number >= first else ()
    ):
        for operand in signal.arguments if signal.number >= first else ():
            users.setdefault(operand, []).append(signal)
    found: set[Signal] = set()
    waiting: list[Signal] = list(knots)
    while waiting:
        signal = waiting.pop()
        if signal not in found:
            found.add(signal)
            waiting += users.get(signal, ())
    return found


def _head(signal: Signal) -> object:
    match signal:
        case Applied():
            return Applied, signal.box, signal.output, len(signal.arguments)
        case Marked():
            return Marked, signal.box, len(signal.operands)
    return type(signal)


def operands_first(
    roots: Iterable[Signal], operands: Callable[[Signal], Iterable[Signal]]
) -> Iterator[Signal]:
    """All signals that some are computed from, each once, before those that are computed from it.

    Args:
        roots: the signals.
        operands: what a signal is computed from; where that goes in a circle, a signal may come
            before its operands.
    """
    seen: set[Signal] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        signal, entered = stack.pop()
        if entered:
            yield signal
        elif signal not in seen:
            seen.add(signal)
            stack.append((signal, True))
            stack.extend((operand, False) for operand in reversed(list(operands(signal))))


def is_past(signal: Signal) -> bool:
    """Whether a signal is what a recursion was a sample before."""
    return (
        isinstance(signal, Applied)
        and signal.box is PREVIOUS
        and isinstance(signal.arguments[0], Knot)
    )


def passes_on(signal: Signal) -> bool:
    """Whether a signal is the first one that it is computed from: `attach`, and bargraphs."""
    if not isinstance(signal, Applied):
        return False
    return signal.box is _ATTACH or isinstance(signal.element, Bargraph)
