"""Rules as diagrams: what one function does to tangents, given which tangents arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fad.base.errors import DifferentiationError, counted
from fad.base.source import Source, Span
from fad.diagram.box import (
    Box,
    Cut,
    ForeignFunction,
    Int,
    Lambda,
    Par,
    Primitive,
    Real,
    Seq,
    Slot,
    parallel,
)
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.activity import NONE, Active, Bundles, members, shape, union
from fad.differentiation.rules import (
    ARGUMENTS,
    DERIVATIVES,
    FOREIGN,
    SURROGATES,
    Linear,
    Partials,
    Rule,
    Zero,
)
from fad.differentiation.surrogates import Read
from fad.evaluation.evaluator import evaluate
from fad.syntax.libraries import Libraries
from fad.syntax.module import Module
from fad.text.emitter import identifier

_ABSENT = Real(0.0)
_WHOLE = Primitive("int")
#: What the duals of operators are called in the generated program.
_WORDS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "modulo", "^": "power", "@": "delay"}
#: What C adds to the name of a function for the precisions other than double.
_SUFFIXES = ("", "f", "l", "fx")


@dataclass(frozen=True)
class Operation:
    """A function of signals with a rule.

    Attributes:
        name: what it is called in messages.
        key: what its rule is called among the expressions of the tables.
        rule: how it acts on tangents.
        function: its diagram.
        casts_last: whether the last argument is made whole first.
    """

    name: str
    key: str
    rule: Rule
    function: Box
    casts_last: bool = False

    @property
    def word(self) -> str:
        """A name for its dual."""
        return _WORDS.get(self.name) or identifier(f"d_{self.name}", "dual")

    def apply(self, arguments: Sequence[Box]) -> Box:
        """Its result for some arguments."""
        *first, last = arguments
        if self.casts_last:
            last = Seq(last, _WHOLE)
        return Seq(parallel([*first, last]), self.function)

    def active(self, inputs: Bundles) -> Active:
        """The parameters whose tangents leave it."""
        match self.rule:
            case Zero():
                return NONE
            case Linear() as rule:
                return union(
                    active
                    for name, active in zip(ARGUMENTS, inputs, strict=False)
                    if _uses(rule, f"d{name}")
                )
        return union(inputs)

    def dropped(self, inputs: Bundles) -> Iterable[tuple[int, str]]:
        """The parameters whose tangents end in it, with the reason for each."""
        match self.rule:
            case Zero(reason):
                yield from ((index, reason) for index in members(union(inputs)))
            case Linear() as rule:
                for name, active in zip(ARGUMENTS, inputs, strict=False):
                    if name in rule.zero:
                        yield from ((index, rule.zero[name]) for index in members(active))


class LocalRules:
    """What single functions do to tangents, read from the tables of rules.

    Args:
        libraries: parses the expressions of the rules (from the cache, when they were read before).
        user: the user's own rules for foreign functions: definitions `d_name` of a partial
            derivative as a function of the arguments, or `d_name_1`, `d_name_2` ... one for each
            of several arguments. They go before those of the tables.
    """

    def __init__(self, libraries: Libraries, user: Module | None = None) -> None:
        self._libraries = libraries
        self._user = user
        self._functions: dict[tuple[str, int], Box] = {}
        self._duals: dict[tuple[str, Box, Bundles], Box] = {}

    def primitive(self, box: Primitive) -> Operation:
        """A primitive with its rule."""
        return Operation(box.name, f"primitive {box.name}", DERIVATIVES[box.name], box)

    def foreign(self, box: ForeignFunction) -> Operation | None:
        """A foreign function with its rule, if there is one for any of its names."""
        names = [
            name.removesuffix(suffix)
            for name in box.names
            for suffix in _SUFFIXES
            if name.endswith(suffix)
        ]
        known = () if self._user is None else self._user.names
        for name in names:
            definitions = user_rules(name, len(box.arguments))
            if set(definitions) <= set(known):
                return Operation(name, f"user {name}", Partials(*definitions), box)
        for name in names:
            if name in FOREIGN:
                return Operation(name, f"foreign {name}", FOREIGN[name], box)
        return None

    def read(self, read: Read) -> Operation:
        """A read at a whole position that is given a slope."""
        rule = SURROGATES[read.kind]
        function = read.function
        return Operation(function.name, f"surrogate {read.kind}", rule, function, read.is_cast)

    def dual(self, operation: Operation, inputs: Bundles, fresh: Callable[[str], Slot]) -> Box:
        """The function from an operation's input bundles to its output bundle.

        It is the same function for all inputs of one shape: its tangents are numbered, not named.

        Args:
            operation: an operation whose rule is not `Unsupported`.
            inputs: the parameters that are active on each input.
            fresh: makes a new slot with a name.
        """
        inputs = shape(inputs)
        key = operation.key, operation.function, inputs
        if key not in self._duals:
            self._duals[key] = self._dual(operation, inputs, fresh)
        return self._duals[key]

    def _dual(self, operation: Operation, inputs: Bundles, fresh: Callable[[str], Slot]) -> Box:
        alone = union(inputs).bit_count() == 1
        arguments: list[Slot] = []
        tangents: list[dict[int, Slot]] = []
        for name, active in zip(ARGUMENTS, inputs, strict=False):
            arguments.append(fresh(name))
            own = {i: fresh(f"d{name}" if alone else f"d{name}{i + 1}") for i in members(active)}
            tangents.append(own)
        result = operation.apply(arguments)
        lanes: list[Box] = [result]
        counts = [len(own) for own in tangents]
        for index in members(operation.active(inputs)):
            incoming = [tangent.get(index) for tangent in tangents]
            lanes.append(self._tangent(operation, arguments, incoming, counts, result))
        body = parallel(lanes)
        for argument, own in zip(reversed(arguments), reversed(tangents), strict=True):
            for slot in (*reversed(own.values()), argument):
                body = Lambda(slot, body)
        return body

    def _tangent(
        self,
        operation: Operation,
        arguments: Sequence[Box],
        incoming: Sequence[Box | None],
        counts: Sequence[int],
        result: Box,
    ) -> Box:
        """One tangent of the result; `counts` are the numbers of tangents of the arguments."""
        if isinstance(operation.rule, Linear):
            present = [_ABSENT if tangent is None else tangent for tangent in incoming]
            return _apply(self._function(operation, 0), [*arguments, *present, result])
        total: Box | None = None
        for position, tangent in enumerate(incoming):
            if tangent is not None:
                partial = _apply(self._function(operation, position), [*arguments, result])
                total = _plus(total, partial, tangent, counts[position] == 1)
        assert total is not None, "a tangent leaves an operation that none has entered"
        return total

    def _function(self, operation: Operation, position: int) -> Box:
        """An expression of a rule as a function of what it may use."""
        key = operation.key, position
        if key not in self._functions:
            if operation.key.startswith("user "):
                self._functions[key] = self._user_function(operation, position)
            else:
                name = _definition_name(*key)
                self._functions[key] = evaluate(self._module, self._libraries, main=name).process
        return self._functions[key]

    def _user_function(self, operation: Operation, position: int) -> Box:
        """A rule of the user, as a function of the arguments and the result."""
        assert isinstance(operation.rule, Partials) and self._user is not None
        count = len(operation.rule.texts)
        name = operation.rule.texts[position]
        box = evaluate(self._user, self._libraries, main=name).process
        if box.arity != (count, 1):
            definition = self._user.definitions(name)[0]
            assert box.arity is not None
            raise DifferentiationError(
                f"the rule `{name}` must take {counted(count, 'argument')} and give 1 signal: "
                f"it takes {box.arity[0]} and gives {box.arity[1]}",
                Span(self._user.source, definition.start, definition.end),
            )
        return Par(box, Cut())

    @cached_property
    def _module(self) -> Module:
        """All expressions of the tables as one Faust text."""
        tables: Sequence[tuple[str, Mapping[str, Rule]]] = [
            ("primitive", DERIVATIVES),
            ("foreign", FOREIGN),
            ("surrogate", SURROGATES),
        ]
        lines = [
            line
            for kind, rules in tables
            for name, rule in rules.items()
            for line in _definitions(f"{kind} {name}", rule, _count(name, rule))
        ]
        return self._libraries.parse(Source("<rules>", "\n".join(lines)))


def shape_name(inputs: Bundles) -> str:
    """What tells shapes apart: `x3_yz`, where x has 3 tangents, and y and z have the same one."""
    groups: dict[Active, str] = {}
    for name, active in zip(ARGUMENTS, inputs, strict=False):
        if active:
            groups[active] = groups.get(active, "") + name
    counts = ((names, active.bit_count()) for active, names in groups.items())
    return "_".join(f"{names}{count if count > 1 else ''}" for names, count in counts)


def user_rules(name: str, count: int) -> list[str]:
    """What the user's rules for a foreign function with this many arguments are called."""
    return [f"d_{name}"] if count == 1 else [f"d_{name}_{i + 1}" for i in range(count)]


