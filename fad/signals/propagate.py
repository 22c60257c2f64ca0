"""From a diagram to the graph of its signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fad.base.source import Span
from fad.diagram.box import (
    Bargraph,
    Box,
    Group,
    Int,
    Primitive,
    Rec,
    Slider,
    Slot,
    Soundfile,
    Switch,
    Waveform,
    arity_of,
    postorder,
)
from fad.diagram.facts import Facts
from fad.diagram.interpret import Interpretation
from fad.signals.graph import Applied, Graph, Input, Signal

#: What is shown in the groups that it is in.
_SHOWN: tuple[type[Box], ...] = (Slider, Switch, Bargraph, Soundfile)
_PLUS, _DELAY = Primitive("+"), Primitive("@")


class Propagation(Interpretation[Signal]):
    """Runs a diagram on signals.

    Args:
        root: the whole diagram.
        graph: what makes the signals.
        facts: what is known about the diagram's parts.
        originals: what they were in the program, where they have been changed since.
        shown: what else than widgets and bargraphs is part of the user interface.

    Attributes:
        names: the names of signals: that of the outermost diagram that gives them.
        places: where they were first written.
    """

    def __init__(
        self,
        root: Box,
        graph: Graph,
        facts: Facts,
        originals: Mapping[Box, Box],
        shown: tuple[type[Box], ...] = (),
    ) -> None:
        super().__init__()
        self.graph = graph
        self.names: dict[Signal, str] = {}
        self.places: dict[Signal, Span] = {}
        self._facts = facts
        self._originals = originals
        self._place: Span | None = None
        self._groups: tuple[Group, ...] = ()
        self._by_groups: dict[tuple[Group, ...], dict[tuple[object, ...], tuple[Signal, ...]]] = {}
        self._shown = (*_SHOWN, *shown)
        #: The parts that are not the same in all groups.
        self._showing: set[Box] = set()
        for part in postorder(root):
            if isinstance(part, self._shown) or not self._showing.isdisjoint(part.children):
                self._showing.add(part)

    def outputs(
        self,
        box: Box,
        inputs: tuple[Signal, ...],
        slots: Mapping[Slot, Signal] | None = None,
    ) -> tuple[Signal, ...]:
        """The signals on the outputs of a box; see `Interpretation`."""
        source = self._originals.get(box, box)
        around = self._place, self._groups, self._known
        self._place = self._facts.origins.get(source, self._place)
        if box not in self._showing:
            self._groups = ()
        self._known = self._by_groups.setdefault(self._groups, {})
        if isinstance(box, Group):
            self._groups = (*self._groups, box)
            result = self.outputs(box.body, inputs, slots)
        else:
            result = super().outputs(box, inputs, slots or {})
        self._place, self._groups, self._known = around
        name = self._facts.names.get(source)
        if name is not None and len(result) == 1 and not isinstance(result[0], Input):
            self.names[result[0]] = name
        return result

    def leaf(self, box: Box, inputs: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """What a box without boxes inside gives."""
        if isinstance(box, Waveform):
            size = self.graph.applied(Int(len(box.values)))
            return size, self.noted(self.graph.applied(box, output=1))
        if isinstance(box, self._shown):
            for group in reversed(self._groups):
                box = Group(group.kind, group.label, box)
        if box is _DELAY and (short := _short_delay(inputs[1])) is not None:
            for _ in range(short):
                inputs = (self.noted(self.graph.previous(inputs[0])), *inputs)
            return inputs[:1]
        count = arity_of(box)[1]
        return tuple([self.noted(self.graph.applied(box, inputs, n)) for n in range(count)])

    def noted(self, signal: Signal) -> Signal:
        """A signal, after its place was noted."""
        if self._place is not None:
            self.places.setdefault(signal, self._place)
        return signal

    def total(self, values: Sequence[Signal]) -> Signal:
        """A sum, from the first value to the last."""
        if not values:
            return self.graph.applied(Int(0))
        result, *others = values
        for value in others:
            result = self.graph.applied(_PLUS, (result, value))
        return result

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[Signal, ...]], tuple[Signal, ...]],
    ) -> tuple[Signal, ...]:
        """A knot for each output of A; B takes them one sample later."""
        knots = [self.graph.knot() for _ in range(arity_of(box)[1])]
        taken = tuple([self.graph.previous(knot) for knot in knots[: arity_of(box.right)[0]]])
        return tuple(self.graph.tied(knots, turn(taken)))


def _short_delay(signal: Signal) -> int | None:
    """How many samples a delay has, if these are few: it is `x''` however it is written."""
    if isinstance(signal, Applied) and isinstance(signal.box, Int) and signal.box.value in (1, 2):
        return signal.box.value
    return None
