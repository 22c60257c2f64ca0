"""Results of many fits in one file, written as they come, so that a second run does the rest."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fad.base.errors import OutputError

#: What tells our files from others of SQLite: "fad" and a zero, as SQLite keeps a number for it.
_KIND = int.from_bytes(b"fad\0", "big")
#: Changes with the table.
_VERSION = 1
#: How long one who writes waits for another one, in seconds.
_PATIENCE = 30.0
_TABLE = """
CREATE TABLE results (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
    error TEXT,
    result TEXT,
    source TEXT,
    preset TEXT,
    report TEXT,
    PRIMARY KEY (key, name)
)
"""
_COLUMNS = "key, name, state, error, result, source, preset, report"
# What is done stays: another process may have failed at the same later.
_WRITE = f"""
INSERT INTO results ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, name) DO UPDATE SET
    state = excluded.state, error = excluded.error, result = excluded.result,
    source = excluded.source, preset = excluded.preset, report = excluded.report
WHERE state != 'done'
"""

State = Literal["done", "failed"]


@dataclass(frozen=True)
class Found:
    """What a fit has found, as texts.

    Attributes:
        result: a JSON object: parameters, loss, and what else there is to know.
        source: the program with new inits.
        preset: see `fad.reporting.preset`.
        report: a page for people, if it was asked for.
    """

    result: str
    source: str
    preset: str
    report: str | None = None


@dataclass(frozen=True)
class Failed:
    """Why a fit has failed.

    Attributes:
        error: the message.
    """

    error: str


@dataclass(frozen=True)
class Row:
    """What has become of one recording.

    Attributes:
        key: what all that the result depends on is known by; see `key_of`.
        name: what the recording is called.
        outcome: what was found, or why there is nothing.
    """

    key: str
    name: str
    outcome: Found | Failed

    @property
    def state(self) -> State:
        """What has become of it, in a word."""
        return "done" if isinstance(self.outcome, Found) else "failed"


class Store:
    """An open file of results. Several processes may write to one file.

    Args:
        path: where it is, for messages.
        connection: to it.
    """

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def put(self, rows: Iterable[Row]) -> None:
        """Writes rows, all of them or none. Those that are done already stay as they are.

        Raises:
            OutputError: they cannot be written.
        """
        values = [_values(row) for row in rows]
        with _in_words(self.path), _transaction(self._connection):
            self._connection.executemany(_WRITE, values)

    def states(self) -> dict[tuple[str, str], State]:
        """(key, name) -> what has become of it, of all rows.

        Raises:
            OutputError: they cannot be read.
        """
        with _in_words(self.path):
            found = self._connection.execute("SELECT key, name, state FROM results")
            return {(key, name): state for key, name, state in found}

    def rows(self, key: str) -> list[Row]:
        """The rows with a key, by name.

        Raises:
            OutputError: they cannot be read.
        """
        query = f"SELECT {_COLUMNS} FROM results WHERE key = ? ORDER BY name"
        with _in_words(self.path):
            return [_row(*values) for values in self._connection.execute(query, (key,))]


@contextmanager
def open_store(path: str | Path) -> Iterator[Store]:
    """Opens a file of results, and makes it where there is none.

    Raises:
        OutputError: the file cannot be opened or written, holds something else, or is of another
            version.
    """
    path = str(path)
    with _in_words(path):
        # A journal beside the file, and not the write-ahead log: that one needs memory which
        # processes share, and there is none between the machines of a network folder.
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    with closing(connection):
        with _in_words(path), _transaction(connection):
            _prepare(path, connection)
        yield Store(path, connection)


def key_of(*parts: bytes | str) -> str:
    """What some parts are known by: the same parts have the same key, others have another one.

    Args:
        parts: all that a result depends on, as the text of a program.
    """
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        # Lengths keep parts apart: "a", "bc" is not "ab", "c".
        found.update(f"{type(part).__name__}{len(data)}:".encode())
        found.update(data)
    return found.hexdigest()


def _prepare(path: str, connection: sqlite3.Connection) -> None:
    """Makes the table in a new file, and looks whether an old one is ours."""
    kind, version, tables = (
        connection.execute(query).fetchone()[0]
        for query in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT count(*) FROM sqlite_master",
        )
    )
    if not (kind or version or tables):
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA application_id = {_KIND}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif kind != _KIND:
        raise _another(path, "a database of another program")
    elif version != _VERSION:
        raise OutputError(
            f"`{path}` is of another version of fad: its results have the format {version}, and "
            f"not {_VERSION}",
            hint="name another file: all recordings are fitted again",
        )


def _another(path: str, what: str) -> OutputError:
    return OutputError(f"`{path}` is no file of results, but {what}", hint="name another file")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything in it happens, or nothing. Others who write wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _in_words(path: str) -> Iterator[None]:
    """Makes errors of SQLite ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error):
            raise _another(path, "something else") from None
        hint = None
        if "unable to open" in str(error) and not Path(path).parent.is_dir():
            hint = f"the folder `{Path(path).parent}` does not exist"
        elif "locked" in str(error):
            hint = "another process has been writing to it for long"
        raise OutputError(f"cannot keep results in `{path}`: {error}", hint=hint) from None


def _values(row: Row) -> tuple[str | None, ...]:
    match row.outcome:
        case Failed(error):
            return (row.key, row.name, row.state, error, None, None, None, None)
        case Found(result, source, preset, report):
            return (row.key, row.name, row.state, None, result, source, preset, report)


def _row(key: str, name: str, state: State, error: str, *found: str) -> Row:
    return Row(key, name, Found(*found) if state == "done" else Failed(error))
