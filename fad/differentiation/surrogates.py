"""Slopes for reads at whole positions: what stands for the derivative of a quantised path.

A table that is read at `int(phase)`, and a delay of a whole number of samples, have the
derivative 0 by their position almost everywhere, which is exact and of no use. Here such a read
is given the slope of what it reads, times the tangent of the position before it is made whole.
The primal stays as it is.

This is done inside the functions of the standard libraries whose read stands for a smooth
function (`LIBRARY_RULES`), and elsewhere where the user asks for it. It would be wrong everywhere:
a read that is interpolated already has its exact derivative, through the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from fad.diagram.box import Box, Par, Primitive, Seq, postorder

#: What a slope can stand for the derivative of.
Kind = Literal["tables", "delays"]
KINDS: tuple[Kind, ...] = ("tables", "delays")

#: (library file, definition) -> the reads inside that get a slope.
LIBRARY_RULES: Mapping[tuple[str, str], Kind] = MappingProxyType(
    {
        ("oscillators.lib", "oscsin"): "tables",
        ("oscillators.lib", "osccos"): "tables",
        ("oscillators.lib", "hs_oscsin"): "tables",
        ("oscillators.lib", "hs_osccos"): "tables",
        ("music.lib", "oscsin"): "tables",
        ("music.lib", "osccos"): "tables",
    }
)

_TABLE, _DELAY, _WHOLE = Primitive("rdtable"), Primitive("@"), Primitive("int")


@dataclass(frozen=True)
class Read:
    """`signal, position : function`, a read at a whole position.

    Attributes:
        kind: what is read.
        signal: the table (its size and content), or the signal that is delayed.
        position: the diagram of the position, before it is made whole.
        is_cast: whether the position was made whole by an `int`, and not by the read itself.
        function: the primitive that reads.
    """

    kind: Kind
    signal: Box
    position: Box
    is_cast: bool
    function: Primitive


class Surrogates:
    """Which reads of a diagram get a slope.

    Args:
        root: the whole diagram.
        made_by: the library file and definition that a diagram is the result of.
        everywhere: the kinds that get a slope wherever they are.
    """

    def __init__(
        self,
        root: Box,
        made_by: Mapping[Box, tuple[str, str]],
        everywhere: Sequence[Kind] = (),
    ) -> None:
        self._everywhere = frozenset(everywhere)
        self._inside: set[tuple[Box, Kind]] = set()
        for box in postorder(root):
            kind = LIBRARY_RULES.get(made_by.get(box, ("", "")))
            if kind is not None:
                self._inside.update((inner, kind) for inner in postorder(box))

    def find(self, box: Seq) -> Read | None:
        """The read that a box is, if it gets a slope."""
        read = _read(box)
        if read is None or read.kind in self._everywhere or (box, read.kind) in self._inside:
            return read
        return None


def _read(box: Seq) -> Read | None:
    function, operands = box.right, box.left
    if not isinstance(operands, Par):
        return None
    if function is _DELAY:
        if operands.left.arity and operands.left.arity[1] == 1:
            return Read("delays", operands.left, *_uncast(operands.right), _DELAY)
    elif function is _TABLE:
        size, rest = operands.left, operands.right
        if isinstance(rest, Par) and size.arity == rest.left.arity == (0, 1):
            return Read("tables", Par(size, rest.left), *_uncast(rest.right), _TABLE)
    return None


def _uncast(position: Box) -> tuple[Box, bool]:
    """A position without the `int` at its end, and whether there was one."""
    if isinstance(position, Seq) and position.right is _WHOLE:
        return position.left, True
    return position, False
