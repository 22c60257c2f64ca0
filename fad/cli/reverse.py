"""`fad transform --mode reverse`: three programs and what their channels are, in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fad.cli.options import STANDARD_INPUT, given, program_of, warn, wrote
from fad.cli.project import without_project
from fad.cli.results import Outcome, attempt, finish, refuse_standard_input
from fad.cli.watch import watch

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.pipeline.reverse import ReverseProgram

#: Options that say what forward mode writes -> their parameters, and what these are by default.
_FORWARD_ONLY: Mapping[str, tuple[str, object]] = {
    "--only": ("only", None),
    "--order": ("order", 1),
    "--explain": ("explain", False),
    "--manifest": ("manifest", None),
    "--check": ("check", None),
    "--lines": ("lines", False),
}


def reverse(files: Sequence[str], given: Mapping[str, Any]) -> NoReturn:
    """Transforms programs in reverse mode, and ends the running command.

    Args:
        files: the FILE arguments.
        given: the parameters of the command: name -> value.
    """
    import fad

    options = without_project(given, "only", "order", "lines")
    _refuse_forward_options(options)
    asked = ("include", "libraries", "precision", "wrt", "surrogate", "direction", "order_by")
    rules = options["rules"]

    def compute(source: Source) -> ReverseProgram:
        return fad.transform(
            source,
            mode="reverse",
            rules=None if rules is None else program_of(rules),
            **{name: options[name] for name in asked},
        )

    def work(files: Sequence[str]) -> dict[str, Outcome]:
        return _write(compute, files, options["output"])

    if options["watch"]:
        watch(work, files)
    finish(work(files))


def _refuse_forward_options(options: Mapping[str, Any]) -> None:
    """Makes sure that nothing is asked for that reverse mode does not write.

    Raises:
        UsageError: something is, or there is no folder.
    """
    for option, (name, default) in _FORWARD_ONLY.items():
        if options.get(name, default) != default:
            raise click.UsageError(f"`{option}` is about forward mode: leave it out")
    if options["output"] == "-":
        raise click.UsageError("`--mode reverse` writes several files: name a folder, `-o DIR`")


def _write(
    compute: Callable[[Source], ReverseProgram], files: Sequence[str], folder: str
) -> dict[str, Outcome]:
    """Writes the programs of reverse mode for some programs; those of each are written together.

    Args:
        compute: from a program to the others.
        files: the FILE arguments.
        folder: where all goes.

    Returns:
        FILE argument -> how it went.

    Raises:
        UsageError: two programs have one name.
    """
    refuse_standard_input(files)
    stems = {file: "stdin" if file == STANDARD_INPUT else Path(file).stem for file in files}
    for file, stem in stems.items():
        for other in files[: files.index(file)]:
            if stems[other] == stem:
                raise click.UsageError(
                    f"`{other}` and `{file}` would both go to `{stem}.forward.dsp`"
                )

    def work(file: str, name: str | None) -> Outcome:
        from fad.base.output_folder import write_together
        from fad.base.output_paths import refuse_conflicts

        program = compute(program_of(file))
        texts = program.texts(stems[file])
        paths = [os.path.join(folder, name) for name in texts]
        if os.path.isdir(folder):
            refuse_conflicts(dict(zip(paths, paths, strict=True)), given(file), program.files)
        warn(program.warnings, name)
        write_together(folder, texts)
        wrote(*paths)
        return Outcome(0, program.files)

    several = len(files) > 1
    return {
        file: attempt(partial(work, file, file if several else None), file if several else None)
        for file in files
    }
