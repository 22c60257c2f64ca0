"""A diagram on its way to a text with functions, and what is known of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fad.diagram.box import Box, Slot, postorder
from fad.diagram.facts import Facts, renamed, renamed_arguments
from fad.text.generalize import Generalization
from fad.text.lengths import Measures, measured
from fad.text.templates import Call, Hole, Template, expanded, filled


class Sketch:
    """What a diagram is now.

    Args:
        process: the diagram to begin with.
        facts: what is known about its parts: their names, what made them, and of what.

    Attributes:
        process: the diagram as it is now.
        names: the names of its parts.
        became: for the parts of the given diagram, what they are now.
    """

    def __init__(self, process: Box, facts: Facts) -> None:
        self.process = process
        self.names = dict(facts.names)
        self.became: dict[Box, Box] = {part: part for part in postorder(process)}
        self._arguments: Mapping[Box, Mapping[Box, str]] = facts.arguments
        self._makers = {box: name for box, (_, name) in facts.made_by.items()}
        self._measures: Measures | None = None

    @property
    def measures(self) -> Measures:
        """The parts of the diagram, and about how long their texts are."""
        if self._measures is None:
            self._measures = measured(self.process)
        return self._measures

    def replace(self, replaced: Mapping[Box, Box], measures: Measures | None = None) -> None:
        """Puts others in the places of parts.

        Args:
            replaced: what has become of parts; the others stay.
            measures: those of the new diagram, where they are known.
        """
        if replaced[self.process] is not self.process:
            self._measures = measures
        self.process = replaced[self.process]
        self.became = {old: _followed(new, replaced) for old, new in self.became.items()}
        names: dict[Box, str] = {}
        for box, name in self.names.items():
            names.setdefault(replaced.get(box, box), name)
        self.names = names
        self._arguments = renamed_arguments(self._arguments, replaced)
        self._makers = renamed(self._makers, replaced)

    def formals(self, box: Box) -> Iterable[tuple[Box, str]]:
        """The arguments that a diagram was made with, and the parameters that they went to."""
        return self._arguments.get(box, {}).items()

    def title(self, members: Sequence[Box]) -> str | None:
        """What the function that these are calls of is called; those of that name need none."""
        makers = {self._makers.get(part) for part in members}
        names = [self.names.get(part) for part in members]
        title = makers.pop() if len(makers) == 1 else None
        if title is None and len(set(names)) == 1:
            title = names[0]
        for part, name in zip(members, names, strict=True):
            if name == title or names.count(name) > 1:
                self.names.pop(part, None)
        return title

    def name_parts(self, found: Generalization) -> None:
        """What has one name wherever a template is called has this name in the template."""
        for part, column in found.parts.items():
            names = {self.names.get(box) for box in column}
            name = names.pop()
            if not names and name is not None:
                self.names.setdefault(part, name)

    def filled(self, body: Box, arguments: Mapping[Slot, Box]) -> Box:
        """The body of a template with arguments, whose parts keep their names."""
        became: dict[Box, Box] = {}
        result = filled(body, arguments, became)
        for old, new in became.items():
            if old in self.names and not isinstance(old, Hole):
                self.names.setdefault(new, self.names[old])
        return result

    def entitle(self, templates: Mapping[Template, str | None]) -> None:
        """Gives templates their names."""
        for template, title in templates.items():
            if title is not None:
                self.names.setdefault(template, title)
                self._makers.setdefault(template, title)


def _followed(box: Box, replaced: Mapping[Box, Box]) -> Box:
    """What has become of a diagram.

    A call that stood in what has become a call itself is no part any more: its function stands in
    another one, which has parameters in the places of these arguments. It goes where that goes.
    """
    new = replaced.get(box)
    if new is not None:
        return new
    template = replaced.get(box.template) if isinstance(box, Call) else None
    if not isinstance(box, Call) or not isinstance(template, Template) or template is box.template:
        return box
    call = Call(template, box.arguments)
    # Where the function has become a call of another one, that is the one which is left.
    only_calls = isinstance(template.body, Call) and not isinstance(box.template.body, Call)
    return expanded(call) if only_calls else call
