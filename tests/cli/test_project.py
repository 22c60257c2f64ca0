"""Options of a project: fad.toml, and [tool.fad] in pyproject.toml."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from fad.cli.main import cli
from fad.cli.project import COMMON, KEYS
from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line

PROGRAM = 'process = _*hslider("a", 1, 0, 2, 0.1)*hslider("b", 1, 0, 2, 0.1);'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder with `sub/p.dsp`."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "p.dsp").write_text(PROGRAM)
    return command_line(tmp_path)


def derivatives(run: Run, *arguments: str) -> str:
    """By what `fad transform` differentiates `sub/p.dsp`."""
    done = run("transform", "sub/p.dsp", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if line.startswith("// outputs: "))
    return line.removeprefix("// outputs: ")


def test_the_nearest_file_counts(run: Run, tmp_path: Path) -> None:
    both = "y, dy/da, dy/db"
    assert derivatives(run) == both
    (tmp_path / "fad.toml").write_text('wrt = "a"')
    assert derivatives(run) == "y, dy/da"
    (tmp_path / "sub" / "pyproject.toml").write_text("[tool.other]\nwrt = 3\n")
    assert derivatives(run) == "y, dy/da"  # that one says nothing of fad
    (tmp_path / "sub" / "pyproject.toml").write_text('[tool.fad]\nwrt = ["b"]\n')
    assert derivatives(run) == "y, dy/db"
    (tmp_path / "sub" / "fad.toml").write_text("")
    assert derivatives(run) == both  # an empty one is one, and nearest
    assert derivatives(run, "--config", "fad.toml") == "y, dy/da"
    assert derivatives(run, "--config", "sub/pyproject.toml") == "y, dy/db"


def test_no_file_counts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text('wrt = "a"')
    assert derivatives(run, "--no-config") == "y, dy/da, dy/db"
    done = run("transform", "sub/p.dsp", "--no-config", "--config", "fad.toml")
    assert done.returncode == 2 and "contradict" in done.stderr


def test_the_standard_input_is_in_the_current_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text('wrt = "a"')
    assert "// outputs: y, dy/da\n" in run("transform", "-", input=PROGRAM).stdout


def test_the_command_line_comes_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text('wrt = "a"\n[transform]\nwrt = "b"\norder = 2\n')
    assert derivatives(run) == "y, dy/db, d2y/db2"
    assert derivatives(run, "--wrt", "a", "--order", "1") == "y, dy/da"
    assert run("params", "sub/p.dsp").returncode == 0


def test_what_does_not_go_with_the_command_line_gives_way(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text('wrt = "a"\n[transform]\norder = 2\nonly = "primal"\n')
    expected = run("transform", "sub/p.dsp", "--direction", "b=1", "--no-config")
    done = run("transform", "sub/p.dsp", "--direction", "b=1")
    assert (done.returncode, done.stdout) == (0, expected.stdout)
    assert run("transform", "sub/p.dsp", "--explain").returncode == 0
    assert run("diagram", "sub/p.dsp", "-o", "drawn").returncode == 0
    refused = run("transform", "sub/p.dsp", "--direction", "b=1", "--wrt", "a")
    assert refused.returncode == 2


def test_paths_are_from_the_folder_of_the_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sub" / "p.dsp").write_text('import("mine.lib"); process = mine;')
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "mine.lib").write_text("mine = 7;")
    (tmp_path / "fad.toml").write_text('include = ["library"]')
    assert run("expand", "sub/p.dsp").stdout.endswith("process = 7;\n")
    deeper = command_line(tmp_path / "sub")
    assert deeper("expand", "p.dsp").stdout.endswith("process = 7;\n")


def test_the_options_of_runs_and_checks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text(
        'rate = 48000\nseed = 3\n[check]\npoints = 2\nseconds = 0.01\nat = ["a=0.5"]\n'
        '[run]\nseconds = 1\ninput = "silence"\nnative = false\n[estimate]\nloss = "l1"\n'
    )
    report = json.loads(run("check", "sub/p.dsp", "--json", "--interpreter").stdout)
    assert (report["rate"], report["frames"], len(report["points"])) == (48000, 480, 2)
    assert report["points"][0] == {"/a": 0.5}
    assert "p.dsp: 1 s at 48000 Hz" in run("run", "sub/p.dsp").stdout
    assert (
        run("estimate", "sub/p.dsp").stdout
        == run(*("estimate", "sub/p.dsp", "--no-config", "--loss", "l1")).stdout
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wr = 3", "fad.toml:1:1: error: there is no option `wr`"),
        ("\n[transform]\nordr = 3", "fad.toml:3:1: error: there is no option `ordr`"),
        ("[transfrom]\norder = 2", "fad.toml:1:2: error: there is no option `transfrom`"),
        ("[check]\nordr = 3", "fad.toml:2:1: error: there is no option `ordr`"),
        ("wrt = [1]", "fad.toml:1:1: error: `wrt` is not a text, or a list of them"),
        ("[check]\npoints = true", "fad.toml:2:1: error: `points` is not a whole number"),
        ("native = 1", "fad.toml:1:1: error: `native` is not `true` or `false`"),
        ("[transform]\norder = 3", "fad.toml:2:1: error: `order`: '3' is not one of '1', '2'"),
        ('surrogate = "x"', "fad.toml:1:1: error: `surrogate`: there is no slope for `x`"),
        ("order = 2", "fad.toml:1:1: error: `order` is no option of all commands"),
        ("transform = 2", "fad.toml:1:1: error: `transform` is a command"),
        ("wrt = \n", "fad.toml:1:7: error: this is no TOML: invalid value"),
        ("wrt = 'a'\nwrt = 'b'", "fad.toml:2:10: error: this is no TOML"),
        ("a = [", "fad.toml:1:6: error: this is no TOML"),
    ],
)
def test_mistakes_are_told_with_their_place(
    run: Run, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "fad.toml").write_text(text)
    done = run("transform", "sub/p.dsp")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert "^" in done.stderr
    assert run("transform", "--help").returncode == 0


def test_mistakes_in_a_pyproject(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.a]\norder = 1\n[tool.fad]\n[tool.fad.transform]\norder = 7\n")
    assert run("transform", "sub/p.dsp").stderr.startswith("pyproject.toml:5:1: error: `order`:")
    path.write_text("[tool]\nfad = 3\n")
    assert "pyproject.toml:2:1: error: `fad` is no table" in run("params", "sub/p.dsp").stderr
    path.write_bytes(b"\xff")
    assert "`pyproject.toml` is not a text in UTF-8" in run("params", "sub/p.dsp").stderr


def test_a_file_that_is_nested_deeply(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fad.toml").write_text("wrt = " + "[" * 100_000)
    done = run("params", "sub/p.dsp")
    assert (done.returncode, done.stderr) == (1, "error: `fad.toml` is nested too deeply\n")


@pytest.mark.skipif(sys.platform == "win32", reason="folders in use stay there")
def test_a_current_folder_that_was_removed(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "sub" / "p.dsp"
    (tmp_path / "fad.toml").write_text('wrt = "a"')
    for argument in (str(program), f"- < {program}"):
        (tmp_path / "gone").mkdir()
        done = subprocess.run(
            f"rmdir ../gone && {' '.join(COMMAND)} transform {argument}",
            shell=True,
            cwd=tmp_path / "gone",
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_named_has_to_be_there(run: Run, tmp_path: Path) -> None:
    assert "cannot read `none.toml`" in run("params", "sub/p.dsp", "--config", "none.toml").stderr
    (tmp_path / "pyproject.toml").write_text("")
    done = run("params", "sub/p.dsp", "--config", "pyproject.toml")
    assert done.returncode == 2 and "no table `[tool.fad]`" in done.stderr


@pytest.mark.parametrize(
    ("command", "key"),
    [
        *(("transform", key) for key in ("output", "manifest", "check", "explain", "direction")),
        *(("check", key) for key in ("trust", "allow-silent")),
        *(("run", key) for key in ("trust", "plot", "wav", "csv")),
        *(("call", key) for key in ("output", "jacobian", "trust")),
        ("diagram", "output"),
        ("estimate", "output"),
    ],
)
def test_a_project_cannot_say_what_only_the_user_may(
    run: Run, tmp_path: Path, command: str, key: str
) -> None:
    value = "true" if key in ("trust", "allow-silent", "explain") else '"made"'
    before = sorted(tmp_path.rglob("*"))
    tables = [f"[{command}]\n{key} = {value}\n"]
    if key != "check":  # which is a command, too
        tables.append(f"{key} = {value}\n")
    for text in tables:
        (tmp_path / "sub" / "fad.toml").write_text(text)
        needed = ("-o", "drawn") if command == "diagram" else ()
        done = run(command, "sub/p.dsp", *needed)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"`{key}` can be given on the command line only" in done.stderr
    (tmp_path / "sub" / "fad.toml").unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_every_option_is_a_project_s_or_the_user_s() -> None:
    """A new one has to be put on one of the two sides."""
    options = {
        name.removeprefix("--")
        for command in cli.commands.values()
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    }
    users = "allow-silent backend check config cost csv direction dual each estimate explain"
    users += " jacobian jobs json manifest midi mode no-config output plot preset report results"
    users += " scheduler targets trust verbose watch wav"
    assert options >= KEYS >= COMMON.keys()
    assert sorted(options - KEYS) == sorted(users.split())


def test_what_a_link_leads_to_is_not_quoted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password swordfish\n")
    (tmp_path / "sub" / "fad.toml").symlink_to(tmp_path / "secret")
    done = run("params", "sub/p.dsp")
    assert done.returncode == 1 and "sub/fad.toml:1:10: error: this is no TOML" in done.stderr
    assert "swordfish" not in done.stderr


def test_the_doctor_shows_the_file(run: Run, tmp_path: Path) -> None:
    assert "options of the project here: none\n" in run("doctor").stdout
    (tmp_path / "fad.toml").write_text("")
    assert f"options of the project here: {tmp_path / 'fad.toml'}\n" in run("doctor").stdout
    assert json.loads(run("doctor", "--json").stdout)["project"] == str(tmp_path / "fad.toml")
    (tmp_path / "fad.toml").write_text("a =")
    done = run("doctor")
    assert done.returncode == 1 and "fad.toml:1:4: error: this is no TOML" in done.stderr
    assert done.stdout.startswith("component")
