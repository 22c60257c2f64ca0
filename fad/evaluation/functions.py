"""Functions and their application: lambdas, rules that match patterns, diagrams as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fad.base.errors import EvaluationError, FadError, place
from fad.base.prose import counted
from fad.diagram.box import EMPTY, Box, Primitive, Seq, Wire, parallel
from fad.diagram.primitives import RIGHT_ARGUMENT
from fad.diagram.ruled import Ruled
from fad.evaluation import patterns
from fad.evaluation.core import Core
from fad.evaluation.custom import CustomDerivatives
from fad.evaluation.excerpts import excerpt
from fad.evaluation.limits import MAX_CALLS
from fad.evaluation.recording import call_at
from fad.evaluation.scope import (
    Closure,
    EnvironmentValue,
    Matcher,
    Operator,
    PatternVariable,
    Scope,
)
from fad.evaluation.sizes import (
    check_outputs,
    count_widgets,
    list_length,
    steps_to_differentiate,
)
from fad.syntax import nodes
from fad.syntax.definitions import with_variables


class Functions:
    """Evaluates functions and applies them.

    Args:
        core: evaluates everything else.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._closures: dict[tuple[int, int, Scope], Closure] = {}
        self._matchers: dict[tuple[int, Scope], Matcher] = {}
        self._results: dict[tuple[object, ...], Box] = {}
        self._calls = 0
        self.custom = CustomDerivatives(core, self.call)

    def cases(self) -> dict[type, Callable[[Any, Scope], Box]]:
        """What evaluates each construct."""
        return {
            nodes.Apply: self._apply_node,
            nodes.Lambda: self._lambda,
            nodes.Nothing: self._nothing,
            nodes.Case: self._case,
            nodes.Variable: self._variable,
        }

    def _lambda(self, node: nodes.Lambda, scope: Scope) -> Box:
        return self.closure(node, 0, scope)

    def _nothing(self, node: nodes.Nothing, scope: Scope) -> Box:
        return EMPTY

    def closure(self, node: nodes.Lambda, applied: int, scope: Scope) -> Closure:
        key = id(node), applied, scope
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = Closure(node, applied, scope)
        return found

    def _apply_node(self, node: nodes.Apply, scope: Scope) -> Box:
        function = self._core.eval(node.function, scope)
        if isinstance(node.arguments[-1], nodes.Nothing) and not isinstance(function, Operator):
            raise EvaluationError(
                "`()` is no diagram",
                scope.span(node.arguments[-1]),
                "only the operators take a list with nothing in it: `fad(expr, ())`",
            )
        arguments = [self._core.eval(argument, scope) for argument in node.arguments]
        try:
            result = self.call(function, arguments, node, scope)
        except FadError as error:
            if error.span is None:
                error.span = scope.span(node)
            else:
                error.calls.append(call_at(node, scope))
            raise
        self._core.records.call(result, node, scope)
        if not isinstance(function, Closure | Matcher) or function.scope.source is not scope.source:
            # What a function of this text makes has its places in it.
            self._core.records.place(result, scope.span(node))
        if not isinstance(function, Operator):
            called = node.function
            definition = self._core.records.facts.definitions.get(function)
            if isinstance(called, nodes.Name):
                self._core.records.name(result, called.id, definition)
            elif isinstance(called, nodes.Access):
                self._core.records.name(result, called.name, definition)
        return result

    def call(
        self,
        function: Box,
        arguments: list[Box],
        node: nodes.Node | None = None,
        scope: Scope | None = None,
    ) -> Box:
        """A value applied to arguments, which may be fewer or more than it takes."""
        called, given = function, len(arguments)
        while arguments:
            if isinstance(function, Closure):
                wanted = len(function.node.params) - function.applied
                taken, arguments = arguments[:wanted], arguments[wanted:]
                function = self._beta(function, taken)
            elif isinstance(function, Matcher):
                wanted = len(function.rules[0][0]) - len(function.arguments)
                taken, arguments = arguments[:wanted], arguments[wanted:]
                function = self._select(function, tuple(taken))
            elif isinstance(function, Operator) and node is not None and scope is not None:
                return self._operate(function.name, arguments, node, scope)
            elif isinstance(function, EnvironmentValue) and function.main is not None:
                function = self._core.component_process(function)
            elif isinstance(function, EnvironmentValue):
                raise EvaluationError("an environment cannot be applied to arguments")
            else:
                return self._connect(function, arguments, called, given - len(arguments))
        return function

    def _operate(self, name: str, arguments: list[Box], node: nodes.Node, scope: Scope) -> Box:
        """An operator applied to arguments, if that does not take too much."""
        expr = self._core.symbolise(arguments[0])
        span = scope.span(node)
        if expr.arity is not None:
            given = arguments[1:] or [expr]
            seeds = sum(max(list_length(each), count_widgets(each)) for each in given)
            self._core.steps.take(steps_to_differentiate(expr, seeds), span)
            check_outputs(expr, seeds)
        result = self._core.operators.apply(self._core, name, arguments, node, scope)
        return self._core.made(result, node, scope)

    def _beta(self, closure: Closure, arguments: list[Box]) -> Box:
        """A closure applied to at most as many arguments as it waits for.

        An argument that denotes a number is that number inside the function.
        """
        values = tuple(self._core.number(argument) or argument for argument in arguments)
        key = (closure, *values)
        found = self._results.get(key)
        if found is not None:
            return found
        node, applied = closure.node, closure.applied + len(values)
        inner = Scope(closure.scope, closure.scope.source)
        given = dict(zip(node.params[closure.applied : applied], values, strict=True))
        inner.bindings.update(given)
        if applied < len(node.params):
            result: Box = self.closure(node, applied, inner)
        else:
            result = self.body(node.body, inner)
            self._core.records.maker(result, node, given)

            def apply(others: Sequence[Box]) -> Box:
                outer = Scope(closure.scope, closure.scope.source)
                outer.bindings.update(zip(node.params, others, strict=True))
                return self.body(node.body, outer)

            bound = [inner.find(name) for name in node.params]
            whole = [value for value in bound if isinstance(value, Box)]
            result = self.custom.applied(node, closure.scope, whole, apply, result)
        self._results[key] = result
        return result

    def body(self, body: nodes.Expr, scope: Scope) -> Box:
        self._core.enter(scope.span(body))
        self._calls += 1
        if self._calls > MAX_CALLS:
            raise EvaluationError(
                f"the program is too large: more than {MAX_CALLS} calls and copies",
                scope.span(body),
                "iterations inside each other multiply, and so do calls",
            )
        try:
            return self._core.eval(body, scope)
        finally:
            self._core.leave()

    def _connect(self, function: Box, arguments: list[Box], called: Box, taken: int) -> Box:
        """A diagram applied to arguments: they feed its first inputs, wires feed the others.

        `taken` arguments before them went to the function `called`, whose result the diagram is.
        """
        ins = self._call_arity(function)
        if ins is None:
            return Seq(parallel(arguments), function)
        outs = sum(self._argument_outputs(argument) for argument in arguments)
        if outs > ins:
            diagram = excerpt(self._core.symbolise(function))
            hint = f"the diagram is {diagram}"
            if taken:
                known = isinstance(called, Closure | Matcher) and (
                    self._core.records.function_name(called.node)
                )
                name = f"`{known}`" if known else "the function"
                hint = (
                    f"{name} takes {counted(taken, 'argument')}; the rest goes to its result, "
                    f"which is {diagram}"
                )
            raise EvaluationError(
                f"too many arguments: {counted(outs, 'signal')} for a diagram with "
                f"{counted(ins, 'input')}",
                None,
                hint,
            )
        wires: list[Box] = [Wire()] * (ins - outs)
        self._core.steps.take(ins - outs)
        plain = function.function if isinstance(function, Ruled) else function
        on_the_right = outs == 1 and isinstance(plain, Primitive) and plain.name in RIGHT_ARGUMENT
        return Seq(parallel(wires + arguments if on_the_right else arguments + wires), function)

    def _call_arity(self, function: Box) -> int | None:
        box = self._core.symbolise(function)
        if not box.closed:
            return None  # a pattern such as `f(x)`: its variables are not diagrams yet
        return self._core.arity(box)[0]

    def _argument_outputs(self, argument: Box) -> int:
        box = self._core.symbolise(argument)
        if not box.closed:
            return 1
        return self._core.arity(box)[1]

    def _case(self, node: nodes.Case, scope: Scope) -> Box:
        key = id(node), scope
        found = self._matchers.get(key)
        if found is None:
            rules = tuple(
                (tuple(self._pattern(pattern, scope) for pattern in rule.patterns), rule.body)
                for rule in node.rules
            )
            found = self._matchers[key] = Matcher(node, rules, (), scope)
        return found

    def _pattern(self, pattern: nodes.Expr, scope: Scope) -> Box:
        """A pattern evaluated as a diagram in which its names are variables."""
        return patterns.computed(self._core.eval(with_variables(pattern), scope), self._core.number)

    def _variable(self, node: nodes.Variable, scope: Scope) -> Box:
        return PatternVariable(node.id)

    def _select(self, matcher: Matcher, arguments: tuple[Box, ...]) -> Box:
        """A matcher applied to at most as many arguments as it waits for."""
        arguments = matcher.arguments + arguments
        key = (id(matcher.node), matcher.scope, *arguments)
        found = self._results.get(key)
        if found is not None:
            return found
        if len(arguments) < len(matcher.rules[0][0]):
            result: Box = Matcher(matcher.node, matcher.rules, arguments, matcher.scope)
        else:
            result = self._match(matcher, arguments)

            def apply(others: Sequence[Box]) -> Box:
                return self._match(matcher, tuple(others))

            result = self.custom.applied(matcher.node, matcher.scope, arguments, apply, result)
        self._results[key] = result
        return result

    def _match(self, matcher: Matcher, arguments: tuple[Box, ...]) -> Box:
        for shapes, body in matcher.rules:
            bound: dict[str, Box] = {}
            if all(
                patterns.match(shape, argument, bound, self._core.number, self._core.steps)
                for shape, argument in zip(shapes, arguments, strict=True)
            ):
                inner = Scope(matcher.scope, matcher.scope.source)
                inner.bindings.update(bound)
                return self.body(body, inner)
        shown = ", ".join(excerpt(argument) for argument in arguments)
        where = place(matcher.scope.span(matcher.node))
        count = len(matcher.rules)
        raise EvaluationError(
            f"no rule matches the arguments ({shown})",
            None,
            f"the only rule is at {where}" if count == 1 else f"the {count} rules start at {where}",
        )