def _count(name: str, rule: Rule) -> int:
    """The number of arguments of a rule's function."""
    if isinstance(rule, Partials):
        return len(rule.texts)
    if isinstance(rule, Linear):
        named = [
            position
            for position, argument in enumerate(ARGUMENTS)
            if _uses(rule, f"d?{argument}") or argument in rule.zero
        ]
        return PRIMITIVES.get(name) or 1 + max(named)
    return 0


def _definitions(key: str, rule: Rule, count: int) -> Iterable[str]:
    """The expressions of a rule as Faust definitions."""
    names = ARGUMENTS[:count]
    if isinstance(rule, Partials):
        for position, text in enumerate(rule.texts):
            yield f"{_definition_name(key, position)}({', '.join((*names, 'r'))}) = {text};"
    elif isinstance(rule, Linear):
        parameters = (*names, *(f"d{name}" for name in names), "r")
        yield f"{_definition_name(key, 0)}({', '.join(parameters)}) = {rule.text};"


def _uses(rule: Linear, name: str) -> bool:
    """Whether an expression uses a name (a regular expression)."""
    return re.search(rf"\b{name}\b", rule.text) is not None


def _definition_name(key: str, position: int) -> str:
    """A Faust identifier for an expression of a rule."""
    return f"rule_{key.encode().hex()}_{position}"


