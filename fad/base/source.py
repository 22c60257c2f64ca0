"""Source texts and places in them: what every message about a program points at."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

#: The endings of files of Faust's.
_SUFFIXES = (".dsp", ".lib")


@dataclass(frozen=True)
class Source:
    """One Faust text.

    Args:
        name: the text's name in messages (a path as the user gave it, or `<stdin>`).
        text: the whole text.
        path: the file it was read from; `None` for a text that came from elsewhere.
        library: its name among the standard libraries, wherever those are; `None` for other texts.
        is_given: whether the user named this text, and not a program that imports it.
        encoding: what it is in as bytes: the name of a codec.
    """

    name: str
    text: str = field(repr=False)
    path: Path | None = None
    library: str | None = None
    is_given: bool = field(default=False, compare=False)
    encoding: str = field(default="utf-8", compare=False, repr=False)

    @property
    def file(self) -> str:
        """The name that rules about the functions of a library go by."""
        return self.library or self.name

    @property
    def may_be_quoted(self) -> bool:
        """Whether messages may show what it says.

        A program may come from anywhere, and its imports may name any file that the user can
        read: what does not even look like a file of Faust's is not shown to whoever sees the
        messages.
        """
        return self.is_given or self.path is None or self.path.suffix in _SUFFIXES

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return starts

    def location(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a 0-based character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : None if end < 0 else end].rstrip("\r")


@dataclass(frozen=True)
class Span:
    """The characters `start` (included) to `end` (excluded) of a source."""

    source: Source
    start: int
    end: int

    @property
    def location(self) -> tuple[int, int]:
        """1-based line and column of the start."""
        return self.source.location(self.start)
