"""Bytes kept on disk between runs, so that nothing has to be parsed twice.

An entry is a file of its own, named by its key, behind a checksum of key and bytes: what is
damaged, cut short or written for another key is as good as absent. Entries appear atomically, so
any number of processes may share the folder. A folder that cannot be used is no error: the cache
then keeps nothing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_ENVIRONMENT_VARIABLE = "FAD_CACHE_DIR"
_DIGEST_SIZE = 32


@dataclass(frozen=True)
class Cache:
    """A folder of entries.

    Args:
        folder: where the entries are; made when needed. `None` stands for the folder named by the
            environment variable `FAD_CACHE_DIR`, or the user's own cache folder.
    """

    folder: Path | None = None

    @cached_property
    def _folder(self) -> Path:
        if self.folder is not None:
            return self.folder
        if chosen := os.environ.get(_ENVIRONMENT_VARIABLE):
            return Path(chosen)
        import platformdirs

        return Path(platformdirs.user_cache_dir("fad"))

    def get(self, key: str) -> bytes | None:
        """The bytes stored under a key, or `None` when there are none that can be trusted."""
        try:
            entry = (self._folder / key).read_bytes()
        except OSError:
            return None
        digest, data = entry[:_DIGEST_SIZE], entry[_DIGEST_SIZE:]
        return data if digest == _digest(key, data) else None

    def put(self, key: str, data: bytes) -> None:
        """Stores bytes under a key (a file name), or does nothing when the folder is unusable."""
        import tempfile  # Costs more than reading an entry, and most runs only read.

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".", dir=self._folder)
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, data))
                file.write(data)
            os.replace(temporary, self._folder / key)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


def _digest(key: str, data: bytes) -> bytes:
    # The key takes part, so that an entry copied to another name is not believed.
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE, key=_short(key)).digest()


def _short(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
