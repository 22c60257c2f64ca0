"""From the program as written to a core diagram: closures, application, matching, iteration.

The language is a lambda calculus over diagrams, in normal order: a definition is evaluated when
it is used, once, in the environment it was written in. What is left over at the end and still
waits for arguments becomes a lambda box. Each answer here is the standard compiler's own, asked
with its expanded diagrams; surprising ones are explained where they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fad.base.deep_stack import recursive
from fad.base.errors import EvaluationError, FadError, located, telling
from fad.base.precision import Precision
from fad.base.prose import counted, either, nearest
from fad.base.source import Span
from fad.diagram import arity
from fad.diagram.box import (
    COMPOSITIONS,
    Arity,
    Box,
    Composition,
    Cut,
    EmptyEnvironment,
    Group,
    Int,
    Lambda,
    Par,
    Primitive,
    Real,
    Seq,
    Slot,
    Wire,
    factors,
    postorder,
)
from fad.diagram.primitives import PRIMITIVES
from fad.diagram.ruled import Ruled
from fad.evaluation.core import Evaluation, NoOperators, Operators
from fad.evaluation.doubts import doubts
from fad.evaluation.environments import Environments
from fad.evaluation.excerpts import excerpt
from fad.evaluation.folding import Folding, Number, to_int
from fad.evaluation.functions import Functions
from fad.evaluation.iterations import Iterations
from fad.evaluation.leaves import Leaves
from fad.evaluation.limits import MAX_DEPTH, MAX_PARTS, MAX_STEPS, MAX_WIRES, Steps
from fad.evaluation.recording import Records
from fad.evaluation.scope import (
    Closure,
    EnvironmentValue,
    Function,
    Matcher,
    Operator,
    PatternVariable,
    Scope,
    Thunk,
)
from fad.evaluation.suggestions import undefined
from fad.syntax import nodes
from fad.syntax.definitions import for_precision, merge
from fad.syntax.libraries import Libraries
from fad.syntax.module import Module


@recursive
def evaluate(
    module: Module,
    libraries: Libraries,
    precision: Precision = "double",
    main: str = "process",
    operators: Operators | None = None,
) -> Evaluation:
    """The diagram that a program denotes.

    Args:
        module: the parsed program.
        libraries: finds and parses the files that the program names.
        precision: which precision-prefixed definitions count.
        main: the definition to evaluate.
        operators: what the program may use beside the language; nothing by default.

    Raises:
        FadError: the program has no value; the error says where and why.
    """
    return Evaluator(libraries, precision, operators).run(module, main)


class Evaluator:
    """Evaluates programs, one after the other; see `evaluate` for the arguments.

    Args:
        rules: rules for functions of the programs, beside those in the programs themselves.
    """

    def __init__(
        self,
        libraries: Libraries,
        precision: Precision,
        operators: Operators | None = None,
        rules: Module | None = None,
    ) -> None:
        self.records = Records()
        self.warnings: list[str] = []
        self.steps = Steps()
        self.folding = Folding(self.steps)
        self.operators = operators or NoOperators()
        self._libraries = libraries
        self._precision = precision
        self._rules = rules
        self._symbolic: dict[Box, Box] = {}
        self._becoming_diagrams: set[Box] = set()
        self._used: dict[Box, Box] = {}
        self._slots = 0
        self._depth = 0
        functions = Functions(self)
        environments = Environments(self, libraries, precision)
        self._functions = functions
        self._environments = environments
        self.closure = functions.closure
        self.body = functions.body
        self.component_process = environments.component_process
        self._cases: dict[type, Callable[[Any, Scope], Box]] = {
            nodes.Integer: self._integer,
            nodes.Float: self._float,
            nodes.Name: self._name,
            nodes.Primitive: self._primitive,
            nodes.Compose: self._compose,
            nodes.Infix: self._infix,
            nodes.Delay1: self._delay1,
            **functions.cases(),
            **environments.cases(),
            **Iterations(self).cases(),
            **Leaves(self).cases(),
        }

    @recursive
    def run(
        self, module: Module, main: str = "process", given: Mapping[str, Box] | None = None
    ) -> Evaluation:
        """The diagram that a program denotes; see `evaluate`.

        Several programs may be run one after the other. What is known about their parts is
        collected, so that the diagram of one can be given to the next.

        Args:
            module, main: the program and the definition to evaluate.
            given: name -> closed diagram, of names that the program uses and does not define.
        """
        try:
            process = self._run(module, main, given or {})
        except FadError as error:
            error.calls = telling(error.calls, module.source)
            raise
        return Evaluation(process, self.records.facts, self.warnings)

    def _run(self, module: Module, main: str, given: Mapping[str, Box]) -> Box:
        self.records.main = module.source
        for name in module.names:
            # Nobody may use it, but two definitions of one name are a mistake all the same.
            if group := for_precision(module.definitions(name), self._precision):
                merge(group, module.source)
        scope = self._environments.file_scope(module)
        scope.bindings.update(given)
        if self._rules is not None:
            self._functions.custom.give(self._environments.file_scope(self._rules), scope)
        if main not in scope.bindings:
            similar = nearest(main, module.names)
            hint = f"add `{main} = ...;`"
            if similar:
                hint = f"it defines {either(similar)}: did you mean `{main}`?"
            message = f"{module.source.name} does not define `{main}`"
            raise EvaluationError(message, None, hint)
        thunk = scope.bindings[main]
        assert isinstance(thunk, Thunk)
        value = self.force(thunk)
        span = thunk.scope.span(thunk.body)
        with located(span):
            process = self.symbolise(value)
        self.check(process, span)
        if any(number >= MAX_PARTS for number, _ in enumerate(postorder(process))):
            raise EvaluationError(
                f"the program is too large: its diagram has more than {MAX_PARTS} parts",
                span,
                "iterations inside each other multiply, and so do calls",
            )
        found = dict.fromkeys(doubts(process, self.records.facts.origins))
        self.warnings.extend(text for text in found if text not in self.warnings)
        return process

    # -- The engine: expressions, names, definitions -------------------------------------------

    def eval(self, node: nodes.Expr, scope: Scope) -> Box:
        self.steps.taken += 1
        if self.steps.taken > MAX_STEPS:
            self.steps.take(0, scope.span(node))
        return self._cases[type(node)](node, scope)

    def _name(self, node: nodes.Name, scope: Scope) -> Box:
        return self.lookup(node.id, scope, scope.span(node))

    def lookup(self, name: str, scope: Scope, span: Span) -> Box:
        bound = scope.find(name)
        if type(bound) is Thunk:
            value = bound.value if bound.value is not None else self.force(bound, span)
            if bound.scope.source is not self.records.main:
                self.records.place(value, span)
            return value
        if bound is None and name in self.operators.usage:
            return Operator(name, span)
        if bound is None:
            raise undefined(name, scope, span, self._libraries)
        assert isinstance(bound, Box)
        with located(span):
            return self.again(bound)

    def binding(self, name: str, scope: Scope) -> Box:
        bound = scope.bindings[name]
        return self.force(bound) if isinstance(bound, Thunk) else bound

    def again(self, box: Box) -> Box:
        """An argument where it is used. The standard compiler evaluates it there a second time:
        what computes numbers, and was not computed when it was made (`sum(i, 3, i)`), is now."""
        if not isinstance(box, Composition | Group | Ruled):
            return box
        found = self._used.get(box)
        if found is None:
            children = tuple([self.again(child) for child in box.children])
            found = self._computed(*children) if isinstance(box, Seq) else None
            found = self._used[box] = found or box.rebuild(children)
            self.steps.take(1 + len(found.free))
            if found.children:
                self.records.inherit(box, found)
        return found

    def force(self, thunk: Thunk, span: Span | None = None) -> Box:
        """The value of a definition; it is evaluated the first time it is asked for."""
        if thunk.value is not None:
            return thunk.value
        if thunk.running:
            raise EvaluationError(
                f"endless evaluation: `{thunk.name}` is defined in terms of itself",
                span or thunk.scope.span(thunk.body),
                "a loop in a signal is written with `~` or `letrec`",
            )
        thunk.running = True
        self.enter(span)
        try:
            value = self.eval(thunk.body, thunk.scope)
        finally:
            self.leave()
            thunk.running = False
        thunk.value = value
        self.records.name(value, thunk.name, thunk.scope.span(thunk.body))
        if isinstance(value, Closure | Matcher) and value.node is thunk.body:
            self.records.function(value.node, thunk.scope.source.file, thunk.name)
            self._functions.custom.defined(value.node, thunk.name)
        return value

    def enter(self, span: Span | None) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise EvaluationError(
                f"endless evaluation: more than {MAX_DEPTH} calls inside each other",
                span,
                "a recursive definition needs a case that ends it, such as `f(0) = ...;`",
            )

    def leave(self) -> None:
        """Ends what `enter` began."""
        self._depth -= 1

    def made(self, box: Box, node: nodes.Node, scope: Scope) -> Box:
        """A composition, with the place where it was first made."""
        if box.arity is not None and max(box.arity) > MAX_WIRES:
            inputs, outputs = box.arity
            raise EvaluationError(
                f"this diagram is too large: it has {counted(inputs, 'input')} and "
                f"{counted(outputs, 'output')}; the limit is {MAX_WIRES}",
                scope.span(node),
            )
        if box.free:
            self.steps.take(len(box.free), scope.span(node))
        self.records.origin(box, node, scope)
        return box

    def symbolise(self, box: Box) -> Box:
        """A value as a closed diagram: functions that are left become lambda boxes."""
        if box.closed:
            return box
        found = self._symbolic.get(box)
        if found is None:
            found = self._symbolic[box] = self._symbolise_open(box)
            self.records.inherit(box, found)
        return found

    def _symbolise_open(self, box: Box) -> Box:
        if isinstance(box, Closure | Matcher):
            return self._function_diagram(box)
        if isinstance(box, EnvironmentValue):
            return (
                EmptyEnvironment()
                if box.main is None
                else self._environments.component_diagram(box)
            )
        if isinstance(box, PatternVariable):
            return box
        if isinstance(box, Operator):
            usage = self.operators.usage[box.name]
            raise EvaluationError(f"`{box.name}` without arguments", box.span, usage)
        diagram = box.rebuild(tuple(self.symbolise(child) for child in box.children))
        self.steps.take(1 + len(diagram.free))
        return diagram

    def _function_diagram(self, function: Closure | Matcher) -> Lambda:
        span = function.scope.span(function.node)
        if function in self._becoming_diagrams:
            # It would be the same all over again, with another slot.
            known = self.records.function_name(function.node)
            name = f"`{known}`" if known else "this function"
            raise EvaluationError(
                f"endless evaluation: {name} stands for a diagram that contains itself",
                span,
                "a function that does not get all its arguments stands for a diagram: "
                "write `f(x) + 1`, not `f + 1`",
            )
        name = "x"
        if isinstance(function, Closure):
            name = function.node.params[function.applied]
        slot = self.new_slot(name)
        self.enter(span)
        self._becoming_diagrams.add(function)
        body = self.symbolise(self._functions.call(function, [slot]))
        self._becoming_diagrams.remove(function)
        self.leave()
        diagram = Lambda(slot, body)
        self.records.diagram(function, diagram)
        if isinstance(function, Closure):
            given = function.node.params[: function.applied]
            bound = {name: function.scope.bindings.get(name) for name in given}
            self.records.arguments(
                diagram, {name: value for name, value in bound.items() if isinstance(value, Box)}
            )
        return diagram

    def new_slot(self, name: str) -> Slot:
        self._slots += 1
        return Slot(self._slots, name)

    def check(self, box: Box, span: Span) -> Arity:
        """The arity of a closed diagram, or the error that says which parts misfit."""
        if not box.closed:
            raise EvaluationError("a variable of a pattern is not a diagram yet", span)
        with located(span):
            return self.arity(box)

    def arity(self, box: Box) -> Arity:
        facts, records = self.records.facts, self.records
        return arity.check(
            box, excerpt, facts.origins, facts.names, records.calls_of, records.waiting
        )

    # -- Numbers -------------------------------------------------------------------------------

    def number(self, box: Box) -> Number | None:
        """The number that a value denotes, if it is a diagram that denotes one.

        Raises:
            ArityError: it is a diagram whose parts do not fit, whoever uses it.
        """
        if isinstance(box, Int | Real):
            return box
        if isinstance(box, Function):
            return None
        diagram = self.symbolise(box)
        if diagram.closed:
            self.arity(diagram)
        return self.folding.number(diagram)

    def constant(self, node: nodes.Expr, scope: Scope, what: str) -> Number:
        """An expression that must be a number."""
        value = self.eval(node, scope)
        if isinstance(value, Int | Real):
            return value
        if isinstance(value, EnvironmentValue) and value.main is None:
            raise EvaluationError(
                f"{what} must be a number: this is an environment", scope.span(node)
            )
        box = self.symbolise(value)
        inputs, outputs = self.check(box, scope.span(node))
        if (inputs, outputs) != (0, 1):
            raise EvaluationError(
                f"{what} must be a number: this has {counted(inputs, 'input')} and "
                f"{counted(outputs, 'output')}",
                scope.span(node),
            )
        with located(scope.span(node)):
            number = self.folding.number(box)
        if number is None:
            raise EvaluationError(
                f"{what} must be a number that is known at compile time",
                scope.span(node),
                f"it depends on {either(sorted(slot.name for slot in box.free))}, a parameter of "
                "a function that is not applied to arguments"
                if box.free
                else f"it is {excerpt(box)}",
            )
        return number

    def constant_int(self, node: nodes.Expr, scope: Scope, what: str) -> int:
        number = self.constant(node, scope, what)
        return number.value if isinstance(number, Int) else to_int(number.value)

    def constant_float(self, node: nodes.Expr, scope: Scope, what: str) -> float:
        return float(self.constant(node, scope, what).value)

    # -- Atoms and compositions ----------------------------------------------------------------

    def _integer(self, node: nodes.Integer, scope: Scope) -> Box:
        return Int(node.value)

    def _float(self, node: nodes.Float, scope: Scope) -> Box:
        return Real(node.value)

    def _primitive(self, node: nodes.Primitive, scope: Scope) -> Box:
        if node.name == "_":
            return Wire()
        return Cut() if node.name == "!" else Primitive(node.name)

    def _compose(self, node: nodes.Compose, scope: Scope) -> Box:
        left, right = self.eval(node.left, scope), self.eval(node.right, scope)
        if node.op == ":":
            return self._sequence(left, right, node, scope)
        return self.made(COMPOSITIONS[node.op](left, right), node, scope)

    def _infix(self, node: nodes.Infix, scope: Scope) -> Box:
        left, right = self.eval(node.left, scope), self.eval(node.right, scope)
        return self._sequence(Par(left, right), Primitive(node.op), node, scope)

    def _delay1(self, node: nodes.Delay1, scope: Scope) -> Box:
        return self._sequence(self.eval(node.body, scope), Primitive("mem"), node, scope)

    def _sequence(self, left: Box, right: Box, node: nodes.Node, scope: Scope) -> Box:
        """A sequential composition; numbers into a small primitive are computed."""
        with located(lambda: scope.span(node)):
            number = self._computed(left, right)
        if number is not None:
            return number
        return self.made(Seq(left, right), node, scope)

    def _computed(self, left: Box, right: Box) -> Number | None:
        """The number that `left : right` is, for numbers into a small primitive."""
        small = isinstance(right, Primitive) and PRIMITIVES[right.name] <= _MOST_OPERANDS
        if small or isinstance(right, Wire):
            numbers = _numeric_tuple(left)
            if numbers and right.arity and len(numbers) == right.arity[0]:
                (signal,) = self.folding.outputs(right, numbers)
                if isinstance(signal, Int | Real):
                    return signal
        return None


#: What is computed has at most so many operands.
_MOST_OPERANDS = 2


def _numeric_tuple(box: Box) -> tuple[Number, ...]:
    """The numbers of a parallel composition of one or two; empty for any other box."""
    if isinstance(box, Int | Real):
        return (box,)
    if not isinstance(box, Par):
        return ()
    numbers: list[Number] = []
    for part in factors(box):
        if not isinstance(part, Int | Real) or len(numbers) == _MOST_OPERANDS:
            return ()
        numbers.append(part)
    return tuple(numbers)
