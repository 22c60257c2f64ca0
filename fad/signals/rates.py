"""How often signals change: never, when a slider moves, at every sample."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from fad.diagram.box import (
    Box,
    ForeignFunction,
    ForeignValue,
    Int,
    Primitive,
    Real,
    Slider,
    Soundfile,
    Switch,
)
from fad.signals.graph import Applied, Signal, operands_first


class Rate(IntEnum):
    """How often a signal changes."""

    CONSTANT = 0
    CONTROL = 1
    AUDIO = 2


#: Primitives whose results depend on the past.
WITH_MEMORY = frozenset({"mem", "@", "prefix", "rwtable", "enable", "control"})
#: What is computed before a program starts: the size and the content of a table.
PREPARED: Mapping[str, int] = {"rdtable": 2, "rwtable": 2}


def running(signal: Signal) -> tuple[Signal, ...]:
    """The signals that one is computed from while the program runs, all without marks."""
    operands = signal.arguments
    if isinstance(signal, Applied) and isinstance(signal.box, Primitive):
        operands = operands[PREPARED.get(signal.box.name, 0) :]
    return tuple([operand.plain for operand in operands])


class Rates:
    """Finds the rates of signals without marks, and remembers them."""

    def __init__(self) -> None:
        self._known: dict[Signal, Rate] = {}

    def __getitem__(self, signal: Signal) -> Rate:
        if signal not in self._known:
            for each in operands_first([signal], self._unknown):
                self._known[each] = self._rate(each)
        return self._known[signal]

    def _unknown(self, signal: Signal) -> tuple[Signal, ...]:
        if signal in self._known or _own_rate(signal) is not None:
            return ()
        return running(signal)

    def _rate(self, signal: Signal) -> Rate:
        own = _own_rate(signal)
        if own is not None:
            return own
        return max((self._known[each] for each in running(signal)), default=Rate.CONSTANT)


def _own_rate(signal: Signal) -> Rate | None:
    """The rate of a signal whatever it is computed from; `None` if it has theirs."""
    if not isinstance(signal, Applied):
        return None if signal.arguments else Rate.AUDIO
    return _box_rate(signal.element)


def _box_rate(box: Box) -> Rate | None:
    match box:
        case Int() | Real() | ForeignValue(kind="fconstant"):
            return Rate.CONSTANT
        case Slider() | Switch() | ForeignValue():
            return Rate.CONTROL
        case Primitive(name=name):
            return Rate.AUDIO if name in WITH_MEMORY else None
        case ForeignFunction(arguments=arguments) if arguments:
            return None
        case Soundfile():
            return None
    if box.arity == (1, 1):  # a bargraph
        return None
    return Rate.AUDIO
