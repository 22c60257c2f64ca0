"""Results of many fits in one file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest

from fad.base.errors import OutputError
from fad.batches.store import Failed, Found, Row, key_of, open_store
from tests.support.places import ROOT

FOUND = Found('{"loss": 0.5}', "process = 1;\n", '{"parameters": []}\n', "<!doctype html>")
DONE = Row("1", "kick", FOUND)
FAILED = Row("2", "snäre", Failed("it is silent\nhint: play it"))


def opened(path: Path) -> str:
    """What is said of a file that cannot be opened."""
    with pytest.raises(OutputError) as caught, open_store(path):
        pass
    return caught.value.render()


def test_what_is_put_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with open_store(path) as store:
        store.put([DONE, FAILED])
    with open_store(path) as store:
        assert store.states() == {("1", "kick"): "done", ("2", "snäre"): "failed"}
        assert [store.rows(key) for key in "123"] == [[DONE], [FAILED], []]


def test_a_result_replaces_a_failure_and_nothing_a_result(tmp_path: Path) -> None:
    with open_store(tmp_path / "results.sqlite") as store:
        store.put([FAILED])
        store.put([Row(FAILED.key, FAILED.name, Failed("for another reason"))])
        assert store.rows("2")[0].outcome == Failed("for another reason")
        store.put([Row(FAILED.key, FAILED.name, FOUND)])
        store.put([FAILED, DONE])
        store.put([Row(DONE.key, DONE.name, Failed("later"))])
        assert store.rows("2")[0].outcome == store.rows("1")[0].outcome == FOUND


def test_recordings_that_are_alike_have_rows_of_their_own(tmp_path: Path) -> None:
    with open_store(tmp_path / "results.sqlite") as store:
        store.put([Row("1", name, FOUND) for name in ("tom", "kick")])
        assert [row.name for row in store.rows("1")] == ["kick", "tom"]


def test_rows_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with open_store(path) as store:
        broken = Row("3", None, FOUND)  # type: ignore[arg-type]
        with pytest.raises(OutputError, match="NOT NULL"):
            store.put([DONE, broken])
        assert store.states() == {}
        store.put([DONE])
        assert store.states() == {("1", "kick"): "done"}


WRITER = """
import sys
from fad.batches.store import Failed, Row, open_store
path, name = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
with open_store(path) as store:
    for number in range(8):
        store.put([Row(str(number), name, Failed("x"))])
"""


def test_several_processes_write_to_one_file(tmp_path: Path) -> None:
    """They begin together, and the file is not there yet."""
    path = tmp_path / "results.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in "abc"
    ]
    for each in writers:
        assert each.stdout is not None and each.stdout.readline() == b"ready\n"
    for each in writers:
        each.communicate(b"\n")
    assert [each.returncode for each in writers] == [0, 0, 0]
    with open_store(path) as store:
        assert len(store.states()) == 24


KILLED = """
import os, signal, sys
from fad.batches.store import Failed, Row, open_store
with open_store(sys.argv[1]) as store:
    store.put([Row("1", "whole", Failed("x"))])
    store._connection.execute("PRAGMA cache_size = 1")
    store._connection.execute("BEGIN IMMEDIATE")
    for number in range(100):
        store._connection.execute(
            "INSERT INTO results VALUES (?, 'half', 'failed', ?, '', '', '', '')",
            (str(number), "x" * 10000),
        )
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with signals")
def test_a_process_that_is_killed_leaves_whole_results(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT)
    assert done.returncode == -9
    assert path.with_name(f"{path.name}-journal").exists()  # it was in the middle
    with open_store(path) as store:
        assert store.states() == {("1", "whole"): "failed"}


def test_nothing_but_one_file_is_left(tmp_path: Path) -> None:
    with open_store(tmp_path / "results.sqlite") as store:
        store.put([DONE])
    assert [each.name for each in tmp_path.iterdir()] == ["results.sqlite"]


# -- Files that cannot be used -------------------------------------------------------------------


def test_a_text_is_no_file_of_results_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("do not forget\n" * 100)
    told = opened(path)
    assert told == (
        f"error: `{path}` is no file of results, but something else\nhint: name another file"
    )
    assert path.read_text() == "do not forget\n" * 100


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "songs.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE results (title TEXT)")
    before = path.read_bytes()
    assert f"`{path}` is no file of results, but a database of another program" in opened(path)
    assert path.read_bytes() == before


def test_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with open_store(path):
        pass
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    told = opened(path)
    assert "another version of fad" in told and "99" in told and "name another file" in told


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    told = opened(tmp_path / "none" / "results.sqlite")
    assert "cannot keep results in" in told
    assert f"the folder `{tmp_path / 'none'}` does not exist" in told


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    assert "cannot keep results in" in opened(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_protected_file_is_told_before_anything_is_fitted(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with open_store(path):
        pass
    path.chmod(0o400)
    assert "readonly" in opened(path)


def test_a_full_disk_is_told_and_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with open_store(path) as store:
        store.put([DONE])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OutputError, match="full"):
            store.put([Row("3", "long", Failed("x" * 100_000))])
        assert store.states() == {("1", "kick"): "done"}


# -- Keys ------------------------------------------------------------------------------------------


def test_other_parts_have_another_key() -> None:
    keys = [
        key_of(*parts)
        for parts in (
            [],
            [""],
            [b""],
            ["a"],
            [b"a"],
            ["a", "bc"],
            ["ab", "c"],
            ["abc"],
            ["bc", "a"],
        )
    ]
    assert all(one != other for one, other in combinations(keys, 2))
    assert key_of("ä", b"\0") == key_of("ä", b"\0")
