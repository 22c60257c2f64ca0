"""What comes of a check: a verdict for each output and parameter at each point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fad.base.precision import NativePrecision
from fad.checking.quotients import VERDICTS, Limit, Verdict


@dataclass(frozen=True)
class Pair:
    """What came of one output and one parameter at one point.

    Attributes:
        output: the number of the output, from 0.
        parameter: the path of the parameter.
        point: the number of the point, from 0.
        verdict: `agrees`; `zero` (no effect at this point); `kink` (the slopes on the two sides of
            the parameter's value differ); `jump` (the quotient does not settle at some samples);
            `stopped` (the program itself stops or bounds the derivative, which is the quotient
            without that); `quantised` (a jump or a slope that fad has warned about or put there);
            `undefined` (the output is not finite); `mismatch`.
        error: the largest difference of tangent and quotient where the program is smooth, in
            units of the largest quotient.
        tolerance: how large it might have been at that sample, in the same units.
        limit: why some samples needed more than the usual tolerance: `rounding`, for the
            precision of the numbers, or `quotient`, for quotients that still change with their
            step; or `None`.
        sample: the first sample that is wrong, or at a jump or kink.
        compared: the share of the samples where the program is smooth.
        agreeing: the share of the samples at which the tangent is the quotient.
    """

    output: int
    parameter: str
    point: int
    verdict: Verdict
    error: float
    tolerance: float
    limit: Limit | None
    sample: int | None
    compared: float
    agreeing: float


@dataclass(frozen=True)
class Report:
    """What came of a program.

    Attributes:
        program: its file name.
        frames: the number of samples per channel.
        rate: the sample rate, in Hz.
        precision: how the programs computed.
        points: path -> value, at each point, of the widgets that are not where they start.
        comparisons: the verdicts, by point, then by output, then by parameter.
        differing: the outputs that the dual does not repeat.
        rounded: the outputs that it repeats but for rounding, because libfaust orders sums and
            products by what else is in a program.
        not_finite: the outputs with samples that are infinite or not a number.
        silent: the outputs that are zero throughout, at all points.
        unpressed: the paths of the buttons and checkboxes that are never pressed.
        warnings: what the user should know, one sentence each.
        files: the files that the program was read from, and those that it names.
    """

    program: str
    frames: int
    rate: int
    precision: NativePrecision
    points: tuple[Mapping[str, float], ...]
    comparisons: tuple[Pair, ...]
    differing: tuple[int, ...]
    rounded: tuple[int, ...]
    not_finite: tuple[int, ...]
    silent: tuple[int, ...]
    unpressed: tuple[str, ...]
    warnings: tuple[str, ...]
    files: tuple[Path, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The worst verdict of each output and parameter, by output, then by parameter."""
        worst: dict[tuple[int, str], Pair] = {}
        for pair in self.comparisons:
            key = pair.output, pair.parameter
            worst[key] = min(worst.get(key, pair), pair, key=_goodness)
        return tuple(worst.values())

    @property
    def primal_identical(self) -> bool:
        """Whether the dual repeats the original's outputs."""
        return not self.differing

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        verdicts = (pair.verdict for pair in self.comparisons)
        return self.primal_identical and "mismatch" not in verdicts

    @property
    def tested(self) -> bool:
        """Whether there was something to compare: a derivative that is not zero throughout, and
        no output that is silent."""
        return not self.silent and self.has_effects

    @property
    def has_effects(self) -> bool:
        """Whether some derivative is defined and not zero."""
        return any(pair.verdict not in ("zero", "undefined") for pair in self.comparisons)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data, but for the files; an infinite error is `None`."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "files"},
            "comparisons": [_plain(pair) for pair in self.comparisons],
            "pairs": [_plain(pair) for pair in self.pairs],
            "primal_identical": self.primal_identical,
            "passed": self.passed,
            "tested": self.tested,
        }


def _goodness(pair: Pair) -> tuple[int, float]:
    return VERDICTS.index(pair.verdict), -pair.error


def _plain(pair: Pair) -> dict[str, Any]:
    numbers = {"error": pair.error, "tolerance": pair.tolerance}
    return {**asdict(pair), **{k: v if math.isfinite(v) else None for k, v in numbers.items()}}
