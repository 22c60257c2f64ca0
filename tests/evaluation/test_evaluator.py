"""The evaluator against the standard compiler: both expand a program to the same core diagram."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import fad
from fad.base.errors import FadError
from fad.base.precision import Precision
from fad.diagram.box import Int, Par, Real
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.cases import programs
from tests.support.reading import normal, read
from tests.support.standard_compiler import expansion, expansions, program

#: Files of programs, and of expressions that stand for programs.
TABLES = [
    *("primitives", "numbers", "compositions", "application", "definitions", "iteration"),
    *("folding", "matching", "counting", "interface", "modulation", "environments", "data"),
    *("programs", "regressions"),
]

FILES = {
    "tools.lib": "k = 2; double(x) = x*2; scaled(x) = x*k;",
    "nested.lib": 'import("tools.lib"); nested(x) = double(x) + k;',
    "cycle.lib": 'import("back.lib"); cycle = there + 1;',
    "back.lib": 'import("cycle.lib"); there = 2;',
    "stereo.dsp": "gain = 2; process = *(gain), *(gain);",
    "typed.dsp": "process(x) = x*x;",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the programs name."""
    folder = tmp_path_factory.mktemp("files")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def cases(table: str) -> list[str]:
    return programs(f"evaluation/cases/{table}.txt")


@pytest.mark.parametrize(
    "text",
    [pytest.param(text, id=f"{table}: {text}") for table in TABLES for text in cases(table)],
)
def test_expands_as_the_standard_compiler_does(text: str, engine: Engine, folder: Path) -> None:
    expected, ours = expansions(engine, program(text), [folder])
    # A family inside a list, such as `par(i, 10, a(i)), b, c`, groups its commas in another way.
    assert ours == expected or normal(read(ours)) is normal(read(expected))


@pytest.mark.parametrize("precision", ["single", "double", "quad"])
@pytest.mark.parametrize("text", cases("precisions"))
def test_the_precision_chooses_definitions(text: str, precision: Precision, engine: Engine) -> None:
    expected, ours = expansions(engine, text, precision=precision)
    assert ours == expected


@pytest.mark.parametrize("text", cases("refused"))
def test_refuses_what_the_standard_compiler_refuses(
    text: str, engine: Engine, folder: Path
) -> None:
    with pytest.raises(EngineRefusal):
        engine.expand(program(text), "test.dsp", include=[folder])
    with pytest.raises(FadError):
        fad.expand(program(text), include=[folder])


def test_connections_of_a_route_that_lead_nowhere_are_left_out(engine: Engine) -> None:
    # The standard compiler keeps them in the diagram, and drops them later.
    expected, ours = expansions(engine, "process = route(2,2,0,1,1,3,2,2);")
    assert expected != ours
    assert expansion(engine, "process = route(2,2,2,2);") == ours


def test_a_route_takes_numbers_and_no_wire(engine: Engine) -> None:
    # The standard compiler evaluates such a route, but has no use for it.
    with pytest.raises(EngineRefusal):
        engine.compile("process = route(2,2,_);", "test.dsp")
    with pytest.raises(FadError, match="pairs of numbers"):
        fad.expand("process = route(2,2,_);")


def test_numbers_stay_in_their_range() -> None:
    assert read("f(x) = x; process = f(abs(-2147483648));") is Int(-(2**31))
    assert read("f(x) = x; process = f(tan(1e999)), f(sin(1e999));") is Par(
        Real(math.nan), Real(math.nan)
    )
