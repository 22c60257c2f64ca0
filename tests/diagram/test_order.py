"""The order of parameters: that of the text, and that of the user interface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fad
from fad.base.errors import FadError
from fad.base.source import Source
from fad.diagram.order import OrderBy, widgets_of
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from tests.support.commands import command_line
from tests.support.places import example_name, standard_examples


def slider(label: str) -> str:
    return f'hslider("{label}", 0.5, 0, 1, 0.1)'


def paths(text: str | Path, order_by: OrderBy = "text") -> list[str]:
    return [parameter.path for parameter in fad.transform(text, order_by=order_by).parameters]


# -- The order of the text ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "definitions": (f"a = {slider('a')}; b = {slider('b')}; process = b, a;", "/a /b"),
        "definitions below": (f"process = b, a; a = {slider('a')}; b = {slider('b')};", "/a /b"),
        "an argument": (f"process = f({slider('a')}); f(x) = x*{slider('b')};", "/a /b"),
        "an argument above": (f"f(x) = {slider('b')}*x; process = f({slider('a')});", "/b /a"),
        "in a with": (f"process = a*b with {{ b = {slider('b')}; a = {slider('a')}; }};", "/b /a"),
        "one expression": (f"process = par(i, 3, {slider('g%i')});", "/g0 /g1 /g2"),
        "one expression, summed": (f"process = sum(i, 3, {slider('g%i')});", "/g0 /g1 /g2"),
        "copies of two": (
            f"process = par(i, 2, {slider('b%i')}*{slider('a%i')});",
            "/b0 /b1 /a0 /a1",
        ),
        "calls": (f"f(i) = {slider('g%i')}; process = f(2), f(1);", "/g2 /g1"),
        "two expressions": (
            f"a = {slider('a')}; b = {slider('b')}; c = {slider('a')}; process = c, b, a;",
            "/a /b",
        ),
        "in groups": (
            f'a = {slider("a")}; b = {slider("b")}; process = hgroup("g", b, a), hgroup("h", a);',
            "/g/a /h/a /g/b",
        ),
        "recursion": (f"process = + ~ *({slider('a')}) : *({slider('b')});", "/a /b"),
        "letrec": (
            f"process = x letrec {{ 'x = x*a + b; }}; b = {slider('b')}; a = {slider('a')};",
            "/b /a",
        ),
        "modulated": (
            f'b = {slider("b")}; process = ["b": *(2) -> a*b]; a = {slider("a")};',
            "/b /a",
        ),
        "patterns": (
            f"f(0) = {slider('z')}; f(n) = f(n - 1)*{slider('n%n')}; process = f(2);",
            "/z /n1 /n2",
        ),
    }.values(),
)
def test_parameters_are_in_the_order_of_the_text(text: str, expected: str) -> None:
    assert paths(text) == expected.split()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with a library of widgets."""
    (tmp_path / "knobs.lib").write_text(
        f"second = {slider('second')}; first = {slider('first')};\n"
        "both = first, second; times(x) = x*first;\n"
    )
    (tmp_path / "knob.dsp").write_text(f"process = {slider('knob')};")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "where it is asked for": ("process = own, k.first; {own}", "/first /own"),
        "where it is defined": ("{own} process = k.first, own;", "/own /first"),
        "a name for it": ("process = mine, own; {own} mine = k.first;", "/own /first"),
        "a name for its call": ("process = mine, own; {own} mine = k.times(1);", "/own /first"),
        "imported": ('import("knobs.lib"); {own} process = first, own;', "/own /first"),
        "the order of the library": ("process = own, k.both; {own}", "/second /first /own"),
        "an argument of its function": ("process = k.times(own); {own}", "/first /own"),
        "asked for twice, the second time first": (
            "b = 2*k.first; {own} a = 3*k.first; process = a, own, b;",
            "/first /own",
        ),
        "a part of what is asked for": (
            "b = k.first; {own} process = own, k.both, b;",
            "/first /own /second",
        ),
        "a program": ('{own} process = component("knob.dsp"), own;', "/own /knob"),
        "a program only": ('process = component("knob.dsp");', "/knob"),
        "in what is modulated": (
            'process = ["first": *(2) -> k.both], own; {own}',
            "/second /first /own",
        ),
        "in a function": ("process = own : f; f(x) = k.times(x); {own}", "/first /own"),
        "as an operator": ("{own} process = k.times, own;", "/own /first"),
    }.values(),
)
def test_widgets_of_a_library_stand_where_it_is_asked_for(
    library: Path, text: str, expected: str
) -> None:
    path = library / "p.dsp"
    text = text.format(own=f"own = {slider('own')};")
    path.write_text(f'k = library("knobs.lib"); {text}' if "import(" not in text else text)
    assert paths(path) == expected.split()


