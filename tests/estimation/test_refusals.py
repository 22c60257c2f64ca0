"""What `fad estimate` refuses, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import FadError
from fad.runtime.sounds import sound_of
from tests.estimation.programs import GAIN, SOURCE, STEREO

REFUSED: dict[str, tuple[Callable[[], object], list[str]]] = {
    "no parameters": (
        lambda: fad.estimate("process = *(0.5);"),
        ["there is nothing to learn: the program has no parameters", "[diff:off]"],
    ),
    "all are frozen": (
        lambda: fad.estimate(GAIN, freeze=["*"]),
        ["there is nothing to learn: all parameters are frozen", "`/gain`"],
    ),
    "a button": (
        lambda: fad.estimate('process = *(button("gate"));', wrt=["gate"]),
        ["`/gate` cannot be learnt: it is a button"],
    ),
    "a name that names nothing": (
        lambda: fad.estimate(GAIN, wrt=["gian"]),
        ["no variable is called `gian`", "`/gain`"],
    ),
    "a start that names nothing": (
        lambda: fad.estimate(GAIN, start={"gian": 0.1}),
        ["no widget is called `gian`", "did you mean `gain`"],
    ),
    "a start outside the range": (
        lambda: fad.estimate(GAIN, start={"gain": 1.5}),
        ["1.5 is outside the range of `/gain`", "it goes from 0 to 1"],
    ),
    "an initial value outside the range": (
        lambda: fad.estimate('process = *(hslider("gain", 3, 0, 1, 0.1));', input="external"),
        ["`/gain` starts at 3, outside its range [0, 1]", '--start "gain=0.5"'],
    ),
    "a range without extent": (
        lambda: fad.estimate('process = *(hslider("gain", 1, 1, 1, 0.1));'),
        ["`/gain` cannot be learnt: its range is [1, 1]"],
    ),
    "a model with other inputs": (
        lambda: fad.estimate(GAIN, 'process = *(hslider("b", 0, 0, 1, 0.1)), !;'),
        ["the model does not fit the target: it has 2 inputs and 1 output"],
    ),
    "a model with other outputs": (
        lambda: fad.estimate(GAIN, STEREO),
        [
            "the model does not fit the target: it has 2 inputs and 2 outputs, and the target "
            "1 input and 1 output"
        ],
    ),
    "an unknown loss": (
        lambda: fad.estimate(GAIN, loss="l3"),
        ["no loss is called `l3`", "`l2`", "`spectral`"],
    ),
    "an unknown optimizer": (
        lambda: fad.estimate(GAIN, optimizer="adma"),
        ["no optimizer is called `adma`", "did you mean `adam`"],
    ),
    "an unknown schedule": (
        lambda: fad.estimate(GAIN, schedule=["linear"]),
        ["no schedule is called `linear`", "`cosine`"],
    ),
    "too many arguments": (
        lambda: fad.estimate(GAIN, optimizer="adam(0.9, 0.99, 0.1)"),
        ["3 arguments for `adam`", "`adam(beta1, beta2)`"],
    ),
    "an argument that is no number": (
        lambda: fad.estimate(GAIN, loss="huber(big)"),
        ["`big` is no number", "`huber(delta)`"],
    ),
    "a share above 1": (
        lambda: fad.estimate(GAIN, optimizer="adam(2)"),
        ["`beta1` of `adam` cannot be 2", "at least 0 and below 1"],
    ),
    "half a band": (
        lambda: fad.estimate(GAIN, loss="spectral(2.5)"),
        ["`bands` of `spectral` cannot be 2.5", "a whole number"],
    ),
    "a range upside down": (
        lambda: fad.estimate(GAIN, loss="spectral(4, 500, 100)"),
        ["the lowest frequency of `spectral` has to be below the highest"],
    ),
    "a time of nothing": (
        lambda: fad.estimate(GAIN, schedule=["exponential(0)"]),
        ["`half_life` of `exponential` cannot be 0", "above 0"],
    ),
    "brackets that stay open": (
        lambda: fad.estimate(GAIN, optimizer="adam("),
        ["`adam(` is no optimizer", "`name(number, number)`"],
    ),
    "a target without outputs": (
        lambda: fad.estimate('process = *(hslider("gain", 0.5, 0, 1, 0.1)) : !;'),
        ["there is nothing to learn from: the target has no outputs"],
    ),
    "a window without samples": (lambda: fad.estimate(GAIN, window=0), ["a window of 0 samples"]),
    "a window that fits into no memory": (
        lambda: fad.estimate(GAIN, window=99999999999),
        ["a window of 99999999999 samples", "the longest has 1048576 samples"],
    ),
    "a negative rate": (lambda: fad.estimate(GAIN, rate=-1), ["a learning rate of -1"]),
    "a limit of nothing": (
        lambda: fad.estimate(GAIN, clip=0),
        ["derivatives cannot be limited to 0"],
    ),
    "an input that is not there": (
        lambda: fad.estimate(GAIN, input="nothing.wav"),
        ["there is no sound file `nothing.wav`", "`noise`", "`external`"],
    ),
    "classes with one output": (
        lambda: fad.estimate(GAIN, loss="categorical"),
        ["`categorical` compares 2 outputs or more, and the target has 1", "`crossentropy`"],
    ),
    "data that are not there": (
        lambda: fad.estimate(GAIN, input="nothing.dsp"),
        ["cannot find `nothing.dsp`"],
    ),
    "a foreign function": (
        lambda: fad.estimate(
            'f = ffunction(float foo(float), <foo.h>, "");\n'
            'process = *(hslider("g", 1, 0, 2, 0.1) : f);'
        ),
        ["the derivative of the foreign function `foo` is not known"],
    ),
}


@pytest.mark.parametrize(
    ("name", "channels", "frames", "words"),
    [
        ("three.wav", 3, 10, "`three.wav` has 3 channels, and the target 1 input"),
        ("empty.wav", 1, 0, "`empty.wav` is empty: there is nothing to hear"),
        *((f"a{char}b.wav", 1, 10, "cannot name the sound file") for char in "'\"\\{};[]%"),
    ],
)
def test_sounds_that_cannot_be_heard(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    channels: int,
    frames: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(sound_of(np.zeros((channels, frames)), 44100))
    with pytest.raises(FadError) as error:
        fad.estimate(GAIN, input=name)
    assert words in error.value.render()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("process = _, 1;", "`data.dsp` makes no sound of its own: it has 1 input"),
        ("process = 1, 2, 3;", "`data.dsp` has 3 channels, and the target 1 input"),
        ("process = (;", "syntax error"),
    ],
)
def test_data_that_cannot_be_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.dsp").write_text(text)
    with pytest.raises(FadError) as error:
        fad.estimate(GAIN, input="data.dsp")
    assert words in error.value.render()


def test_a_target_that_hears_nothing_has_no_sound(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.write_bytes(sound_of(np.zeros((2, 10)), 44100))
    with pytest.raises(FadError, match="the target has no inputs"):
        fad.estimate(SOURCE, input=str(sound))


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    estimate, expected = REFUSED[name]
    with pytest.raises(FadError) as error:
        estimate()
    text = error.value.render()
    for part in expected:
        assert part in text
