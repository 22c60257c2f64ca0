"""Widget labels: paths and metadata are part of the text, as in `"h:group/name [unit:Hz]"`.

The rules are the standard compiler's. In a name, `[key:value]` is metadata, in which brackets may
be nested, and one that is not closed takes the rest; a backslash takes the character after it as
it is. Blanks and tabs at the ends do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

_BLANKS = " \t"
#: The files in `{'a.wav';'b.wav'}`.
#: A file that a label names, all files of a list, and what may stand between them.
_FILE = re.compile(r"'([^']*)'")
_FILES = re.compile(r"\{'[^']*'(?:;'[^']*')*\}")
_OUTSIDE = re.compile(r"'[^']*'|[ \t]+")
#: A substitution: `%i`, `%2i` or `%{i}`, where the number is a width. Behind a `%{` that is not
#: closed the label ends.
_SUBSTITUTION = re.compile(
    r"%(?P<width>[0-9]*)(?:(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z0-9_]*)\}|\{[\s\S]*)"
)
_WIDEST = 4


class _Entry(NamedTuple):
    """Metadata inside a name, and where it stands."""

    key: str
    value: str
    start: int
    end: int


class _Name(NamedTuple):
    """A name taken apart: what is shown, its metadata, and how much of the text says something."""

    shown: str
    entries: tuple[_Entry, ...]
    end: int


def _taken_apart(text: str) -> _Name:
    shown: list[str] = []
    key: list[str] = []
    value: list[str] = []
    entries: list[_Entry] = []
    part = shown  # what the characters belong to
    depth = start = 0
    escaped = False
    for place, char in enumerate(text):
        if escaped:
            part.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "[" and not depth:
            depth, start = 1, place
            key, value = [], []
            part = key
        elif char == ":" and depth == 1 and part is key:
            part = value
        elif char == "]" and depth == 1:
            depth = 0
            said = "".join(key).strip(_BLANKS), "".join(value).strip(_BLANKS)
            entries.append(_Entry(*said, start, place + 1))
            part = shown
        else:
            if depth:
                depth += {"[": 1, "]": -1}.get(char, 0)
            part.append(char)
    end = start if depth else len(text) - escaped
    return _Name("".join(shown).strip(_BLANKS), tuple(entries), end)


def plain_name(label: str) -> str:
    """A label without its metadata and outer blanks."""
    return _taken_apart(label).shown


def without_metadata(label: str, key: str) -> str:
    """A label without the entries of a key, to which other entries may be added."""
    name = split_path(label)[-1]
    _, entries, end = _taken_apart(name)
    kept = [label[: len(label) - len(name)]]
    done = 0
    for entry in entries:
        if entry.key == key:
            kept.append(name[done : entry.start])
            done = entry.end
    return "".join([*kept, name[done:end]])


def metadata(label: str) -> dict[str, str]:
    """The `[key:value]` entries of a label; a key without a value has an empty one.

    Of several values for a key the last in alphabetical order counts: the standard compiler
    declares them in that order.
    """
    name = _taken_apart(split_path(label)[-1])
    return {key: value for key, value, *_ in sorted(name.entries)}


def sound_files(label: str) -> list[str]:
    """The files that the label of a sound file names, as in `[url:{'a.wav';'b.wav'}]`.

    As in the standard compiler, a name in no braces is that of one file, and the label itself is
    where there is no such entry; blanks count between quotes only; and braces with anything else
    in them are the name of a file that nobody has.
    """
    url = metadata(label).get("url", plain_name(split_path(label)[-1]))
    url = _OUTSIDE.sub(lambda found: found[0] if found[0][0] == "'" else "", url)
    if not url.startswith("{"):
        url = f"{{'{url}'}}"
    return _FILE.findall(url) if _FILES.fullmatch(url) else [url]


def substitute(label: str, value: Callable[[str], int]) -> str:
    """A label with `%name` replaced by the value of that name in the scope.

    Digits directly after `%` are a field width, of at most 4.
    """

    def replace(found: re.Match[str]) -> str:
        width = found["width"].lstrip("0")
        name = found["bare"] if found["braced"] is None else found["braced"]
        if name is None:
            return f"%{found['width']}"
        columns = min(_WIDEST, int(width or 0)) if len(width) < 2 else _WIDEST
        return f"{value(name):{columns or ''}d}"

    return _SUBSTITUTION.sub(replace, label)


def split_path(label: str) -> list[str]:
    """The steps of a label: `/` (root), `..`, `h:group`, and last the name.

    Only `x:name/`, `./`, `../` and a leading `/` are steps; a plain `a/b` is one name.
    """
    steps: list[str] = []
    while True:
        if label.startswith("/"):
            steps.append("/")
            label = label[1:]
        elif label.startswith("./"):
            label = label[2:]
        elif label.startswith("../"):
            steps.append("..")
            label = label[3:]
        elif len(label) > 1 and label[1] == ":" and label[0].isascii():
            group, _, label = label.partition("/")
            steps.append(group)
        else:
            return [*steps, label]


def is_nameless(label: str) -> bool:
    """Whether a widget's label ends in a step, `.` or `..`, where its name should be."""
    return split_path(label)[-1] in (".", "..")


def widget_path(label: str, groups: Sequence[str] = ()) -> list[str]:
    """The names of a widget's groups and its own, from the outermost, without metadata.

    Args:
        label: its label, which may have steps of its own.
        groups: the names of the groups around it.
    """
    path = list(groups)
    *steps, name = split_path(label)
    for step in steps:
        if step == "/":
            path = []
        elif step == "..":
            path = path[:-1]
        else:
            path.append(plain_name(step[2:]))
    return [*path, plain_name(name)]


def identifier(text: str, fallback: str) -> str:
    """A Faust identifier that resembles a text."""
    words = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if not words or words[0].isdigit():
        words = f"{fallback}_{words}".rstrip("_")
    return words
