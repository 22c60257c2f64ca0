"""What a check has to say, in sentences: what its verdicts mean, and what was not tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fad.base.prose import counted, visible

if TYPE_CHECKING:
    from fad.checking.report import DotProducts, Report

#: What to know about the verdicts that need a look.
_MEANINGS = {
    "mismatch": "the derivative is wrong",
    "undefined": "the output is infinite or not a number",
    "jump": "the output jumps at some samples, which say nothing; the error is that of the others",
    "kink": "the slopes on the two sides of the parameter's value differ, in the program or a part",
    "stopped": "the program stops or bounds the derivative; without that, it agrees",
}
#: What to know about those of reverse mode.
_MEANINGS_IN_REVERSE = {
    "mismatch": "forward and reverse mode differ",
    "undefined": "an output, or both derivatives, are infinite or not a number",
    "zero": "both derivatives are 0, which tests nothing",
}
#: How many variables are named, but for those that need a look.
_MOST_NAMES = 20


def sentences(report: Report, verbose: bool = False) -> list[str]:
    """What there is to say about a check as a whole, a line each.

    Args:
        report: what came of it.
        verbose: about all points and variables, and not only those that need a look.
    """
    pairs = report.comparisons if verbose else report.pairs
    verdicts = {pair.verdict for pair in pairs}
    return [
        _first(report),
        *(f"{verdict}: {meaning}" for verdict, meaning in _MEANINGS.items() if verdict in verdicts),
        *remarks(report, verbose),
        *_points(report, verbose),
    ]


def _first(report: Report) -> str:
    """How much was compared, and what came of how much."""
    counts = []
    if report.mode != "reverse":
        counts.append(_counted((pair.verdict for pair in report.pairs), "derivative"))
    if report.dot_products is not None:
        told = _counted((product.verdict for product in report.dot_products.worst), "test")
        counts.append(f"in reverse mode {told}")
    points = counted(len(report.points), "point")
    length = counted(report.frames, "sample")
    return f"{visible(report.program)}: {length} at {report.rate} Hz, {points}; " + "; ".join(
        counts
    )


def _counted(verdicts: Iterable[str], noun: str) -> str:
    """How often each verdict occurs: `3 derivatives: 2 agree, 1 zero`."""
    counts = Counter(verdicts)
    told = [
        f"{count} agree" if verdict == "agrees" and count > 1 else f"{count} {verdict}"
        for verdict, count in counts.items()
    ]
    return f"{counted(counts.total(), noun)}: {', '.join(told)}" if told else "nothing to compare"


def remarks(report: Report, verbose: bool = False, commands: bool = True) -> Iterator[str]:
    """What there is to know about a check beside its verdicts, a line each; see `sentences`.

    Args:
        report, verbose: as there.
        commands: also what to do about it, as options of the command line.
    """
    found = report.dot_products
    yield from _about_outputs(report)
    if found is not None:
        yield from _remarks_in_reverse(found, verbose)
    yield from _untested(report, commands)


def _about_outputs(report: Report) -> Iterator[str]:
    """What there is to know about the outputs, a line each."""
    if report.precision == "single":
        yield "computed in single precision, in which the interpreter plays sound files"
    for output in report.not_finite:
        yield f"output {output} is not finite everywhere"
    for output in report.differing:
        yield f"output {output} differs from the original's"
    if report.rounded:
        outputs = ", ".join(map(str, report.rounded))
        yield f"computed in another order, and the same but for rounding: output {outputs}"


def _remarks_in_reverse(found: DotProducts, verbose: bool) -> Iterator[str]:
    """What there is to know about reverse mode, a line each."""
    verdicts = {product.verdict for product in (found.products if verbose else found.worst)}
    for verdict, meaning in _MEANINGS_IN_REVERSE.items():
        if verdict in verdicts:
            yield f"{verdict} in reverse mode: {meaning}"
    for output in found.differing:
        yield f"output {output} of the forward program of reverse mode differs from the original's"
    if found.rounded:
        outputs = ", ".join(map(str, found.rounded))
        yield f"the forward program of reverse mode repeats it, but for rounding: output {outputs}"
    if found.products:
        lanes, samples = counted(found.tape, "lane"), counted(found.block, "sample")
        yield f"reverse mode, with {lanes} of tape and blocks of {samples}, by:"
        yield from _variables(found, verbose)


def _variables(found: DotProducts, verbose: bool) -> Iterator[str]:
    """The variables, a line each, with what there is to know; the first ones of many."""
    told = dict.fromkeys(found.without_effect, ": no effect here, so not tested")
    suspects = {path for product in found.products for path in product.suspects}
    told |= dict.fromkeys(suspects, ": forward and reverse mode differ along it alone")
    hidden = 0
    for number, path in enumerate(found.variables):
        if verbose or path in told or number < _MOST_NAMES:
            yield f"  {visible(path)}{told.get(path, '')}"
        else:
            hidden += 1
    if hidden:
        yield f"  and {counted(hidden, 'other')}, which `--verbose` names"


def _untested(report: Report, commands: bool) -> Iterator[str]:
    """What was not tested, and what to do, a line each."""
    found = report.dot_products
    if report.tested or (found is not None and found.refusal is not None):
        return
    for output in report.silent:
        yield f"output {output} is silent: nothing was tested there"
    if not _has_variables(report):
        yield "there is nothing to differentiate by: nothing was tested"
    elif report.mode != "reverse" and not report.has_effects:
        yield "no derivative is other than zero: nothing was tested"
    elif found is not None and not found.tested:
        yield "no derivative of reverse mode is other than zero: nothing was tested"
    if commands:
        yield f"hint: {_advice(report)}"


def _has_variables(report: Report) -> bool:
    return bool(report.comparisons or (report.dot_products and report.dot_products.variables))


def _advice(report: Report) -> str:
    """What to do where nothing was tested."""
    if not _has_variables(report):
        return "name a variable with `--wrt`, or say that this is right with `--allow-silent`"
    if report.mode == "reverse" and report.dot_products and not report.dot_products.products:
        return (
            "name other variables with `--wrt`, or give reads at whole positions a slope with "
            "`--surrogate`; `--allow-silent` says that it is right"
        )
    seconds = f"run longer: `--seconds {max(0.5, 4 * report.frames / report.rate):.2g}`"
    ways = [f'press `--at "{path}=1"`' for path in report.unpressed[:1]]
    ways += [seconds, "move what silences it with `--at`"]
    return ", or ".join(ways) + "; `--allow-silent` says that it is right"


def _points(report: Report, verbose: bool) -> Iterator[str]:
    """Where the points are that need a look, as options to go there again."""
    looked = {pair.point for pair in report.pairs if pair.verdict in _MEANINGS}
    if report.dot_products is not None:
        worst = report.dot_products.worst
        looked |= {each.point for each in worst if each.verdict in _MEANINGS_IN_REVERSE}
    for number, values in enumerate(report.points):
        if number in looked or verbose:
            at = ",".join(f"{path}={value:.10g}" for path, value in values.items())
            yield f"point {number + 1}: " + (f'--at "{at}"' if at else "the initial values")
