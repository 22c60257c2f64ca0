"""Gradients, by native code and in libfaust's interpreter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.base.errors import EngineError
from fad.model import gradient as module
from fad.model import units
from fad.model.gradient import Gradient
from fad.model.notices import InterpreterWarning
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.support.native import needs_compiler
from tests.support.places import STANDARD_EXAMPLES
from tests.support.sounds import write_wav

RATE = 32000
#: A filter whose cutoff and gain vary, with a delay that does, too, and a meter.
PROGRAM = """
rate = fconstant(int fSamplingFreq, <math.h>);
cutoff = hslider("cutoff", 0.3, 0.05, 0.9, 0.001);
gain = hslider("gain", 0.5, 0, 1, 0.001);
time = hslider("time", 5.5, 1, 20, 0.1);
line(x) = x@int(time) : *(1 - frac), (x@(int(time) + 1) : *(frac)) :> _
with {
    frac = time - floor(time);
};
scaled = *(gain*rate/32000);
process = _ <: (*(cutoff) : + ~ *(1 - cutoff)), line <: +, - : scaled, (_ : hbargraph("m", 0, 1));
"""
FRAMES, BLOCK = 500, 64
BLOCKS = 8
VALUES: dict[str, Samples] = {
    "cutoff": np.linspace(0.1, 0.8, BLOCKS),
    "gain": np.linspace(1, 0.2, BLOCKS),
    "time": np.full(BLOCKS, 5.5),
}


@pytest.fixture(scope="module")
def kept() -> Iterator[Engine]:
    """libfaust, which compiles a program once."""
    with Engine(keep=True) as engine:
        yield engine


@pytest.fixture(
    scope="module", params=[pytest.param("native", marks=needs_compiler), "interpreter"]
)
def gradient(kept: Engine, request: pytest.FixtureRequest) -> Gradient:
    wrt = ["cutoff", "gain", "input:0"]
    found = Gradient(PROGRAM, wrt=wrt, rate=RATE, engine=kept, backend=request.param)
    assert found.backend == request.param
    return found


@pytest.fixture(scope="module")
def native(kept: Engine) -> Gradient:
    return Gradient(
        PROGRAM, wrt=["cutoff", "gain", "input:0"], rate=RATE, engine=kept, backend="native"
    )


@pytest.fixture(scope="module")
def interpreted(kept: Engine) -> Gradient:
    return Gradient(PROGRAM, wrt=["gain"], rate=RATE, engine=kept, backend="interpreter")


@pytest.fixture(scope="module")
def sound() -> Samples:
    return np.random.default_rng(3).uniform(-1, 1, (1, FRAMES))


@pytest.fixture(scope="module")
def weights() -> Samples:
    return np.random.default_rng(4).normal(size=(2, FRAMES))


def test_outputs_are_those_of_the_program(
    gradient: Gradient, engine: Engine, sound: Samples
) -> None:
    outputs, _ = gradient(sound, {"gain": 0.25})
    text = PROGRAM.replace('"gain", 0.5', '"gain", 0.25')
    wanted = engine.render(text, "test", inputs=sound, frames=FRAMES, sample_rate=RATE)
    np.testing.assert_allclose(outputs, wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["cutoff", "gain"])
def test_derivatives_are_difference_quotients(
    gradient: Gradient, sound: Samples, weights: Samples, name: str
) -> None:
    """By the value in each block, of a loss that is a weighted sum of the outputs."""
    _, pullback = gradient(sound, VALUES, block=BLOCK)
    found = pullback(weights).parameters[f"/{name}"]
    assert found.shape == (BLOCKS,)
    step = 1e-6
    for block in (0, 3, BLOCKS - 1):
        losses = []
        for sign in (1, -1):
            moved = np.array(VALUES[name])
            moved[block] += sign * step
            outputs, _ = gradient(sound, {**VALUES, name: np.clip(moved, 0, 1)}, block=BLOCK)
            losses.append(float(np.sum(weights * outputs)))
        scale = 1 if 0 < VALUES[name][block] < 1 else 2  # at an end, a one-sided difference
        assert found[block] == pytest.approx(scale * (losses[0] - losses[1]) / (2 * step), abs=1e-6)


def test_the_derivative_by_an_input_is_a_difference_quotient(
    gradient: Gradient, sound: Samples, weights: Samples
) -> None:
    _, pullback = gradient(sound, VALUES, block=BLOCK)
    found = pullback(weights).inputs[0]
    for place in (0, 63, 64, 250, FRAMES - 1):
        moved = sound.copy()
        moved[0, place] += 1
        # The program is linear in its input.
        change = gradient(moved, VALUES, block=BLOCK)[0] - gradient(sound, VALUES, block=BLOCK)[0]
        assert found[place] == pytest.approx(float(np.sum(weights * change)), abs=1e-9)


def test_a_block_may_be_longer_than_the_signal(
    gradient: Gradient, sound: Samples, weights: Samples
) -> None:
    outputs, pullback = gradient(sound, {"gain": 0.25})
    same, again = gradient(sound, {"gain": [0.25]}, block=10**12)
    assert np.array_equal(outputs, same)
    found, wanted = again(weights).parameters, pullback(weights).parameters
    assert all(np.array_equal(found[path], wanted[path]) for path in wanted)


@pytest.mark.parametrize("checkpoint", [1, 64, 100, 499, 10_000])
@needs_compiler
def test_checkpoints_change_nothing(
    native: Gradient, sound: Samples, weights: Samples, checkpoint: int
) -> None:
    outputs, pullback = native(sound, VALUES, block=BLOCK)
    heard = sound.copy()
    again, other = native(heard, VALUES, block=BLOCK, checkpoint=checkpoint)
    heard[:] = 0  # what was heard then counts
    assert np.array_equal(outputs, again)
    whole, pieces = pullback(weights), other(weights)
    assert np.array_equal(whole.inputs[0], pieces.inputs[0])
    for path, derivative in whole.parameters.items():
        np.testing.assert_allclose(pieces.parameters[path], derivative, rtol=1e-12, atol=1e-12)


@needs_compiler
@pytest.mark.parametrize("name", ["filtering/moogVCF.dsp", "phasing/phaser.dsp"])
def test_single_precision_is_near_double(engine: Engine, name: str) -> None:
    path: Path = STANDARD_EXAMPLES / name
    results = []
    for precision in ("double", "single"):
        program = Gradient(path, precision=precision, rate=44100, engine=engine)
        sound = np.random.default_rng(5).uniform(-0.5, 0.5, (program.inputs, 2000))
        outputs, pullback = program(sound)
        results.append(pullback(np.ones_like(outputs)).parameters)
    double, single = results
    largest = max(abs(float(value[0])) for value in double.values())
    for parameter, value in double.items():
        assert single[parameter][0] == pytest.approx(value[0], rel=0.02, abs=0.02 * largest)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g, x: g(x[:, :0]), "a signal of 0 samples"),
        (lambda g, x: g(x, block=0), "a block of 0 samples: there is at least one sample in it"),
        (lambda g, x: g(x, block=1.5), "a block of 1.5 samples"),
        (lambda g, x: g(x, checkpoint=0), "a checkpoint of 0 samples"),
        (lambda g, x: g(x[0]), "have the shape (500,), not (1, frames)"),
        (lambda g, x: g(np.vstack([x, x])), "not (1, frames)"),
        (lambda g, x: g(x * np.nan), "the inputs are infinite or not a number"),
        (lambda g, x: g(x, {"cutof": 0.5}), "did you mean `cutoff`"),
        (lambda g, x: g(x, {"cutoff": 2}), "2 is outside the range of `/cutoff`"),
        (
            lambda g, x: g(x, {"cutoff": np.nan}),
            "the values of `cutoff` are infinite or not a number",
        ),
        (lambda g, x: g(x, {"cutoff": [0.5, 0.6]}, block=64), "one for each block: of shape (8,)"),
        (lambda g, x: g(x, {"cutoff": "loud"}), "the values of `cutoff` are no numbers"),
        (lambda g, x: g([[1, 2], [3]]), "the inputs are no numbers"),
        (lambda g, x: g(x)[1](x), "the cotangents have the shape (1, 500), the outputs (2, 500)"),
        (lambda g, x: g(x)[1](np.zeros((2, 499))), "the cotangents have the shape (2, 499)"),
        (lambda g, x: g(x)[1](np.full((2, 500), np.inf)), "the cotangents are infinite"),
        (lambda g, x: g(x)[1]([[1, 2], [3]]), "the cotangents are no numbers"),
    ],
)
def test_bad_input_is_named(
    gradient: Gradient, sound: Samples, call: Callable[[Gradient, Samples], object], message: str
) -> None:
    with pytest.raises(fad.FadError, match=re.escape(message)):
        call(gradient, sound)


def test_a_tape_that_does_not_fit_names_checkpoints(
    gradient: Gradient, sound: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = 8 * (2 + len(gradient.programs.tape))
    monkeypatch.setitem(module._LARGEST, gradient.backend, 200 * lane)
    with pytest.raises(fad.FadError, match=r"the tape would take 0\.0 gigabytes") as caught:
        gradient(sound)
    hint = str(caught.value.hint)
    if gradient.backend == "interpreter":
        assert hint == "run at most 200 samples; native code has `checkpoint` for more"
        return
    assert hint.startswith("`checkpoint=200` keeps the tape of so many samples only, with blocks")
    with pytest.raises(fad.FadError) as caught:
        gradient(sound, block=100, checkpoint=300)
    assert caught.value.hint == "`checkpoint=200` keeps the tape of so many samples only"
    gradient(sound, block=100, checkpoint=200)


def test_there_are_no_checkpoints_in_the_interpreter(interpreted: Gradient, sound: Samples) -> None:
    with pytest.raises(EngineError, match="cannot copy the state") as caught:
        interpreted(sound, checkpoint=100)
    assert "C++ compiler" in str(caught.value.hint)


def test_without_a_compiler_the_interpreter_is_taken(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, sound: Samples, weights: Samples
) -> None:
    monkeypatch.setattr(units, "find_compiler", lambda: None)
    with pytest.warns(InterpreterWarning, match="install `g\\+\\+`") as told:
        found = Gradient('process = *(hslider("a", 0.5, 0, 1, 0.1));', engine=engine)
    assert told[0].filename == __file__
    assert found.backend == "interpreter"
    _, pullback = found(sound)
    wanted = float(np.sum(sound * weights[:1]))
    assert pullback(weights[:1]).parameters["/a"][0] == pytest.approx(wanted, rel=1e-12)


def test_a_model_without_a_compiler_warns_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning names the line that loads it, though it is read in a thread of its own."""
    monkeypatch.setattr(units, "find_compiler", lambda: None)
    with pytest.warns(InterpreterWarning, match="install `g\\+\\+`") as told:
        found = fad.load("process = *(0.5);")
    assert told[0].filename == __file__
    assert found.backend == "interpreter"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("process = _;", {}, "the program has no variables"),
        ("process(x) = x*a @ int((x : + ~ _)*a);", {}, "no bound"),
        ("process = _*a;", {"backend": "gpu"}, "there is no backend `gpu`"),
        ("process = _*a;", {"precision": "quad"}, "there is no precision `quad`"),
        ("process = _*a;", {"rate": 0}, "a sample rate of 0 Hz is not possible"),
        (
            'process = _*a : ffunction(float tanh(float), <math.h>, "");',
            {"backend": "interpreter"},
            "foreign functions, which libfaust cannot interpret",
        ),
        (
            'process = _*a : ffunction(float mine(float), "mine.h", "");',
            {"rules": "d_mine(x) = 1;"},
            "mine",
        ),
    ],
)
def test_programs_that_have_no_gradient_here(
    engine: Engine, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(fad.FadError) as caught:
        Gradient(f'a = hslider("a", 0.5, 0, 1, 0.1); {text}', engine=engine, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "precision", "error"),
    [
        pytest.param("native", "double", 1e-14, marks=needs_compiler),
        ("interpreter", "single", 1e-7),
    ],
)
def test_sound_files(
    engine: Engine, tmp_path: Path, backend: Any, precision: Any, error: float
) -> None:
    samples = np.array([[0.5, -0.25, 0.125]])  # 16 bits hold them
    write_wav(tmp_path / "a.wav", samples)
    file = tmp_path / "player.dsp"
    file.write_text(
        "process = (0, (+(1) ~ _ : -(1))) : soundfile(\"a [url:{'a.wav'}]\", 1) : !, !, "
        '*(hslider("gain", 0.5, 0, 1, 0.1));'
    )
    found = Gradient(file, precision=precision, backend=backend, engine=engine)
    assert found.backend == backend
    outputs, pullback = found(np.zeros((0, 3)))
    np.testing.assert_allclose(outputs, samples / 2, rtol=0, atol=error)
    derivative = pullback([[1, 2, 3]]).parameters["/gain"][0]
    assert derivative == pytest.approx(0.375, rel=0, abs=error)
    with pytest.raises(EngineError, match="in single precision only"):
        Gradient(file, backend="interpreter", engine=engine)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(fad.FadError, match=r"there is no sound file `a\.wav`"):
        Gradient(file, precision=precision, backend=backend, engine=engine)
