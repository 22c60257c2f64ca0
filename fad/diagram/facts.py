"""What is known about the parts of a program: their names, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from fad.base.source import Span
from fad.diagram.box import Box

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What is known about diagrams. The evaluator collects it; passes carry it along.

    Attributes:
        names: the name that a diagram has in the source; the outermost one, where it has several.
        definitions: where the definition is that gives a diagram its name: its expression, or what
            stands before that.
        origins: where a diagram was first composed.
        places: the first place in the text of the program itself (not in one that it imports) that
            makes a diagram, or asks another text for it.
        made_by: for the result of a call, the file and the name of the function; the innermost
            one, where several calls have this result.
        arguments: for the result of a call, its arguments and the parameters that they went to;
            of the outermost call, where several have this result.
        rules: where the rules stand that were asked for a derivative of a function of the
            program -> their names.
    """

    names: dict[Box, str] = field(default_factory=dict)
    definitions: dict[Box, Span] = field(default_factory=dict)
    origins: dict[Box, Span] = field(default_factory=dict)
    places: dict[Box, Span] = field(default_factory=dict)
    made_by: dict[Box, tuple[str, str]] = field(default_factory=dict)
    arguments: dict[Box, dict[Box, str]] = field(default_factory=dict)
    rules: dict[Span, str] = field(default_factory=dict)

    def inherit(self, old: Box, new: Box) -> None:
        """Notes that a diagram takes the place of another one: what is not known of it is its."""
        if new not in self.names:
            _pass_on(self.definitions, old, new)
        _pass_on(self.names, old, new)
        _pass_on(self.origins, old, new)
        _pass_on(self.places, old, new)
        _pass_on(self.made_by, old, new)
        _pass_on(self.arguments, old, new)

    def renamed(self, became: Mapping[Box, Box]) -> Facts:
        """The same facts about what diagrams have become in a pass."""
        return Facts(
            renamed(self.names, became),
            renamed(self.definitions, became),
            renamed(self.origins, became),
            renamed(self.places, became),
            renamed(self.made_by, became),
            renamed_arguments(self.arguments, became),
            self.rules,
        )


def _pass_on(known: dict[Box, T], old: Box, new: Box) -> None:
    if old in known:
        known.setdefault(new, known[old])


def renamed(known: Mapping[Box, T], became: Mapping[Box, Box]) -> dict[Box, T]:
    """What is known about diagrams, about what they have become; others stay as they are."""
    return {became.get(box, box): fact for box, fact in known.items()}


def renamed_arguments(
    arguments: Mapping[Box, Mapping[Box, str]], became: Mapping[Box, Box]
) -> dict[Box, dict[Box, str]]:
    """The arguments of calls, where results and arguments have become others."""
    return {became.get(box, box): renamed(values, became) for box, values in arguments.items()}
