"""Tangents that reach no output are never made, and none is lost that does."""

from __future__ import annotations

from pathlib import Path

import cyfaust
import numpy as np
import pytest

import fad
from fad.base.deep_stack import recursive
from fad.differentiation.liveness import Liveness, looping
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from tests.support.quotients import compare

EXAMPLES = Path(cyfaust.__file__).parent / "resources" / "libraries" / "examples"

HEADER = """
import("stdfaust.lib");
a = hslider("a", 0.4, 0, 1, 0.01);
b = hslider("b", 1.3, 0, 2, 0.01);
signal = _*a;
"""

#: What stands before the end of a tangent computes a sine of the slider `b`, and nothing else does:
#: where its tangent is made, there is a cosine.
DEAD = {
    "meter": 'process = signal <: attach(_, *(b) : sin : hbargraph("m", 0, 1));',
    "int": "process = signal, int(sin(b*4));",
    "floor": "process = signal, floor(sin(b*4));",
    "comparison": "process = signal <: _, (sin(_*b) > 0.1);",
    "bits": "process = signal, (int(sin(b)*9) & 3);",
    "condition of select2": "process = signal <: select2(sin(b*_) > 0, _, *(2));",
    "bare condition of select2": "process = signal <: select2(sin(b*1.5), _, *(2));",
    "condition of select3": "process = signal <: select3(int(2*sin(b)), _, *(2), *(3));",
    "index of a table": "process = signal, rdtable(8, 1.5, int(4 + 3*sin(b)));",
    "positions of a table": (
        "process = signal : \\(x).(rwtable(8, 0.0, int(4 + 3*sin(b)), x, int(3*sin(b))));"
    ),
    "length of a delay": "process = signal : @(int(4 + 3*sin(b)));",
    "length in samples": "process = signal : @(4 + 3*sin(b));",
    "control": "process = signal : control(_, sin(b) > 0);",
    "sign of copysign": (
        'process = signal, sin(b) : ffunction(float copysign(float, float), <math.h>, "");'
    ),
    "cut": "process = signal, sin(b) : _, !;",
    "cut in a list": "process = signal, (sin(b), sin(2*b), 3 : !, !, *(2));",
    "route": "process = signal, sin(b) : route(2, 1, (1, 1));",
    "split and cut": "process = signal, (sin(b) <: !, (_ : floor));",
    "merge": "process = signal, (sin(b), 1 :> int);",
    "argument of a function": "process = signal, sin(b) : \\(x, y).(x*x + int(y));",
    "argument that is only shown": (
        'f(x, y) = attach(x, y : vbargraph("m", 0, 1)); process = signal, sin(b) : f;'
    ),
    "inside a function": "f(x, y) = x + int(sin(y)); process = signal, b : f;",
    "state of a loop": (
        "process = signal : ((\\(x, y, z).(0.5*x + z, 0.3*y + sin(b))) ~ (_, _)) : _, !;"
    ),
    "what a loop feeds back": "process = signal : (+ ~ (*(0.5) <: attach(_, sin(b*_))));",
    "loop before an int": "process = signal, (sin(b) : + ~ *(0.5) : int);",
    "group": 'process = signal, hgroup("g", sin(b) : int);',
    "rule of the program": (
        "f(x, y) = x*sin(y); d_f_1(x, y) = sin(y); d_f_2(x, y) = 0; process = signal, 2*b : f;"
    ),
    "argument of a rule": (
        "f(x, y) = x + y; d_f_1(x, y) = 1; d_f_2(x, y) = 0; process = signal, sin(b) : f;"
    ),
    "position in a sound": (
        "process = signal, (0, int(sin(b)) : soundfile(\"s[url:{'s.wav'}]\", 1) : !, !, _);"
    ),
}


@pytest.mark.parametrize("name", DEAD)
def test_a_tangent_that_nothing_uses_is_not_made(name: str) -> None:
    program = fad.transform(HEADER + DEAD[name])
    assert "sin" in program.source
    assert "cos" not in program.source
    assert "dy/da" in program.source or "dy0/da" in program.source


