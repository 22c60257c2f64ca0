"""What it takes to differentiate a diagram, known before it is done."""

from __future__ import annotations

from collections.abc import Mapping

from fad.base.errors import DifferentiationError
from fad.base.prose import counted
from fad.base.source import Span
from fad.diagram.box import Box, Par, Slider, Switch, postorder
from fad.evaluation.limits import MAX_PASSED_WIRES, MAX_WIRES

#: What an operator takes, in steps, wherever it is applied, and for each part of its argument.
_STEPS, _STEPS_PER_PART = 50, 10
#: How many tangents of parts, wires of parts, or pairs of seeds take one step.
_TANGENTS_PER_STEP, _WIRES_PER_STEP, _PAIRS_PER_STEP = 20, 40, 10
#: What a pair of seeds is in wires.
_WIRES_PER_PAIR = _WIRES_PER_STEP // _PAIRS_PER_STEP


def steps_to_differentiate(box: Box, seeds: int) -> int:
    """About how many steps of an evaluation it takes to differentiate a diagram.

    Args:
        box: a closed, well-typed diagram.
        seeds: the number of variables.
    """
    parts = wires = 0
    for part in postorder(box):
        parts += 1
        wires += _wires(part)
    return (
        _STEPS
        + parts * _STEPS_PER_PART
        + parts * seeds // _TANGENTS_PER_STEP
        + wires // _WIRES_PER_STEP
        + seeds * seeds // _PAIRS_PER_STEP
    )


def check_outputs(box: Box, seeds: int) -> None:
    """Refuses a diagram whose outputs and tangents are too many.

    Raises:
        DifferentiationError: they are; the error has no place.
    """
    outputs = box.arity[1] if box.arity else 0
    if outputs * (1 + seeds) > MAX_WIRES:
        raise DifferentiationError(
            f"there are too many derivatives: {counted(outputs, 'output')} by "
            f"{counted(seeds, 'variable')}; the limit is {MAX_WIRES} outputs and derivatives"
        )


def check_size(box: Box, seeds: int, origins: Mapping[Box, Span]) -> None:
    """Refuses a diagram whose parts have too many wires, or too many derivatives.

    What passes through a part is kept for each of its wires: for n diagrams side by side, which
    are n lists inside each other, these are n * n / 2.

    Args:
        box: a closed, well-typed diagram.
        seeds: the number of variables.
        origins: where parts come from.

    Raises:
        DifferentiationError: they are too many; the place is that of the widest part.
    """
    wires = seeds * seeds * _WIRES_PER_PAIR
    widest = box
    for part in postorder(box):
        wires += _wires(part)
        if part in origins and (widest not in origins or _wires(part) > _wires(widest)):
            widest = part
    if wires > MAX_PASSED_WIRES:
        raise DifferentiationError(
            f"the program is too large to differentiate by {counted(seeds, 'variable')}: all its "
            f"parts together have {wires} inputs and outputs; the limit is {MAX_PASSED_WIRES}",
            origins.get(widest),
            "what is written as a list of many diagrams has many inputs and outputs: this part "
            "has the most",
        )
    check_outputs(box, seeds)


def list_length(box: Box) -> int:
    """The number of diagrams that a parallel composition puts side by side."""
    lengths: dict[Box, int] = {}
    for part in postorder(box):
        sides = isinstance(part, Par) and lengths[part.left] + lengths[part.right]
        lengths[part] = sides or 1
    return lengths[box]


def count_widgets(box: Box) -> int:
    """The number of different sliders, number entries and switches in a diagram."""
    return sum(isinstance(part, Slider | Switch) for part in postorder(box))


def _wires(box: Box) -> int:
    return sum(box.arity) if box.arity else 0
