"""The comments of a text, which the parser passes by: those directly above its definitions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from fad.base.source import Source

#: What may contain what looks like a comment, and comments.
_WORDS = re.compile(r'"[^"]*"|<mdoc>[\s\S]*?</mdoc>|(?P<comment>//[^\r\n]*|/\*[\s\S]*?\*/)')
_BLANKS = " \t\r"
#: What the lines of a comment between `/*` and `*/` may begin with.
_MARGIN = re.compile(r"\s*\*?(?=\s|$)|\s*")


class Remarks:
    """Finds the comments of a text.

    Args:
        source: the text, which is Faust.
    """

    def __init__(self, source: Source) -> None:
        self._text = source.text
        found = [match for match in _WORDS.finditer(source.text) if match["comment"]]
        self._starts = [match.start() for match in found]
        self._ends = [match.end() for match in found]

    def above(self, place: int) -> tuple[str, ...]:
        """The lines of the comments that end directly above a definition.

        Comments behind something on their first line are about that, and others above an empty line
        are about more than the definition.

        Args:
            place: where its expression begins, or the definition itself.

        Returns:
            What stands behind `//` in each line; a line of `/* ... */` as it would stand there.
        """
        comments: list[str] = []
        line = self._line_start(self.definition(place))
        while line:
            index = self._comment_at(self._last(line - 1))
            line = None if index is None else self._line_start(self._starts[index])
            if index is not None and line is not None:
                comments.append(self._text[self._starts[index] : self._ends[index]])
        return tuple(line for comment in reversed(comments) for line in _lines(comment))

    def definition(self, place: int) -> int:
        """Where the definition begins whose expression begins at a place."""
        before = self._before(place)
        while before >= 0 and self._text[before] == "(":
            before = self._before(before)
        if before < 0 or self._text[before] != "=":
            return place
        start = self._before(before)
        while start > 0 and (self._text[start - 1].isalnum() or self._text[start - 1] in "_:"):
            start -= 1
        return start

    def _before(self, place: int) -> int:
        """The last character before a place that is in no blank and no comment; -1 for none."""
        place -= 1
        while place >= 0:
            if (index := self._comment_at(place)) is not None:
                place = self._starts[index] - 1
            elif self._text[place].isspace():
                place -= 1
            else:
                break
        return place

    def _comment_at(self, place: int) -> int | None:
        """The comment that a character is in."""
        index = bisect_right(self._starts, place) - 1
        return index if index >= 0 and place < self._ends[index] else None

    def _last(self, place: int) -> int:
        """The last character before a place on its line that is no blank, or is in a comment."""
        place -= 1
        while place >= 0 and self._text[place] in _BLANKS and self._comment_at(place) is None:
            place -= 1
        return place

    def _line_start(self, place: int) -> int | None:
        """Where the line of a place begins, if nothing stands before it there."""
        last = self._last(place)
        return last + 1 if last < 0 or self._text[last] == "\n" else None


def _lines(comment: str) -> list[str]:
    if comment.startswith("//"):
        return [comment[2:].rstrip()]
    return [f" {line}".rstrip() for line in _unmargined(comment[2:-2])]


def _unmargined(text: str) -> Iterator[str]:
    lines = [_MARGIN.sub("", line, count=1).strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    first = next((index for index, line in enumerate(lines) if line), len(lines))
    yield from lines[first:]
