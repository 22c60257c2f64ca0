"""Which parts of a program have become which definitions of its dual, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fad.base.deep_stack import recursive
from fad.base.source import Span
from fad.diagram.box import Box
from fad.differentiation.dual import places_told
from fad.evaluation.core import Evaluation
from fad.pipeline.explanation import explanation
from fad.pipeline.front import Request, read
from fad.pipeline.places import places_of
from fad.pipeline.program import Program
from fad.pipeline.transform import Options, Transformed, transformed

_UNREACHED = "as it was, because no parameter reaches it"
_UNUSED = "as it was, because nothing uses its derivatives"
_PROCESS = "the program: each output, and behind it its derivatives"


class Link(NamedTuple):
    """A part of a program, and the definition that it has become.

    Attributes:
        name: what the program calls it, or else a text of it.
        source: where it is in the program's own text: its definition, or what asks a library for
            it, or for what it is in.
        dual: the numbers of the first character of the definition in the text of the dual, and of
            the one behind its last.
        reason: why it became that, in words; see `fad.explain`. Empty for second derivatives.
    """

    name: str
    source: Span
    dual: tuple[int, int]
    reason: str


class Linked(NamedTuple):
    """A program with derivatives, and what there is to show in the text that it comes from.

    Attributes:
        program: what `fad.transform` writes.
        links: what has come from where, in the order of the dual's text.
        warned: the program's warnings that are about a place, and that place.
    """

    program: Program
    links: tuple[Link, ...]
    warned: Mapping[str, Span]


@recursive
def linked(request: Request, options: Options) -> Linked:
    """What `fad.transform` writes in forward mode, and what has come from where.

    Args:
        request: the program, and what it is read with.
        options: what is asked of its derivative.

    Returns:
        The program, and its links. What is in a text that the program imports has links too; its
        place is where the program asks for it.

    Raises:
        FadError: see `fad.transform`.
    """
    front = read(request)
    evaluation = front.evaluated()
    found = transformed(evaluation, front, options)
    spans = places_of(evaluation, front.source, found.draft.definitions)
    links = {(link.source, link.dual): link for link in _links(evaluation, options, found, spans)}
    in_order = tuple(sorted(links.values(), key=lambda link: link.dual))
    return Linked(found.program, in_order, places_told(found.draft.dual))


def _links(
    evaluation: Evaluation, options: Options, found: Transformed, spans: Mapping[Box, Span]
) -> Iterator[Link]:
    """All links, the ones to be shown last."""
    draft, places, names = found.draft, found.places, evaluation.facts.names
    told = explanation(evaluation, draft)
    for boxes, reason in ((told.unreached, _UNREACHED), (told.unused, _UNUSED)):
        for box in boxes:
            became = draft.simple.get(box, box)
            if box in spans and became in places:
                yield Link(names[box], spans[box], places[became], reason)
    for part in told.parts:
        if part.source in spans and part.dual in places:
            name, reason = part.name, part.reason
            if options.order == 2:  # parts are those of the first derivative
                name, reason = draft.names.get(part.dual, name), ""
            yield Link(name, spans[part.source], places[part.dual], reason)
    if evaluation.process in spans:
        yield Link("process", spans[evaluation.process], places[draft.process], _PROCESS)
