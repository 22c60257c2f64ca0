"""Between which bounds signals lie, as far as their parts tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fad.diagram.bounds import UNKNOWN, Bounds, bounds_of, hull
from fad.diagram.box import ForeignValue, Int, Primitive, Real, Slider, Switch, Waveform
from fad.signals.graph import Applied, Input, Knot, Signal, is_past, operands_first
from fad.signals.rates import running

#: The sample rates that the standard libraries know of, in Hz.
_RATES: Bounds = (1.0, 192000.0)
_RATE = "fSamplingFreq"


class Ranges:
    """Finds the bounds of signals without marks, and remembers them.

    As the standard compiler does, it takes inputs to be in [-1, 1]; of what comes back in a
    recursion nothing is known.
    """

    def __init__(self) -> None:
        self._known: dict[Signal, Bounds] = {}

    def __getitem__(self, signal: Signal) -> Bounds:
        if signal not in self._known:
            for each in operands_first([signal], self._unknown):
                self._known[each] = self._bounds(each)
        return self._known[signal]

    def _unknown(self, signal: Signal) -> Sequence[Signal]:
        if signal in self._known or is_past(signal):
            return ()
        return running(signal)

    def _bounds(self, signal: Signal) -> Bounds:
        if isinstance(signal, Input):
            return (-1.0, 1.0)
        if isinstance(signal, Knot):
            return self._known[signal.value.plain]
        if not isinstance(signal, Applied) or is_past(signal):
            return UNKNOWN
        match signal.element:
            case Int(value=value) | Real(value=value):
                return (float(value), float(value))
            case Slider(min=low, max=high, init=init):
                return min(low, init), max(high, init)
            case Switch():
                return (0.0, 1.0)
            case ForeignValue(name=name) if name == _RATE:
                return _RATES
            case Primitive(name="rdtable"):
                return _content(signal.arguments[1].plain)
            case Primitive(name="&"):
                return self._masked(signal.arguments)
            case Primitive(name=name):
                return bounds_of(name, [self._known[each] for each in running(signal)])
        if len(signal.arguments) == 1:  # a bargraph
            return self._known[signal.arguments[0].plain]
        return UNKNOWN

    def _masked(self, operands: Sequence[Signal]) -> Bounds:
        """What passes a mask is not above it, where that is not negative."""
        highest = [high for low, high in (self._known[each.plain] for each in operands) if low >= 0]
        return (0.0, min(highest)) if highest else UNKNOWN


def _content(signal: Signal) -> Bounds:
    if isinstance(signal, Applied) and isinstance(signal.element, Waveform):
        values = [float(number.value) for number in signal.element.values]
        return hull([(value, value) for value in values if math.isfinite(value)] or [UNKNOWN])
    return UNKNOWN
