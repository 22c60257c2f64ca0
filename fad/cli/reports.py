"""What `fad params` and `fad check` show, as tables and as JSON."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fad.base.prose import counted
from fad.pipeline.program import parameter_data

if TYPE_CHECKING:
    from fad.checking.check import Report
    from fad.diagram.parameters import Parameter
    from fad.pipeline.program import Program
    from fad.runtime.recording import Recording

#: Wide enough for any table: where it is shown, lines may wrap, but nothing is cut.
_WIDTH = 1000
#: The columns that have numbers in them.
_NUMBERS = (
    *("init", "min", "max", "step", "error", "smooth", "first sample"),
    *("lowest", "highest", "rms", "first", "last"),
)


def parameters_table(program: Program) -> str:
    """All widgets of a program, a line each."""
    if not program.widgets:
        return "the program has no widgets\n"
    table = _table(
        *("path", "host path", "kind", "init", "min", "max", "step", "unit", "scale", "variable")
    )
    for widget in program.widgets:
        table.add_row(
            Text(widget.path),
            Text(_host_path(widget)),
            widget.kind,
            *(f"{value:g}" for value in (widget.init, widget.min, widget.max, widget.step)),
            Text(widget.unit),
            Text(widget.scale),
            "yes" if widget in program.parameters else "",
        )
    return _printed(table)


def parameters_json(program: Program) -> str:
    """All widgets of a program as JSON."""
    widgets = [
        {
            **parameter_data(widget),
            "host path": _host_path(widget),
            "variable": widget in program.parameters,
        }
        for widget in program.widgets
    ]
    return json.dumps(widgets, indent=2, ensure_ascii=False) + "\n"


def _host_path(widget: Parameter) -> str:
    return next(iter(widget.host_paths), "")


def check_table(report: Report) -> str:
    """A line for each output and parameter, and a sentence about the whole."""
    table = _table("output", "parameter", "verdict", "error", "smooth", "first sample")
    for pair in report.pairs:
        table.add_row(
            str(pair.output),
            Text(pair.parameter),
            pair.verdict,
            f"{pair.error:.1e}" if pair.compared else "",
            f"{pair.compared:.0%}",
            "" if pair.sample is None else str(pair.sample),
        )
    counts = Counter(pair.verdict for pair in report.pairs)
    lines = [
        f"{report.program}: {counted(report.frames, 'sample')} at {report.rate} Hz: "
        + (", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "no variables")
    ]
    lines += [f"output {output} is not finite everywhere" for output in report.not_finite]
    lines += [f"output {output} differs from the original's" for output in report.differing]
    if report.rounded:
        outputs = ", ".join(map(str, report.rounded))
        lines.append(f"computed in another order, and the same but for rounding: output {outputs}")
    return (_printed(table) if report.pairs else "") + "\n".join(lines) + "\n"


def check_json(report: Report) -> str:
    """A report as JSON."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"


def run_table(recording: Recording) -> str:
    """A line for each output and bargraph, and a sentence about the whole."""
    outputs = _table("output", "lowest", "highest", "rms")
    for number, samples in enumerate(recording.outputs):
        known = samples[np.isfinite(samples)]
        with np.errstate(over="ignore"):
            rms = np.sqrt(np.mean(known**2)) if known.size else np.nan
        numbers = (known.min(initial=np.inf), known.max(initial=-np.inf), rms)
        outputs.add_row(str(number), *(f"{value:.4g}" for value in numbers))
    bargraphs = _table("bargraph", "first", "last", "unit")
    for meter in recording.meters:
        values = recording.bargraphs[meter.path]
        ends = (f"{value:.6g}" for value in (values[0], values[-1]))
        bargraphs.add_row(Text(meter.path), *ends, Text(meter.unit))
    tables = [_printed(table) for table in (outputs, bargraphs) if table.row_count]
    told = f"{recording.program}: {recording.seconds:g} s at {recording.rate} Hz\n"
    return "\n".join([*tables, told])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_number = column in _NUMBERS
        table.add_column(column, justify="right" if is_number else "left", no_wrap=True)
    return table


def _printed(table: Table) -> str:
    file = io.StringIO()
    Console(file=file, width=_WIDTH, color_system=None).print(table)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())
