"""Files: where they are found, and how they are read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import fad
from fad.base.cache import Cache
from fad.base.errors import ParseError, SourceError
from fad.base.source import Source, Span
from fad.syntax.libraries import Libraries, Module, read_source
from fad.syntax.nodes import Integer
from tests.support.installed_faust import install_faust
from tests.support.places import LIBRARIES, RESOURCES

PROGRAM = Source("p.dsp", 'import("x.lib"); declare a "b"; f(0) = 1; g = 2; f(n) = g; g = 3;')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own for the cache, as the user's would be."""
    return tmp_path / "cache"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def value(module: Module) -> int:
    """What `x` is."""
    body = module.definitions("x")[0].body
    assert isinstance(body, Integer)
    return body.value


# -- Every text that comes with cyfaust -------------------------------------------------------


@pytest.mark.parametrize("suffix", ["lib", "dsp"])
def test_all_texts_of_cyfaust_parse(suffix: str) -> None:
    paths = sorted(RESOURCES.rglob(f"*.{suffix}"))
    libraries = Libraries()
    assert len(paths) > 50
    for path in paths:
        module = libraries.parse(read_source(path))
        assert module.names or module.imports


# -- Where files are found --------------------------------------------------------------------


def test_folders_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAUST_LIB_PATH", os.pathsep.join([str(tmp_path / "path"), ""]))
    order = ["importer", "main", "i1", "i2", "path"]
    for number, name in enumerate(order):
        write(tmp_path / name / "maths.lib", f"x = {number};")
    importer = Source("a.lib", "", tmp_path / "importer" / "a.lib")
    for number, name in enumerate(order):
        search = [tmp_path / "i1", tmp_path / "i2"]
        libraries = Libraries(search, main=tmp_path / "main", cache=Cache(tmp_path / "cache"))
        assert value(libraries.load("maths.lib", importer)) == number
        (tmp_path / name / "maths.lib").unlink()
    module = libraries.load("maths.lib", importer)
    assert "PI" in module.names
    assert module.source.name == "maths.lib"


#: As in older versions of Faust: `round` has become a keyword.
OLD_LIBRARIES = {
    "basics.lib": "round(x) = floor(x + 0.5);",
    "old.lib": "x = 6;",
    "broken.lib": "x = 1;\nround(x) = floor(x + 0.5);",
}


def test_our_libraries_come_before_those_of_an_installed_faust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    installed = install_faust(tmp_path / "usr", OLD_LIBRARIES, monkeypatch)
    libraries = Libraries(main=tmp_path, cache=Cache(folder))
    assert "db2linear" in libraries.load("basics.lib").names
    assert value(libraries.load("old.lib")) == 6
    with pytest.raises(ParseError) as caught:
        libraries.load("broken.lib")
    assert caught.value.render().startswith(f"{installed / 'broken.lib'}:2:1: error:")


def test_a_folder_of_libraries_replaces_the_standard_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    install_faust(tmp_path / "usr", OLD_LIBRARIES, monkeypatch)
    other = write(tmp_path / "other" / "maths.lib", "x = 5;").parent
    write(tmp_path / "i" / "mine.lib", "x = 7;")
    libraries = Libraries([tmp_path / "i"], tmp_path, Cache(folder), replacement=other)
    module = libraries.load("maths.lib")
    assert value(module) == 5
    assert module.source.name == str(other / "maths.lib")
    assert value(libraries.load("mine.lib")) == 7
    assert libraries.load("fad.lib").names
    for missing in ("basics.lib", "old.lib"):
        with pytest.raises(SourceError) as caught:
            libraries.load(missing, PROGRAM, Span(PROGRAM, 0, 16))
        assert str(other) in (caught.value.hint or "")


def test_rules_about_a_library_hold_wherever_it_is(tmp_path: Path, folder: Path) -> None:
    """The table oscillators of the standard libraries have slopes."""
    other = tmp_path / "other"
    shutil.copytree(LIBRARIES, other, ignore=shutil.ignore_patterns("examples"))
    source = 'import("stdfaust.lib"); process = os.osc(hslider("f", 440, 20, 2000, 1));'
    assert fad.transform(source, libraries=other).source == fad.transform(source).source


def test_a_missing_folder_of_libraries_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no folder"):
        fad.expand("process = _;", libraries=tmp_path / "none")


def test_paths_of_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "sub" / "a.lib", "x = 1;")
    libraries = Libraries(cache=Cache(folder))
    module = libraries.load("sub/a.lib")
    assert module.source.name == "sub/a.lib"
    for same in ("sub/../sub/a.lib", str(path), f"file://{path}"):
        assert libraries.load(same) is module
    write(tmp_path / "sub" / "b.lib", "x = 2;")
    sibling = libraries.load("b.lib", importer=module.source)
    assert sibling.source.name == "sub/b.lib"


@pytest.mark.parametrize("path", ["http://a.b/c.lib", "https://a.b/c.lib"])
def test_the_network_is_refused(path: str) -> None:
    with pytest.raises(SourceError, match="from the network") as caught:
        Libraries().load(path, PROGRAM, Span(PROGRAM, 0, 16))
    assert "download" in (caught.value.hint or "")


@pytest.mark.parametrize("path", ["filtres.lib", "/nowhere/filters.lib", "a\0b", "x" * 5000, ""])
def test_a_missing_file_is_an_error_at_its_place(path: str, tmp_path: Path) -> None:
    libraries = Libraries([tmp_path / "own"], main=tmp_path)
    with pytest.raises(SourceError, match="cannot find") as caught:
        libraries.load(path, PROGRAM, Span(PROGRAM, 0, 16))
    assert caught.value.span is not None and caught.value.span.location == (1, 1)
    assert str(RESOURCES) not in caught.value.render()
    if path == "filtres.lib":
        assert caught.value.hint is not None
        assert "did you mean `filters.lib`" in caught.value.hint
        assert str(tmp_path / "own") in caught.value.hint


def test_errors_inside_a_library_name_the_library(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "bad.lib", "x = ;")
    with pytest.raises(ParseError) as caught:
        Libraries(main=tmp_path, cache=Cache(folder)).load("bad.lib", PROGRAM)
    assert caught.value.span is not None
    assert caught.value.span.source.name == str(tmp_path / "bad.lib")


# -- How they are read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 1; // é\r\n".encode(), "x = 1; // é\r\n"),
        ("x = 1; // é".encode("latin-1"), "x = 1; // é"),
        (b"\xef\xbb\xbfx = 1;", "x = 1;"),
        (b"", ""),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "a.dsp"
    path.write_bytes(data)
    assert read_source(path).text == text


@pytest.mark.parametrize("data", [b"\x7fELF\x02\0\0", b"\xff\x01\x02\x03", "x".encode("utf-16")])
def test_what_is_not_a_text_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.dsp"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="`shown` is not a text file"):
        read_source(path, "shown")


def test_missing_files_and_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot find"):
        read_source(tmp_path / "a.dsp")
    with pytest.raises(SourceError, match="is a folder"):
        read_source(tmp_path)
