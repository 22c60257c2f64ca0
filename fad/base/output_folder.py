"""Results that belong together on their way out: all of them are written, or none."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fad.base.errors import OutputError


def refuse_foreign(folder: str | Path, is_own: Callable[[Path], bool]) -> None:
    """Makes sure that a folder of results replaces nothing of the user's.

    Args:
        folder: where the results go.
        is_own: whether a folder that has something in it holds earlier results only.

    Raises:
        OutputError: there is something else.
    """
    path = _resolved(folder)
    try:
        if not os.path.lexists(path):
            if not path.parent.is_dir():
                raise OutputError(
                    f"cannot write `{folder}`: the folder it is in does not exist",
                    None,
                    f"make it first: `mkdir -p {Path(folder).parent}`",
                )
        elif not path.is_dir():
            raise OutputError(
                f"cannot write `{folder}`: it is a file", None, "name a folder that can be made"
            )
        elif any(path.iterdir()) and not is_own(path):
            raise OutputError(
                f"`{folder}` has files in it that fad has not written",
                None,
                "name a folder that does not exist yet; fad replaces its own only",
            )
    except OSError as error:
        raise _failure(folder, error) from None


def write_folder(folder: str | Path, files: Mapping[str, str]) -> None:
    """Writes a folder, in place of the one that is there.

    It appears under its name when all of it is on disk; on an error, the old one is as it was.

    Args:
        folder: where it goes; what is there is removed, see `refuse_foreign`.
        files: the texts of its files, by their paths in it, with `/`.

    Raises:
        OutputError: it cannot be written.
    """
    path = _resolved(folder)
    new, old = (path.with_name(f".fad-{secrets.token_hex(8)}") for _ in range(2))
    try:
        new.mkdir()
        for name, text in files.items():
            file = new / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8"))
        _replace(path, new, old)
    except OSError as error:
        raise _failure(folder, error) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def write_together(folder: str | Path, files: Mapping[str, str]) -> None:
    """Writes some files into a folder, which is made if it is not there.

    They appear under their names when all of them are on disk; on an error, all is as it was.

    Args:
        folder: where they go; what else is in it stays.
        files: their texts, by their names.

    Raises:
        OutputError: they cannot be written.
    """
    path = _resolved(folder)
    is_new = not os.path.lexists(path)
    refuse_foreign(folder, lambda folder: True)
    new = {name: path / f".fad-{secrets.token_hex(8)}" for name in files}
    try:
        path.mkdir(exist_ok=True)
        for name, text in files.items():
            new[name].write_bytes(text.encode("utf-8", "backslashreplace"))
        _replace_together(path, new)
    except OSError as error:
        for file in new.values():
            with suppress(OSError):
                file.unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):
                path.rmdir()
        raise _failure(folder, error) from None


def _replace_together(folder: Path, new: Mapping[str, Path]) -> None:
    """Gives files their names; those that have had the names are gone after that."""
    old: dict[str, Path] = {}
    done: list[str] = []
    try:
        for name, file in new.items():
            if os.path.isdir(folder / name):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if os.path.lexists(folder / name):
                aside = folder / f".fad-{secrets.token_hex(8)}"
                (folder / name).rename(aside)
                old[name] = aside
            file.rename(folder / name)
            done.append(name)
    except BaseException:
        for name in done:
            (folder / name).unlink(missing_ok=True)
        for name, aside in old.items():
            aside.rename(folder / name)
        raise
    for aside in old.values():
        aside.unlink(missing_ok=True)


def _replace(path: Path, new: Path, old: Path) -> None:
    # Systems replace a folder only by an empty one's name: the old one steps aside.
    if path.exists():
        path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        if old.exists():
            old.rename(path)
        raise


def _resolved(folder: str | Path) -> Path:
    """The folder itself, where its path is a link to it."""
    try:
        return Path(os.path.realpath(folder))
    except (OSError, ValueError) as error:  # a path that no system takes, such as one with a NUL
        raise OutputError(f"cannot write to this path: {error}") from None


def _failure(folder: str | Path, error: OSError) -> OutputError:
    reason = (error.strerror or str(error)).lower()
    hint = None
    if isinstance(error, PermissionError):
        hint = "the folder is made beside the old one first: the folder around it must be writable"
    return OutputError(f"cannot write `{folder}`: {reason}", None, hint)
