"""What a generated program says about its definitions, and the order they stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fad.activity import Bundles, members
from fad.box import Box, ForeignFunction, Primitive, Slider, Switch
from fad.emitter import Note, comment
from fad.forward import Dual, Part
from fad.parameters import Parameter

#: Where definitions stand: the parameters with their seeds, then what operations do to tangents,
#: then what the source consists of.
PARAMETERS, OPERATIONS, PARTS = -2, -1, 0
#: More derivatives than these are not listed where all of them follow a value.
_FEW = 3


def described(
    variables: Sequence[Parameter], direction: Mapping[str, float] | None = None
) -> list[str]:
    """The parameters as comments, a line each: path, initial value, range.

    Args:
        variables: the parameters.
        direction: the components of the direction that there is a derivative along, if any.
    """
    lines = []
    if direction:
        parts = (f"{name}={value:g}" for name, value in direction.items())
        lines += comment(f"direction: {', '.join(parts)}")
    for variable in variables:
        text = variable.path
        if variable.kind != "input":
            unit = variable.unit and f" {variable.unit}"
            text += f": {variable.init:g}{unit} in [{variable.min:g}, {variable.max:g}]"
            text += "" if variable.scale == "lin" else f", {variable.scale}"
        lines += comment(f"parameter {text}")
    return lines


def notes(dual: Dual) -> dict[Box, Note]:
    """What to say about the parts of a dual: which derivatives follow their values."""
    labels = dual.seeds.labels
    return {part.dual: _note(part, labels) for part in reversed(dual.parts)}


def _note(part: Part, labels: Sequence[str]) -> Note:
    match part.source:
        case Slider() | Switch():
            return Note(PARAMETERS)
        case Primitive() | ForeignFunction():
            return Note(OPERATIONS, yields=True)
    return Note(PARTS, _derivatives(part.outputs, labels) if any(part.outputs) else "")


def _derivatives(outputs: Bundles, labels: Sequence[str]) -> str:
    """The derivatives that follow each output: once, where they are the same for all."""
    everything = (1 << len(labels)) - 1
    if set(outputs) == {everything} and len(labels) > _FEW:
        return "all derivatives"
    each = [", ".join(f"d/d{labels[i]}" for i in members(active)) or "none" for active in outputs]
    return each[0] if len(set(each)) == 1 else f"by output: {'; '.join(each)}"
