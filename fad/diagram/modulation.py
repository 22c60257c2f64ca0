"""Widget modulation: `["label": circuit -> body]` puts a circuit after the widgets it names."""

from __future__ import annotations

from fad.diagram.box import Bargraph, Box, Group, Par, Seq, Slider, Slot, Switch
from fad.diagram.labels import plain_name, widget_path

#: Names to find, the innermost first: the widget's, then those of groups around it.
Target = tuple[str, ...]


def target(text: str) -> Target:
    """The path that a modulation names: `"group/label"`, slashes at the ends do not count."""
    return tuple(reversed([name for name in text.split("/") if name]))


def modulate(body: Box, path: Target, circuit: Box, slot: Slot | None) -> Box:
    """A diagram in which every widget on a path is followed by a circuit.

    Args:
        body: a closed diagram.
        path: the widgets' name and groups.
        circuit: a diagram with one output: without inputs it replaces the widget; with one it
            follows the widget; with two, the second one is the slot.
        slot: the signal that modulates, for a circuit with two inputs.
    """
    inputs = circuit.arity[0] if circuit.arity else 0
    memo: dict[tuple[Box, Target], Box] = {}

    def implant(widget: Box) -> Box:
        if inputs == 0:
            return circuit
        if inputs == 1 or slot is None:
            return Seq(widget, circuit)
        return Seq(Par(widget, slot), circuit)

    def rewrite(box: Box, path: Target) -> Box:
        key = box, path
        if key not in memo:
            if isinstance(box, Slider | Switch | Bargraph):
                memo[key] = (
                    implant(box) if _names(path, tuple(reversed(widget_path(box.label)))) else box
                )
            else:
                inner = path
                if isinstance(box, Group) and path and plain_name(box.label) == path[-1]:
                    inner = path[:-1]
                memo[key] = box.rebuild(tuple(rewrite(child, inner) for child in box.children))
        return memo[key]

    return rewrite(body, path)


def _names(path: Target, widget: Target) -> bool:
    """Whether all names of a path occur in a widget's path, in the same order."""
    rest = iter(widget)
    return all(name in rest for name in path)
