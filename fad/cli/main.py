"""The command line.

Only click is imported here: `fad --help` does not wait for a compiler. Each command imports what
it needs when it runs.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from fad.base.version import __version__
from fad.cli.call import call
from fad.cli.check import check
from fad.cli.estimate import estimate
from fad.cli.failures import report
from fad.cli.fit import fit
from fad.cli.options import (
    BAD_INPUT,
    FILES,
    LINES,
    ORDER_BY,
    WATCH,
    comments_option,
    program_of,
    program_options,
    search_options,
    show,
    tell,
    values_option,
    variable_options,
    warn,
    wrote,
)
from fad.cli.params import params
from fad.cli.project import ProjectCommand, nearest, without_project
from fad.cli.results import (
    Goal,
    Outcome,
    finish,
    goals,
    write_programs,
)
from fad.cli.reverse import into_folder
from fad.cli.run import run
from fad.cli.watch import watch as watch_programs

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.pipeline.program import Program

# Exit codes: those of an interrupted program follow the shells.
_INTERRUPTED = 130
_KILLED = 128  # and the number of the signal

#: What ends a command from outside: the system, a terminal that is closed. Windows has one of them.
_ENDINGS = ("SIGTERM", "SIGHUP")
#: When a signal comes again whose exception was dropped, in seconds.
_AGAIN = 0.01

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


@cli.command(cls=ProjectCommand, short_help="Evaluate a program to its core diagram.")
@FILES
@program_options
@comments_option(default=False)
@LINES
def expand(files: tuple[str, ...], output: str, check: str | None, **options: Any) -> None:
    """Evaluate a program and write its diagram as Faust that needs no library.

    FILE is a Faust program; `-` reads the standard input. Of several, NAME.dsp each goes to `-o`,
    a folder.

    \b
    Example:
      fad expand synth.dsp -o flat.dsp
    """
    import fad

    places = goals(files, Goal(output, expected=check), ".dsp")
    finish(write_programs(partial(fad.expand, **options), places))


@cli.command(cls=ProjectCommand, short_help="Write the program that also computes derivatives.")
@FILES
@program_options
@variable_options
@click.option(
    "--mode",
    type=click.Choice(["forward", "reverse", "auto"]),
    default="forward",
    show_default=True,
    help="`reverse`: three programs that compute the gradient of a sum over time together, for any "
    "number of variables; `auto`: the mode that costs less at run time. `-o` is a folder for both.",
)
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
@ORDER_BY
@comments_option(default=True)
@LINES
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
@WATCH
def transform(
    files: tuple[str, ...],
    output: str,
    mode: str,
    check: str | None,
    direction: dict[str, float],
    explain: bool,
    manifest: str | None,
    watch: bool,
    precision: Any,
    rules: Path | None,
    comments: bool,
    **options: Any,
) -> None:
    """Write the program that also computes the derivatives of a program's outputs.

    FILE is a Faust program; `-` reads the standard input. Of several, NAME.dual.dsp each goes to
    `-o`, a folder. Every slider and number entry is a variable, unless `--wrt` or `[diff:on]` in a
    label says otherwise. After each output come its derivatives by each of them, in the order of
    the text; the first lines of the result list them.

    With `--mode reverse`, NAME.forward.dsp, NAME.adjoint.dsp, NAME.control.dsp and NAME.json go to
    `-o`, a folder; with `--mode auto`, these, or NAME.dual.dsp and NAME.json.

    \b
    Examples:
      fad transform synth.dsp -o gradient.dsp
      fad transform synth.dsp --wrt "freq,/synth/env/*" --manifest gradient.json
    """
    import fad

    if mode != "forward":
        into_folder(files, click.get_current_context().params)
    if direction:
        options = without_project(options, "wrt", "order", "only")
    elif explain:
        options = without_project(options, "order")
    only, order = options.pop("only"), options.pop("order")
    if direction and (options["wrt"] or order == 2 or only == "primal"):
        raise click.UsageError(
            "`--direction` names the variables and asks for one derivative: leave `--wrt`, "
            "`--order` and `--only primal` out"
        )
    if explain and (direction or order == 2):
        raise click.UsageError("`--explain` is about first derivatives by each variable")
    if explain and check is not None:
        raise click.UsageError("`--explain` and `--check` both write to the standard output")

    def read_rules() -> Source | None:
        return None if rules is None else program_of(rules)

    def compute(source: Source) -> Program:
        return fad.transform(
            source,
            only=only or "all",
            order=order,
            direction=direction,
            precision=precision,
            rules=read_rules(),
            comments=comments,
            **options,
        )

    def explained(source: Source) -> str:
        return fad.explain(source, rules=read_rules(), **options)

    goal = Goal(None if explain and output == "-" else output, manifest, check)
    places = goals(files, goal, ".dual.dsp")

    def work(files: Sequence[str]) -> dict[str, Outcome]:
        some = {file: places[file] for file in files}
        return write_programs(compute, some, explained if explain else None)

    if watch:
        watch_programs(work, files)
    finish(work(files))


@cli.command(cls=ProjectCommand, short_help="Draw a program and its derivative as block diagrams.")
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

    about_derivatives = ("wrt", "surrogate", "rules")
    if not dual:
        options = without_project(options, *about_derivatives)
    if not dual and any(options[name] for name in about_derivatives):
        raise click.UsageError("`--wrt`, `--surrogate` and `--rules` say what is in a `--dual`")
    program = fad.write_diagrams(program_of(file), output, dual=dual, **options)
    warn(program.warnings)
    wrote(os.path.join(output, "index.html"))


@cli.command(short_help="Tell which compilers, libraries and packages fad works with.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def doctor(as_json: bool) -> None:
    """Tell which compilers, libraries, packages and folders fad works with, and what is missing.

    It also tells which file has the options of the project in the current folder.
    The exit code is 1 when something is missing that fad cannot do without.

    \b
    Example:
      fad doctor
    """
    from fad.base.errors import FadError
    from fad.cli import reports
    from fad.runtime.installation import inspect

    found, project, code = inspect(), None, 0
    try:
        project = nearest(Path())
    except FadError as error:
        code = report(error)
    show(
        reports.installation_json(found, project)
        if as_json
        else reports.installation_table(found, project)
    )
    click.get_current_context().exit(code if found.works else BAD_INPUT)


for _command in (params, check, estimate, run, call, fit):
    cli.add_command(_command)


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
        code = report(error)
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


def _signal_main_thread(number: int) -> None:
    """Sends a signal to the thread that handles it, so that it does not wait on, for a file say."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _end_cleanly() -> None:
    """Lets signals that end the process raise, so that no temporary folder or process stays."""

    def end(number: int, frame: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # another one would interrupt the cleaning
        raise SystemExit(_KILLED + number)

    def swallowed(told: sys.UnraisableHookArgs) -> None:
        """Python drops what is raised while it frees something: then the signal comes again."""
        if not isinstance(told.exc_value, SystemExit):
            sys.__unraisablehook__(told)
            return
        number = int(str(told.exc_value)) - _KILLED
        signal.signal(number, end)
        threading.Timer(_AGAIN, _signal_main_thread, [number]).start()

    sys.unraisablehook = swallowed
    for number in (getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores one
            signal.signal(number, end)
