"""What single functions do to tangents: their rules, as diagrams."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fad.diagram.box import (
    Box,
    Cut,
    ForeignFunction,
    Int,
    Lambda,
    Par,
    Primitive,
    Real,
    Route,
    Seq,
    Slot,
    Wire,
    arity_of,
    parallel,
)
from fad.diagram.labels import identifier
from fad.diagram.primitives import WORDS
from fad.diagram.ruled import Ruled, applied, rule_names
from fad.differentiation.active_sets import Active, Bundles, members, shape, union
from fad.differentiation.bundles import VALUE, lane_numbers, width
from fad.differentiation.rules import (
    ARGUMENTS,
    DERIVATIVES,
    FOREIGN,
    SURROGATES,
    VARIANTS,
    Custom,
    Linear,
    Partials,
    Rule,
    Unsupported,
    Zero,
)
from fad.differentiation.surrogates import SlopedRead, SlopedSample
from fad.differentiation.variants import GUARDS, Variant

_ABSENT = Real(0.0)
_WHOLE = Primitive("int")
#: A function for more tangents than these gives names to values only.
_MOST_NAMED = 24
#: What C adds to the name of a function for the precisions other than double.
_SUFFIXES = ("", "f", "l", "fx")


#: What has a rule.
Function = Primitive | ForeignFunction | SlopedRead | SlopedSample | Variant | Ruled


@dataclass(frozen=True)
class Operation:
    """A function of signals with a rule.

    Attributes:
        name: what it is called in messages.
        key: what tells its rule from all others: where it stands, and its name there.
        rule: how it acts on tangents.
        function: its diagram.
        casts_last: whether the last argument is made whole first.
        arguments: the names of its arguments.
    """

    name: str
    key: str
    rule: Rule | Custom
    function: Box
    casts_last: bool = False
    arguments: Sequence[str] = ARGUMENTS

    @property
    def word(self) -> str:
        """A name for its dual."""
        word = WORDS.get(self.name) or identifier(f"d_{self.name}", "dual")
        kind = self.key.split()[0]
        return f"{kind}_{word}" if kind in GUARDS else word

    @property
    def inputs(self) -> int:
        """The number of its arguments."""
        return arity_of(self.function)[0]

    @property
    def is_user_defined(self) -> bool:
        """Whether its rule is the user's own."""
        return self.key.startswith("user ")

    def apply(self, arguments: Sequence[Box]) -> Box:
        """Its result for some arguments."""
        *first, last = arguments
        if self.casts_last:
            last = Seq(last, _WHOLE)
        return Seq(parallel([*first, last]), self.function)

    @property
    def primal(self) -> Box:
        """It as a function of wires."""
        if not self.casts_last:
            return self.function
        return self.apply([Wire()] * self.inputs)

    def active(self, inputs: Bundles) -> Active:
        """The parameters whose tangents leave it."""
        return union(
            active for position, active in enumerate(inputs) if active and self.passes(position)
        )

    def passes(self, position: int) -> bool:
        """Whether the tangent of an argument has an effect on that of the result."""
        match self.rule:
            case Zero():
                return False
            case Custom(ruled):
                return not ruled.is_zero(position)
            case Linear() as rule:
                return any(_uses(text, f"d{ARGUMENTS[position]}") for text in rule.texts)
        return True

    def dropped(self, inputs: Bundles) -> Iterable[tuple[int, str]]:
        """The parameters whose tangents end in it, with the reason for each."""
        match self.rule:
            case Zero(reason):
                yield from ((index, reason) for index in members(union(inputs)))
            case Linear() as rule:
                for name, active in zip(ARGUMENTS, inputs, strict=False):
                    if name in rule.zero:
                        yield from ((index, rule.zero[name]) for index in members(active))
            case Custom(ruled):
                for position, active in enumerate(inputs):
                    if active and ruled.is_zero(position):
                        yield from ((index, "its rule says so") for index in members(active))


class Expressions(Protocol):
    """The expressions of rules, which are Faust texts, as diagrams.

    Attributes:
        user_names: what the user's own rules define.
    """

    @property
    def user_names(self) -> Container[str]: ...

    def of_table(self, text: str, parameters: Sequence[str]) -> Box:
        """A function from its parameters to the value of an expression over them."""

    def of_user(self, name: str, count: int) -> Box:
        """The user's rule of that name, as a function of so many arguments."""


