"""Where the definitions of a written program are in its text."""

from __future__ import annotations

import pytest

from fad.diagram.box import Box, Lambda, Par, Primitive, Seq, Slot
from fad.pipeline.front import Request, read
from fad.text.emitter import definitions, emit, written
from fad.text.plan import Note

PROGRAMS = {
    "names": "a = sin(_) + cos(_) * 3; process = a, (a <: _, a);",
    # Two functions of one variable, which has to be two.
    "functions": r"""
f = \(x).(sin(x)*exp(x) + x*x*0.001*cos(x));
g = \(x).(f(x) : *(0.25));
process = f,g : f,g;
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("comment", ["", "short", "long " * 30])
def test_definitions_are_where_it_says(program: str, comment: str) -> None:
    evaluation = read(Request(program)).evaluated()
    process, names = evaluation.process, evaluation.facts.names
    notes = {box: Note(comment=comment, above=("// above",)) for box in names}

    text, places = written(process, names, ["// a head"], notes)

    assert text == emit(process, names, ["// a head"], notes)
    told = definitions(process, names, notes)
    assert told
    for box, definition in told.items():
        # `definitions` tells what is above them, too.
        assert text[slice(*places[box])] == definition.removeprefix("// above\n")
    assert text[slice(*places[process])].startswith("process = ")
    assert text.endswith(text[slice(*places[process])] + "\n")


def test_what_gets_variables_of_its_own_is_known_by_what_it_was() -> None:
    x = Slot(1, "x")
    squared = Seq(Par(Seq(x, Primitive("sqrt")), x), Primitive("*"))
    some, other = (
        Lambda(x, Seq(Par(Seq(x, Primitive(name)), Seq(squared, Primitive("exp"))), Primitive("*")))
        for name in ("sin", "cos")
    )
    process = Seq(Par(some, other), Par(some, other))
    names: dict[Box, str] = {some: "some", other: "other"}

    text, places = written(process, names, [], {})

    assert text[slice(*places[some])] == "some(x) = sin(x)*exp(sqrt(x)*x);"
    assert text[slice(*places[other])].startswith("other(")
