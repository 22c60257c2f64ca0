"""Checks for the page: verdicts as data, the worst of each parameter as its badge."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from fad.checking.check import check
from fad.checking.quotients import VERDICTS
from fad.checking.report import Pair, Report
from fad.checking.sentences import sentences
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
    badges: dict[str, Pair] = {}
    for pair in report.pairs:
        badges[pair.parameter] = min(badges.get(pair.parameter, pair), pair, key=_goodness)
    return {
        "verdicts": [_verdict(pair) for pair in report.comparisons],
        "badges": [
            {name: _verdict(pair)[name] for name in ("path", "label", "verdict", "error")}
            for pair in badges.values()
        ],
        "points": [dict(point) for point in report.points],
        "summary": "\n".join(sentences(report, commands=False)) + "\n",
        "passed": report.passed,
        "tested": report.tested,
    }


def _goodness(pair: Pair) -> tuple[int, float]:
    return VERDICTS.index(pair.verdict), -pair.error


def _verdict(pair: Pair) -> dict[str, Any]:
    """A verdict; in JSON there is no infinite error."""
    told = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(pair).items()
        if name != "parameter"
    }
    return {"path": pair.parameter, "label": pair.parameter.rpartition("/")[2], **told}
