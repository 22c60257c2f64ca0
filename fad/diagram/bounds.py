"""Between which bounds the values of primitives lie, where those of their arguments are known.

Bounds are real numbers or infinite: an infinite one says that nothing is known on that side, and
not that the signal becomes infinite. Integers that overflow are not thought of.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import product

#: The lowest value that a signal may have, and the highest one.
Bounds = tuple[float, float]

UNKNOWN: Bounds = (-math.inf, math.inf)
_POSITIVE: Bounds = (0.0, math.inf)


def _product(x: float, y: float) -> float:
    """A product of two ends: a number of which nothing is known, times 0, is 0."""
    return x * y if x and y else 0.0


def _logarithm(x: float) -> float:
    return math.log(x) if x else -math.inf


def _log10(x: float) -> float:
    return math.log10(x) if x else -math.inf


#: Primitives that have their extremes at the ends of intervals.
_MONOTONIC: Mapping[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _product,
    "enable": _product,
    "min": min,
    "max": max,
    "int": math.trunc,
    "float": float,
    "floor": math.floor,
    "ceil": math.ceil,
    "rint": round,
    "round": round,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": _logarithm,
    "log10": _log10,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
}
#: Where those of them are numbers that are not defined everywhere.
_DOMAINS: Mapping[str, Bounds] = {
    "sqrt": _POSITIVE,
    "log": _POSITIVE,
    "log10": _POSITIVE,
    "asin": (-1.0, 1.0),
    "acos": (-1.0, 1.0),
}
#: The bounds of primitives that have them whatever their arguments are.
_ALWAYS: Mapping[str, Bounds] = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), (0.0, 1.0)),
    **dict.fromkeys(("sin", "cos"), (-1.0, 1.0)),
    "atan2": (-math.pi, math.pi),
}


def bounds_of(name: str, arguments: Sequence[Bounds]) -> Bounds:
    """The bounds of what a primitive computes.

    Args:
        name: the primitive.
        arguments: the bounds of its arguments.
    """
    if name in _ALWAYS:
        return _ALWAYS[name]
    match name, [*arguments]:
        case ("mem", [past]) | (("@" | "control"), [past, _]):
            return hull([past, (0.0, 0.0)])
        case (
            (("lowest" | "highest"), [bounds])
            | ("attach", [bounds, _])
            | ("assertbounds", [_, _, bounds])
        ):
            return bounds
        case (("select2" | "select3"), [_, *choices]) | ("prefix", choices):
            return hull(choices)
        case "abs", [(low, high)]:
            return max(0.0, low, -high), max(-low, high)
        case "tan", [(low, high)]:
            is_between_poles = -math.pi / 2 < low and high < math.pi / 2
            return (math.tan(low), math.tan(high)) if is_between_poles else UNKNOWN
        case "/", [dividend, (low, high)]:
            if low < 0 < high:
                return UNKNOWN
            reciprocal = (1 / high if high else -math.inf), (1 / low if low else math.inf)
            return _at_corners(_product, [dividend, reciprocal])
        case (("%" | "fmod"), [(low, high), divisor]):
            size = max(map(abs, divisor))
            return (-size if low < 0 else 0.0), (size if high > 0 else 0.0)
        case "^", [(low, high), exponent]:
            if low > 0:
                return _at_corners(math.pow, [(low, high), exponent])
            if exponent == (2, 2):
                return of_square((low, high))
            return _POSITIVE if low == 0 else UNKNOWN
    if name not in _MONOTONIC:
        return UNKNOWN
    if name in _DOMAINS:
        least, most = _DOMAINS[name]
        arguments = [(max(least, low), min(most, high)) for low, high in arguments]
    return _at_corners(_MONOTONIC[name], arguments)


def of_square(bounds: Bounds) -> Bounds:
    """The bounds of a signal times itself."""
    ends = bounds_of("abs", [bounds])
    return ends[0] * ends[0], ends[1] * ends[1]


def hull(choices: Sequence[Bounds]) -> Bounds:
    """The bounds of a signal that is one of several."""
    return min(low for low, _ in choices), max(high for _, high in choices)


def _at_corners(compute: Callable[..., float], arguments: Sequence[Bounds]) -> Bounds:
    try:
        values = [float(compute(*corner)) for corner in product(*arguments)]
    except (ArithmeticError, ValueError):  # too large, or an infinite end that is rounded
        return UNKNOWN
    return UNKNOWN if any(map(math.isnan, values)) else (min(values), max(values))
