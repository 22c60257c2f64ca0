"""Tables of test cases in text files, beside the tests that read them.

In a file of programs, each line is one. In a file of pairs, each paragraph is a case: a text, a
line with `=>`, and what is expected of the text:

    # a bracket that nobody needs
    (_)
    =>
    _

Lines that begin with `#` are comments. Above a pair they are its name; a pair without a comment
goes by its text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.places import ROOT

_ARROW = "=>"


class CaseError(Exception):
    """A file of cases that is not as it should be; the message says where."""


@dataclass(frozen=True)
class Pair:
    """A text, and what is expected of it.

    Args:
        name: tells it from the others of its file.
        text: one line or several, without a line break at the end.
        expected: the same.
        place: the file and the line where it begins.
    """

    name: str
    text: str
    expected: str
    place: str


def programs(name: str) -> list[str]:
    """The lines of a file of programs.

    Args:
        name: of the file, as seen from the folder of all tests.
    """
    lines = [line for _, line in _lines(name) if line and not line.startswith("#")]
    _expect_once(name, lines)
    return lines


def pairs(name: str) -> list[Pair]:
    """The cases of a file of pairs.

    Args:
        name: of the file, as seen from the folder of all tests.

    Raises:
        CaseError: a paragraph is no pair, or two pairs have one name.
    """
    found = [_pair(name, lines) for lines in _paragraphs(name) if not _is_comment(lines)]
    _expect_once(name, [pair.name for pair in found])
    return found


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without what is blank at their ends."""
    text = (ROOT / "tests" / name).read_text("utf-8")
    return ((number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1))


def _paragraphs(name: str) -> Iterator[list[tuple[int, str]]]:
    paragraph: list[tuple[int, str]] = []
    for number, line in (*_lines(name), (0, "")):
        if line:
            paragraph.append((number, line))
        elif paragraph:
            yield paragraph
            paragraph = []


def _is_comment(lines: list[tuple[int, str]]) -> bool:
    return all(line.startswith("#") for _, line in lines)


def _pair(name: str, lines: list[tuple[int, str]]) -> Pair:
    place = f"tests/{name}:{lines[0][0]}"
    heading = []
    while lines[0][1].startswith("#"):
        heading.append(lines.pop(0)[1].lstrip("# "))
    arrows = [index for index, (_, line) in enumerate(lines) if line == _ARROW]
    if len(arrows) != 1:
        raise CaseError(f"{place}: a case has one line `{_ARROW}`, this one has {len(arrows)}")
    for number, line in lines:
        if line.startswith("#"):
            raise CaseError(f"tests/{name}:{number}: a comment stands above a case, not inside it")
    text, expected = (
        "\n".join(line for _, line in part) for part in (lines[: arrows[0]], lines[arrows[0] + 1 :])
    )
    if not text or not expected:
        raise CaseError(f"{place}: a case has a text before `{_ARROW}` and one after it")
    return Pair(" ".join(heading) or text, text, expected, place)


def _expect_once(name: str, cases: list[str]) -> None:
    for case in cases:
        if cases.count(case) > 1:
            raise CaseError(f"tests/{name}: this case is there twice: {case}")
