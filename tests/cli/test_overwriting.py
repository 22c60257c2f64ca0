"""No command destroys what it reads, or writes two results to one file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line
from tests.support.sounds import write_wav

FILES = {
    "p.dsp": 'import("a.lib"); process = _*g;',
    "a.lib": 'import("b.lib"); g = hslider("g", 0.5, 0, 1, 0.01)*b;',
    "b.lib": "b = 2;",
    "part.dsp": "process = _;",
    "q.dsp": 'process = _*hslider("g", 1, 0, 2, 0.1) : component("part.dsp");',
    "model.dsp": 'process = _*hslider("m", 0.5, 0, 1, 0.01);',
    "rules.dsp": "d_f(x) = 1;",
    "own.dsp": 'process = ffunction(float f(float), "own.h", "")(_) + hslider("g", 1, 0, 2, 0.1);',
    "own.h": "inline double f(double x) { return x; }",
    "sound.dsp": "process = 0,_ : soundfile(\"s[url:{'in.wav'}]\", 1) : !,!,_;",
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    write_wav(tmp_path / "in.wav", np.full((1, 100), 0.25))
    (tmp_path / "link.dsp").symlink_to("a.lib")
    os.link(tmp_path / "a.lib", tmp_path / "hard.lib")
    (tmp_path / "folder").mkdir()
    return command_line(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        *(f"{command} p.dsp -o p.dsp" for command in ("expand", "transform", "estimate")),
        "transform ./folder/../p.dsp -o p.dsp",
        "expand p.dsp -o a.lib",
        "transform p.dsp -o b.lib",
        "transform p.dsp -o ./link.dsp",
        "transform p.dsp -o hard.lib",
        "expand q.dsp -o part.dsp",
        "transform p.dsp --explain -o a.lib",
        "transform p.dsp --manifest b.lib",
        "transform p.dsp -o new.dsp --manifest p.dsp",
        "transform q.dsp --rules rules.dsp -o rules.dsp",
        "transform q.dsp --wrt g --rules rules.dsp --manifest rules.dsp",
        "estimate q.dsp --estimate model.dsp -o model.dsp",
        "estimate q.dsp --input in.wav -o in.wav",
        "expand own.dsp -o own.h",
        "expand sound.dsp -o in.wav",
        "run q.dsp --seconds 0.001 --interpreter --csv part.dsp",
        "run q.dsp --seconds 0.001 --interpreter --wav q.dsp",
        "run q.dsp --seconds 0.001 --interpreter --input in.wav --wav in.wav",
        "run sound.dsp --seconds 0.001 --wav in.wav",
        "run p.dsp --seconds 0.001 --interpreter --csv b.lib",
    ],
)
def test_what_is_read_is_not_overwritten(command: str, run: Run, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    done = run(*command.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert "would overwrite the source" in done.stderr
    assert {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


@pytest.mark.parametrize(
    "command",
    [
        "transform q.dsp -o m.json --manifest ./m.json",
        "transform q.dsp -o m.json --manifest folder/../m.json",
        "transform q.dsp -o m.json --manifest linked.json",
        "transform q.dsp --manifest -",
        "transform q.dsp -o /dev/stdout --manifest -",
        "run q.dsp --seconds 0.001 --interpreter --csv ./x --wav x",
    ],
)
def test_two_results_do_not_go_to_one_file(command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "linked.json").symlink_to("m.json")  # which is not there
    done = run(*command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot go to the same file" in done.stderr
    assert not (tmp_path / "m.json").exists() and not (tmp_path / "x").exists()


@pytest.mark.parametrize("manifest", ["no/m.json", "no/", "q.dsp/m.json", "q.dsp/"])
def test_an_impossible_result_is_told_before_another_is_written(
    manifest: str, run: Run, tmp_path: Path
) -> None:
    for output in ("-", "out.dsp"):
        for more in ((), ("--explain",)):
            done = run("transform", "q.dsp", "-o", output, "--manifest", manifest, *more)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("error: cannot write `")
    assert not (tmp_path / "out.dsp").exists()


def test_the_standard_streams_are_files_too(run: Run, tmp_path: Path) -> None:
    command = f"{' '.join(COMMAND)} transform"
    for line in (
        f"{command} - -o q.dsp < q.dsp",
        f"{command} q.dsp >> q.dsp",
        f"{command} q.dsp --manifest out.dsp > out.dsp",
    ):
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, encoding="utf-8"
        )
        assert done.returncode in (1, 2), line
        assert "error: " in done.stderr
        assert (tmp_path / "q.dsp").read_text() == FILES["q.dsp"]


def test_results_may_go_where_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    assert run("transform", "q.dsp", "-o", "/dev/null", "--manifest", "/dev/null").returncode == 0
    assert run("transform", "q.dsp", "-o", "a.lib", "--manifest", "m.json").returncode == 0
    done = run("transform", "q.dsp", "--manifest", "m.json", "--explain")
    assert done.returncode == 0 and '"outputs"' in (tmp_path / "m.json").read_text()
    assert "because" in done.stdout and "process" not in done.stdout.splitlines()[0]
    done = run("transform", "-", "--explain", "-o", "o.dsp", input=FILES["model.dsp"])
    assert done.returncode == 0 and "process" in (tmp_path / "o.dsp").read_text()
