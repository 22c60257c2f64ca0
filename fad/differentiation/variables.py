"""What a diagram is differentiated by, marked in the diagram itself.

Before anything is differentiated, each variable becomes a leaf of its own. A parameter is a widget
at a path: the same slider inside two groups is two parameters. In the marked diagram it is two
leaves, so that whatever walks through it needs to know neither groups nor widgets.
"""

from __future__ import annotations

from collections.abc import Mapping

from fad.diagram.box import Arity, Box, Slot, exact
from fad.diagram.parameters import GroupPath, Widget, parameter_at
from fad.diagram.widgets import with_replaced
from fad.differentiation.seeds import Seeds


class Variable(Box):
    """A signal that tangents begin at.

    Attributes:
        signal: what stands in its place in the program.
        lane: which derivative its tangent belongs to.
        value: its tangent: a number, or a diagram for a signal.
    """

    __slots__ = ("lane", "signal", "value")
    fields = ("signal", "lane", "value")
    key_of = exact
    signal: Box
    lane: int
    value: float | Box

    def _infer(self) -> Arity:
        return 0, 1

    def _free(self) -> frozenset[Slot]:
        tangent = self.value
        return self.signal.free | tangent.free if isinstance(tangent, Box) else self.signal.free


def with_variables(box: Box, seeds: Seeds) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with its variables marked, and what each part of it was that is another one now.

    Audio inputs are not marked here: they are no parts of a diagram.
    """

    def is_place(part: Box) -> bool:
        return isinstance(part, Widget) or part in seeds.signals

    def marked(part: Box, groups: GroupPath) -> Box:
        if isinstance(part, Widget):
            seed = seeds.widgets.get(parameter_at(part, groups).path)
        else:
            seed = seeds.signals.get(part)
        return part if seed is None else Variable(part, *seed)

    return with_replaced(box, is_place, marked)
