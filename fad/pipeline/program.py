"""What comes out: a Faust program that fad has written, and what there is to know about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fad.base.version import __version__
from fad.diagram.order import OrderBy
from fad.diagram.parameters import Parameter
from fad.differentiation.channels import Output
from fad.pipeline.costs import Costs

#: Which manifests mean the same. From 2 on, parameters and channels are in the order of the text or
#: of the user interface, as `order by` says; before, they were in that of the diagram.
MANIFEST_FORMAT = 2


@dataclass(frozen=True)
class Program:
    """A Faust program that fad has written.

    Attributes:
        source: its text.
        parameters: the variables of the original program, in order.
        outputs: the meaning of each output channel, in order.
        warnings: what the user should know, one sentence each.
        name: the file name of the original program.
        widgets: all sliders, number entries and switches of the original program.
        direction: the names and components of the direction that its derivatives are along.
        files: the files that it was made from, and those that it names.
        order_by: whose order the parameters and widgets are in: see `widgets_of`.
        costs: what either mode costs, where forward mode was chosen for that.
    """

    source: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    warnings: tuple[str, ...] = ()
    name: str = ""
    widgets: tuple[Parameter, ...] = ()
    direction: tuple[tuple[str, float], ...] = ()
    files: tuple[Path, ...] = ()
    order_by: OrderBy = "text"
    costs: Costs | None = None

    def texts(self, stem: str) -> dict[str, str]:
        """The files to write for a program in forward mode: names -> texts.

        Args:
            stem: what their names begin with.
        """
        told = json.dumps(self.manifest(), indent=2, ensure_ascii=False) + "\n"
        return {f"{stem}.dual.dsp": self.source, f"{stem}.json": told}

    def manifest(self) -> dict[str, Any]:
        """What the channels and the parameters are, as plain data for JSON."""
        return {
            "program": self.name,
            "format": MANIFEST_FORMAT,
            **({"mode": "forward", "cost": self.costs.to_json()} if self.costs else {}),
            "order by": self.order_by,
            "versions": versions(),
            "outputs": [
                {
                    "channel": channel,
                    "name": output.name,
                    "output": output.output,
                    "order": output.order,
                    "parameter": output.parameter.path if output.parameter else None,
                    **({"second": output.second.path} if output.second else {}),
                }
                for channel, output in enumerate(self.outputs)
            ],
            **({"direction": dict(self.direction)} if self.direction else {}),
            "parameters": [parameter_data(parameter) for parameter in self.parameters],
            "warnings": list(self.warnings),
        }


def parameter_data(parameter: Parameter) -> dict[str, Any]:
    """A parameter as plain data for JSON."""
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


def versions() -> dict[str, str | None]:
    """The versions of what has written a program."""
    return {"fad": __version__, "cyfaust": _version("cyfaust")}


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # costs as much as a transform

    try:
        return version(package)
    except PackageNotFoundError:
        return None
