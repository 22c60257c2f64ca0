"""What commands compute about programs: written, compared or shown, for one program or several.

An error in one program does not stop the others. Files are written when all is computed, after one
look at everything that is read and written: no result replaces what another one is made from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

import click

from fad.cli.failures import report, worst
from fad.cli.options import (
    BAD_INPUT,
    STANDARD_INPUT,
    given,
    program_of,
    show,
    tell,
    warn,
    wrote,
)

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.pipeline.program import Program

Result = TypeVar("Result")


class Outcome(NamedTuple):
    """How it went with one program.

    Attributes:
        code: the exit code.
        files: the files that it depends on, as far as they are known.
        failed: whether that is not all of them.
    """

    code: int
    files: tuple[Path, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class Goal:
    """Where the results about a program go; `None` for those that are not asked for.

    Attributes:
        output: the other program.
        manifest: the meaning of its channels.
        expected: the file that the other program is compared with, and not written.
    """

    output: str | None = None
    manifest: str | None = None
    expected: str | None = None


def goals(files: Sequence[str], goal: Goal, ending: str = "") -> dict[str, Goal]:
    """Where the results about each program go.

    Args:
        files: the FILE arguments.
        goal: what the options say. Folders stand for files in them.
        ending: of the names of the other programs in a folder.

    Raises:
        UsageError: the results of several programs would go to one place.
        OutputError: for several programs, something that is not a folder is named.
    """
    from fad.base.errors import OutputError
    from fad.base.output_file import STANDARD_OUTPUT
    from fad.base.output_paths import SameOutput

    if goal.expected is not None and (goal.output, goal.manifest) != ("-", None):
        raise click.UsageError("`--check` writes nothing: leave `-o` and `--manifest` out")
    if goal.expected is not None:
        goal = Goal(expected=goal.expected)
    paths = [path for path in (goal.output, goal.manifest, goal.expected) if path is not None]
    if len(files) > 1:
        refuse_standard_input(files)
        if any(path in STANDARD_OUTPUT for path in paths):
            raise click.UsageError("what comes of several programs needs a folder: `-o DIR`")
        for path in paths:
            if not os.path.isdir(path):
                raise OutputError(
                    f"`{path}` is no folder, for what comes of several programs",
                    hint=None if os.path.exists(path) else f"make it first: `mkdir {path}`",
                )

    def place(path: str | None, file: str, ending: str) -> str | None:
        if not ending or path is None or not (os.path.isdir(path) or path.endswith(("/", os.sep))):
            return path
        stem = "stdin" if file == STANDARD_INPUT else Path(file).stem
        return os.path.join(path, stem + ending)

    placed = {
        file: Goal(
            place(goal.output, file, ending),
            place(goal.manifest, file, ".json"),
            place(goal.expected, file, ending),
        )
        for file in files
    }
    known: dict[str, str] = {}
    for file, each in placed.items():
        made = each.output or each.manifest or each.expected
        if made is not None and (other := known.setdefault(made, file)) != file:
            raise SameOutput(
                f"`{other}` and `{file}` would both go to `{made}`", None, "name two folders"
            )
    return placed


def refuse_standard_input(files: Sequence[str]) -> None:
    """Makes sure that the standard input is not one of several programs."""
    if len(files) > 1 and STANDARD_INPUT in files:
        raise click.UsageError("`-`, the standard input, cannot be one of several programs")


def attempt(work: Callable[[], Result], file: str | None) -> Result | Outcome:
    """Does something about a program; an error is shown.

    Args:
        work: what to do.
        file: the program, if there are several.
    """
    try:
        return work()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        return Outcome(report(error, file), _places(error), failed=True)


def exit_code(work: Callable[[], object], file: str | None) -> int:
    """Does something, and gives the exit code for it; see `attempt`."""
    done = attempt(work, file)
    return done.code if isinstance(done, Outcome) else 0


def _places(error: Exception) -> tuple[Path, ...]:
    """The files that an error is about."""
    from fad.base.errors import FadError

    if not isinstance(error, FadError):
        return ()
    spans = [error.span, *(call.span for call in error.calls)]
    return tuple(span.source.path for span in spans if span and span.source.path)


def write_programs(
    compute: Callable[[Source], Program],
    goals: Mapping[str, Goal],
    tell_of: Callable[[Source], str] | None = None,
) -> dict[str, Outcome]:
    """Reads programs, computes others, and writes or compares those, with their warnings.

    Args:
        compute: from a program to the other one.
        goals: FILE argument -> where its results go.
        tell_of: from a program to a text about it, for the standard output.

    Returns:
        FILE argument -> how it went.

    Raises:
        FadError: a result cannot be written, or would replace something that is read.
    """
    from fad.base.output_paths import refuse_conflicts

    outputs = _outputs(goals)
    files = [given(file) for file in goals]
    refuse_conflicts(outputs, files[0], files[1:])

    def computed(file: str) -> tuple[Program, str]:
        source = program_of(file)
        told = "" if tell_of is None else tell_of(source)
        return compute(source), told

    several = len(goals) > 1
    found = {file: attempt(partial(computed, file), file if several else None) for file in goals}
    programs = [each[0] for each in found.values() if not isinstance(each, Outcome)]
    imports = [path for program in programs for path in program.files]
    refuse_conflicts(outputs, files[0], (*files[1:], *imports))
    outcomes = {}
    for file, each in found.items():
        if isinstance(each, Outcome):
            outcomes[file] = each
            continue
        program, told = each
        name = file if several else None
        outcome = attempt(partial(_finish, file, program, goals[file], name), name)
        if tell_of is not None:
            show(told)
        outcomes[file] = outcome._replace(files=program.files)
    return outcomes


def finish(outcomes: Mapping[str, Outcome]) -> NoReturn:
    """Ends the running command, with the worst exit code."""
    click.get_current_context().exit(worst(outcome.code for outcome in outcomes.values()))


def _outputs(goals: Mapping[str, Goal]) -> dict[str, str | None]:
    """What names each result -> its path."""
    outputs: dict[str, str | None] = {}
    for file, goal in goals.items():
        of = f" of {file}" if len(goals) > 1 else ""
        outputs |= {f"-o{of}": goal.output, f"--manifest{of}": goal.manifest}
    return outputs


def _finish(file: str, program: Program, goal: Goal, name: str | None) -> Outcome:
    """Writes or compares a program.

    Args:
        file: the FILE argument that it was made from.
        program: the other program.
        goal: where it goes.
        name: the FILE argument, if there are several.
    """
    from fad.base import output_file as out

    if goal == Goal():
        return Outcome(0)
    warn(program.warnings, name)
    if goal.expected is not None:
        changes = out.difference(program.source, goal.expected)
        if changes:
            show(changes)
            tell(f"error: `{goal.expected}` is not what fad writes for `{file}` now")
        return Outcome(BAD_INPUT if changes else 0)
    texts = []
    if goal.output is not None:
        texts.append((goal.output, program.source))
    if goal.manifest is not None:
        told = json.dumps(program.manifest(), indent=2, ensure_ascii=False) + "\n"
        texts.append((goal.manifest, told))
    # Files first: where one cannot be written, nothing has been printed.
    for path, text in sorted(texts, key=lambda each: each[0] in out.STANDARD_OUTPUT):
        out.write(text, path)
    wrote(goal.output, goal.manifest)
    return Outcome(0)
