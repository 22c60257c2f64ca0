"""What signals are at least, against what the standard compiler makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from fad.runtime.engine import Engine
from fad.signals.least import Leasts
from fad.signals.ranges import Ranges
from fad.signals.rates import Rate, Rates
from fad.signals.write import Writer, process_of
from fad.text.emitter import emit
from tests.support.reverse import run
from tests.support.signals import propagated

SLIDERS = (
    'SR = library("maths.lib").SR; a = hslider("a", 0, -1, 3, 0.01); '
    'b = hslider("b", 0, 0, 40, 1); '
)
FRAMES = 200


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a", 4),
        ("int(a)", 4),
        ("b + a*3", 52),
        ("int(1116*SR/44100) + int(b) - 1", 40),
        ("max(0, int(1116*SR/44100) + int(b) - 1)", 40),
        ("min(1024, max(0, int(556*SR/44100) + int(b) - 1))", 40),
        ("(a + SR)*2/4", 2),
        ("SR*2 - a", None),
        ("sin(a)", 2),
    ],
)
def test_leasts(engine: Engine, text: str, span: float | None) -> None:
    traced, (signal,), _ = propagated(f"{SLIDERS}process = {text};")
    rates = Rates()
    least = Leasts(traced.graph, Ranges(), rates)[signal]
    if least is None:
        assert span is None
        return
    assert rates[least.signal] is Rate.CONSTANT
    if span is not None:
        assert least.span == pytest.approx(span)
    signals = signal, least.signal, least.rest
    writer = Writer(signals, {}, traced.names, 0)
    program = emit(process_of([], [writer.box(each) for each in signals]), writer.named)
    random = np.random.default_rng(1)
    courses = {"/a": random.uniform(-1, 3, FRAMES), "/b": np.floor(random.uniform(0, 41, FRAMES))}
    value, bound, rest = run(engine, program, np.zeros((0, FRAMES)), courses)
    assert np.ptp(bound) == 0
    assert (value >= bound).all()
    assert (value <= bound + least.span).all()
    np.testing.assert_allclose(rest, value - bound, atol=1e-9)
    if least.is_whole:
        np.testing.assert_array_equal(value, np.floor(value))


@pytest.mark.parametrize(
    ("one", "other"),
    [("int(a*4)", "int(a*4) + 7"), ("int(b)", "int(SR) + int(b) - 1"), ("int(b)", "int(int(b))")],
)
def test_what_differs_by_a_constant_has_the_same_rest(one: str, other: str) -> None:
    traced, signals, _ = propagated(f"{SLIDERS}process = {one}, {other};")
    leasts = Leasts(traced.graph, Ranges(), Rates())
    first, second = (leasts[signal] for signal in signals)
    assert first is not None
    assert second is not None
    assert first.rest is second.rest


def test_deep_sums_are_no_problem() -> None:
    traced, (signal,), _ = propagated(f"{SLIDERS}process = seq(i, 60, (_ <: _, _ : +))(int(b));")
    least = Leasts(traced.graph, Ranges(), Rates())[signal]
    assert least is not None
    assert least.span == 40 * 2.0**60
