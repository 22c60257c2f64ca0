"""What the commands of the command line share: how they read programs and write results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import click

from fad.base.settings import settings, values
from fad.cli.project import project_options

if TYPE_CHECKING:
    from fad.base.source import Source

#: The colours of terminals, in the words of rich.
Colours = Literal["standard"]
#: A function that becomes a command.
Command = Callable[..., None]

STANDARD_INPUT = "-"
#: The exit code when the user's input is at fault.
BAD_INPUT = 1
#: Where a context keeps the programs that were read.
_PROGRAMS = f"{__name__}.programs"


def search_options(command: Command) -> Command:
    """What says where imported files are."""
    decorators = (
        click.option(
            "-I",
            "--include",
            metavar="DIR",
            multiple=True,
            help="Folder to search for imported files, before the standard libraries; repeatable.",
        ),
        click.option(
            "--libraries",
            metavar="DIR",
            help="Folder of libraries to use instead of the standard ones that come with fad.",
        ),
        project_options,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


RULES = click.option(
    "--rules",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Faust file with the derivatives of foreign functions: `d_foo(x) = ...;`.",
)
TRUST = click.option(
    "--trust",
    is_flag=True,
    help="Let the program run foreign code: functions and values of C++ that are not standard.",
)
RATE = click.option("--rate", type=int, help="Sample rate in Hz; that of the input file, or 44100.")
RUN_PRECISION = click.option(
    "--precision",
    type=click.Choice(["single", "double"]),
    default="double",
    show_default=True,
    help="How the program computes.",
)
NATIVE = click.option(
    "--native/--interpreter",
    default=None,
    help="How to run the program; natively where there is a C++ compiler.",
)
#: How these are called in `fad.load` and `fad.fit`.
BACKENDS: Mapping[bool | None, Literal["auto", "native", "interpreter"]] = MappingProxyType(
    {None: "auto", True: "native", False: "interpreter"}
)
SEED = click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the noise."
)


ORDER_BY = click.option(
    "--order-by",
    type=click.Choice(["text", "ui"]),
    default="text",
    show_default=True,
    help="The order of the variables: that of the program's text, or of its user interface.",
)
LINES = click.option(
    "--lines", is_flag=True, help="Tell above each definition which file and line it is from."
)


def comments_option(default: bool) -> Callable[[Command], Command]:
    """Whether comments come along."""
    return click.option(
        "--comments/--no-comments",
        default=default,
        show_default=True,
        help="Take along the comments directly above definitions, but not those of libraries.",
    )


FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True)
WATCH = click.option(
    "--watch",
    is_flag=True,
    help="Do it again whenever a program, or a file that it imports, changes, until Ctrl-C.",
)


def values_option(name: str, *names: str, help: str) -> Callable[[Command], Command]:
    """An option for values of widgets, as in "gain=0.3,fc=800", which may be repeated."""
    return click.option(
        name,
        *names,
        metavar="VALUES",
        multiple=True,
        callback=lambda context, option, texts: values(texts),
        help=help,
    )


def settings_option(help: str) -> Callable[[Command], Command]:
    """The option for values of widgets that may move over time, as in "2.0:gain=0.8"."""
    return click.option(
        "--at",
        metavar="[SECONDS:]VALUES",
        multiple=True,
        callback=lambda context, option, texts: settings(texts),
        help=help,
    )


def variable_options(command: Command) -> Command:
    """What says which derivatives are meant."""
    decorators = (
        click.option(
            "--wrt",
            metavar="PATTERN",
            multiple=True,
            help="Variable, by label or path, with the wildcards of the shell, or `input:0` for an "
            "audio input; several with commas; repeatable.",
        ),
        click.option(
            "--surrogate",
            metavar="KINDS",
            default="",
            callback=_kinds,
            help="Reads at whole positions that get a slope everywhere: `tables`, `delays` or both "
            "with a comma.",
        ),
        RULES,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def program_options(command: Command) -> Command:
    """What all commands that read programs and write others take."""
    decorators = (
        click.option(
            "-o",
            "--output",
            metavar="OUT",
            default="-",
            help="File to write, or folder to put it in; the standard output by default.",
        ),
        click.option(
            "--check",
            metavar="EXPECTED.dsp",
            help="Write nothing, and compare with this file: exit code 1 and a diff if it differs.",
        ),
        search_options,
        click.option(
            "--precision",
            type=click.Choice(["single", "double", "quad"]),
            default="double",
            show_default=True,
            help="Which of the definitions marked singleprecision, doubleprecision and "
            "quadprecision count.",
        ),
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def _kinds(context: click.Context, option: click.Parameter, text: str) -> Any:
    """The kinds of reads that get a slope."""
    from fad.base.errors import FadError
    from fad.base.prose import either
    from fad.differentiation.surrogates import KINDS

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in KINDS:
            raise FadError(f"there is no slope for `{name}`", hint=f"there is {either(KINDS)}")
    return names


def program_of(file: str | Path) -> Source:
    """The program that a FILE argument means; `-` is the standard input.

    A command reads each file once, however often it asks for it: what comes from a pipe is gone
    after that.
    """
    from fad.syntax.libraries import read_source

    known: dict[str, Source] = click.get_current_context().meta.setdefault(_PROGRAMS, {})
    name = str(file)
    if name not in known:
        known[name] = _standard_input() if name == STANDARD_INPUT else read_source(Path(name))
    return known[name]


def forget_programs() -> None:
    """Lets `program_of` read files again, which may have changed."""
    click.get_current_context().meta.pop(_PROGRAMS, None)


def warn(warnings: Sequence[str], file: str | None = None) -> None:
    """Shows warnings, on the standard error.

    Args:
        warnings: a sentence each.
        file: the program that they are about, where that is not plain.
    """
    from fad.base.prose import visible

    for warning in warnings:
        tell(("" if file is None else f"{file}: ") + f"warning: {visible(warning)}")


def tell(text: str) -> None:
    """Writes lines for the user to the standard error, if anything can be written there."""
    from fad.base.prose import visible_lines

    with suppress(OSError):
        click.echo(visible_lines(text), err=True)


def wrote(*paths: str | None) -> None:
    """Says which files were written, on the standard error; the standard output is none."""
    from fad.base import output_file as out

    for path in paths:
        if path is not None and path not in out.STANDARD_OUTPUT:
            click.echo(f"wrote {path}", err=True)


def show(text: str) -> None:
    """Writes a text for people, or JSON, to the standard output."""
    from fad.base import output_file as out
    from fad.base.prose import visible_lines

    out.write(visible_lines(text), "-")


def colours() -> Colours | None:
    """The colours that the standard output shows: none but on a terminal, nor with `NO_COLOR`."""
    from rich.console import Console

    console = Console()
    return None if console.no_color or not console.is_terminal else "standard"


def given(file: str) -> str:
    """The path of what a FILE argument means."""
    return "/dev/stdin" if file == STANDARD_INPUT else file


def _standard_input() -> Source:
    from fad.base.errors import SourceError
    from fad.syntax.libraries import decode

    if sys.stdin is None:
        raise SourceError("cannot read the standard input: it is closed")
    return decode(sys.stdin.buffer.read(), "<stdin>")
