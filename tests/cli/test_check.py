"""The command `fad check`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fad.checking.report import DotProduct, DotProducts, Pair, Report
from fad.cli.options import colours
from fad.cli.reports import check_table
from tests.support.commands import ENVIRONMENT, Run, command_line
from tests.support.programs import SYNTH
from tests.support.sounds import write_wav


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `synth.dsp` is."""
    (tmp_path / "synth.dsp").write_text(SYNTH)
    return command_line(tmp_path)


def test_check_shows_a_table(run: Run) -> None:
    done = run("check", "synth.dsp", "--seconds", "0.01")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[:3] for line in lines[1:5]] == [
        ["0", "/synth/freq", "zero"],
        ["0", "/synth/gain", "agrees"],
        ["1", "/synth/freq", "agrees"],
        ["1", "/synth/gain", "zero"],
    ]
    assert done.stdout.endswith(
        "synth.dsp: 441 samples at 44100 Hz, 3 points; 4 derivatives: 2 zero, 2 agree\n"
    )


def test_check_as_json_at_another_point(run: Run) -> None:
    done = run("check", "synth.dsp", "--json", "--wrt", "g*", "--at", "gate=1, gain=0.2")
    data = json.loads(done.stdout)
    assert data["passed"] is True
    assert [(pair["parameter"], pair["verdict"]) for pair in data["pairs"]] == [
        ("/synth/gain", "agrees"),
        ("/synth/gate", "zero"),
        ("/synth/gain", "zero"),
        ("/synth/gate", "agrees"),
    ]


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("gain=2", "2 is outside the range of `/synth/gain`"),
        ("volume=1", "no widget is called `volume`"),
        ("gain", "`gain` is no value"),
        ("gain=loud", "`gain=loud` is no value"),
    ],
)
def test_check_at_a_bad_point(run: Run, at: str, message: str) -> None:
    done = run("check", "synth.dsp", "--at", at)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}\n")


def test_check_warns_of_quantisers(run: Run, tmp_path: Path) -> None:
    (tmp_path / "int.dsp").write_text('process = int(hslider("p", 1, 0, 2, 0.1));')
    done = run("check", "int.dsp")
    assert "quantised" in done.stdout
    assert done.stderr.startswith("warning: the derivative by /p is zero")
    assert done.returncode == 0


def test_check_says_what_a_program_stops_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "stop.dsp").write_text(
        'df = library("fad.lib"); p = hslider("p", 1, 0, 2, 0.1); process = df.stop(p)*p;'
    )
    done = run("check", "stop.dsp")
    assert "\nstopped: the program stops or bounds the derivative" in done.stdout
    assert done.returncode == 0


def test_check_names_a_rule_that_may_be_wrong(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.dsp").write_text(
        'square(x) = x*x;\nd_square(x) = x;\nprocess = square(hslider("p", 1, 0, 2, 0.1));'
    )
    done = run("check", "wrong.dsp")
    assert "mismatch" in done.stdout
    assert done.stderr.startswith("warning: the rule `d_square` at wrong.dsp:2:1 may be wrong")
    assert done.returncode == 1


GATED = 'process = _*button("gate")*hslider("gain", 0.5, 0, 1, 0.01);'


