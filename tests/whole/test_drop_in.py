"""`examples/bin/faust`, which stands in for the standard compiler's command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import COMMAND, ENVIRONMENT
from tests.support.places import ROOT

INSTALLED = pytest.mark.skipif(shutil.which("faust") is None, reason="no faust is installed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is a script of the shell")

DROP_IN = ROOT / "examples" / "bin"
SHAPER = ROOT / "examples" / "operators" / "shaper.dsp"
LEARNER = ROOT / "examples" / "learn" / "programs" / "lowpass.dsp"
#: Shows its arguments, and the programs among them.
REAL = '#!/bin/sh\nfor each do echo "argument $each"; [ ! -f "$each" ] || cat "$each"; done\n'


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def drop_in(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the script in a folder; its temporary files go to `temporary` there."""
    script(folder / "bin" / "fad", f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    (folder / "temporary").mkdir()
    path = os.pathsep.join([str(DROP_IN), str(folder / "bin"), os.environ["PATH"]])
    return subprocess.run(
        ["faust", *map(str, arguments)],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": path, "TMPDIR": str(folder / "temporary")},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_compiler_gets_plain_faust(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "faust", REAL)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine.lib").write_text("half = *(0.5);")
    program = tmp_path / "my program.dsp"
    program.write_text('import("mine.lib"); process(x) = fad(x*x : half, x);')
    done = drop_in(tmp_path, "-lang", "cpp", "-I", "lib", "my program.dsp", "-o", "a b.cpp")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    told = [line.removeprefix("argument ") for line in lines if line.startswith("argument ")]
    assert [*told[:4], *told[5:]] == ["-lang", "cpp", "-I", "lib", "-o", "a b.cpp"]
    assert Path(told[4]).name == "my program.dsp" and Path(told[4]) != program
    assert "process" in done.stdout and "fad(" not in done.stdout
    assert list((tmp_path / "temporary").iterdir()) == []


#: Writes a folder, a file and a failure beside the program that it is given.
BESIDE = """#!/bin/sh
mkdir -p "${1%.dsp}-svg" && echo drawn >"${1%.dsp}-svg/process.svg" && echo told >"$1.json"
exit 3
"""


def test_what_the_compiler_writes_beside_a_program_comes_beside_the_original(
    tmp_path: Path,
) -> None:
    script(tmp_path / "bin" / "faust", BESIDE)
    program = tmp_path / "my programs" / "a b.dsp"
    (program.parent / "a b-svg").mkdir(parents=True)
    (program.parent / "a b-svg" / "process.svg").write_text("old")
    program.write_text("process = fad(_, _);")
    done = drop_in(tmp_path, program)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert program.read_text() == "process = fad(_, _);"
    assert (program.parent / "a b-svg" / "process.svg").read_text() == "drawn\n"
    assert (program.parent / "a b.dsp.json").read_text() == "told\n"
    assert len(list(program.parent.iterdir())) == 3


def test_a_program_that_is_wrong_is_told(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "faust", REAL)
    (tmp_path / "wrong.dsp").write_text("process = gain;")
    done = drop_in(tmp_path, "wrong.dsp")
    assert done.returncode == 1 and done.stdout == ""
    assert "wrong.dsp:1:11: error: undefined symbol `gain`" in done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []


@INSTALLED
@pytest.mark.parametrize("program", [SHAPER, LEARNER], ids=lambda path: path.stem)
def test_an_installed_faust_takes_programs_with_operators(tmp_path: Path, program: Path) -> None:
    done = drop_in(tmp_path, "-lang", "cpp", program, "-o", "out.cpp")
    assert done.returncode == 0, done.stderr
    assert "class mydsp" in (tmp_path / "out.cpp").read_text()


@INSTALLED
def test_an_installed_faust_makes_webassembly(tmp_path: Path) -> None:
    done = drop_in(tmp_path, "-lang", "wasm", LEARNER, "-o", "out.wasm")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.wasm").read_bytes().startswith(b"\0asm")


@INSTALLED
def test_an_installed_faust_draws_beside_the_original(tmp_path: Path) -> None:
    program = tmp_path / "shaper.dsp"
    program.write_text(SHAPER.read_text())
    done = drop_in(tmp_path, "-svg", program, "-o", os.devnull)
    assert done.returncode == 0, done.stderr
    assert "<svg" in (tmp_path / "shaper-svg" / "process.svg").read_text()
