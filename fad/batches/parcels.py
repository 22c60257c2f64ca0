"""Fits that are done elsewhere: programs travel as their files, recordings as arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from fad.base.deep_stack import recursive
from fad.base.errors import FadError
from fad.base.source import Source
from fad.base.version import __version__
from fad.batches.store import Found, key_of
from fad.batches.workers import Job
from fad.fitting.assembly import Targets
from fad.fitting.fit import fit
from fad.fitting.result import FitResult
from fad.model.travel import write_files
from fad.pipeline.front import Request, read
from fad.reporting.preset import json_number, preset
from fad.reporting.report import report


@dataclass(frozen=True)
class Packed:
    """A program with its files.

    Attributes:
        name: of its own file, for people.
        text: the program.
        files: path -> content, of each file that it imports or plays, and that does not come with
            Faust. Paths are relative to the folder of the program.
    """

    name: str
    text: str
    files: Mapping[str, bytes]

    def unpacked(self, folder: Path) -> Source:
        """Writes the files into a folder, and gives the program as if it were there."""
        write_files(folder, self.files)
        return Source(self.name, self.text, folder / "program.dsp", is_given=True)


@dataclass(frozen=True, eq=False)
class Parcel:
    """A fit to be done elsewhere.

    Attributes:
        program: the program.
        targets: the recording, and how the program is played for it.
        options: what else `fad.fit` is told.
        command: the command line, for a report; no report is made without one.
    """

    program: Packed
    targets: Targets
    options: Mapping[str, Any]
    command: str | None = None


@recursive
def packed(request: Request) -> Packed:
    """A program with its files.

    Raises:
        FadError: the program is malformed; a file that it plays is not below its folder.
    """
    front = read(request)
    process = front.evaluated().process
    folders = [front.folder, *map(Path, request.include)]
    imported = {*front.libraries.files}
    files: dict[str, bytes] = {}
    for file in front.files(process):
        if file == front.source.path or not file.is_file():
            continue
        name = next(filter(None, (_below(file, folder) for folder in folders)), None)
        if name is not None:
            files.setdefault(name, file.read_bytes())
        elif file not in imported:
            raise FadError(
                f"the program plays `{file}`, which is not below its folder: it cannot be sent "
                "to workers",
                hint="move the file there",
            )
    return Packed(front.source.name, front.source.text, files)


def _below(file: Path, folder: Path) -> str | None:
    """The path of a file in a folder, if it is there."""
    try:
        path = PurePath(file.resolve().relative_to(folder.resolve()))
    except ValueError:
        return None
    return path.as_posix()


def job_of(
    program: Packed,
    name: str,
    content: bytes,
    targets: Callable[[], Targets],
    options: Mapping[str, Any],
    command: str | None = None,
) -> Job:
    """The job to fit a recording.

    Args:
        program: the program.
        name: what the recording is called.
        content: what the targets are read from, for the key: that of other bytes is another fit.
        targets: reads the recording, when the fit is about to be done.
        options: what else `fad.fit` is told.
        command: see `Parcel`.
    """

    def parcel() -> Parcel:
        return Parcel(program, targets(), options, command)

    told = json.dumps(options, sort_keys=True, default=_plain)
    files = [part for path, content in sorted(program.files.items()) for part in (path, content)]
    parts = (program.text, content, told, str(command is not None), *files)
    return Job(key_of(*parts), name, parcel)


def _plain(value: Any) -> Any:
    """What JSON has no word for, as it says what it is."""
    return value.text if isinstance(value, Source) else repr(value)


def fit_parcel(parcel: Parcel) -> Found:
    """Does a fit, by one thread: others do others.

    Raises:
        FadError: see `fad.fit`.
        KeyboardInterrupt: it was stopped before its end.
    """
    with TemporaryDirectory(prefix="fad-") as folder:
        source = parcel.program.unpacked(Path(folder))
        targets, rate, warnings = parcel.targets
        result = fit(source, targets, rate=rate, threads=1, **parcel.options)
    if result.ending == "stopped":  # the best so far is no result that a second run should keep
        raise KeyboardInterrupt
    return Found(
        _summary(result, warnings),
        result.source,
        preset(result),
        None if parcel.command is None else report(result, parcel.command),
    )


def _summary(result: FitResult, warnings: tuple[str, ...]) -> str:
    """What a fit has found, as JSON."""
    return json.dumps(
        {
            "parameters": {path: float(value) for path, value in result.parameters.items()},
            "loss": json_number(result.loss),
            "start_loss": json_number(result.start_loss),
            "loss_name": result.loss_name,
            "success": result.success,
            "message": result.message,
            "evaluations": result.evaluations,
            "seconds": result.seconds,
            "seed": result.seed,
            "warnings": [*warnings, *result.warnings],
            "version": __version__,
        },
        ensure_ascii=False,
    )
