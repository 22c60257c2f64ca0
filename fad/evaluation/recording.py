"""What is noted of diagrams while they are evaluated: their names, their places, their makers."""

from __future__ import annotations

from collections.abc import Mapping

from fad.base.errors import Call, quoted
from fad.base.source import Source, Span
from fad.diagram.box import Bargraph, Box, Composition, Group, Lambda, Slider, Switch, Waveform
from fad.diagram.facts import Facts
from fad.diagram.ruled import is_identity, is_marked
from fad.diagram.waiting import Waiting
from fad.evaluation.scope import Closure, Matcher, PatternVariable, Scope
from fad.syntax import nodes

#: What can carry a name. One on a wire or a number would rename every other wire and number.
_NAMED = (
    Bargraph,
    Closure,
    Composition,
    Group,
    Lambda,
    Matcher,
    Slider,
    Switch,
    Waveform,
)


class Records:
    """Collects the facts about diagrams.

    Attributes:
        facts: what is known so far.
        main: the text of the program that is evaluated, in which places count.
        waiting: the functions that lambdas stand for.
    """

    def __init__(self) -> None:
        self.facts = Facts()
        self.main: Source | None = None
        self.waiting: dict[Box, Waiting] = {}
        #: Of a function by its identity: the file and the name that define it.
        self._definitions: dict[int, tuple[str, str]] = {}
        self._called: dict[Box, tuple[tuple[nodes.Apply, Scope], ...]] = {}

    def inherit(self, old: Box, new: Box) -> None:
        """What is known about a box is also known about the one that takes its place."""
        self.facts.inherit(old, new)
        if old in self._called:
            self._called.setdefault(new, self._called[old])
        if old in self.waiting:
            self.waiting.setdefault(new, self.waiting[old])

    def function(self, node: nodes.Node, file: str, name: str) -> None:
        """Notes which name of a file a function is defined as."""
        self._definitions[id(node)] = (file, name)

    def function_name(self, node: nodes.Node) -> str | None:
        """The name that a function is defined as, if it has one."""
        known = self._definitions.get(id(node))
        return known and known[1]

    def diagram(self, function: Closure | Matcher, diagram: Lambda) -> None:
        """Notes that a diagram stands for a function that did not get all its arguments."""
        if isinstance(function, Closure):
            parameters, given = tuple(function.node.params), function.applied
        else:
            patterns, _ = function.rules[-1]
            named = [each.name if isinstance(each, PatternVariable) else "" for each in patterns]
            parameters, given = tuple(named), len(function.arguments)
        name = self.function_name(function.node)
        self.waiting[diagram] = Waiting(name, parameters, given)

    def name(self, box: Box, name: str, definition: Span | None) -> None:
        """Notes what the source calls a diagram, if it is one that can carry a name.

        Args:
            box, name: the diagram and its name.
            definition: where that is defined, if it is known.
        """
        if isinstance(box, _NAMED) and not is_identity(box):
            self.facts.names[box] = name
            self.facts.definitions.pop(box, None)
            if definition is not None:
                self.facts.definitions[box] = definition

    def origin(self, box: Box, node: nodes.Node, scope: Scope) -> None:
        """Notes where a diagram is composed."""
        if box not in self.facts.origins:
            self.facts.origins[box] = scope.span(node)
        if scope.source is self.main:
            self.place(box, scope.span(node))

    def place(self, box: Box, span: Span) -> None:
        """Notes where the program makes a diagram, or asks another text for it.

        The first place in the text counts, not the first one that was evaluated.
        """
        if span.source is self.main:
            known = self.facts.places.setdefault(box, span)
            if known.source is span.source and span.start < known.start:
                self.facts.places[box] = span

    def call(self, result: Box, node: nodes.Apply, scope: Scope) -> None:
        """Notes which call a diagram is the result of."""
        if is_marked(result):
            # Where a function has a rule, messages are about the outermost call with its result,
            # as that of `df.stop`, which comes last.
            self.facts.origins[result] = scope.span(node)
        self.facts.origins.setdefault(result, scope.span(node))
        calls = self._called.get(result, ())
        # The calls that a message may need: the first one, and the first one in the user's text.
        if not calls or (scope.source is self.main and calls[-1][1].source is not self.main):
            self._called[result] = (*calls, (node, scope))

    def calls_of(self, box: Box) -> list[Call]:
        """The calls that a diagram is the result of, as far as they may be worth showing."""
        return [call_at(node, scope) for node, scope in self._called.get(box, ())]

    def maker(self, result: Box, function: nodes.Lambda, arguments: Mapping[str, Box]) -> None:
        """Notes which function a diagram is the result of, and with which arguments."""
        self.arguments(result, arguments)
        if id(function) in self._definitions:
            self.facts.made_by.setdefault(result, self._definitions[id(function)])

    def arguments(self, result: Box, arguments: Mapping[str, Box]) -> None:
        """Notes the parameters of the function that made a diagram, and their values."""
        if result.closed:
            self.facts.arguments[result] = {
                value: name for name, value in arguments.items() if value.closed
            }


def call_at(node: nodes.Apply, scope: Scope) -> Call:
    """A call, for messages."""
    return Call(quoted(scope.span(node.function)), scope.span(node))
