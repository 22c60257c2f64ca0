"""Diagrams that run again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.repeated import Host, runner
from tests.support.native import both_ways

FRAMES = 300
NOISE = np.random.default_rng(1).uniform(-1, 1, (1, FRAMES))
PROGRAM = """
g = hgroup("a", button("g"));
d = hslider("d", 3, 0, 1000, 1);
process = (_ <: _*g, @(d)), hgroup("a", d), g';
"""


@both_ways
def test_widgets_follow_their_courses(engine: Engine, tmp_path: Path, native: bool) -> None:
    box = read(Request(PROGRAM)).evaluated().process
    gate = np.repeat([0.0, 1.0, 0.0], 100)
    delay = np.repeat([3.0, 100.1, 99.0], 100)
    host = Host(engine, "p.dsp", tmp_path, 44100, native)
    moving = runner(box, host, courses={"/a/g": gate, "/d": delay})
    for offset in (0.0, 1e-4):
        product, delayed, unmoved, late = moving.run(NOISE, {"/d": offset})
        np.testing.assert_array_equal(product, NOISE[0] * gate)
        times = np.arange(FRAMES) - np.floor(delay + offset).astype(int)
        expected = np.where(times < 0, 0, NOISE[0, times])
        np.testing.assert_array_equal(delayed, expected)
        assert (unmoved == 3).all()
        np.testing.assert_array_equal(late[1:], gate[:-1])


@both_ways
def test_points_are_within_reach(engine: Engine, tmp_path: Path, native: bool) -> None:
    box = read(Request('process = _@(hslider("d", 3, 0, 10, 1));')).evaluated().process
    host = Host(engine, "p.dsp", tmp_path, 44100, native)
    values = {"/d": 40.0}
    (delayed,) = runner(box, host, [values]).run(NOISE, values)
    np.testing.assert_array_equal(delayed[40:], NOISE[0, :-40])
