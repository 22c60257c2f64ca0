"""Fits that are done elsewhere: what travels, and what it is known by."""

from __future__ import annotations

import json
import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import fad
from fad.base.errors import FadError
from fad.fitting.assembly import Targets
from fad.fitting.many import fit_many
from fad.fitting.store import Found, open_store
from fad.fitting.targets import Target
from fad.fitting.workers import Job
from fad.pipeline.front import Request
from fad.reporting.parcels import Packed, Parcel, fit_parcel, job_of, packed
from fad.reporting.preset import preset

PROGRAM = """import("stdfaust.lib");
import("parts/gains.lib");
process = loop : scaled;
"""
GAINS = 'scaled = *(hslider("gain", 0.5, 0, 1, 0.001));'
RATE = 8000
OPTIONS: dict[str, Any] = {"backend": "interpreter", "starts": 1}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that imports a file, and plays another one, which is short."""
    folder = tmp_path / "program"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "gains.lib").write_text(GAINS)
    path = folder / "player.dsp"
    path.write_text(
        PROGRAM + "loop = 0, ba.time : soundfile(\"own [url:{'loop.wav'}]\", 1) : !, !, _;\n"
    )
    noise = np.random.default_rng(0).uniform(-1, 1, 1000)
    soundfile.write(folder / "loop.wav", noise, 8000, subtype="FLOAT")
    return path


def test_a_program_travels_with_what_it_imports_and_plays(program: Path, tmp_path: Path) -> None:
    found: Packed = pickle.loads(pickle.dumps(packed(Request(program))))
    assert sorted(found.files) == ["loop.wav", "parts/gains.lib"]
    elsewhere = tmp_path / "elsewhere"
    source = found.unpacked(elsewhere)
    assert source.name == str(program)
    assert (elsewhere / "loop.wav").read_bytes() == (program.parent / "loop.wav").read_bytes()
    assert fad.expand(source).source == fad.expand(program).source


def test_what_lies_elsewhere_cannot_travel(program: Path, tmp_path: Path) -> None:
    (tmp_path / "far.wav").write_bytes((program.parent / "loop.wav").read_bytes())
    program.write_text(program.read_text().replace("loop.wav", "../far.wav"))
    with pytest.raises(FadError, match=r"far\.wav`, which is not below its folder"):
        packed(Request(program))


def test_files_of_the_folders_that_are_searched_travel(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "gains.lib").write_text(GAINS)
    text = 'import("gains.lib"); process = scaled;'
    found = packed(Request(text, include=[str(folder)]))
    assert [*found.files] == ["gains.lib"]
    assert fad.expand(found.unpacked(tmp_path / "elsewhere")).source.endswith(
        fad.expand(text, include=[folder]).source.splitlines()[-1] + "\n"
    )


# -- A fit -----------------------------------------------------------------------------------------

needs_joblib = pytest.mark.skipif(find_spec("joblib") is None, reason="needs joblib")


def recording(gain: float, *warnings: str) -> Targets:
    """What a gain makes of noise."""
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 800))
    return Targets((Target(gain * noise, noise, name=f"gain {gain}"),), RATE, warnings)


def test_it_is_the_fit_that_would_have_been_done_here(tmp_path: Path) -> None:
    text = f"{GAINS} process = scaled;\n"
    here = fad.fit(text, recording(0.25).values, rate=RATE, threads=1, **OPTIONS)
    program, read = packed(Request(text)), recording(0.25, "it was resampled")
    parcel = job_of(program, "quiet", b"", lambda: read, OPTIONS, "fad x").task()
    there = fit_parcel(pickle.loads(pickle.dumps(parcel)))
    assert abs(here.parameters["/gain"] - 0.25) < 0.01
    assert there.source == here.source
    assert there.preset == preset(here)
    assert there.report is not None and "fad x" in there.report
    told = json.loads(there.result)
    assert told["parameters"] == here.parameters
    assert told["loss"] == here.loss and told["evaluations"] == here.evaluations
    assert told["warnings"][0] == "it was resampled"
    assert fit_parcel(Parcel(parcel.program, parcel.targets, OPTIONS)).report is None


@needs_joblib
def test_processes_fit_many(tmp_path: Path) -> None:
    program = packed(Request(f"{GAINS} process = scaled;\n"))
    gains = (0.125, 0.75, 0.875)

    def job(gain: float) -> Job:
        return job_of(program, f"{gain}", b"%f" % gain, lambda: recording(gain), OPTIONS)

    jobs = [job(gain) for gain in gains]
    with open_store(tmp_path / "results.sqlite") as store:
        assert fit_many(jobs, fit_parcel, store, jobs_at_once=2).done == 3
        for gain, each in zip(gains, jobs, strict=True):
            (row,) = store.rows(each.key)
            assert isinstance(row.outcome, Found)
            assert abs(json.loads(row.outcome.result)["parameters"]["/gain"] - gain) < 0.01


def test_a_fit_that_was_stopped_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fad.fitting.search.Race.run", stop)
    with pytest.raises(KeyboardInterrupt):
        fit_parcel(Parcel(packed(Request(f"{GAINS} process = scaled;\n")), recording(0.5), OPTIONS))


# -- Keys ------------------------------------------------------------------------------------------


def key(**changes: Any) -> str:
    """What a job is known by, with something else in it."""
    program = Packed("x.dsp", "process = _;", {"a.lib": b"a = 1;"})
    given: dict[str, Any] = {"program": program, "name": "kick", "content": b"RIFF"}
    given |= {"targets": lambda: recording(1), "options": {"seed": 1, "freeze": {"q": 2}}}
    return job_of(**{**given, **changes}).key


def test_names_are_no_part_of_the_key() -> None:
    program = Packed("y.dsp", "process = _;", {"a.lib": b"a = 1;"})
    assert key() == key() == key(name="snare") == key(program=program)
    assert key() == key(options={"freeze": {"q": 2}, "seed": 1})


@pytest.mark.parametrize(
    "changes",
    [
        {"program": Packed("x.dsp", "process = !;", {"a.lib": b"a = 1;"})},
        {"program": Packed("x.dsp", "process = _;", {"a.lib": b"a = 2;"})},
        {"program": Packed("x.dsp", "process = _;", {"b.lib": b"a = 1;"})},
        {"content": b"FORM"},
        {"options": {"seed": 2, "freeze": {"q": 2}}},
        {"options": {"seed": 1, "freeze": {"q": 3}}},
        {"options": {"seed": 1, "freeze": {"q": 2}, "rules": fad.Source("r", "d_f = _;")}},
        {"command": "fad fit --report"},
    ],
)
def test_all_else_is_a_part_of_the_key(changes: dict[str, Any]) -> None:
    assert key(**changes) != key()


def test_the_text_of_rules_is_a_part_of_the_key() -> None:
    one, other = (key(options={"rules": fad.Source("r", text)}) for text in ("a = 1;", "a = 2;"))
    assert one != other
