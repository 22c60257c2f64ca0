"""docs/security.md is true: the tests it names exist, and these are those with no other home."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import fad
from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line
from tests.support.native import needs_compiler
from tests.support.places import ROOT
from tests.support.sounds import write_wav

HOSTILE = (
    'declare name "*/ int x; /*"; declare filename "out.txt"; declare options "-o out.cpp -svg";\n'
    'declare compilation_options "-O . -o out.cpp"; declare soundfiles "out";\n'
    'process = _*hslider("../../out[file:out.txt]", 1, 0, 2, 0.1);'
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "p.dsp").write_text(HOSTILE)
    return command_line(folder)


def test_the_tests_that_the_page_names_exist() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    files = (ROOT / "tests").rglob("test_*.py")
    found = {
        name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    assert named and named <= found


def test_commands_write_what_they_are_told_only(run: Run, tmp_path: Path) -> None:
    for command in (
        "expand p.dsp",
        "transform p.dsp",
        "transform p.dsp --explain",
        "estimate p.dsp",
        "params p.dsp",
        "check p.dsp --seconds 0.001",
        "check p.dsp --seconds 0.001 --interpreter",
        "run p.dsp --seconds 0.001",
        "run p.dsp --seconds 0.001 --interpreter",
    ):
        assert run(*command.split()).returncode == 0, command
    run("diagram", "p.dsp", "--dual", "-o", "drawn")
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}
    assert {path.name for path in (tmp_path / "folder").iterdir()} == {"p.dsp", "drawn"}


def test_commands_that_write_faust_start_no_process(run: Run, tmp_path: Path) -> None:
    code = (
        "import subprocess, os, sys\n"
        "def refuse(*a, **k): raise SystemExit('started a process')\n"
        "subprocess.Popen = os.system = os.fork = refuse\n"
        "from fad.cli.main import main\nmain()"
    )
    for command in ("expand", "transform", "params", "estimate"):
        done = subprocess.run(
            [COMMAND[0], "-c", code, command, "p.dsp"],
            cwd=tmp_path / "folder",
            env=ENVIRONMENT,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
    refused = subprocess.run(
        [COMMAND[0], "-c", code, "run", "p.dsp", "--interpreter"],
        cwd=tmp_path / "folder",
        env=ENVIRONMENT,
        capture_output=True,
    )
    assert b"started a process" in refused.stderr  # so it would be seen


def test_imports_may_be_anywhere(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.lib").write_text("x = 7;")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    program = tmp_path / "folder" / "p.dsp"
    for path in ("../a.lib", f"{tmp_path}/a.lib"):
        program.write_text(f'import("{path}"); process = x;')
        assert "process = 7;" in fad.expand(program).source
    program.write_text('import("../binary"); process = x;')
    with pytest.raises(fad.FadError, match="is not a text file"):
        fad.expand(program)


def test_sound_files_may_be_anywhere(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write_wav(tmp_path / "s.wav", np.full((1, 8), 0.25))
    program = tmp_path / "folder" / "p.dsp"
    program.write_text("process = 0, 5 : soundfile(\"s[url:{'../s.wav'}]\", 1) : !, !, _;")
    assert fad.run(program, seconds=0.001).outputs[0, 0] == pytest.approx(0.25, abs=1e-4)


@needs_compiler
def test_complaints_quote_no_lines(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("user:x:1\npassword = swordfish here;\n")
    program = tmp_path / "p.dsp"
    program.write_text('process = ffunction(float f(float), "secret.txt", "");')
    with pytest.raises(fad.FadError) as refused:
        fad.run(program, seconds=0.001, trust=True)
    assert "secret.txt:1:" in str(refused.value)
    assert "user:x" not in str(refused.value) and "swordfish" not in str(refused.value)
