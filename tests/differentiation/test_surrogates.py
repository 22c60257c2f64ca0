"""Reads at whole positions: slopes where they are meant, exact derivatives everywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.support.quotients import compare
from tests.support.sounds import write_wav

FREQUENCY = 'import("stdfaust.lib"); f = hslider("f", 440, 20, 2000, 1);'
FRAMES = 4000


def render(engine: Engine, text: str, **options: Any) -> Samples:
    program = fad.transform(text, **options)
    return engine.render(program.source, "test", inputs=None, frames=FRAMES)


@pytest.mark.parametrize(
    ("table", "function"),
    [
        ("os.osc(f)", "sin(2*ma.PI*os.phasor(1, f))"),
        ("os.oscsin(f)", "sin(2*ma.PI*os.phasor(1, f))"),
        ("os.osccos(f)", "cos(2*ma.PI*os.phasor(1, f))"),
        ("os.oscp(f, 0.3)", "sin(2*ma.PI*os.phasor(1, f) + 0.3)"),
        ("os.oscq(f)", "os.phasor(1, f)*2*ma.PI <: cos, sin"),
        ('os.hs_oscsin(f, button("r"))', 'sin(2*ma.PI*os.hs_phasor(1, f, button("r")))'),
        ('os.hs_osccos(f, button("r"))', 'cos(2*ma.PI*os.hs_phasor(1, f, button("r")))'),
        ("os.osci(f)", "sin(2*ma.PI*os.phasor(1, f))"),
    ],
)
def test_table_oscillators_have_the_derivative_of_the_sine(
    engine: Engine, table: str, function: str
) -> None:
    """The table has 65536 entries, so its slope is the sine's to about one in ten thousand."""
    ours = render(engine, f"{FREQUENCY} process = {table};")
    exact = render(engine, f"{FREQUENCY} process = {function};")
    scale = np.abs(exact[1::2]).max()
    assert scale > 0.1
    np.testing.assert_allclose(ours[1::2], exact[1::2], atol=2e-4 * scale)


def test_the_primal_of_an_oscillator_stays_as_it_is(engine: Engine) -> None:
    text = f"{FREQUENCY} process = os.osc(f)*0.5;"
    original = engine.render(fad.expand(text).source, "test", inputs=None, frames=FRAMES)
    np.testing.assert_array_equal(render(engine, text)[:1], original)


@pytest.mark.parametrize(
    "program",
    [
        "de.fdelay(64, 10.3 + d, _)",
        "de.fdelayltv(2, 64, 10.3 + d, _)",
        "de.fdelay4(64, 10.3 + d, _)",
        "it.frdtable(3, 16, os.sinwaveform(16), 3.4 + d)",
        "it.interpolate_linear(d, sin(d), 2*d)",
    ],
)
@pytest.mark.parametrize("surrogate", [[], ["tables"]])
def test_interpolated_reads_are_exact_and_counted_once(
    engine: Engine, program: str, surrogate: list[str]
) -> None:
    if surrogate and "frdtable" in program:
        pytest.skip("a slope for each read of an interpolation counts it twice: that is documented")
    text = f'import("stdfaust.lib"); d = hslider("d", 0.1, 0, 1, 0.001); process = {program};'
    comparison = compare(engine, text, frames=256)
    assert np.abs(comparison.tangents).max() > 0.01
    assert comparison.error < 1e-6


def test_a_table_elsewhere_is_given_a_slope_on_request(engine: Engine) -> None:
    text = (
        'import("stdfaust.lib"); p = hslider("p", 100.5, 0, 1000, 0.1);'
        "process = rdtable(1024, os.sinwaveform(1024), int(p));"
    )
    assert "by /p is zero" in fad.transform(text).warnings[0]
    with_slope = fad.transform(text, surrogate=["tables"])
    assert with_slope.warnings == ()
    rendered = engine.render(with_slope.source, "t", inputs=None, frames=4)
    step = 2 * np.pi / 1024
    np.testing.assert_allclose(rendered[1], step * np.cos(100 * step), rtol=1e-4)


def test_a_delay_is_given_a_slope_on_request(engine: Engine) -> None:
    text = 'd = hslider("d", 5.5, 0, 16, 0.1); process = (+(0.01) ~ _ : sin) @ d;'
    assert "`@`" in fad.transform(text).warnings[0]
    rendered = render(engine, text, surrogate=["delays"])
    slope = np.sin(0.01 * np.arange(-5, FRAMES - 5)) - np.sin(0.01 * np.arange(-4, FRAMES - 4))
    np.testing.assert_allclose(rendered[1, 8:], slope[8:], atol=1e-9)


@pytest.mark.parametrize(
    ("program", "construct"),
    [
        ("int(f)", "int"),
        ("floor(f*0.1)", "floor"),
        ("f > 100", ">"),
        ("_@f", "@"),
        ("select2(f, 1, 2)", "select2"),
        ("rdtable(16, 0.5, int(f) % 16)", "int"),
        ('0, int(f) : soundfile("s", 1) : !,!,_', "int"),
        ('0, f : soundfile("s", 1) : !,!,_', "soundfile"),
        ('f, 3 : soundfile("s", 1) : !,!,_', "soundfile"),
    ],
)
def test_a_variable_behind_a_quantiser_is_a_warning(program: str, construct: str) -> None:
    warnings = fad.transform(f"{FREQUENCY} process = {program};").warnings
    assert len(warnings) == 1
    assert "/f" in warnings[0] and f"`{construct}`" in warnings[0]


