"""Programs as shared libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.base.source import Source
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.library import Control, Library, Voice
from fad.runtime.native import native_code
from tests.support.native import needs_compiler

pytestmark = needs_compiler

LOWPASS = """
cutoff = hslider("cutoff", 1000, 20, 20000, 1);
process = *(1 - exp(-cutoff/48000)) : + ~ *(exp(-cutoff/48000))
    <: _, (abs : hbargraph("level", 0, 1)) : _, *(hslider("gain", 1, 0, 1, 0.01));
"""
RATE = 48000


def library(engine: Engine, text: str, precision: NativePrecision = "double") -> Library:
    front = read(Request(Source("test.dsp", text)))
    box = front.evaluated().process
    code = native_code(box, engine, front.name, front.libraries.folders, precision=precision)
    return Library(code, RATE, precision)


@pytest.fixture(scope="module")
def lowpass(engine: Engine) -> Library:
    return library(engine, LOWPASS)


@pytest.fixture(scope="module")
def noise() -> Samples:
    return np.random.default_rng(1).uniform(-1, 1, (1, 1000))


def test_its_channels_and_widgets_are_told(lowpass: Library) -> None:
    assert (lowpass.inputs, lowpass.outputs) == (1, 2)
    assert set(lowpass.controls) == {"/cutoff", "/gain"}
    assert set(lowpass.bargraphs) == {"/level"}


@pytest.mark.parametrize("precision", ["single", "double"])
def test_it_computes_what_the_interpreter_does(
    engine: Engine, noise: Samples, precision: NativePrecision
) -> None:
    program = library(engine, LOWPASS, precision)
    outputs = np.empty((2, 1000), program.dtype)
    values = np.array([[500.0], [0.25]])
    voice = Voice(program)
    control = Control(program, ["/cutoff", "/gain"])
    voice.run(noise.astype(program.dtype), outputs, control, values)
    recording = fad.run(
        LOWPASS,
        seconds=1000 / RATE,
        rate=RATE,
        at={"cutoff": 500, "gain": 0.25},
        inputs=noise,
        native=False,
        engine=engine,
    )
    assert np.allclose(outputs, recording.outputs, rtol=0, atol=1e-6)
    assert voice.meters()["/level"] == pytest.approx(abs(outputs[0, -1]), rel=1e-6)


def test_blocks_and_pieces_are_the_same_run(lowpass: Library, noise: Samples) -> None:
    """Widgets that move every 64 samples, in one call and in one for each move."""
    values = np.random.default_rng(2).uniform(200, 5000, (1, 16))
    control = Control(lowpass, ["/cutoff"])
    whole = np.empty((2, 1000))
    voice = Voice(lowpass)
    voice.run(noise, whole, control, values, 64)
    voice.restart()
    for number in range(16):
        part = slice(64 * number, min(64 * (number + 1), 1000))
        piece = np.empty((2, part.stop - part.start))
        voice.run(noise[:, part].copy(), piece, control, values[:, [number]])
        assert np.array_equal(piece, whole[:, part])


def test_a_voice_goes_on_from_where_another_one_is(lowpass: Library, noise: Samples) -> None:
    first, second = Voice(lowpass), Voice(lowpass)
    half, one, other = (np.empty((2, 500)) for _ in range(3))
    left, right = np.split(noise, 2, axis=1)
    first.run(left.copy(), half)
    second.become(first)
    first.run(right.copy(), one)
    second.run(right.copy(), other)
    assert np.array_equal(one, other)
    second.restart()
    second.run(left.copy(), other)
    assert np.array_equal(half, other)


def test_a_program_with_long_memory_starts_again_as_it_did(engine: Engine) -> None:
    """Delay lines, tables that are written, and a number in the midst of a table of zeros."""
    program = library(
        engine,
        """
        index = (+(1) ~ _) - 1;
        place = index%4096;
        table = rwtable(4096, (place == 2000)*0.5, place, _, (place + 1)%4096);
        process = _ <: @(3000), table, *(hslider("gain", 0.25, 0, 1, 0.01)) :> + ~ *(0.5);
        """,
    )
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 5000))
    first, again, other = (np.empty((1, 5000)) for _ in range(3))
    voice = Voice(program)
    voice.run(noise, first, Control(program, ["/gain"]), np.array([[0.75]]))
    voice.restart()
    voice.run(noise, again)
    Voice(program).run(noise, other)
    assert np.array_equal(again, other)
    assert not np.array_equal(again, first)
    voice.restart()
    voice.run(noise, again, Control(program, ["/gain"]), np.array([[0.75]]))
    assert np.array_equal(again, first)


def test_short_delay_lines_are_rings(engine: Engine) -> None:
    """They do not move with each sample; what comes out is the same."""
    front = read(Request(Source("test.dsp", "process = + ~ *(0.5)@5 <: _, @(3);")))
    box = front.evaluated().process
    code = native_code(box, engine, front.name, front.libraries.folders).text
    assert "IOTA" in code and "for (int j" not in code
    usual = engine.cpp("process = + ~ *(0.5)@5 <: _, @(3);", "test.dsp")
    assert "IOTA" not in usual and "for (int j" in usual


def test_a_widget_that_is_left_out_can_be_among_those_that_move(engine: Engine) -> None:
    program = library(
        engine, 'process = attach(_, hslider("a", 0, 0, 1, 0.1)), hslider("b", 0, 0, 1, 0.1);'
    )
    outputs = np.empty((2, 4))
    control = Control(program, ["/a", "/b"])
    Voice(program).run(np.zeros((1, 4)), outputs, control, np.array([[1.0, 1], [0.25, 0.5]]), 2)
    assert outputs[1].tolist() == [0.25, 0.25, 0.5, 0.5]


def test_the_process_keeps_its_smallest_numbers(engine: Engine) -> None:
    program = library(engine, "process = *(1e-200) : *(1e-120);")
    outputs = np.empty((1, 1))
    Voice(program).run(np.ones((1, 1)), outputs)
    assert outputs[0, 0] == 0
    assert np.multiply(1e-200, 1e-120) > 0


def test_the_rate_is_part_of_a_program(engine: Engine) -> None:
    """A table that depends on the rate is shared by all voices of a library."""
    text = "SR = fconstant(int fSamplingFreq, <math.h>); process = rdtable(4, SR : float, 1);"
    front = read(Request(Source("test.dsp", text)))
    code = native_code(front.evaluated().process, engine, "test.dsp", ())
    slow, fast = (Library(code, rate, "double") for rate in (8000, 96000))
    for program, rate in ((slow, 8000), (fast, 96000), (slow, 8000)):
        outputs = np.empty((1, 1))
        Voice(program).run(np.empty((0, 1)), outputs)
        assert outputs[0, 0] == rate


def test_what_the_standard_compiler_wrote_is_kept(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAD_CACHE_DIR", str(tmp_path))
    front = read(Request('process = *(hslider("gain", 0.5, 0, 1, 0.01));'))
    box = front.evaluated().process
    code = native_code(box, engine, "kept.dsp", ())
    with Engine(time_limit=0) as none:
        assert native_code(box, none, "kept.dsp", ()) == code
        with pytest.raises(EngineError):
            native_code(box, none, "other.dsp", ())


def test_an_end_while_it_runs_is_quiet() -> None:
    script = """
