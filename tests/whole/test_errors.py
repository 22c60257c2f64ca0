"""Bad input: what fad says about it, and how little it takes to say it.

Each folder of `golden/errors` is a case: `main.dsp`, what else it needs, and in `args` the command
line if it is another one than `expand main.dsp`. `expected.txt` holds the whole message;
`pytest --update-golden` writes it anew.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import fad
from tests.support.commands import ENVIRONMENT
from tests.support.places import LIBRARIES, ROOT

CASES = sorted((ROOT / "tests" / "golden" / "errors").iterdir())
SECONDS = 10
MEGABYTES = 2000
STDFAUST = 'import("stdfaust.lib");'
# Runs the command line in a child of its own, and writes what that took to a file: seconds of
# computing, which do not depend on what else the machine does, and megabytes.
MEASURED = """
import os, resource, subprocess, sys
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
code = subprocess.call([sys.executable, "-m", "fad", *sys.argv[3:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
scale = 1e6 if sys.platform == "darwin" else 1e3
with open(sys.argv[1], "w") as file:
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / scale, file=file)
sys.exit(code)
"""


def run(
    folder: Path, usage: Path, args: Sequence[str]
) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """The finished process of a command line, with the time and memory it took."""
    # The address space holds more than the memory that is used, such as the deep stack.
    limit = str(3 * MEGABYTES * 10**6)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(usage), limit, *args],
        cwd=folder,
        # Which of several installed versions of the libraries is used shows in the messages.
        env={**ENVIRONMENT, "FAUST_LIB_PATH": str(LIBRARIES)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    seconds, megabytes = map(float, usage.read_text().split())
    return done, seconds, megabytes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message(case: Path, tmp_path: Path, update_golden: bool) -> None:
    folder = tmp_path / "case"
    shutil.copytree(case, folder)
    before = sorted(folder.rglob("*"))
    args = case / "args"
    command = shlex.split(args.read_text()) if args.exists() else ["expand", "main.dsp"]

    done, seconds, megabytes = run(folder, tmp_path / "usage", command)

    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (1, "")
    expected = case / "expected.txt"
    if update_golden:
        expected.write_text(done.stderr, encoding="utf-8")
    assert done.stderr == expected.read_text(encoding="utf-8")
    assert sorted(folder.rglob("*")) == before
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def test_every_kind_of_composition_is_covered() -> None:
    messages = "".join((case / "expected.txt").read_text(encoding="utf-8") for case in CASES)
    for kind in ("sequential", "split", "merge", "recursive"):
        assert f"error: {kind} composition A " in messages


# -- What looks bad and is good ---------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        "process = " + "(" * 10_000 + "_" + ")" * 10_000 + ";",
        "process = " + "sin(" * 10_000 + "_" + ")" * 10_000 + ";",
        "f(x) = x + 1; process = " + "f(" * 10_000 + "_" + ")" * 10_000 + ";",
        "process = " + "+".join(["_"] * 10_000) + ";",
        "f(0) = _; f(n) = f(n - 1) : sin; process = f(9000);",
        'f(0) = button("a"); f(n) = f(n - 1) + f(n - 1); process = f(60);',
        "process = par(i, 50000, _);",
    ],
    ids=["parentheses", "primitives", "calls", "sums", "recursion", "sharing", "wires"],
)
def test_large_programs_work(program: str, tmp_path: Path) -> None:
    (tmp_path / "main.dsp").write_text(program)

    done, seconds, megabytes = run(tmp_path, tmp_path / "usage", ["expand", "main.dsp"])

    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def test_files_may_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.lib").write_text('import("b.lib"); a = 2; both = a, b;')
    (tmp_path / "b.lib").write_text('import("a.lib"); b = a * 3;')
    program = 'import("a.lib"); process = both;'
    (tmp_path / "main.dsp").write_text(program)

    source = fad.expand(tmp_path / "main.dsp").source

    assert source.endswith("process = 2,6;\n")


@pytest.mark.parametrize(
    "program",
    [
        "process = sqrt(-1);",
        "process = _ / 0.0001, log(0);",
        f"{STDFAUST} process = par(i, 0, _);",
        "f(x, y) = x + y; process = f(1, 2);",
    ],
)
def test_odd_programs_work(program: str) -> None:
    assert "\nprocess = " in fad.expand(program).source


# -- Files that are not Faust's ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["password: hunter2", "hunter2 = secret + ;", 'a = "hunter2'])
def test_other_files_are_not_quoted(text: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(text)
    (tmp_path / "main.dsp").write_text('import("secret.txt"); process = _;')
    with pytest.raises(fad.FadError) as caught:
        fad.expand(tmp_path / "main.dsp")
    message = str(caught.value)
    assert "secret.txt:1:" in message and "syntax error" in message
    assert "hunter2" not in message and "password" not in message


def test_a_file_that_the_user_names_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "program.txt").write_text("process = sin(;")
    with pytest.raises(fad.FadError, match=r"process = sin\(;"):
        fad.expand(tmp_path / "program.txt")


# -- Errors as values -------------------------------------------------------------------------


def test_an_error_knows_its_place_and_the_calls_around_it() -> None:
    with pytest.raises(fad.FadError) as caught:
        fad.expand("inverse(x) = 1 / x;\nprocess = inverse(0);")
    error = caught.value
    assert error.span is not None and error.span.location == (1, 14)
    assert [(call.function, call.span.location) for call in error.calls] == [("inverse", (2, 11))]
