"""Words for messages: counts and nouns, lists, similar names, texts that are safe to show."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """A count and its noun in the right number: `1 input`, `3 inputs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def either(words: Iterable[str]) -> str:
    """A list of words in prose: `a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def nearest(word: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates that look most like a word, best first; for "did you mean"."""
    return difflib.get_close_matches(word, list(candidates), n=count, cutoff=0.6)


def visible(text: str, kept: str = "") -> str:
    """A text in which what does not print is written as JSON does: `\\u001b` for an escape.

    A terminal obeys control characters, and others turn the order of letters around: what a
    program calls its widgets must not decide what the user sees.

    Args:
        text: the text.
        kept: characters that stay as they are, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in kept else json.dumps(char)[1:-1] for char in text
    )


def visible_lines(text: str) -> str:
    """The same for a text of several lines."""
    return visible(text, "\n\t")
