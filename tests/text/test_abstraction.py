"""Functions, families and names of the written text: nothing but the text is another one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fad
from fad.diagram.box import Box, Group, Int, Real, Slider, parallel
from fad.diagram.facts import Facts
from fad.evaluation.folding import constants
from fad.runtime.engine import Engine
from fad.text.abstraction import abstracted
from fad.text.emitter import emit
from tests.support.cases import Pair, pairs
from tests.support.places import STANDARD_EXAMPLES
from tests.support.properties import examples
from tests.support.random_diagrams import finite, integers, named_diagrams
from tests.support.reading import difference, evaluation, normal, read
from tests.support.standard_compiler import program


def written(box: Box, facts: Facts) -> str:
    process, names, _ = abstracted(box, facts, constants())
    return emit(process, names)


def varied(box: Box, number: Int, other: Real, turn: int) -> Box:
    """A diagram with other numbers and labels: another member of its family."""
    match box:
        case Int():
            return Int(turn) if box.value % 2 else number
        case Real():
            return other
        case Slider():
            label = f"{box.label} {turn}"
            return Slider(box.kind, label, box.init, box.min, box.max, box.step)
        case Group():
            inside = varied(box.body, number, other, turn)
            return Group(box.kind, f"{turn} {box.label}", inside)
    return box.rebuild(tuple(varied(child, number, other, turn) for child in box.children))


@examples(60)
@given(named_diagrams(), st.lists(st.tuples(integers.map(Int), finite), min_size=1, max_size=6))
def test_families_read_back_as_the_same_diagram(
    named: tuple[Box, dict[Box, str]], changes: list[tuple[Int, Real]]
) -> None:
    """Members that differ in numbers and labels, some of them more than once, and one name."""
    box, names = named
    members = [varied(box, *change, turn) for turn, change in enumerate(changes)]
    whole = parallel([box, *members, *members[:1]])
    facts = Facts(names={**names, **dict.fromkeys(members, "member")})
    text = written(whole, facts)
    assert difference(normal(read(text)), normal(whole)) is None, text
    assert written(whole, facts) == text


CASES = [pytest.param(pair, id=pair.name) for pair in pairs("text/cases/abstraction.txt")]


@pytest.mark.parametrize("pair", CASES)
def test_what_is_written(engine: Engine, pair: Pair) -> None:
    """Texts that a person has read; the standard compiler renders them as the original."""
    source = program(pair.text)
    found = fad.expand(source).source
    assert found.split("\n\n", 1)[1] == pair.expected + "\n"
    before, after = (evaluation(text).process for text in (source, found))
    assert difference(normal(before), normal(after)) is None
    one, other = (
        engine.render(emit(box), "test", frames=64) if box.arity == (0, 1) else None
        for box in (before, after)
    )
    assert one is other or (one is not None and other is not None and (one == other).all())


@pytest.mark.parametrize("name", ["phasing/phaser", "reverb/freeverb", "filtering/moogVCF"])
def test_no_two_definitions_differ_in_numbers_only(name: str) -> None:
    text = fad.expand(STANDARD_EXAMPLES / f"{name}.dsp").source.split("\n\n", 1)[1]
    bodies = [
        re.sub(r"(?<![\w.])-?\d[\d.]*(e[-+]?\d+)?", "0", " ".join(statement.split()))
        for statement in re.findall(
            r"^\w+(?:\([^=]*\))? =\s(.*?);$", text, re.DOTALL | re.MULTILINE
        )
    ]
    long = [body for body in bodies if len(body) > 30]
    assert len(long) > 5
    assert sorted(long) == sorted(set(long))


def test_labels_with_several_numbers_of_which_some_are_known(engine: Engine) -> None:
    """A network whose sliders are numbered by layer, input and output."""
    dual = fad.transform("""
        w(l, i, j) = hslider("w%l.%i.%j", 0.1*i - 0.2*j, -4, 4, 0.001);
        layer(l, n, m) = par(i, n, _) <: par(j, m, (par(i, n, _*w(l, i, j)) :> sin));
        process = layer(1, 2, 3) : layer(2, 3, 1);
    """)
    paths = [f"/w1.{i}.{j}" for j in range(3) for i in range(2)]
    assert [each.path for each in dual.parameters] == [*paths, "/w2.0.0", "/w2.1.0", "/w2.2.0"]
    described = engine.json(dual.source, "network")["ui"][0]["items"]
    assert sorted(f"/{item['label']}" for item in described) == sorted(
        each.path for each in dual.parameters
    )
