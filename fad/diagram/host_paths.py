"""What hosts call the widgets of a program: the addresses that libfaust writes.

The names are those of fad's paths, with `_` for blanks and the characters that OSC does not take.
A program with one group around everything starts there; any other is put into a group that is
called like the program, and so is a group without a name around everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fad.diagram.box import Bargraph, Box, Slider, Soundfile, Switch
from fad.diagram.groups import in_groups
from fad.diagram.labels import plain_name, split_path

#: A group as the standard compiler tells it from others: `v`, `h` or `t`, and its whole label.
GroupName = tuple[str, str]
_REPLACED = re.compile(r"[ #*,/?\[\]{}()]")
#: How libfaust writes a name without text.
_NO_NAME = "0x00"


def host_paths(box: Box, title: str) -> Mapping[str, tuple[str, ...]]:
    """The paths that hosts have for the widgets and bargraphs of a diagram.

    Args:
        box: a closed diagram.
        title: the name of the program, without `.dsp`.

    Returns:
        fad's path -> the host's, and the one without the group around the program, if there is
        one: libfaust leaves out what no output depends on, and that may be what makes it.
    """
    elements = list(dict.fromkeys(ui_elements(box)))
    tops = {groups[0] if groups else None for groups, _ in elements}
    top = next(iter(tops)) if len(tops) == 1 else None
    found: dict[str, tuple[str, ...]] = {}
    for groups, label in elements:
        names = [*(plain_name(name) for _, name in groups), plain_name(label)]
        inner = [_host_name(name) for name in names]
        if top is None:
            paths = [[_replaced(title), *inner], inner]
        elif not plain_name(top[1]):
            paths = [[_replaced(title), *inner[1:]]]
        else:
            paths = [inner]
        found.setdefault("/" + "/".join(names), tuple("/" + "/".join(path) for path in paths))
    return found


def ui_elements(box: Box) -> Iterator[tuple[tuple[GroupName, ...], str]]:
    """What a user interface shows: its groups, from the outermost, and its label behind them."""
    for part, groups in in_groups(box, lambda group: (group.kind[0], group.label)):
        if isinstance(part, Slider | Switch | Bargraph | Soundfile):
            yield _placed(part.label, groups)


def _placed(label: str, groups: tuple[GroupName, ...]) -> tuple[tuple[GroupName, ...], str]:
    """The groups and the name of a label, which may have steps of its own."""
    *steps, name = split_path(label)
    for step in steps:
        if step == "/":
            groups = ()
        elif step == "..":
            groups = groups[:-1]
        else:
            groups = (*groups, (step[0], step[2:]))
    return groups, name


def _host_name(name: str) -> str:
    return _replaced(name) or _NO_NAME


def _replaced(name: str) -> str:
    return _REPLACED.sub("_", name)