import threading, numpy as np
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.library import Library, Voice
from fad.runtime.native import native_code
with Engine() as engine:
    box = read(Request("process = + ~ *(0.5) : sin;")).evaluated().process
    code = native_code(box, engine, "a", ())
voice = Voice(Library(code, 48000, "double"))
sound = np.ones((1, 40_000_000))
threading.Thread(target=voice.run, args=(sound, np.empty_like(sound)), daemon=True).start()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")


def test_back_in_time_is_forward_on_what_is_reversed(engine: Engine, noise: Samples) -> None:
    """A program with two cotangents and one lane of tape; widgets move every 300 samples."""
    program = library(
        engine,
        'g = hslider("g", 0, 0, 1, 0.1); process(a, b, t) = a*t : + ~ *(g), b, (a - b : + ~ *(g));',
    )
    cotangents, tape = np.vstack([noise, noise[:, ::-1] ** 2]), np.sin(noise)
    values = np.array([[0.1, 0.5, 0.9, 0.3]])
    control = Control(program, ["/g"])
    sums, rest = np.zeros((2, 4)), np.empty((1, 1000))
    Voice(program).run_back(cotangents, tape, sums, rest, control, values, 300)
    reversed_whole = np.vstack([cotangents, tape])[:, ::-1]
    voice = Voice(program)
    for number in reversed(range(4)):
        part = slice(1000 - min(300 * (number + 1), 1000), 1000 - 300 * number)
        given = reversed_whole[:, part].copy()
        outputs = np.empty_like(given)
        voice.run(given, outputs, control, values[:, [number]].copy())
        assert np.allclose(sums[:, number], outputs[:2].sum(axis=1), rtol=1e-12)
        assert np.array_equal(rest[:, ::-1][:, part], outputs[2:])
