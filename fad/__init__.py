"""fad: forward-mode automatic differentiation of Faust programs, from source to source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fad.channels import Output
    from fad.checker import Report, check
    from fad.compiler import Program, expand, transform
    from fad.errors import FadError
    from fad.estimation import estimate
    from fad.parameters import Parameter
    from fad.performance import run
    from fad.recording import Recording

__all__ = [
    "FadError",
    "Output",
    "Parameter",
    "Program",
    "Recording",
    "Report",
    "check",
    "estimate",
    "expand",
    "run",
    "transform",
]

_HOMES = {
    "FadError": "fad.errors",
    "Output": "fad.channels",
    "Parameter": "fad.parameters",
    "Program": "fad.compiler",
    "Recording": "fad.recording",
    "Report": "fad.checker",
    "check": "fad.checker",
    "estimate": "fad.estimation",
    "expand": "fad.compiler",
    "run": "fad.performance",
    "transform": "fad.compiler",
}


def __getattr__(name: str) -> Any:
    """Loads the public names when they are used: `fad --help` needs none of them."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fad' has no attribute {name!r}")
