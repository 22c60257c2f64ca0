"""Programs that start at other values: the user's own text where it can say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fad.base.errors import FadError
from fad.pipeline.front import Request
from fad.pipeline.inits import Fitted, with_inits
from fad.runtime.engine import Engine
from tests.support.properties import examples

#: What stands between the label of a widget and its range, where that is a number.
INIT = re.compile(r'((?:slider|nentry)\("[^"]*",)[-+ (]*[0-9.][-+0-9.ef]*\)?')


def fitted(program: str | Path, values: Mapping[str, float]) -> Fitted:
    return with_inits(Request(program), values)


def widgets(engine: Engine, text: str, folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Path -> what libfaust says of a widget."""
    found: dict[str, dict[str, Any]] = {}
    items = list(engine.json(text, "test.dsp", include=[folder] if folder else [])["ui"])
    for item in items:
        items += item.get("items", [])
        if "address" in item:
            del item["varname"]
            found[item["address"].removeprefix("/test")] = item
    return found


def expect(engine: Engine, result: Fitted, program: str, folder: Path | None = None) -> None:
    """libfaust finds the same widgets in both programs, but for where they start: those that the
    result tells of start there. It writes six digits."""
    before, after = widgets(engine, program, folder), widgets(engine, result.text, folder)
    starts = {path: widget.pop("init", 0) for path, widget in before.items()}
    found = {path: widget.pop("init", 0) for path, widget in after.items()}
    assert after == before
    assert found == pytest.approx({**starts, **result.values}, rel=6e-6, abs=1e-30)


@pytest.mark.parametrize(
    ("program", "values", "expected"),
    [
        # How numbers are written.
        ('hslider("a", -20, -60, 0, 1)', {"/a": -33.5}, 'hslider("a", -33.5, -60, 0, 1)'),
        ('vslider("a", -  20, -60, 60, 1)', {"/a": 3.0}, 'vslider("a", 3, -60, 60, 1)'),
        ('nentry("a",- 20.,-60,60,1)', {"/a": -3.0}, 'nentry("a",- 3.,-60,60,1)'),
        ('hslider("a", (.5), 0, 1, .1)', {"/a": 1 / 3}, 'hslider("a", (.3333333), 0, 1, .1)'),
        # Fewer digits, where they are the same number in single precision.
        ('hslider("a", 1000, 20, 2e4, 1)', {"/a": 440.1000061}, 'hslider("a", 440.1, 20, 2e4, 1)'),
        ('hslider("a", 1000, 20, 2e4, 1)', {"a": 734.251144}, 'hslider("a", 734.2511, 20, 2e4, 1)'),
        # Seven digits would be outside the range.
        ('hslider("a", 0, 0, .12345678, 1)', {"/a": 0.12345678}, '"a", 0.12345678, 0, .12345678'),
        # The same number in single precision stays.
        ('hslider("a", .333333333, 0, 1, 1)', {"/a": 0.33333334}, '"a", .333333333, 0, 1'),
        # Labels with metadata and groups of their own.
        (
            'hslider("h:g/a [unit:Hz][scale:log]", 100, 20, 2e4, 1)',
            {"/g/a": 50},
            'hslider("h:g/a [unit:Hz][scale:log]", 50, 20, 2e4, 1)',
        ),
        # Where the text may be.
        ('f(x) = x*s; s = hslider("a", 1, 0, 2, 1); process = f;', {"/a": 2}, '"a", 2, 0'),
        ('f(x) = x*hslider("a", 1, 0, 2, 1); process = f;', {"/a": 2}, '"a", 2, 0'),
        ('f(0) = hslider("a", 1, 0, 2, 1); f(n) = f(n - 1); process = f(3);', {"/a": 2}, '"a", 2,'),
        ('s with { s = hslider("a", 1, 0, 2, 1); }', {"/a": 2}, 's = hslider("a", 2, 0'),
        ('e.s with { e = environment { s = nentry("a", 1, 0, 2, 1); }; }', {"/a": 2}, '"a", 2, 0'),
        ('x letrec { \'x = x + hslider("a", 1, 0, 2, 1); }', {"/a": 2}, '"a", 2, 0'),
        (r'\(x).(x*hslider("a", 1, 0, 2, 1))', {"/a": 2}, '"a", 2, 0'),
        ('["a": *(2) -> hslider("a", 1, 0, 2, 1)]', {"/a": 2}, '"a", 2, 0'),
        # One of two that are alike, and one in two places.
        (
            'hslider("a", 1, 0, 2, 1), vgroup("g", hslider("a", 1, 0, 2, 1))',
            {"/g/a": 2},
            'hslider("a", 1, 0, 2, 1), vgroup("g", hslider("a", 2, 0, 2, 1))',
        ),
        (
            'hslider("a", 1, 0, 2, 1) + hslider("a", 1.0, 0, 2, 1)',
            {"/a": 1.5},
            'hslider("a", 1.5, 0, 2, 1) + hslider("a", 1.5, 0, 2, 1)',
        ),
        # Two functions are left where one was: their variables have other numbers.
        (
            r'f(s) = \(x).(x*s); process = vgroup("g", f(hslider("a", 1, 0, 2, 1))), '
            'vgroup("h", f(hslider("a", 1, 0, 2, 1)));',
            {"/h/a": 2},
            'vgroup("h", f(hslider("a", 2, 0, 2, 1)))',
        ),
        # A function with a derivative of its own.
        (
            'f(x) = x^3; d_f(x) = 3*x^2; process = f(hslider("a", 1, 0, 2, 1));',
            {"/a": 2},
            'f(hslider("a", 2, 0, 2, 1))',
        ),
        # Several widgets of one number, which go to one place.
        (
            'par(i, 2, hslider("a%i", 1, 0, 2, 1))',
            {"/a0": 1.5, "/a1": 1.5},
            'hslider("a%i", 1.5, 0, 2, 1)',
        ),
    ],
)
def test_the_own_text_with_other_numbers(
    engine: Engine, program: str, values: dict[str, float], expected: str
) -> None:
    program = program if "process" in program else f"process = {program};"
    result = fitted(program, values)
    assert result.is_own, result.reason
    assert not result.reason
    assert expected in result.text
    assert INIT.sub(r"\1", result.text) == INIT.sub(r"\1", program)
    expect(engine, result, program)


