"""Programs that learn: what `fad estimate` writes, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import fad
from fad.base.errors import FadError
from fad.base.source import Source
from fad.estimation.learning_program import Channels
from fad.estimation.recipes import RATE
from fad.runtime.engine import Engine
from fad.runtime.wav import wav_of
from tests.support.commands import command_line
from tests.support.places import ROOT

GAIN = 'process = *(hslider("gain", 0.8, 0, 1, 0.01));'
GAIN_AND_OFFSET = """
gain = hslider("gain", 0.8, 0, 1, 0.01);
offset = hslider("offset", 0.2, -1, 1, 0.01);
process = *(gain) : +(offset);
"""
CUTOFF = """
import("stdfaust.lib");
process = fi.lowpass(1, hslider("cutoff [unit:Hz] [scale:log]", 800, 50, 10000, 1));
"""
MIX = """
process = *(hslider("a", 0.3, -1, 1, 0.01)), *(hslider("b", -0.5, -1, 1, 0.01)) :> _;
"""
SPLIT = """
process = _ <: *(hslider("a", 0.3, -1, 1, 0.01)), *(hslider("b", -0.5, -1, 1, 0.01));
"""
SOURCE = """
import("stdfaust.lib");
process = no.noise*hslider("level", 0.3, 0, 1, 0.01);
"""
STEREO = """
left = hslider("h:left/gain", 0.3, 0, 1, 0.01);
right = hslider("h:right/gain", 0.9, 0, 1, 0.01);
process = *(left), *(right);
"""

Samples = NDArray[np.float64]

#: An optimizer that arrives within 8000 samples.
FAST = {"optimizer": "adam(0.9, 0.999)", "rate": 0.001}


def rendered(
    engine: Engine, program: fad.Program, inputs: Samples | None = None, frames: int = 8000
) -> Samples:
    if inputs is not None:
        frames = inputs.shape[1]
    return engine.render(program.source, "learning", inputs=inputs, frames=frames)


def noise(*shape: int) -> Samples:
    return np.random.default_rng(1).uniform(-1, 1, shape)


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
    program = fad.estimate(text, start=start, outputs="all", **FAST)  # type: ignore[arg-type]
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
def test_it_learns_with_every_option(engine: Engine, options: dict[str, object]) -> None:
    program = fad.estimate(GAIN, start={"gain": 0.3}, outputs="all", **(FAST | options))  # type: ignore[arg-type]
    _, target, estimate = rendered(engine, program, frames=4000)
    assert np.abs((estimate - target)[:20]).max() > 0.1
    assert np.abs((estimate - target)[-500:]).max() < 0.05


def test_sines_are_heard_too(engine: Engine) -> None:
    program = fad.estimate(STEREO, start={"/left/gain": 1}, input="sine", outputs="all")
    _, left, right, *_ = rendered(engine, program, frames=4410)
    time = np.arange(4410) / 44100
    np.testing.assert_allclose(left, 0.3 * np.sin(2 * np.pi * 220 * time), atol=2e-3)
    np.testing.assert_allclose(right, 0.9 * np.sin(2 * np.pi * 440 * time), atol=5e-3)


# -- Safety -------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 1e30, 0.0], ids=str)
@pytest.mark.parametrize("text", [GAIN_AND_OFFSET, CUTOFF], ids=["gain", "filter"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam", "nadam", "sign"])
def test_it_recovers_from_what_is_no_sound(
    engine: Engine, optimizer: str, text: str, junk: float
) -> None:
    """NaN never enters the state: after junk, it learns again."""
    rate = 0.001 if optimizer in ("rmsprop", "adam", "nadam", "sign") else 0.01
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
    program = fad.estimate(GAIN_AND_OFFSET, start={"gain": 0.1, "offset": -0.5}, **FAST)  # type: ignore[arg-type]
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


# -- The program --------------------------------------------------------------------------------


def paths(program: fad.Program) -> list[str]:
    return [widget.path for widget in program.widgets]


def test_the_widgets_are_in_groups(engine: Engine) -> None:
    program = fad.estimate(STEREO)
    assert paths(program) == [
        "/target/left/gain",
        "/target/right/gain",
        "/learning/left gain/freeze",
        "/learning/reset",
        "/learning/right gain/freeze",
        "/learning/learning rate",
    ]
    assert [parameter.path for parameter in program.parameters] == ["/left/gain", "/right/gain"]
    text = engine.cpp(program.source, "learning")
    for label in ("left gain", "right gain", "loss"):
        assert f'addHorizontalBargraph("{label}"' in text


def test_there_is_one_meter_for_each_value(engine: Engine) -> None:
    """libfaust makes several of a bargraph that is read inside a recursion and after it."""
    for text, count in ((GAIN, 1), (GAIN_AND_OFFSET, 2), (STEREO, 2)):
        for outputs in ("loss", "audio", "all"):
            code = engine.cpp(fad.estimate(text, outputs=outputs).source, "learning")
            assert code.count("addHorizontalBargraph(") == 2 * count + 1


def test_a_sound_file_is_named_from_where_the_program_is(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "programs").mkdir()
    sound, program = tmp_path / "sounds" / "noise.wav", tmp_path / "programs" / "learning.dsp"
    sound.write_bytes(wav_of(noise(1, 44100), 44100))
    made = fad.estimate(GAIN, start={"gain": 0.1}, input=str(sound), folder=program.parent)
    assert "'../sounds/noise.wav'" in made.source
    program.write_text(made.source)
    recording = fad.run(program, seconds=0.5)
    np.testing.assert_allclose(recording.bargraphs["/learning/gain/gain"][-1], 0.8, atol=0.01)


def test_the_header_tells_how_it_is_learnt() -> None:
    text = 'process = *(hslider("a [scale:log]", 1, 0, 2, 1)) : +(hslider("b", 0, -1, 1, 0.1));'
    lines = fad.estimate(text, wrt=["a"], start={"b": 0.5}).source.splitlines()
    assert "// parameter /a: 1 in [0, 2]" in lines  # a range with 0 has no octaves
    assert "// held /b: 0.5" in lines


def test_it_is_plain_faust_and_the_same_each_time(engine: Engine) -> None:
    once, again = (fad.estimate(CUTOFF, start={"cutoff": 300}).source for _ in range(2))
    assert once == again
    assert "forwardAD" not in once and "library" not in once
    assert engine.compile(once, "learning").outputs == 1


def test_the_lines_are_short() -> None:
    network, model = (ROOT / "examples" / "learn" / f"network{part}.dsp" for part in ("", "_model"))
    lines = fad.estimate(network, model).source.splitlines()
    assert max(map(len, lines)) <= 100


def test_only_some_parameters_are_learnt(engine: Engine) -> None:
    """The others are those of the target, or stay where they are held."""
    for options in ({"wrt": ["gain"]}, {"freeze": ["off*"]}):
        program = fad.estimate(
            GAIN_AND_OFFSET, start={"gain": 0.1}, outputs="all", **FAST, **options
        )  # type: ignore[arg-type]
        assert [parameter.label for parameter in program.parameters] == ["gain"]
        assert paths(program).count("/target/offset") == 1
        loss, *_ = rendered(engine, program)
        assert loss[-1000:].max() < 1e-6
    held = fad.estimate(
        GAIN_AND_OFFSET, wrt=["gain"], start={"gain": 0.8, "offset": 0.7}, outputs="all"
    )
    _, target, estimate = rendered(engine, held, frames=2)
    np.testing.assert_allclose(estimate[0] - target[0], 0.5, atol=1e-9)


def test_what_is_switched_on_is_learnt() -> None:
    text = GAIN_AND_OFFSET.replace('"gain"', '"gain [diff:on]"')
    assert [parameter.label for parameter in fad.estimate(text).parameters] == ["gain"]
    other = fad.estimate(text, wrt=["offset"])
    assert [parameter.label for parameter in other.parameters] == ["offset"]
    assert paths(other).count("/target/gain") == 1


def test_a_model_of_its_own(engine: Engine) -> None:
    model = 'process = *(hslider("slope", 0, -2, 2, 0.01));'
    program = fad.estimate("process = *(0.75);", model, outputs="all", **FAST)  # type: ignore[arg-type]
    assert [parameter.path for parameter in program.parameters] == ["/slope"]
    _, target, estimate = rendered(engine, program)
    np.testing.assert_allclose(estimate[-100:], target[-100:], atol=1e-6)


def test_a_gate_opens_both() -> None:
    gated = 'process = *(hslider("gain", 0.5, 0, 1, 0.1)*button("gate"));'
    assert paths(fad.estimate(gated)).count("/target/gate") == 1
    other = 'process = *(hslider("level", 0.5, 0, 1, 0.1)*button("gate"));'
    assert paths(fad.estimate(gated, other)).count("/target/gate") == 1
    muted = 'process = *(hslider("level", 0.5, 0, 1, 0.1)*(1 - checkbox("mute")));'
    assert {"/target/gate", "/model/mute"} <= set(paths(fad.estimate(gated, muted)))


def test_parameters_without_effect_are_warned_of() -> None:
    idle = fad.estimate('process = *(hslider("a", 1, 0, 2, 1)), (hslider("b", 1, 0, 2, 1) : !);')
    assert idle.warnings == ("`/b` does not reach the outputs: its derivative is zero",)
    stepped = fad.estimate('process = *(hslider("a", 1, 0, 2, 1) : int);')
    assert len(stepped.warnings) == 1 and "zero: it only acts through `int`" in stepped.warnings[0]
    assert "// warning: " in stepped.source


def test_the_rate_is_a_slider() -> None:
    programs = fad.estimate(GAIN), fad.estimate(GAIN, loss="spectral"), fad.estimate(GAIN, rate=0.5)
    rates = [
        widget.init for p in programs for widget in p.widgets if widget.label == "learning rate"
    ]
    assert rates == [RATE, RATE / 10, 0.5]


# -- What is refused ----------------------------------------------------------------------------

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
        lambda: fad.estimate('process = *(hslider("gain", 3, 0, 1, 0.1));'),
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
    "a negative rate": (lambda: fad.estimate(GAIN, rate=-1), ["a learning rate of -1"]),
    "a limit of nothing": (
        lambda: fad.estimate(GAIN, clip=0),
        ["derivatives cannot be limited to 0"],
    ),
    "an input that is not there": (
        lambda: fad.estimate(GAIN, input="nothing.wav"),
        ["`nothing.wav`", "no such file"],
    ),
    "a foreign function": (
        lambda: fad.estimate(
            'f = ffunction(float foo(float), <foo.h>, "");\n'
            'process = *(hslider("g", 1, 0, 2, 0.1) : f);'
        ),
        ["the derivative of the foreign function `foo` is not known"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    estimate, expected = REFUSED[name]
    with pytest.raises(FadError) as error:
        estimate()
    text = error.value.render()
    for part in expected:
        assert part in text


# -- The command line ---------------------------------------------------------------------------


def test_the_command_writes_the_program(tmp_path: Path) -> None:
    run = command_line(tmp_path)
    (tmp_path / "gain.dsp").write_text(GAIN)
    done = run("estimate", "gain.dsp", "-o", "learning.dsp", "--start", "gain=0.1", "--loss", "l1")
    assert (done.returncode, done.stdout) == (0, "")
    expected = fad.estimate(tmp_path / "gain.dsp", start={"gain": 0.1}, loss="l1").source
    assert (tmp_path / "learning.dsp").read_text() == expected
    assert run("estimate", "gain.dsp", "--check", "learning.dsp").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gain.dsp", "--start", "gain=2"], 1, "error: 2 is outside the range of `/gain`"),
        (["gain.dsp", "--start", "gain"], 1, "error: `gain` is no value"),
        (["none.dsp"], 1, "error: cannot find `none.dsp`"),
        (["gain.dsp", "--estimate", "none.dsp"], 1, "error: cannot find `none.dsp`"),
        (["gain.dsp", "--window", "many"], 2, "'many' is not a valid integer"),
        (["gain.dsp", "--outputs", "none"], 2, "'none' is not one of"),
    ],
)
def test_the_command_refuses(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    (tmp_path / "gain.dsp").write_text(GAIN)
    done = command_line(tmp_path)("estimate", *arguments, "-o", "out.dsp")
    assert done.returncode == code
    assert message in done.stderr
    assert not (tmp_path / "out.dsp").exists()


# -- The page that explains it ------------------------------------------------------------------

PAGE = ROOT / "docs" / "estimation.md"


def test_the_page_shows_what_is_written(update_golden: bool) -> None:
    written = fad.estimate(ROOT / "examples" / "learn" / "gain_offset.dsp").source
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition("<!-- gain_offset -->\n")
    tail = rest.partition("<!-- /gain_offset -->")[2]
    today = f"{head}<!-- gain_offset -->\n```faust\n{written}```\n<!-- /gain_offset -->{tail}"
    if update_golden:
        PAGE.write_text(today, "utf-8")
        page = today
    assert page == today


def test_the_programs_of_the_page(engine: Engine) -> None:
    page = PAGE.read_text("utf-8")
    shown = re.findall(r"^```faust\n(//.*?)^```", page, re.DOTALL | re.MULTILINE)
    for name in ("gain_offset", "lowpass"):
        assert (ROOT / "examples" / "learn" / f"{name}.dsp").read_text("utf-8") in shown
    (by_hand,) = re.findall(r"^```dsp\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    source = Source("by_hand.dsp", by_hand, ROOT / "by_hand.dsp")
    loss = rendered(engine, fad.expand(source))
    assert len(loss) == 1
    assert loss[0, :100].mean() > 0.1 and loss[0, -100:].max() < 1e-5
