"""Constructs that count: iterations, numbers of inputs and outputs, routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fad.base.errors import EvaluationError, located
from fad.base.prose import counted
from fad.diagram.box import COMPOSITIONS, EMPTY, Box, Int, Par, Primitive, Real, Route, Seq, Wire
from fad.evaluation.core import Core
from fad.evaluation.folding import to_int
from fad.evaluation.limits import MAX_COPIES, MAX_WIRES
from fad.evaluation.scope import Scope
from fad.syntax import nodes


class Iterations:
    """Evaluates the constructs that count.

    Args:
        core: evaluates everything else.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def cases(self) -> dict[type, Callable[[Any, Scope], Box]]:
        """What evaluates each construct."""
        return {
            nodes.Iteration: self._iteration,
            nodes.Count: self._count,
            nodes.Route: self._route,
        }

    def _iteration(self, node: nodes.Iteration, scope: Scope) -> Box:
        count = self._core.constant_int(node.count, scope, f"the count of `{node.kind}`")
        if count > MAX_COPIES:
            raise EvaluationError(
                f"`{node.kind}` would make {count} copies; the limit is {MAX_COPIES}",
                scope.span(node.count),
            )
        if count == 0:
            return self._no_iteration(node, scope)
        if node.kind in ("par", "seq"):
            # From the last to the first, as the standard compiler does; for a negative count it
            # makes one copy, with the index count - 1.
            kind = COMPOSITIONS["," if node.kind == "par" else ":"]
            result = self._copy(node, scope, count - 1)
            for index in range(count - 2, -1, -1):
                result = self._core.made(kind(self._copy(node, scope, index), result), node, scope)
            return result
        operator = Primitive("+" if node.kind == "sum" else "*")
        result = self._copy(node, scope, 0)
        for index in range(1, count):
            pair = Par(result, self._copy(node, scope, index))
            result = self._core.made(Seq(pair, operator), node, scope)
        return result

    def _no_iteration(self, node: nodes.Iteration, scope: Scope) -> Box:
        if node.kind != "seq":
            return EMPTY
        body = self._core.symbolise(self._copy(node, scope, 0))
        inputs, outputs = self._core.check(body, scope.span(node.body))
        if inputs != outputs:
            raise EvaluationError(
                f"`seq` without copies needs a body with as many inputs as outputs: it has "
                f"{counted(inputs, 'input')} and {counted(outputs, 'output')}",
                scope.span(node.body),
            )
        self._core.steps.take(inputs, scope.span(node))
        wires: Box = Wire() if inputs else EMPTY
        for _ in range(1, inputs):
            wires = Par(wires, Wire())
        return wires

    def _copy(self, node: nodes.Iteration, scope: Scope, index: int) -> Box:
        inner = Scope(scope, scope.source)
        inner.bindings[node.index] = Int(index)
        return self._core.body(node.body, inner)

    def _count(self, node: nodes.Count, scope: Scope) -> Box:
        box = self._core.symbolise(self._core.eval(node.body, scope))
        inputs, outputs = self._core.check(box, scope.span(node.body))
        return Int(inputs if node.kind == "inputs" else outputs)

    def _route(self, node: nodes.Route, scope: Scope) -> Box:
        inputs = self._core.constant_int(node.inputs, scope, "the number of inputs of `route`")
        outputs = self._core.constant_int(node.outputs, scope, "the number of outputs of `route`")
        if max(inputs, outputs) > MAX_WIRES:
            raise EvaluationError(
                f"this `route` is too large: the limit is {MAX_WIRES} inputs and outputs",
                scope.span(node),
            )
        if node.pairs is None:
            return Route(inputs, outputs, ())
        box = self._core.symbolise(self._core.eval(node.pairs, scope))
        ins, outs = self._core.check(box, scope.span(node.pairs))
        if ins or outs == 0 or outs % 2:
            problem = f"this has {counted(ins, 'input')} and {counted(outs, 'output')}"
            if outs % 2 and not ins:
                problem = f"this is an odd count, {outs}"
            raise EvaluationError(
                f"the connections of `route` must be pairs of numbers: {problem}",
                scope.span(node.pairs),
            )
        ends = []
        with located(scope.span(node.pairs)):
            signals = self._core.folding.outputs(box, ())
        self._core.steps.take(len(signals), scope.span(node))
        for signal in signals:
            if not isinstance(signal, Int | Real):
                raise EvaluationError(
                    "the connections of `route` must be numbers that are known at compile time",
                    scope.span(node.pairs),
                )
            ends.append(to_int(signal.value))
        pairs = zip(ends[::2], ends[1::2], strict=True)
        # A connection from or to a wire that does not exist is no connection.
        valid = (p for p in pairs if 1 <= p[0] <= inputs and 1 <= p[1] <= outputs)
        return Route(inputs, outputs, tuple(valid))
