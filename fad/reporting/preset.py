"""What a fit has found as a file of values that other programs read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from fad.fitting.result import FitResult


def preset(result: FitResult) -> str:
    """The values of a fit as JSON; the same result gives the same text.

    `{"parameters": [{"path": ..., "value": ...}, ...], "loss": ...}`, in the order of the
    variables. Where targets have values of their own, these are in `targets`: a list of objects
    with the target's `name`, its `parameters` and its `loss`. What JSON has no number for is null.

    Args:
        result: what the fit has found.
    """
    order = [variable.path for variable in result.variables]
    content: dict[str, object] = {
        "parameters": _parameters(result.parameters, order),
        "loss": json_number(result.loss),
    }
    if any(path not in result.parameters for path in order):
        content["targets"] = [
            {
                "name": match.target.name,
                "parameters": _parameters(match.values, order),
                "loss": json_number(match.loss),
            }
            for match in result.matches
        ]
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _parameters(values: Mapping[str, float], order: list[str]) -> list[dict[str, object]]:
    """Those that are variables in their order, and then what else there is."""
    paths = [path for path in order if path in values]
    paths += [path for path in values if path not in order]
    return [{"path": path, "value": json_number(values[path])} for path in paths]


def json_number(value: float) -> float | None:
    """A number as JSON has it: null where it is infinite or none."""
    return float(value) if math.isfinite(value) else None
