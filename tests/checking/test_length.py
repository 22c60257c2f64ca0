"""How long programs are run."""

from __future__ import annotations

import pytest

from fad.checking.length import LONGEST, PRESSED, SHORTEST, seconds_for
from fad.pipeline.front import Request, read

RATE = 48000


@pytest.mark.parametrize(
    ("program", "delay"),
    [
        ("process = _;", 0),
        ("process = _', fi.lowpass(2, 1000);", 0),
        ("process = _@24000;", 0.5),
        ("process = _@24000@24000, _@100;", 1),
        ("process = _ <: _, @(int(0.25*ma.SR)) :> _;", 0.25),
        ("process = de.fdelay(65536, 0.3*ma.SR);", 0.3),
        ('process = @(int(ma.SR*hslider("d", 0.2, 0, 1, 0.01)));', 0.2),
        ('process = @(int(ma.SR*0.2*button("g")));', 0.2),
        ("process = ef.echo(1, 0.4, 0.5);", 0.4),
        ("process = +~(@(9599) : *(0.5));", 0.2),
        ("process(x, d) = x : de.fdelay(24000, d*1000);", 0.5),  # what is not known has its bound
        ("process(x) = rwtable(24000, 0.0, (+(1) ~ _) % 24000, x, (+(1) ~ _) % 24000);", 0.5),
        ("process = _@(ma.SR*10);", 10),
        ("process = os.osc(440);", 0),
    ],
)
def test_until_the_longest_delay_is_over(program: str, delay: float) -> None:
    text = 'import("stdfaust.lib"); ' + program
    box = read(Request(text)).evaluated().process
    seconds = seconds_for([box], RATE)
    wanted = SHORTEST + delay / (1 - PRESSED)
    assert min(LONGEST, wanted) - 0.011 <= seconds <= min(LONGEST, wanted + 0.001)
    assert seconds == LONGEST or seconds * (1 - PRESSED) > delay + 0.03
