"""`fad fit --each`: a preset for each of many recordings."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, get_args

import click
import numpy as np
import pytest

from fad.batches.many import Backend
from fad.batches.store import open_store
from fad.cli import fit_many
from fad.cli.fit import fit
from fad.cli.main import main
from fad.runtime.sounds import sound_of

RATE = 8000
PROGRAM = 'gain = hslider("gain", 0.5, 0, 1, 0.001);\nprocess = *(gain);\n'
GAINS = {"kick": 0.125, "snare": 0.75, "tom": 0.875}
#: In 32 bits, as in files.
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 400)).astype("f4").astype("f8")


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, *arguments: str, names: Sequence[str] = ...) -> Done: ...


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, where a program and recordings are."""
    pytest.importorskip("joblib")
    (tmp_path / "amp.dsp").write_text(PROGRAM)
    (tmp_path / "dry.wav").write_bytes(sound_of(NOISE, RATE))
    (tmp_path / "drums").mkdir()
    (tmp_path / "out").mkdir()
    for name, gain in GAINS.items():
        (tmp_path / "drums" / f"{name}.wav").write_bytes(sound_of(gain * NOISE, RATE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fad(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `fad fit amp.dsp` for some recordings in this process, as the command line does."""
    monkeypatch.setattr("fad.cli.main._end_cleanly", lambda: None)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # for what changes it

    def run(*arguments: str, names: Sequence[str] = tuple(GAINS)) -> Done:
        recordings = [f"drums/{name}.wav" for name in names]
        monkeypatch.setattr(sys, "argv", ["fad", "fit", "amp.dsp", *recordings, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capfd.readouterr())

    return run


EACH = (
    *("--each", "--input", "dry.wav", "--interpreter", "--starts", "1"),
    *("--backend", "threading", "--jobs", "2", "--results", "fits.sqlite"),
)


def gain_of(path: Path) -> float:
    """The gain in a preset."""
    (found,) = json.loads(path.read_text())["parameters"]
    return float(found["value"])


def test_each_recording_has_a_preset_a_program_and_a_report(fad: Run, folder: Path) -> None:
    done = fad(*EACH, "-o", "out", "--preset", "out", "--report", "out")
    assert done.code == 0, done.stderr
    for name, gain in GAINS.items():
        assert abs(gain_of(folder / "out" / f"{name}.json") - gain) < 0.01
        literal = re.search(r'"gain", ([\d.]+),', (folder / "out" / f"{name}.dsp").read_text())
        assert literal is not None and abs(float(literal[1]) - gain) < 0.01
        assert "fad fit amp.dsp" in (folder / "out" / f"{name}.html").read_text()
        told = f"{gain_of(folder / 'out' / f'{name}.json'):.6g}"
        assert re.search(rf"drums/{name}\.wav +\S+ +{told}\n", done.stdout)
    assert done.stderr == "wrote out\n3 of 3 recordings are fitted\n"
    assert len([*(folder / "out").iterdir()]) == 9


def test_a_second_run_does_the_rest(fad: Run, folder: Path) -> None:
    assert fad(*EACH, names=["kick"]).code == 0
    with open_store(folder / "fits.sqlite") as store:
        before = [row for key, _ in store.states() for row in store.rows(key)]
    done = fad(*EACH, "--preset", "out")
    assert done.code == 0
    assert "3 of 3 recordings are fitted, 1 of them before" in done.stderr
    assert sorted(path.stem for path in (folder / "out").iterdir()) == sorted(GAINS)
    with open_store(folder / "fits.sqlite") as store:
        assert store.rows(before[0].key) == before
        assert len(store.states()) == 3


@pytest.mark.parametrize("change", ["input", "option"])
def test_what_has_changed_is_fitted_again(fad: Run, folder: Path, change: str) -> None:
    assert fad(*EACH, names=["kick"]).code == 0
    if change == "input":
        (folder / "dry.wav").write_bytes(sound_of(0.9 * NOISE, RATE))
    more = ["--bounds", "gain=0.01:0.9"] if change == "option" else []
    done = fad(*EACH, *more, names=["kick"])
    assert (done.code, "before" in done.stderr) == (0, False)


def test_a_recording_that_fails_is_told_and_the_others_are_fitted(fad: Run, folder: Path) -> None:
    (folder / "drums" / "snare.wav").write_bytes(b"no sound at all")
    done = fad(*EACH, "--preset", "out")
    assert done.code == 1
    assert "drums/snare.wav: error: " in done.stderr
    assert (
        "2 of 3 recordings are fitted; 1 failed, which the same command tries again" in done.stderr
    )
    assert sorted(path.stem for path in (folder / "out").iterdir()) == ["kick", "tom"]
    again = fad(*EACH)
    assert again.code == 1
    assert "1 that failed before are tried again" in again.stderr


def test_what_is_done_is_kept_when_it_is_stopped(
    fad: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_of = fit_many._tell_of

    def stop(row: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_many, "_tell_of", stop)
    done = fad(*EACH)
    assert done.code == 130
    assert "stopped: 1 of 3 recordings are fitted, and kept in `fits.sqlite`" in done.stderr
    assert "the same command does the rest" in done.stderr
    monkeypatch.setattr(fit_many, "_tell_of", tell_of)
    assert "3 of 3 recordings are fitted, 1 of them before" in fad(*EACH).stderr


def test_a_file_of_settings_names_them(fad: Run, folder: Path) -> None:
    pytest.importorskip("yaml")
    targets = [
        {"target": "drums/kick.wav", "input": "dry.wav", "name": "one"},
        {"target": "drums/tom.wav", "input": "dry.wav"},
    ]
    (folder / "drums.json").write_text(json.dumps(targets))
    each = [each for each in EACH if each not in ("--input", "dry.wav")]
    done = fad(*each, "--targets", "drums.json", "--preset", "out", names=[])
    assert done.code == 0, done.stderr
    assert sorted(path.stem for path in (folder / "out").iterdir()) == ["one", "tom"]


# -- What cannot be done ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--jobs", "2"], "`--jobs` is for many fits: say `--each`"),
        (["--results", "x.sqlite"], "`--results` is for many fits: say `--each`"),
        (["--each"], "name the file where results are kept"),
        (["--each", "--results", "x.sqlite", "--separate", "gain"], "all parameters are separate"),
        (["--each", "--results", "x.sqlite", "--preset", "-"], "needs files and folders"),
        (["--each", "--results", "-"], "needs files and folders"),
        (["--each", "--results", "x.sqlite", "--jobs", "0"], "0 is not in the range"),
    ],
)
def test_options_that_do_not_go_together(
    fad: Run, folder: Path, arguments: list[str], told: str
) -> None:
    done = fad("--input", "dry.wav", *arguments)
    assert done.code == 2
    assert told in done.stderr
    assert not (folder / "x.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--preset", "none"], "make it first: `mkdir none`"),
        (["--preset", "amp.dsp"], "`amp.dsp` is no folder, for what comes of many fits"),
        (["--results", "amp.dsp"], "amp.dsp"),
        (["--results", "drums/kick.wav"], "drums/kick.wav"),
        (["--scheduler", "tcp://127.0.0.1:9"], "the backend `threading` has no scheduler"),
    ],
)
def test_what_cannot_be_written_or_reached_is_told_before_anything_is_fitted(
    fad: Run, folder: Path, arguments: list[str], told: str
) -> None:
    done = fad(*EACH, *arguments)
    assert done.code == 1
    assert told in done.stderr
    assert done.stderr.count("error: ") == 1
    assert (folder / "amp.dsp").read_text() == PROGRAM


def test_two_recordings_do_not_go_to_one_file(fad: Run, folder: Path) -> None:
    (folder / "drums" / "more").mkdir()
    (folder / "drums" / "more" / "kick.wav").write_bytes(sound_of(0.25 * NOISE, RATE))
    done = fad(*EACH, "--preset", "out", names=["kick", "more/kick"])
    assert done.code == 2
    assert "would both go to `out/kick.json`" in done.stderr


def test_the_backends_are_those_that_there_are() -> None:
    (option,) = (each for each in fit.params if each.name == "backend")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == get_args(Backend)
