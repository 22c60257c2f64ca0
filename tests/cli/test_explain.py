"""`fad transform --explain` and `--check`: what became of a program, and whether it changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fad.pipeline.explain import explain
from tests.support.commands import Run, command_line
from tests.support.programs import SHAPE


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `shape.dsp` is."""
    (tmp_path / "shape.dsp").write_text(SHAPE)
    return command_line(tmp_path)


def test_explaining_writes_the_program_only_to_a_file(run: Run, tmp_path: Path) -> None:
    alone = run("transform", "shape.dsp", "--explain")
    assert (alone.returncode, alone.stdout) == (0, explain(tmp_path / "shape.dsp"))
    both = run("transform", "shape.dsp", "--explain", "-o", "dual.dsp")
    assert both.stdout == alone.stdout
    assert (tmp_path / "dual.dsp").read_text() == run("transform", "shape.dsp").stdout


@pytest.mark.parametrize("command", ["transform", "expand"])
def test_a_program_that_has_not_changed_passes(run: Run, command: str) -> None:
    assert run(command, "shape.dsp", "-o", "expected.dsp").returncode == 0
    done = run(command, "shape.dsp", "--check", "expected.dsp")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_program_that_has_changed_shows_a_difference(run: Run, tmp_path: Path) -> None:
    run("transform", "shape.dsp", "-o", "expected.dsp")
    (tmp_path / "shape.dsp").write_text(SHAPE.replace("sin", "cos"))
    before = (tmp_path / "expected.dsp").read_text()
    done = run("transform", "shape.dsp", "--check", "expected.dsp")
    assert done.returncode == 1
    assert done.stdout.startswith("--- expected.dsp\n")
    assert "\n-d_sin(x, dx) = sin(x), cos(x)*dx;\n" in done.stdout
    assert "\n+d_cos(x, dx) = cos(x), 0 - sin(x)*dx;\n" in done.stdout
    assert "error: `expected.dsp` is not what fad writes for `shape.dsp` now" in done.stderr
    assert (tmp_path / "expected.dsp").read_text() == before


def test_ends_of_lines_do_not_count(run: Run, tmp_path: Path) -> None:
    run("transform", "shape.dsp", "-o", "expected.dsp")
    expected = tmp_path / "expected.dsp"
    expected.write_bytes(expected.read_bytes().replace(b"\n", b"\r\n"))
    done = run("transform", "shape.dsp", "--check", "expected.dsp")
    assert (done.returncode, done.stdout) == (0, "")


def test_nothing_to_compare_with(run: Run) -> None:
    done = run("transform", "shape.dsp", "--check", "expected.dsp")
    assert done.returncode == 1
    assert "error: cannot read `expected.dsp`: no such file or directory" in done.stderr
    assert "hint: write it once with `-o expected.dsp`" in done.stderr


def test_comparing_writes_nothing(run: Run) -> None:
    done = run("transform", "shape.dsp", "--check", "a.dsp", "-o", "b.dsp")
    assert done.returncode == 2
    assert "`--check` writes nothing" in done.stderr
