"""Standard streams that are full, closed, or a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import COMMAND, ENVIRONMENT

#: A label that turns the text red, sets a title and clears, another that turns letters around. Of
#: the control characters, libfaust takes the first 32 for blanks, and so do we: these are others.
LABEL, TURNED = "a\x9b31mRED\x9d0;title\x9c\x9b2J", "b\u202e\u200b"
PROGRAM = f'process = _*hslider("{LABEL}", 1, 0, 2, 0.1)*int(hslider("{TURNED}", 1, 0, 2, 0.1));'
#: So long that control characters are a small part of it: else it is taken for no text.
PROGRAM += f"// {'x' * 1000}"

COMMANDS = (
    "--help",
    "--version",
    "transform --help",
    "nonsense",
    "expand missing.dsp",
    "expand p.dsp",
    "transform p.dsp",
    "transform p.dsp --explain",
    "params p.dsp",
    "params p.dsp --json",
    "estimate p.dsp",
    "check p.dsp --seconds 0.001 --interpreter",
    "run p.dsp --seconds 0.001 --interpreter",
    "run p.dsp --seconds 0.001 --interpreter --csv -",
)
FULL = ("> /dev/full", "2> /dev/full", "> /dev/full 2> /dev/full")
CLOSED = (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.dsp").write_text(PROGRAM)
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"{' '.join(COMMAND)} {command}",
        shell=True,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("command", "redirection"),
    [
        *((command, "> /dev/full") for command in COMMANDS),
        *((command, more) for command in COMMANDS[::4] for more in (*FULL[1:], *CLOSED)),
    ],
)
def test_streams_that_take_nothing(command: str, redirection: str, folder: Path) -> None:
    done = shell(f"{command} {redirection}", folder)
    assert done.returncode in (0, 1, 2)
    assert all(word not in done.stderr for word in ("Traceback", "Exception", "internal error"))
    if redirection == "> /dev/full" and command not in ("nonsense", "expand missing.dsp"):
        assert done.returncode == 1
        assert "error: cannot write to the standard output: No space left on device" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "transform p.dsp --explain -o out.dsp",
        "transform p.dsp --check changed.dsp",
        "params p.dsp",
        "params p.dsp --json",
        "check p.dsp --seconds 0.001 --interpreter",
        "run p.dsp --at x=1",
        "transform p.dsp --wrt x",
    ],
)
def test_what_people_read_has_no_control_characters(command: str, folder: Path) -> None:
    (folder / "changed.dsp").write_text(PROGRAM.replace("_*", "_,"))
    done = shell(command, folder)
    shown = done.stdout + done.stderr
    assert "\\u009b31mRED" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


@pytest.mark.parametrize("command", ["transform p.dsp", "expand p.dsp", "run p.dsp --csv -"])
def test_a_terminal_gets_no_control_characters(command: str, folder: Path) -> None:
    if command.startswith("run"):
        command += " --seconds 0.001 --interpreter"
    master, slave = pty.openpty()
    subprocess.run([*COMMAND, *command.split()], cwd=folder, env=ENVIRONMENT, stdout=slave)
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:  # how a terminal says that nobody writes any more
        pass
    os.close(master)
    text = shown.decode("utf-8")
    assert "a\\u009b31mRED\\u009d0;title\\u009c\\u009b2J" in text
    assert "b\\u202e\\u200b" in text
    assert all(char.isprintable() or char in "\r\n" for char in text)


def test_files_hold_what_the_program_says(folder: Path) -> None:
    for command in ("transform p.dsp -o out.dsp", "expand p.dsp > out.dsp"):
        assert shell(command, folder).returncode == 0
        text = (folder / "out.dsp").read_text("utf-8")
        assert f'hslider("{LABEL}"' in text and f'hslider("{TURNED}"' in text


def test_errors_and_warnings_show_control_characters(folder: Path) -> None:
    program = PROGRAM.replace("_*hslider", "_*int(hslider").replace(")*int", "))*int")
    (folder / "q.dsp").write_text(program)
    warned = shell("transform q.dsp -o out.dsp", folder).stderr
    refused = shell("transform q.dsp --wrt x", folder).stderr
    named = shell("expand $(printf 'no\\033(0.dsp')", folder).stderr
    used = shell("params p.dsp $(printf 'no\\033(0')", folder).stderr
    for text, code in ((warned, "009b"), (refused, "009b"), (named, "001b"), (used, "001b")):
        assert f"\\u{code}" in text
        assert all(char.isprintable() or char == "\n" for char in text)
