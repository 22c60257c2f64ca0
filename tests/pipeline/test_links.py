"""Which parts of a program have become which definitions of its dual."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fad
from fad.pipeline.front import Request
from fad.pipeline.links import Link, linked
from fad.pipeline.transform import options_of
from tests.support.places import ROOT
from tests.support.programs import SHAPE

EXAMPLES = sorted((ROOT / "examples").glob("*.dsp"))
DEFINITION = re.compile(r"\s*\w+(\(.*?\))? =\s", re.DOTALL)


def texts_of(program: str | Path, **options: object) -> dict[str, list[tuple[str, str, str]]]:
    """By name: the text in the source, the text in the dual, and the reason."""
    written, links, _ = linked(Request(program), options_of(**options))  # type: ignore[arg-type]
    found: dict[str, list[tuple[str, str, str]]] = {}
    for link in links:
        found.setdefault(link.name, []).append(
            (in_source(link), written.source[slice(*link.dual)], link.reason)
        )
    return found


def in_source(link: Link) -> str:
    return link.source.source.text[link.source.start : link.source.end]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_links_connect_definitions_of_what_is_written(path: Path) -> None:
    program, links, _ = linked(Request(path), options_of())

    assert program.source == fad.transform(path).source
    assert links
    for link in links:
        text = program.source[slice(*link.dual)]
        assert DEFINITION.match(text) and text.endswith(";")
        assert text in program.source.splitlines() or "\n" in text or f"{text} //" in program.source
        assert link.source.source.text == path.read_text("utf-8")
        assert in_source(link).strip()
        assert link.reason


def test_a_definition_is_linked_with_what_it_has_become_and_why() -> None:
    found = texts_of(SHAPE)
    assert found["gain"] == [
        (
            'gain = hslider("gain", 0.5, 0, 1, 0.01)',
            'gain = hslider("gain", 0.5, 0, 1, 0.01), 1.0;',
            "it is a parameter: its derivative by itself is 1",
        )
    ]
    ((source, dual, reason),) = found["shape"]
    assert source.startswith("shape(x) = sin(x*gain)")
    assert dual.startswith("shape(x")
    assert "its outputs carry d/dgain" in reason
    ((source, dual, reason),) = found["smooth"]
    assert source.startswith("smooth = ") and dual.startswith("smooth = ")
    assert "no parameter reaches it" in reason
    ((source, dual, _),) = found["process"]
    assert source.startswith("process = ") and dual.startswith("process = ")


def test_what_a_library_has_is_linked_with_what_asks_for_it() -> None:
    program = """import("stdfaust.lib");
fc = hslider("fc", 800, 20, 20000, 1);
process = fi.lowpass(2, fc);
"""
    found = texts_of(program)
    assert {source for source, _, _ in found["fir"]} == {"fi.lowpass(2, fc)"}
    assert {dual.partition(" = ")[0] for _, dual, _ in found["fir"]} == {"fir", "tf2s_fir"}


def test_functions_that_share_a_variable_are_linked_too() -> None:
    program = r"""gain = hslider("gain", 0.5, 0, 1, 0.01);
twice(f, x) = f(f(x));
process = twice(\(x).(x*gain + sin(x*gain)));
"""
    found = texts_of(program)
    assert {"gain", "process"} <= set(found)


def test_second_derivatives_are_linked_with_definitions() -> None:
    program = """gain = hslider("gain", 0.5, 0, 1, 0.01);
bent = sin(gain*_) * gain + cos(gain);
process = bent <: _, *(bent);
"""
    found = texts_of(program, order=2)
    ((source, dual, _),) = found["gain"]
    assert source == 'gain = hslider("gain", 0.5, 0, 1, 0.01)'
    assert dual == 'gain = (hslider("gain", 0.5, 0, 1, 0.01), 1.0), 1.0;'
    assert {source.partition(" = ")[0] for source, _, _ in found["bent"]} == {"bent"}
    assert all(reason == "" for name in found if name != "process" for _, _, reason in found[name])


def test_only_what_can_be_asked_for_is() -> None:
    with pytest.raises(fad.FadError, match="a direction names the variables"):
        options_of(wrt=["gain"], direction={"gain": 1.0})
