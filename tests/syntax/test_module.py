"""Modules: what is kept of parsed files on disk."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import module as modules
from fad.syntax import parser
from fad.syntax.module import Module
from tests.support.commands import ENVIRONMENT

PROGRAM = Source("p.dsp", 'import("x.lib"); declare a "b"; f(0) = 1; g = 2; f(n) = g; g = 3;')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own for the cache, as the user's would be."""
    return tmp_path / "cache"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def contents(module: Module) -> tuple[object, ...]:
    definitions = {name: module.definitions(name) for name in module.names}
    return module.imports, module.declares, definitions


def test_a_module_is_the_same_from_text_and_from_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = modules.load(PROGRAM, Cache(folder))
    assert parsed.names == ("f", "g")
    starts = [PROGRAM.text.index("g = 2"), PROGRAM.text.index("g = 3")]
    assert [definition.start for definition in parsed.definitions("g")] == starts
    assert parsed.definitions("nothing") == ()
    monkeypatch.setattr(parser, "parse", None)
    stored = modules.load(PROGRAM, Cache(folder))
    assert contents(stored) == contents(parsed)
    assert [definition.start for definition in stored.definitions("g")] == starts


@pytest.mark.parametrize(
    "damage",
    [lambda d: d[:-1], lambda d: d[:-1] + bytes([d[-1] ^ 1]), lambda d: b"", lambda d: d * 2],
)
def test_damaged_entries_are_replaced(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    expected = contents(modules.load(PROGRAM, Cache(folder)))
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 2  # the module, and the parser's tables
    for name in names:
        (folder / name).write_bytes(damage((folder / name).read_bytes()))
        assert Cache(folder).get(name) is None
    parser._grammar.cache_clear()
    assert contents(modules.load(PROGRAM, Cache(folder))) == expected
    assert all(Cache(folder).get(name) for name in names)


class Evil:
    """What pickle would restore by running a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_nothing_that_was_planted_runs(folder: Path, tmp_path: Path) -> None:
    """Anybody can compute the checksum of an entry."""
    expected = contents(modules.load(PROGRAM, Cache(folder)))
    evil = pickle.dumps({"data": Evil(f"echo > {tmp_path / 'ran'}"), "memo": {}})
    framed = len(evil).to_bytes(8, "big") + evil
    for planted in (evil, framed):
        for path in folder.iterdir():
            Cache(folder).put(path.name, planted)
        parser._grammar.cache_clear()
        assert contents(modules.load(PROGRAM, Cache(folder))) == expected
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.replace(b'"Definition"', b'"Declaration"'),
        lambda d: d.replace(b'"Definition"', b'"Import"'),
        lambda d: d.replace(b'"Import"', b'"Float"'),
        lambda d: d.replace(b'"g"', b"null"),
        lambda d: d[:-3],
        lambda d: d[:40],
        lambda d: b"",
    ],
)
def test_an_entry_of_another_shape_is_as_good_as_absent(
    folder: Path, change: Callable[[bytes], bytes]
) -> None:
    expected = contents(modules.load(PROGRAM, Cache(folder)))
    (name,) = (path.name for path in folder.iterdir() if path.name.startswith("syntax-"))
    data = Cache(folder).get(name)
    assert data is not None and change(data) != data
    Cache(folder).put(name, change(data))
    module = modules.load(PROGRAM, Cache(folder))
    definitions = {found: module.definitions(found) for found in ("f", "g")}
    assert (module.imports, module.declares, definitions) == expected


def test_definitions_are_decoded_when_they_are_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = modules.load(PROGRAM, Cache(folder)).definitions("g")
    (name,) = (path.name for path in folder.iterdir() if path.name.startswith("syntax-"))
    data = Cache(folder).get(name)
    assert data is not None and b'"f",[' in data
    Cache(folder).put(name, data.replace(b'"f",[', b'"f",?'))  # no JSON any more
    monkeypatch.setattr(parser, "parse", None)
    assert modules.load(PROGRAM, Cache(folder)).definitions("g") == expected


@pytest.mark.parametrize("tables", [b"{}", b"[]", b"{", b'{"data": {"options": {}}, "memo": {}}'])
def test_tables_of_another_shape_are_made_anew(folder: Path, tables: bytes) -> None:
    expected = contents(modules.load(PROGRAM, Cache(folder)))
    (name,) = (path.name for path in folder.iterdir() if path.name.startswith("tables-"))
    Cache(folder).put(name, tables)
    parser._grammar.cache_clear()
    assert parser.parse(PROGRAM, Cache(folder))[1:]
    assert Cache(folder).get(name) != tables
    parser._grammar.cache_clear()
    for path in folder.glob("syntax-*"):
        path.unlink()
    assert contents(modules.load(PROGRAM, Cache(folder))) == expected


def test_a_changed_grammar_makes_new_entries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules.load(PROGRAM, Cache(folder))
    before = set(folder.iterdir())
    monkeypatch.setattr(parser, "fingerprint", lambda: "0" * 64)
    parser._grammar.cache_clear()
    modules.load(PROGRAM, Cache(folder))
    assert len(set(folder.iterdir()) - before) == 2


def test_a_folder_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    blocked = write(tmp_path / "file", "") / "cache"
    assert modules.load(PROGRAM, Cache(blocked)).names == ("f", "g")


def test_what_is_too_deep_to_store_is_parsed_anew(folder: Path) -> None:
    deep = Source("deep.dsp", f"f = {' : '.join(['_'] * 10_000)};")
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(2000)
    try:
        for _ in range(2):
            assert modules.load(deep, Cache(folder)).names == ("f",)
    finally:
        sys.setrecursionlimit(usual)
    assert len(list(folder.iterdir())) == 1  # the parser's tables


def test_eight_processes_share_a_folder(folder: Path) -> None:
    code = (
        "from fad.syntax.libraries import Libraries\n"
        "print(len(Libraries().load('basics.lib').names))"
    )
    environment = {**ENVIRONMENT, "FAD_CACHE_DIR": str(folder)}

    def run(_: int) -> str:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    with ThreadPoolExecutor(8) as pool:
        outputs = set(pool.map(run, range(8)))
    assert len(outputs) == 1
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
