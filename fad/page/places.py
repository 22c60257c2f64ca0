"""Places and errors as data for editors in JavaScript, which count characters in UTF-16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fad.base.errors import FadError
from fad.base.prose import visible_lines
from fad.base.source import Span


def in_utf16(text: str) -> Callable[[int], int]:
    """From places in a text as Python counts them to those in UTF-16.

    Args:
        text: the text; characters beyond the first 65536 of Unicode count twice in it.
    """
    if all(char <= "\uffff" for char in text):
        return lambda place: place
    before = [0]
    for char in text:
        before.append(before[-1] + 1 + (char > "\uffff"))
    return lambda place: before[min(place, len(text))]


def place_of(span: Span) -> dict[str, Any]:
    """A place: the file, its first character and the one behind its last, line and column."""
    units = in_utf16(span.source.text)
    line, column = span.location
    return {
        "file": span.source.name,
        "from": units(span.start),
        "to": units(span.end),
        "line": line,
        "column": column,
    }


def error_of(error: FadError) -> dict[str, Any]:
    """An error: what the command line shows of it, as a whole (`text`) and in its parts."""
    return {
        "message": visible_lines(error.message),
        "hint": None if error.hint is None else visible_lines(error.hint),
        "place": None if error.span is None else place_of(error.span),
        "calls": [
            {"function": visible_lines(call.function), "place": place_of(call.span)}
            for call in error.calls
        ],
        "text": error.render(),
    }
