"""Which parameters stand on a kink at their initial values, where a derivative has two sides.

`abs(gain)` has two slopes at 0, and `max(gain, 0)` too; `gain > 0` is about to choose something
else, and `1/gain` is infinite. Where a slider begins just there, the tangent is one of two or none,
and gradient descent may never leave the place. That is worth a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fad.base.source import Span
from fad.diagram.box import (
    Bargraph,
    Box,
    ForeignFunction,
    Int,
    Primitive,
    Real,
    Rec,
    Slider,
    Slot,
    Switch,
    arity_of,
)
from fad.diagram.interpret import Interpretation
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import NONE, Active, members, union
from fad.differentiation.dual import Dropped
from fad.differentiation.operations import Operations
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variables import Variable
from fad.differentiation.variants import GUARDS, Variant
from fad.evaluation.folding import Number, folded


class Reading(NamedTuple):
    """What is known of a signal before a program runs.

    Attributes:
        value: its value while all widgets are where they start; `None` if it changes over time.
        active: the parameters that move it.
    """

    value: Number | None
    active: Active


_UNKNOWN = Reading(None, NONE)
_CONTROL = Primitive("control")
#: Primitive -> what is to be said of its kinks.
_REASONS: Mapping[str, str] = {
    **dict.fromkeys(
        ("abs", "min", "max"),
        "the derivative by it has two sides there, and one of them is written",
    ),
    "/": "through what is infinite there, the derivative is taken to be 0",
}
_THRESHOLD = "what depends on it may jump there, and the derivative is that of one side"


class InitialKinks(Interpretation[Reading]):
    """Runs a diagram whose variables are marked on initial values, and finds the kinks it meets.

    Args:
        operations: how functions pass parameters on.
        originals: what parts of the diagram were before they were marked.
        origins: where they were written.

    Attributes:
        found: parameter -> the first place where it stands on a kink.
        switched: parameter -> the first place where its tangent is switched off at times.
    """

    def __init__(
        self, operations: Operations, originals: Mapping[Box, Box], origins: Mapping[Box, Span]
    ) -> None:
        super().__init__()
        self.found: dict[int, Dropped] = {}
        self.switched: dict[int, Dropped] = {}
        self._operations = operations
        self._originals = originals
        self._origins = origins
        self._place: Span | None = None

    def outputs(
        self,
        box: Box,
        inputs: tuple[Reading, ...],
        slots: Mapping[Slot, Reading] | None = None,
    ) -> tuple[Reading, ...]:
        """What the outputs of a box carry; see `Interpretation`."""
        outer = self._place
        self._place = self._origins.get(self._originals.get(box, box), outer)
        result = super().outputs(box, inputs, slots or {})
        self._place = outer
        return result

    def leaf(self, box: Box, inputs: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """Numbers and widgets have values, and so has what primitives make of them."""
        match box:
            case Int() | Real():
                return (Reading(box, NONE),)
            case Variable():
                return (Reading(_initial(box.signal), 1 << box.lane),)
            case Slider() | Switch():
                return (Reading(_initial(box), NONE),)
            case Bargraph():
                return inputs
            case Primitive() | ForeignFunction() | SlopedRead() | SlopedSample() | Variant():
                operation = self._operations.of(box)
                active = union(reading.active for reading in inputs)
                if operation is not None:
                    active = operation.active(tuple([reading.active for reading in inputs]))
                if box is _CONTROL and inputs[0].value is None:
                    place = Dropped("it is off at times", "control", self._place)
                    self.switched.update(dict.fromkeys(members(active), place) | self.switched)
                return (Reading(self._value(box, inputs), active),)
        return (_UNKNOWN,) * arity_of(box)[1]

    def ruled(
        self, box: Ruled, inputs: tuple[Reading, ...], slots: Mapping[Slot, Reading]
    ) -> tuple[Reading, ...]:
        """A function with a rule of its own: its rule knows about the kinks inside."""
        known = dict(self.found)
        outputs = super().ruled(box, inputs, slots)
        if box.rule.obstacle is not None:
            return outputs
        self.found = known
        operation = self._operations.of(box)
        assert operation is not None
        active = operation.active(tuple([reading.active for reading in inputs]))
        return tuple([Reading(reading.value, active) for reading in outputs])

    def _value(self, box: Box, inputs: Sequence[Reading]) -> Number | None:
        numbers = [reading.value for reading in inputs]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or not isinstance(box, Primitive | Variant):
            return None
        name = box.name if isinstance(box, Primitive) else box.function.name
        is_plain = isinstance(box, Primitive) or box.kind in GUARDS
        if is_plain and _is_kink(name, known):
            kink = Dropped(_REASONS.get(name, _THRESHOLD), name, self._place)
            for index in members(union(reading.active for reading in inputs)):
                self.found.setdefault(index, kink)
        return folded(name, known)

    def total(self, values: Sequence[Reading]) -> Reading:
        """A sum."""
        result = Reading(Int(0), NONE)
        for reading in values:
            known = result.value is not None and reading.value is not None
            numbers = [number for number in (result.value, reading.value) if number is not None]
            value = folded("+", numbers) if known else None
            result = Reading(value, result.active | reading.active)
        return result

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[Reading, ...]], tuple[Reading, ...]],
    ) -> tuple[Reading, ...]:
        """What is fed back changes over time."""
        taken = (_UNKNOWN,) * arity_of(box.right)[0]
        while True:
            outputs = turn(taken)
            back = tuple([Reading(None, reading.active) for reading in outputs[: len(taken)]])
            if back == taken:
                return outputs
            taken = back


def _initial(widget: Box) -> Number | None:
    """The value that a widget starts at."""
    if isinstance(widget, Slider):
        return Real(widget.init)
    return Real(0.0) if isinstance(widget, Switch) else None


def _is_kink(name: str, numbers: Sequence[Number]) -> bool:
    """Whether a primitive has two slopes at some numbers."""
    if name == "abs":
        return numbers[0].value == 0
    if name == "/":
        return numbers[1].value == 0
    # A program that asks for `==` has modes, and stands on one of them on purpose.
    is_threshold = name in ("min", "max", "<", "<=", ">", ">=")
    return is_threshold and numbers[0].value == numbers[1].value
