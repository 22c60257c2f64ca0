"""fad: forward-mode automatic differentiation of Faust programs, from source to source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fad.base.version import __version__

if TYPE_CHECKING:
    from fad.base.errors import FadError
    from fad.checking.check import Report, check
    from fad.diagram.parameters import Parameter
    from fad.differentiation.channels import Output
    from fad.estimation.estimate import estimate
    from fad.pipeline.expand import expand
    from fad.pipeline.program import Program
    from fad.pipeline.transform import transform
    from fad.runtime.recording import Recording
    from fad.runtime.run import run

__all__ = [
    "FadError",
    "Output",
    "Parameter",
    "Program",
    "Recording",
    "Report",
    "__version__",
    "check",
    "estimate",
    "expand",
    "run",
    "transform",
]

_HOMES = {
    "FadError": "fad.base.errors",
    "Output": "fad.differentiation.channels",
    "Parameter": "fad.diagram.parameters",
    "Program": "fad.pipeline.program",
    "Recording": "fad.runtime.recording",
    "Report": "fad.checking.check",
    "check": "fad.checking.check",
    "estimate": "fad.estimation.estimate",
    "expand": "fad.pipeline.expand",
    "run": "fad.runtime.run",
    "transform": "fad.pipeline.transform",
}


def __getattr__(name: str) -> Any:
    """Loads the public names when they are used: `fad --help` needs none of them."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fad' has no attribute {name!r}")
