"""fad: automatic differentiation of Faust programs, from source to source.

What is in `__all__` is the library; docs/library.md tells how to use it. The modules behind it are
for people who work on fad itself, and for them there is CONTRIBUTING.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fad.base.version import __version__

if TYPE_CHECKING:
    from fad import losses
    from fad.base.errors import FadError
    from fad.base.source import Source
    from fad.checking.check import check
    from fad.checking.report import Report
    from fad.diagram.parameters import Parameter
    from fad.differentiation.channels import Output
    from fad.drawing.block_diagrams import write_diagrams
    from fad.drawing.picture import picture
    from fad.drawing.plot import draw, rendered
    from fad.fitting.fit import fit
    from fad.fitting.result import FitResult
    from fad.fitting.targets import Target
    from fad.model.gradient import Cotangents, Gradient, Pullback
    from fad.model.loading import load
    from fad.model.model import Model
    from fad.model.notices import DerivativeWarning, InterpreterWarning
    from fad.pipeline.costs import Costs
    from fad.pipeline.expand import expand
    from fad.pipeline.explain import explain
    from fad.pipeline.modes import costs
    from fad.pipeline.program import Program
    from fad.pipeline.reverse import ReverseProgram
    from fad.pipeline.transform import transform
    from fad.runtime.engine import Engine
    from fad.runtime.estimate import estimate
    from fad.runtime.recording import Recording
    from fad.runtime.run import run

__all__ = [
    "Costs",
    "Cotangents",
    "DerivativeWarning",
    "Engine",
    "FadError",
    "FitResult",
    "Gradient",
    "InterpreterWarning",
    "Model",
    "Output",
    "Parameter",
    "Program",
    "Pullback",
    "Recording",
    "Report",
    "ReverseProgram",
    "Source",
    "Target",
    "__version__",
    "check",
    "costs",
    "draw",
    "estimate",
    "expand",
    "explain",
    "fit",
    "load",
    "losses",
    "picture",
    "rendered",
    "run",
    "transform",
    "write_diagrams",
]

#: Public name -> the module that it is loaded from when it is used: `fad --help` needs none.
_HOMES = {
    "Cotangents": "fad.model.gradient",
    "Costs": "fad.pipeline.costs",
    "Engine": "fad.runtime.engine",
    "FadError": "fad.base.errors",
    "FitResult": "fad.fitting.result",
    "Gradient": "fad.model.gradient",
    "InterpreterWarning": "fad.model.notices",
    "DerivativeWarning": "fad.model.notices",
    "Model": "fad.model.model",
    "Output": "fad.differentiation.channels",
    "Parameter": "fad.diagram.parameters",
    "Program": "fad.pipeline.program",
    "Pullback": "fad.model.gradient",
    "Recording": "fad.runtime.recording",
    "Report": "fad.checking.report",
    "ReverseProgram": "fad.pipeline.reverse",
    "Source": "fad.base.source",
    "Target": "fad.fitting.targets",
    "check": "fad.checking.check",
    "costs": "fad.pipeline.modes",
    "draw": "fad.drawing.plot",
    "estimate": "fad.runtime.estimate",
    "expand": "fad.pipeline.expand",
    "explain": "fad.pipeline.explain",
    "fit": "fad.fitting.fit",
    "load": "fad.model.loading",
    "picture": "fad.drawing.picture",
    "rendered": "fad.drawing.plot",
    "run": "fad.runtime.run",
    "transform": "fad.pipeline.transform",
    "write_diagrams": "fad.drawing.block_diagrams",
}
#: Packages that are used by their names, as in `fad.losses.mss()`: they are loaded then, too.
_PACKAGES = ("losses",)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return import_module(f"fad.{name}")
    raise AttributeError(f"module 'fad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
