"""Several programs on one command line, and folders for what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Run, command_line

PROGRAMS = {
    "a.dsp": 'process = _*hslider("a", 1, 0, 2, 0.1);',
    "b.dsp": 'import("b.lib"); process = _*hslider("b", 1, 0, 2, 0.1) : f;',
    "b.lib": "f(x) = x*x;",
    "wrong.dsp": "process = nothing;",
    "silent.dsp": 'process = 0*hslider("a", 1, 0, 2, 0.1);',
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, with programs and an empty folder `out`."""
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "out").mkdir()
    return command_line(tmp_path)


def made(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(("command", "ending"), [("transform", ".dual.dsp"), ("expand", ".dsp")])
def test_each_program_has_a_file_in_the_folder(
    run: Run, tmp_path: Path, command: str, ending: str
) -> None:
    done = run(command, "a.dsp", "b.dsp", "-o", "out")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote out/a{ending}\nwrote out/b{ending}\n"
    alone = {f"{name}{ending}": run(command, f"{name}.dsp").stdout for name in "ab"}
    assert made(tmp_path / "out") == alone


@pytest.mark.parametrize("folder", ["out", "out/"])
def test_one_program_has_a_file_in_a_folder_too(run: Run, tmp_path: Path, folder: str) -> None:
    assert run("transform", "a.dsp", "-o", folder, "--manifest", folder).returncode == 0
    assert sorted(made(tmp_path / "out")) == ["a.dual.dsp", "a.json"]
    assert run("expand", "-", "-o", folder, input="process = 1;").returncode == 0
    assert "stdin.dsp" in made(tmp_path / "out")


def test_an_error_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    done = run("transform", "wrong.dsp", "a.dsp", "none.dsp", "-o", "out")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("wrong.dsp:1:11: error: undefined symbol `nothing`")
    assert "none.dsp: error: cannot find `none.dsp`" in lines
    assert lines[-1] == "wrote out/a.dual.dsp"
    assert list(made(tmp_path / "out")) == ["a.dual.dsp"]


def test_messages_name_their_program(run: Run, tmp_path: Path) -> None:
    (tmp_path / "int.dsp").write_text('process = int(hslider("a", 1, 0, 2, 0.1));')
    done = run("transform", "a.dsp", "int.dsp", "b.dsp", "--wrt", "a", "-o", "out")
    assert done.returncode == 1
    assert "\nint.dsp: warning: the derivative by /a is zero" in "\n" + done.stderr
    assert "\nb.dsp: error: " in "\n" + done.stderr
    assert sorted(made(tmp_path / "out")) == ["a.dual.dsp", "int.dual.dsp"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.dsp", "b.dsp"),
        ("a.dsp", "b.dsp", "-o", "-"),
        ("a.dsp", "-", "-o", "out"),
    ],
)
def test_there_has_to_be_a_place_for_each(run: Run, arguments: tuple[str, ...]) -> None:
    for command in ("transform", "expand"):
        done = run(command, *arguments, input="process = 1;")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Usage: ")


def test_the_place_has_to_be_a_folder(run: Run, tmp_path: Path) -> None:
    done = run("transform", "a.dsp", "b.dsp", "-o", "none")
    assert done.returncode == 1 and "make it first: `mkdir none`" in done.stderr
    done = run("transform", "a.dsp", "b.dsp", "-o", "b.lib")
    assert done.returncode == 1 and "`b.lib` is no folder" in done.stderr
    assert (tmp_path / "b.lib").read_text() == PROGRAMS["b.lib"]


def test_two_programs_of_one_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.dsp").write_text(PROGRAMS["a.dsp"])
    done = run("transform", "a.dsp", "sub/a.dsp", "-o", "out")
    assert done.returncode == 2
    assert "`a.dsp` and `sub/a.dsp` would both go to `out/a.dual.dsp`" in done.stderr
    assert made(tmp_path / "out") == {}
    assert run("transform", "a.dsp", "a.dsp", "-o", "out").returncode == 0


def test_no_result_replaces_what_another_one_is_made_from(run: Run, tmp_path: Path) -> None:
    before = {name: (tmp_path / name).read_text() for name in PROGRAMS}
    done = run("expand", "a.dsp", "b.dsp", "-o", ".")
    assert done.returncode == 1 and "it would overwrite the source" in done.stderr
    # The first one's result is what the second one imports.
    (tmp_path / "b.dsp").write_text('process = library("out/a.dual.dsp").x;')
    (tmp_path / "out" / "a.dual.dsp").write_text("x = 7;")
    done = run("transform", "a.dsp", "b.dsp", "-o", "out")
    assert done.returncode == 1 and "which is read: it would overwrite" in done.stderr
    assert made(tmp_path / "out") == {"a.dual.dsp": "x = 7;"}
    (tmp_path / "b.dsp").write_text(before["b.dsp"])
    assert {name: (tmp_path / name).read_text() for name in PROGRAMS} == before


def test_a_folder_of_expected_results(run: Run, tmp_path: Path) -> None:
    assert run("transform", "a.dsp", "b.dsp", "-o", "out").returncode == 0
    same = run("transform", "a.dsp", "b.dsp", "--check", "out")
    assert (same.returncode, same.stdout) == (0, "")
    (tmp_path / "b.lib").write_text("f(x) = x*x*x;")
    done = run("transform", "b.dsp", "a.dsp", "--check", "out")
    assert done.returncode == 1
    assert done.stderr == "error: `out/b.dual.dsp` is not what fad writes for `b.dsp` now\n"


def test_explanations_of_several(run: Run) -> None:
    done = run("transform", "a.dsp", "b.dsp", "--explain")
    alone = [run("transform", name, "--explain").stdout for name in ("a.dsp", "b.dsp")]
    assert (done.returncode, done.stdout) == (0, "".join(alone))


def test_check_reports_each(run: Run) -> None:
    options = ("--points", "1", "--seconds", "0.01", "--interpreter")
    done = run("check", "a.dsp", "b.dsp", *options)
    assert (done.returncode, done.stderr) == (0, "")
    reports = [run("check", name, *options).stdout for name in ("a.dsp", "b.dsp")]
    assert done.stdout == "".join(reports)


def test_check_ends_with_the_worst_code(run: Run) -> None:
    options = ("--points", "1", "--seconds", "0.01", "--interpreter")
    done = run("check", "silent.dsp", "a.dsp", *options)
    assert done.returncode == 3 and "a.dsp: 441 samples" in done.stdout
    done = run("check", "silent.dsp", "wrong.dsp", "a.dsp", *options)
    assert done.returncode == 1 and "a.dsp: 441 samples" in done.stdout
    assert done.stderr.startswith("wrong.dsp:1:11: error: ")
    assert run("check", "-", "a.dsp", input="process = 1;").returncode == 2


def test_check_of_several_as_json(run: Run) -> None:
    options = ("--points", "1", "--seconds", "0.01", "--interpreter", "--json")
    data = json.loads(run("check", "a.dsp", "wrong.dsp", "b.dsp", *options).stdout)
    assert [report["program"] for report in data] == ["a.dsp", "b.dsp"]
    assert data[0] == json.loads(run("check", "a.dsp", *options).stdout)


def test_programs_of_two_projects(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.dsp").write_text(PROGRAMS["a.dsp"])
    (tmp_path / "sub" / "fad.toml").write_text('wrt = "a"')
    done = run("transform", "a.dsp", "sub/c.dsp", "-o", "out")
    assert done.returncode == 2 and "different projects (none, `sub/fad.toml`)" in done.stderr
    assert run("transform", "a.dsp", "sub/c.dsp", "-o", "out", "--no-config").returncode == 0