def _apply(function: Box, arguments: Sequence[Box]) -> Box:
    """A function of some arguments: a lambda's body with boxes in place of its slots."""
    slots: dict[Slot, Box] = {}
    rest = list(arguments)
    while rest and isinstance(function, Lambda):
        slots[function.slot] = rest.pop(0)
        function = function.body
    applied = _substitute(function, slots)
    return Seq(parallel(rest), applied) if rest else applied


def _substitute(box: Box, slots: Mapping[Slot, Box]) -> Box:
    if isinstance(box, Slot):
        return slots[box]
    if not box.free:
        return box
    return box.rebuild(tuple(_substitute(child, slots) for child in box.children))


def _plus(total: Box | None, partial: Box, tangent: Box, alone: bool) -> Box:
    """`total + partial*tangent`, without factors that are 1, sums of nothing, double signs.

    A tangent that is `alone` is divided, where several of them are multiplied by one quotient.
    """
    factor = _negated(partial)
    sign = Primitive("+" if factor is None else "-")
    factor = factor or partial
    term = tangent if factor is Int(1) else Seq(Par(factor, tangent), Primitive("*"))
    match factor:
        case Seq(left=Par(left=Int(value=1), right=divisor), right=Primitive(name="/")) if alone:
            term = Seq(Par(tangent, divisor), Primitive("/"))
    if total is None:
        return term if sign is Primitive("+") else Seq(Par(Int(0), term), sign)
    return Seq(Par(total, term), sign)


def _negated(box: Box) -> Box | None:
    """What is subtracted from 0 in a box that is written `0 - a` or `-1`."""
    match box:
        case Int(value=-1):
            return Int(1)
        case Seq(left=Par(left=Int(value=0), right=right), right=Primitive(name="-")):
            return right
    return None
