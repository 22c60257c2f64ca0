"""What `fad params`, `check`, `run`, `fit` and `doctor` show, as tables and as JSON."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fad.base.prose import counted, visible
from fad.pipeline.program import parameter_data

if TYPE_CHECKING:
    from fad.batches.store import Row
    from fad.checking.report import DotProduct, Pair, Report
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
    from fad.checking.sentences import sentences

    tables = []
    if report.mode != "reverse":
        pairs = report.comparisons if verbose else report.pairs
        tables.append(_printed(_pairs_table(pairs, report), colours) if pairs else "")
    if report.dot_products is not None:
        found = report.dot_products
        products = found.products if verbose else found.worst
        tables.append(_printed(_products_table(products), colours) if products else "")
    return "".join(tables) + "\n".join(sentences(report, verbose)) + "\n"


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
