"""The command line.

Only click is imported here: `fad --help` does not wait for a compiler. Each command imports what
it needs when it runs.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

import click

from fad.base.version import __version__
from fad.cli.estimate import estimate
from fad.cli.options import (
    BAD_INPUT,
    INCLUDE,
    SEED,
    program_of,
    program_options,
    show,
    values_option,
    variable_options,
    warn,
    write_program,
    wrote,
)
from fad.cli.run import run

#: Set to 1, this environment variable shows where in fad an internal error comes from.
_TRACEBACK_VARIABLE = "FAD_TRACEBACK"

# Exit codes: those of an interrupted program and of a bug follow the shells and sysexits.h.
_BUG = 70
_INTERRUPTED = 130
_KILLED = 128  # and the number of the signal

#: What ends a command from outside: the system, a terminal that is closed. Windows has one of them.
_ENDINGS = ("SIGTERM", "SIGHUP")

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="fad", message="%(prog)s %(version)s")
def cli() -> None:
    """Derivatives of Faust programs, as Faust programs.

    \b
    Example:
      fad transform synth.dsp -o gradient.dsp
      faust gradient.dsp -o gradient.cpp
    """


@cli.command(short_help="Evaluate a program to its core diagram.")
@program_options
def expand(file: str, output: str, check: str | None, **options: Any) -> None:
    """Evaluate a program and write its diagram as Faust that needs no library.

    FILE is a Faust program; `-` reads the standard input.

    \b
    Example:
      fad expand synth.dsp -o flat.dsp
    """
    import fad

    write_program(partial(fad.expand, **options), file, output, check=check)


@cli.command(short_help="Write the program that also computes derivatives.")
@program_options
@variable_options
@click.option(
    "--only",
    type=click.Choice(["tangents", "primal"]),
    help="Leave out the outputs themselves, or the derivatives.",
)
@click.option(
    "--order",
    type=click.Choice(["1", "2"]),
    callback=lambda context, option, order: int(order),
    default="1",
    show_default=True,
    help="2 for second derivatives after the first ones, each pair of variables once.",
)
@values_option(
    "--direction", help='One derivative, along a direction, as in "gain=1,fc=20"; repeatable.'
)
@click.option(
    "--explain",
    is_flag=True,
    help="Show what each part of the program becomes, and why; the result goes to `-o` only.",
)
@click.option(
    "--manifest",
    metavar="OUT.json",
    help="File for the meaning of every output channel and what is known of every parameter.",
)
def transform(
    file: str,
    output: str,
    check: str | None,
    only: Any,
    order: Any,
    direction: dict[str, float],
    explain: bool,
    manifest: str | None,
    precision: Any,
    **options: Any,
) -> None:
    """Write the program that also computes the derivatives of a program's outputs.

    FILE is a Faust program; `-` reads the standard input. Every slider and number entry is a
    variable, unless `--wrt` or `[diff:on]` in a label says otherwise. After each output come its
    derivatives by each of them, in order of appearance; the first lines of the result list them.

    \b
    Examples:
      fad transform synth.dsp -o gradient.dsp
      fad transform synth.dsp --wrt "freq,/synth/env/*" --manifest gradient.json
    """
    import fad

    if manifest is not None and manifest == output:
        raise click.UsageError("the program and its manifest cannot go to the same file")
    if direction and (options["wrt"] or order == 2 or only == "primal"):
        raise click.UsageError(
            "`--direction` names the variables and asks for one derivative: leave `--wrt`, "
            "`--order` and `--only primal` out"
        )
    if explain and (direction or order == 2):
        raise click.UsageError("`--explain` is about first derivatives by each variable")
    if explain:
        from fad.pipeline.explain import explain as explained

        show(explained(program_of(file), **options))
        if output == "-":
            return
    compute = partial(
        fad.transform,
        only=only or "all",
        order=order,
        direction=direction,
        precision=precision,
        **options,
    )
    write_program(compute, file, output, manifest, check)


@cli.command(short_help="List what a program can be differentiated by.")
@click.argument("file")
@INCLUDE
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def params(file: str, include: Sequence[str], as_json: bool) -> None:
    """List the widgets of a program: path, kind, range, and whether each is a variable by default.

    FILE is a Faust program; `-` reads the standard input.

    \b
    Example:
      fad params synth.dsp
    """
    import fad
    from fad.cli import reports

    program = fad.expand(program_of(file), include=include)
    show(reports.parameters_json(program) if as_json else reports.parameters_table(program))


@cli.command(short_help="Draw a program and its derivative as block diagrams.")
@click.argument("file")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    required=True,
    help="Folder to write; it is replaced if `fad diagram` has written it, and only then.",
)
@click.option("--dual", is_flag=True, help="Draw the program with derivatives, too.")
@INCLUDE
@variable_options
def diagram(file: str, output: str, dual: bool, **options: Any) -> None:
    """Write a folder with the block diagrams of a program, and a page that shows them.

    FILE is a Faust program; `-` reads the standard input. The page is `index.html`; with `--dual`
    it has the program and its derivative side by side.

    \b
    Example:
      fad diagram synth.dsp --dual -o synth-diagrams
    """
    from fad.drawing.block_diagrams import write_diagrams

    if not dual and any(options[name] for name in ("wrt", "surrogate", "rules")):
        raise click.UsageError("`--wrt`, `--surrogate` and `--rules` say what is in a `--dual`")
    program = write_diagrams(program_of(file), output, dual=dual, **options)
    warn(program.warnings)
    wrote(os.path.join(output, "index.html"))


@cli.command(short_help="Prove the derivatives of a program against the standard compiler.")
@click.argument("file")
@INCLUDE
@variable_options
@click.option(
    "--input", "input_file", metavar="FILE.wav", help="Audio to run on; noise by default."
)
@click.option("--seconds", type=float, default=0.05, show_default=True, help="How much to run.")
@click.option("--rate", type=int, help="Sample rate in Hz; that of the input file, or 44100.")
@values_option(
    "--at",
    help='Where to compare, as in "gain=0.3,fc=800"; elsewhere the initial values; repeatable.',
)
@SEED
@click.option(
    "--native/--interpreter",
    default=None,
    help="How to run programs; natively where there is a C++ compiler.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def check(
    file: str, input_file: str | None, rate: int | None, as_json: bool, **options: Any
) -> None:
    """Compare each derivative with difference quotients that the standard compiler computes.

    FILE is a Faust program; `-` reads the standard input. Each output and parameter gets a
    verdict: `agrees`, `zero` (no effect at this point), `jump` (not smooth there), `quantised`
    (a jump or a slope that fad knows of), `undefined` (the output is not finite), `mismatch`.
    The exit code is 1 on a mismatch, and when the outputs are not repeated.

    \b
    Example:
      fad check synth.dsp --at "gain=0.3,fc=800"
    """
    import fad
    from fad.cli import reports
    from fad.runtime.wav import read_wav

    inputs = None
    if input_file is not None:
        inputs, file_rate = read_wav(input_file)
        rate = rate or file_rate
    report = fad.check(program_of(file), inputs=inputs, rate=rate or 44100, **options)
    warn(report.warnings)
    show(reports.check_json(report) if as_json else reports.check_table(report))
    click.get_current_context().exit(0 if report.passed else BAD_INPUT)


cli.add_command(estimate)
cli.add_command(run)


def main() -> NoReturn:
    """Runs the command line and ends the process."""
    _end_cleanly()
    try:
        code = cli.main(prog_name="fad", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except Exception as error:
        code = _report(error)
    sys.exit(code)


def _end_cleanly() -> None:
    """Lets signals that end the process raise, so that no temporary folder or process stays."""

    def end(number: int, frame: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # another one would interrupt the cleaning
        raise SystemExit(_KILLED + number)

    for number in (getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores one
            signal.signal(number, end)


def _report(error: Exception) -> int:
    """Shows what went wrong; the exit code that says whose fault it is."""
    from fad.base.errors import FadError

    if isinstance(error, FadError):
        click.echo(error.render(), err=True)
        return BAD_INPUT
    if isinstance(error, MemoryError):
        click.echo("error: the program needs more memory than there is", err=True)
        return BAD_INPUT
    if isinstance(error, RecursionError):
        click.echo("error: the program is nested too deeply", err=True)
        return BAD_INPUT
    if os.environ.get(_TRACEBACK_VARIABLE):
        traceback.print_exception(error)
        return _BUG
    place = traceback.extract_tb(error.__traceback__)[-1]
    click.echo(
        f"internal error: {type(error).__name__}: {error} "
        f"({os.path.basename(place.filename)}:{place.lineno})\n"
        f"hint: this is a bug in fad {__version__}: please report it with the program; "
        f"{_TRACEBACK_VARIABLE}=1 shows more to report",
        err=True,
    )
    return _BUG
