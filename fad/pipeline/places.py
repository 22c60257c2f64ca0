"""Where the parts of a program are in its own text, for who shows that text beside something."""

from __future__ import annotations

from collections.abc import Mapping

from fad.base.source import Source, Span
from fad.diagram.box import Box, ForeignFunction, Primitive
from fad.diagram.order import places_around
from fad.evaluation.core import Evaluation
from fad.syntax.remarks import Remarks


def places_of(
    evaluation: Evaluation, main: Source, definitions: Mapping[Box, Span]
) -> dict[Box, Span]:
    """Where the parts of a program are in its own text.

    Args:
        evaluation: the program.
        main: its text.
        definitions: where diagrams are defined, as in `Facts`.

    Returns:
        Diagrams -> their definitions, or else the first place that makes them. What a library has
        in it is where the program asks for that. Of operations, which libraries have in many
        places, only those are there that the text itself makes.
    """
    places = evaluation.facts.places
    around = places_around(evaluation.process, places)
    operations = Primitive | ForeignFunction
    known = {box: span for box, span in around.items() if not isinstance(box, operations)}
    known.update(places)
    remarks = Remarks(main)
    for box, span in definitions.items():
        if span.source is main:
            known[box] = Span(main, remarks.definition(span.start), span.end)
    return known
