"""Foreign code: which functions and values of C++ a program may use without the user's consent.

A header beside a program is code that runs as soon as it is compiled in. So only what the standard
headers have by certain names is used without asking: functions of mathematics, which do nothing
but compute, and a few constants. The names count as much as the headers: a standard header has
functions that end other processes, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from fad.base.errors import FadError
from fad.base.source import Span
from fad.diagram.box import Box, ForeignFunction, ForeignValue, postorder

_HEADERS = {
    f"{left}{name}{right}"
    for name in ("math.h", "cmath", "stdlib.h", "cstdlib", "limits.h", "float.h")
    for left, right in ("<>", '""')
} | {'""'}
#: Those of one number or more, each also with the endings of its other precisions.
_FUNCTIONS = {
    *("acos", "asin", "atan", "atan2", "cos", "sin", "tan", "acosh", "asinh", "atanh", "cosh"),
    *("sinh", "tanh", "exp", "exp2", "exp10", "expm1", "log", "log10", "log1p", "log2", "logb"),
    *("ilogb", "ldexp", "scalbn", "scalbln", "cbrt", "fabs", "hypot", "pow", "sqrt", "erf"),
    *("erfc", "lgamma", "tgamma", "ceil", "floor", "nearbyint", "rint", "lrint", "llrint", "round"),
    *("lround", "llround", "trunc", "fmod", "remainder", "copysign", "nextafter", "nexttoward"),
    *("fdim", "fmax", "fmin", "fma", "isnan", "isinf", "isfinite", "isnormal", "signbit", "j0"),
    *("j1", "jn", "y0", "y1", "yn", "significand", "finite", "drem", "gamma", "pow10"),
    *("abs", "labs", "llabs", "rand", "random", "arc4random"),
}
FUNCTIONS = frozenset(f"{name}{ending}" for name in _FUNCTIONS for ending in ("", "f", "l"))
VALUES = frozenset(
    (
        *("fSamplingFreq", "fSamplingRate", "count"),
        *("M_E", "M_LOG2E", "M_LOG10E", "M_LN2", "M_LN10", "M_PI", "M_PI_2", "M_PI_4", "M_1_PI"),
        *("M_2_PI", "M_2_SQRTPI", "M_SQRT2", "M_SQRT1_2", "INFINITY", "NAN", "HUGE_VAL"),
        *("RAND_MAX", "INT_MAX", "INT_MIN", "UINT_MAX", "LONG_MAX", "LONG_MIN"),
        *("FLT_MAX", "FLT_MIN", "FLT_EPSILON", "DBL_MAX", "DBL_MIN", "DBL_EPSILON"),
    )
)


def is_standard(box: Box) -> bool:
    """Whether a part of a program uses no code but that of the standard headers above."""
    match box:
        case ForeignFunction():
            named = FUNCTIONS.issuperset(box.names) and box.library == '""'
            return named and box.include in _HEADERS
        case ForeignValue():
            return box.name in VALUES and box.include in _HEADERS
    return True


def refuse_foreign(box: Box, origins: Mapping[Box, Span] | None = None) -> None:
    """Makes sure that a program runs no code but its own.

    Args:
        box: its diagram.
        origins: the places of its parts.

    Raises:
        FadError: it uses foreign code that is not standard; the message names it.
    """
    foreign = [part for part in postorder(box) if not is_standard(part)]
    if foreign:
        told = ", ".join(dict.fromkeys(map(_described, foreign)))
        raise FadError(
            f"the program runs foreign code: {told}",
            (origins or {}).get(foreign[0]),
            "read that code; if you trust it, add `--trust` (in Python, `trust=True`)",
        )


def _described(box: Box) -> str:
    match box:
        case ForeignFunction():
            library = "" if box.library == '""' else f" and {box.library}"
            return f"`{'|'.join(box.names)}` of {box.include}{library}"
        case ForeignValue():
            return f"`{box.name}` of {box.include}"
    raise TypeError(f"{type(box).__name__} is not foreign")
