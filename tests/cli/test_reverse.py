"""`fad transform --mode reverse`: three programs and a manifest, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fad
from tests.support.commands import Run, command_line

GAIN = 'process = _*hslider("gain", 1, 0, 2, 0.1);'
FILES = ["gain.adjoint.dsp", "gain.control.dsp", "gain.forward.dsp", "gain.json"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, with programs in it."""
    (tmp_path / "gain.dsp").write_text(GAIN)
    (tmp_path / "pole.dsp").write_text('process = + ~ *(hslider("pole", 0.5, 0, 0.9, 0.01));')
    (tmp_path / "wrong.dsp").write_text("process = nothing;")
    return command_line(tmp_path)


def made(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_are_those_of_the_library(run: Run, tmp_path: Path) -> None:
    done = run("transform", "--mode", "reverse", "gain.dsp", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == FILES
    programs = fad.transform(tmp_path / "gain.dsp", mode="reverse")
    assert (tmp_path / "out" / "gain.forward.dsp").read_text() == programs.forward
    assert (tmp_path / "out" / "gain.adjoint.dsp").read_text() == programs.adjoint
    assert (tmp_path / "out" / "gain.control.dsp").read_text() == programs.control
    manifest = json.loads((tmp_path / "out" / "gain.json").read_text())
    assert manifest == programs.manifest()
    assert (manifest["mode"], manifest["outputs"], manifest["tape"]) == (
        "reverse",
        ["y"],
        ["x"],
    )
    assert [each["path"] for each in manifest["parameters"]] == ["/gain"]
    assert done.stderr.splitlines()[0] == "wrote out/gain.forward.dsp"


def test_several_programs(run: Run, tmp_path: Path) -> None:
    done = run("transform", "--mode", "reverse", "gain.dsp", "wrong.dsp", "pole.dsp", "-o", "out")
    assert done.returncode == 1
    assert "wrong.dsp:1:11: error: undefined symbol `nothing`" in done.stderr
    assert len(made(tmp_path / "out")) == 8


def test_an_input(run: Run, tmp_path: Path) -> None:
    done = run("transform", "--mode", "reverse", "--wrt", "input:0", "gain.dsp", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == ["gain.adjoint.dsp", "gain.forward.dsp", "gain.json"]
    assert json.loads((tmp_path / "out" / "gain.json").read_text())["inputs"] == ["input:0"]


def test_auto_writes_the_files_of_the_cheaper_mode(run: Run, tmp_path: Path) -> None:
    chain = 'seq(i, 8, (+ ~ *(hslider("p%i", 0.5, 0, 0.9, 0.01)))*hslider("g%i", 1, 0, 2, 0.1))'
    (tmp_path / "chain.dsp").write_text(f"process = {chain};")
    done = run("transform", "--mode", "auto", "gain.dsp", "chain.dsp", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == [
        *(f"chain.{name}" for name in ("adjoint.dsp", "control.dsp", "forward.dsp", "json")),
        "gain.dual.dsp",
        "gain.json",
    ]
    assert "gain.dsp: forward mode, which takes about " in done.stderr
    assert "chain.dsp: reverse mode, which takes about " in done.stderr
    dual = (tmp_path / "out" / "gain.dual.dsp").read_text()
    assert dual == fad.transform(tmp_path / "gain.dsp").source
    for stem, mode in (("gain", "forward"), ("chain", "reverse")):
        manifest = json.loads((tmp_path / "out" / f"{stem}.json").read_text())
        assert manifest["mode"] == manifest["cost"]["cheaper"] == mode


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["gain.dsp"], "`--mode auto` writes several files: name a folder, `-o DIR`"),
        (["gain.dsp", "-o", "out", "--direction", "gain=1"], "`--direction` asks for other things"),
        (["gain.dsp", "-o", "out", "--order", "2"], "`--order` is about forward mode"),
        (["gain.dsp", "sub/gain.dsp", "-o", "out"], "would both go to `gain.json`"),
    ],
)
def test_usage_of_auto(run: Run, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    done = run("transform", "--mode", "auto", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_direction(run: Run, tmp_path: Path) -> None:
    done = run("transform", "--mode", "reverse", "--direction", "gain=2", "gain.dsp", "-o", "out")
    assert done.returncode == 0, done.stderr
    programs = fad.transform(tmp_path / "gain.dsp", mode="reverse", direction={"gain": 2})
    assert (tmp_path / "out" / "gain.adjoint.dsp").read_text() == programs.adjoint
    manifest = json.loads((tmp_path / "out" / "gain.json").read_text())
    assert manifest["outputs"] == ["y", "dy/ddirection"]
    assert manifest["direction"] == {"gain": 2}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["gain.dsp"], "name a folder, `-o DIR`"),
        (["gain.dsp", "-o", "out", "--only", "primal"], "`--only` is about forward mode"),
        (["gain.dsp", "-o", "out", "--order", "2"], "`--order` is about forward mode"),
        (["gain.dsp", "-o", "out", "--explain"], "`--explain` is about forward mode"),
        (["gain.dsp", "-o", "out", "--manifest", "x"], "`--manifest` is about forward mode"),
        (["gain.dsp", "-o", "out", "--check", "x"], "`--check` is about forward mode"),
        (["gain.dsp", "sub/gain.dsp", "-o", "out"], "would both go to `gain.forward.dsp`"),
    ],
)
def test_usage(run: Run, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    done = run("transform", "--mode", "reverse", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["wrong.dsp", "-o", "out"], "undefined symbol"),
        (["gain.dsp", "-o", "none/out"], "the folder it is in does not exist"),
        (["gain.dsp", "-o", "gain.dsp"], "it is a file"),
    ],
)
def test_nothing_is_written_after_an_error(
    run: Run, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    before = made(tmp_path)
    done = run("transform", "--mode", "reverse", *arguments)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert made(tmp_path) == before


def test_files_are_written_together_or_not_at_all(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "gain.adjoint.dsp").write_text("old")
    (out / "gain.json").mkdir()
    done = run("transform", "--mode", "reverse", "gain.dsp", "-o", "out")
    assert done.returncode == 1
    assert made(out) == ["gain.adjoint.dsp", "gain.json", "mine.txt"]
    assert (out / "gain.adjoint.dsp").read_text() == "old"
    (out / "gain.json").rmdir()
    assert run("transform", "--mode", "reverse", "gain.dsp", "-o", "out").returncode == 0
    assert made(out) == sorted([*FILES, "mine.txt"])
    assert (out / "gain.adjoint.dsp").read_text() != "old"


def test_no_program_is_replaced_by_its_own_results(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.dsp").write_text(
        'import("a.forward.dsp"); process = f(hslider("a", 1, 0, 2, 1));'
    )
    (tmp_path / "a.forward.dsp").write_text("f(x) = x*x;")
    done = run("transform", "--mode", "reverse", "a.dsp", "-o", ".")
    assert done.returncode == 1
    assert "which is read: it would overwrite the source" in done.stderr
    assert (tmp_path / "a.forward.dsp").read_text() == "f(x) = x*x;"


def test_the_library_refuses_what_forward_mode_has_only() -> None:
    with pytest.raises(fad.FadError, match="first derivatives"):
        fad.transform(GAIN, mode="reverse", order=2)  # type: ignore[call-overload]
    with pytest.raises(fad.FadError, match="there is no mode `sideways`"):
        fad.transform(GAIN, mode="sideways")  # type: ignore[call-overload]
