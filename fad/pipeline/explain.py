"""`fad transform --explain`: what each part of a program became in its dual, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fad.base.errors import place
from fad.diagram.box import ForeignFunction, Primitive, Slider, Switch, postorder
from fad.diagram.order import OrderBy
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import Active, Bundles, members
from fad.differentiation.dual import Part
from fad.differentiation.rules import ARGUMENTS
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.evaluation.excerpts import excerpt
from fad.pipeline.comments import Quoting
from fad.pipeline.front import Request, read
from fad.pipeline.transform import Draft, Options, drafted
from fad.syntax.libraries import ProgramLike
from fad.text.emitter import definitions
from fad.text.lines import WIDTH

_INDENT = " " * 12
#: The longest text of a diagram of the source.
_SOURCE_LENGTH = 84


def explain(
    program: ProgramLike,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    order_by: OrderBy = "text",
    lines: bool = False,
) -> str:
    """What each part of a program became in its dual, and why.

    Args:
        program: a text, or the path of a file.
        include, libraries, wrt, surrogate, rules, order_by, lines: see `fad.transform`.

    Returns:
        A text for people: for each part of the source that derivatives reach (its parameters, the
        definitions with a name, its operations) the diagram that it was, the definition that it
        became, and which parameters reach it where; then what no parameter reaches, what has
        derivatives that nothing uses, and where derivatives end.

    Raises:
        FadError: what `fad.transform` raises.
    """

    front = read(Request(program, include, rules=rules, libraries=libraries))
    evaluation = front.evaluated()
    options = Options(
        tuple(wrt), surrogate=tuple(surrogate), order_by=order_by, quoting=Quoting(lines=lines)
    )
    draft = drafted(evaluation, front, options)
    return "\n".join(_lines(evaluation, draft)) + "\n"


def _lines(evaluation: Evaluation, draft: Draft) -> Iterator[str]:
    dual, labels = draft.dual, draft.dual.seeds.labels
    texts = definitions(draft.process, draft.names, draft.notes)
    for part in dual.parts:
        text = texts.get(draft.simple.get(part.dual, part.dual))
        if text is not None or _is_named(part, evaluation):
            yield from _explained(part, evaluation, text, labels)
            yield ""
    reached = {part.source for part in dual.parts}
    same = [
        box
        for box in postorder(evaluation.process)
        if box in evaluation.facts.names and box not in reached and box is not evaluation.process
    ]
    for why, boxes in {
        "no parameter reaches them": [box for box in same if box not in dual.active],
        "nothing uses their derivatives": [box for box in same if box in dual.active],
    }.items():
        if boxes:
            names = ", ".join(dict.fromkeys(evaluation.facts.names[box] for box in boxes))
            yield f"as they were, because {why}:"
            yield from textwrap.wrap(names, WIDTH, initial_indent="  ", subsequent_indent="  ")
            yield ""
    if dual.dropped:
        yield "where derivatives end first:"
    for index, dropped in dual.dropped.items():
        where = dropped.where(folders=False)
        yield f"  d/d{labels[index]} in `{dropped.construct}`{where}: {dropped.reason}"


def _is_named(part: Part, evaluation: Evaluation) -> bool:
    return part.source in evaluation.facts.names and part.source is not evaluation.process


def _explained(
    part: Part, evaluation: Evaluation, became: str | None, labels: Sequence[str]
) -> Iterator[str]:
    source = part.source
    known = source.rule.name if isinstance(source, Ruled) else excerpt(source, 30)
    name = evaluation.facts.names.get(source, known)
    span = evaluation.facts.origins.get(part.source)
    yield f"{name}, {place(span, folder=False)}" if span else name
    if part.source.closed and not isinstance(part.source, Primitive):
        yield from _wrapped("was", excerpt(part.source, _SOURCE_LENGTH, evaluation.facts.names))
    if became is None:
        yield from _wrapped("became", "a part of what it is in")
    else:
        yield _headed("became", became.replace("\n", f"\n{_INDENT}"))
    yield from _wrapped("because", _reason(part, labels))


def _reason(part: Part, labels: Sequence[str]) -> str:
    match part.source:
        case Slider() | Switch():
            return "it is a parameter: its derivative by itself is 1"
        case Primitive() | ForeignFunction():
            return "; ".join(
                f"{argument} carries {_by(active, labels)}"
                for argument, active in zip(ARGUMENTS, part.inputs, strict=False)
            )
    texts = [f"its rule is `{part.source.rule.title}`"] if isinstance(part.source, Ruled) else []
    if part.inputs:
        texts.append(f"its inputs carry {_each(part.inputs, labels)}")
    texts.append(f"its outputs carry {_each(part.outputs, labels)}")
    return ", ".join(texts)


def _each(bundles: Bundles, labels: Sequence[str]) -> str:
    texts = [_by(active, labels) for active in bundles]
    return texts[0] if len(set(texts)) == 1 else "; ".join(texts)


def _by(active: Active, labels: Sequence[str]) -> str:
    return ", ".join(f"d/d{labels[index]}" for index in members(active)) or "no derivative"


def _wrapped(head: str, text: str) -> Iterable[str]:
    if not text:
        return []
    lines = textwrap.wrap(text, WIDTH - len(_INDENT), break_long_words=False)
    return [_headed(head, f"\n{_INDENT}".join(lines))]


def _headed(head: str, text: str) -> str:
    return f"  {head}".ljust(len(_INDENT)) + text
