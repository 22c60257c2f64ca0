"""Texts and lists over several lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import accumulate

from fad.base.prose import visible

#: Lines are broken at operators to stay within this many columns.
WIDTH = 100
#: Items of a list that are not longer share lines.
SHORT_ITEM = 40
#: No line is indented further.
_MAX_INDENT = 48
#: What brackets do to the depth of what comes after them.
_DEPTH = {**dict.fromkeys("([{", 1), **dict.fromkeys(")]}", -1)}


def comment(text: str) -> list[str]:
    """A text as lines of a comment; whatever is in it, none of them goes on as a program."""
    return textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent="// ",
        subsequent_indent="//   ",
        break_long_words=False,
    )


def comment_list(head: str, items: Sequence[str]) -> list[str]:
    """A list as lines of a comment, which are broken between its items and never inside one.

    Args:
        head: what stands before the list.
        items: their texts; commas come between them.
    """
    lines, line = [], f"// {visible(head)}"
    for number, item in enumerate(items, 1):
        text = f" {visible(item)}" + ("," if number < len(items) else "")
        if number > 1 and len(line) + len(text) > WIDTH:
            lines.append(line)
            line = "//  "
        line += text
    return [*lines, line]


def deeper(indent: int, step: int = 4) -> int:
    """The indentation of what is inside; functions can be inside each other without end."""
    return min(indent + step, _MAX_INDENT)


def wrapped(head: str, indent: int, column: int) -> tuple[str, int]:
    """A text before an expression, and the column where the expression begins."""
    if column + len(head) < WIDTH:
        return head, column + len(head)
    return f"{fill(head.rstrip(), indent, column)}\n{' ' * indent}", indent


def fill(text: str, indent: int, column: int) -> str:
    """A long text (a waveform, parameters) broken after commas, but never inside a label."""
    return text if '"' in text else filled_lines(list(_items(text)), indent, column)


def _items(text: str) -> Iterator[str]:
    """A text cut at its outermost commas; what is in brackets stays whole if it fits on a line."""
    depths = list(accumulate(_DEPTH.get(character, 0) for character in text))
    commas = [match.start() for match in re.finditer(", ", text)]
    outermost = min((depths[comma] for comma in commas), default=0)
    start = 0
    for end in [*(comma for comma in commas if depths[comma] == outermost), len(text)]:
        item = text[start:end]
        if len(item) <= WIDTH - _MAX_INDENT or ", " not in item:
            yield item
        else:
            yield from _items(item)
        start = end + len(", ")


class Cut(IntEnum):
    """Where a line of a program ends."""

    NOT = 0
    IN_LIST = 1
    IN_BRACKETS = 2

    @classmethod
    def of(cls, line: str) -> Cut:
        """Of the line; brackets that it ends with have all that is in them on other lines."""
        depth = sum(_DEPTH.get(character, 0) for character in line)
        if depth > 0 and not line.endswith("("):
            return cls.IN_BRACKETS
        return cls.IN_LIST if line.endswith(",") else cls.NOT


def packed(items: Sequence[str], indent: int, column: int) -> Iterator[str]:
    """The lines of a list: items that are short share one.

    Args:
        items: their texts, which may be of several lines.
        indent: where lines begin.
        column: where the first one does.
    """
    line = last = ""
    for item in items:
        joined = f"{line}, {item}"
        is_short = "\n" not in joined and max(len(last), len(item)) <= SHORT_ITEM
        if not line:
            line = item
        elif is_short and column + len(joined) < WIDTH:
            line = joined
        else:
            yield line
            line, column = item, indent
        last = item
    yield line


def filled_lines(items: Sequence[str], indent: int, column: int) -> str:
    """A list over several lines, as many items in each as fit."""
    lines, line = [], ""
    for item, end in zip(items, [", "] * (len(items) - 1) + [""], strict=True):
        if line and column + len(line) + len(item) + len(end.rstrip()) > WIDTH - (not end):
            lines.append(line.rstrip())
            line, column = "", indent
        line += item + end
    lines.append(line)
    return ("\n" + " " * indent).join(lines)
