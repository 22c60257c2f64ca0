"""What `fad params`, `check`, `run`, `fit` and `doctor` show, as tables and as JSON."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fad.base.prose import counted, visible
from fad.pipeline.program import parameter_data

if TYPE_CHECKING:
    from fad.batches.store import Row
    from fad.checking.report import DotProduct, DotProducts, Pair, Report
    from fad.cli.options import Colours
    from fad.cli.project import Project
    from fad.diagram.parameters import Parameter
    from fad.fitting.result import FitResult
    from fad.pipeline.costs import Costs
    from fad.pipeline.program import Program
    from fad.runtime.installation import Installation
    from fad.runtime.recording import Recording

#: The colours of verdicts.
_STYLES = {
    "agrees": "green",
    "zero": "dim",
    "quantised": "yellow",
    "stopped": "yellow",
    "kink": "yellow",
    "jump": "yellow",
    "undefined": "magenta",
    "mismatch": "bold red",
}
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
#: Wide enough for any table: where it is shown, lines may wrap, but nothing is cut.
_WIDTH = 1000
#: The columns that have numbers in them.
_NUMBERS = (
    *("init", "min", "max", "step", "value", "error", "agree", "first sample", "point"),
    *("<J v, w>", "<v, J' w>"),
    *("lowest", "highest", "rms", "first", "last"),
    *("files", "entries", "megabytes", "at most"),
    *("runs", "tape"),
)


def parameters_table(program: Program, costs: Costs | None = None) -> str:
    """All widgets of a program, a line each, and what the gradient costs, if that is known."""
    if not program.widgets:
        return "the program has no widgets\n" + _cost_lines(costs)
    table = _table(
        *("path", "host path", "kind", "init", "min", "max", "step", "unit", "scale", "variable")
    )
    for widget in program.widgets:
        table.add_row(
            _cell(widget.path),
            _cell(_host_path(widget)),
            widget.kind,
            *(f"{value:g}" for value in (widget.init, widget.min, widget.max, widget.step)),
            _cell(widget.unit),
            _cell(widget.scale),
            "yes" if widget in program.parameters else "",
        )
    return _printed(table) + _cost_lines(costs)


def _cost_lines(costs: Costs | None) -> str:
    if costs is None:
        return ""
    table = _table("mode", "runs", "tape", "")
    if costs.forward is not None:
        table.add_row("forward", f"{costs.forward:.1f}")
    if costs.recording is not None and costs.adjoint is not None:
        both = f"recording {costs.recording:.1f}, adjoint {costs.adjoint:.1f}"
        table.add_row("reverse", f"{costs.reverse:.1f}", str(costs.tape), both)
    by = counted(costs.variables, "variable")
    return (
        f"\nthe gradient by {by}, estimated in runs of the program:\n"
        f"{_printed(table)}cheaper: {visible(costs.reason)}\n"
    )


def parameters_json(program: Program, costs: Costs | None = None) -> str:
    """All widgets of a program as JSON: a list, unless it comes with what the gradient costs."""
    widgets = [
        {
            **parameter_data(widget),
            "host path": _host_path(widget),
            "variable": widget in program.parameters,
        }
        for widget in program.widgets
    ]
    return json_text(widgets if costs is None else {"widgets": widgets, "cost": costs.to_json()})


def _host_path(widget: Parameter) -> str:
    return next(iter(widget.host_paths), "")


def check_table(report: Report, verbose: bool = False, colours: Colours | None = None) -> str:
    """A line for each output and parameter, for each dot product, and sentences about the whole.

    Args:
        report: what came of a check.
        verbose: a line for each point, too.
        colours: of verdicts.
    """
    pairs = report.comparisons if verbose else report.pairs
    counts = []
    tables = []
    if report.mode != "reverse":
        verdicts = Counter(pair.verdict for pair in report.pairs)
        told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        counts.append(told or "no variables")
        tables.append(_printed(_pairs_table(pairs, report), colours) if pairs else "")
    if report.dot_products is not None:
        found = report.dot_products
        products = found.products if verbose else found.worst
        in_reverse = Counter(product.verdict for product in found.worst)
        told = ", ".join(f"{count} {verdict}" for verdict, count in in_reverse.items())
        counts.append(f"in reverse mode {told or 'nothing to compare'}")
        tables.append(_printed(_products_table(products), colours) if products else "")
    points = counted(len(report.points), "point")
    length = counted(report.frames, "sample")
    lines = [
        f"{visible(report.program)}: {length} at {report.rate} Hz, {points}: " + "; ".join(counts),
        *_remarks(report, {pair.verdict for pair in pairs}),
        *(
            _remarks_in_reverse(report.dot_products, verbose)
            if report.dot_products is not None
            else ()
        ),
        *_untested(report),
        *_points(report, verbose),
    ]
    return "".join(tables) + "\n".join(lines) + "\n"


def _pairs_table(pairs: Sequence[Pair], report: Report) -> Table:
    """A line for each output and parameter."""
    table = _table("output", "parameter", "verdict", "error", "agree", "first sample", "point")
    for pair in pairs:
        table.add_row(
            str(pair.output),
            _cell(pair.parameter),
            Text(_verdict(pair, report), _STYLES.get(pair.verdict, "")),
            f"{pair.error:.1e}" if pair.compared else "",
            _share(pair.agreeing),
            "" if pair.sample is None else str(pair.sample),
            str(pair.point + 1),
        )
    return table


def _products_table(products: Sequence[DotProduct]) -> Table:
    """A line for each comparison of reverse mode with forward mode."""
    table = _table("reverse", "<J v, w>", "<v, J' w>", "verdict", "error", "point")
    for product in products:
        at_limit = " (at the limit of rounding)" if product.limit else ""
        table.add_row(
            product.test,
            f"{product.forward:.12g}",
            f"{product.reverse:.12g}",
            Text(product.verdict + at_limit, _STYLES.get(product.verdict, "")),
            f"{product.error:.1e}",
            str(product.point + 1),
        )
    return table


def _verdict(pair: Pair, report: Report) -> str:
    if pair.verdict != "agrees" or pair.limit is None:
        return pair.verdict
    precision = f"{report.precision} precision"
    limits = {"rounding": precision, "quotient": "the quotient"}
    return f"agrees (at the limit of {limits[pair.limit]})"


def _share(part: float) -> str:
    """A share in per cent; all and nothing are exact."""
    percent = 100 * part
    if 0 < percent < 0.1 or 99.9 < percent < 100:
        return "<0.1%" if percent < 50 else ">99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def _remarks(report: Report, verdicts: Collection[str]) -> Iterator[str]:
    """What there is to know about the whole, a line each."""
    for verdict, meaning in _MEANINGS.items():
        if verdict in verdicts:
            yield f"{verdict}: {meaning}"
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


def _untested(report: Report) -> Iterator[str]:
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


def json_text(data: object) -> str:
    """Plain data as JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def run_table(recording: Recording) -> str:
    """A line for each output and bargraph, and a sentence about the whole."""
    import numpy as np

    outputs = _table("output", "lowest", "highest", "rms")
    names = recording.names or tuple(map(str, range(len(recording.outputs))))
    for name, samples in zip(names, recording.outputs, strict=True):
        known = samples[np.isfinite(samples)]
        with np.errstate(over="ignore"):
            rms = np.sqrt(np.mean(known**2)) if known.size else np.nan
        numbers = (known.min(initial=np.inf), known.max(initial=-np.inf), rms)
        outputs.add_row(_cell(name), *(f"{value:.4g}" for value in numbers))
    bargraphs = _table("bargraph", "first", "last", "unit")
    for meter in recording.meters:
        values = recording.bargraphs[meter.path]
        ends = (f"{value:.6g}" for value in (values[0], values[-1]))
        bargraphs.add_row(_cell(meter.path), *ends, _cell(meter.unit))
    tables = [_printed(table) for table in (outputs, bargraphs) if table.row_count]
    told = f"{visible(recording.program)}: {recording.seconds:g} s at {recording.rate} Hz\n"
    return "\n".join([*tables, told])