def test_nothing_else_in_a_file_changes(tmp_path: Path) -> None:
    program = (
        "// Grüße\r\n"
        '\tgain\t=  hslider( "gain [unit:dB]" , /* at first */ -  6.0 , -60,6,.1);  // -6.0\r\n\r\n'
        'process = *(gain) : *(hslider("höhe", .5, 0, 1, .1));'
    )
    changed = program.replace("-  6.0", "-  12.25").replace(".5,", ".75,")
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        path = tmp_path / f"{encoding}.dsp"
        path.write_bytes(program.encode(encoding))
        result = fitted(path, {"gain": -12.25, "höhe": 0.75})
        assert result.is_own
        assert result.data == changed.encode(encoding)


@pytest.mark.parametrize(
    ("program", "values", "reason"),
    [
        ('process = hslider("a", 440*2, 20, 2e4, 1);', {"/a": 500}, "line 1 computes .*`/a`"),
        (
            '// Half.\nhalf = 1/2;\nprocess = hslider("a", half, 0, 2, 1);',
            {"/a": 1},
            "line 3 computes where to start `/a`",
        ),
        ('process = hslider("a", 0 - 1, -2, 2, 1);', {"/a": 1}, "computes"),
        (
            'process = par(i, 4, hslider("g%i", 0.5, 0, 1, 0.1));',
            {"/g0": 0.25, "/g1": 0.25},
            "one number, at <text>:1:36, starts `/g0`, `/g1`, `/g2` and 1 more",
        ),
        (
            'g = hslider("g", 0.5, 0, 1, 0.1); process = g, vgroup("v", g);',
            {"/g": 0.25},
            "one number, at <text>:1:18, starts `/g`, `/v/g`",
        ),
        # Patterns tell widgets apart by where they start.
        (
            'f(hslider("p", 1, 0, 2, 1)) = hslider("a", 1, 0, 2, 1); f(x) = x;'
            'process = f(hslider("p", 1, 0, 2, 1)), hslider("p", 1, 0, 2, 1);',
            {"/p": 2},
            "decide about more",
        ),
        (
            "f = case { (x, x) => x*2; (x, y) => x; };"
            'process = f(hslider("p", 1, 0, 2, 1), hslider("p", 1, 0, 2, 1));',
            {"/p": 2},
            "decide about more",
        ),
    ],
)
def test_otherwise_the_expanded_program(
    engine: Engine, program: str, values: dict[str, float], reason: str
) -> None:
    result = fitted(program, values)
    assert not result.is_own
    assert re.search(reason, result.reason)
    expect(engine, result, program)


def test_widgets_of_other_files(engine: Engine, tmp_path: Path) -> None:
    slider = 'hslider("{}", 1, 0, 2, 1)'
    (tmp_path / "my.lib").write_text(f"a = {slider.format('a')}; k(x) = {slider.format('k')}*x;")
    (tmp_path / "part.dsp").write_text(f"process = {slider.format('p')};")
    path = tmp_path / "main.dsp"
    path.write_text(
        'import("my.lib"); my = library("my.lib"); process = '
        f'a, (my.k : *({slider.format("own")})), component("part.dsp");'
    )
    folder, program = tmp_path, path.read_text()
    result = fitted(path, {"own": 1.5})
    assert result.text == program.replace('"own", 1', '"own", 1.5')
    expect(engine, result, program, folder)
    # One widget that is written in two files.
    twice = f'import("my.lib"); process = a, {slider.format("a")};'
    path.write_text(twice)
    assert fitted(path, {"a": 1.5}).reason == "my.lib makes `/a`"
    expect(engine, fitted(path, {"a": 1.5}), twice, folder)
    path.write_text(program)
    for values, reason in {
        ("a", "k"): "my.lib makes `/a`, `/k`",
        ("own", "p"): "part.dsp makes `/p`",
        ("a", "own", "k", "p"): "my.lib makes `/a`, `/k`; part.dsp makes `/p`",
    }.items():
        result = fitted(path, dict.fromkeys(values, 0.5))
        assert not result.is_own
        assert result.reason == reason
        expect(engine, result, program, folder)