def test_the_order_of_the_evaluation_does_not_matter() -> None:
    """Programs that mean the same but for the order of their outputs have one order."""
    known = 'import("stdfaust.lib"); r = dm.zita_light; c = hslider("c", 0, 0, 1, 0.1); '
    first, second = paths(f"{known} process = r, c;"), paths(f"{known} process = c, r;")
    assert first == second
    assert first[-1] == "/c"


# -- The order of the user interface -----------------------------------------------------------

INTERFACES = (
    f"process = {slider('zeta')}, {slider(' alpha')}, {slider('[10]ten')}, {slider('[2]two')};",
    f"process = {slider('é')}, {slider('z')}, {slider('Z')}, {slider('_')}, {slider('b[1]')};",
    f'process = vgroup("m", {slider("b")}, {slider("a")}), hgroup("[0]n", {slider("v:q/x")});',
    f'process = vgroup("m", {slider("../top")}, {slider("/root")}, {slider("h:k/a")});',
    f'process = vgroup("[1]a", {slider("x")}), vgroup("[0]b", {slider("y")}), {slider("[0]az")};',
    f'process = hgroup("", {slider("b")}, {slider("a")}), {slider("[style:knob]c")};',
)
PREFIXED = [
    path
    for path in standard_examples()
    if re.search(r'"(?:[^"]*/)?\[\d+\]', path.read_text(encoding="latin-1"))
]


def addresses(items: list[dict[str, Any]]) -> Iterator[str]:
    """Those of widgets in libfaust's description of a user interface, in its order."""
    for item in items:
        if "items" in item:
            yield from addresses(item["items"])
        elif item["type"] not in ("hbargraph", "vbargraph", "soundfile"):
            yield item["address"]


def is_order_of_interface(engine: Engine, source: Source, folder: Path | None = None) -> bool:
    front = read(Request(source))
    evaluation = front.evaluated()
    found = widgets_of(evaluation.process, evaluation.facts, front.title, "ui")
    include = [folder] if folder else []
    shown = engine.json(source.text, front.name, include=include)["ui"]
    expected = list(dict.fromkeys(addresses(shown)))
    # libfaust leaves out what no output depends on, and that may decide about the outer group.
    known = [next((a for a in expected if a in p.host_paths), None) for p in found]
    return bool(expected) and [address for address in known if address] == expected


@pytest.mark.parametrize("text", INTERFACES)
def test_the_order_of_the_interface_is_that_of_the_standard_compiler(
    engine: Engine, text: str
) -> None:
    assert is_order_of_interface(engine, Source("p.dsp", text))


@pytest.mark.parametrize("path", PREFIXED, ids=example_name)
def test_the_order_of_the_interface_in_programs_with_prefixes(engine: Engine, path: Path) -> None:
    source = Source(path.name, path.read_text(encoding="latin-1"), path)
    assert is_order_of_interface(engine, source, path.parent)


# -- Everything agrees -------------------------------------------------------------------------

PROGRAM = f"""
cutoff = {slider("[2]cutoff")};
gain = {slider("[1]gain")};
mix = {slider("[0]mix")};
process = _*gain + 2*mix : *(cutoff);
"""
ORDERS: dict[OrderBy, list[str]] = {
    "text": ["/cutoff", "/gain", "/mix"],
    "ui": ["/mix", "/gain", "/cutoff"],
}


@pytest.mark.parametrize("order_by", ORDERS)
def test_everything_is_in_the_same_order(order_by: OrderBy, engine: Engine) -> None:
    expected = ORDERS[order_by]
    program = fad.transform(PROGRAM, order_by=order_by)
    assert paths(PROGRAM, order_by) == expected
    assert [p.path for p in fad.expand(PROGRAM, order_by=order_by).widgets] == expected
    assert [output.parameter and output.parameter.path for output in program.outputs] == [
        None,
        *expected,
    ]
    manifest = program.manifest()
    assert (manifest["format"], manifest["order by"]) == (2, order_by)
    assert [each["parameter"] for each in manifest["outputs"]] == [None, *expected]
    listed = ", ".join(f"dy/d{path[1:]}" for path in expected)
    assert f"// outputs: y, {listed}\n" in program.source
    report = fad.check(PROGRAM, order_by=order_by, seconds=0.001, points=1, engine=engine)
    assert [pair.parameter for pair in report.pairs] == expected
    assert report.passed and report.tested
    learning = fad.estimate(PROGRAM, order_by=order_by)
    assert [parameter.path for parameter in learning.parameters] == expected


