"""`fad transform --mode reverse` and `--mode auto`: several files for each program, in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fad.cli.options import STANDARD_INPUT, given, program_of, tell, warn, wrote
from fad.cli.project import without_project
from fad.cli.results import Outcome, attempt, finish, refuse_standard_input
from fad.cli.watch import watch

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.pipeline.program import Program
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


def into_folder(files: Sequence[str], given: Mapping[str, Any]) -> NoReturn:
    """Transforms programs in reverse mode, or the cheaper one, and ends the running command.

    Args:
        files: the FILE arguments.
        given: the parameters of the command: name -> value.
    """
    import fad

    options = without_project(given, "only", "order", "lines")
    mode = options["mode"]
    _refuse_forward_options(options)
    # Either mode has some that the other one does not.
    own = "direction" if mode == "reverse" else "comments"
    asked = ("include", "libraries", "precision", "wrt", "surrogate", "order_by", own)
    rules = options["rules"]

    def compute(source: Source) -> Program | ReverseProgram:
        result: Program | ReverseProgram = fad.transform(
            source,
            mode=mode,
            rules=None if rules is None else program_of(rules),
            **{name: options[name] for name in asked},
        )
        return result

    ending = ".forward.dsp" if mode == "reverse" else ".json"

    def work(files: Sequence[str]) -> dict[str, Outcome]:
        return _write(compute, files, options["output"], ending)

    if options["watch"]:
        watch(work, files)
    finish(work(files))


def _refuse_forward_options(options: Mapping[str, Any]) -> None:
    """Makes sure that nothing is asked for that these modes do not write.

    Raises:
        UsageError: something is, or there is no folder.
    """
    for option, (name, default) in _FORWARD_ONLY.items():
        if options.get(name, default) != default:
            raise click.UsageError(f"`{option}` is about forward mode: leave it out")
    if options["mode"] == "auto" and options["direction"]:
        raise click.UsageError(
            "`--direction` asks for other things in either mode: leave it out, or name the mode"
        )
    if options["output"] == "-":
        raise click.UsageError(
            f"`--mode {options['mode']}` writes several files: name a folder, `-o DIR`"
        )


def _write(
    compute: Callable[[Source], Program | ReverseProgram],
    files: Sequence[str],
    folder: str,
    ending: str,
) -> dict[str, Outcome]:
    """Writes the files of a mode for some programs; those of each are written together.

    Args:
        compute: from a program to the others.
        files: the FILE arguments.
        folder: where all goes.
        ending: of the name of a file that is always written.

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
                raise click.UsageError(f"`{other}` and `{file}` would both go to `{stem}{ending}`")

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
        if program.costs is not None:
            tell(("" if name is None else f"{name}: ") + program.costs.reason)
        return Outcome(0, program.files)

    several = len(files) > 1
    return {
        file: attempt(partial(work, file, file if several else None), file if several else None)
        for file in files
    }