def test_a_checkbox_that_is_on_is_an_entry(engine: Engine) -> None:
    program = 'process = hslider("a", 1, 0, 2, 1), checkbox("on"), button("go");'
    result = fitted(program, {"a": 1.5, "on": 1, "go": 0})
    assert result.reason == "a checkbox starts at 0: `/on`"
    after = widgets(engine, result.text)
    assert after["/on"]["type"] == "nentry"
    assert [after[path].get("init") for path in ("/a", "/on", "/go")] == [1.5, 1, None]
    assert fitted(program, {"a": 1.5, "on": 0}).text == program.replace('"a", 1', '"a", 1.5')


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"/a": 2.5}, "2.5 is outside the range of `/a`"),
        ({"/a": -0.1}, "outside the range"),
        ({"/a": float("nan")}, "outside the range"),
        ({"/b": 1}, "no widget is called `/b`"),
        ({"/wide": float("inf")}, "`/wide` cannot start at inf"),
    ],
)
def test_what_cannot_be_is_an_error(values: dict[str, float], message: str) -> None:
    program = 'process = hslider("a", 1, 0, 2, 1), hslider("wide", 1, 0, 1e999, 1);'
    with pytest.raises(FadError, match=message):
        fitted(program, values)


# -- Random programs ----------------------------------------------------------------------------

LITERALS = {
    **{"0": 0.0, "20": 20.0, "-20": -20.0, "-  20": -20.0, "- 20.": -20.0, "+3": 3.0},
    **{".5": 0.5, "-.5": -0.5, "1e1": 10.0, "2.5e-3": 0.0025, "2f": 2.0, "(-30.0)": -30.0},
}
#: An expression with a widget, and the definitions that it needs: `{w}` is the widget, `{n}` a
#: number of its own.
FORMS = [
    ("{w}", ""),
    ("({w} : *(2))", ""),
    ("s{n}", "s{n} = {w};"),
    ("(s{n} + s{n}*{n})", "s{n} = {w};"),
    ("f{n}(3)", "f{n}(x) = x*{w};"),
    ("f{n}(2)", "f{n}(0) = {w}; f{n}(n) = f{n}(n - 1);"),
    ("(s with {{ s = {w}; }})", ""),
    ("e{n}.s", "e{n} = environment {{ t = 0.5; s = {w} + t; }};"),
    ("(y letrec {{ 'y = y*0.5 + {w}; }})", ""),
    (r"(1 : \(x).(x*{w}))", ""),
    ('["w{n}": *(2) -> {w}]', ""),
]
KINDS = ["hslider", "vslider", "nentry"]


class Drawn(NamedTuple):
    """A program, where its widgets shall start, and whether its text can say so."""

    text: str
    values: dict[str, float]
    is_own: bool


@st.composite
def programs(draw: st.DrawFn) -> Drawn:
    parts, definitions, values, is_own = [], [], {}, True
    for number in range(draw(st.integers(1, 4))):
        kind, literal = draw(st.sampled_from(KINDS)), draw(st.sampled_from(list(LITERALS)))
        how = draw(st.sampled_from(["literal", "literal", "literal", "computed", "several"]))
        label, init, paths = f"w{number} [unit:Hz]", literal, [f"/w{number}"]
        part, needed = draw(st.sampled_from(FORMS))
        if how == "computed":
            init = f"{literal} + 0"
        if how == "several":
            label, paths = f"w{number}%i", [f"/w{number}0", f"/w{number}1"]
            part, needed = "par(i, 2, {w})", ""
        widget = f'{kind}("{label}", {init}, -60, 60, 0.1)'
        parts.append(part.format(w=widget, n=number))
        definitions.append(needed.format(w=widget, n=number))
        some = draw(st.lists(st.floats(-60, 60), min_size=1, max_size=2))
        asked = dict(zip(paths, some * 2, strict=False)) if draw(st.booleans()) else {}
        values.update(asked)
        old = np.float32(LITERALS[literal])
        starts = {np.float32(asked.get(path, old)) for path in paths}
        if len(starts) > 1 or (how == "computed" and starts != {old}):
            is_own = False
    text = "\n".join([*definitions, f"process = {', '.join(parts)};"])
    return Drawn(text, values, is_own)


@examples(40)
@given(programs())
def test_random_programs(engine: Engine, program: Drawn) -> None:
    result = fitted(program.text, program.values)
    assert result.values == pytest.approx(program.values, rel=6e-7, abs=1e-30)
    assert result.is_own == program.is_own, result.reason
    if result.is_own:
        assert INIT.sub(r"\1", result.text) == INIT.sub(r"\1", program.text)
    expect(engine, result, program.text)
