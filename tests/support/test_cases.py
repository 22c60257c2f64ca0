"""The reader of cases in text files: what it reads, and that it says what is wrong where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import cases
from tests.support.cases import CaseError, pairs, programs

PAIRS = """# What these cases are about.

# the first one,
# with a name
a
  b
=>
c

d
=>
e
f
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file `a.txt` among the tests of a checkout."""
    monkeypatch.setattr(cases, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    return tmp_path / "tests" / "a.txt"


def test_pairs(file: Path) -> None:
    file.write_text(PAIRS)
    first, second = pairs("a.txt")
    assert (first.name, first.text, first.expected) == ("the first one, with a name", "a\n  b", "c")
    assert (second.name, second.text, second.expected) == ("d", "d", "e\nf")
    assert (first.place, second.place) == ("tests/a.txt:3", "tests/a.txt:10")


def test_programs(file: Path) -> None:
    file.write_text("# What they are.\n\na\n  b => c\n\n# More.\nd")
    assert programs("a.txt") == ["a", "  b => c", "d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n=>\nb\n\nc\n", "tests/a.txt:5: a case has one line `=>`, this one has 0"),
        ("a\n=>\nb\n=>\nc\n", "tests/a.txt:1: a case has one line `=>`, this one has 2"),
        ("# a\n=>\nb\n", "tests/a.txt:1: a case has a text before `=>` and one after it"),
        ("a\n=>\n", "tests/a.txt:1: a case has a text before `=>` and one after it"),
        ("a\n# b\n=>\nc\n", "tests/a.txt:2: a comment stands above a case, not inside it"),
        ("# b\na\n=>\nc\n\n# b\nd\n=>\ne\n", "tests/a.txt: this case is there twice: b"),
    ],
)
def test_what_is_wrong_is_told(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(CaseError) as caught:
        pairs("a.txt")
    assert str(caught.value) == message


def test_a_program_is_there_once(file: Path) -> None:
    file.write_text("a\nb\na\n")
    with pytest.raises(CaseError, match=r"tests/a\.txt: this case is there twice: a"):
        programs("a.txt")
