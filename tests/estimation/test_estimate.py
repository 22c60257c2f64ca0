"""What programs learn that `fad estimate` writes, and what cannot disturb them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.estimation.learning_program import Channels
from fad.runtime.engine import Engine
from fad.runtime.sounds import sound_of
from tests.estimation.programs import (
    CUTOFF,
    FAST,
    GAIN,
    GAIN_AND_OFFSET,
    MIX,
    SOURCE,
    SPLIT,
    STEREO,
    noise,
    rendered,
)

# -- What it learns -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (GAIN, {"gain": 0.1}),
        (GAIN_AND_OFFSET, {"gain": 0.1, "offset": -0.7}),
        (CUTOFF, {"cutoff": 5000}),
        (STEREO, {"/left/gain": 1, "/right/gain": 0}),
        (MIX, {"a": -0.5, "b": 0.5}),
        (SPLIT, {"a": -0.5, "b": 0.5}),
        (SOURCE, {"level": 0.9}),
    ],
)
def test_the_estimate_becomes_the_target(
    engine: Engine, text: str, start: dict[str, float]
) -> None:
    program = fad.estimate(text, start=start, outputs="all", **FAST)
    channels = rendered(engine, program)
    names = [output.name for output in program.outputs]
    count = len(names) // 2
    assert names[0] == "loss" and len(channels) == len(names) == 1 + 2 * count
    difference = channels[1 + count :] - channels[1 : 1 + count]
    np.testing.assert_allclose(channels[0], np.mean(difference**2, axis=0), atol=1e-12)
    assert np.abs(difference[:, :100]).max() > 0.05
    assert np.abs(difference[:, -1000:]).max() < 1e-3


def test_the_steps_are_those_of_gradient_descent(engine: Engine) -> None:
    """One gain by plain descent: the recursion of the paper's listing 9, in normal coordinates."""
    rate, start, hidden = 0.05, 0.25, 0.8
    program = fad.estimate(
        GAIN, start={"gain": start}, optimizer="sgd", rate=rate, input="external", outputs="all"
    )
    x = noise(1, 500)
    found = rendered(engine, program, np.concatenate([x, hidden * x]))
    gain, estimates = start, []
    for sample in x[0]:
        estimates.append(gain * sample)
        gain -= rate * 2 * (gain - hidden) * sample * sample
    np.testing.assert_allclose(found[2], estimates, rtol=1e-9)
    np.testing.assert_allclose(found[1], hidden * x[0], rtol=1e-9)


def test_custom_derivatives_are_used() -> None:
    text = 'square(x) = x*x; d_square(x) = 11*x; process = square(hslider("g", 1, 0, 2, 0.1));'
    assert "11*" in fad.estimate(text).source
    assert "11*" not in fad.estimate(text.replace("d_square", "other")).source


def test_a_logarithmic_parameter_is_learnt_in_octaves(engine: Engine) -> None:
    text = 'process = *(hslider("gain [scale:log]", 2, 0.1, 10, 0.1));'
    rate, start, hidden = 0.01, 0.5, 2.0
    program = fad.estimate(
        text, start={"gain": start}, optimizer="sgd", rate=rate, input="external", outputs="all"
    )
    x = noise(1, 500)
    found = rendered(engine, program, np.concatenate([x, hidden * x]))
    position, estimates = 0.0, []
    for sample in x[0]:
        gain = start * 100**position
        estimates.append(gain * sample)
        position -= rate * 2 * (gain - hidden) * sample * sample * gain * np.log(100)
    np.testing.assert_allclose(found[2], estimates, rtol=1e-9)


def test_a_window_averages_the_loss(engine: Engine) -> None:
    program = fad.estimate(
        GAIN, start={"gain": 0.3}, window=4, rate=1e-9, input="external", outputs="loss"
    )
    x = noise(1, 100)
    found = rendered(engine, program, np.concatenate([x, 0.8 * x]))
    squares = np.convolve((0.5 * x[0]) ** 2, np.ones(4) / 4)[:100]
    np.testing.assert_allclose(found[0], squares, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": name}
        for name in ("sgd", "momentum", "nesterov(0.8)", "rmsprop", "adam", "nadam", "sign")
    ]
    + [{"loss": name} for name in ("l1", "huber", "huber(0.5)", "logcosh", "msle")]
    + [
        {"window": 16},
        {"clip": 0.01},
        {"schedule": ["exponential(1)"]},
        {"schedule": ["cosine(0.0001, 0.1)", "warmup(0.01)"]},
        {"precision": "single"},
    ],
    ids=str,
)
def test_it_learns_with_every_option(engine: Engine, options: dict[str, Any]) -> None:
    program = fad.estimate(GAIN, start={"gain": 0.3}, outputs="all", **{**FAST, **options})
    _, target, estimate = rendered(engine, program, frames=4000)
    assert np.abs((estimate - target)[:20]).max() > 0.1
    assert np.abs((estimate - target)[-500:]).max() < 0.05