#: Here, the sine's tangent does reach an output, beside places where it ends.
ALIVE = {
    "select2": "process = signal <: select2(_ > 0, sin(b*_), *(2));",
    "enable": "process = signal : enable(_, sin(b));",
    "both ways": "process = signal, (sin(b) <: int, _ : +);",
    "delayed": "process = sin(b*signal)@3;",
    "written": "process = signal <: rwtable(8, 0.0, int(4 + 3*sin(b)), sin(_*b), int(3*sin(b)));",
    "one state feeds another": (
        "process = signal : ((\\(x, y, z).(0.5*x + z + y, 0.3*y + sin(b))) ~ (_, _)) : _, !;"
    ),
    "states around a ring": (
        "process = signal : ((\\(x, y, z, u).(0.5*y + u, 0.3*z + 1, 0.2*x + sin(b)*u))"
        " ~ (_, _, _)) : _, !, !;"
    ),
    "from inside a loop": "process = signal : (+ ~ (*(0.5) <: attach(*(sin(b)), _)));",
    "nested loops": (
        "process = signal : ((+ : + ~ (*(0.3) <: attach(_, sin(_)))) ~ *(0.2*sin(b)));"
    ),
    "one part alive here and dead there": (
        "f = sin(_*b) : + ~ *(0.5); process = signal <: (f : int), f, (f <: attach(_, int));"
    ),
    "one source alive here and dead there": (
        "g = b : + ~ *(0.5) : sin; process = signal*g, int(9*g), (signal : @(int(abs(3*g))));"
    ),
    "one function alive here and dead there": (
        "f(x, y) = sin(x)*2, y*b; process = (a, b : f : _, !), (a, b : f : !, _), (b, a : f);"
    ),
    "an unequal merge": "process = (sin(b) <: _, int), signal, 1 :> _, _;",
    "a route": "process = sin(b), signal : route(2, 3, (1,1), (2,2), (1,3)) : int, _, _;",
}


#: libfaust's interpreter has no foreign functions, and there is no sound.
_SILENT = {"sign of copysign", "position in a sound"}
#: A rule may say what is not so.
_UNTRUE = {"rule of the program", "argument of a rule"}


@pytest.mark.parametrize("name", [name for name in (*ALIVE, *DEAD) if name not in _SILENT])
def test_no_tangent_is_lost_that_reaches_an_output(engine: Engine, name: str) -> None:
    comparison = compare(engine, HEADER + {**ALIVE, **DEAD}[name])
    np.testing.assert_array_equal(
        comparison.primal.view(np.uint64), comparison.original.view(np.uint64)
    )
    assert name in _UNTRUE or comparison.error < 1e-6


def test_meters_stay(engine: Engine) -> None:
    """The user interface is the original's, also where a meter is all that comes of something."""
    text = HEADER + (
        'meter = sin(_*b) : max ~ *(0.9) : hbargraph("level", 0, 1);\n'
        'process = signal <: attach(_, meter), (hgroup("g", meter) : !), !;'
    )
    dual = fad.transform(text).source

    def widgets(program: str) -> list[object]:
        ui = engine.json(program, "test")["ui"]
        return [_shape(item) for item in ui[0]["items"]]

    assert widgets(dual) == widgets(text)


def _shape(item: dict[str, object]) -> object:
    items = item.get("items", [])
    assert isinstance(items, list)
    return item["type"], item["label"], [_shape(each) for each in items]


def test_what_ends_behind_a_meter_is_told_of() -> None:
    text = 'process = signal <: attach(_, *(b) : floor : sin : hbargraph("m", 0, 1)), int(b);'
    (warning,) = fad.transform(HEADER + text).warnings
    assert "the derivative by /b is zero: it only acts through `floor`" in warning


def test_what_cannot_be_differentiated_may_be_where_nothing_is() -> None:
    unknown = 'ffunction(float unknown(float), <math.h>, "")'
    program = fad.transform(HEADER + f"process = signal, sin(b) <: _, !, attach(_, {unknown});")
    assert "unknown" in program.source


