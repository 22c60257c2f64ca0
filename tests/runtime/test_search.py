"""libfaust and fad read the same files, wherever those are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.syntax.libraries import Libraries
from tests.support.installed_faust import install_faust

#: The folders where a file is looked for, nearest first.
ORDER = ("main", "i1", "i2", "path1", "path2", "standard", "installed")


def value(text: str) -> float:
    """The number that an expanded program is."""
    return float(text.rpartition("process = ")[2].strip().rstrip(";"))


@pytest.mark.parametrize("name", ["maths.lib", "mine.lib"])
@pytest.mark.parametrize("nearest", ORDER[:-2])
def test_the_nearest_file_is_taken(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    """Whether or not there is a standard library of the same name."""
    install_faust(tmp_path / "usr", {name: f"PI = {ORDER.index('installed')};"}, monkeypatch)
    folders = [tmp_path / folder for folder in ORDER[:-2]]
    for number, folder in enumerate(folders):
        folder.mkdir()
        if number >= ORDER.index(nearest):
            (folder / name).write_text(f"PI = {number};")
    monkeypatch.setenv("FAUST_LIB_PATH", os.pathsep.join(map(str, folders[3:])))
    program = folders[0] / "p.dsp"
    program.write_text(f'import("{name}"); process = PI;')

    assert value(fad.expand(program, include=folders[1:3]).source) == ORDER.index(nearest)
    found = Libraries(folders[1:3], folders[0])
    text = engine.expand(
        program.read_text(), "p.dsp", include=found.folders, libraries=found.standard
    )
    assert value(text) == ORDER.index(nearest)


@pytest.mark.parametrize(("name", "expected"), [("maths.lib", np.pi), ("old.lib", 6.0)])
def test_an_installed_faust_serves_for_what_we_do_not_have(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    expected: float,
) -> None:
    install_faust(tmp_path / "usr", dict.fromkeys([name], "PI = 6;"), monkeypatch)
    source = f'import("{name}"); process = PI;'
    for engine_source in (source, fad.expand(source).source):
        rendered = engine.render(engine_source, "p.dsp", frames=1)
        np.testing.assert_allclose(rendered, expected)


@pytest.mark.parametrize("native", [False, True])
def test_a_program_runs_with_the_libraries_that_replace_the_standard_ones(
    engine: Engine, tmp_path: Path, native: bool
) -> None:
    (tmp_path / "maths.lib").write_text("PI = 3;")
    source = 'import("maths.lib"); process = PI;'
    assert value(fad.expand(source, libraries=tmp_path).source) == 3
    recording = fad.run(source, libraries=tmp_path, seconds=0.001, native=native, engine=engine)
    assert (recording.outputs == 3).all()


def test_a_program_runs_with_the_files_that_fad_finds_nearest_to_an_importing_file(
    engine: Engine, tmp_path: Path
) -> None:
    """libfaust would look there last, and read a path once for all files that name it."""
    for folder, number in (("a", 3), ("b", 5)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "f.lib").write_text('import("v.lib");')
        (tmp_path / folder / "v.lib").write_text(f"x = {number};")
    program = tmp_path / "p.dsp"
    program.write_text('process = library("a/f.lib").x, library("b/f.lib").x;')
    recording = fad.run(program, seconds=0.001, engine=engine)
    np.testing.assert_array_equal(recording.outputs[:, 0], [3, 5])

    (tmp_path / "v.lib").write_text("x = 9;")
    program.write_text('process = library("a/f.lib").x;')
    recording = fad.run(program, seconds=0.001, engine=engine)
    assert (recording.outputs == 3).all()


def test_a_drawing_uses_the_libraries_that_replace_the_standard_ones(tmp_path: Path) -> None:
    (tmp_path / "maths.lib").write_text("PI = 3;")
    source = 'import("maths.lib"); process = *(PI);'
    fad.write_diagrams(source, tmp_path / "drawn", libraries=tmp_path)
    assert ">3<" in (tmp_path / "drawn" / "source" / "process.svg").read_text()
