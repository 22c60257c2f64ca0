"""What went wrong, told to the user, with the exit code for it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable

from fad.base.version import __version__
from fad.cli.options import BAD_INPUT, tell

#: Set to 1, this environment variable shows where in fad an internal error comes from.
_TRACEBACK_VARIABLE = "FAD_TRACEBACK"

#: The exit code when there was nothing to test.
UNTESTED = 3
# Exit codes: that of a wrong command line is click's, that of a bug follows sysexits.h.
_USAGE = 2
_BUG = 70
#: The exit codes of a command, the worst first.
_WORST_FIRST = (_BUG, _USAGE, BAD_INPUT, UNTESTED, 0)


def worst(codes: Iterable[int]) -> int:
    """The exit code of a command about several programs."""
    return min(codes, key=_WORST_FIRST.index, default=0)


def report(error: Exception, file: str | None = None) -> int:
    """Shows what went wrong.

    Args:
        error: what was raised.
        file: the program that it is about, where that is not plain.

    Returns:
        The exit code that says whose fault it is.
    """
    from fad.base.errors import FadError

    text, code = _told(error)
    has_place = isinstance(error, FadError) and error.span is not None
    tell(text if file is None or has_place else f"{file}: {text}")
    return code


def _told(error: Exception) -> tuple[str, int]:
    """What to say, and the exit code."""
    from fad.base.errors import FadError, too_large
    from fad.base.output_paths import SameOutput

    if isinstance(error, FadError):
        return error.render(), _USAGE if isinstance(error, SameOutput) else BAD_INPUT
    if isinstance(error, OSError) and error.filename is None:
        # Only what click writes itself, such as a help text, is written without care.
        reason = error.strerror or error
        return f"error: cannot write to the standard output: {reason}", BAD_INPUT
    if (known := too_large(error)) is not None:
        return known.render(), BAD_INPUT
    if os.environ.get(_TRACEBACK_VARIABLE):
        return "".join(traceback.format_exception(error)).rstrip("\n"), _BUG
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error: {type(error).__name__}: {error} "
        f"({os.path.basename(place.filename)}:{place.lineno})\n"
        f"hint: this is a bug in fad {__version__}: please report it with the program; "
        f"{_TRACEBACK_VARIABLE}=1 shows more to report",
        _BUG,
    )
