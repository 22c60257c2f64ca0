"""`fad fit --each`: a fit of its own for each of many recordings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fad.cli.failures import worst
from fad.cli.options import BAD_INPUT, Command, show, tell, warn, wrote
from fad.cli.results import exit_code

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.batches.many import Progress, Tally
    from fad.batches.store import Found, Row, Store
    from fad.batches.workers import Job
    from fad.fitting.assembly import Instrument
    from fad.fitting.settings import Setting

#: Option -> how the files are called that it is about: they go into folders.
_ENDINGS = {"-o": ".dsp", "--preset": ".json", "--report": ".html"}


class Many(NamedTuple):
    """How many fits are done.

    Attributes:
        results: the file where results are kept.
        jobs: how many are done at once.
        backend: where.
        scheduler: the address of a cluster.
    """

    results: str
    jobs: int | None
    backend: str
    scheduler: str | None


def many_options(command: Command) -> Command:
    """What says that each recording has a fit of its own, and who does them."""
    decorators = (
        click.option(
            "--each",
            is_flag=True,
            help="Fit each recording alone: `-o`, `--preset` and `--report` name folders then.",
        ),
        click.option(
            "--results",
            metavar="FILE.sqlite",
            help="Where results are kept as they come: a second run does the rest. For `--each`.",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1),
            help="How many fits of `--each` are done at once; one for each processor.",
        ),
        click.option(
            "--backend",
            type=click.Choice(["loky", "threading", "dask", "ray"]),
            help="Who does them: processes (`loky`, the default), threads, or a cluster.",
        ),
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="The cluster, as in `tcp://192.168.1.2:8786`; by default, one on this machine.",
        ),
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def many_of(options: dict[str, Any], results: Mapping[str, str | None]) -> Many | None:
    """How many fits are done, if each recording has one.

    Args:
        options: those of the command; what is read here is taken away.
        results: option -> path.

    Raises:
        UsageError: options do not go together.
    """
    from fad.base.output_file import STANDARD_OUTPUT

    each = options.pop("each")
    given = {name: options.pop(name) for name in ("results", "jobs", "backend", "scheduler")}
    if not each:
        for name, value in given.items():
            if value is not None:
                raise click.UsageError(f"`--{name}` is for many fits: say `--each`")
        return None
    if options["separate"]:
        raise click.UsageError("with `--each`, all parameters are separate: leave `--separate` out")
    if given["results"] is None:
        raise click.UsageError(
            "name the file where results are kept, for a second run: `--results fits.sqlite`"
        )
    if any(path in STANDARD_OUTPUT for path in (*results.values(), given["results"]) if path):
        raise click.UsageError("what comes of many fits needs files and folders, such as `-o DIR`")
    backend = given["backend"] or ("loky" if given["scheduler"] is None else "dask")
    return Many(given["results"], given["jobs"], backend, given["scheduler"])


def places(
    many: Many, folders: Mapping[str, str | None], settings: Sequence[Setting]
) -> dict[str, str]:
    """What names each result -> its path.

    Args:
        many: how the fits are done.
        folders: option -> the folder that it names.
        settings: the recordings.

    Raises:
        OutputError: no folder is there, or two results would be one file.
    """
    from fad.base.errors import OutputError
    from fad.base.output_paths import SameOutput

    found = {"--results": many.results}
    known: dict[str, str] = {}
    for option, folder in folders.items():
        if folder is None:
            continue
        if not os.path.isdir(folder):
            raise OutputError(
                f"`{folder}` is no folder, for what comes of many fits",
                hint=None if os.path.exists(folder) else f"make it first: `mkdir {folder}`",
            )
        for each in settings:
            path = place(option, folder, each)
            if (other := known.setdefault(path, each.target)) != each.target:
                raise SameOutput(
                    f"`{other}` and `{each.target}` would both go to `{path}`",
                    hint="give them names in a file: `--targets`",
                )
            found[f"{option} of {each.target}"] = path
    return found


def place(option: str, folder: str, setting: Setting) -> str:
    """The path of a result about a recording."""
    stem = setting.name or Path(setting.target).stem
    return os.path.join(folder, stem + _ENDINGS[option])


def fit_each(
    many: Many,
    source: Source,
    settings: Sequence[Setting],
    reading: tuple[Instrument, int | None, float | None, bool],
    asked: Mapping[str, Any],
    folders: Mapping[str, str | None],
    command: str,
) -> int:
    """Fits a program to each of some recordings.

    Args:
        many: how the fits are done.
        source: the program.
        settings: the recordings.
        reading: how recordings are read: the other arguments of `read_targets`.
        asked: the options of `fad.fit`.
        folders: option -> the folder for its files.
        command: the command line, for reports.

    Returns:
        The exit code.
    """
    from fad.batches.many import fit_many
    from fad.batches.parcels import fit_parcel, job_of, packed
    from fad.batches.store import Found, open_store
    from fad.cli import reports
    from fad.fitting.assembly import read_targets
    from fad.pipeline.front import Request

    searched = ("include", "precision", "rules", "libraries")
    program = packed(Request(source, *(asked[name] for name in searched)))
    options = {name: value for name, value in asked.items() if name != "include"}
    reported = command if folders["--report"] else None

    def job(setting: Setting) -> Job:
        name, content = setting.name or setting.target, _content(setting, repr(reading[1:]))
        read = partial(read_targets, [setting], *reading)
        return job_of(program, name, content, read, options, reported)

    jobs = [job(setting) for setting in settings]
    with open_store(many.results) as store:
        with _shown(many.results) as progress:
            tally = fit_many(
                jobs,
                fit_parcel,
                store,
                jobs_at_once=many.jobs,
                backend=many.backend,  # type: ignore[arg-type]
                scheduler=many.scheduler,
                progress=progress,
            )
        rows = [_row(store, each) for each in jobs]
    done = [
        (setting, row.outcome)
        for setting, row in zip(settings, rows, strict=True)
        if isinstance(row.outcome, Found)
    ]
    named = {option: folder for option, folder in folders.items() if folder}
    codes = [_write(option, folder, done) for option, folder in named.items()]
    if done:
        wrote(*dict.fromkeys(named.values()))
    show(reports.fits_table(rows))
    tell(_told(tally, many.results))
    return worst([*codes, BAD_INPUT if tally.failed else 0])


def _content(setting: Setting, how: str) -> bytes:
    """All that a recording, and how it is played, is read from."""
    from fad.batches.store import key_of

    parts: list[str | bytes] = [how, repr(setting.played)]
    for path in (setting.target, setting.input, setting.midi):
        try:
            parts.append(b"" if path is None else Path(path).read_bytes())
        except OSError:  # it is told when the recording's turn has come
            parts.append(f"no file {path}")
    return key_of(*parts).encode()


def _row(store: Store, job: Job) -> Row:
    return next(row for row in store.rows(job.key) if row.name == job.name)


def _write(option: str, folder: str, done: Sequence[tuple[Setting, Found]]) -> int:
    """Writes the files of one option into a folder, and gives the exit code."""
    from fad.base import output_file as out

    def write(setting: Setting, found: Found) -> None:
        texts = {"-o": found.source, "--preset": found.preset, "--report": found.report or ""}
        out.write(texts[option], place(option, folder, setting))

    return worst(
        exit_code(partial(write, setting, found), setting.target) for setting, found in done
    )


def _told(tally: Tally, results: str) -> str:
    """How it has ended, in a sentence."""
    done = tally.kept + tally.done
    told = f"{done} of {tally.total} recordings are fitted"
    if tally.kept:
        told += f", {tally.kept} of them before"
    if tally.left:
        return f"{told}, and kept in `{results}`: the same command does the rest"
    if tally.failed:
        told += f"; {tally.failed} failed, which the same command tries again"
    return told


@contextmanager
def _shown(results: str) -> Iterator[Progress]:
    """Shows how far it has come, and what fails; and how to go on, if it is stopped."""
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TimeRemainingColumn(compact=True),
    )
    last: Tally | None = None
    with progress.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as display:
        task = display.add_task("starting", total=None)

        def told(now: Tally) -> None:
            nonlocal last
            if last is None and now.retried:
                tell(f"{now.retried} that failed before are tried again")
            last = now
            over = now.total - now.left
            words = f"{over} of {now.total} recordings"
            words += f", {now.failed} failed" if now.failed else ""
            display.update(task, description=words, completed=over, total=now.total)
            if now.last is not None:
                _tell_of(now.last)

        try:
            yield told
        except KeyboardInterrupt:
            if last is not None:
                display.stop()
                tell(f"stopped: {_told(last, results)}")
            raise


def _tell_of(row: Row) -> None:
    """Tells why a fit has failed, or what the user should know of it."""
    from fad.batches.store import Failed

    if isinstance(row.outcome, Failed):
        tell(f"{row.name}: {row.outcome.error}")
    else:
        warn(json.loads(row.outcome.result)["warnings"], row.name)
