"""Syntax nodes as plain data: nothing is lost, and nothing else is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import nodes, parser
from fad.syntax.encoding import Malformed, decode, encode
from fad.syntax.libraries import read_source
from fad.syntax.nodes import Definition, Statement
from tests.support.places import LIBRARIES

STATEMENTS = tuple[Statement, ...]
ALL = """
import("a.lib"); declare a "b"; declare f a "b"; singleprecision x = 1;
f(0) = 1e999, -2, 1.5, button("\u00e9"); g(x) = x' : mem; h = e.name[y = 1;];
e = environment { import("b.lib"); z = 2; }; i = route(1, 1, (1, 1)), route(2, 2);
j = x letrec { 'x = x + 1; where k = 2; } with { l = 3; }; m = \\(x, y).(x);
n = case { (0) => 1; (x) => x; }; o = ["a": *(2) -> p], ["b" -> p];
p = par(i, 2, _), inputs(_), hslider("s", 0, 0, 1, 1), hbargraph("b", 0, 1);
q = hgroup("g", _), soundfile("s", 2), waveform {1, 2.5}, library("c.lib");
r = ffunction(float f(float), <math.h>, ""), fconstant(int c, <a.h>), component("d.dsp");
s = f(\\(x).(x), ());
"""
#: Programs whose nodes are of all classes but `Variable`, which the parser does not write.
SOURCES = [
    *(read_source(LIBRARIES / name) for name in ("filters.lib", "maths.lib", "soundfiles.lib")),
    Source("all.dsp", ALL),
]


def statements(source: Source) -> tuple[Statement, ...]:
    return parser.parse(source, Cache())


def walk(value: Any) -> Iterator[nodes.Node]:
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    if isinstance(value, nodes.Node):
        yield value
        yield from walk(tuple(vars(value).values()))


def concrete(kind: type[nodes.Node]) -> set[str]:
    return {name for child in kind.__subclasses__() for name in concrete(child)} or {kind.__name__}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: Path(source.name).name)
def test_what_is_decoded_is_what_was_encoded(source: Source) -> None:
    parsed = statements(source)
    restored = decode(encode(parsed), STATEMENTS)
    assert restored == parsed
    places = [[(type(n), n.start, n.end) for n in walk(tree)] for tree in (restored, parsed)]
    assert places[0] == places[1]  # places do not take part in equality
    assert all(type(a) is type(b) for a, b in zip(walk(restored), walk(parsed), strict=True))


def test_all_classes_of_nodes_occur_here() -> None:
    seen = {type(node).__name__ for source in SOURCES for node in walk(statements(source))}
    assert seen == concrete(nodes.Node) - {"Variable"}


NAME = ["Name", 1, 2, "x"]
DEFINITION = ["Definition", 0, 3, "f", None, NAME, []]


def test_a_definition_by_hand() -> None:
    expected = (Definition(0, 3, "f", None, nodes.Name(1, 2, "x")),)
    assert decode(json.dumps([DEFINITION]).encode(), STATEMENTS) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {3: 1},
        {3: None},
        {3: ["f"]},
        {0: "Name"},
        {0: "Node"},
        {0: "Path"},
        {0: "system"},
        {0: ["Definition"]},
        {0: {}},
        {0: 0},
        {1: True},
        {1: 1.0},
        {1: "0"},
        {4: NAME},
        {4: [3]},
        {4: [DEFINITION]},
        {5: DEFINITION},
        {5: None},
        {5: []},
        {5: "x"},
        {5: ["Integer", 0, 1, 1.5]},
        {5: ["Float", 0, 1, 1]},
        {5: ["Waveform", 0, 1, [NAME]]},
        {5: ["Name", 0, 1]},
        {5: ["Name", 0, 1, "x", "y"]},
        {5: ["Name", 0, 1, {"x": 1}]},
        {6: [1]},
        {6: None},
        {6: [["x"]]},
    ],
    ids=str,
)
def test_what_is_no_node_is_refused(wrong: dict[int, object]) -> None:
    data = [wrong.get(index, value) for index, value in enumerate(DEFINITION)]
    with pytest.raises(Malformed):
        decode(json.dumps([data]).encode(), STATEMENTS)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"1", b"null", b"{}", b'"x"', b"[1]", b"\xff", b"[[]]"]
)
def test_what_is_no_list_of_statements_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(data, STATEMENTS)


def test_what_is_nested_deeply_is_not_encoded() -> None:
    """JSON is written and read by recursion in C, for which a browser has little room."""
    parsed = [statements(Source("a.dsp", f"f = {' : '.join(['_'] * n)};")) for n in (400, 1000)]
    assert decode(encode(parsed[0]), STATEMENTS) == parsed[0]
    with pytest.raises(RecursionError):
        encode(parsed[1])
