"""From grammar rules to syntax nodes: one method for each builder named in the grammar.

Every method gets the parts of its rule in the order of the grammar, brackets and commas included:
a `Token` for a terminal, whatever the rule's own builder made for the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from fad.syntax import nodes
from fad.syntax.nodes import Expr


class Token(NamedTuple):
    """A word of the text: the name of its terminal, what it reads, and where it stands."""

    type: str
    text: str
    start: int
    end: int


class Refusal(Exception):
    """A construct that the grammar lets through and the language does not.

    Args:
        message: what is wrong.
        start: where it begins, as an offset.
        end: where it ends.
        hint: what to do about it.
    """

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint


class Builder:
    """The callbacks of the parser. They keep no state: one builder serves all parses."""

    # -- Lists: each rule is its own beginning plus one item, so the list grows in place ----------

    def empty(self, parts: list[Any]) -> Any:
        return []

    def single(self, parts: list[Any]) -> Any:
        return parts

    def with_item(self, parts: list[Any]) -> Any:
        items, item = parts
        items.append(item)
        return items

    def with_separated(self, parts: list[Any]) -> Any:
        items, _, item = parts
        items.append(item)
        return items

    def with_statement(self, parts: list[Any]) -> Any:
        items, precisions, statement = parts
        if precisions and not isinstance(statement, nodes.Declare):
            statement = replace(statement, precisions=frozenset(precisions))
        if statement is not None:
            items.append(statement)
        return items

    def word(self, parts: list[Any]) -> Any:
        return parts[0].text

    precision = type = argument_type = include = word

    # -- Statements -------------------------------------------------------------------------------

    def program(self, parts: list[Any]) -> tuple[nodes.Statement, ...]:
        return tuple(parts[0])

    def import_file(self, parts: list[Any]) -> nodes.Import:
        return nodes.Import(parts[0].start, parts[-1].end, _unquoted(parts[2]))

    def declare(self, parts: list[Any]) -> nodes.Declare:
        word, key, value, end = parts
        return nodes.Declare(word.start, end.end, key.text, value.text[1:-1])

    def declare_for(self, parts: list[Any]) -> nodes.Declare:
        word, function, key, value, end = parts
        return nodes.Declare(word.start, end.end, key.text, value.text[1:-1], function.text)

    def documentation(self, parts: list[Any]) -> None:
        return None

    def define(self, parts: list[Any]) -> nodes.Definition:
        name, _, body, end = parts
        return nodes.Definition(name.start, end.end, name.text, None, body)

    def define_function(self, parts: list[Any]) -> nodes.Definition:
        name, _, params, _, _, body, end = parts
        return nodes.Definition(name.start, end.end, name.text, tuple(params), body)

    def equation(self, parts: list[Any]) -> nodes.Definition:
        quote, name, _, body, end = parts
        return nodes.Definition(quote.start, end.end, name.text, None, body)

    # -- Compositions and operators ---------------------------------------------------------------

    def compose(self, parts: list[Any]) -> Expr:
        left, op, right = parts
        name = ":>" if op.text == "+>" else op.text
        return nodes.Compose(left.start, right.end, name, left, right)

    def infix(self, parts: list[Any]) -> Expr:
        left, op, right = parts
        return nodes.Infix(left.start, right.end, op.text, left, right)

    def with_definitions(self, parts: list[Any]) -> Expr:
        body, _, _, definitions, end = parts
        return nodes.With(body.start, end.end, body, tuple(definitions))

    def letrec(self, parts: list[Any]) -> Expr:
        body, _, _, equations, end = parts
        return nodes.Letrec(body.start, end.end, body, tuple(equations), ())

    def letrec_where(self, parts: list[Any]) -> Expr:
        body, _, _, equations, _, where, end = parts
        return nodes.Letrec(body.start, end.end, body, tuple(equations), tuple(where))

    def delay1(self, parts: list[Any]) -> Expr:
        body, quote = parts
        return nodes.Delay1(body.start, quote.end, body)

    def access(self, parts: list[Any]) -> Expr:
        environment, _, name = parts
        return nodes.Access(environment.start, name.end, environment, name.text)

    def apply(self, parts: list[Any]) -> Expr:
        function, _, arguments, end = parts
        return nodes.Apply(function.start, end.end, function, tuple(arguments))

    def apply_to_nothing(self, parts: list[Any]) -> Expr:
        function, _, arguments, _, opening, closing, end = parts
        nothing = nodes.Nothing(opening.start, closing.end)
        return nodes.Apply(function.start, end.end, function, (*arguments, nothing))

    def override(self, parts: list[Any]) -> Expr:
        environment, _, definitions, end = parts
        return nodes.Override(environment.start, end.end, environment, tuple(definitions))

    # -- Atoms ------------------------------------------------------------------------------------

    def integer(self, parts: list[Any]) -> Expr:
        # Only 32 bits count, and 2**32 divides 10**32.
        value = int(parts[-1].text[-32:]) * _sign(parts)
        wrapped = (value + 2**31) % 2**32 - 2**31
        return nodes.Integer(parts[0].start, parts[-1].end, wrapped)

    def float(self, parts: list[Any]) -> Expr:
        value = float(parts[-1].text.rstrip("f")) * _sign(parts)
        return nodes.Float(parts[0].start, parts[-1].end, value)

    def name(self, parts: list[Any]) -> Expr:
        (name,) = parts
        return nodes.Name(name.start, name.end, name.text)

    def negate(self, parts: list[Any]) -> Expr:
        sign, name = parts
        zero = nodes.Integer(sign.start, sign.end, 0)
        operand = nodes.Name(name.start, name.end, name.text)
        return nodes.Infix(sign.start, name.end, "-", zero, operand)

    def primitive(self, parts: list[Any]) -> Expr:
        (word,) = parts
        name = "^" if word.text == "pow" else word.text
        return nodes.Primitive(word.start, word.end, name)

    def parenthesised(self, parts: list[Any]) -> Any:
        return parts[1]

    # -- Functions and environments ---------------------------------------------------------------

    def abstraction(self, parts: list[Any]) -> Expr:
        names = tuple(name.text for name in parts[2])
        return nodes.Lambda(parts[0].start, parts[-1].end, names, parts[6])

    def rule(self, parts: list[Any]) -> nodes.Rule:
        start, patterns, _, _, body, end = parts
        return nodes.Rule(start.start, end.end, tuple(patterns), body)

    def case(self, parts: list[Any]) -> Expr:
        word, _, rules, end = parts
        if not rules:
            raise Refusal(
                "a case needs at least one rule",
                word.start,
                end.end,
                "write `case { (pattern, ...) => expression; }`",
            )
        expected = len(rules[0].patterns)
        for rule in rules:
            if len(rule.patterns) != expected:
                raise Refusal(
                    f"this rule has a different number of patterns than the first: "
                    f"{len(rule.patterns)} instead of {expected}",
                    rule.start,
                    rule.end,
                    "all rules of a case take the same number of patterns",
                )
        return nodes.Case(word.start, end.end, tuple(rules))

    def modulator(self, parts: list[Any]) -> tuple[str, Expr | None]:
        return _unquoted(parts[0]), parts[2] if len(parts) > 1 else None

    def modulation(self, parts: list[Any]) -> Expr:
        start, modulators, _, body, end = parts
        for label, circuit in reversed(modulators):
            body = nodes.Modulation(start.start, end.end, label, circuit, body)
        return body  # type: ignore[no-any-return]

    def environment(self, parts: list[Any]) -> Expr:
        return nodes.Environment(parts[0].start, parts[-1].end, tuple(parts[2]))

    def library(self, parts: list[Any]) -> Expr:
        return nodes.Library(parts[0].start, parts[-1].end, _unquoted(parts[2]))

    def component(self, parts: list[Any]) -> Expr:
        return nodes.Component(parts[0].start, parts[-1].end, _unquoted(parts[2]))

    # -- Calls with a syntax of their own: the arguments are every second part from the third on --

    def iteration(self, parts: list[Any]) -> Expr:
        kind, (index, count, body) = parts[0], parts[2::2]
        return nodes.Iteration(kind.start, parts[-1].end, kind.text, index.text, count, body)

    def count(self, parts: list[Any]) -> Expr:
        return nodes.Count(parts[0].start, parts[-1].end, parts[0].text, parts[2])

    def route(self, parts: list[Any]) -> Expr:
        inputs, outputs, *pairs = parts[2::2]
        return nodes.Route(
            parts[0].start, parts[-1].end, inputs, outputs, pairs[0] if pairs else None
        )

    def switch(self, parts: list[Any]) -> Expr:
        kind, label = parts[0], _unquoted(parts[2])
        return nodes.Switch(kind.start, parts[-1].end, kind.text, label)

    def slider(self, parts: list[Any]) -> Expr:
        kind, (label, *bounds) = parts[0], parts[2::2]
        return nodes.Slider(kind.start, parts[-1].end, kind.text, _unquoted(label), *bounds)

    def bargraph(self, parts: list[Any]) -> Expr:
        kind, (label, *bounds) = parts[0], parts[2::2]
        return nodes.Bargraph(kind.start, parts[-1].end, kind.text, _unquoted(label), *bounds)

    def group(self, parts: list[Any]) -> Expr:
        kind, (label, body) = parts[0], parts[2::2]
        return nodes.Group(kind.start, parts[-1].end, kind.text, _unquoted(label), body)

    def soundfile(self, parts: list[Any]) -> Expr:
        label, channels = parts[2::2]
        return nodes.Soundfile(parts[0].start, parts[-1].end, _unquoted(label), channels)

    def waveform(self, parts: list[Any]) -> Expr:
        return nodes.Waveform(parts[0].start, parts[-1].end, tuple(parts[2]))

    # -- Foreign code -----------------------------------------------------------------------------

    def types(self, parts: list[Any]) -> Any:
        return parts[0]

    def foreign_function(self, parts: list[Any]) -> Expr:
        word, _, result, symbols, _, arguments, _, _, include, _, library, end = parts
        names = tuple(symbol.text for symbol in symbols)
        if len(names) > 4:
            raise Refusal(
                f"a foreign function has at most 4 names, one for each precision: here are "
                f"{len(names)}",
                symbols[0].start,
                symbols[-1].end,
            )
        return nodes.ForeignFunction(
            word.start, end.end, result, names, tuple(arguments), include, library.text
        )

    def foreign_value(self, parts: list[Any]) -> Expr:
        kind, _, result, name, _, include, end = parts
        return nodes.ForeignValue(kind.start, end.end, kind.text, result, name.text, include)


def _sign(parts: list[Any]) -> int:
    """The sign of a number's tokens: the number alone, or a sign and the number."""
    return -1 if parts[0].text == "-" else 1


#: Line breaks, tabs and other control characters in a string are blanks.
_BLANKS = dict.fromkeys(range(32), " ")


def _unquoted(string: Token) -> str:
    """What a string says: without its quotes, and on one line."""
    return string.text[1:-1].translate(_BLANKS)
