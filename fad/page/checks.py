"""Checks for the page: verdicts as data, the worst of each parameter as its badge."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from fad.checking.check import check
from fad.checking.quotients import VERDICTS
from fad.checking.report import Pair, Report
from fad.checking.sentences import remarks
from fad.differentiation.channels import output_name, short_names
from fad.page.asked import Asked
from fad.page.engines import page_engine


def checked(asked: Asked) -> Report:
    """What `fad.check` finds, with the standard compiler of the page.

    Raises:
        FadError: see `fad.check`.
    """
    arguments = asked.arguments("rules")
    rules = asked.file("rules")
    return check(asked.source, rules=rules, engine=page_engine(), native=False, **arguments)


def plain(report: Report) -> dict[str, Any]:
    """A report as plain data: see docs/architecture.md."""
    paths = list(dict.fromkeys(pair.parameter for pair in report.pairs))
    names = dict(zip(paths, short_names([*map(_label, paths)], paths), strict=True))
    count = 1 + max((pair.output for pair in report.pairs), default=0)
    outputs = [output_name(output, count) for output in range(count)]
    badges: dict[str, Pair] = {}
    for pair in report.pairs:
        badges[pair.parameter] = min(badges.get(pair.parameter, pair), pair, key=_goodness)
    return {
        "verdicts": [_verdict(pair) for pair in report.comparisons],
        "derivatives": [
            {"name": f"d{outputs[pair.output]}/d{names[pair.parameter]}", **_verdict(pair)}
            for pair in report.pairs
        ],
        "badges": [
            {name: _verdict(pair)[name] for name in ("path", "label", "verdict", "error")}
            for pair in badges.values()
        ],
        "outputs": outputs,
        "points": [dict(point) for point in report.points],
        "frames": report.frames,
        "rate": report.rate,
        "remarks": list(remarks(report, commands=False)),
        "passed": report.passed,
        "tested": report.tested,
    }


def _label(path: str) -> str:
    """The name of a widget, without its groups."""
    return path.rpartition("/")[2]


def _goodness(pair: Pair) -> tuple[int, float]:
    return VERDICTS.index(pair.verdict), -pair.error


def _verdict(pair: Pair) -> dict[str, Any]:
    """A verdict; in JSON there is no infinite error, and there is none where nothing is smooth."""
    told = {name: value for name, value in asdict(pair).items() if name != "parameter"}
    for name in ("error", "tolerance"):
        if not pair.compared or not math.isfinite(told[name]):
            told[name] = None
    return {"path": pair.parameter, "label": _label(pair.parameter), **told}
