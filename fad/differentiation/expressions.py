"""The expressions of rules, read as the Faust texts that they are.

The rules of the tables and those of the user are Faust, so that they read like formulas. Here they
go through the front end, and come out as diagrams; what uses them knows nothing of texts.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from fad.base.errors import DifferentiationError
from fad.base.prose import counted
from fad.base.source import Source, Span
from fad.diagram.box import Box
from fad.evaluation.core import Operators
from fad.evaluation.evaluator import evaluate
from fad.syntax.libraries import Libraries
from fad.syntax.module import Module


class RuleExpressions:
    """Evaluates the expressions of rules; see `fad.differentiation.operations.Expressions`.

    Args:
        libraries: parses the expressions (from the cache, when they were read before).
        user: the user's own rules, if there are any.
        operators: what the user's rules may use beside the language.
    """

    def __init__(
        self, libraries: Libraries, user: Module | None = None, operators: Operators | None = None
    ) -> None:
        self._libraries = libraries
        self._user = user
        self._operators = operators

    @property
    def user_names(self) -> Container[str]:
        """What the user's own rules define."""
        return () if self._user is None else self._user.names

    def of_table(self, text: str, parameters: Sequence[str]) -> Box:
        """A function from its parameters to the value of an expression over them."""
        source = Source("<rule>", f"process({', '.join(parameters)}) = {text};")
        return evaluate(self._libraries.parse(source), self._libraries).process

    def of_user(self, name: str, count: int) -> Box:
        """The user's rule of that name, as a function of so many arguments.

        Raises:
            DifferentiationError: it takes another number of arguments, or has not one output.
            FadError: it has no value.
        """
        assert self._user is not None, "only what is in `user_names` is asked for"
        box = evaluate(self._user, self._libraries, main=name, operators=self._operators).process
        if box.arity != (count, 1):
            definition = self._user.definitions(name)[0]
            assert box.arity is not None
            raise DifferentiationError(
                f"the rule `{name}` must take {counted(count, 'argument')} and give 1 signal: "
                f"it takes {box.arity[0]} and gives {box.arity[1]}",
                Span(self._user.source, definition.start, definition.end),
            )
        return box
