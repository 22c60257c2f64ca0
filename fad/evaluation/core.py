"""What the constructs of the language may ask of the evaluator, and it of the operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn, Protocol

from fad.base.source import Span
from fad.diagram.box import Arity, Box, Slot
from fad.diagram.facts import Facts
from fad.evaluation.folding import Folding, Number
from fad.evaluation.limits import Steps
from fad.evaluation.recording import Records
from fad.evaluation.scope import Closure, EnvironmentValue, Scope
from fad.syntax import nodes


@dataclass(frozen=True)
class Evaluation:
    """A program's diagram.

    Attributes:
        process: the core diagram, closed and well typed.
        facts: what is known about where its parts came from.
        warnings: what the user should know, one sentence each.
    """

    process: Box
    facts: Facts = field(default_factory=Facts)
    warnings: Sequence[str] = ()


class Core(Protocol):
    """The evaluator, as the constructs that it is made of see it.

    Attributes:
        records: what is known about the diagrams made so far.
        warnings: sentences for the user, so far.
        steps: counts what the evaluation takes.
        folding: finds the numbers that diagrams denote.
        operators: the functions of diagrams beside those of the language.
    """

    records: Records
    warnings: list[str]
    steps: Steps
    folding: Folding
    operators: Operators

    # Values of expressions, and diagrams of values.

    def eval(self, node: nodes.Expr, scope: Scope) -> Box:
        """The value of an expression, which may still be a function or an environment."""

    def lookup(self, name: str, scope: Scope, span: Span) -> Box:
        """The value of a name that is used at a place."""

    def binding(self, name: str, scope: Scope) -> Box:
        """The value that a name is bound to in a scope that has it."""

    def again(self, box: Box) -> Box:
        """An argument where it is used."""

    def symbolise(self, box: Box) -> Box:
        """A value as a closed diagram: functions that are left become lambda boxes."""

    def check(self, box: Box, span: Span) -> Arity:
        """The arity of a closed diagram, or the error that says which parts misfit."""

    def arity(self, box: Box) -> Arity:
        """The same, for a diagram without a place of its own."""

    # Numbers.

    def number(self, box: Box) -> Number | None:
        """The number that a value denotes, if it is a diagram that denotes one."""

    def constant_int(self, node: nodes.Expr, scope: Scope, what: str) -> int:
        """An expression that must be a number, as an integer."""

    def constant_float(self, node: nodes.Expr, scope: Scope, what: str) -> float:
        """An expression that must be a number."""

    # Functions and environments.

    def closure(self, node: nodes.Lambda, applied: int, scope: Scope) -> Closure:
        """A function whose first parameters are bound in the scope."""

    def body(self, body: nodes.Expr, scope: Scope) -> Box:
        """The value of the body of a function or an iteration, which counts as a call."""

    def component_process(self, component: EnvironmentValue) -> Box:
        """What a component's `process` is: a value that is not a component itself."""

    def enter(self, span: Span | None) -> None:
        """Begins a call inside those that run; too many of them are an endless evaluation."""

    def leave(self) -> None:
        """Ends what `enter` began."""

    # What is known about diagrams.

    def new_slot(self, name: str) -> Slot:
        """A slot that no other lambda has."""

    def made(self, box: Box, node: nodes.Node, scope: Scope) -> Box:
        """A composition, with the place where it was first made."""


class Operators(Protocol):
    """Functions of diagrams that a program may use as if they were part of the language.

    Attributes:
        usage: the name of each -> what it is applied to.
    """

    @property
    def usage(self) -> Mapping[str, str]: ...

    def apply(
        self, core: Core, name: str, arguments: Sequence[Box], node: nodes.Node, scope: Scope
    ) -> Box:
        """The diagram that an operator makes.

        Args:
            core: the evaluator that meets it.
            name: the operator.
            arguments: what it is applied to.
            node, scope: where.
        """


class NoOperators:
    """The language as it is."""

    usage: Mapping[str, str] = MappingProxyType({})

    def apply(
        self, core: Core, name: str, arguments: Sequence[Box], node: nodes.Node, scope: Scope
    ) -> NoReturn:
        raise AssertionError(f"there is no operator `{name}`")
