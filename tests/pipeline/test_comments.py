"""The comments of the source that come along, and the lines that definitions are from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fad
from fad.runtime.engine import Engine
from tests.support.commands import command_line

PROGRAM = """\
// What this program is.

// How bright it is.
cutoff = hslider("cutoff", 0.5, 0, 1, 0.01); // behind it
/* How loud,
 * in all. */
gain = hslider("gain", 0.5, 0, 1, 0.01);
// A voice.
voice(n) = + ~ *(cutoff*n) : *(gain) : max(-1) : min(1) : *(n*0.5);
// Not used.
idle = 7;
// The shape.
shape(x) = y*y + sin(y) with {
    // What comes in.
    y = x*gain + exp(x*3.5)*cos(x*0.25);
};
// All of it.
process = _ <: voice(0.1), voice(0.2), voice(0.3) :> shape;
"""
#: Definition -> the comments above it.
EXPECTED = {
    "cutoff": ["// How bright it is."],
    "gain": ["// How loud,", "// in all."],
    "voice": ["// A voice."],
    "y": ["// What comes in."],
    "process": ["// All of it."],
}


def comments(text: str) -> dict[str, list[str]]:
    """Definition -> the lines of comments above it, without those that tell derivatives."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in map(str.strip, text.split("\n\n", 1)[1].splitlines()):
        if line.startswith("//"):
            lines.append(line)
        elif name := re.match(r"(\w+)(\([^=]*\))? =", line):
            found[name[1]] = [
                each for each in lines if not each.startswith(("// d/d", "// by output"))
            ]
            lines = []
        else:
            lines = []
    return found


def expect(found: Mapping[str, list[str]], expected: Mapping[str, list[str]]) -> None:
    assert {name: lines for name, lines in found.items() if lines} == expected


@pytest.mark.parametrize("order", [1, 2])
def test_comments_come_along_into_the_dual(order: Literal[1, 2]) -> None:
    written = fad.transform(PROGRAM, order=order)
    found = comments(written.source)
    for name in ("cutoff", "gain", "voice", "process"):
        assert found[name] == EXPECTED[name]
    if order == 1:
        assert found["shape"] == ["// The shape."] and found["y"] == EXPECTED["y"]
    assert "behind it" not in written.source and "Not used" not in written.source
    assert "What this program is" not in written.source


def test_what_no_derivative_reaches_has_its_comments() -> None:
    written = fad.transform(PROGRAM, wrt=["cutoff"])
    assert comments(written.source)["gain"] == EXPECTED["gain"]


def test_a_function_in_functions_has_its_comment() -> None:
    """It is found in several rounds: once in the calls of each function around it, once in both.

    Where another definition has its name, that alone does not tell whose comment it is.
    """
    program = """
        // Softens a signal.
        soften(a, x) = x*a + x'*(1.0 - a) : max(-0.9) : min(0.9);
        voice(a, b) = soften(a) : soften(b) : *(3.0);
        lfo(f) = +(f) ~ *(0.125) : *(0.5);
        drone(f, g) = soften(lfo(f)) : abs : soften(lfo(g)) : *(5.0);
        rough = environment {
            // Roughens it.
            soften(x) = x*x*x - x*0.25 : max(-0.5);
        };
        process = voice(0.1, 0.2), voice(0.3, 0.4), drone(0.25, 0.35), voice(0.5, 0.6),
            drone(0.75, 0.55), rough.soften;
    """
    expected = {"soften": ["// Softens a signal."], "soften_2": ["// Roughens it."]}
    expect(comments(fad.expand(program, comments=True).source), expected)


def test_an_expansion_has_none_by_default() -> None:
    assert "//" not in fad.expand(PROGRAM).source.split("\n\n", 1)[1]
    expect(comments(fad.expand(PROGRAM, comments=True).source), EXPECTED)


def test_comments_can_be_left_out() -> None:
    plain = fad.transform(PROGRAM, comments=False).source
    assert not any(comments(plain).values())
    with_comments = fad.transform(PROGRAM).source
    own = {line for lines in EXPECTED.values() for line in lines} | {"// The shape."}
    assert [line for line in with_comments.splitlines() if line.strip() not in own] == (
        plain.splitlines()
    )


def test_a_text_with_comments_computes_the_same(engine: Engine) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 64))
    expected = engine.render(PROGRAM, "p", inputs=noise, frames=64)
    for text in (
        fad.expand(PROGRAM, comments=True, lines=True).source,
        fad.transform(PROGRAM, lines=True).source,
    ):
        assert (engine.render(text, "p", inputs=noise, frames=64)[:1] == expected).all()