def fit_table(result: FitResult) -> str:
    """A line for each parameter that was fitted, and a sentence about the loss."""
    from fad.reporting.wording import end_of_range

    table = _table("parameter", "value", "unit", "error", "")
    errors = _errors(result)

    def add(name: str, each: Parameter, value: float, error: str) -> None:
        end = end_of_range(each, value)
        table.add_row(_cell(name), f"{value:.6g}", _cell(each.unit), error, end)

    for each in result.variables:
        if each.path in result.parameters:
            add(each.path, each, result.parameters[each.path], errors.get(each.path, ""))
            continue
        for match in result.matches:  # each target has a value of its own
            add(f"{each.path} ({match.target.name})", each, match.values[each.path], "")
    told = f"{result.loss_name}: {result.start_loss:.4g} -> {result.loss:.4g}; {result.message}\n"
    return (_printed(table) + "\n" if table.row_count else "") + visible(told, "\n")


def _errors(result: FitResult) -> dict[str, str]:
    """Path -> the standard error of a parameter, in its own unit."""
    from fad.reporting.wording import certainties, spread_of

    if result.sensitivity is None:
        return {}
    known = certainties(result.sensitivity, {}, len(result.matches))
    found = {}
    for each in result.variables:
        if each.path in known and each.path in result.parameters:
            error = known[each.path].error
            spread = spread_of(each, result.parameters[each.path], error)
            found[each.path] = f"{spread:.2g}" if math.isfinite(error) else "unknown"
    return found


