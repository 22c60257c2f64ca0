"""The rewrites of a dual: shorter, and the same samples, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fad.base.source import Source
from fad.diagram.box import Box, Par
from fad.evaluation.evaluator import evaluate
from fad.runtime.engine import Engine
from fad.syntax.libraries import Libraries
from fad.text.emitter import emit
from fad.text.simplify import (
    REWRITES,
    Rewrite,
    applied_lambda,
    dropped_lanes,
    identity_chain,
    identity_route,
    simplify,
    straight_chain,
    wire_bus,
)

FRAMES = 50


def diagram(text: str) -> Box:
    libraries = Libraries((), Path())
    return evaluate(libraries.parse(Source("test.dsp", f"process = {text};")), libraries).process


def body(box: Box) -> str:
    return emit(box).removeprefix("process = ").rstrip(";\n")


CASES: list[tuple[Rewrite, str, str]] = [
    (identity_route, "route(2, 2, (1,1), (2,2)) : +", "_ + _"),
    (identity_route, "route(2, 2, (1,2), (2,1)) : -", "route(2, 2, (1,2), (2,1)) : -"),
    (identity_route, "route(1, 1, (1,1), (1,1))", "route(1, 1, (1,1), (1,1))"),
    (identity_route, "route(2, 3, (1,1), (2,2))", "route(2, 3, (1,1), (2,2))"),
    (identity_chain, "sin : _", "sin"),
    (identity_chain, "_ : sin", "sin"),
    (identity_chain, "_,_ : (_,_ : +)", "+"),
    (identity_chain, "(_ <: _,_) : _,_", "_ <: _,_"),
    (identity_chain, "_,1 : -", "-(1)"),
    (applied_lambda, r"\(x, y).(x,y : -)", "_ - _"),
    (applied_lambda, r"\(x, y).(x,2,y : select2)", "_,2,_ : select2"),
    (applied_lambda, r"\(x, y).(x,y : - : sin)", "_,_ : - : sin"),
    (straight_chain, r"(\(x).(x,x) : \(x, y).(x-y)) : sin", r"\(x).(x,x) : \(x, y).(x - y) : sin"),
    (dropped_lanes, r"sin : \(x).(x,x : _,! : cos)", r"sin : \(x).(cos(x))"),
    (dropped_lanes, r"sin,cos : \(x, y).(y,x,y : !,_,_)", r"sin,cos : \(x, y).(x,y)"),
    (dropped_lanes, r"sin, (cos : \(x).(x,x : !,!))", ""),
    (dropped_lanes, "sin,cos : _,!", ""),
    (wire_bus, "_,_,_,_,_,_,_,_,sin", "par(i, 8, _), sin"),
    (wire_bus, "sin,_,_,_,_,_,_,_,sin", "sin, par(i, 7, _), sin"),
    (wire_bus, "_,_,_,_,_,_,_,_", "par(i, 8, _)"),
    (wire_bus, "_,_,_,_,_,_,sin", "_,_,_,_,_,_,sin"),
    # An operation stays one.
    (straight_chain, "(_,2 : +) : sin", "+(2) : sin"),
    # Not the same: the parameters in another order, twice, or one of them later on.
    (applied_lambda, r"\(x, y).(y,x : -)", ""),
    (applied_lambda, r"\(x).(x,x : *)", ""),
    (applied_lambda, r"\(x, y).(x,y : \(a, b).(a*b + x))", ""),
    (applied_lambda, r"\(x).(_,x : -)", ""),
    (applied_lambda, r"\(x).(sin(x),x : -)", ""),
]


@pytest.mark.parametrize(("rewrite", "text", "expected"), CASES)
def test_each_rewrite(engine: Engine, rewrite: Rewrite, text: str, expected: str) -> None:
    before = diagram(text)
    after, replaced = simplify(before, (rewrite,))
    assert body(after) == (expected or body(before))
    assert replaced[before] is after
    assert before.arity is not None
    noise = np.random.default_rng(1).uniform(-1, 1, (before.arity[0], FRAMES))
    one, other = (
        engine.render(emit(box), "test", inputs=noise, frames=FRAMES) for box in (before, after)
    )
    assert one.tobytes() == other.tobytes()


def test_every_rewrite_has_cases() -> None:
    assert {rewrite for rewrite, _, _ in CASES} == set(REWRITES)


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
