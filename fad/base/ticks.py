"""Which numbers stand beside an axis, and how they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

#: The first digits of round numbers.
_DIGITS = (1, 2, 5)
#: Numbers from here on are written in thousands, millions, or with exponents.
_LARGE, _MILLION, _HUGE = 1e4, 1e6, 1e9
#: Numbers closer together than this, or less than this on a logarithmic axis, have exponents.
_SMALL = 1e-4


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers at equal distances.

    Args:
        low, high: the ends of the axis, `low` being less.
        most: how many numbers there is room for; two, if there can be two.
    """
    decade = 10.0 ** math.floor(math.log10(high - low) - 1)
    steps = [digit * decade * power for power in (1, 10, 100) for digit in _DIGITS]
    choices = [_multiples(low, high, step) for step in steps]
    return next((ticks for ticks in choices if len(ticks) <= max(most, 2)), choices[-1])


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Numbers for a logarithmic axis: powers of ten, with round numbers between few of them.

    Args:
        low, high: the ends of the axis, both above 0.
        most: how many numbers there is room for.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [digit * 10.0**power for power in range(first, last + 1) for digit in _DIGITS]
    within = [tick for tick in every if low <= tick <= high]
    if len(within) < 2:
        return linear_ticks(low, high, most)
    if len(within) <= most:
        return within
    powers = [power for power in range(first, last + 1) if low <= 10.0**power <= high]
    if len(powers) < 2:
        return [within[0], within[-1]]
    step = -(-len(powers) // most)
    return [10.0**power for power in powers if power % step == 0]


def tick_labels(ticks: Sequence[float], is_log: bool = False) -> list[str]:
    """The numbers beside an axis as texts, with no more digits than tell them apart.

    Args:
        ticks: the numbers.
        is_log: whether the axis is logarithmic: the numbers are then powers of ten and the like.
    """
    if is_log and any(not _SMALL <= tick < _MILLION for tick in ticks):
        return [_as_power(tick) for tick in ticks]
    largest = max(map(abs, ticks), default=0.0)
    steps = [b - a for a, b in pairwise(ticks)]
    step = min(steps, default=largest or 1.0)
    if not is_log and (step < _SMALL * 0.99 or largest >= _HUGE):
        return [short(tick, 6) for tick in ticks]
    unit, letter = 1.0, ""
    if largest >= _MILLION and step >= _MILLION / 100:
        unit, letter = _MILLION, "M"
    elif largest >= _LARGE and step >= 10:
        unit, letter = 1000.0, "k"
    texts = []
    for tick in ticks:
        if is_log:
            large = abs(tick) >= unit
            text = f"{tick / unit:g}{letter}" if large else f"{tick:g}"
        else:
            decimals = max(0, -math.floor(math.log10(step / unit) + 1e-9))
            text = f"{tick / unit:.{decimals}f}{letter}" if tick else "0"
        texts.append(text.replace("-", "\N{MINUS SIGN}"))
    return texts


def short(value: float, digits: int = 4) -> str:
    """A number with a few digits."""
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.{digits}g}").replace("-", "\N{MINUS SIGN}")


def _as_power(tick: float) -> str:
    """A number as a power of ten, in the notation of formulas."""
    power = math.floor(math.log10(tick) + 1e-9)
    digit = round(tick / 10.0**power)
    return f"$10^{{{power}}}$" if digit == 1 else f"${digit}\\cdot10^{{{power}}}$"


def _multiples(low: float, high: float, step: float) -> list[float]:
    """The multiples of a step on an axis, but for rounding."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
