"""`--watch`: work is done again when a file changes."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.commands import COMMAND, ENVIRONMENT, command_line

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no interrupts there")
_PATIENCE = 60.0


class Watching:
    """A command that watches, and what it has said."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--watch"],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def round(self) -> str:
        """What is said until the command waits for the next change."""
        said = ""
        deadline = time.monotonic() + _PATIENCE
        while not said.splitlines()[-1:] or not said.splitlines()[-1].startswith("watching "):
            said += self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        return said

    def is_quiet(self, seconds: float) -> bool:
        try:
            self._lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    """Starts a command in a folder with `p.dsp`, which imports `p.lib`."""
    (tmp_path / "p.dsp").write_text('import("p.lib"); process = _*g*c;')
    (tmp_path / "p.lib").write_text('g = hslider("g", 1, 0, 2, 0.1); c = 3;')
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(tmp_path, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def test_a_file_is_written_again_when_what_it_imports_changes(
    watching: Callable[..., Watching], tmp_path: Path
) -> None:
    command = watching("transform", "p.dsp", "-o", "out.dsp")
    assert "wrote out.dsp\n" in command.round()
    assert command.is_quiet(1.0)  # the result is no cause of another
    (tmp_path / "p.lib").write_text('g = hslider("g", 1, 0, 2, 0.1); c = 5;')
    said = command.round()
    assert said.startswith(f"changed: {tmp_path / 'p.lib'}\n") and "wrote out.dsp\n" in said
    assert (tmp_path / "out.dsp").read_text() == command_line(tmp_path)("transform", "p.dsp").stdout

    # An error is shown, and what was written stays, until it is mended.
    before = (tmp_path / "out.dsp").read_bytes()
    (tmp_path / "p.lib").write_text("g = ;")
    assert "p.lib:1:5: error: syntax error" in command.round()
    assert (tmp_path / "out.dsp").read_bytes() == before
    (tmp_path / "p.lib").write_text('g = hslider("other", 1, 0, 2, 0.1); c = 5;')
    assert "wrote out.dsp\n" in command.round()
    assert "other" in (tmp_path / "out.dsp").read_text()

    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(timeout=_PATIENCE) == 130


def test_a_file_that_was_missing_appears(watching: Callable[..., Watching], tmp_path: Path) -> None:
    os.rename(tmp_path / "p.lib", tmp_path / "other")
    command = watching("transform", "p.dsp", "-o", "out.dsp")
    assert "cannot find `p.lib`" in command.round()
    os.rename(tmp_path / "other", tmp_path / "p.lib")
    assert "wrote out.dsp\n" in command.round()


def test_only_what_changes_is_checked_again(
    watching: Callable[..., Watching], tmp_path: Path
) -> None:
    (tmp_path / "q.dsp").write_text('process = _*hslider("q", 1, 0, 2, 0.1);')
    options = ("--points", "1", "--seconds", "0.01", "--interpreter")
    command = watching("check", "p.dsp", "q.dsp", *options)
    said = command.round()
    assert "p.dsp: 441 samples" in said and "q.dsp: 441 samples" in said
    (tmp_path / "p.dsp").write_text('import("p.lib"); process = _*g*c, _*g;')
    said = command.round()
    assert "p.dsp: 441 samples at 44100 Hz, 1 point; 2 derivatives: 2 agree" in said
    assert "q.dsp" not in said


def test_rules_are_read_again(watching: Callable[..., Watching], tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text(
        'process = ffunction(float mine(float), "mine.h", "")(hslider("g", 1, 0, 2, 0.1));'
    )
    (tmp_path / "rules.dsp").write_text("d_mine(x) = 17*x;")
    command = watching("transform", "p.dsp", "--rules", "rules.dsp", "-o", "out.dsp")
    command.round()
    assert "17" in (tmp_path / "out.dsp").read_text()
    (tmp_path / "rules.dsp").write_text("d_mine(x) = 19*x;")
    assert "wrote out.dsp\n" in command.round()
    assert "19" in (tmp_path / "out.dsp").read_text()


def test_the_standard_input_cannot_be_watched(tmp_path: Path) -> None:
    done = command_line(tmp_path)("transform", "-", "--watch", input="process = _;")
    assert done.returncode == 2 and "the standard input does not change" in done.stderr
