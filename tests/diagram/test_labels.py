"""Widget labels, which the standard compiler takes apart in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fad
from fad.base.errors import FadError
from fad.diagram.labels import metadata, plain_name, without_metadata
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.properties import examples

LABELS = [
    "g[tooltip: in [0,1] range]",
    "g[unit:Hz",
    "g\\",
    "g\\[unit:Hz]",
    "g[a\\]:b]c",
    "a]b[c]",
    "a\tb",
    "\t a \t",
    "\x0ba\x01b",
    "t:",
    "h:a/t:",
    "::",
    ":",
    "é:/b",
    "h:/x",
    "h:../x",
    "h: a [m:1]/x",
    "h:a[u:m/s]/b",
    "../../g",
    "/../g",
    "./././g",
    "...",
    "100%{x-y} foo",
    "%12 x",
    "%%%",
    "x[u:b][u:a][u:c]",
]

#: What random labels are made of: what has a meaning in one, and a little that has none.
PIECES = [
    *("g", "a b", "[", "[", "[", "]", "]", "]", ":", "/", "..", "../", "./", "h:", "v:q/", "t:"),
    *("%", "%2", "%{", "}", "\\", ".", "-", "_", "'", "unit:Hz", "[unit:Hz]", "[0]", "[1]", "é"),
    *(" ", " ", "\t", "\n", "*", "#", "diff:on", "//", "/*", "*/", "{", "|", "!", "?", ","),
]


def program(label: str, group: str) -> str:
    # Two groups around, so that the standard compiler does not invent one for the whole program.
    return f'process = vgroup("o", hgroup("{group}", hslider("{label}", 1, 0, 2, 0.1)));'


def libfaust_widgets(engine: Engine, text: str) -> list[tuple[str, dict[str, str]]]:
    """The paths of a program's widgets, with their metadata, as libfaust describes them.

    The group of the program's own name is left out: libfaust adds one where there is none.
    """

    def walk(items: list[dict[str, Any]], path: str) -> Iterator[tuple[str, dict[str, str]]]:
        for item in items:
            # libfaust calls what has no name so.
            label = item["label"].replace("0x00", "")
            if "items" in item:
                yield from walk(item["items"], path if label == "program" else f"{path}/{label}")
            else:
                notes: dict[str, str] = {}
                for entry in item.get("meta", []):
                    notes |= entry
                yield f"{path}/{label}", notes

    return list(walk(engine.json(text, "program.dsp")["ui"], ""))


def fad_widgets(text: str) -> list[tuple[str, str, str]]:
    return [(each.path, each.unit, each.diff) for each in fad.expand(text).widgets]


def is_read_alike(engine: Engine, label: str, group: str = "i") -> None:
    text = program(label, group)
    expected = libfaust_widgets(engine, text)
    notes = [(path, note.get("unit", ""), note.get("diff", "")) for path, note in expected]
    assert fad_widgets(text) == notes


@pytest.mark.parametrize("label", LABELS)
def test_labels_are_read_as_the_standard_compiler_reads_them(label: str, engine: Engine) -> None:
    is_read_alike(engine, label)
    is_read_alike(engine, "g", label)


@examples(100)
@given(
    st.lists(st.sampled_from(PIECES), max_size=7).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
)
def test_random_labels(engine: Engine, label: str, group: str) -> None:
    # JSON has no place for a single backslash: libfaust's description is then not to be read.
    label, group = (text.replace("\\\\", "") for text in (label, group))
    try:
        fad.expand(program(label, group))
    except FadError as refusal:
        if "has no name" not in refusal.message:  # then libfaust crashes, or reads anything
            with pytest.raises(EngineRefusal):
                engine.json(program(label, group), "program.dsp")
    else:
        is_read_alike(engine, label, group)


@pytest.mark.parametrize("label", ["..", ".", "h:x/..", "/.", "../."])
def test_a_label_needs_a_name(label: str) -> None:
    with pytest.raises(FadError, match="has no name") as refusal:
        fad.expand(f'process = _*hslider("{label}", 1, 0, 2, 0.1);')
    assert refusal.value.span is not None and refusal.value.span.location == (1, 13)


def test_the_width_of_a_number_is_at_most_four(engine: Engine) -> None:
    for width in ("", "0", "1", "04", "9", "12", "0" * 5000):
        text = f'process = par(i, 1, button("a%{width}i"));'
        (expected,) = libfaust_widgets(engine, text)
        assert [widget.path for widget in fad.expand(text).widgets] == [expected[0]]
    assert len(fad.expand(text.replace("0" * 5000, "1" * 5000)).widgets) == 1


@pytest.mark.parametrize(
    "label",
    ["g", "g [unit:Hz][diff:off]", "g[unit:Hz", "g\\", "h:a[b/g[diff:off]x", "g[diff:off][k"],
)
def test_metadata_can_be_replaced(label: str) -> None:
    changed = f"{without_metadata(label, 'diff')}[diff:on]"
    assert metadata(changed) == {**metadata(label), "diff": "on"}
    assert plain_name(changed) == plain_name(label)


def test_a_text_has_no_nul_characters() -> None:
    with pytest.raises(FadError, match="NUL") as refusal:
        fad.expand('process = _*hslider("a\0b", 1, 0, 2, 0.1);')
    assert refusal.value.span is not None and refusal.value.span.location == (1, 23)
