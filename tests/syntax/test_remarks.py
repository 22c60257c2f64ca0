"""Comments that stand above definitions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import module
from fad.syntax.remarks import _WORDS, Remarks
from tests.support.places import LIBRARIES, ROOT, standard_examples


def above(text: str, mark: str = "x =") -> tuple[str, ...]:
    """The comments above the definition that begins with a mark."""
    return Remarks(Source("p.dsp", text)).above(text.index(mark))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("// one\n// two\nx = 1;", (" one", " two")),
        ("//one  \n//\n  //  two\nx = 1;", ("one", "", "  two")),
        ("//-----\r\n// crlf\r\nx = 1;", ("-----", " crlf")),
        ("/* block */\nx = 1;", (" block",)),
        ("/*\n * first\n *   second\n\n third\n */\nx = 1;", (" first", " second", "", " third")),
        ("/** doc */ \t\nx = 1;", (" doc",)),
        ("// far\n\nx = 1;", ()),
        ("// far\n\n// near\nx = 1;", (" near",)),
        ("y = 2; // about y\nx = 1;", ()),
        ("y = 2; // about y\n// about x\nx = 1;", (" about x",)),
        ("y = 2; /* about y,\nstill */\nx = 1;", ()),
        ("// about y\ny = 2; x = 1;", ()),
        ("/* before */ x = 1;", ()),
        ('s = "// no comment";\nx = 1;', ()),
        ('import("a//b");\n// yes\nx = 1;', (" yes",)),
        ("<mdoc>\n// no comment\n</mdoc>\nx = 1;", ()),
        ('// says "quoted\nx = 1;', (' says "quoted',)),
        ("/* // */\nx = 1;", (" //",)),
        ("// /*\nx = 1; // */", (" /*",)),
        ("x = 1;", ()),
    ],
)
def test_comments_directly_above_a_definition(text: str, expected: tuple[str, ...]) -> None:
    assert above(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "// it\nname = BODY;",
        "// it\nname = ((BODY));",
        "// it\nname /* a */ = // b\n\n  /* c */ BODY;",
        "// it\nname\n=\nBODY;",
        "process = a with {\n  // it\n  name = BODY;\n};",
        "// it\nBODY(x) = x;",
        "// not\ny = 1;\n// it\n::name=BODY;",
    ],
)
def test_a_definition_is_found_from_its_expression(text: str) -> None:
    remarks = Remarks(Source("p.dsp", text))
    assert remarks.above(text.index("BODY")) == (" it",)


TEXTS = [
    *sorted(LIBRARIES.glob("*.lib"))[::8],
    *standard_examples()[::12],
    *sorted((ROOT / "examples").rglob("*.dsp"))[:10],
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_comment_is_what_the_grammar_passes_by(path: Path, tmp_path: Path) -> None:
    """Without its comments, a text has the same definitions in the same places."""
    text = path.read_text(encoding="latin-1")

    def blanked(found: re.Match[str]) -> str:
        return re.sub(r"[^\r\n]", " ", found[0]) if found["comment"] else found[0]

    without = _WORDS.sub(blanked, text)
    plain = _WORDS.sub(lambda found: "", without)
    assert "//" not in plain and "/*" not in plain
    store = Cache(tmp_path)
    first, second = (module.load(Source("p.dsp", each), store) for each in (text, without))
    assert first.names == second.names
    for name in first.names:
        assert first.definitions(name) == second.definitions(name)
