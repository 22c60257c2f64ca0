"""Widgets replaced: by other values, other labels, or anything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from fad.base.deep_stack import recursive
from fad.diagram.box import (
    Bargraph,
    Box,
    Group,
    Lambda,
    Par,
    Primitive,
    Real,
    Seq,
    Slider,
    Slot,
    Soundfile,
    Switch,
    postorder,
)
from fad.diagram.labels import plain_name, sound_files, widget_path
from fad.diagram.parameters import GroupPath, Parameter, Widget, parameter_at

#: What a user interface shows, but for groups and sound files.
_LABELLED = (Slider, Switch, Bargraph)
#: The files that a `soundfile` plays, as its label names them, and its number of channels.
PlayedFiles = tuple[tuple[str, ...], int]


@recursive
def with_replaced(
    box: Box, is_place: Callable[[Box], bool], change: Callable[[Box, GroupPath], Box]
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with something else in the place of some of its parts.

    Args:
        box: the diagram.
        is_place: whether a part may be replaced.
        change: from such a part, and the names of the groups around it, to what is there then.

    Returns:
        The new diagram, and what each part of it was that is another one now: a part inside
        different groups may have become several ones.
    """
    holding: set[Box] = set()
    for part in postorder(box):
        if is_place(part) or any(child in holding for child in part.children):
            holding.add(part)
    memo: dict[tuple[Box, GroupPath], Box] = {}
    originals: dict[Box, Box] = {}

    def rewrite(part: Box, groups: GroupPath) -> Box:
        if part not in holding:
            return part
        key = part, groups
        if key not in memo:
            if is_place(part):
                new = change(part, groups)
            else:
                inner = (*groups, plain_name(part.label)) if isinstance(part, Group) else groups
                new = part.rebuild(tuple(rewrite(child, inner) for child in part.children))
            if new is not part:
                originals.setdefault(new, part)
            memo[key] = new
        return memo[key]

    return rewrite(box, ()), originals


def with_widgets(
    box: Box, change: Callable[[Widget, Parameter], Box]
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with something else in the places of its widgets.

    Args:
        box: a closed diagram.
        change: from a widget, and the parameter that it is at its place.

    Returns:
        The new diagram, and what each part of it was that is another one now.
    """

    def changed(part: Box, groups: GroupPath) -> Box:
        assert isinstance(part, Widget)
        return change(part, parameter_at(part, groups))

    return with_replaced(box, lambda part: isinstance(part, Widget), changed)


def relabelled(widget: Widget, label: str) -> Widget:
    """The same widget under another label."""
    if isinstance(widget, Switch):
        return Switch(widget.kind, label)
    return Slider(widget.kind, label, widget.init, widget.min, widget.max, widget.step)


def numbered(box: Box) -> tuple[Box, tuple[str, ...]]:
    """A diagram without groups, whose widgets and bargraphs have numbers for labels.

    What compiles it sees no text of the program's, so that none can be taken for code; and what it
    says of its user interface cannot be misunderstood.

    Args:
        box: a closed diagram.

    Returns:
        The new diagram, and the path of what each number stands for, from 0 on. What is at one
        path has one number.
    """
    numbers: dict[str, int] = {}

    def changed(part: Box, groups: GroupPath) -> Box:
        assert isinstance(part, _LABELLED)
        path = "/" + "/".join(widget_path(part.label, groups))
        label = str(numbers.setdefault(path, len(numbers)))
        if isinstance(part, Bargraph):
            return Bargraph(part.kind, label, part.min, part.max)
        return relabelled(part, label)

    labelled, _ = with_replaced(box, lambda part: isinstance(part, _LABELLED), changed)
    return _without_groups(labelled), tuple(numbers)


def with_numbered_sounds(box: Box) -> tuple[Box, tuple[PlayedFiles, ...]]:
    """A diagram whose sound files are called `s` and a number: libfaust writes labels into code.

    Args:
        box: a closed diagram.

    Returns:
        The new diagram, and what each number plays, from 0 on.
    """
    numbers: dict[PlayedFiles, int] = {}

    def changed(part: Box, groups: GroupPath) -> Box:
        assert isinstance(part, Soundfile)
        played = tuple(sound_files(part.label)), part.channels
        return Soundfile(f"s{numbers.setdefault(played, len(numbers))}", part.channels)

    labelled, _ = with_replaced(box, lambda part: isinstance(part, Soundfile), changed)
    return labelled, tuple(numbers)


def _without_groups(box: Box) -> Box:
    new: dict[Box, Box] = {}
    for part in postorder(box):
        inner = tuple(new[child] for child in part.children)
        new[part] = inner[0] if isinstance(part, Group) else part.rebuild(inner)
    return new[box]


def with_values(box: Box, values: Mapping[str, float]) -> Box:
    """A diagram whose widgets start at other values, and can reach them.

    Args:
        box: a closed diagram.
        values: parameter path -> value. Paths that do not occur are passed by. A button or
            checkbox becomes an entry of that value.
    """
    return with_started(box, values)[0] if values else box


def with_started(box: Box, values: Mapping[str, float]) -> tuple[Box, Mapping[Box, Box]]:
    """The same, and what each part of the diagram was that is another one now."""

    def moved(widget: Widget, parameter: Parameter) -> Box:
        value = values.get(parameter.path)
        return widget if value is None else _moved(widget, value)

    return with_widgets(box, moved)


def _moved(box: Widget, value: float) -> Slider:
    if isinstance(box, Slider):
        low, high = min(box.min, value), max(box.max, value)
        return Slider(box.kind, box.label, value, low, high, box.step)
    return Slider("nentry", box.label, value, min(0.0, value), max(1.0, value), 1.0)


def with_inputs(box: Box, ranges: Mapping[str, tuple[float, float]]) -> Box:
    """A diagram in which some widgets are audio inputs, so that they can move at every sample.

    The inputs come before those that the diagram has. The standard compiler takes an input to be
    in [-1, 1] and sizes delay lines by such ranges: so a widget is its input times `reach`, which
    is exact, within its own range.

    Args:
        box: a closed diagram.
        ranges: parameter path -> lowest and highest value, in the order of the new inputs. Paths
            that do not occur have an input that does nothing.
    """
    taken = (part.slot.number for part in postorder(box) if isinstance(part, Lambda))
    first = 1 + max(taken, default=0)
    slots = {path: Slot(first + index, "widget") for index, path in enumerate(ranges)}

    def heard(widget: Widget, parameter: Parameter) -> Box:
        path = parameter.path
        if path not in slots:
            return widget
        low, high = ranges[path]
        whole = Seq(Par(slots[path], Real(reach(low, high))), Primitive("*"))
        not_below = Seq(Par(whole, Real(low)), Primitive("max"))
        return Seq(Par(not_below, Real(high)), Primitive("min"))

    result, _ = with_widgets(box, heard)
    for slot in reversed(slots.values()):
        result = Lambda(slot, result)
    return result


def reach(low: float, high: float) -> float:
    """The smallest power of two that no value of a range exceeds in size; 1 at least."""
    return 2.0 ** max(0, math.frexp(max(abs(low), abs(high)))[1])
