"""What a fit has found, in words: numbers with units, and how sure parameters are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fad.base.prose import visible
from fad.diagram.parameters import Parameter
from fad.fitting.result import Sensitivity
from fad.model.coordinates import coordinate

_MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Smaller differences of levels are not told apart, in dB.
_UNHEARD = 0.01
#: Other numbers have exponents.
_SMALL, _LARGE = 1e-3, 1e6
#: From which correlation of their errors on parameters trade against each other, and from which on
#: the recordings say nothing about one of them alone.
_TRADING, _ONE = 0.95, 0.9999
#: Standard errors, as shares of the range, up to which a parameter is known like that.
_CERTAINTIES = (
    (0.001, "pinned down"),
    (0.01, "well known"),
    (0.05, "known"),
    (0.2, "roughly known"),
    (math.inf, "hardly known"),
)
#: How near to an end of its range a value is there, as a share of the range.
_AT_END = 1e-3


@dataclass(frozen=True)
class Certainty:
    """What the recordings say about a parameter.

    Attributes:
        words: how sure it is.
        error: the standard error as a share of the range; infinite if it can be anywhere.
        size: how far the sound moves with it, relative to the parameter that moves it most.
        trades: what trades against it: a name, and whether one falls where the other rises.
    """

    words: str
    error: float
    size: float
    trades: tuple[tuple[str, bool], ...]


def certainties(
    sensitivity: Sensitivity, names: dict[str, str], recordings: int
) -> dict[str, Certainty]:
    """Path -> what the recordings say about the parameter.

    Args:
        sensitivity: of the fit.
        names: path -> what to call a parameter.
        recordings: how many there are.
    """
    found = {}
    for index, path in enumerate(sensitivity.paths):
        error, size = float(sensitivity.errors[index]), float(sensitivity.sizes[index])
        if not (size > 0 and error < math.inf):
            speaker = "the recording says" if recordings == 1 else "the recordings say"
            found[path] = Certainty(f"{speaker} nothing about it", math.inf, 0.0, ())
            continue
        beside = {
            other: float(correlation)
            for other, correlation in zip(
                sensitivity.paths, sensitivity.correlations[index], strict=True
            )
            if other != path and abs(correlation) >= _TRADING
        }
        words = next(words for most, words in _CERTAINTIES if error <= most)
        if any(abs(correlation) >= _ONE for correlation in beside.values()):
            words, error = "known only together with others", math.inf
        trades = tuple((names.get(other, other), each < 0) for other, each in beside.items())
        found[path] = Certainty(words, error, size, trades)
    return found


def names_of(parameters: Sequence[Parameter]) -> dict[str, str]:
    """Path -> the label where only one parameter has it, and the path otherwise."""
    labels = [parameter.label for parameter in parameters]
    return {
        parameter.path: visible(
            parameter.label if labels.count(parameter.label) == 1 else parameter.path
        )
        for parameter in parameters
    }


def place_of(parameter: Parameter, value: float) -> float:
    """Where a value is in the range of a parameter, from 0 to 1, as its scale goes."""
    whole = coordinate(parameter)
    if not whole.low <= value <= whole.high:
        return 0.0 if value < whole.low else 1.0
    return float(whole.place(value))


def end_of_range(parameter: Parameter, value: float) -> str:
    """Which end of its range a value is at, in words; empty if it is at none."""
    if parameter.kind in ("button", "checkbox") or parameter.min == parameter.max:
        return ""
    place = place_of(parameter, value)
    if place <= _AT_END:
        return "at the low end of its range"
    return "at the high end of its range" if place >= 1 - _AT_END else ""


def error_of(parameter: Parameter, value: float, error: float) -> str:
    """A standard error in the unit of a parameter, in words; see `spread_of`."""
    return quantity(spread_of(parameter, value, error), parameter.unit, 2)


def spread_of(parameter: Parameter, value: float, error: float) -> float:
    """A standard error in the unit of a parameter: half of where its value may be, in its range.

    Args:
        parameter: which one.
        value: its value.
        error: a share of the range.
    """
    whole = coordinate(parameter)
    place = place_of(parameter, value)
    low, high = (float(whole.value(min(max(end, 0), 1))) for end in (place - error, place + error))
    return (high - low) / 2


def quantity(value: float, unit: str, digits: int = 4) -> str:
    """A number with its unit."""
    return number(value, digits) + (f"{_NARROW_SPACE}{visible(unit)}" if unit else "")


def number(value: float, digits: int = 4) -> str:
    """A number as people write it, with so many digits: `0.0312`, `1.2 x 10^-5` in print."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{_MINUS if value < 0 else ''}∞"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if value == 0:
        text = "0"
    elif _SMALL <= abs(float(f"{mantissa}e{power}")) < _LARGE:
        text = f"{value:.{max(0, digits - 1 - exponent)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        times = f"{_NARROW_SPACE}{_TIMES}{_NARROW_SPACE}"
        digit = "" if float(mantissa) == 1 else f"{float(mantissa):g}{times}"
        text = f"{digit}10{str(exponent).translate(_RAISED)}"
    return text.replace("-", _MINUS)


def decibels(value: float) -> str:
    """A difference of levels; nobody hears a hundredth."""
    if value < _UNHEARD:
        return f"less than {quantity(_UNHEARD, 'dB')}"
    return quantity(value, "dB", 2)


def duration(seconds: float) -> str:
    """A time in words: `0.43 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 59.5:
        return quantity(seconds, "s", 2 if seconds >= 1 else 1)
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{_NARROW_SPACE}min {whole % 60}{_NARROW_SPACE}s"
    return f"{whole // 3600}{_NARROW_SPACE}h {whole % 3600 // 60}{_NARROW_SPACE}min"


def change(before: float, after: float) -> str:
    """How a loss has changed, in words: `280 times smaller`; empty where no number says it."""
    if not (0 < before < math.inf and 0 < after < math.inf):
        return ""
    ratio = before / after
    if 0.995 < ratio < 1.005:
        return "hardly a change"
    if ratio < 1:
        return f"{number(1 / ratio, 2)} times larger"
    if ratio < 2:
        return f"{number(100 * (1 - 1 / ratio), 2)}{_NARROW_SPACE}% smaller"
    return f"{number(ratio, 2)} times smaller"
