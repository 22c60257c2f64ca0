"""Where results may go: a command checks all its outputs before it writes or prints anything.

A result never replaces a file that it was made from, and two results never go to one file. Files
are told apart by what they are, not by how their paths are spelled.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from fad.base.errors import OutputError
from fad.base.output_file import STANDARD_OUTPUT, failure


class SameOutput(OutputError):
    """Two results would go to one file."""


def refuse_conflicts(
    outputs: Mapping[str, str | None], program: str, more: Iterable[str | Path] = ()
) -> None:
    """Makes sure that results can be written, and replace nothing that they are made from.

    Args:
        outputs: what names an output on the command line -> its path, `-` for the standard
            output; `None` for one that is not asked for.
        program: the file that the command is about.
        more: all others that are read; those that do not exist do not count.

    Raises:
        SameOutput: two outputs are the same file.
        OutputError: an output is a folder, or in one that does not exist, or protected; or it is
            an input.
    """
    paths = {option: path for option, path in outputs.items() if path is not None}
    for path in paths.values():
        _refuse_impossible(path)
    known: dict[Hashable, str] = {}
    for option, path in paths.items():
        if (identity := _identity(path)) is not None:
            other = known.setdefault(identity, option)
            if other != option:
                raise SameOutput(f"`{other}` and `{option}` cannot go to the same file")
    for source in (program, *more):
        option = known.get(_file_identity(source) or "", "")
        if option:
            what = "the input file" if source == program else f"`{source}`, which is read"
            raise OutputError(
                f"`{option} {paths[option]}` is {what}: it would overwrite the source",
                None,
                "name another file, or leave `-o` out to write to the standard output"
                if option == "-o"
                else "name another file",
            )


def _identity(path: str) -> Hashable | None:
    """What two outputs have in common that must not: a file, even one that is not there yet, or
    the standard output. Devices and pipes take what they are given."""
    if path in STANDARD_OUTPUT:
        return _identity_of_stream() or "the standard output"
    if os.path.exists(path):
        return _file_identity(path)
    return os.path.normcase(os.path.realpath(path))


def _identity_of_stream() -> Hashable | None:
    with suppress(OSError, ValueError, AttributeError):  # closed, or nothing of the system's
        return _regular(os.fstat(sys.stdout.fileno()))
    return None


def _file_identity(path: str | Path) -> Hashable | None:
    with suppress(OSError, ValueError):
        return _regular(os.stat(path))
    return None


def _regular(status: os.stat_result) -> Hashable | None:
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _refuse_impossible(path: str) -> None:
    if path in STANDARD_OUTPUT:
        return
    try:
        if os.path.isdir(path):
            raise OutputError(
                f"cannot write `{path}`: it is a folder", None, "name a file, such as `-o out.dsp`"
            )
        folder = os.path.dirname(os.path.realpath(path))
    except ValueError as error:  # a path that no system takes, such as one with a NUL
        raise OutputError(f"cannot write to this path: {error}") from None
    if not os.path.isdir(folder):
        raise failure(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    if os.path.exists(path):
        if not os.access(path, os.W_OK):
            raise failure(path, PermissionError(None, "the file is write-protected"))
        if not os.path.isfile(path):
            return  # a device is written to directly
    if not os.access(folder, os.W_OK):
        raise failure(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
