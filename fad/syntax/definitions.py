"""Lists of definitions made ready for evaluation: one expression per name.

Definitions that share a name become the rules of one `case`; a definition with parameters that
are plain names becomes a lambda; precision-prefixed ones count only for the chosen precision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from fad.base.errors import EvaluationError
from fad.base.precision import Precision
from fad.base.prose import counted
from fad.base.source import Source, Span
from fad.syntax import nodes

#: The name of the recursive body that `letrec` becomes; no program can write it.
_LETREC_BODY = "letrec body"


def for_precision(
    definitions: Iterable[nodes.Definition], precision: Precision
) -> list[nodes.Definition]:
    """The definitions that count when computing in `single`, `double` or `quad` precision."""
    return [d for d in definitions if not d.precisions or f"{precision}precision" in d.precisions]


def collect(
    definitions: Iterable[nodes.Definition], source: Source, precision: Precision
) -> dict[str, nodes.Expr]:
    """The expression that each name stands for, in order of first appearance.

    Raises:
        EvaluationError: two definitions of a name that do not go together.
    """
    groups: dict[str, list[nodes.Definition]] = {}
    for definition in for_precision(definitions, precision):
        groups.setdefault(definition.name, []).append(definition)
    return {name: merge(group, source) for name, group in groups.items()}


def merge(group: list[nodes.Definition], source: Source) -> nodes.Expr:
    """The expression that definitions of one name stand for.

    Raises:
        EvaluationError: they have no parameters, or different numbers of them.
    """
    first = group[0]
    for previous, definition in pairwise(group):
        # The equations of a `letrec` come from the last to the first.
        previous, definition = sorted((previous, definition), key=lambda found: found.start)
        if definition.params is None or previous.params is None:
            where = Span(source, definition.start, definition.start + len(definition.name))
            line, _ = Span(source, previous.start, previous.end).location
            raise EvaluationError(
                f"`{first.name}` is defined twice",
                where,
                f"the first definition is in line {line}; only definitions with parameters, "
                "which are then the rules of a `case`, can share a name",
            )
        if len(definition.params) != len(previous.params):
            raise EvaluationError(
                f"the definitions of `{first.name}` do not agree: one has "
                f"{counted(len(previous.params), 'parameter')}, this one has "
                f"{counted(len(definition.params), 'parameter')}",
                Span(source, definition.start, definition.end),
            )
    if first.params is None:
        return first.body
    if len(group) == 1:
        names = [param.id for param in first.params if isinstance(param, nodes.Name)]
        if len(set(names)) == len(first.params):
            return nodes.Lambda(first.start, first.end, tuple(names), first.body)
    rules = tuple(nodes.Rule(d.start, d.end, d.params or (), d.body) for d in group)
    return nodes.Case(first.start, group[-1].end, rules)


def with_variables(pattern: nodes.Expr) -> nodes.Expr:
    """A pattern with its names turned into variables.

    Names of functions that are applied (`f` in `f(x)`), and what is inside functions, cases and
    other environments, mean what they mean outside.
    """
    match pattern:
        case nodes.Name():
            return nodes.Variable(pattern.start, pattern.end, pattern.id)
        case nodes.Compose() | nodes.Infix():
            return replace(
                pattern, left=with_variables(pattern.left), right=with_variables(pattern.right)
            )
        case nodes.Apply():
            function = pattern.function
            if not isinstance(function, nodes.Name):
                function = with_variables(function)
            return replace(
                pattern,
                function=function,
                arguments=tuple(with_variables(argument) for argument in pattern.arguments),
            )
        case nodes.Delay1() | nodes.With() | nodes.Iteration() | nodes.Count() | nodes.Group():
            return replace(pattern, body=with_variables(pattern.body))
        case _:
            return pattern


def letrec_as_with(node: nodes.Letrec, source: Source) -> nodes.With:
    """`e letrec { 'x = a; 'y = b; where w }` in terms of `~`.

    The equations become one function of their names, fed back through wires, and each name
    selects its output. The standard compiler begins with the name that it met last.
    """

    def first_use(equation: nodes.Definition) -> int:
        found = re.search(rf"(?<![\w:]){equation.name}(?![\w:])", source.text)
        return found.start() if found else equation.start

    equations = sorted(node.equations, key=first_use, reverse=True)
    names = tuple(equation.name for equation in equations)

    def composed(op: str, parts: list[nodes.Expr]) -> nodes.Expr:
        result = parts[-1]
        for part in reversed(parts[:-1]):
            result = nodes.Compose(node.start, node.end, op, part, result)
        return result

    def primitive(name: str) -> nodes.Expr:
        return nodes.Primitive(node.start, node.end, name)

    bodies = composed(",", [equation.body for equation in equations])
    if node.where:
        bodies = nodes.With(node.start, node.end, bodies, node.where)
    function = nodes.Lambda(node.start, node.end, names, bodies)
    wires = composed(",", [primitive("_")] * len(names))
    loop = nodes.Compose(node.start, node.end, "~", function, wires)
    body = nodes.Name(node.start, node.end, _LETREC_BODY)
    definitions = [nodes.Definition(node.start, node.end, _LETREC_BODY, None, loop)]
    for index, equation in enumerate(equations):
        selector = composed(",", [primitive("_" if i == index else "!") for i in range(len(names))])
        projection = nodes.Compose(equation.start, equation.end, ":", body, selector)
        definitions.append(
            nodes.Definition(equation.start, equation.end, equation.name, None, projection)
        )
    return nodes.With(node.start, node.end, node.body, tuple(definitions))
