"""What comes of a check: a verdict for each output and parameter at each point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fad.base.precision import NativePrecision
from fad.checking.quotients import VERDICTS, Limit, Verdict

#: Which derivatives are tested; see `Report`.
CheckMode = Literal["forward", "reverse", "both"]


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


#: What forward and reverse mode are compared on; see `DotProduct`.
Test = Literal["whole", "split", "moving"]
#: What came of that, the worst first.
ProductVerdict = Literal["mismatch", "undefined", "agrees", "zero"]
PRODUCT_VERDICTS: tuple[ProductVerdict, ...] = get_args(ProductVerdict)


@dataclass(frozen=True)
class DotProduct:
    """What forward and reverse mode make of a direction v of the variables, and of cotangents w.

    Attributes:
        test: `whole` (the parameters rest, and move along v throughout); `split` (they rest, and
            each block has a v of its own; the adjoint runs in pieces); `moving` (both the
            parameters and v change from block to block).
        point: the number of the point, from 0.
        verdict: `agrees`; `zero` (both are 0: nothing was tested); `undefined` (an output is not
            finite, or both derivatives are not); `mismatch`.
        forward: <J v, w>, by forward mode.
        reverse: <v, transposed J w>, by reverse mode.
        error: their difference, in units of the larger one; in `split` also that of the gradient in
            pieces and in one, if it is larger.
        tolerance: how large it might be, in the same units.
        limit: `rounding` where the error needed more than the usual tolerance, because of rounding
            errors that were measured; or `None`.
        suspects: for a mismatch, the variables along which alone there is one, too.
    """

    test: Test
    point: int
    verdict: ProductVerdict
    forward: float
    reverse: float
    error: float
    tolerance: float
    limit: Limit | None = None
    suspects: tuple[str, ...] = ()


@dataclass(frozen=True)
class DotProducts:
    """What came of the dot-product test of a program.

    Attributes:
        variables: the paths of the variables, and `input:0` for audio inputs.
        products: the comparisons, by point, then by test.
        without_effect: the variables whose derivative is 0 in all of them.
        differing: the outputs of the original that the forward program does not repeat.
        rounded: those that it repeats but for rounding.
        block: the samples of a block.
        tape: the number of lanes of the tape.
        refusal: why the program has no gradient in reverse mode, as the whole message.
    """

    variables: tuple[str, ...]
    products: tuple[DotProduct, ...] = ()
    without_effect: tuple[str, ...] = ()
    differing: tuple[int, ...] = ()
    rounded: tuple[int, ...] = ()
    block: int = 0
    tape: int = 0
    refusal: str | None = None

    @property
    def worst(self) -> tuple[DotProduct, ...]:
        """The worst of each test."""
        found: dict[Test, DotProduct] = {}
        for each in self.products:
            found[each.test] = min(found.get(each.test, each), each, key=_goodness_of_product)
        return tuple(found.values())

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        verdicts = {each.verdict for each in self.products}
        return self.refusal is None and not self.differing and "mismatch" not in verdicts

    @property
    def tested(self) -> bool:
        """Whether each test has compared something other than 0."""
        verdicts: dict[Test, set[ProductVerdict]] = {}
        for each in self.products:
            verdicts.setdefault(each.test, set()).add(each.verdict)
        told = [found & {"agrees", "mismatch"} for found in verdicts.values()]
        return bool(told) and all(told)

    def to_json(self) -> dict[str, Any]:
        """The same as plain data; numbers that are not finite are `None`."""
        products = [
            {name: value if _is_told(value) else None for name, value in asdict(each).items()}
            for each in self.products
        ]
        return {
            **asdict(self),
            "products": products,
            "passed": self.passed,
            "tested": self.tested,
        }


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
        mode: which derivatives were tested: those of `forward` mode by difference quotients, in
            `comparisons`; those of `reverse` mode by forward mode, in `dot_products`; or `both`.
        dot_products: what came of reverse mode.
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
    mode: CheckMode = "forward"
    dot_products: DotProducts | None = None

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
        """Whether the dual, and the forward program of reverse mode, repeat the original's
        outputs."""
        return not self.differing and not (self.dot_products and self.dot_products.differing)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        verdicts = (pair.verdict for pair in self.comparisons)
        reverse_passed = self.dot_products is None or self.dot_products.passed
        return self.primal_identical and "mismatch" not in verdicts and reverse_passed

    @property
    def tested(self) -> bool:
        """Whether there was something to compare, in each mode: a derivative that is not zero
        throughout, and no output that is silent."""
        forward = self.mode == "reverse" or self.has_effects
        reverse = self.dot_products is None or self.dot_products.tested
        return not self.silent and forward and reverse

    @property
    def has_effects(self) -> bool:
        """Whether some derivative is defined and not zero."""
        return any(pair.verdict not in ("zero", "undefined") for pair in self.comparisons)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data, but for the files; an infinite error is `None`."""
        reverse = {} if self.dot_products is None else {"dot_products": self.dot_products.to_json()}
        left_out = ("files", "dot_products")
        return {
            **{name: value for name, value in asdict(self).items() if name not in left_out},
            **reverse,
            "comparisons": [_plain(pair) for pair in self.comparisons],
            "pairs": [_plain(pair) for pair in self.pairs],
            "primal_identical": self.primal_identical,
            "passed": self.passed,
            "tested": self.tested,
        }


def _goodness(pair: Pair) -> tuple[int, float]:
    return VERDICTS.index(pair.verdict), -pair.error


def _goodness_of_product(product: DotProduct) -> tuple[int, float]:
    return PRODUCT_VERDICTS.index(product.verdict), -product.error


def _is_told(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _plain(pair: Pair) -> dict[str, Any]:
    numbers = {"error": pair.error, "tolerance": pair.tolerance}
    return {**asdict(pair), **{k: v if math.isfinite(v) else None for k, v in numbers.items()}}
