"""What the first lines of a written program say about its channels: written, and read again.

`// outputs: y, dy/dgain` tells `fad run` what to call the outputs. Lines are broken between names
only. A name in which there is a comma is a string of JSON: `"dy/da, b"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from fad.text.lines import comment_list

_HEAD = "outputs:"
#: The comment lines that a text begins with.
_COMMENTS = re.compile(r"(?:[ \t\r]*(?://[^\n]*)?(?:\n|$))*")
_FIRST = re.compile(rf"//\s*{_HEAD}(.*)")
#: A line that goes on with the list has more blanks than one that begins something.
_NEXT = re.compile(r"//\s{2}(.*)")
_NAME = re.compile(r'(?P<name>\s*"(?:[^"\\]|\\.)*"\s*|[^",]*)(?:,|$)')


def outputs_comment(names: Sequence[str]) -> list[str]:
    """The names of output channels, as lines of a comment."""
    return comment_list(_HEAD, [_quoted(name) for name in names])


def outputs_in(text: str) -> tuple[str, ...]:
    """The names of output channels that a program begins with; none if it does not tell.

    Args:
        text: the program.
    """
    found = _COMMENTS.match(text)
    lines = iter(found[0].split("\n") if found else ())
    for line in lines:
        if first := _FIRST.fullmatch(line.strip()):
            listed = [first[1].strip()]
            while listed[-1].endswith(",") and (more := _NEXT.fullmatch(next(lines, "").strip())):
                listed.append(more[1].strip())
            return _names(" ".join(listed))
    return ()


def _names(listed: str) -> tuple[str, ...]:
    """The names of a list; none where it is not one."""
    place, names = 0, []
    while place < len(listed):
        found = _NAME.match(listed, place)
        name = found["name"].strip() if found else ""
        if found is None or not name:
            return ()
        try:
            names.append(json.loads(name) if name.startswith('"') else name)
        except ValueError:
            return ()
        place = found.end()
    return tuple(names)


def _quoted(name: str) -> str:
    """A name that can be told from its neighbours in a list."""
    is_plain = name.isprintable() and name == name.strip() and not set(name) & set(',"')
    return name if is_plain else json.dumps(name, ensure_ascii=False)
