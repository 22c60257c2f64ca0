"""Whether a diagram fits together, and if not, which two of its parts do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fad.base.errors import ArityError, Call
from fad.base.prose import counted
from fad.base.source import Span
from fad.diagram.box import (
    Arity,
    Box,
    Composition,
    EmptyEnvironment,
    Merge,
    Par,
    Primitive,
    Rec,
    Seq,
    Split,
    factors,
)
from fad.diagram.primitives import INFIX
from fad.diagram.waiting import Waiting, missing_arguments

_EXCERPT = 60


def check(
    box: Box,
    show: Callable[[Box], str],
    origins: Mapping[Box, Span] | None = None,
    names: Mapping[Box, str] | None = None,
    calls: Callable[[Box], Sequence[Call]] = lambda box: (),
    waiting: Mapping[Box, Waiting] | None = None,
) -> Arity:
    """The arity of a closed diagram.

    Args:
        box: the diagram.
        show: prints a diagram as Faust text, for the message.
        origins: where a composition was written.
        names: the names that diagrams have in the source.
        calls: the calls that diagrams are the results of.
        waiting: the functions that lambdas stand for.

    Raises:
        ArityError: two parts do not fit; the innermost such pair is shown with both counts.
    """
    if box.arity is not None:
        return box.arity
    *around, misfit = _path_to_misfit(box)
    assert isinstance(misfit, Composition), f"{type(misfit).__name__} without an arity"
    message = _message(misfit, show, names or {})
    rule = _RULES[type(misfit)]
    hint = _notation(misfit) or missing_arguments(misfit, rule, waiting or {}) or rule
    error = ArityError(message, (origins or {}).get(misfit), hint)
    for outer in (misfit, *reversed(around)):
        error.calls.extend(calls(outer))
    raise error


def _path_to_misfit(box: Box) -> list[Box]:
    """From a diagram without an arity down to the innermost one."""
    path = [box]
    while True:
        inner = next((child for child in path[-1].children if child.arity is None), None)
        if inner is None:
            return path
        path.append(inner)


_KINDS: dict[type[Composition], str] = {
    Seq: "sequential composition",
    Split: "split composition",
    Merge: "merge composition",
    Rec: "recursive composition",
}
_RULES: dict[type[Composition], str] = {
    Seq: "the outputs of A must be as many as the inputs of B",
    Split: "the inputs of B must be a multiple of the outputs of A",
    Merge: "the outputs of A must be a multiple of the inputs of B",
    Rec: (
        "B takes at most as many inputs as A has outputs, and gives at most as many outputs as "
        "A has inputs"
    ),
}


def _message(box: Composition, show: Callable[[Box], str], names: Mapping[Box, str]) -> str:
    left, right = box.left.arity, box.right.arity
    assert left is not None and right is not None
    if isinstance(box, Rec):
        a = f"{counted(left[0], 'input')} and {counted(left[1], 'output')}"
        b = f"{counted(right[0], 'input')} and {counted(right[1], 'output')}"
    else:
        a, b = counted(left[1], "output"), counted(right[0], "input")
    lines = [f"{_KINDS[type(box)]} A {box.operator} B does not fit: A has {a}, B has {b}"]
    for letter, part in (("A", box.left), ("B", box.right)):
        text = " ".join(show(part).split())
        if len(text) > _EXCERPT:
            text = text[: _EXCERPT - 4] + " ..."
        name = names.get(part)
        lines.append(f"  {letter} = {text}" + (f"   (`{name}`)" if name else ""))
    return "\n".join(lines)


def _notation(box: Composition) -> str | None:
    """A hint for a composition that is seldom written as one."""
    if any(isinstance(part, EmptyEnvironment) for part in (*factors(box.left), box.right)):
        return "an environment is not a diagram: use one of its definitions, as in `e.name`"
    if isinstance(box, Seq) and isinstance(box.right, Primitive):
        name = box.right.name
        if name in INFIX and isinstance(box.left, Par):
            return f"`x {name} y` stands for `x, y : {name}`: each side must have 1 output"
        if name == "mem":
            return "`x'` stands for `x : mem`: x must have 1 output"
    return None
