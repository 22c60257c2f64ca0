"""From signals back to a diagram, in which each signal is one diagram, however often it is used.

Recursions are written as one loop for each set of signals that depend on each other: a function
from what they were a sample before to what they are. What is used of a loop outside are its
outputs, and all that can be computed from these without being in the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fad.base.deep_stack import recursive
from fad.diagram.box import (
    Box,
    Cut,
    Int,
    Lambda,
    Rec,
    Route,
    Seq,
    Slot,
    Waveform,
    Wire,
    arity_of,
    parallel,
)
from fad.signals.circles import circles
from fad.signals.graph import Applied, Knot, Signal, is_past, operands_first, passes_on
from fad.signals.rates import running

#: One of more wires is written as a route: the text does not grow with their number.
_MOST_CUT = 8


class Writer:
    """Writes signals as diagrams.

    Args:
        roots: all signals that will be asked for.
        given: what stands for some signals, whatever they are computed from.
        names: what signals are called.
        first_slot: the number of the first slot that is made.
        shows: whether the program has meters; where it has none, what they show passes by them.
    """

    def __init__(
        self,
        roots: Sequence[Signal],
        given: Mapping[Signal, Box],
        names: Mapping[Signal, str],
        first_slot: int,
        shows: bool = True,
    ) -> None:
        self._given = given
        self._shows = shows
        self._names = names
        self._next_slot = first_slot
        roots = list(map(self._seen, roots))
        self._roots = set(roots)
        self._circles = circles(roots, self._operands)
        self._used = self._used_outside(roots)
        #: What depends on a loop comes into another one as an input: inside that, the standard
        #: compiler would look at its whole definition again, and at those in it, and so on.
        self._after_loops: set[Signal] = set()
        for signal in operands_first(roots, self._operands):
            operands = self._operands(signal)
            if signal in self._circles or not self._after_loops.isdisjoint(operands):
                self._after_loops.add(signal)
        self._loops: dict[int, tuple[Box, dict[Signal, int]]] = {}
        self._outside: dict[Signal, Box] = {}
        self._inside: list[tuple[Signal, Box]] = []
        self._contents: dict[Signal, Box] = {}

    @property
    def named(self) -> dict[Box, str]:
        """The diagrams of signals that have a name; a slot has its own."""
        pairs = [*self._inside, *self._outside.items()]
        return {
            box: self._names[signal]
            for signal, box in pairs
            if signal in self._names and not isinstance(box, Slot)
        }

    @recursive
    def box(self, signal: Signal) -> Box:
        """The diagram of a signal."""
        return self._outer(self._seen(signal))

    def _seen(self, signal: Signal) -> Signal:
        """A signal as it is written: without marks, and without meters where there are none."""
        signal = signal.plain
        while not self._shows and signal not in self._given and passes_on(signal):
            signal = signal.arguments[0].plain
        return signal

    def _operands(self, signal: Signal) -> Sequence[Signal]:
        """What a signal is written from, but for what its table is made of."""
        if signal in self._given:
            return ()
        return [self._seen(operand) for operand in running(signal)]

    def _applied(self, signal: Applied, operands: Sequence[Box]) -> Box:
        """A box applied to diagrams."""
        count = len(signal.arguments) - len(operands)
        box = signal.box
        boxes = [*[self._content(each) for each in signal.arguments[:count]], *operands]
        whole = box if not boxes else Seq(parallel(_joined(boxes)), box)
        outputs = arity_of(box)[1]
        return whole if outputs == 1 else Seq(whole, _only(signal.output, outputs))

    def _content(self, signal: Signal) -> Box:
        """What a table is made of before the program runs: nothing is given then."""
        signal = signal.plain
        if signal not in self._contents:
            self._contents[signal] = self._written_alone(signal)
        return self._contents[signal]

    def _written_alone(self, signal: Signal) -> Box:
        writer = Writer([signal], {}, self._names, self._next_slot, self._shows)
        box = writer.box(signal)
        self._next_slot = writer._next_slot
        self._inside += [*writer._inside, *writer._outside.items()]
        return box

    def _used_outside(self, roots: Sequence[Signal]) -> Mapping[int, Sequence[Signal]]:
        """For each circle, the signals in it that something outside is written from."""
        used: dict[int, dict[Signal, None]] = {}
        seen: set[Signal] = set()
        for signal in operands_first(roots, self._operands):
            circle = self._circles.get(signal)
            for operand in self._operands(signal):
                inside = self._circles.get(operand)
                if inside is not None and inside != circle:
                    self._reach(operand, used.setdefault(inside, {}), seen)
        for root in roots:
            inside = self._circles.get(root)
            if inside is not None:
                self._reach(root, used.setdefault(inside, {}), seen)
        return {circle: list(signals) for circle, signals in used.items()}

    def _reach(self, signal: Signal, used: dict[Signal, None], seen: set[Signal]) -> None:
        """Notes the outputs of a loop that a signal in it is written from, outside of it."""
        stack = [signal]
        while stack:
            signal = stack.pop()
            if signal in seen:
                continue
            seen.add(signal)
            if self._is_output(signal):
                used[signal] = None
            else:
                circle = self._circles[signal]
                operands = self._operands(signal)
                stack += (each for each in operands if self._circles.get(each) == circle)

    def _is_output(self, signal: Signal) -> bool:
        """Whether a signal in a circle is an output of its loop, where it is used outside."""
        return isinstance(signal, Knot) or (signal in self._roots and not is_past(signal))

    def _outer(self, signal: Signal) -> Box:
        found = self._outside.get(signal)
        if found is None:
            found = self._outside[signal] = self._written(signal)
        return found

    def _written(self, signal: Signal) -> Box:
        if signal in self._given:
            return self._given[signal]
        circle = self._circles.get(signal)
        if circle is not None and self._is_output(signal):
            loop, places = self._loop(circle)
            count = arity_of(loop)[1]
            return loop if count == 1 else Seq(loop, _only(places[signal], count))
        if isinstance(signal, Knot):
            return self._outer(self._seen(signal.value))
        assert isinstance(signal, Applied), "all other signals are given"
        return self._applied(signal, [self._outer(operand) for operand in self._operands(signal)])

    def _loop(self, circle: int) -> tuple[Box, dict[Signal, int]]:
        if circle not in self._loops:
            self._loops[circle] = self._made(circle)
        return self._loops[circle]

    def _made(self, circle: int) -> tuple[Box, dict[Signal, int]]:
        """The loop of a circle, and the places of its outputs."""
        slots: dict[Signal, Slot] = {}
        inside: dict[Signal, Box] = {}
        taken: dict[Signal, Slot] = {}

        def inner(signal: Signal) -> Box:
            if self._circles.get(signal) != circle:
                if signal not in self._after_loops:
                    return self._outer(signal)
                if signal not in taken:
                    taken[signal] = self._slot(self._names.get(signal, "x"))
                return taken[signal]
            if signal not in inside:
                inside[signal] = made(signal)
            return inside[signal]

        def made(signal: Signal) -> Box:
            if isinstance(signal, Knot):
                return inner(self._seen(signal.value))
            assert isinstance(signal, Applied)
            if is_past(signal) and self._circles.get(signal.arguments[0]) == circle:
                (knot,) = signal.arguments
                if knot not in slots:
                    slots[knot] = self._slot(self._name_of_past(knot))
                return slots[knot]
            return self._applied(signal, [inner(operand) for operand in self._operands(signal)])

        outputs = {signal: inner(signal) for signal in self._used[circle]}
        back: dict[Signal, Box] = {}
        while len(back) < len(slots):
            for knot in [knot for knot in slots if knot not in back]:
                back[knot] = inner(knot)
        self._inside += inside.items()
        rest = {signal: box for signal, box in outputs.items() if signal not in back}
        places = {signal: place for place, signal in enumerate([*back, *rest])}
        body = parallel([*back.values(), *rest.values()])
        for slot in reversed([*(slots[knot] for knot in back), *taken.values()]):
            body = Lambda(slot, body)
        loop: Box = Rec(body, parallel([Wire()] * len(back)))
        if taken:
            loop = Seq(parallel([self._outer(signal) for signal in taken]), loop)
        return loop, places

    def _slot(self, name: str) -> Slot:
        self._next_slot += 1
        return Slot(self._next_slot, name)

    def _name_of_past(self, knot: Signal) -> str:
        name = self._names.get(knot) or self._names.get(self._seen(knot.arguments[0]))
        return "past" if name is None else past_name(name)


def past_name(name: str) -> str:
    """What a signal is called one sample later: `y1`."""
    return f"{name}_1" if name[-1:].isdigit() else f"{name}1"


def _joined(operands: Sequence[Box]) -> list[Box]:
    """Operands, where the size and the values of a waveform are written as the waveform."""
    match operands:
        case [Int(value=size), Seq(left=Waveform() as waveform), *rest] if size == len(
            waveform.values
        ):
            return [waveform, *rest]
    return list(operands)


def _only(place: int, count: int) -> Box:
    """One of some wires, the others cut."""
    if count > _MOST_CUT:
        return Route(count, 1, ((place + 1, 1),))
    return parallel([Wire() if number == place else Cut() for number in range(count)])


def process_of(slots: Sequence[Slot], outputs: Sequence[Box]) -> Box:
    """A program with inputs and outputs."""
    body = parallel(outputs)
    for slot in reversed(slots):
        body = Lambda(slot, body)
    return body