def fits_table(rows: Sequence[Row]) -> str:
    """A line for each recording that has been fitted: its loss, and the parameters."""
    from fad.batches.store import Found

    found = {
        row.name: json.loads(row.outcome.result) for row in rows if isinstance(row.outcome, Found)
    }
    paths = list(dict.fromkeys(path for each in found.values() for path in each["parameters"]))
    table = _table("recording", "loss", *(escape(visible(path)) for path in paths))
    for name, each in found.items():
        values = [each["loss"], *(each["parameters"].get(path) for path in paths)]
        table.add_row(_cell(name), *("" if value is None else f"{value:.6g}" for value in values))
    return _printed(table) if found else ""


def installation_table(installation: Installation, project: Project | None) -> str:
    """A line for each program, package and folder, and a sentence about each that is missing.

    Args:
        installation: what there is.
        project: the options of the project in the current folder.
    """
    components = _table("component", "version", "place", "needed for")
    for component in installation.components:
        components.add_row(
            component.name,
            "missing" if component.version is None else component.version,
            Text(component.place),
            component.needed_for,
        )
    libraries = _table("libraries", "version", "files", "folder")
    for folder in installation.libraries:
        libraries.add_row(
            folder.origin, folder.version, str(folder.files), Text(folder.folder or "missing")
        )
    cache = installation.cache
    kept = _table("cache", "entries", "megabytes", "at most")
    megabytes = [f"{size / 2**20:.1f}" for size in (cache.size, cache.limit)]
    kept.add_row(Text(cache.folder), str(cache.entries), *megabytes)
    path = "none" if project is None else visible(str(project.path))
    options = f"options of the project here: {path}\n"
    told = [f"{sentence}\n" for sentence in installation.missing or ("nothing is missing",)]
    tables = map(_printed, (components, libraries, kept))
    return "\n".join([*tables, options, "".join(told)])


def installation_json(installation: Installation, project: Project | None) -> str:
    """The same as JSON."""
    path = None if project is None else str(project.path)
    return json_text({**installation.to_json(), "project": path})


def _cell(text: str) -> Text:
    """A text of the program's, on one line; brackets in it are no markup."""
    return Text(visible(text))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_number = column in _NUMBERS
        table.add_column(column, justify="right" if is_number else "left", no_wrap=True)
    return table


def _printed(table: Table, colours: Colours | None = None) -> str:
    file = io.StringIO()
    terminal = colours is not None
    console = Console(
        file=file, width=_WIDTH, color_system=colours, force_terminal=terminal, no_color=False
    )
    console.print(table)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())
