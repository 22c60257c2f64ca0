"""The page on reverse mode shows what is written."""

from __future__ import annotations

import re

import pytest

import fad
from tests.support.pages import block_names, check_block
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "reverse.md"
GALLERY = ROOT / "docs" / "gallery-reverse.md"
_ENTRY = re.compile(
    r"^## `(?P<stem>\w+)\.dsp`.*?^```faust\n(?P<source>.*?)^```", re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("name", ["onepole-forward", "onepole-adjoint"])
def test_the_page_shows_what_is_written(name: str, update_golden: bool) -> None:
    programs = fad.transform(ROOT / "examples" / "onepole.dsp", mode="reverse")
    stem, _, kind = name.partition("-")
    assert stem == "onepole"
    text = programs.texts(stem)[f"{stem}.{kind}.dsp"]
    check_block(PAGE, name, f"```faust\n{text}```", update_golden)


def entries() -> dict[str, str]:
    """The programs of the gallery."""
    return {entry["stem"]: entry["source"] for entry in _ENTRY.finditer(GALLERY.read_text("utf-8"))}


@pytest.mark.parametrize("stem", entries())
def test_the_gallery_shows_what_is_written(stem: str, update_golden: bool) -> None:
    programs = fad.transform(fad.Source(f"{stem}.dsp", entries()[stem]), mode="reverse")
    for name, text in programs.texts(stem).items():
        if name.endswith(".dsp"):
            block = name.removesuffix(".dsp").replace(".", "-")
            check_block(GALLERY, block, f"```faust\n{text}```", update_golden)


def test_all_blocks_are_tested() -> None:
    kinds = ("forward", "adjoint", "control")
    assert sorted(block_names(GALLERY)) == sorted(
        f"{s}-{kind}" for s in entries() for kind in kinds
    )
