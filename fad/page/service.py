"""One function, from a request to its answer: what the worker of the page calls."""

from __future__ import annotations

import json
import os
import traceback
from typing import Any

from fad.base.errors import FadError, too_large
from fad.base.prose import visible_lines
from fad.base.version import __version__
from fad.diagram.box import freed_in_order
from fad.page.asked import asked
from fad.page.jobs import JOBS
from fad.page.places import error_of, place_of


def answer(request: str) -> str:
    """Does a job.

    Args:
        request: JSON: `job`, `name` and `source` of the program, `files` beside it, `options`.

    Returns:
        JSON: `ok`, and with it `result` and `warnings`, or `error`. docs/architecture.md tells
        what is in them. Nothing is ever raised: what is wrong is in the answer.
    """
    with freed_in_order():  # a page has a stack of a megabyte
        return json.dumps(_answered(request), allow_nan=False)


def _answered(request: str) -> dict[str, Any]:
    try:
        job = asked(request)
        with job.here():
            result, warnings, warned = JOBS[job.job](job)
    except FadError as error:
        return _failed(error)
    except ModuleNotFoundError as error:
        needs = f"this needs `{error.name}`, which is not there"
        return _failed(FadError(needs, hint="the command line, `fad`, can do it"))
    except Exception as error:
        return _failed(too_large(error) or _internal(error))
    told = [
        {
            "message": visible_lines(warning),
            "place": place_of(warned[warning]) if warning in warned else None,
        }
        for warning in warnings
    ]
    return {"ok": True, "result": result, "warnings": told}


def _failed(error: FadError) -> dict[str, Any]:
    return {"ok": False, "error": error_of(error)}


def _internal(error: Exception) -> FadError:
    """A fault of fad."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}:{place.lineno}"
    return FadError(
        f"internal error: {type(error).__name__}: {error} ({where})",
        hint=f"this is a bug in fad {__version__}: please report it with the program",
    )
