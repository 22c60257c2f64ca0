"""What a generated program says about its definitions, and the order they stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from fad.diagram.box import Box, ForeignFunction, Group, Primitive, Slider, Switch
from fad.diagram.facts import Facts
from fad.diagram.parameters import Parameter
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import Active, Bundles, members, union
from fad.differentiation.dual import Dual, Part
from fad.text.lines import comment, comment_list
from fad.text.plan import Note

#: The paragraphs of a written program, in order: the parameters with their tangents; functions such
#: as `mul`, which say what an operation does to tangents; and what the program itself defines.
_PARAMETERS, _OPERATIONS, _DEFINITIONS = -2, -1, 0
#: More derivatives than these are not listed.
_FEW = 3


def parameter_comments(
    variables: Sequence[Parameter], direction: Mapping[str, float] | None = None
) -> list[str]:
    """The parameters as comments, a line each, however long: path, initial value, range.

    Args:
        variables: the parameters.
        direction: the components of the direction that there is a derivative along, if any.
    """
    lines = []
    if direction:
        parts = [f"{name}={value:g}" for name, value in direction.items()]
        lines += comment_list("direction:", parts)
    for variable in variables:
        text = variable.path
        if variable.kind != "input":
            unit = variable.unit and f" {variable.unit}"
            text += f": {variable.init:g}{unit} in [{variable.min:g}, {variable.max:g}]"
            text += "" if variable.scale == "lin" else f", {variable.scale}"
        lines += comment_list("parameter", [text])
    return lines


def rule_comments(facts: Facts) -> list[str]:
    """The program's own rules that have made derivatives, as comments.

    What is called `d_f` is the derivative of `f`, even if that was never meant: so it is told.
    """
    names: dict[str, list[str]] = {}
    for span, name in facts.rules.items():
        names.setdefault(PurePath(span.source.name).name, []).append(name)
    files = (f"{', '.join(dict.fromkeys(each))} of {file}" for file, each in names.items())
    return list(comment(f"custom derivatives: {'; '.join(files)}")) if names else []


def part_notes(dual: Dual, simple: Mapping[Box, Box]) -> dict[Box, Note]:
    """What to say about the definitions of a dual, such as `// d/dgain, d/dcutoff`.

    The comment names the derivatives that come out of a definition behind its value. There is none
    where they all come in with its inputs, and none where several parts of the program have become
    one definition that carries other derivatives in each.

    Args:
        dual: the dual.
        simple: what its diagrams have become.
    """
    labels = dual.seeds.labels
    found: dict[Box, Note] = {}
    for part in reversed(dual.parts):
        box, note = simple.get(part.dual, part.dual), _note(part, labels)
        known = found.setdefault(box, note)
        if note.comment != known.comment:
            found[box] = known._replace(comment="")
    return found


def _note(part: Part, labels: Sequence[str]) -> Note:
    source = part.source
    while isinstance(source, Group):
        source = source.body
    match source:
        case Slider() | Switch():
            return Note(_PARAMETERS)
        case Primitive() | ForeignFunction() | Ruled():
            return Note(_OPERATIONS, yields=True)
    added = union(part.outputs) & ~union(part.inputs)
    return Note(
        _DEFINITIONS, _derivatives(part.outputs, labels) if added and len(labels) > 1 else ""
    )


def _derivatives(outputs: Bundles, labels: Sequence[str]) -> str:
    """The derivatives that follow each output: once, where they are the same for all."""
    each = [_list(active, labels) for active in outputs]
    return each[0] if len(set(each)) == 1 else f"by output: {'; '.join(each)}"


def _list(active: Active, labels: Sequence[str]) -> str:
    """Some derivatives: those that are there, or those that are not, if these are few."""
    if not active:
        return "none"
    there = [f"d/d{labels[index]}" for index in members(active)]
    if len(there) <= _FEW + 1:
        return ", ".join(there)
    missing = [f"d/d{label}" for index, label in enumerate(labels) if not active >> index & 1]
    if len(missing) < _FEW:
        return f"all but {', '.join(missing)}" if missing else "all derivatives"
    return f"{', '.join(there[:_FEW])} and {len(there) - _FEW} more"
