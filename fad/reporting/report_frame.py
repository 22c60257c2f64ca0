"""Frames with numbers beside them, for the report of a fit, as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from fad.base.prose import visible, visible_lines
from fad.base.ticks import linear_ticks, tick_labels

#: A number beside an axis: where it is, from 0 to 1, and its text.
Tick = tuple[float, str]

_QUOTED = re.compile(r"`([^`]+)`")
#: From where on a number below a frame is moved to the left, to stay within it.
_NEAR_END = 0.95


def shown(text: str) -> str:
    """A text of somebody else, for HTML: all that a browser or a reader could take for another."""
    return escape(visible(text))


def shown_lines(text: str) -> str:
    """The same for a text of several lines."""
    return escape(visible_lines(text.replace("\r\n", "\n")))


def prose(text: str) -> str:
    """A sentence of fad with names of somebody else between backticks, for HTML."""
    return _QUOTED.sub(r"<code>\1</code>", shown(text))


def framed(content: str, attributes: str, xs: Sequence[Tick], ys: Sequence[Tick]) -> str:
    """A picture with numbers below it and on its left.

    Args:
        content: the picture.
        attributes: of the element around it, as in ` data-seconds="1"`, or an empty text.
        xs: what is below it, from the left.
        ys: what is on its left, from the bottom.
    """
    left = "".join(f'<span style="bottom:{percent(y)}">{text}</span>' for y, text in ys)
    below = "".join(f'<span{_side(x)} style="left:{percent(x)}">{text}</span>' for x, text in xs)
    return (
        f'<div class="frame"><div class="ys" aria-hidden="true">{left}</div>'
        f'<div class="plot"{attributes}>{content}</div>'
        f'<div class="xs" aria-hidden="true">{below}</div></div>'
    )


def whole_axis(end: float, unit: str, most: int = 6) -> list[Tick]:
    """The numbers of an axis from 0 to somewhere; the last one has the unit.

    Args:
        end: above 0.
        unit: of the numbers.
        most: how many there are at most.
    """
    ticks = linear_ticks(0, end, most)
    texts = tick_labels(ticks)
    texts[-1] += f" {unit}"
    return [(tick / end, text) for tick, text in zip(ticks, texts, strict=True)]


def percent(share: float) -> str:
    """A share as a length of CSS."""
    return f"{100 * share:.2f}%"


def _side(x: float) -> str:
    if x > _NEAR_END:
        return ' class="end"'
    return ' class="start"' if x <= 0 else ""
