"""What hosts call widgets: fad says what libfaust writes, and takes it where a widget is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fad
from fad.base.source import Source
from fad.diagram.parameters import find_parameters
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine

SLIDER = ", 0, 0, 1, 0.1)"
PROGRAMS = (
    'process = hslider("pick position"' + SLIDER + ";",
    'declare name "Pluck"; process = hslider("pick position"' + SLIDER + ";",
    'declare name "A"; declare name "B"; process = button("x");',
    'declare name "A [x] (b)#{c}?*,/ d"; process = button("x");',
    'declare name ""; process = button("x");',
    'declare name "N"; process = vgroup("a b", hslider("p q"' + SLIDER + ");",
    'declare name "N"; process = vgroup("", hslider("p"' + SLIDER + ', vgroup("", button("q")));',
    'process = vgroup("", hslider(""' + SLIDER + ");",
    'process = vgroup("a", button("x")), vgroup("a", button("y"));',
    'process = vgroup("a", button("x")), hgroup("a", button("y"));',
    'process = vgroup("a", button("x")), button("y");',
    'process = button("v:a/x"), vgroup("a [style:x]", button("[1] y [tooltip:?]"));',
    'process = button("v:a [s:t]/x"), vgroup("a [s:t]", button("y"));',
    'process = button("v:a [s:t]/x"), vgroup("a[s:t]", button("y"));',
    'process = vgroup("a ", button("x")), vgroup("a", button("y"));',
    'process = vgroup("[s:t]", button("x"));',
    'process = button("v:a/h:b c/x/y");',
    'process = vgroup("g", vgroup("f", button("../x"), button("/h:z/y")));',
    'process = vgroup("g", button("x")) : hbargraph("m", 0, 1);',
    'process = vgroup("g", button("x")), (0, 0 : soundfile("s[url:{}]", 1) : !, !, _);',
    'process = hgroup("a [1] b", button("a [1]b"));',
    'process = button("é-_.*1~!$&;<=>@^|");',
)


def described(items: list[dict[str, Any]]) -> Iterator[str]:
    """The addresses in libfaust's description of a user interface."""
    for item in items:
        if "items" in item:
            yield from described(item["items"])
        elif item["type"] not in ("hbargraph", "vbargraph", "soundfile"):
            yield item["address"]


@pytest.mark.parametrize("text", PROGRAMS)
@pytest.mark.parametrize("name", ["my file.dsp", "a.b.dsp"])
def test_host_paths_are_those_of_the_standard_compiler(
    engine: Engine, text: str, name: str
) -> None:
    front = read(Request(Source(name, text)))
    found = [p.host_paths[0] for p in find_parameters(front.evaluated().process, front.title)]
    assert sorted(found) == sorted(described(engine.json(text, name)["ui"]))


PLUCK = """
declare name "Pluck";
process = *(hslider("pick position", 0.5, 0, 1, 0.1)) : +(hslider("v:low end/dc", 0, -1, 1, 0.1));
"""


def test_widgets_are_named_as_in_a_host() -> None:
    position, dc = "/Pluck/pick_position", "/Pluck/low_end/dc"
    assert [p.path for p in fad.transform(PLUCK, wrt=[position]).parameters] == ["/pick position"]
    assert [p.path for p in fad.transform(PLUCK, wrt=["/Pluck/low*"]).parameters] == ["/low end/dc"]
    along = fad.transform(PLUCK, direction={dc: 1, position: 2})
    assert [p.path for p in along.parameters] == ["/pick position", "/low end/dc"]
    frozen = fad.estimate(PLUCK, freeze=[dc], start={position: 0.2})
    assert [(p.path, p.init) for p in frozen.parameters] == [("/pick position", 0.2)]
    report = fad.check(PLUCK, at={position: 0.3}, wrt=[dc], seconds=0.001)
    assert report.passed and [pair.parameter for pair in report.pairs] == ["/low end/dc"]
    recording = fad.run(PLUCK, seconds=0.01, at={position: 0.25}, changes={0.005: {dc: 1}})
    assert recording.sliders["/pick position"][0] == 0.25
    assert recording.sliders["/low end/dc"][-1] == 1


def test_the_name_of_a_file_is_that_of_its_program(tmp_path: Path) -> None:
    path = tmp_path / "my synth.dsp"
    path.write_text('process = *(hslider("a", 0.5, 0, 1, 0.1)), *(button("b"));')
    recording = fad.run(path, seconds=0.01, at={"/my_synth/a": 0.25})
    assert recording.sliders["/a"][0] == 0.25


def test_what_the_compiler_leaves_out_may_take_the_outer_group_away(engine: Engine) -> None:
    text = 'process = *(hslider("v:a/x", 0.5, 0, 1, 0.1)) : attach(_, 1) : _, (button("idle") : !);'
    (address,) = described(engine.json(text, "p.dsp")["ui"])
    assert address == "/a/x"
    for name in (address, "/p/a/x"):
        recording = fad.run(Source("p.dsp", text), seconds=0.01, at={name: 0.25})
        assert recording.sliders["/a/x"][0] == 0.25
