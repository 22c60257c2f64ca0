"""What the channels and parameters of a written program are, as data for other programs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from fad.base.version import __version__

if TYPE_CHECKING:
    from fad.diagram.parameters import Parameter
    from fad.pipeline.transform import Program


def manifest(program: Program) -> dict[str, Any]:
    """The description of a program that fad has written; see `Program.manifest`."""
    return {
        "program": program.name,
        "versions": {"fad": __version__, "cyfaust": _version("cyfaust")},
        "outputs": [
            {
                "channel": channel,
                "name": output.name,
                "output": output.output,
                "order": output.order,
                "parameter": output.parameter.path if output.parameter else None,
                **({"second": output.second.path} if output.second else {}),
            }
            for channel, output in enumerate(program.outputs)
        ],
        **({"direction": dict(program.direction)} if program.direction else {}),
        "parameters": [described(parameter) for parameter in program.parameters],
        "warnings": list(program.warnings),
    }


def described(parameter: Parameter) -> dict[str, Any]:
    """A parameter as data."""
    return {
        "path": parameter.path,
        "label": parameter.label,
        "kind": parameter.kind,
        "init": parameter.init,
        "min": parameter.min,
        "max": parameter.max,
        "step": parameter.step,
        "scale": parameter.scale,
        "unit": parameter.unit,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
