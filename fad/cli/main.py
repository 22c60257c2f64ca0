"""The command line.

Only click is imported here: `fad --help` does not wait for a compiler. Each command imports what
it needs when it runs.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from fad.base.version import __version__
from fad.cli.estimate import estimate
from fad.cli.options import (
    BAD_INPUT,
    TRUST,
    Settings,
    colours,
    program_of,
    program_options,
    search_options,
    settings_option,
    show,
    tell,
    values_option,
    variable_options,
    warn,
    write_program,
    wrote,
)
from fad.cli.run import run

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.pipeline.program import Program

#: Set to 1, this environment variable shows where in fad an internal error comes from.
_TRACEBACK_VARIABLE = "FAD_TRACEBACK"

#: The exit code when there was nothing to test.
_UNTESTED = 3
# Exit codes: that of a wrong command line is click's; those of an interrupted program and of a bug
# follow the shells and sysexits.h.
_USAGE = 2
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

    if direction and (options["wrt"] or order == 2 or only == "primal"):
        raise click.UsageError(
            "`--direction` names the variables and asks for one derivative: leave `--wrt`, "
            "`--order` and `--only primal` out"
        )
    if explain and (direction or order == 2):
        raise click.UsageError("`--explain` is about first derivatives by each variable")
    if explain and check is not None:
        raise click.UsageError("`--explain` and `--check` both write to the standard output")
    if options["rules"] is not None:
        options["rules"] = program_of(options["rules"])
    compute: Callable[[Path | Source], Program] = partial(
        fad.transform,
        only=only or "all",
        order=order,
        direction=direction,
        precision=precision,
        **options,
    )
    if not explain:
        write_program(compute, file, output, manifest, check)
        return
    program = program_of(file)
    text = fad.explain(program, **options)
    if output != "-" or manifest is not None:
        write_program(lambda _: compute(program), file, None if output == "-" else output, manifest)
    show(text)


@cli.command(short_help="List what a program can be differentiated by.")
@click.argument("file")
@search_options
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def params(file: str, as_json: bool, **options: Any) -> None:
    """List the widgets of a program: path, kind, range, and whether each is a variable by default.

    FILE is a Faust program; `-` reads the standard input.

    \b
    Example:
      fad params synth.dsp
    """
    import fad
    from fad.cli import reports

    program = fad.expand(program_of(file), **options)
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
@search_options
@variable_options
def diagram(file: str, output: str, dual: bool, **options: Any) -> None:
    """Write a folder with the block diagrams of a program, and a page that shows them.

    FILE is a Faust program; `-` reads the standard input. The page is `index.html`; with `--dual`
    it has the program and its derivative side by side.

    \b
    Example:
      fad diagram synth.dsp --dual -o synth-diagrams
    """
    import fad

    if not dual and any(options[name] for name in ("wrt", "surrogate", "rules")):
        raise click.UsageError("`--wrt`, `--surrogate` and `--rules` say what is in a `--dual`")
    program = fad.write_diagrams(program_of(file), output, dual=dual, **options)
    warn(program.warnings)
    wrote(os.path.join(output, "index.html"))


@cli.command(short_help="Prove the derivatives of a program against the standard compiler.")
@click.argument("file")
@search_options
@variable_options
@click.option(
    "--input", "input_file", metavar="FILE.wav", help="Audio to run on; noise by default."
)
@click.option(
    "--seconds",
    type=float,
    help="How much to run; by default until the longest delays are over, from 0.05 s to 2 s.",
)
@click.option("--rate", type=int, help="Sample rate in Hz; that of the input file, or 44100.")
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
def check(
    file: str,
    input_file: str | None,
    rate: int | None,
    at: Settings,
    allow_silent: bool,
    verbose: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare each derivative with difference quotients that the standard compiler computes.

    FILE is a Faust program; `-` reads the standard input. Each output and parameter gets a
    verdict, the worst over some points: `agrees`, `zero` (no effect), `kink` (other slopes on
    the two sides of the value), `jump` (not smooth at some samples), `quantised` (a jump or a
    slope that fad knows of), `stopped` (by the program itself), `undefined` (the output is not
    finite), `mismatch`. The exit code is 1 on a mismatch, and when the outputs are not repeated; 3
    when an output is silent or no derivative is other than zero, because then nothing was tested.

    \b
    Examples:
      fad check synth.dsp
      fad check synth.dsp --at "gain=0.3,fc=800" --at "0.01:gate=1" --points 1
    """
    import fad
    from fad.cli import reports
    from fad.runtime.wav import read_wav

    inputs = None
    if input_file is not None:
        inputs, file_rate = read_wav(input_file)
        rate = file_rate if rate is None else rate
    report = fad.check(
        program_of(file),
        inputs=inputs,
        rate=44100 if rate is None else rate,
        at=at.start,
        changes=at.changes,
        **options,
    )
    warn(report.warnings)
    show(reports.check_json(report) if as_json else reports.check_table(report, verbose, colours()))
    code = 0 if report.passed else BAD_INPUT
    if report.passed and not report.tested and not allow_silent:
        code = _UNTESTED
    click.get_current_context().exit(code)


@cli.command(short_help="Tell which compilers, libraries and packages fad works with.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def doctor(as_json: bool) -> None:
    """Tell which compilers, libraries, packages and folders fad works with, and what is missing.

    The exit code is 1 when something is missing that fad cannot do without.

    \b
    Example:
      fad doctor
    """
    from fad.cli import reports
    from fad.runtime.installation import inspect

    found = inspect()
    show(reports.installation_json(found) if as_json else reports.installation_table(found))
    click.get_current_context().exit(0 if found.works else BAD_INPUT)


cli.add_command(estimate)
cli.add_command(run)


def main() -> NoReturn:
    """Runs the command line and ends the process."""
    warnings.showwarning = _show_warning
    _end_cleanly()
    try:
        code = cli.main(prog_name="fad", standalone_mode=False) or 0
    except click.ClickException as error:
        words = io.StringIO()
        error.show(words)
        tell(words.getvalue().rstrip("\n"))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except Exception as error:
        code = _report(error)
    sys.exit(_flushed(code))


def _flushed(code: int) -> int:
    """The exit code, after what is left in the standard streams was written or can go nowhere."""
    from fad.base.output_file import discard

    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # it was closed before Python began
            continue
        try:
            stream.flush()
        except OSError:
            discard(stream)
            code = code or BAD_INPUT
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Shows what Python would tell with a line of fad's code, which no user wants to see."""
    warn([str(message)])


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
    from fad.base.output_paths import SameOutput

    if isinstance(error, FadError):
        tell(error.render())
        return _USAGE if isinstance(error, SameOutput) else BAD_INPUT
    if isinstance(error, OSError) and error.filename is None:
        # Only what click writes itself, such as a help text, is written without care.
        tell(f"error: cannot write to the standard output: {error.strerror or error}")
        return BAD_INPUT
    if isinstance(error, MemoryError):
        tell("error: the program needs more memory than there is")
        return BAD_INPUT
    if isinstance(error, RecursionError):
        tell("error: the program is nested too deeply")
        return BAD_INPUT
    if os.environ.get(_TRACEBACK_VARIABLE):
        traceback.print_exception(error)
        return _BUG
    place = traceback.extract_tb(error.__traceback__)[-1]
    tell(
        f"internal error: {type(error).__name__}: {error} "
        f"({os.path.basename(place.filename)}:{place.lineno})\n"
        f"hint: this is a bug in fad {__version__}: please report it with the program; "
        f"{_TRACEBACK_VARIABLE}=1 shows more to report"
    )
    return _BUG
