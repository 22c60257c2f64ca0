"""What users should know, as warnings of Python that name the line of theirs that asked."""

from __future__ import annotations

import sys
import warnings


class InterpreterWarning(UserWarning):
    """There is no C++ compiler: libfaust's interpreter runs programs, which takes longer."""


class DerivativeWarning(UserWarning):
    """A derivative may not be what is expected: it is zero for a technical reason, say."""


def notify(sentence: str, category: type[UserWarning]) -> None:
    """Warns.

    Args:
        sentence: what the user should know.
        category: what kind of warning it is.
    """
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_own(frame.f_globals.get("__name__", "")):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(sentence, category, stacklevel=depth)


def _is_own(module: str) -> bool:
    # Frameworks stand between a layer and who calls it.
    return module.split(".")[0] in ("contextlib", "fad", "functools", "jax", "torch")
