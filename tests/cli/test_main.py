"""The command line: options, help, exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fad
from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line
from tests.support.programs import GAIN


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `gain.dsp` is."""
    (tmp_path / "gain.dsp").write_text(GAIN)
    return command_line(tmp_path)


# -- Options ----------------------------------------------------------------------------------


def test_folders_are_searched_in_order(run: Run, tmp_path: Path) -> None:
    for name, value in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.lib").write_text(f"a = {value};")
    program = 'process = library("a.lib").a;'

    assert "= 1;" in run("expand", "-", "-I", "one", "-I", "two", input=program).stdout
    assert "= 2;" in run("expand", "-", "-I", "two", "-I", "one", input=program).stdout
    assert run("expand", "-", input=program).returncode == 1


@pytest.mark.parametrize("precision, value", [("single", 1), ("double", 2), ("quad", 3)])
def test_precision_chooses_definitions(run: Run, precision: str, value: int) -> None:
    program = "singleprecision a = 1; doubleprecision a = 2; quadprecision a = 3; process = a;"
    done = run("expand", "-", "--precision", precision, input=program)
    assert f"process = {value};" in done.stdout


def test_double_precision_is_the_default(run: Run) -> None:
    program = "singleprecision a = 1; doubleprecision a = 2; process = a;"
    assert "process = 2;" in run("expand", "-", input=program).stdout


def test_warnings_go_to_the_standard_error(run: Run) -> None:
    program = 'process = ["volume": *(2) -> hslider("gain", 0, 0, 1, 0.1)];'
    done = run("expand", "-", input=program)

    assert done.returncode == 0
    assert done.stderr.startswith("warning: ")
    assert "volume" in done.stderr
    assert "warning" not in done.stdout


@pytest.mark.parametrize("args", [["-h"], ["--help"], ["expand", "-h"], ["transform", "--help"]])
def test_help(run: Run, args: list[str]) -> None:
    done = run(*args)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: fad ")
    assert "Example" in done.stdout


def test_help_imports_no_compiler() -> None:
    script = (
        "import sys; import fad.cli.main; "
        "print(sorted({'lark', 'numpy', 'rich', 'cyfaust', 'fad.pipeline.transform'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == "[]\n"


def test_version(run: Run) -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"fad {fad.__version__}\n")


# -- Exit codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ["expand"],
        ["frobnicate"],
        ["expand", "gain.dsp", "--frobnicate"],
        ["expand", "gain.dsp", "--precision", "half"],
        ["expand", "gain.dsp", "other.dsp"],
    ],
)
def test_usage_errors(run: Run, args: list[str]) -> None:
    done = run(*args)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: fad" in done.stderr
    assert "Error: " in done.stderr


def listen_to_interrupts() -> None:
    """A job in the background of a shell ignores them, and so do the processes that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_program_ends_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "expand", "-"],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=listen_to_interrupts,
    ) as process:
        time.sleep(1)  # it waits for input, which never comes
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read() == b""
        assert process.stderr.read().strip() == b""


def test_an_interrupted_computation_ends_quietly(tmp_path: Path) -> None:
    program = "process = par(i, 50000, par(j, 50000, sin(i * j)));"
    with subprocess.Popen(
        [*COMMAND, "expand", "-", "-o", str(tmp_path / "out.dsp")],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=listen_to_interrupts,
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(program.encode())
        process.stdin.close()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read().strip() == b""
    assert list(tmp_path.iterdir()) == []


BROKEN = """
import fad.cli.main
import fad.pipeline.expand
fad.pipeline.expand.expand = None
fad.cli.main.main()
"""


def broken(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`fad expand` with a bug in it."""
    (tmp_path / "gain.dsp").write_text(GAIN)
    return subprocess.run(
        [sys.executable, "-c", BROKEN, "expand", "gain.dsp"],
        cwd=tmp_path,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        encoding="utf-8",
    )


def test_a_bug_is_reported_as_one(tmp_path: Path) -> None:
    done = broken(tmp_path)

    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.startswith("internal error: TypeError: ")
    assert "please report it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bug_shows_its_traceback_on_request(tmp_path: Path) -> None:
    done = broken(tmp_path, FAD_TRACEBACK="1")

    assert done.returncode == 70
    assert "Traceback" in done.stderr