class Operations:
    """What single functions do to tangents, by the tables of rules.

    Args:
        expressions: the expressions of the rules. The user's own rules for foreign functions are
            definitions `d_name` of a partial derivative as a function of the arguments, or
            `d_name_1`, `d_name_2` ... one for each of several arguments. They go before those of
            the tables.
    """

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._known: dict[Box, Operation | None] = {}
        self._functions: dict[tuple[str, int], Box] = {}
        self._transposes: dict[tuple[str, int], Box] = {}
        self._duals: dict[tuple[str, Box, Bundles], Box] = {}

    def afresh(self) -> Operations:
        """The same rules, for another diagram, whose functions are not those of the first."""
        return Operations(self._expressions)

    def of(self, box: Function) -> Operation | None:
        """A function with its rule; `None` for a foreign function that has none."""
        if box not in self._known:
            self._known[box] = self._found(box)
        return self._known[box]

    def _found(self, box: Function) -> Operation | None:
        match box:
            case Primitive():
                return Operation(box.name, f"primitive {box.name}", DERIVATIVES[box.name], box)
            case Variant():
                name = box.function.name
                rule, key = VARIANTS[box.kind, name], f"{box.kind} {name}"
                return Operation(name, key, rule, box.function)
            case SlopedSample():
                rule = SURROGATES["sounds"]
                return Operation("soundfile", "surrogate sounds", rule, box.function)
            case Ruled():
                # Not by its name alone: functions in different places have the same one.
                key = f"custom {len(self._known)}"
                return Operation(box.rule.name, key, Custom(box.rule), box, False, box.parameters)
            case SlopedRead():
                function, rule = box.function, SURROGATES[box.kind]
                key = f"surrogate {box.kind}"
                return Operation(function.name, key, rule, function, box.is_cast)
        names = [
            name.removesuffix(suffix)
            for name in box.names
            for suffix in _SUFFIXES
            if name.endswith(suffix)
        ]
        for name in names:
            rules = rule_names(name, len(box.arguments))
            if all(rule in self._expressions.user_names for rule in rules):
                return Operation(name, f"user {name}", Partials(*rules), box)
        for name in names:
            if name in FOREIGN:
                return Operation(name, f"foreign {name}", FOREIGN[name], box)
        return None

    def partial(self, operation: Operation, position: int) -> Box:
        """A partial derivative: a function of the arguments and the result.

        Args:
            operation: an operation whose rule has partial derivatives.
            position: of the argument.
        """
        function = self._function(operation, position)
        return Par(function, Cut()) if isinstance(operation.rule, Custom) else function

    def terms(self, operation: Operation, position: int) -> list[Box]:
        """What a linear rule adds up to the tangent of the result, by the tangent of an argument.

        Args:
            operation: an operation with a linear rule.
            position: of the argument.

        Returns:
            Functions of the arguments, of the tangents of all of them, and of the result.
        """
        rule = operation.rule
        assert isinstance(rule, Linear)
        used = f"d{ARGUMENTS[position]}"
        return [
            self._function(operation, number)
            for number, text in enumerate(rule.texts)
            if _uses(text, used)
        ]

    def transposed(self, operation: Operation, position: int) -> Box | Unsupported | None:
        """What an argument's cotangent gets through memory, as a function of the cotangent of the
        result and of the arguments; `None` if there is no memory between them."""
        if not isinstance(operation.rule, Linear):
            return None
        text = operation.rule.transposed.get(ARGUMENTS[position])
        if text is None or isinstance(text, Unsupported):
            return text
        key = text, operation.inputs
        if key not in self._transposes:
            arguments = ("w", *ARGUMENTS[: operation.inputs])
            self._transposes[key] = self._expressions.of_table(text, arguments)
        return self._transposes[key]

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
        if union(inputs).bit_count() > _MOST_NAMED:
            return self._wide_dual(operation, inputs, fresh)
        alone = union(inputs).bit_count() == 1
        arguments: list[Slot] = []
        tangents: list[dict[int, Slot]] = []
        for name, active in zip(operation.arguments, inputs, strict=False):
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

    def _wide_dual(
        self, operation: Operation, inputs: Bundles, fresh: Callable[[str], Slot]
    ) -> Box:
        """The same function for many tangents: only values get names, tangents go along wires.

        A route brings the values to the front, and together what makes one tangent of the result.
        """
        values = [fresh(name) for name in operation.arguments[: len(inputs)]]
        result = operation.apply(values)
        counts = [active.bit_count() for active in inputs]
        lanes = lane_numbers(inputs)
        order = [numbers[VALUE] for numbers in lanes]
        outputs: list[Box] = [result]
        known: dict[tuple[bool, ...], Box] = {}
        for index in members(operation.active(inputs)):
            there = tuple([index in numbers for numbers in lanes])
            order += [numbers[index] for numbers in lanes if index in numbers]
            if there not in known:
                known[there] = self._wired_tangent(operation, values, there, counts, fresh)
            outputs.append(known[there])
        body = parallel(outputs)
        for value in reversed(values):
            body = Lambda(value, body)
        pairs = tuple((lane, place) for place, lane in enumerate(order, start=1))
        return Seq(Route(width(inputs), len(order), pairs), body)

    def _wired_tangent(
        self,
        operation: Operation,
        values: Sequence[Box],
        there: Sequence[bool],
        counts: Sequence[int],
        fresh: Callable[[str], Slot],
    ) -> Box:
        """One tangent of the result, as a function of the tangents that are there, on wires."""
        slots = [
            fresh(f"d{name}") if is_there else None
            for name, is_there in zip(operation.arguments, there, strict=False)
        ]
        tangent = self._tangent(operation, values, slots, counts, operation.apply(values))
        present = [slot for slot in slots if slot is not None]
        if present == [tangent]:
            return Wire()
        for slot in reversed(present):
            tangent = Lambda(slot, tangent)
        return tangent

    def _tangent(
        self,
        operation: Operation,
        arguments: Sequence[Box],
        incoming: Sequence[Box | None],
        counts: Sequence[int],
        result: Box,
    ) -> Box:
        """One tangent of the result; `counts` are the numbers of tangents of the arguments."""
        total: Box | None = None
        if isinstance(operation.rule, Linear):
            there = [name for name, own in zip(ARGUMENTS, incoming, strict=False) if own]
            present = [_ABSENT if tangent is None else tangent for tangent in incoming]
            for position, text in enumerate(operation.rule.texts):
                if any(_uses(text, f"d{name}") for name in there):
                    function = self._function(operation, position)
                    term = applied(function, [*arguments, *present, result])
                    total = term if total is None else Seq(Par(total, term), Primitive("+"))
            assert total is not None, "a tangent leaves an operation that uses none"
            return total
        for position, tangent in enumerate(incoming):
            if tangent is not None and operation.passes(position):
                function = self._function(operation, position)
                known = arguments if isinstance(operation.rule, Custom) else [*arguments, result]
                partial = applied(function, list(known))
                total = _plus(total, partial, tangent, counts[position] == 1)
        assert total is not None, "a tangent leaves an operation that none has entered"
        if isinstance(operation.rule, Custom) and operation.rule.ruled.passing is not None:
            return applied(operation.rule.ruled.passing, [*arguments, total])
        return total

    def _function(self, operation: Operation, position: int) -> Box:
        """An expression of a rule as a function of what it may use."""
        key = operation.key, position
        if key not in self._functions:
            self._functions[key] = self._expression(operation, position)
        return self._functions[key]

    def _expression(self, operation: Operation, position: int) -> Box:
        rule, count = operation.rule, operation.inputs
        if isinstance(rule, Custom):
            return rule.ruled.partial(position)
        names = ARGUMENTS[:count]
        if isinstance(rule, Linear):
            tangents = [f"d{name}" for name in names]
            return self._expressions.of_table(rule.texts[position], (*names, *tangents, "r"))
        assert isinstance(rule, Partials), "only partials and linear rules have expressions"
        text = rule.texts[position]
        if operation.is_user_defined:
            return Par(self._expressions.of_user(text, count), Cut())
        return self._expressions.of_table(text, (*names, "r"))


