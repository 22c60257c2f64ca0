"""`fad transform --explain`: what each part of a program became in its dual, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fad.base.errors import place
from fad.diagram.box import Box, Primitive
from fad.diagram.order import OrderBy
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.evaluation.excerpts import excerpt
from fad.pipeline.comments import Quoting
from fad.pipeline.explanation import Explained, explanation
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
    dual, names = draft.dual, evaluation.facts.names
    texts = definitions(draft.process, draft.names, draft.notes)
    told = explanation(evaluation, draft)
    for part in told.parts:
        text = texts.get(part.dual)
        if text is not None or part.has_name:
            yield from _explained(part, text, names)
            yield ""
    for why, boxes in {
        "no parameter reaches them": told.unreached,
        "nothing uses their derivatives": told.unused,
    }.items():
        if boxes:
            listed = ", ".join(dict.fromkeys(names[box] for box in boxes))
            yield f"as they were, because {why}:"
            yield from textwrap.wrap(listed, WIDTH, initial_indent="  ", subsequent_indent="  ")
            yield ""
    if dual.dropped:
        yield "where derivatives end first:"
    for index, dropped in dual.dropped.items():
        where = dropped.where(folders=False)
        label = dual.seeds.labels[index]
        yield f"  d/d{label} in `{dropped.construct}`{where}: {dropped.reason}"


def _explained(part: Explained, became: str | None, names: Mapping[Box, str]) -> Iterator[str]:
    yield f"{part.name}, {place(part.span, folder=False)}" if part.span else part.name
    if part.source.closed and not isinstance(part.source, Primitive):
        yield from _wrapped("was", excerpt(part.source, _SOURCE_LENGTH, names))
    if became is None:
        yield from _wrapped("became", "a part of what it is in")
    else:
        yield _headed("became", became.replace("\n", f"\n{_INDENT}"))
    yield from _wrapped("because", part.reason)


def _wrapped(head: str, text: str) -> Iterable[str]:
    if not text:
        return []
    lines = textwrap.wrap(text, WIDTH - len(_INDENT), break_long_words=False)
    return [_headed(head, f"\n{_INDENT}".join(lines))]


def _headed(head: str, text: str) -> str:
    return f"  {head}".ljust(len(_INDENT)) + text
