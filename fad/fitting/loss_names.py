"""Losses as users write them: `mss(2048, 512) + 0.1*envelope`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from fad import losses
from fad.base.errors import FadError, located
from fad.base.prose import either, nearest
from fad.base.source import Source, Span
from fad.losses import Loss

#: The windows of the loss that a fit ends with, where no other is asked for, in samples.
FINE = (2048, 512, 128)


def roots(windows: Sequence[int] = FINE, floor: float = 1e-4) -> Loss:
    """The mean squared difference of the square roots of magnitudes.

    The root lets weak partials count, and a step far below the loudest is no large residual, as it
    is for logarithms.

    Args:
        windows: their lengths in samples.
        floor: the magnitude of silence.
    """
    return losses.mss(windows, linear=0, log=0, sqrt=1, squared=True, floor=floor)


def named(name: str, windows: Sequence[int], **options: float) -> str:
    """The text that means a loss with windows and options."""
    given = (*map(str, windows), *(f"{option}={value:g}" for option, value in options.items()))
    return f"{name}({', '.join(given)})"


def _whole(number: float) -> int:
    if number % 1:
        raise FadError(f"this is a whole number, not {number:g}")
    return int(number)


#: Options that scale the differences of levels; see `fad.losses.mss`.
_LEVELS: Mapping[str, Callable[[float], Any]] = MappingProxyType(
    {"linear": float, "log": float, "sqrt": float, "squared": bool, "floor": float}
)


@dataclass(frozen=True)
class _Entry:
    """What a name stands for.

    Attributes:
        make: the function of `fad.losses`.
        windows: the argument that numbers without a name are for: a list, one number, or none.
        options: the arguments that have names -> what makes them of numbers.
        needs_rate: whether it has to know the sample rate.
    """

    make: Callable[..., Loss]
    windows: Literal["windows", "window", None] = None
    options: Mapping[str, Callable[[float], Any]] = field(default_factory=dict)
    needs_rate: bool = False


_ENTRIES: Mapping[str, _Entry] = MappingProxyType(
    {
        "mss": _Entry(losses.mss, "windows", _LEVELS),
        "waveform": _Entry(losses.l2),
        "esr": _Entry(losses.esr),
        "envelope": _Entry(losses.envelope, "window", {"squared": bool, "floor": float}),
        "mel": _Entry(losses.mel, "windows", {"bands": _whole, **_LEVELS}, needs_rate=True),
        "transport": _Entry(losses.transport, "windows", {"floor": float}),
        "l1": _Entry(losses.l1),
        "l2": _Entry(losses.l2),
        "dc": _Entry(losses.dc),
        "roots": _Entry(roots, "windows", {"floor": float}),
    }
)
#: The names of losses.
NAMES = tuple(_ENTRIES)

_WORD = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\S)"
)
_END = ""


def loss_of(text: str, rate: int, origin: str = "--loss") -> Loss:
    """The loss that a text means: names, with options in parentheses, with weights, added.

    Args:
        text: as in `mss(2048, 512) + 0.1*envelope`.
        rate: the sample rate, in Hz.
        origin: what messages call the text.

    Raises:
        FadError: the text is something else, or an option cannot be; it has the place.
    """
    return _Reader(Source(origin, text, is_given=True), rate).loss()


@dataclass(frozen=True)
class _Word:
    """A number, a name, a sign, or the end of the text."""

    kind: Literal["number", "name", "sign", "end"]
    text: str
    span: Span


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, source: Source, rate: int) -> None:
        self._source = source
        self._rate = rate
        self._words = _words(source)
        self._next = next(self._words)

    def loss(self) -> Loss:
        terms = [self._term()]
        while self._has("+"):
            terms.append(self._term())
        if self._next.kind != "end":
            self._fail("`+` and another loss, or the end")
        return reduce(add, terms)

    def _term(self) -> Loss:
        if self._next.kind != "number":
            found = self._one()
            return found * self._number("a weight") if self._has("*") else found
        weight = self._number("a weight")
        if not self._has("*"):
            self._fail("`*` and the name of a loss")
        return weight * self._one()

    def _one(self) -> Loss:
        """A loss with its options."""
        word = self._next
        if word.kind != "name":
            self._fail("the name of a loss")
        entry = _ENTRIES.get(word.text)
        if entry is None:
            self._unknown("loss", NAMES)
        self._advance()
        arguments: dict[str, Any] = {"rate": self._rate} if entry.needs_rate else {}
        end = word.span.end
        if self._has("("):
            arguments |= self._options(word.text, entry)
            end = self._next.span.end
            if not self._has(")"):
                self._fail("`,` or `)`")
        with located(Span(self._source, word.span.start, end)):
            return entry.make(**arguments)

    def _options(self, name: str, entry: _Entry) -> dict[str, Any]:
        found: dict[str, Any] = {}
        windows: list[int] = []
        while self._next.text != ")":
            word = self._next
            if word.kind == "name":
                if word.text not in entry.options:
                    self._unknown(f"option of `{name}`", entry.options)
                if word.text in found:
                    self._fail("an option that was not given yet")
                self._advance()
                if not self._has("="):
                    self._fail("`=` and a number")
                with located(self._next.span):
                    found[word.text] = entry.options[word.text](self._number("a number"))
            else:
                with located(word.span):
                    windows.append(_whole(self._number("a window in samples, or an option")))
                if entry.windows is None or (entry.windows == "window" and len(windows) > 1):
                    some = "one window" if entry.windows else "no windows"
                    raise FadError(f"`{name}` has {some}", word.span)
            if not self._has(","):
                break
        if windows and entry.windows:
            found[entry.windows] = tuple(windows) if entry.windows == "windows" else windows[0]
        return found

    def _number(self, expected: str) -> float:
        if self._next.kind != "number":
            self._fail(expected)
        number = float(self._next.text)
        if not math.isfinite(number):
            raise FadError("this number is too large", self._next.span)
        self._advance()
        return number

    def _has(self, sign: str) -> bool:
        """Whether a sign is next; it is read then."""
        found = self._next.text == sign
        if found:
            self._advance()
        return found

    def _advance(self) -> _Word:
        word, self._next = self._next, next(self._words)
        return word

    def _unknown(self, what: str, known: Mapping[str, object] | tuple[str, ...]) -> NoReturn:
        word = self._next.text
        near = nearest(word, known)
        hint = f"did you mean {either(near)}?" if near else f"there is {either(known)}"
        raise FadError(f"there is no {what} `{word}`", self._next.span, hint if known else None)

    def _fail(self, expected: str) -> NoReturn:
        found = "the end" if self._next.kind == "end" else f"`{self._next.text}`"
        raise FadError(f"expected {expected}, not {found}", self._next.span)


def _words(source: Source) -> Iterator[_Word]:
    """The words of a text, and its end for ever."""
    for match in _WORD.finditer(source.text):
        span = Span(source, match.start(), match.end())
        kind: Any = match.lastgroup
        yield _Word(kind, match.group(), span)
    size = len(source.text)
    while True:
        yield _Word("end", _END, Span(source, size, size))
