"""What can go wrong, as values: each error knows its place, and how to show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from types import TracebackType
from typing import NamedTuple

from fad.base.prose import visible_lines
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
            if self.span.source.may_be_quoted:
                parts.append(_excerpt(self.span))
        parts.extend(call.render() for call in self.calls)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return visible_lines("\n".join(parts))


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


def too_large(error: BaseException) -> FadError | None:
    """What to tell the user where Python has run out of memory or of room for recursion.

    Args:
        error: what was raised.

    Returns:
        The error to show; `None` for all other errors.
    """
    if isinstance(error, MemoryError):
        return FadError("the program needs more memory than there is")
    if isinstance(error, RecursionError):
        return FadError("the program is nested too deeply")
    return None


class located:
    """Gives errors that have no place this one: `with located(span): ...`.

    Args:
        span: the place, or a function that finds it: most often there is no error, and then
            nobody needs the place.
    """

    __slots__ = ("_span",)

    def __init__(self, span: Span | Callable[[], Span | None] | None) -> None:
        self._span = span

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, FadError) and error.span is None:
            error.span = self._span() if callable(self._span) else self._span


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
    if not span.source.may_be_quoted:
        return "..."
    text = " ".join(span.source.text[span.start : span.end].split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 4]} ..."