def without_rule(box: ForeignFunction) -> tuple[str, str]:
    """What to say of a foreign function whose derivative is not known, and the remedy."""
    name, arguments = box.names[0], ", ".join(ARGUMENTS[: len(box.arguments)])
    rules = rule_names(name, len(box.arguments))
    heads = " and ".join(f"`{rule}({arguments}) = ...;`" for rule in rules)
    return (
        f"the derivative of the foreign function `{name}` is not known",
        f"define {heads} in a file and give it with `--rules`; ",
    )


def shape_name(inputs: Bundles, exact: bool = False) -> str:
    """What tells shapes apart: `x3_yz`, where x has 3 tangents, and y and z have the same one.

    Args:
        inputs: the parameters that are active on each input.
        exact: whether a single tangent is told from others: `x3_dy2`.
    """
    inputs = shape(inputs)
    groups: dict[Active, str] = {}
    for name, active in zip(ARGUMENTS, inputs, strict=False):
        if active:
            groups[active] = groups.get(active, "") + name
    words = []
    for active, names in groups.items():
        count = active.bit_count()
        if exact and count == 1:
            words.append(f"d{names}{active.bit_length()}")
        else:
            words.append(f"{names}{count if count > 1 else ''}")
    return "_".join(words)


def _uses(text: str, name: str) -> bool:
    """Whether an expression uses a name."""
    return re.search(rf"\b{name}\b", text) is not None


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