def test_a_gated_program_is_tested(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gated.dsp").write_text(GATED)
    done = run("check", "gated.dsp", "--seconds", "0.01", "--points", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1 point; 1 derivative: 1 agrees\n")


def test_where_nothing_is_tested_the_check_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gated.dsp").write_text(GATED)
    options = ("check", "gated.dsp", "--seconds", "0.01", "--at", "gate=0")
    done = run(*options)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-3:] == [
        "output 0 is silent: nothing was tested there",
        "no derivative is other than zero: nothing was tested",
        'hint: press `--at "/gate=1"`, or run longer: `--seconds 0.5`, or move what silences it '
        "with `--at`; `--allow-silent` says that it is right",
    ]
    assert run(*options, "--allow-silent").returncode == 0
    data = json.loads(run(*options, "--json").stdout)
    assert (data["tested"], data["silent"], data["unpressed"]) == (False, [0], ["/gate"])


def test_a_program_without_variables_is_not_tested(run: Run) -> None:
    done = run("check", "-", input="process = _;")
    assert done.returncode == 3
    assert "there is nothing to differentiate by: nothing was tested\n" in done.stdout


def test_a_press_at_a_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gated.dsp").write_text(GATED)
    at = ("--at", "0.005:gate=1", "--at", "0.007:gate=0", "--at", "gain=0.3")
    done = run("check", "gated.dsp", "--seconds", "0.01", *at)
    assert done.stdout.endswith("1 point; 1 derivative: 1 agrees\n")


def test_verbose_has_a_line_for_each_point(run: Run) -> None:
    done = run("check", "synth.dsp", "--seconds", "0.01", "--points", "2", "--verbose")
    lines = done.stdout.splitlines()
    assert [line.split()[-1] for line in lines[1:9]] == ["1", "1", "1", "1", "2", "2", "2", "2"]
    assert lines[-2] == "point 1: the initial values"
    option = lines[-1].removeprefix('point 2: --at "').removesuffix('"')
    again = run("check", "synth.dsp", "--json", "--points", "1", "--at", option)
    assert json.loads(again.stdout)["points"] == [
        {path: float(value) for path, value in (part.split("=") for part in option.split(","))}
    ]


def test_the_table_explains_jumps_and_kinks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "edges.dsp").write_text(
        't = +(1) ~ _; p = hslider("p", 0.5, 0, 1, 0.1);'
        "process = p*_ + (t > 99.5 + p), (1 + abs(p - 0.5))*_;"
    )
    done = run("check", "edges.dsp", "--seconds", "0.05", "--points", "1")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[1][:3] + rows[1][4:6] == ["0", "/p", "jump", ">99.9%", "99"]
    assert rows[2][:5] == ["1", "/p", "kink", "0%", "0"]
    assert [" ".join(row[:2]) for row in rows[4:]] == ["jump: the", "kink: the", "point 1:"]


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_verdicts_are_coloured_on_terminals(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (colours() is not None) is coloured


def test_colours_change_nothing_else() -> None:
    pair = Pair(0, "/p", 0, "mismatch", 0.5, 1e-4, None, 3, 1.0, 0.5)
    report = Report("p.dsp", 10, 44100, "double", ({},), (pair,), (), (), (), (), (), ())
    plain, coloured = check_table(report), check_table(report, colours="standard")
    assert "\x1b" not in plain
    assert "\x1b[1;31mmismatch\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


BROKEN = """
import sys
from fad.differentiation import operations
from fad.differentiation.rules import DERIVATIVES, Partials
operations.DERIVATIVES = {**DERIVATIVES, "sin": Partials("sin(x)")}
from fad.cli.main import main
sys.argv = ["fad", "check", "synth.dsp"]
main()
"""


def test_check_fails_on_a_mismatch(run: Run, tmp_path: Path) -> None:
    run("params", "synth.dsp")
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        cwd=tmp_path,
        env={**ENVIRONMENT, "FAD_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1, done.stderr
    assert "1 mismatch" in done.stdout


def test_check_on_a_file(run: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.random.default_rng(1).uniform(-1, 1, (2, 100)))
    write_wav(tmp_path / "in.flac", np.random.default_rng(1).uniform(-1, 1, (2, 100)))
    done = run("check", "synth.dsp", "--input", "in.wav")
    assert done.returncode == 0
    assert "100 samples at 8000 Hz" in done.stdout
    flac = run("check", "synth.dsp", "--input", "in.flac", "--rate", "48000")
    assert flac.returncode == 0 and "100 samples at 48000 Hz" in flac.stdout


def test_check_on_a_mono_file(run: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.zeros((1, 100)))
    done = run("check", "synth.dsp", "--input", "in.wav")
    assert done.returncode == 1
    assert done.stderr == (
        "error: the input has 1 channel, the program has 2 audio inputs\n"
        "hint: give a channel for each input\n"
    )


def test_check_of_reverse_mode(run: Run) -> None:
    done = run("check", "synth.dsp", "--mode", "reverse", "--seconds", "0.01", "--points", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    rows = [line.split() for line in lines]
    assert rows[0][0] == "reverse"
    assert [(row[0], row[3]) for row in rows[1:4]] == [
        ("whole", "agrees"),
        ("split", "agrees"),
        ("moving", "agrees"),
    ]
    for row in rows[1:4]:
        assert float(row[1]) == pytest.approx(float(row[2]), rel=1e-9)
        assert float(row[1]) != 0
    assert lines[4:] == [
        "synth.dsp: 441 samples at 44100 Hz, 2 points; in reverse mode 3 tests: 3 agree",
        "reverse mode, with 2 lanes of tape and blocks of 55 samples, by:",
        "  /synth/freq",
        "  /synth/gain",
    ]


def test_check_of_both_modes_tells_what_reverse_mode_refuses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "written.dsp").write_text(
        'process = rwtable(8, 0.0, 1, *(hslider("a", 0.5, 0, 1, 0.1)), 1);'
    )
    options = ("check", "written.dsp", "--seconds", "0.01", "--points", "1", "--mode", "both")
    done = run(*options)
    assert done.returncode == 1
    assert "1 derivative: 1 agrees; in reverse mode nothing to compare\n" in done.stdout
    assert done.stderr.startswith("written.dsp:1:11: error: cannot differentiate in reverse mode")
    data = json.loads(run(*options, "--json").stdout)
    assert (data["mode"], data["passed"], len(data["pairs"])) == ("both", False, 1)
    assert "`rwtable` is written to" in data["dot_products"]["refusal"]


def test_reverse_mode_tells_what_it_has_not_tested(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gated.dsp").write_text(GATED)
    options = ("--seconds", "0.01", "--mode", "reverse", "--points", "1", "--at", "gate=0")
    done = run("check", "gated.dsp", *options)
    assert done.returncode == 3
    assert done.stdout.splitlines()[4:] == [
        "gated.dsp: 441 samples at 44100 Hz, 1 point; in reverse mode 3 tests: 3 zero",
        "zero in reverse mode: both derivatives are 0, which tests nothing",
        "reverse mode, with 1 lane of tape and blocks of 55 samples, by:",
        "  /gain: no effect here, so not tested",
        "output 0 is silent: nothing was tested there",
        "no derivative of reverse mode is other than zero: nothing was tested",
        'hint: press `--at "/gate=1"`, or run longer: `--seconds 0.5`, or move what silences it '
        "with `--at`; `--allow-silent` says that it is right",
        'point 1: --at "/gate=0"',
    ]


def products(count: int, *suspects: str) -> Report:
    """A report with a mismatch in reverse mode, by so many variables."""
    product = DotProduct("moving", 0, "mismatch", 1.0, 2.0, 0.5, 1e-10, None, suspects)
    paths = tuple(f"/p{number}" for number in range(count))
    found = DotProducts(paths, (product,), (), (), (), 64, 3)
    empty: tuple[Pair, ...] = ()
    return Report(
        *("p.dsp", 10, 44100, "double", ({},), empty, (), (), (), (), (), ()),
        mode="reverse",
        dot_products=found,
    )


def test_a_mismatch_in_reverse_mode_names_the_variables() -> None:
    lines = check_table(products(30, "/p1", "/p25")).splitlines()
    assert lines[1].split() == ["moving", "1", "2", "mismatch", "5.0e-01", "1"]
    assert lines[2].endswith("1 point; in reverse mode 1 test: 1 mismatch")
    assert lines[3] == "mismatch in reverse mode: forward and reverse mode differ"
    named = [line for line in lines if line.endswith("differ along it alone")]
    assert [line.split(":")[0] for line in named] == ["  /p1", "  /p25"]
    assert "  and 9 others, which `--verbose` names" in lines
    assert lines[-1] == "point 1: the initial values"
    assert "others" not in check_table(products(30), verbose=True)
    assert not products(1).passed
