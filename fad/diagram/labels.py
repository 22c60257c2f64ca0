"""Widget labels: paths and metadata are part of the text, as in `"h:group/name [unit:Hz]"`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_METADATA = re.compile(r"\[[^\]]*\]")
_ENTRY = re.compile(r"\[([^:\]]*)(?::([^\]]*))?\]")
#: The files in `{'a.wav';'b.wav'}`.
_FILE = re.compile(r"'([^']*)'")
#: A substitution: `%i`, `%2i` or `%{i}`; the number is a width of at most 4.
_SUBSTITUTION = re.compile(r"%(\d*)(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]*)\})")


def plain_name(label: str) -> str:
    """A label without its metadata and outer blanks."""
    return _METADATA.sub("", label).strip()


def without_metadata(label: str, key: str) -> str:
    """A label without the entries of a key."""
    return _METADATA.sub(lambda entry: "" if key in metadata(entry[0]) else entry[0], label)


def metadata(label: str) -> dict[str, str]:
    """The `[key:value]` entries of a label; a key without a value has an empty one."""
    return {key.strip(): (value or "").strip() for key, value in _ENTRY.findall(label)}


def sound_files(label: str) -> list[str]:
    """The files that the label of a sound file names, as in `[url:{'a.wav';'b.wav'}]`."""
    return _FILE.findall(metadata(label).get("url", ""))


def substitute(label: str, value: Callable[[str], int]) -> str:
    """A label with `%name` replaced by the value of that name in the scope.

    Digits directly after `%` are a field width; a name may start with digits that are not.
    """

    def replace(found: re.Match[str]) -> str:
        width, bare, braced = found.groups()
        name = bare if bare is not None else braced
        return f"{value(name):{min(4, int(width or 0)) or ''}d}"

    return _SUBSTITUTION.sub(replace, label)


def split_path(label: str) -> list[str]:
    """The steps of a label: `/` (root), `..`, `h:group`, and the name at the end.

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
        elif len(label) > 1 and label[1] == ":":
            group, slash, rest = label.partition("/")
            steps.append(group)
            if not slash and not rest:
                return [*steps, ""]
            label = rest
        else:
            return [*steps, label]


def _is_group_step(step: str) -> bool:
    """Whether a step of `split_path` opens a group (`h:name`)."""
    return len(step) > 1 and step[1] == ":"


def widget_path(label: str, groups: Sequence[str] = ()) -> list[str]:
    """The names of a widget's groups and its own, from the outermost, without metadata.

    Args:
        label: its label, which may have steps of its own.
        groups: the names of the groups around it.
    """
    path = list(groups)
    for step in split_path(label):
        if step == "/":
            path = []
        elif step == "..":
            path = path[:-1]
        else:
            path.append(plain_name(step[2:] if _is_group_step(step) else step))
    return path


def identifier(text: str, fallback: str) -> str:
    """A Faust identifier that resembles a text."""
    words = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if not words or words[0].isdigit():
        words = f"{fallback}_{words}".rstrip("_")
    return words
