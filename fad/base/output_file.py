"""Results on their way out: a file is written whole or not at all."""

from __future__ import annotations

import difflib
import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from fad.base.errors import OutputError
from fad.base.prose import visible_lines

#: The paths that stand for the standard output.
STANDARD_OUTPUT = ("-", "/dev/stdout")


def write(text: str, path: str) -> None:
    """Writes a text to a file or, for `-`, to the standard output; see `write_bytes`."""
    # What is no character, as in names of files that are not UTF-8, is written as JSON does.
    write_bytes(text.encode("utf-8", "backslashreplace"), path)


def write_bytes(data: bytes, path: str) -> None:
    """Writes a result to a file or, for `-`, to the standard output.

    A file appears under its name when all of it is on disk, with the permissions of the file it
    replaces; on an error, the old one is as it was. Pipes and devices are written to directly.

    Raises:
        OutputError: the path cannot be written.
    """
    if path in STANDARD_OUTPUT:
        _print(data)
        return
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError(
                f"cannot write `{path}`: it is a folder", None, "name a file, such as `-o out.dsp`"
            )
        if mode is None or stat.S_ISREG(mode):
            _replace(Path(os.path.realpath(path)), data, mode)
        else:
            _write_directly(path, data)
    except OSError as error:
        raise failure(path, error) from None
    except ValueError as error:  # a path that no system takes, such as one with a NUL
        raise OutputError(f"cannot write to this path: {error}") from None


def difference(text: str, path: str) -> str:
    """What has changed between a file and a result, as a unified diff; empty if nothing has.

    How lines end does not count.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        expected = Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"cannot read `{path}`: {reason.lower()}",
            None,
            f"write it once with `-o {path}`, and look at it",
        ) from None
    lines = difflib.unified_diff(
        expected.splitlines(), text.splitlines(), path, "what fad writes now", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _mode(path: str) -> int | None:
    """What kind of file a path leads to, with its permissions; `None` when there is none."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    # Replacing a file needs no right to write it, but the user who took that right away meant it.
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(None, "the file is write-protected")
    temporary = path.with_name(f".fad-{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_directly(path: str, data: bytes) -> None:
    with suppress(BrokenPipeError), open(path, "wb", buffering=0) as file:
        while data:
            data = data[file.write(data) :]


def _print(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("cannot write to the standard output: it is closed")
    stream = sys.stdout.buffer
    try:
        if sys.stdout.isatty():
            data = visible_lines(data.decode("utf-8", "replace")).encode("utf-8")
        stream.write(data)
        stream.flush()
    except OSError as error:
        discard(stream)
        # A reader that has seen enough, such as `head`, is no error.
        if not isinstance(error, BrokenPipeError):
            reason = error.strerror or str(error)
            raise OutputError(f"cannot write to the standard output: {reason}") from None


def discard(stream: IO[Any]) -> None:
    """Lets what is left in the buffer of a stream go nowhere: Python writes it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def failure(path: str, error: OSError) -> OutputError:
    """The error that says why a path cannot be written."""
    folder = os.path.dirname(os.path.realpath(path))
    hint = None
    if not os.path.isdir(folder):
        hint = f"the folder `{os.path.dirname(path)}` does not exist"
    elif isinstance(error, PermissionError) and error.errno is not None:
        hint = "a new file is written beside the old one first: the folder must be writable"
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"cannot write `{path}`: {reason}", None, hint)
