"""What the standard compiler refuses when it comes to signals: here, a reason to warn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fad.base.errors import place
from fad.base.source import Span
from fad.diagram.box import Box, Int, Par, Primitive, Real, Seq, Slider, postorder
from fad.evaluation.folding import to_int


def doubts(process: Box, origins: Mapping[Box, Span]) -> Iterator[str]:
    """Sentences about parts of a diagram that later versions of the compiler do not take.

    Args:
        process: the diagram of a program.
        origins: where its parts were made.
    """
    for part in postorder(process):
        problem = _problem(part)
        if problem:
            # Without folders: the text must not depend on where the program is.
            where = f" at {place(origins[part], folder=False)}" if part in origins else ""
            yield f"{problem[0]}{where} {problem[1]}: the standard compiler may refuse that"


def _problem(part: Box) -> tuple[str, str] | None:
    """What is doubtful about a part, and why."""
    match part:
        case Slider() if part.min > part.max:
            return f'the range of `{part.kind}("{part.label}")`', "ends before it begins"
        case Slider() if not part.min <= part.init <= part.max:
            what = f'the initial value {part.init:g} of `{part.kind}("{part.label}")`'
            return what, f"is outside its range, from {part.min:g} to {part.max:g}"
        case Seq(left=Par(right=Int() | Real() as delay), right=Primitive(name="@")):
            if to_int(delay.value) < 0:
                return f"a delay of {delay.value} samples", "is negative"
    return None
