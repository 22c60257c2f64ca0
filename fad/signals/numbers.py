"""Which signals are integers, as the standard compiler finds."""

from __future__ import annotations

from collections.abc import Iterable

from fad.diagram.box import Box, ForeignFunction, ForeignValue, Int, Primitive, Waveform
from fad.signals.graph import Applied, Knot, Signal, operands_first

_ALWAYS = frozenset("int < <= > >= == != & | xor << >>".split())
#: Primitive -> the first operand that decides; the result is an integer if these are.
_LIKE_OPERANDS = {
    **dict.fromkeys("+ - * % min max abs mem prefix".split(), slice(None)),
    **dict.fromkeys(("@", "attach", "enable", "control"), slice(1)),
    **dict.fromkeys(("select2", "select3"), slice(1, None)),
    "rdtable": slice(1, 2),
    "rwtable": slice(1, 4, 2),
    "assertbounds": slice(2, 3),
}


def integers(roots: Iterable[Signal]) -> set[Signal]:
    """Those of some signals, and of all that they are computed from, that are integers.

    What comes back in a recursion is taken to be an integer until it turns out that it is none.
    """
    order = list(operands_first(roots, _values))
    found = set(order)
    while True:
        wrong = [each for each in order if each in found and not _is_integer(each, found)]
        if not wrong:
            return found
        found.difference_update(wrong)


def _values(signal: Signal) -> tuple[Signal, ...]:
    return tuple([operand.plain for operand in signal.arguments])


def _is_integer(signal: Signal, known: set[Signal]) -> bool:
    operands = _values(signal)
    if isinstance(signal, Knot):
        return operands[0] in known
    return isinstance(signal, Applied) and _gives_integer(signal.element, operands, known)


def _gives_integer(box: Box, operands: tuple[Signal, ...], known: set[Signal]) -> bool:
    match box:
        case Int():
            return True
        case Waveform(values=values):
            return all(isinstance(value, Int) for value in values)
        case ForeignFunction(type=kind) | ForeignValue(type=kind):
            return kind == "int"
        case Primitive(name=name) if name in _ALWAYS:
            return True
        case Primitive(name=name) if name in _LIKE_OPERANDS:
            return known.issuperset(operands[_LIKE_OPERANDS[name]])
    return False
