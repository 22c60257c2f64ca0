"""`fad.lib` over time: windows, long runs, schedules, broken gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fad
import fad.runtime.native
from fad.base.precision import Precision
from fad.runtime.engine import Engine
from tests.lib.references import finite
from tests.lib.running import LIBRARY, OPTIMIZERS, RATE, TOLERANCE, broken, noise, render
from tests.support.native import needs_compiler


def test_the_mean_forgets(engine: Engine) -> None:
    signal = noise(1, 400)
    hurt = signal.copy()
    hurt[0, 100] = np.nan
    hurt[0, 200] = 1e300
    whole, found = (render(engine, "process = df.mean(37);", s) for s in (signal, hurt))
    touched = np.isin(np.arange(400), [*range(100, 137), *range(200, 237)])
    assert np.array_equal(found[0, ~touched], whole[0, ~touched])
    assert np.isnan(found[0, 100:137]).all()


def test_the_mean_takes_few_additions(engine: Engine) -> None:
    text = 'df = library("fad.lib"); process = df.mean(1000);'
    code = engine.cpp(text, "test.dsp", include=[LIBRARY.parent])
    assert code[code.index("void compute") :].count(" + ") <= 20


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_takes_broken_gradients_for_zeros(engine: Engine, optimizer: str) -> None:
    program = f"process = df.{optimizer};"
    found, wanted = (render(engine, program, s) for s in (broken(1), finite(broken(1))))
    assert np.array_equal(found, wanted)


@needs_compiler
@pytest.mark.parametrize("precision", ["single", "double"])
def test_broken_gradients_in_code_that_denies_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(fad.runtime.native, "_OPTIONS", ("-std=c++17", "-O3", "-ffast-math", "-w"))
    optimizers = ", ".join(f"df.{optimizer}" for optimizer in OPTIMIZERS)
    text = f'df = library("fad.lib"); process = _ <: {optimizers};'
    code = engine.cpp(text, "test.dsp", include=[LIBRARY.parent], precision=precision)
    binary = fad.runtime.native.compile_natively(code)
    found, wanted = (binary.run(s, RATE, {}) for s in (broken(1), finite(broken(1))))
    assert np.isfinite(wanted).all()
    assert np.array_equal(found, wanted)


def test_the_bias_correction_after_a_long_time(engine: Engine) -> None:
    gradients = np.full((1, 300_000), -2.0)
    steps = render(engine, "process = df.adam(0.9, 0.999, 0.1);", gradients)
    assert abs(steps + 0.1).max() < TOLERANCE


def test_an_optimizer_takes_a_schedule(engine: Engine) -> None:
    found = render(engine, "process = df.sgd(df.exponential(0.3, 0.2));", np.ones((1, 500)))
    assert abs(found - 0.3 * 2 ** (-np.arange(500) / RATE / 0.2)).max() < TOLERANCE


def test_time_stops_instead_of_wrapping_around(engine: Engine, tmp_path: Path) -> None:
    text = LIBRARY.read_text()
    assert text.count("2147483646") == 1
    (tmp_path / "fad.lib").write_text(text.replace("2147483646", "100"))
    found = render(engine, "process = !, df.seconds;", np.zeros((1, 300)), tmp_path)
    assert np.allclose(found, np.minimum(np.arange(300), 100) / RATE)


def test_the_spectral_loss_leads_to_a_frequency(engine: Engine) -> None:
    """From 300 to 440 Hz, whatever the phases are meanwhile."""
    program = """
        ma = library("maths.lib");
        tone(f) = + (f/ma.SR) ~ ma.frac : *(2*ma.PI) <: sin, (*(2) : sin : /(2)) :> _;
        loss(f) = tone(440), tone(f) : df.spectral(12, 50, 10000);
        slope(u) = fad(loss(300*exp(u)), u) : !, _;
        process = \\(u).(u - (slope(u) : df.adam(0.99, 0.9999, 0.00003))) ~ _ : exp : *(300);
    """
    source = fad.expand(f'df = library("fad.lib");\n{program}').source
    (found,) = engine.render(source, "test.dsp", frames=24_000)
    assert found[0] < 301
    assert abs(found[-4000:] - 440).max() < 20