def test_a_loop_that_is_shared_is_written_once() -> None:
    text = "g = b : + ~ *(0.5); process = signal*g, int(9*g), (signal : @(int(3*g)));"
    assert fad.transform(HEADER + text).source.count("~") == 1


def test_the_dead_part_is_the_original() -> None:
    meter = 'abs : max ~ (*(0.99)) : log10 : *(b) : hbargraph("level", -60, 0)'
    alone = fad.expand(f'b = hslider("b", 1.3, 0, 2, 0.01); process = {meter};').source
    dual = fad.transform(HEADER + f"meter = {meter}; process = signal <: attach(_, meter);").source
    body = alone.rpartition("process = ")[2].rstrip(";\n")
    assert f"meter = {body};" in dual


def test_mixed_second_derivatives_are_made_once(engine: Engine) -> None:
    """The derivative by b of the one by a is that by a of the one by b: one of them is enough."""
    text = HEADER + "process = sin(a*b*_);"
    program = fad.transform(text, order=2)
    samples = engine.render(program.source, "test", inputs=np.full((1, 4), 0.7), frames=4)
    a, b, x = 0.4, 1.3, 0.7
    y = np.sin(a * b * x)
    slope, bend = np.cos(a * b * x), -y
    expected = [
        *(y, slope * b * x, slope * a * x),
        *(bend * (b * x) ** 2, bend * a * b * x * x + slope * x, bend * (a * x) ** 2),
    ]
    np.testing.assert_allclose(samples[:, -1], expected, rtol=1e-12)
    lanes = [line for line in program.source.splitlines() if "route(" in line]
    assert len(lanes) == 1 and "route(6, 6," in lanes[0]


#: Programs of libfaust with meters, tables, delays and gates.
WHOLE = [
    "dynamic/compressor.dsp",
    "dynamic/volume.dsp",
    "filtering/wahPedal.dsp",
    "reverb/freeverb.dsp",
]


#: What fad's checker says of tangents where nothing is wrong.
FINE = {"jump", "kink", "stopped", "quantised", "agrees", "zero"}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_programs_compute_what_they_did(engine: Engine, name: str) -> None:
    comparison = compare(engine, EXAMPLES / name, frames=200)
    np.testing.assert_array_equal(
        comparison.primal.view(np.uint64), comparison.original.view(np.uint64)
    )
    assert all(judged.verdict in FINE for judged in comparison.judgements.values())


def test_a_compressor_has_no_tangents_for_its_meter() -> None:
    text = fad.transform(EXAMPLES / "dynamic" / "compressor.dsp").source
    assert "bargraph" in text
    for line in text.splitlines():
        if "bargraph" in line:
            assert not line.rstrip(";").endswith("_")


@recursive
def steps(text: str) -> int:
    """How often the analysis looks at a part of a program."""
    front = read(Request(text))
    box = front.evaluated().process
    assert box.arity is not None
    liveness = Liveness(front.operations, {}, looping(box), set())
    liveness.inputs(box, (1,) * box.arity[1])
    return sum(len(outputs) for _, outputs in liveness._known)


LONG = {
    "list": "process = par(i, {n}, sin(_*i));",
    "chain": "process = seq(i, {n}, sin(_*i));",
    "split and merge": "process = _ <: par(i, {n}, sin(_*i)) :> _;",
    "nested loops": "n(0) = sin; n(i) = (+ : n(i-1) : +(i)) ~ _; process = n({n});",
    "two states in each loop": (
        "n(0) = _, _; n(i) = (\\(z, x, y).(y, x + z + i) : n(i-1)) ~ (_, !);"
        " process = n({n}) : _, !;"
    ),
    "nested functions": "f(0, x) = x; f(i, x) = sin(f(i-1, x))*x; process = \\(x).(f({n}, x));",
}


@pytest.mark.parametrize("name", LONG)
def test_its_time_is_linear(name: str) -> None:
    short, long = (steps(LONG[name].replace("{n}", str(count))) for count in (40, 80))
    assert long < 2.3 * short