def test_lines_tell_where_definitions_are_from() -> None:
    written = fad.expand(fad.Source("voices.dsp", PROGRAM), lines=True)
    places = {
        name: PROGRAM[: PROGRAM.index(f"\n{name}")].count("\n") + 2
        for name in EXPECTED
        if name != "y"
    }
    places["y"] = PROGRAM[: PROGRAM.index("    y = ")].count("\n") + 1
    found = comments(written.source)
    expect(found, {name: [f"// voices.dsp:{line}"] for name, line in places.items()})
    both = comments(fad.expand(fad.Source("voices.dsp", PROGRAM), lines=True, comments=True).source)
    assert both["gain"] == [*EXPECTED["gain"], f"// voices.dsp:{places['gain']}"]
    explained = fad.explain(fad.Source("voices.dsp", PROGRAM), lines=True)
    assert f"became    // voices.dsp:{places['gain']}\n            gain = " in explained


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program and a library, and libraries elsewhere."""
    texts = {
        "here/own.lib": "// Of the user.\nfilter(a) = + ~ *(a*0.5) : max(-1.25) : min(1.75);\n",
        "here/odd.txt": "// A secret.\nother(a) = + ~ *(a*0.25) : max(-2.5) : min(2.75);\n",
        "there/far.lib": "// Of others.\nfar(a) = + ~ *(a*0.75) : max(-3.5) : min(3.75);\n",
        "here/p.dsp": 'import("stdfaust.lib"); import("own.lib"); import("odd.txt");\n'
        'import("far.lib"); process = filter(0.125), other(0.25), far(1), fi.lowpass(3, 1000);\n',
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_comments_of_the_users_own_files_only(folder: Path) -> None:
    path, include = folder / "here" / "p.dsp", [folder / "there"]
    written = fad.expand(path, include=include, comments=True, lines=True).source
    found = comments(written)
    assert found["filter"] == ["// Of the user.", "// own.lib:2"]
    assert found["other"] == ["// odd.txt:2"]
    assert found["far"] == ["// far.lib:2"]
    lines = [line for each in found.values() for line in each]
    assert sum("filters.lib:" in line for line in lines) > 1
    # Nothing that filters.lib says comes along.
    assert all(re.fullmatch(r"// [\w.]+:\d+", line) for line in lines if "user" not in line)


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
@settings(max_examples=60, deadline=None)
def test_whatever_a_comment_says_it_stays_one(text: str) -> None:
    """Of whatever is in a comment, nothing becomes code."""
    body = 'gain = hslider("gain", 0.5, 0, 1, 0.01); process = _*gain + 0.25;'
    said = text.replace("*/", "* /")
    program = f"/*{said}*/\n{body}"
    written = fad.transform(program).source
    code = [line for line in written.splitlines() if not line.startswith("//")]
    plain = [line for line in fad.transform(body).source.splitlines() if not line.startswith("//")]
    assert code == plain
    assert all(line.isprintable() for line in written.split("\n"))


def test_long_lines_of_comments_are_broken() -> None:
    text = "// " + "word " * 40 + '\ngain = hslider("gain", 0.5, 0, 1, 0.01);\nprocess = _*gain;'
    written = fad.transform(text).source
    assert max(map(len, written.splitlines())) <= 100
    assert written.count("word") == 40


def test_the_commands_take_comments_and_lines(tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text(PROGRAM)
    run = command_line(tmp_path)
    path = tmp_path / "p.dsp"
    assert run("transform", "p.dsp").stdout == fad.transform(path).source
    plain = run("transform", "p.dsp", "--no-comments", "--lines").stdout
    assert plain == fad.transform(path, comments=False, lines=True).source
    assert run("expand", "p.dsp").stdout == fad.expand(path).source
    expanded = run("expand", "p.dsp", "--comments", "--lines").stdout
    assert expanded == fad.expand(path, comments=True, lines=True).source
    assert run("transform", "p.dsp", "--explain", "--lines").stdout == fad.explain(path, lines=True)
    (tmp_path / "fad.toml").write_text("[expand]\ncomments = true\n[transform]\ncomments = false\n")
    assert run("expand", "p.dsp").stdout == fad.expand(path, comments=True).source
    assert run("transform", "p.dsp").stdout == fad.transform(path, comments=False).source
