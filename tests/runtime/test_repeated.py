"""Diagrams that run again and again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


class Setting(Engine):
    """An engine that sets widgets, as that of a page does: it writes values into the text."""

    def render_at(
        self, source: str, name: str, values: Mapping[str, float], **how: Any
    ) -> NDArray[np.float64]:
        for label, value in values.items():
            source, count = re.subn(rf'(\w+\("{label}"), [^,]+,', rf"\1, {value!r},", source)
            assert count == 1
        return self.render(source, name, **how)


def test_a_renderer_that_sets_widgets_sets_those_that_are_meant(tmp_path: Path) -> None:
    program = """
    a = hslider("a", 1, 0, 2, 0.1); b = hslider("b", 10, 0, 20, 1);
    process = hgroup("x", a), hgroup("y", a), b, _@b, hbargraph("a", 0, 1)(0.5), hgroup("x", a);
    """
    box = read(Request(program)).evaluated().process
    with Setting() as setting:
        host = Host(setting, "p.dsp", tmp_path, 44100, False)
        running = runner(box, host, [{"/b": 30.0}])
        *_, x = outputs = running.run(NOISE, {"/y/a": 0.5, "/b": 30.0})
        assert [*outputs[[0, 1, 2, 4], -1], x[-1]] == [1, 0.5, 30, 0.5, 1]
        np.testing.assert_array_equal(outputs[3, 30:], NOISE[0, :-30])
        assert running.run(NOISE, {})[2, 0] == 10


@both_ways
def test_points_are_within_reach(engine: Engine, tmp_path: Path, native: bool) -> None:
    box = read(Request('process = _@(hslider("d", 3, 0, 10, 1));')).evaluated().process
    host = Host(engine, "p.dsp", tmp_path, 44100, native)
    values = {"/d": 40.0}
    (delayed,) = runner(box, host, [values]).run(NOISE, values)
    np.testing.assert_array_equal(delayed[40:], NOISE[0, :-40])
