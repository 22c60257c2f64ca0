"""The first lines of a written program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fad
from fad.pipeline.header import outputs_comment, outputs_in
from fad.text.lines import WIDTH

LONG = [f"dy/da name of {number} words-and-more" for number in range(20)]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8))
def test_names_of_channels_are_read_as_they_were_written(names: list[str]) -> None:
    lines = outputs_comment(names)
    assert all(line.startswith("// ") and line.isprintable() for line in lines)
    assert outputs_in("\n".join([*lines, "", "process = 0;"])) == tuple(names)


def test_lines_are_broken_between_names_only() -> None:
    lines = outputs_comment(LONG)
    assert len(lines) > 3 and max(map(len, lines)) <= WIDTH
    listed = [name for line in lines for name in line[3:].strip().rstrip(",").split(", ")]
    assert ["outputs: " + LONG[0], *LONG[1:]] == listed


def test_a_name_that_is_longer_than_a_line_stays_whole() -> None:
    label = "a very-long name " * 10 + "end"
    program = fad.transform(f'process = _*hslider("{label}", 0.5, 0, 1, 0.1);')
    header = program.source.split("\n\n")[0].split("\n")
    assert f"//   dy/d{label}" in header
    assert f"// parameter /{label}: 0.5 in [0, 1]" in header


@pytest.mark.parametrize(
    "text",
    [
        "process = 0; // outputs: y",
        "process = 0;\n// outputs: y",
        '// outputs: y, "a\nprocess = 0;',
        '// outputs: "\\q"\nprocess = 0;',
        "// outputs: a,, b\nprocess = 0;",
        "// outputs:\nprocess = 0;",
        "/* outputs: y */ process = 0;",
        "",
    ],
)
def test_what_is_no_list_of_names_names_nothing(text: str) -> None:
    assert outputs_in(text) == ()


def test_a_list_that_ends_early_takes_nothing_else() -> None:
    assert outputs_in("// outputs: y,\n// parameter /g: 0\n") == ("y",)
    assert outputs_in("// outputs: y,\n//   dy/dg\n//   more\n") == ("y", "dy/dg")


def test_a_hostile_header_takes_no_time() -> None:
    assert outputs_in("// outputs: " + " " * 300_000 + '"') == ()
    assert len(outputs_in("// outputs: a,\n" + "//   b,\n" * 100_000)) == 100_001
