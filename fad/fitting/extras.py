"""Packages that only fits need: they are imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fad.base.errors import FadError


def extra(module: str, why: str) -> Any:
    """A module of a package that comes with `faust-fad[fit]`.

    Args:
        module: its full name.
        why: what needs it, as in `a recording of another rate`.

    Raises:
        FadError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise FadError(
            f"{why} needs the package `{package}`, which is not installed",
            hint="install what fits need: `pip install 'faust-fad[fit]'`",
        ) from None