def test_no_warning_where_another_path_is_smooth() -> None:
    assert fad.transform(f"{FREQUENCY} process = f*(f > 100);").warnings == ()


def test_phasors_and_quantised_arithmetic_stay_exact(engine: Engine) -> None:
    """`int` is not the identity: x - floor(x) has the derivative of x."""
    text = 'x = hslider("x", 2.3, 0, 9, 0.1); process = x - floor(x), x - int(x), x % 1, x*int(x);'
    comparison = compare(engine, text, frames=2)
    assert comparison.error < 1e-8


def test_a_slope_has_no_slope_of_its_own() -> None:
    text = 'import("stdfaust.lib"); f = hslider("f", 440, 20, 2000, 1); process = f*os.osc(f);'
    assert not fad.transform(text).warnings
    (warning,) = fad.transform(text, order=2).warnings
    assert warning.startswith("the second derivative through `rdtable` at oscillators.lib:")
    assert not fad.transform(text.replace("os.osc(f)", "sin(f)"), order=2).warnings


@pytest.mark.parametrize(
    "read",
    [
        "rdtable(w, int(p))",
        "w, int(p) : rdtable",
        "rdtable(4, (w : !,_), int(p))",
        "(4, (w : !,_)), int(p) : rdtable",
    ],
)
def test_waveforms_are_tables_too(engine: Engine, read: str) -> None:
    """The slope at 1.3 is that between the neighbours of the value at 1: (2 - 1)/2."""
    text = f'p = hslider("p", 1.3, 0, 3, 0.1); w = waveform{{1, 5, 2, 8}}; process = {read};'
    found = render(engine, text, surrogate=["tables"])[:, 0]
    np.testing.assert_allclose(found, [5.0, 0.5])


SOUND = """soundfile("s[url:{'s.wav'}]", 2)"""


@pytest.mark.parametrize(
    "read",
    [
        f"0, int(p) : {SOUND} : !,!,_,_",
        f"0, p : {SOUND} : !,!,_,_",
        f"(0, int(p) : {SOUND}) : !,!,_,_",
        f"so(p) : !,!,_,_ with {{ so(x) = 0, int(x) : {SOUND}; }}",
        f"(0, int(p)) : outs with {{ outs = {SOUND} : !,!,*(1),*(1); }}",
    ],
)
@pytest.mark.parametrize(("position", "neighbours"), [(2.3, (1, 3)), (0.5, (0, 1)), (4.0, (3, 4))])
def test_sound_files_are_given_slopes_on_request(
    engine: Engine, tmp_path: Path, read: str, position: float, neighbours: tuple[int, int]
) -> None:
    """The central difference of the neighbours; the last samples go on for ever."""
    samples = np.array([[0, 0.25, 0.125, -0.5, 0.75], [0.5, 0.25, -0.25, 0.0, -0.125]])
    write_wav(tmp_path / "s.wav", samples)
    text = f'p = hslider("p", {position}, 0, 4, 0.1); process = {read};'
    assert "by /p is zero" in fad.transform(text).warnings[0]
    dual = fad.transform(text, surrogate=["tables"])
    assert dual.warnings == ()
    rendered = engine.render(
        dual.source, "s.dsp", inputs=None, frames=1, include=[tmp_path], precision="single"
    )[:, 0]
    before, after = neighbours
    np.testing.assert_allclose(rendered[0::2], samples[:, int(position)], atol=1e-4)
    np.testing.assert_allclose(
        rendered[1::2], (samples[:, after] - samples[:, before]) / 2, atol=1e-4
    )


@pytest.mark.parametrize(
    "read", [f"0, int(c) : {SOUND} : !,!,*(p),_", f"int(p), int(c) : {SOUND} : !,!,_,_"]
)
def test_a_sound_that_no_parameter_moves_has_no_slope(
    engine: Engine, tmp_path: Path, read: str
) -> None:
    write_wav(tmp_path / "s.wav", np.array([[0, 0.25, 0.125], [0.5, 0.25, -0.25]]))
    text = f'p = hslider("p", 0.5, 0, 4, 0.1); c = +(1) ~ _; process = {read};'
    texts = fad.transform(text, surrogate=["tables"]).source, fad.transform(text).source
    one, other = (
        engine.render(dual, "s.dsp", frames=3, include=[tmp_path], precision="single")
        for dual in texts
    )
    np.testing.assert_array_equal(one, other)
    assert "d_soundfile" not in texts[0]


def test_the_slope_of_a_sound_has_no_slope() -> None:
    text = f'p = hslider("p", 1, 0, 4, 0.1); process = 0, int(p) : {SOUND} : !,!,_,_;'
    (warning,) = fad.transform(text, surrogate=["tables"], order=2).warnings
    assert warning.startswith("the second derivative through `soundfile` at")


def test_each_parameter_behind_a_quantiser_is_a_warning() -> None:
    text = """
        p = hslider("p", 1.3, 0, 3, 0.1); q = hslider("q", 1.3, 0, 3, 0.1);
        r = hslider("r", 1.3, 0, 3, 0.1); step(x) = int(x);
        process = int(p) + int(q), (0, r : soundfile("s", 1) : !,!,_);
    """
    told = fad.transform(text).warnings
    assert [text.split(" is zero")[0] for text in told] == [
        f"the derivative by /{name}" for name in "pqr"
    ]
    shared = text.replace("int(p) + int(q)", "step(p) + step(q)")
    assert len(fad.transform(shared).warnings) == 3
