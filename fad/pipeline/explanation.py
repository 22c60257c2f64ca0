"""What each part of a program became in its dual, and why: as values, for whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fad.base.source import Span
from fad.diagram.box import Box, ForeignFunction, Primitive, Slider, Switch, postorder
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import Active, Bundles, members
from fad.differentiation.dual import Part
from fad.differentiation.rules import ARGUMENTS
from fad.evaluation.core import Evaluation
from fad.evaluation.excerpts import excerpt
from fad.pipeline.transform import Draft

#: The longest text of a diagram that stands for a name.
_NAME_LENGTH = 30


@dataclass(frozen=True)
class Explained:
    """A part of a program that derivatives reach.

    Attributes:
        source: its diagram.
        dual: the diagram that it has become in the text of the dual, where it may be a definition
            or a part of one.
        name: what the program calls it, or else a text of it.
        has_name: whether the program has a name for it.
        span: where it was first composed, if that is known.
        reason: why it became that, in words.
    """

    source: Box
    dual: Box
    name: str
    has_name: bool
    span: Span | None
    reason: str


@dataclass(frozen=True)
class Explanation:
    """What became of a program.

    Attributes:
        parts: what derivatives reach, inner parts first.
        unreached: the diagrams with a name that no parameter reaches, and that stayed as they were.
        unused: those that a parameter reaches, and whose derivatives nothing uses.
    """

    parts: Sequence[Explained]
    unreached: Sequence[Box]
    unused: Sequence[Box]


def explanation(evaluation: Evaluation, draft: Draft) -> Explanation:
    """What became of a program, and why.

    Args:
        evaluation: the program.
        draft: what it became; its first derivatives.
    """
    dual, names = draft.dual, evaluation.facts.names
    reached = {part.source for part in dual.parts}
    same = [
        box
        for box in postorder(evaluation.process)
        if box in names and box not in reached and box is not evaluation.process
    ]
    return Explanation(
        tuple(_explained(part, evaluation, draft) for part in dual.parts),
        tuple(box for box in same if box not in dual.active),
        tuple(box for box in same if box in dual.active),
    )


def _explained(part: Part, evaluation: Evaluation, draft: Draft) -> Explained:
    source, facts = part.source, evaluation.facts
    name = facts.names.get(source)
    if name is None:
        text = source.rule.name if isinstance(source, Ruled) else excerpt(source, _NAME_LENGTH)
    else:
        text = name
    return Explained(
        source,
        draft.simple.get(part.dual, part.dual),
        text,
        name is not None and source is not evaluation.process,
        facts.origins.get(source),
        _reason(part, draft.dual.seeds.labels),
    )


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
