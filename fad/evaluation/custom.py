"""Custom derivatives: definitions `d_f` that are the derivative of a function `f`.

Where a function is applied to signals and a rule stands beside it, the result is a box that knows
both (see `fad.diagram.ruled`). The rules themselves are evaluated when somebody differentiates, and
never otherwise: a rule may use its own function (`d_exp2(x) = log(2)*exp2(x)`), and that the
function again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from fad.base.deep_stack import recursive
from fad.base.errors import DifferentiationError, FadError, place, telling
from fad.base.prose import counted
from fad.base.source import Span
from fad.diagram.binders import is_alike
from fad.diagram.box import Box, Int, Lambda, Real, Seq, Slot, parallel, postorder
from fad.diagram.labels import plain_name
from fad.diagram.parameters import Widget
from fad.diagram.ruled import Ruled, rule_names
from fad.evaluation.core import Core
from fad.evaluation.scope import Function, Scope, Thunk
from fad.syntax import nodes

#: What a function of the language is evaluated from.
Definition = nodes.Lambda | nodes.Case
#: Applies a function to arguments.
Apply = Callable[[Sequence[Box]], Box]


class CustomDerivatives:
    """Finds the rules of functions, and marks what is computed by functions that have some.

    Args:
        core: evaluates everything else.
        call: applies a value to arguments.
    """

    def __init__(self, core: Core, call: Callable[[Box, list[Box]], Box]) -> None:
        self._core = core
        self._call = call
        #: The rules from beside the program, and the layer of the definitions that they are for.
        self._given: tuple[Scope, Scope] | None = None
        self._names: dict[int, str] = {}
        self._rules: dict[tuple[int, Scope], _Rules | None] = {}
        self._functions: dict[tuple[object, ...], Ruled] = {}

    def give(self, rules: Scope, layer: Scope) -> None:
        """Rules for the functions of a layer, which go before those in the layer itself."""
        self._given = rules, layer

    def defined(self, function: Definition, name: str) -> None:
        """Notes what a function is called where it is defined."""
        self._names[id(function)] = name

    def applied(
        self, node: Definition, scope: Scope, arguments: Sequence[Box], apply: Apply, result: Box
    ) -> Box:
        """The result of an application, marked if the function has rules.

        Args:
            node, scope: the function.
            arguments: all its arguments.
            apply: gives what it computes for others, not marked.
            result: what it computes for these.
        """
        rules = self._rules_of(node, scope)
        if rules is None or isinstance(result, Function):
            return result
        diagram = self._core.symbolise(result)
        if not diagram.closed or diagram.arity is None or isinstance(diagram, Int | Real):
            return result
        literals: list[Box | None] = []
        signals: list[Box] = []
        for argument in arguments:
            number = self._core.number(argument)
            signal = self._core.symbolise(self._core.again(argument))
            is_signal = number is None and signal.closed and signal.arity == (0, 1)
            literals.append(None if is_signal else number or argument)
            if is_signal:
                signals.append(signal)
        if all(isinstance(literal, Int | Real) for literal in literals):
            return result  # there is nothing to differentiate by
        key = id(node), rules.layer, *literals
        if key not in self._functions:
            self._functions[key] = self._function(rules, literals, apply)
        function = self._functions[key]
        obstacle = function.rule.obstacle
        if obstacle is None and not _computes(function, signals, diagram):
            obstacle = rules.obstacle("it looks at how its arguments are written")
        marked: Box
        if obstacle is None:
            marked = Seq(parallel(signals), function)
        else:
            marked = Ruled(diagram, _Rule(self, rules, (), obstacle))
        self._core.steps.take(1 + len(marked.free))
        facts = self._core.records.facts
        if diagram in facts.names:
            facts.names.setdefault(marked, facts.names[diagram])
        return marked

    def _rules_of(self, node: Definition, scope: Scope) -> _Rules | None:
        name = self._names.get(id(node))
        layer = name and _layer(name, node, scope)
        if not name or not layer:
            return None
        key = id(node), layer
        if key not in self._rules:
            bound = layer.bindings[name]
            assert isinstance(bound, Thunk)
            rules = _Rules(name, _parameters(node), layer, bound.scope.span(node))
            self._rules[key] = self._found(rules)
        return self._rules[key]

    def _found(self, rules: _Rules) -> _Rules | None:
        named = [self._definition(rule, rules.layer) for rule in rules.names]
        partials = {position: found for position, found in enumerate(named) if found is not None}
        alone = self._definition(rule_names(rules.name, 1)[0], rules.layer)
        if not partials and alone is None:
            return None
        passing = self._definition(f"pass_{rules.name}", rules.layer)
        return replace(rules, partials=partials, alone=alone, passing=passing)

    def _definition(self, name: str, layer: Scope) -> _RuleDefinition | None:
        """A definition with parameters: whatever else has this name is no rule."""
        given = self._given[0] if self._given is not None and self._given[1] is layer else None
        for scope in (given, layer):
            bound = None if scope is None else scope.bindings.get(name)
            body = bound.body if isinstance(bound, Thunk) else None
            if scope and isinstance(bound, Thunk) and isinstance(body, Definition):
                span = bound.scope.span(body)
                return _RuleDefinition(name, scope, span, len(_parameters(body)))
        return None

    def _function(self, rules: _Rules, literals: Sequence[Box | None], apply: Apply) -> Ruled:
        """A function with its rules, for arguments of which some are no signals."""
        slots = self._slots(rules.parameters, literals)
        obstacle: FadError | None = None
        body: Box = parallel(slots)
        try:
            body = self._core.symbolise(apply(_filled(literals, slots)))
            obstacle = rules.doubt() or self._doubt(rules, body, slots)
        except FadError as error:
            obstacle = rules.obstacle(f"it takes something else than signals ({error.message})")
        for slot in reversed(slots):
            body = Lambda(slot, body)
        return Ruled(body, _Rule(self, rules, tuple(literals), obstacle))

    def _doubt(self, rules: _Rules, body: Box, slots: Sequence[Slot]) -> FadError | None:
        """Why a function of signals has no rules: it has other inputs, or variables."""
        inputs, outputs = self._core.arity(body)
        if inputs:
            return rules.obstacle(
                f"it has {counted(inputs, 'input')} beside its arguments",
                f"signals are arguments: write `_ : {rules.name}` and not `{rules.name}(_)`",
            )
        if outputs != 1:
            return rules.obstacle(
                f"it has {counted(outputs, 'output')}", "a function with a rule has one output"
            )
        if name := _outer(body, slots):
            return rules.obstacle(
                f"it depends on {name}, which is none of its arguments",
                "make it an argument, with a rule of its own",
            )
        return None

    @recursive
    def evaluated(
        self, rules: _Rules, rule: _RuleDefinition, literals: Sequence[Box | None], more: int = 0
    ) -> Box:
        """A rule as a function of the signals among the arguments.

        Args:
            rules: the function.
            rule: its rule.
            literals: the arguments that are no signals, and `None` for each that is one.
            more: how many signals the rule takes behind the arguments.
        """
        span, literals = rule.span, [*literals, *[None] * more]
        self._core.records.facts.rules[span] = rule.name
        if rule.count != len(literals):
            raise rules.misfit(rule, len(literals), str(rule.count))
        slots = self._slots([*rules.parameters, *["d"] * more], literals)
        try:
            value = self._core.lookup(rule.name, rule.scope, span)
            body = self._core.symbolise(self._call(value, _filled(literals, slots)))
            inputs, outputs = self._core.check(body, span)
        except FadError as error:
            error.calls = telling(error.calls, span.source)
            raise
        if inputs or outputs != 1:
            taken = rule.count + inputs
            raise rules.misfit(rule, len(literals), f"{taken} and gives {outputs}")
        if name := _outer(body, slots):
            raise DifferentiationError(
                f"the rule `{rule.name}` depends on {name}, which is none of its arguments",
                span,
                f"a rule is a function of the arguments alone: give `{rules.name}` and its rules "
                "one more",
            )
        for slot in reversed(slots):
            body = Lambda(slot, body)
        return body

    def _slots(self, names: Sequence[str], literals: Sequence[Box | None]) -> list[Slot]:
        """A slot for each argument that is a signal."""
        pairs = zip(names, literals, strict=True)
        return [self._core.new_slot(name) for name, literal in pairs if literal is None]

    def is_number_zero(self, box: Box) -> bool:
        """Whether a function is 0 for all arguments."""
        while isinstance(box, Lambda):
            box = box.body
        number = self._core.number(box)
        return number is not None and number.value == 0


@dataclass(frozen=True)
class _RuleDefinition:
    """A definition with the name of a rule, and with parameters.

    Attributes:
        name: the name.
        scope: where it can be looked up.
        span: where it is written.
        count: the number of its parameters.
    """

    name: str
    scope: Scope
    span: Span
    count: int


@dataclass(frozen=True)
class _Rules:
    """A function of the program with its rules.

    Attributes:
        name: what it is called.
        parameters: the names of its parameters.
        layer: where it is defined.
        span: where it is written.
        partials: argument -> the rule for its partial derivative.
        alone: what has the name of the rule for a function of one argument.
        passing: what passes of a tangent, if that is not all of it.
    """

    name: str
    parameters: Sequence[str]
    layer: Scope
    span: Span
    partials: Mapping[int, _RuleDefinition] = field(default_factory=dict)
    alone: _RuleDefinition | None = None
    passing: _RuleDefinition | None = None

    @property
    def names(self) -> list[str]:
        """What the rules for its arguments are called."""
        return rule_names(self.name, len(self.parameters))

    @property
    def first(self) -> _RuleDefinition:
        """A rule, for messages."""
        rules = (*self.partials.values(), self.alone)
        return next(rule for rule in rules if rule is not None)

    def doubt(self) -> FadError | None:
        """Why what has the name of a rule is none: it would be for a function of one argument."""
        if self.partials:
            return None
        heads = " and ".join(f"`{rule}({', '.join(self.parameters)})`" for rule in self.names)
        return DifferentiationError(
            f"`{self.first.name}` is no rule for `{self.name}`, which takes "
            f"{counted(len(self.parameters), 'argument')}",
            self.first.span,
            f"define {heads}, which give 1 signal each, or give `{self.first.name}` another name; "
            f"{self._whereabouts}",
        )

    def obstacle(self, why: str, remedy: str = "a rule is for a function of signals") -> FadError:
        """The rules cannot be used. The error has no place: it is where the function is applied."""
        return DifferentiationError(
            f"the rule `{self.first.name}` cannot be used for `{self.name}`: {why}",
            None,
            f"{remedy}; the rule is at {place(self.first.span)}",
        )

    def misfit(self, rule: _RuleDefinition, count: int, found: str) -> FadError:
        """A rule takes or gives something else than it should."""
        return DifferentiationError(
            f"the rule `{rule.name}` must take {counted(count, 'argument')} and give 1 signal: "
            f"it takes {found}",
            rule.span,
            f"a rule takes the arguments of its function; {self._whereabouts}",
        )

    def missing(self, position: int) -> FadError:
        """A tangent comes from an argument that there is no rule for."""
        head = f"{self.names[position]}({', '.join(self.parameters)}) = ...;"
        return DifferentiationError(
            f"`{self.name}` has no rule for its argument `{self.parameters[position]}`",
            self.span,
            f"define `{head}` beside `{self.first.name}`, which is at {place(self.first.span)}",
        )

    @property
    def _whereabouts(self) -> str:
        return f"`{self.name}` is at {place(self.span)}"


class _Rule:
    """The rules of a function, for arguments of which some are no signals; see `CustomRule`.

    They are evaluated when they are asked for.
    """

    def __init__(
        self,
        custom: CustomDerivatives,
        rules: _Rules,
        literals: Sequence[Box | None],
        obstacle: FadError | None,
    ) -> None:
        self.name = rules.name
        self.title = rules.first.name
        self.place = rules.first.span
        self.obstacle = obstacle
        self._custom = custom
        self._rules = rules
        self._literals = literals
        #: The arguments that are signals, by their numbers.
        self._signals = [index for index, each in enumerate(literals) if each is None]
        self._partials: dict[int, Box] = {}

    @cached_property
    def passing(self) -> Box | None:
        rule = self._rules.passing
        if rule is None:
            return None
        return self._custom.evaluated(self._rules, rule, self._literals, more=1)

    def partial(self, position: int) -> Box:
        if position not in self._partials:
            argument = self._signals[position]
            rule = self._rules.partials.get(argument)
            if rule is None:
                raise self._rules.missing(argument)
            self._partials[position] = self._custom.evaluated(self._rules, rule, self._literals)
        return self._partials[position]

    @cached_property
    def is_stop(self) -> bool:
        known = [p for p, index in enumerate(self._signals) if index in self._rules.partials]
        try:
            return self.passing is not None or all(map(self.is_zero, known))
        except FadError:  # in a rule that no tangent needs
            return False

    def is_zero(self, position: int) -> bool:
        return self._custom.is_number_zero(self.partial(position))


def _layer(name: str, node: Definition, scope: Scope) -> Scope | None:
    """The layer around a scope in which a function is defined."""
    layer: Scope | None = scope
    while layer is not None:
        bound = layer.bindings.get(name)
        if isinstance(bound, Thunk) and bound.body is node:
            return layer
        layer = layer.parent
    return None


def _parameters(node: Definition) -> Sequence[str]:
    """The names of the parameters of a function; made-up ones for patterns."""
    if isinstance(node, nodes.Lambda):
        return node.params
    count = len(node.rules[0].patterns)
    return ("x", "y", "z")[:count] if count <= 3 else [f"x{i + 1}" for i in range(count)]


def _filled(literals: Sequence[Box | None], signals: Sequence[Box]) -> list[Box]:
    """All arguments: the literals, and the signals in the places between them."""
    rest = iter(signals)
    return [next(rest) if literal is None else literal for literal in literals]


def _computes(function: Ruled, signals: Sequence[Box], diagram: Box) -> bool:
    """Whether a function of signals has a diagram as its result."""
    slots: dict[Slot, Box] = {}
    body = function.function
    for signal in signals:
        assert isinstance(body, Lambda)
        slots[body.slot] = signal
        body = body.body
    return is_alike(body, diagram, slots)


def _outer(body: Box, slots: Sequence[Slot]) -> str | None:
    """What a diagram depends on beside some slots: the name of another one, or of a widget."""
    for slot in body.free.difference(slots):
        return f"`{slot.name}`"
    for part in postorder(body):
        if isinstance(part, Widget):
            return f'"{plain_name(part.label)}"'
    return None
