"""Which widgets are variables, and how a user chooses them."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine

PROGRAM = """
a = hslider("a [unit:Hz] [scale:log]", 1, 0, 2, 0.1);
b = vslider("b", 2, 0, 3, 0.1);
n = nentry("n", 3, 0, 5, 1);
t = checkbox("t");
p = button("p");
process = hgroup("g", _*a*(b + t)), vgroup("h [1]", a*n + p);
"""


def paths(text: str, *wrt: str) -> list[str]:
    return [parameter.path for parameter in fad.transform(text, wrt=wrt).parameters]


def test_sliders_and_entries_are_variables_in_order_of_appearance() -> None:
    assert paths(PROGRAM) == ["/g/a", "/h/a", "/g/b", "/h/n"]


def test_what_is_known_of_a_parameter() -> None:
    first = fad.transform(PROGRAM).parameters[0]
    assert (first.path, first.label, first.kind) == ("/g/a", "a", "hslider")
    assert (first.init, first.min, first.max, first.step) == (1, 0, 2, 0.1)
    assert (first.unit, first.scale) == ("Hz", "log")


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [
        (["a"], ["/g/a", "/h/a"]),
        (["/g/*"], ["/g/a", "/g/b", "/g/t"]),
        (["b,n"], ["/g/b", "/h/n"]),
        (["n", "b"], ["/g/b", "/h/n"]),
        (["t"], ["/g/t"]),
        (["p"], ["/h/p"]),
        (["[ab]"], ["/g/a", "/h/a", "/g/b"]),
        (["input:0"], ["input:0"]),
        (["input:*", "b"], ["/g/b", "input:0"]),
    ],
)
def test_patterns(wrt: list[str], expected: list[str]) -> None:
    assert paths(PROGRAM, *wrt) == expected


def test_a_pattern_that_names_nothing_lists_what_there_is() -> None:
    with pytest.raises(fad.FadError) as refusal:
        fad.transform(PROGRAM, wrt=["freq"])
    assert "`freq`" in refusal.value.message
    assert refusal.value.hint is not None
    for path in ("/g/a", "/g/t", "/h/p", "input:0"):
        assert f"`{path}`" in refusal.value.hint


def test_metadata_switches_widgets_on_and_off() -> None:
    on = 'process = hslider("a[diff:on]", 1, 0, 2, 1)*nentry("b", 1, 0, 2, 1)*button("c[diff:1]");'
    off = 'process = hslider("a[diff:off]", 1, 0, 2, 1)*hslider("b", 1, 0, 2, 1);'
    assert paths(on) == ["/a", "/c"]
    assert paths(off) == ["/b"]
    assert paths(off, "a") == ["/a"]


@pytest.mark.parametrize(
    ("label", "groups", "path"),
    [
        ("x", "hgroup", "/g/x"),
        ("h:in/x", "hgroup", "/g/in/x"),
        ("../x", "hgroup", "/x"),
        ("/v:top/x", "hgroup", "/top/x"),
        ("a/b", "hgroup", "/g/a/b"),
        ("x [0][tooltip: y]", "vgroup", "/g/x"),
    ],
)
def test_paths_follow_the_label(label: str, groups: str, path: str) -> None:
    text = f'process = {groups}("g[2]", hslider("{label}", 1, 0, 2, 0.1));'
    assert paths(text) == [path]


def test_derivative_by_an_audio_input(engine: Engine) -> None:
    program = fad.transform(PROGRAM, wrt=["input:0", "b"])
    assert [output.name for output in program.outputs] == [
        *("y0", "dy0/db", "dy0/dinput:0"),
        *("y1", "dy1/db", "dy1/dinput:0"),
    ]
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 16))
    rendered = engine.render(program.source, "p", inputs=noise, frames=16)
    np.testing.assert_allclose(rendered[:3], [2 * noise[0], noise[0], np.full(16, 2.0)])
    np.testing.assert_array_equal(rendered[4:], 0)


def test_only_tangents_or_primal(engine: Engine) -> None:
    whole = fad.transform(PROGRAM)
    tangents = fad.transform(PROGRAM, only="tangents")
    primal = fad.transform(PROGRAM, only="primal")
    assert [o.name for o in tangents.outputs] == [o.name for o in whole.outputs if o.parameter]
    assert [o.name for o in primal.outputs] == ["y0", "y1"]
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 16))
    rendered, only, first = (
        engine.render(program.source, "p", inputs=noise, frames=16)
        for program in (whole, tangents, primal)
    )
    np.testing.assert_array_equal(only, rendered[[1, 2, 3, 4, 6, 7, 8, 9]])
    np.testing.assert_array_equal(first, rendered[[0, 5]])


def test_a_program_without_variables_is_said_to_have_none() -> None:
    program = fad.transform("process = _*2;")
    assert program.parameters == ()
    assert "no variables" in program.warnings[0]
