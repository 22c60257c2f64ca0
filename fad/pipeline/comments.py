"""What a generated program says about its definitions, and the order they stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fad.base.prose import visible
from fad.base.source import Source, Span
from fad.diagram.box import Box, ForeignFunction, Group, Primitive, Slider, Switch
from fad.diagram.facts import Facts
from fad.diagram.parameters import Parameter
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import Active, Bundles, members, union
from fad.differentiation.dual import Dual, Part
from fad.syntax.remarks import Remarks
from fad.text.lines import WIDTH, comment, comment_list
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


@dataclass(frozen=True)
class Quoting:
    """What a written program repeats of the source above each definition.

    Attributes:
        comments: the comments directly above it, in files of the user's own: those of
            libraries are long, and about more than the program uses.
        lines: the file and the line.
    """

    comments: bool = False
    lines: bool = False

    def notes(
        self,
        facts: Facts,
        became: Mapping[Box, Box],
        names: Mapping[Box, str],
        notes: Mapping[Box, Note],
        is_own: Callable[[Source], bool],
    ) -> dict[Box, Note]:
        """Notes that also have what is quoted.

        Args:
            facts: what is known about the source.
            became: diagrams of the source -> the ones that are written in their places.
            names: what the written ones are called.
            notes: what else there is to say.
            is_own: whether a text is the user's own.
        """
        quoted: dict[Span, tuple[str, ...]] = {}
        own: dict[Source, bool] = {}
        remarks: dict[Source, Remarks] = {}
        for span in facts.definitions.values():
            source = span.source
            if source not in own:
                own[source] = self.comments and is_own(source)
            if span not in quoted and (self.lines or own[source]):
                if source not in remarks:
                    remarks[source] = Remarks(source)
                quoted[span] = tuple(self._quoted(span, remarks[source], own[source]))
        chosen: dict[Box, tuple[bool, Span]] = {}
        by_name: dict[str, set[Span]] = {}
        for old, span in facts.definitions.items():
            name = facts.names.get(old, "")
            by_name.setdefault(name, set()).add(span)
            new = became.get(old, old)
            # Where several have become one, the one that has given it its name is quoted.
            is_namesake = name == names.get(new)
            if new not in chosen or is_namesake > chosen[new][0]:
                chosen[new] = is_namesake, span
        for new, name in names.items():
            # A function that several have become in several steps still has their name.
            spans = by_name.get(name, set())
            if new not in chosen and len(spans) == 1 and not notes.get(new, Note()).yields:
                chosen[new] = True, next(iter(spans))
        found = dict(notes)
        for new, (_, span) in chosen.items():
            if lines := quoted.get(span):
                found[new] = found.get(new, Note())._replace(above=lines)
        return found

    def _quoted(self, span: Span, remarks: Remarks, with_comments: bool) -> Iterator[str]:
        """What stands above a definition."""
        if with_comments:
            for text in remarks.above(span.start):
                yield from _comment_line(text)
        if self.lines:
            line, _ = span.source.location(remarks.definition(span.start))
            yield f"// {visible(PurePath(span.source.name).name)}:{line}"


def _comment_line(text: str) -> list[str]:
    """A line of a comment, as it was if that can be; whatever is in it, it stays a comment."""
    line = "//" + visible(text.expandtabs(4))
    return [line] if len(line) <= WIDTH else comment(text.strip())
