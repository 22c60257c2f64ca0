"""How long a program has to run until its inputs and widgets have reached its outputs.

A program is run on intervals: on what each wire may carry while the sliders rest, and on how late
what it carries may be. Where nothing is known of a wire, or of the length of a delay, nothing is
taken to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fad.base.deep_stack import recursive
from fad.diagram.bounds import UNKNOWN, Bounds, bounds_of
from fad.diagram.box import Box, ForeignValue, Int, Primitive, Real, Rec, Slider, Switch, arity_of
from fad.diagram.interpret import Interpretation

#: Seconds.
SHORTEST, LONGEST = 0.05, 2.0
#: When buttons and checkboxes are pressed, in units of the length.
PRESSED = 0.1
#: The name of the sample rate in programs.
_RATE = "fSamplingFreq"


@recursive
def seconds_for(boxes: Sequence[Box], rate: int) -> float:
    """How long to run programs, in seconds: until their longest delays are over, within bounds.

    Args:
        boxes: closed diagrams; their sliders rest where they start.
        rate: the sample rate, in Hz.
    """
    delays = _Delays(rate)
    for box in boxes:
        delays.outputs(box, (_UNKNOWN,) * arity_of(box)[0])
    after_press = delays.longest / rate / (1 - PRESSED)
    return min(LONGEST, SHORTEST + math.floor(100 * after_press) / 100)


@dataclass(frozen=True)
class _Signal:
    """What a wire may carry.

    Attributes:
        low, high: the bounds of its values.
        delay: how many samples it may be late.
    """

    low: float
    high: float
    delay: float = 0.0

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high


_UNKNOWN = _Signal(*UNKNOWN)


class _Delays(Interpretation[_Signal]):
    """Runs diagrams on intervals.

    Attributes:
        longest: the longest delay so far, in samples.
    """

    def __init__(self, rate: int) -> None:
        super().__init__()
        self._rate = float(rate)
        self.longest = 0.0

    def leaf(self, box: Box, inputs: tuple[_Signal, ...]) -> tuple[_Signal, ...]:
        """Numbers, widgets at rest, and what primitives make of them."""
        delay = max((signal.delay for signal in inputs), default=0.0)
        match box:
            case Int() | Real():
                return (_Signal(box.value, box.value),)
            case Slider():
                return (_Signal(box.init, box.init),)
            case Switch():
                return (_Signal(0.0, 1.0),)
            case ForeignValue(name=name) if name == _RATE:
                return (_Signal(self._rate, self._rate),)
            case Primitive(name=name):
                late = delay + _own_delay(name, inputs)
                self.longest = max(self.longest, late)
                bounds = bounds_of(name, [signal.bounds for signal in inputs])
                return (_Signal(*bounds, late),)
        return (_Signal(-math.inf, math.inf, delay),) * arity_of(box)[1]

    def total(self, values: Sequence[_Signal]) -> _Signal:
        """A sum."""
        delay = max((signal.delay for signal in values), default=0.0)
        bounds = (0.0, 0.0)
        for value in values:
            bounds = bounds[0] + value.low, bounds[1] + value.high
        return _Signal(*bounds, delay)

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[_Signal, ...]], tuple[_Signal, ...]],
    ) -> tuple[_Signal, ...]:
        """One turn: what comes back was there before."""
        return turn((_UNKNOWN,) * arity_of(box.right)[0])


def _own_delay(name: str, inputs: Sequence[_Signal]) -> float:
    """How much a primitive delays, in samples: a table that is written is read later."""
    match name:
        case "mem" | "prefix":
            return 1.0
        case "@":
            most = inputs[1].high
        case "rwtable":
            most = inputs[0].high
        case _:
            return 0.0
    return max(0.0, most) if math.isfinite(most) else 0.0
