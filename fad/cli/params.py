"""`fad params`: what a program can be differentiated by, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fad.cli.options import ORDER_BY, program_of, search_options, show, variable_options
from fad.cli.project import ProjectCommand, without_project

#: What the gradient is, and what it takes to compute it.
_ABOUT_GRADIENT = ("wrt", "surrogate", "rules")


@click.command(cls=ProjectCommand, short_help="List what a program can be differentiated by.")
@click.argument("file")
@search_options
@ORDER_BY
@click.option(
    "--cost",
    is_flag=True,
    help="Estimate what the gradient costs at run time, in forward and in reverse mode.",
)
@variable_options
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def params(file: str, cost: bool, as_json: bool, rules: Path | None, **options: Any) -> None:
    """List the widgets of a program: path, kind, range, and whether each is a variable by default.

    FILE is a Faust program; `-` reads the standard input.

    \b
    Examples:
      fad params synth.dsp
      fad params synth.dsp --cost --wrt "freq,/synth/env/*"
    """
    import fad
    from fad.cli import reports

    options["rules"] = rules
    if not cost:
        options = without_project(options, *_ABOUT_GRADIENT)
    about = {name: options.pop(name) for name in _ABOUT_GRADIENT}
    if not cost and any(about.values()):
        raise click.UsageError("`--wrt`, `--surrogate` and `--rules` are about the `--cost`")
    program = fad.expand(program_of(file), **options)
    costs = None
    if cost:
        about["rules"] = None if about["rules"] is None else program_of(about["rules"])
        del options["order_by"]
        costs = fad.costs(program_of(file), **options, **about)
    told = reports.parameters_json if as_json else reports.parameters_table
    show(told(program, costs))
