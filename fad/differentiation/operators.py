"""`fad(expr, seeds)`, `rad(expr, seeds)`, `forwardAD(expr)`: derivatives inside a program.

An operator is applied when the program is evaluated, so its result is a diagram like any other:
it can be differentiated again, and what is differentiated never meets another differentiation.

`rad` has its name from reverse mode, and the outputs that reverse mode has: one derivative for each
seed, however many outputs. A program that runs cannot go back in time, so it is forward mode here,
too: the outputs are differentiated together, once, and their tangents added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fad.base.errors import EvaluationError, located
from fad.base.prose import counted, either
from fad.base.source import Span
from fad.diagram.box import (
    EMPTY,
    Box,
    Cut,
    Group,
    Int,
    Lambda,
    Real,
    Seq,
    Slot,
    Wire,
    factors,
    parallel,
    postorder,
)
from fad.diagram.labels import plain_name
from fad.diagram.order import widgets_of
from fad.diagram.parameters import (
    GroupPath,
    Parameter,
    Widget,
    default_variables,
    find_parameters,
    parameter_at,
)
from fad.diagram.widgets import with_widgets
from fad.differentiation.active_sets import members
from fad.differentiation.bundles import VALUE
from fad.differentiation.dual import Dual, about, dense, gathered
from fad.differentiation.forward import differentiate
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import Seed, Seeds, by_parameters, tags
from fad.evaluation.core import Core
from fad.evaluation.excerpts import excerpt
from fad.evaluation.scope import Scope
from fad.syntax import nodes


class DerivativeOperators:
    """`fad`, `rad` and `forwardAD`, for the evaluator.

    Args:
        operations: what single functions do to tangents.
    """

    usage: Mapping[str, str] = MappingProxyType(
        {
            "fad": "`fad(expr, seeds)` takes a diagram and what to differentiate it by",
            "rad": "`rad(expr, seeds)` takes a diagram and what to differentiate the sum of its "
            "outputs by",
            "forwardAD": "`forwardAD(expr)` differentiates by the parameters of a diagram, "
            "`forwardAD(expr, values)` by values in their places",
        }
    )

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def apply(
        self, core: Core, name: str, arguments: Sequence[Box], node: nodes.Node, scope: Scope
    ) -> Box:
        """The diagram that an operator makes.

        Args:
            core: the evaluator that meets it.
            name: `fad`, `rad` or `forwardAD`.
            arguments: what it is applied to.
            node, scope: where.

        Returns:
            For each output of the first argument, the output and its tangents. For `rad`: the
            outputs, and then, for each seed, the sum of their tangents.

        Raises:
            EvaluationError: a wrong number of arguments, or a seed that is none.
            DifferentiationError: a construct without a derivative is on an active path.
        """
        if not (len(arguments) == 2 or (name == "forwardAD" and len(arguments) == 1)):
            hint = self.usage[name]
            if len(arguments) > 2:
                hint += "; a list is one argument when it is in parentheses"
            raise EvaluationError(
                f"`{name}` with {counted(len(arguments), 'argument')}", None, hint
            )
        operator = _Operator(core, self._operations, name, node, scope)
        expr = core.symbolise(arguments[0])
        core.check(expr, operator.span(0))
        if name == "forwardAD":
            return operator.forward(expr, arguments[1] if len(arguments) == 2 else None)
        dual, columns = operator.by_seeds(expr, arguments[1])
        return _columns(dual, columns) if name == "fad" else _sums(dual, columns)


class _Operator:
    """An operator at a place of a program."""

    def __init__(
        self, core: Core, operations: Operations, name: str, node: nodes.Node, scope: Scope
    ) -> None:
        self._core = core
        self._operations = operations
        self._operator = name
        self._node = node
        self._scope = scope

    def span(self, argument: int) -> Span:
        """The place of an argument."""
        node = self._node
        if isinstance(node, nodes.Apply) and argument < len(node.arguments):
            node = node.arguments[argument]
        return self._scope.span(node)

    def by_seeds(self, expr: Box, seeds: Box) -> tuple[Dual, list[int]]:
        """The dual of a diagram, and for each seed its lane there."""
        signals: dict[Box, int] = {}  # seed -> its lane
        inputs: dict[int, int] = {}
        columns: list[int] = []
        position = 0
        for seed in map(self._core.symbolise, factors(seeds)):
            lane = len(signals) + len(inputs)
            if isinstance(seed, Cut):
                position += 1
            elif isinstance(seed, Wire):
                columns.append(inputs.setdefault(position, lane))
                position += 1
            elif seed is not EMPTY:  # a list with nothing in it
                self._check_seed(seed)
                columns.append(signals.setdefault(seed, lane))
        arity = expr.arity
        assert arity is not None
        expr = parallel([expr, *[Cut()] * (position - arity[0])])
        return self._dual(expr, self._seeds(expr, signals, inputs)), columns

    def forward(self, expr: Box, values: Box | None) -> Box:
        """The dual of a diagram by its parameters, or by what stands in their places."""
        parameters = default_variables(widgets_of(expr, self._core.records.facts))
        if values is None:
            return dense(self._dual(expr, by_parameters(parameters)), len(parameters))
        given = self._core.symbolise(values)
        count = self._core.check(given, self.span(1))[1]
        if count not in (len(parameters), 2 * len(parameters)):
            names = ", ".join(parameter.path for parameter in parameters) or "none"
            raise EvaluationError(
                f"{counted(count, 'value')} for {counted(len(parameters), 'parameter')}",
                self.span(1),
                f"the parameters are, in this order: {names}; each takes a value, or a value and "
                "its own derivative",
            )
        short = tags(parameter.label for parameter in parameters)
        slots = {
            parameter.path: self._core.new_slot(tag)
            for parameter, tag in zip(parameters, short, strict=True)
        }
        lanes: dict[Box, Seed] = {}
        bound = []
        for lane, slot in enumerate(slots.values()):
            bound.append(slot)
            lanes[slot] = Seed(lane)
            if count > len(parameters):
                slope = self._core.new_slot(f"d_{slot.name}")
                bound.append(slope)
                lanes[slot] = Seed(lane, slope)

        def opened(widget: Widget, parameter: Parameter) -> Box:
            return slots.get(parameter.path, widget)

        seeds = Seeds(list(slots), short, short, signals=lanes)
        opened_expr, originals = with_widgets(expr, opened)
        for new, old in originals.items():
            self._core.records.inherit(old, new)
        dual = self._dual(opened_expr, seeds)
        reached = {*members(dual.reached), *dual.dropped}
        for lane, path in enumerate(slots):
            if lane not in reached:
                self._warn(f"`{path}` does not reach the outputs: its derivative is zero")
        body = dense(dual, len(parameters))
        for each in reversed(bound):
            body = Lambda(each, body)
        arity = expr.arity
        assert arity is not None
        return Seq(parallel([given, *[Wire()] * arity[0]]), body) if slots else body

    def _check_seed(self, seed: Box) -> None:
        span = self.span(1)
        inputs, outputs = self._core.check(seed, span)
        if isinstance(seed, Int | Real):
            message = f"a seed is a signal: this is the number {excerpt(seed)}"
            raise EvaluationError(message, span, "nothing depends on a number")
        if outputs != 1:
            raise EvaluationError(
                f"a seed is one signal: this has {counted(outputs, 'output')}: {excerpt(seed)}",
                span,
                f"write several seeds as a list: `{self._operator}(expr, (a, b))`",
            )
        if inputs:
            raise EvaluationError(
                f"a seed has no inputs: this has {counted(inputs, 'input')}: {excerpt(seed)}",
                span,
                "an audio input is written as `_`, and one that is skipped as `!`",
            )

    def _seeds(self, expr: Box, signals: dict[Box, int], inputs: dict[int, int]) -> Seeds:
        """The variables; a warning for those that do not occur."""
        named = {lane: self._name(seed) for seed, lane in signals.items()}
        named |= {lane: f"input:{position}" for position, lane in inputs.items()}
        names = [named[lane] for lane in range(len(named))]
        inside = set(postorder(expr))
        paths = {parameter.path: parameter for parameter in find_parameters(expr)}
        widgets: dict[str, Seed] = {}
        others: dict[Box, Seed] = {}
        for seed, lane in signals.items():
            name, elsewhere = names[lane], []
            parameter = _as_parameter(seed)
            if parameter is not None:
                widgets[parameter.path] = Seed(lane)
                elsewhere = [path for path, p in paths.items() if p.label == parameter.label]
                occurs = parameter.path in paths
                # Labels alone do not tell the two apart.
                name = parameter.path if elsewhere else name
            else:
                others[seed] = Seed(lane)
                occurs = seed in inside
            if not occurs:
                hint = f": it is there as {either(elsewhere)}, in other groups" if elsewhere else ""
                self._warn(f"`{name}` does not occur in what is differentiated by it{hint}")
        return Seeds(
            names,
            names,
            tags(names),
            widgets,
            {position: Seed(lane) for position, lane in inputs.items()},
            others,
        )

    def _name(self, seed: Box) -> str:
        parameter = _as_parameter(seed)
        if parameter is not None:
            return parameter.label
        if isinstance(seed, Slot):
            return seed.name
        return self._core.records.facts.names.get(seed) or excerpt(seed, 20)

    def _dual(self, expr: Box, seeds: Seeds) -> Dual:
        core = self._core
        with located(lambda: self._scope.span(self._node)):
            dual = differentiate(
                expr, seeds, self._operations, core.records.facts, new_slot=core.new_slot
            )
        for part, name in dual.names.items():
            core.records.facts.names.setdefault(part, name)
        for text in about(dual):
            self._warn(text)
        return dual

    def _warn(self, text: str) -> None:
        if text not in self._core.warnings:
            self._core.warnings.append(text)


def _as_parameter(box: Box) -> Parameter | None:
    """The parameter that a widget is, with the groups around it."""
    groups: GroupPath = ()
    while isinstance(box, Group):
        groups = (*groups, plain_name(box.label))
        box = box.body
    return parameter_at(box, groups) if isinstance(box, Widget) else None


def _columns(dual: Dual, columns: Sequence[int]) -> Box:
    """Each value of a dual, followed by its tangents of these lanes; one that is not there is 0."""
    if len(columns) == len(set(columns)):  # lanes are numbered as seeds appear
        return dense(dual, len(columns))
    rows = range(len(dual.outputs))
    return gathered(dual, [[(row, lane)] for row in rows for lane in (VALUE, *columns)])


def _sums(dual: Dual, columns: Sequence[int]) -> Box:
    """The values of a dual, and then for each of these lanes the sum of all its tangents."""
    rows = range(len(dual.outputs))
    if len(rows) == 1 or not columns:  # nothing adds up
        return _columns(dual, columns)
    values = [[(row, VALUE)] for row in rows]
    return gathered(dual, [*values, *([(row, lane) for row in rows] for lane in columns)])
