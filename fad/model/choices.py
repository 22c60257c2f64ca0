"""What a user chooses in words and numbers, checked: a wrong one is an error where it is made."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import FadError
from fad.base.prose import either, nearest

#: No machine has memory for so many samples.
_MOST = 2**40


def whole(value: object, what: str, least: int = 1) -> int:
    """A whole number: an integer of Python or of numpy, or a float without a fraction.

    Args:
        value: what is given.
        what: what it is called.
        least: how large it has to be.

    Raises:
        FadError: it is something else.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        is_float = isinstance(value, (float, np.floating)) and value % 1 == 0
        number = int(value) if is_float else operator.index(value)  # type: ignore[call-overload,arg-type]
        if not least <= number <= _MOST:
            raise TypeError
    except TypeError:
        raise FadError(
            f"{what} is {value!r}"[:200], hint=f"it is a whole number of at least {least}"
        ) from None
    return number


def refuse_unknown(given: Sequence[object], known: Sequence[str], what: str) -> None:
    """Refuses words that are not known.

    Raises:
        FadError: one is not.
    """
    for word in given:
        if word not in known:
            similar = nearest(word, known, 1) if isinstance(word, str) else []
            hint = f"did you mean {either(similar)}?" if similar else f"there is {either(known)}"
            raise FadError(f"there is no {what} `{word}`", hint=hint)


def listed(given: object, what: str) -> list[Any]:
    """Several names or paths; a single one need not be in a list.

    Raises:
        FadError: they are something else.
    """
    if isinstance(given, (str, PathLike)):
        return [given]
    found = list(given) if isinstance(given, Iterable) else None
    if found is None or not all(isinstance(each, (str, PathLike)) for each in found):
        raise FadError(f"{what} is a list of names, not {given!r}")
    return found


def mapping(given: object, what: str) -> Mapping[str, Any]:
    """Names with their values.

    Raises:
        FadError: they are something else.
    """
    if not isinstance(given, Mapping):
        raise FadError(f"{what} are a mapping, such as {{'gain': 0.5}}, not {given!r}")
    strange = [name for name in given if not isinstance(name, str)]
    if strange:
        raise FadError(f"{strange[0]!r} is not the name of a parameter")
    return given


def numbers(value: Any, what: str) -> NDArray[np.float64]:
    """Real numbers of any type.

    Raises:
        FadError: they are something else.
    """
    found = array(value)
    if found is None or found.dtype.kind not in "fiub":
        raise FadError(f"{what} is not a number, and no array of numbers")
    return found.astype(np.float64, copy=False)


def array(given: Any) -> NDArray[Any] | None:
    """Something as an array; `None` where it is none.

    Raises:
        FadError: some of it is masked.
    """
    if isinstance(given, np.ma.MaskedArray):
        raise FadError(
            "an array with a mask is given: what is masked has no value",
            hint="`array.filled(0)` puts zeros there",
        )
    try:
        return np.asarray(given)
    except (TypeError, ValueError, OverflowError):  # rows that are not as long as each other
        return None
