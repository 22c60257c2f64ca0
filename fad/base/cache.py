"""Bytes kept on disk between runs, so that nothing has to be parsed or compiled twice.

An entry is a file of its own, named by its key, behind a checksum of key and bytes: what is
damaged, cut short or written for another key is as good as absent. The checksum is no secret: it
finds accidents, not attacks. So entries are only believed in a folder that nobody but the user can
write; and programs, which will run, in one of their own that nobody but the user can enter.

Entries appear atomically, so any number of processes may share the folder. A folder that cannot be
used is no error: the cache then keeps nothing. What was not used for longest goes before the folder
grows beyond its size.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER_VARIABLE = "FAD_CACHE_DIR"
SIZE_VARIABLE = "FAD_CACHE_SIZE"

#: How much is kept, in megabytes.
_USUAL_SIZE = 256
_MEGABYTE = 1 << 20
_DIGEST_SIZE = 32
#: The folder of the programs.
_PROGRAMS = "native"
#: What is pruned: nothing else in the folder is touched, which may have been there before.
_ENTRY = re.compile(r"[a-z][\w.-]*-[0-9a-f]{64}")
_TEMPORARY = ".fad-"
#: Seconds after which a use is written down again, and after which a file that nobody finished to
#: write is taken for abandoned.
_RECENT = 86400.0
#: After so large a share of the size has been stored, on average, the folder is pruned. Which entry
#: has that done depends on its key and on how large it is, so that no process has to count.
_PRUNE_SHARE = 1 / 64
#: That much of the size is left free then, for what is stored until the next time.
_FREE_SHARE = 1 / 8


class CacheWarning(UserWarning):
    """The cache cannot be trusted, and keeps nothing."""


@dataclass(frozen=True)
class Cache:
    """A folder of entries, which is off, with a warning, where others could plant some.

    Args:
        folder: where the entries are; made when needed. `None` stands for the folder named by the
            environment variable `FAD_CACHE_DIR`, or the user's own cache folder.
        programs: whether the entries will run.
    """

    folder: Path | None = None
    programs: bool = False

    @cached_property
    def root(self) -> Path:
        """The folder of all entries, which need not exist."""
        if self.folder is not None:
            return self.folder
        if chosen := os.environ.get(FOLDER_VARIABLE):
            return Path(chosen)
        import platformdirs

        return Path(platformdirs.user_cache_dir("fad"))

    @property
    def distrust(self) -> str | None:
        """Why the folder is not used, in a sentence; `None` if it is, or does not exist yet."""
        reasons = map(_distrust, self._folders, (False, True))
        return next(filter(None, reasons), None)

    @property
    def size(self) -> int:
        """How many bytes are kept at most, programs included."""
        with suppress(ValueError):
            return max(0, int(os.environ.get(SIZE_VARIABLE, ""))) * _MEGABYTE
        return _USUAL_SIZE * _MEGABYTE

    def entries(self) -> tuple[int, int]:
        """The number of entries, programs included, and how many bytes they take."""
        sizes = [size for _, size, _ in _entries(self.root)]
        return len(sizes), sum(sizes)

    def get(self, key: str) -> bytes | None:
        """The bytes stored under a key, or `None` when there are none that can be trusted."""
        if not self._is_trusted:
            return None
        path = self._folders[-1] / key
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        with suppress(OSError):  # a folder that can only be read
            if time.time() - path.stat().st_mtime > _RECENT:
                os.utime(path)
        digest, data = entry[:_DIGEST_SIZE], entry[_DIGEST_SIZE:]
        return data if digest == _digest(key, data) else None

    def subfolder(self, name: str) -> Path | None:
        """A folder in it for a program that keeps files of its own; made when needed.

        What is in it does not count as entries, and nothing is removed from it. Nobody but the user
        can enter it. `None` where the folder of the cache cannot be used.
        """
        folders = (self.root, self.root / name)
        try:
            for folder in folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return None
        trusted = self._is_trusted and _distrust(folders[-1], True) is None
        return folders[-1] if trusted and os.access(folders[-1], os.W_OK) else None

    def put(self, key: str, data: bytes) -> None:
        """Stores bytes under a key (a file name), or does nothing when the folder is unusable."""
        import tempfile  # Costs more than reading an entry, and most runs only read.

        try:
            for folder in self._folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not self._is_trusted:
                    return
            handle, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=self._folders[-1])
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, data))
                file.write(data)
            os.replace(temporary, self._folders[-1] / key)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
        if _draw(key) * self.size * _PRUNE_SHARE <= len(data):
            prune(self.root, round(self.size * (1 - _FREE_SHARE)))

    @property
    def _folders(self) -> tuple[Path, ...]:
        """The folder of the entries, and those of the cache that it is in."""
        return (self.root, self.root / _PROGRAMS) if self.programs else (self.root,)

    @property
    def _is_trusted(self) -> bool:
        reason = self.distrust
        if reason is not None:
            # Python shows equal warnings from one line once.
            warnings.warn(f"nothing is kept between runs: {reason}", CacheWarning, stacklevel=1)
        return reason is None


def prune(folder: Path, size: int) -> None:
    """Removes the entries that were not used for longest.

    Several processes may do this at once, while others read and write. What cannot be removed
    stays.

    Args:
        folder: the cache's.
        size: how many bytes may stay.
    """
    with suppress(OSError):
        for file in (*folder.glob(f"{_TEMPORARY}*"), *folder.glob(f"{_PROGRAMS}/{_TEMPORARY}*")):
            if time.time() - file.stat().st_mtime > _RECENT:
                file.unlink(missing_ok=True)
    for _, count, path in sorted(_entries(folder), reverse=True):
        size -= count
        if size < 0:
            with suppress(OSError):
                os.unlink(path)


def _entries(folder: Path) -> Iterator[tuple[float, int, str]]:
    """For each entry: when it was used, its size, and its path."""
    for place in (folder, folder / _PROGRAMS):
        with suppress(OSError), os.scandir(place) as files:
            for file in files:
                with suppress(OSError):  # another process may remove it
                    if _ENTRY.fullmatch(file.name) and file.is_file(follow_symlinks=False):
                        status = file.stat(follow_symlinks=False)
                        yield status.st_mtime, status.st_size, file.path


def _distrust(folder: Path, private: bool) -> str | None:
    """Why a folder cannot be trusted, if it is there; only known where files have owners.

    Args:
        folder: the folder.
        private: whether others may not even enter it.
    """
    if not hasattr(os, "getuid") or sys.platform == "emscripten":  # nobody else is in a browser
        return None
    try:
        status = folder.stat()
    except OSError:
        return None
    if status.st_uid != os.getuid():
        return f"the folder `{folder}` belongs to somebody else"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write the folder `{folder}` (`chmod 700 {folder}` ends that)"
    if private and stat.S_IMODE(status.st_mode) != 0o700:
        return f"others can enter the folder `{folder}` (`chmod 700 {folder}` ends that)"
    return None


def _digest(key: str, data: bytes) -> bytes:
    # The key takes part, so that an entry copied to another name is not believed.
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE, key=_short(key)).digest()


def _draw(key: str) -> float:
    """A number from 0 to 1 that looks random, but is always the same for a key."""
    return int.from_bytes(_short(key)[:8], "big") / 2**64


def _short(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
