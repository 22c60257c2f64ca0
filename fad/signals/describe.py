"""What signals are, in a few words of Faust."""

from __future__ import annotations

from collections.abc import Mapping

from fad.diagram.box import Int, Primitive, Real, Slider, Switch
from fad.diagram.labels import identifier, plain_name, split_path
from fad.diagram.primitives import INFIX
from fad.signals.graph import Applied, Input, Knot, Marked, Signal

#: How many operations inside each other are written.
_DEEPEST = 3
_REST = "..."


def described(signal: Signal, names: Mapping[Signal, str], depth: int = _DEEPEST) -> str:
    """An expression for a signal, whose operands go by their names.

    Args:
        signal: the signal.
        names: what signals are called.
        depth: how many operations inside each other to write; `...` stands for the others.
    """
    if signal in names and depth < _DEEPEST:
        return names[signal]
    match signal:
        case Input(index=index):
            return names.get(signal) or f"input {index}"
        case Knot() | Marked():
            return names.get(signal) or described(signal.value, names, depth)
        case Applied():
            return _applied(signal, names, depth)
    return _REST


def _applied(signal: Applied, names: Mapping[Signal, str], depth: int) -> str:
    match signal.element:
        case Int(value=value) | Real(value=value):
            return f"{value:g}"
        case Slider(label=label) | Switch(label=label):
            return identifier(plain_name(split_path(label)[-1]), "widget")
        case Primitive(name=name):
            pass
        case element:
            name = getattr(element, "names", (type(element).__name__.lower(),))[0]
    if not depth:
        return _REST
    operands = [described(operand, names, depth - 1) for operand in signal.arguments]
    if name == "mem":
        is_atom = operands[0].rstrip("'").isidentifier()
        return f"{operands[0]}'" if is_atom else f"({operands[0]})'"
    if name in INFIX:
        left, right = (_atom(operand) for operand in operands)
        return f"{left}{name}{right}" if name in "*/^@" else f"{left} {name} {right}"
    return f"{name}({', '.join(operands)})"


def _atom(text: str) -> str:
    return f"({text})" if " " in text and not text.startswith("input ") else text
