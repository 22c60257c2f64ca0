"""What can go wrong, as values: each error knows its place, and how to show it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from fad.base.source import Source, Span

_EXCERPT_COLUMNS = 96
_LONGEST_QUOTE = 40


class Call(NamedTuple):
    """A call that led to an error: what was called, and where."""

    function: str
    span: Span

    def render(self) -> str:
        return f"note: in the call of `{self.function}` at {place(self.span)}"


class FadError(Exception):
    """Something in the user's input that fad cannot go on with.

    Args:
        message: what is wrong, in one sentence without a final full stop; more lines may follow.
        span: where; `None` when the error has no place in a text.
        hint: what the user can do about it.
    """

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        #: The calls around the error, the innermost first.
        self.calls: list[Call] = []

    def __str__(self) -> str:
        return self.render()

    def render(self) -> str:
        """The whole message: place, sentence, source line with carets, calls, hint."""
        parts = []
        if self.span is None:
            parts.append(f"error: {self.message}")
        else:
            parts.append(f"{place(self.span)}: error: {self.message}")
            parts.append(_excerpt(self.span))
        parts.extend(call.render() for call in self.calls)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


class SourceError(FadError):
    """A file that is missing, unreadable, or not a text."""


class ParseError(FadError):
    """A text that is not Faust."""


class EvaluationError(FadError):
    """A program that has no value: an undefined symbol, an endless definition, a bad argument."""


class ArityError(FadError):
    """A composition of two diagrams whose inputs and outputs do not fit."""


class DifferentiationError(FadError):
    """A construct on an active path that has no derivative."""


class EngineError(FadError):
    """The standard compiler refused a program, crashed or took too long."""


class OutputError(FadError):
    """A result that could not be written."""


def telling(calls: Sequence[Call], main: Source) -> list[Call]:
    """The calls worth showing: the innermost one, the innermost one in the user's own text, and
    the outermost one.

    Args:
        calls: all calls around an error, the innermost first.
        main: the user's own text.
    """
    own = next((call for call in calls if call.span.source == main), None)
    shown = [*calls[:1], *([own] if own else []), *calls[-1:]]
    return list(dict.fromkeys(shown))


def place(span: Span, folder: bool = True) -> str:
    """A place in one word: `file:line:column`.

    Args:
        span: the place.
        folder: whether to say which folder the file is in.
    """
    line, column = span.location
    name = span.source.name if folder else PurePath(span.source.name).name
    return f"{name}:{line}:{column}"


def nearest(word: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates that look most like a word, best first; for "did you mean"."""
    return difflib.get_close_matches(word, list(candidates), n=count, cutoff=0.6)


def either(words: Iterable[str]) -> str:
    """A list of words in prose: `a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def counted(count: int, noun: str) -> str:
    """A count and its noun in the right number: `1 input`, `3 inputs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _excerpt(span: Span) -> str:
    """The line of the span's start with carets under the span, cut to a readable width."""
    line, column = span.location
    # Control characters would move the carets, or the terminal's cursor.
    text = "".join(char if char.isprintable() else " " for char in span.source.line(line))
    first = column - 1
    last = max(first + 1, min(first + span.end - span.start, len(text)))
    if len(text) > _EXCERPT_COLUMNS:
        left = max(0, min(first - _EXCERPT_COLUMNS // 3, len(text) - _EXCERPT_COLUMNS))
        right = left + _EXCERPT_COLUMNS
        more = right < len(text)
        text = text[left:right]
        if left:
            text = "..." + text[3:]
        if more:
            text = text[:-3] + "..."
        first, last = first - left, min(last - left, _EXCERPT_COLUMNS)
    number = f"{line:5} | "
    gutter = " " * (len(number) - 2) + "| "
    return f"{number}{text}\n{gutter}{' ' * first}{'^' * (last - first)}"


def quoted(span: Span) -> str:
    """A piece of a program as written, on one line and cut to a length."""
    text = " ".join(span.source.text[span.start : span.end].split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 4]} ..."
