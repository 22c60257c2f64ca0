"""Values of widgets as users write them: `gain=0.3,fc=800`, and from a time on `2.0:gain=0.8`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from fad.base.errors import FadError

Value = TypeVar("Value")
#: A time in front of values: `2.0:gain=0.8`.
_TIME = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*:(.*)", re.DOTALL)


class Settings(NamedTuple):
    """Where widgets are, by label or path.

    Attributes:
        start: their values at the beginning.
        changes: time in seconds -> values from there on.
    """

    start: dict[str, float]
    changes: dict[float, dict[str, float]]


def values(texts: Iterable[str]) -> dict[str, float]:
    """The values of `name=number,name=number`.

    Raises:
        FadError: a text says something else.
    """
    return _named(texts, float, "value", "name=number")


def ranges(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """The lowest and the highest value of `name=low:high,name=low:high`.

    Raises:
        FadError: a text says something else.
    """

    def ends(text: str) -> tuple[float, float]:
        low, _, high = text.partition(":")
        return float(low), float(high)

    return _named(texts, ends, "range", "name=lowest:highest")


def _named(
    texts: Iterable[str], read: Callable[[str], Value], what: str, form: str
) -> dict[str, Value]:
    """What stands behind names, between commas.

    Args:
        texts: the texts.
        read: makes something of what is behind a name; `ValueError` refuses it.
        what, form: what that is called, and how it is written.
    """
    found = {}
    for part in (part for text in texts for part in text.split(",") if part.strip()):
        name, _, told = part.rpartition("=")
        try:
            found[name.strip()] = read(told)
        except ValueError:
            name = ""
        if not name.strip():
            raise FadError(f"`{part.strip()}` is no {what}", hint=f"write `{form}`")
    return found


def settings(texts: Iterable[str]) -> Settings:
    """The values at the beginning, and those that have a time in front of them.

    Raises:
        FadError: see `values`.
    """
    found = Settings({}, {})
    for text in texts:
        if timed := _TIME.fullmatch(text):
            found.changes.setdefault(float(timed[1]), {}).update(values([timed[2]]))
        else:
            found.start.update(values([text]))
    return found