def test_the_order_of_wrt_does_not_matter() -> None:
    assert [p.path for p in fad.transform(PROGRAM, wrt=["mix", "cutoff"]).parameters] == [
        "/cutoff",
        "/mix",
    ]


def test_second_derivatives_and_directions_follow() -> None:
    second = fad.transform(PROGRAM, order=2, order_by="ui", wrt=["gain,mix"])
    assert [output.name for output in second.outputs] == (
        ["y", "dy/dmix", "dy/dgain", "d2y/dmix2", "d2y/dmixdgain", "d2y/dgain2"]
    )
    report = [p.path for p in fad.transform(PROGRAM, direction={"mix": 1, "gain": 2}).parameters]
    assert report == ["/gain", "/mix"]


def test_the_operator_gives_derivatives_in_the_order_of_the_text() -> None:
    """`forwardAD(expr)` is documented to give what `fad transform` gives."""
    inside = PROGRAM.replace("process", "circuit") + "process = forwardAD(circuit);"
    recorded = fad.run(inside, seconds=0.001, inputs="noise", rate=44100)
    outside = fad.run(fad.transform(PROGRAM), seconds=0.001, inputs="noise", rate=44100)
    assert (recorded.outputs == outside.outputs).all()


@pytest.mark.parametrize("order_by", ORDERS)
def test_learnt_values_are_those_of_their_parameters(order_by: OrderBy) -> None:
    """The values of a copy go to `forwardAD` one by one: each must be the right one."""
    start = {"cutoff": 0.25, "gain": 0.75, "mix": 0.0}
    learning = fad.estimate(
        PROGRAM, start=start, order_by=order_by, rate=1e-12, outputs="audio", input="sine"
    )
    recorded = fad.run(learning, seconds=0.001)
    # The target is (sound*0.5 + 1)*0.5, so the sound is 4*target - 2.
    sound = 4 * recorded.outputs[:1] - 2
    estimate = fad.run(PROGRAM, at=start, seconds=0.001, inputs=sound)
    assert abs(recorded.outputs[1] - estimate.outputs[0]).max() < 1e-6
    assert abs(recorded.outputs[0] - recorded.outputs[1]).max() > 0.01


def test_learnt_values_of_a_library_are_those_of_their_parameters(library: Path) -> None:
    path = library / "p.dsp"
    path.write_text(
        'k = library("knobs.lib"); mix = hslider("mix", 0.5, 0, 1, 0.1);\n'
        "process = (k.both : _, *(3) : +) + 9*mix + _*0;"
    )
    start = {"first": 0.25, "second": 0.75, "mix": 0.125}
    learning = fad.estimate(path, start=start, rate=1e-12, outputs="audio")
    assert [p.path for p in learning.parameters] == ["/mix", "/second", "/first"]
    recorded = fad.run(learning, seconds=0.001)
    assert abs(recorded.outputs[1] - (0.25 + 3 * 0.75 + 9 * 0.125)).max() < 1e-6


def test_the_commands_take_an_order(tmp_path: Path) -> None:
    (tmp_path / "p.dsp").write_text(PROGRAM)
    run = command_line(tmp_path)
    listed = json.loads(run("params", "p.dsp", "--json", "--order-by", "ui").stdout)
    assert [widget["path"] for widget in listed] == ORDERS["ui"]
    done = run("transform", "p.dsp", "--order-by", "ui")
    assert "// outputs: y, dy/dmix, dy/dgain, dy/dcutoff\n" in done.stdout
    learning = run("estimate", "p.dsp", "--order-by", "ui").stdout
    assert re.findall("// parameter (.*?):", learning) == ORDERS["ui"]
    (tmp_path / "fad.toml").write_text('order-by = "ui"\n')
    assert run("transform", "p.dsp").stdout == done.stdout
    report = json.loads(run("check", "p.dsp", "--json", "--points", "1").stdout)
    assert [pair["parameter"] for pair in report["pairs"]] == ORDERS["ui"]


def test_an_order_that_does_not_exist() -> None:
    with pytest.raises(FadError, match="there is no order by `name`"):
        fad.transform(PROGRAM, order_by="name")  # type: ignore[call-overload]
