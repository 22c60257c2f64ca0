"""The rewrites of a dual: shorter, and the same samples, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from fad.diagram.box import Box, Par
from fad.runtime.engine import Engine
from fad.text.emitter import emit
from fad.text.simplify import REWRITES, Rewrite, simplify
from tests.support.cases import Pair, pairs
from tests.support.places import ROOT
from tests.support.reading import read
from tests.support.standard_compiler import program

FRAMES = 50


def diagram(text: str) -> Box:
    return read(program(text))


def body(box: Box) -> str:
    return emit(box).removeprefix("process = ").rstrip(";\n")


FOLDER = "text/cases/rewrites"
CASES = [
    pytest.param(rewrite, pair, id=f"{rewrite.__name__}: {pair.name}")
    for rewrite in REWRITES
    for pair in pairs(f"{FOLDER}/{rewrite.__name__}.txt")
]


@pytest.mark.parametrize(("rewrite", "pair"), CASES)
def test_each_rewrite(engine: Engine, rewrite: Rewrite, pair: Pair) -> None:
    before = diagram(pair.text)
    after, replaced = simplify(before, (rewrite,))
    assert emit(after) == f"{program(pair.expected)}\n"
    assert replaced[before] is after
    assert before.arity is not None
    noise = np.random.default_rng(1).uniform(-1, 1, (before.arity[0], FRAMES))
    one, other = (
        engine.render(emit(box), "test", inputs=noise, frames=FRAMES) for box in (before, after)
    )
    assert one.tobytes() == other.tobytes()


def test_every_file_of_cases_is_of_a_rewrite() -> None:
    files = {path.stem for path in (ROOT / "tests" / FOLDER).iterdir()}
    assert files == {rewrite.__name__ for rewrite in REWRITES}


def test_parts_become_what_takes_their_place() -> None:
    before = diagram("(sin : _) <: (route(2, 2, (1,1), (2,2)) : +), (_ : cos)")
    after, replaced = simplify(before)
    assert body(after) == "sin <: +, cos"
    assert {body(replaced[part]) for part in before.children} == {"sin", "+, cos"}


def test_equal_functions_become_one() -> None:
    square, same = diagram(r"\(x).(x*x)"), diagram(r"\(x).(x*x)")
    assert simplify(Par(square, same))[0] is Par(square, square)


def test_functions_of_several_parameters_are_rewritten_as_a_whole() -> None:
    text = r"\(x, y).(y,2,x : select2)"
    assert body(simplify(diagram(text))[0]) == body(diagram(text))
