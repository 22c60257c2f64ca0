"""The command `fad diagram`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Run, command_line
from tests.support.programs import GAIN


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in an empty folder."""
    return command_line(tmp_path)


def test_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "own.lib").write_text('a = hslider("a", 1, 0, 2, 0.1);')
    (tmp_path / "p.dsp").write_text(
        'import("own.lib"); process = *(a) : *(nentry("b", 1, 0, 2, 1));'
    )
    done = run("diagram", "p.dsp", "--dual", "--wrt", "b", "-I", "lib", "-o", "out")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote out/index.html\n")
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "dy/db" in page and "dy/da" not in page


def test_a_bad_program_leaves_no_folder(run: Run, tmp_path: Path) -> None:
    done = run("diagram", "-", "-o", "out", input="process = x;")

    assert done.returncode == 1
    assert done.stderr.startswith("<stdin>:1:11: error: undefined symbol `x`\n")
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_folder_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    done = run("diagram", "-", "-o", "out", input=GAIN)

    assert done.returncode == 1
    assert done.stderr == (
        "error: `out` has files in it that fad has not written\n"
        "hint: name a folder that does not exist yet; fad replaces its own only\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [(["-"], "Missing option '-o'"), (["-", "-o", "out", "--wrt", "gain"], "`--dual`")],
)
def test_usage_errors(run: Run, args: list[str], message: str, tmp_path: Path) -> None:
    done = run("diagram", *args, input=GAIN)

    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []
