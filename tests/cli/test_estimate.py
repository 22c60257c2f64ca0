"""The command `fad estimate`."""

from __future__ import annotations

from pathlib import Path

import pytest

import fad
from tests.estimation.programs import GAIN
from tests.support.commands import command_line


def test_the_command_writes_the_program(tmp_path: Path) -> None:
    run = command_line(tmp_path)
    (tmp_path / "gain.dsp").write_text(GAIN)
    done = run("estimate", "gain.dsp", "-o", "learning.dsp", "--start", "gain=0.1", "--loss", "l1")
    assert (done.returncode, done.stdout) == (0, "")
    expected = fad.estimate(tmp_path / "gain.dsp", start={"gain": 0.1}, loss="l1").source
    assert (tmp_path / "learning.dsp").read_text() == expected
    assert run("estimate", "gain.dsp", "--check", "learning.dsp").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gain.dsp", "--start", "gain=2"], 1, "error: 2 is outside the range of `/gain`"),
        (["gain.dsp", "--start", "gain"], 1, "error: `gain` is no value"),
        (["none.dsp"], 1, "error: cannot find `none.dsp`"),
        (["gain.dsp", "--estimate", "none.dsp"], 1, "error: cannot find `none.dsp`"),
        (["gain.dsp", "--window", "many"], 2, "'many' is not a valid integer"),
        (["gain.dsp", "--outputs", "none"], 2, "'none' is not one of"),
    ],
)
def test_the_command_refuses(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    (tmp_path / "gain.dsp").write_text(GAIN)
    done = command_line(tmp_path)("estimate", *arguments, "-o", "out.dsp")
    assert done.returncode == code
    assert message in done.stderr
    assert not (tmp_path / "out.dsp").exists()
