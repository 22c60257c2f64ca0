"""`fad check`: derivatives are proved, and what came of it is told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fad.base.settings import Settings
from fad.cli.failures import UNTESTED
from fad.cli.options import (
    BAD_INPUT,
    FILES,
    ORDER_BY,
    RATE,
    TRUST,
    WATCH,
    colours,
    program_of,
    search_options,
    settings_option,
    show,
    tell,
    variable_options,
    warn,
)
from fad.cli.project import ProjectCommand
from fad.cli.results import Outcome, attempt, finish, refuse_standard_input
from fad.cli.watch import watch as watch_programs

if TYPE_CHECKING:
    from fad.checking.report import Report


@click.command(
    cls=ProjectCommand,
    short_help="Prove the derivatives of a program against the standard compiler.",
)
@FILES
@search_options
@variable_options
@ORDER_BY
@click.option(
    "--mode",
    type=click.Choice(["forward", "reverse", "both"]),
    default="forward",
    show_default=True,
    help="Which derivatives: those of `forward` mode, by difference quotients; those of `reverse` "
    "mode, by forward mode (the dot-product test); or both.",
)
@click.option(
    "--input", "input_file", metavar="SOUND", help="Sound file to run on; noise by default."
)
@click.option(
    "--seconds",
    type=float,
    help="How much to run; by default until the longest delays are over, from 0.05 s to 2 s.",
)
@RATE
@settings_option(
    'Where to compare, as in "gain=0.3,fc=800" or, from a time on, "0.1:gate=1"; repeatable. '
    "Buttons and checkboxes that are not named are pressed after a tenth of the time."
)
@click.option(
    "--points",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="How many points to compare at: the initial values, and random ones for the sliders that "
    "`--at` does not name.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Of the noise and the points.",
)
@click.option(
    "--native/--interpreter",
    default=None,
    help="How to run programs; natively where there is a C++ compiler.",
)
@TRUST
@click.option("--allow-silent", is_flag=True, help="Do not fail where nothing could be tested.")
@click.option("--verbose", is_flag=True, help="A line for each point.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@WATCH
def check(
    files: tuple[str, ...],
    input_file: str | None,
    rate: int | None,
    at: Settings,
    allow_silent: bool,
    verbose: bool,
    as_json: bool,
    watch: bool,
    **options: Any,
) -> None:
    """Compare each derivative with difference quotients that the standard compiler computes.

    FILE is a Faust program; `-` reads the standard input; the exit code is the worst of several.
    Each output and parameter gets a
    verdict, the worst over some points: `agrees`, `zero` (no effect), `kink` (other slopes on
    the two sides of the value), `jump` (not smooth at some samples), `quantised` (a jump or a
    slope that fad knows of), `stopped` (by the program itself), `undefined` (the output is not
    finite), `mismatch`. The exit code is 1 on a mismatch, and when the outputs are not repeated; 3
    when an output is silent or no derivative is other than zero, because then nothing was tested.

    With `--mode reverse`, the gradients that `fad transform --mode reverse` writes programs for are
    compared with forward mode, along random directions: on the `whole` signal, `split` into blocks,
    and with sliders `moving` from block to block.

    \b
    Examples:
      fad check synth.dsp
      fad check synth.dsp --at "gain=0.3,fc=800" --at "0.01:gate=1" --points 1
      fad check synth.dsp --mode both
    """
    import fad
    from fad.cli import reports
    from fad.runtime.sounds import read_sound

    refuse_standard_input(files)
    inputs = None
    if input_file is not None:
        inputs, file_rate = read_sound(input_file)
        rate = file_rate if rate is None else rate
    several = len(files) > 1

    def checked(file: str) -> Report:
        name = file if several else None
        found = fad.check(
            program_of(file),
            inputs=inputs,
            rate=44100 if rate is None else rate,
            at=at.start,
            changes=at.changes,
            **options,
        )
        warn(found.warnings, name)
        if not as_json:
            show(reports.check_table(found, verbose, colours()))
        if found.dot_products is not None and found.dot_products.refusal is not None:
            tell(found.dot_products.refusal)
        return found

    def work(files: Sequence[str]) -> dict[str, Outcome]:
        found = {file: attempt(partial(checked, file), file if several else None) for file in files}
        if as_json:
            data = [each.to_json() for each in found.values() if not isinstance(each, Outcome)]
            if several or data:
                show(reports.json_text(data if several else data[0]))
        return {
            file: each
            if isinstance(each, Outcome)
            else Outcome(_code_of(each, allow_silent), each.files)
            for file, each in found.items()
        }

    if watch:
        watch_programs(work, files)
    finish(work(files))


def _code_of(report: Report, allow_silent: bool) -> int:
    if not report.passed:
        return BAD_INPUT
    return 0 if report.tested or allow_silent else UNTESTED