@pytest.mark.parametrize(
    "options",
    [
        *({"loss": loss} for loss in ("l1", "l2", "huber", "logcosh", "msle")),
        {"window": 16},
        {"clip": 1.0},
        {"schedule": ["exponential(1)"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("text", [GAIN, STEREO], ids=["one", "two"])
def test_it_learns_without_a_rate(engine: Engine, text: str, options: dict[str, Any]) -> None:
    """The optimizer that finds the size of its steps in the curvature of the loss."""
    program = fad.estimate(text, optimizer="auto", outputs="all", **options)
    _, *channels = rendered(engine, program, frames=20000)
    target, estimate = np.split(np.array(channels), 2)
    assert np.abs((estimate - target)[:, :20]).max() > 0.1
    assert np.abs((estimate - target)[:, -500:]).max() < 0.01


def test_sines_are_heard_too(engine: Engine) -> None:
    program = fad.estimate(STEREO, start={"/left/gain": 1}, input="sine", outputs="all")
    _, left, right, *_ = rendered(engine, program, frames=4410)
    time = np.arange(4410) / 44100
    np.testing.assert_allclose(left, 0.3 * np.sin(2 * np.pi * 220 * time), atol=2e-3)
    np.testing.assert_allclose(right, 0.9 * np.sin(2 * np.pi * 440 * time), atol=5e-3)


# -- What it learns from ------------------------------------------------------------------------


def test_a_recording_with_the_sound_to_be_matched(tmp_path: Path) -> None:
    """A file of one channel more than the target has inputs: the target is not computed."""
    x = noise(1, 30000)
    file, program = tmp_path / "pair.wav", tmp_path / "learning.dsp"
    file.write_bytes(sound_of(np.concatenate([x, 0.3 * x]), 44100))
    made = fad.estimate(GAIN, input=str(file), folder=tmp_path)
    assert "with what is to be matched" in made.source
    program.write_text(made.source)
    recording = fad.run(program, seconds=0.5)
    learnt = recording.bargraphs["/learning/gain/gain"]
    np.testing.assert_allclose(learnt[[0, -1]], [0.8, 0.3], atol=0.01)


def test_data_that_a_program_makes(engine: Engine, tmp_path: Path) -> None:
    """As many channels as the target has inputs are heard; more are the target's signal."""
    data = tmp_path / "data.dsp"
    noise = 'no = library("noises.lib"); level = hslider("level", 0.5, 0, 1, 0.1); '
    data.write_text(f"{noise}process = no.noise*level;")
    program = fad.estimate(GAIN, input=str(data), outputs="all", start={"gain": 0.1}, **FAST)
    assert "/input/level" in [widget.path for widget in program.widgets]
    loss, target, estimate = rendered(engine, program)
    assert 0.39 < np.abs(target).max() < 0.4
    assert np.abs(estimate - target)[-100:].max() < 1e-4
    data.write_text(f"{noise}process = no.noise*level <: _, *(-0.25);")
    text = GAIN.replace("0, 1", "-1, 1")
    loss, target, estimate = rendered(
        engine, fad.estimate(text, input=str(data), outputs="all", **FAST)
    )
    assert loss[:10].max() > 0.01
    assert np.abs(estimate - target)[-100:].max() < 1e-4
    assert np.abs(target).max() < 0.125


def test_a_classifier_learns_labels(engine: Engine, tmp_path: Path) -> None:
    """Three classes by where a number is, and the share of right answers."""
    data, model = tmp_path / "data.dsp", tmp_path / "model.dsp"
    data.write_text("""
        no = library("noises.lib");
        label(x) = x < -0.3, (x >= -0.3)*(x < 0.3), x >= 0.3;
        process = no.noise <: _, label;
    """)
    model.write_text('df = library("fad.lib"); process = df.network((1, 3, 3), df.tanhact);')
    program = fad.estimate(model, loss="categorical", input=str(data), outputs="all", rate=0.0005)
    loss, *channels = rendered(engine, program, frames=40000)
    labels, logits = np.array(channels).reshape(2, 3, -1)
    right = labels.argmax(axis=0) == logits.argmax(axis=0)
    assert right[:100].mean() < 0.7
    assert right[-4000:].mean() > 0.97
    probabilities = np.exp(logits - np.logaddexp.reduce(logits, axis=0))
    np.testing.assert_allclose(loss, -np.log((labels * probabilities).sum(axis=0)), atol=1e-9)


# -- Safety -------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 1e30, 0.0], ids=str)
@pytest.mark.parametrize("text", [GAIN_AND_OFFSET, CUTOFF], ids=["gain", "filter"])
@pytest.mark.parametrize(
    "optimizer", ["sgd", "momentum", "rmsprop", "adam", "nadam", "sign", "auto"]
)
def test_it_recovers_from_what_is_no_sound(
    engine: Engine, optimizer: str, text: str, junk: float
) -> None:
    """NaN never enters the state: after junk, it learns again."""
    rate = 0.001 if optimizer in ("rmsprop", "adam", "nadam", "sign", "auto") else 0.01
    program = fad.estimate(text, optimizer=optimizer, rate=rate, input="external", outputs="all")
    x = noise(1, 12000)
    y = rendered(engine, fad.expand(text), x)
    heard = np.concatenate([x, y])
    heard[:, 1000:2000] = junk
    heard[1, 3000:3010] = junk  # in the target only
    loss, target, estimate = rendered(engine, program, heard)
    assert np.isfinite([loss, target, estimate]).all()
    assert np.mean((estimate - target)[-1000:] ** 2) < 1e-4


def test_a_parameter_stays_in_its_range(engine: Engine) -> None:
    """The target is out of reach: the estimate goes as far as it can, and back."""
    program = fad.estimate(GAIN, rate=0.1, optimizer="sgd", input="external", outputs="all")
    x = np.ones((1, 900))
    hidden = np.repeat([5.0, -5.0, 0.5], 300)
    _, _, estimate = rendered(engine, program, np.concatenate([x, hidden * x]))
    assert (estimate >= 0).all() and (estimate <= 1).all()
    np.testing.assert_allclose(estimate[[299, 599, 899]], [1, 0, 0.5], atol=1e-9)


@pytest.mark.parametrize("outputs", ["loss", "audio", "all"])
def test_the_loss_is_shown_with_all_outputs(outputs: Channels) -> None:
    program = fad.estimate(GAIN, start={"gain": 0.1}, outputs=outputs)
    recording = fad.run(program.source, seconds=0.01)
    assert len(recording.outputs) == len(program.outputs)
    assert recording.bargraphs["/loss"].max() > 0.1


def test_freeze_and_reset() -> None:
    """A frozen parameter stays, while the others are learnt; a reset one starts again."""
    program = fad.estimate(GAIN_AND_OFFSET, start={"gain": 0.1, "offset": -0.5}, **FAST)
    recording = fad.run(
        program.source,
        seconds=1.0,
        at={"/learning/offset/freeze": 1},
        changes={
            0.4: {"/learning/offset/freeze": 0},
            0.8: {"/learning/reset": 1},
            0.9: {"/learning/reset": 0},
        },
    )
    gain, offset = (
        dict(zip(recording.times.round(3), recording.bargraphs[path], strict=True))
        for path in ("/learning/gain/gain", "/learning/offset/offset")
    )

    def at(values: dict[float, float], time: float) -> float:
        return values[min(values, key=lambda each: abs(each - time))]

    assert at(offset, 0.39) == -0.5
    assert at(gain, 0.39) != 0.1
    np.testing.assert_allclose([at(gain, 0.79), at(offset, 0.79)], [0.8, 0.2], atol=0.01)
    assert (at(gain, 0.85), at(offset, 0.85)) == (0.1, -0.5)
    np.testing.assert_allclose([at(gain, 1.0), at(offset, 1.0)], [0.8, 0.2], atol=0.05)
