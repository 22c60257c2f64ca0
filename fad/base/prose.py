"""Words for messages: counts with their nouns, lists in a sentence, names that look alike."""

from __future__ import annotations

import difflib
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
