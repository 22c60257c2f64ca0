"""The cache: what it believes, where it is, and how large it grows."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fad.base.cache import Cache, CacheWarning, prune
from tests.support.commands import ENVIRONMENT

with_owners = pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owners here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own for the cache, as the user's would be."""
    return tmp_path / "cache"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """New files are for everybody, as far as nobody says otherwise."""
    usual = os.umask(0)
    yield
    os.umask(usual)


def key(number: int) -> str:
    return f"syntax-{number:064x}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_entry_under_a_wrong_name_is_not_believed(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("a", b"data")
    (folder / "b").write_bytes((folder / "a").read_bytes())
    assert (cache.get("a"), cache.get("b")) == (b"data", None)


def test_the_folder_comes_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAD_CACHE_DIR", str(folder))
    Cache().put("a", b"data")
    assert (folder / "a").exists()


# -- Whose folder it is -----------------------------------------------------------------------


@with_owners
def test_folders_are_made_for_the_user_alone(folder: Path, open_umask: None) -> None:
    Cache(folder, programs=True).put("a", b"data")
    assert mode(folder) == mode(folder / "native") == 0o700
    assert Cache(folder, programs=True).get("a") == b"data"
    assert Cache(folder).get("a") is None


@with_owners
@pytest.mark.parametrize("permissions", [0o770, 0o707, 0o720, 0o702, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(folder: Path, permissions: int) -> None:
    Cache(folder).put("a", b"data")
    folder.chmod(permissions)
    with pytest.warns(CacheWarning, match="others can write"):
        assert Cache(folder).get("a") is None
    with pytest.warns(CacheWarning):
        Cache(folder).put("b", b"data")
    assert [path.name for path in folder.iterdir()] == ["a"]
    folder.chmod(0o755)
    assert Cache(folder).get("a") == b"data"


@with_owners
def test_in_a_browser_nobody_else_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    assert Cache(tmp_path).distrust is not None
    monkeypatch.setattr("sys.platform", "emscripten")
    Cache(tmp_path).put("a", b"data")
    assert Cache(tmp_path).get("a") == b"data"


@with_owners
@pytest.mark.parametrize("programs", [False, True])
def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, programs: bool
) -> None:
    Cache(folder, programs).put("a", b"data")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.warns(CacheWarning, match="belongs to somebody else"):
        assert Cache(folder, programs).get("a") is None
    with pytest.warns(CacheWarning):
        Cache(folder, programs).put("b", b"data")
    assert not list(folder.rglob("b"))


@with_owners
@pytest.mark.parametrize("permissions", [0o755, 0o750, 0o701, 0o777])
def test_programs_come_from_a_private_folder_only(folder: Path, permissions: int) -> None:
    cache = Cache(folder, programs=True)
    cache.put("a", b"data")
    folder.chmod(0o755)
    assert cache.get("a") == b"data"
    (folder / "native").chmod(permissions)
    with pytest.warns(CacheWarning):
        assert cache.get("a") is None


@with_owners
def test_nothing_is_made_in_a_folder_that_is_not_used(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(CacheWarning):
        Cache(folder, programs=True).put("a", b"data")
    assert not list(folder.iterdir())


def test_what_can_only_be_read_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError

    Cache(folder).put("a", b"data")
    os.utime(folder / "a", (0, 0))
    monkeypatch.setattr(os, "utime", refuse)
    assert Cache(folder).get("a") == b"data"


@with_owners
def test_one_warning_is_enough(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for name in "abc":
            Cache(folder).put(name, b"data")
            assert Cache(folder).get(name) is None
    assert len(caught) == 1


# -- How large it grows -----------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes(folder: Path) -> None:
    cache, programs = Cache(folder), Cache(folder, programs=True)
    for number in range(6):
        (programs if number % 2 else cache).put(key(number), bytes(1000))
    now = time.time()
    entries = [*folder.glob("syntax-*"), *folder.glob("native/syntax-*")]
    for path in entries:
        age = (10 - int(path.name[-1])) * 100_000
        os.utime(path, (now - age, now - age))
    assert cache.get(key(0)) is not None  # used now
    (folder / "theirs.txt").write_bytes(bytes(10_000))
    prune(folder, 3500)
    kept = {path.name for path in folder.rglob("syntax-*")}
    assert kept == {key(0), key(4), key(5)}
    assert (folder / "theirs.txt").exists()
    assert cache.entries()[0] == 3


def test_abandoned_files_go(folder: Path) -> None:
    Cache(folder).put("a", b"data")
    for name, age in ((".fad-old", 1e6), (".fad-new", 0.0)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    prune(folder, 1000)
    assert sorted(path.name for path in folder.iterdir()) == [".fad-new", "a"]


@pytest.mark.parametrize("kilobytes", [200, 50, 10])
def test_storing_keeps_the_folder_small(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kilobytes: int
) -> None:
    """However large entries are, the folder stays within its size, and is not emptied either."""
    monkeypatch.setenv("FAD_CACHE_SIZE", "1")
    cache, sizes = Cache(folder), []
    for number in range(3000 // kilobytes):
        cache.put(key(number), bytes(1024 * kilobytes))
        sizes.append(cache.entries()[1])
    assert max(sizes) <= cache.size
    assert sizes[-1] > 0.6 * cache.size


@pytest.mark.parametrize(
    ("value", "size"), [("", 256), ("10", 10), ("0", 0), ("-3", 0), ("many", 256)]
)
def test_the_size_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, size: int
) -> None:
    monkeypatch.setenv("FAD_CACHE_SIZE", value)
    assert Cache().size == size * 2**20


def test_a_missing_folder_has_no_entries(folder: Path) -> None:
    prune(folder, 0)
    assert Cache(folder).entries() == (0, 0)


def test_processes_can_prune_what_others_write(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from fad.base.cache import Cache, prune\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for number in range(200):\n"
        "    key = f'syntax-{number % 20:064x}'\n"
        "    cache.put(key, bytes([number % 20]) * 500)\n"
        "    prune(cache.root, 2000)\n"
        "    assert cache.get(key) in (None, bytes([number % 20]) * 500)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]

    def run(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, range(4)))
    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 4
