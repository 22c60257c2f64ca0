"""Packages that only fits need: they are imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fad.base.errors import FadError


def extra(module: str, why: str, brings: str = "faust-fad[fit]") -> Any:
    """A module of a package that does not come with `faust-fad` alone.

    Args:
        module: its full name.
        why: what needs it, as in `a recording of another rate`.
        brings: what is to be installed for it.

    Raises:
        FadError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        quoted = f"'{brings}'" if "[" in brings else brings
        raise FadError(
            f"{why} needs the package `{package}`, which is not installed",
            hint=f"install what it needs: `pip install {quoted}`",
        ) from None
