"""Reverse mode: the transpose of a program's derivative, as signals on reversed time.

Each signal that lies between a variable and an output gets a cotangent: how much what comes out
changes with it. A signal that is used several times gets the sum of what comes back from its uses.
What comes back from a use is the cotangent of the result times a partial derivative, by the same
rules as in forward mode. On reversed time, a delay is the same delay, and a recursion is the
recursion of the cotangents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fad.diagram.box import Box, Primitive
from fad.differentiation.operations import Operation, Operations
from fad.differentiation.rules import Custom, Linear, Unsupported
from fad.reverse.marked_signals import (
    Program,
    is_choice,
    operands_of,
    sources,
)
from fad.reverse.obstacles import Obstacles
from fad.reverse.rule_signals import RuleSignals
from fad.reverse.scatter import Scatter
from fad.signals.algebra import Algebra, is_number
from fad.signals.graph import (
    Applied,
    Knot,
    Signal,
    is_past,
    operands_first,
)
from fad.signals.least import Leasts
from fad.signals.ranges import Ranges
from fad.signals.rates import Rate, Rates

#: Longer delays are no delays of audio programs.
_LONGEST = 1 << 24


@dataclass(frozen=True)
class Paths:
    """The signals between variables and outputs.

    Attributes:
        order: them, operands first; what a recursion was a sample before does not count.
        sources: for each, the signals among them that its tangent comes from, and their numbers.
    """

    order: Sequence[Signal]
    sources: Mapping[Signal, Sequence[tuple[int, Signal]]]


def paths(program: Program, operations: Operations, is_variable: Callable[[Signal], bool]) -> Paths:
    """Finds the signals that depend on a variable, and that an output depends on.

    Args:
        program: the program.
        operations: the rules.
        is_variable: whether a signal is a variable.
    """
    from_: dict[Signal, Sequence[tuple[int, Signal]]] = {}
    users: dict[Signal, list[Signal]] = {}

    def operands(signal: Signal) -> list[Signal]:
        from_[signal] = list(sources(signal, operations))
        return [operand for _, operand in from_[signal]]

    active: set[Signal] = set()
    waiting: list[Signal] = []
    for signal in operands_first(program.outputs, operands):
        if is_variable(signal):
            waiting.append(signal)
        for _, operand in from_[signal]:
            users.setdefault(operand, []).append(signal)
    while waiting:
        signal = waiting.pop()
        if signal not in active:
            active.add(signal)
            waiting += users.get(signal, ())
    kept = {
        signal: [(position, operand) for position, operand in from_[signal] if operand in active]
        for signal in active
    }
    live = [output for output in program.outputs if output in active]
    return Paths(list(_ordered(live, kept)), kept)


def _ordered(
    roots: Sequence[Signal], from_: Mapping[Signal, Sequence[tuple[int, Signal]]]
) -> Iterable[Signal]:
    """Signals, operands first; what a knot was before is no operand, but comes along."""
    later: list[Signal] = list(roots)

    def operands(signal: Signal) -> list[Signal]:
        if is_past(signal):
            later.append(signal.arguments[0])
            return []
        return [operand for _, operand in from_[signal]]

    seen: set[Signal] = set()
    while later:
        root = later.pop(0)
        if root not in seen:
            for signal in operands_first(
                [root], lambda s: [o for o in operands(s) if o not in seen]
            ):
                seen.add(signal)
                yield signal


class Transposition:
    """Makes the cotangents of signals.

    Args:
        program: the program.
        operations: the rules.
        rates: of its signals.
        variables: what the parameters are called, in messages.

    Attributes:
        knots: those of the signals that are made here: they live on reversed time.
        names: what the cotangents are called.
    """

    def __init__(
        self, program: Program, operations: Operations, rates: Rates, variables: Sequence[str]
    ) -> None:
        self.knots: list[Knot] = []
        self.names: dict[Signal, str] = {}
        self._program = program
        self._graph = program.graph
        self._operations = operations
        self._rates = rates
        self._obstacles = Obstacles(program, operations, variables)
        self._algebra = Algebra(program.graph)
        self._rule = RuleSignals(self._graph, self._algebra)
        self._ranges = Ranges()
        self._leasts = Leasts(self._graph, self._ranges, rates)
        self._scatter = Scatter(self._graph)
        #: The last signal of the program itself.
        self._last = self._graph.knot().number
        self._varying: dict[tuple[Signal, Signal], Signal] = {}

    def pull(
        self,
        found: Paths,
        cotangents: Mapping[Signal, Sequence[Signal]],
        ends: Callable[[Signal], bool],
    ) -> dict[Signal, Signal]:
        """Brings cotangents back to where they end.

        Args:
            found: the signals between variables and outputs.
            cotangents: what begins at signals.
            ends: where what comes back is left.

        Returns:
            Signals where something is left -> their cotangents.
        """
        arrived = {signal: list(terms) for signal, terms in cotangents.items()}
        left: dict[Signal, Signal] = {}
        chosen: dict[Signal, bool] = {}
        pasts: dict[Signal, Knot] = {}
        users: dict[Signal, list[Signal]] = {}
        for signal in found.order:
            if is_past(signal) and not ends(signal):
                pasts[signal] = self._knot()
                users.setdefault(signal.arguments[0], []).append(signal)
        for signal in reversed(found.order):
            terms = arrived.pop(signal, [])
            for user in users.get(signal, ()):
                terms.append(self._graph.previous(pasts[user]))
                chosen[signal] = False
            cotangent = self._algebra.sum(terms)
            if signal in self._program.names and cotangent.number > self._last:
                self.names[cotangent] = name_of_cotangent(self._program.names[signal])
            if signal in pasts:
                self._graph.tie(pasts[signal], cotangent)
                continue
            if not terms:
                continue
            if ends(signal):
                left[signal] = cotangent
                continue
            for position, operand in found.sources[signal]:
                is_chosen = chosen.get(signal, False)
                term = self._sent(signal, position, cotangent, is_chosen)
                if not is_number(term, 0):
                    arrived.setdefault(operand, []).append(term)
                    is_chosen = is_chosen or is_choice(signal, self._operations)
                    chosen[operand] = is_chosen and chosen.get(operand, True)
        self.knots += self._scatter.knots
        self._scatter.knots.clear()
        return left

    def _knot(self) -> Knot:
        knot = self._graph.knot()
        self.knots.append(knot)
        return knot

    def _product(self, cotangent: Signal, factor: Signal, is_chosen: bool) -> Signal:
        """What comes back of a cotangent.

        Where a choice is between the signal and the output, the cotangent is 0 while something else
        is chosen. The signal may have no value then, and its partial derivatives neither.
        """
        product = self._algebra.product(cotangent, factor)
        if not is_chosen or self._is_finite(factor) or is_number(product, 0):
            return product
        is_zero = self._algebra.apply("==", (cotangent, self._algebra.zero))
        return self._algebra.apply("select2", (is_zero, product, self._algebra.zero))

    def _is_finite(self, factor: Signal) -> bool:
        low, high = self._ranges[factor]
        return math.isfinite(low) and math.isfinite(high)

    def _sent(self, signal: Signal, position: int, cotangent: Signal, is_chosen: bool) -> Signal:
        """What the cotangent of an operand gets from a signal that is computed from it."""
        operation = self._obstacles.operation(signal)
        if operation is None:
            return cotangent
        rule = operation.rule
        if isinstance(rule, Custom) and rule.ruled.passing is not None:
            raise self._obstacles.in_reverse(
                f"what passes of a tangent in `{operation.name}` is no multiple of it", signal
            )
        transposed = self._operations.transposed(operation, position)
        if isinstance(transposed, Unsupported):
            raise self._obstacles.in_reverse(f"`{operation.name}` {transposed.reason}", signal)
        values = [each.plain for each in operands_of(signal)]
        result = signal.plain
        total: Signal = self._algebra.zero
        if transposed is not None:
            total = self._through_memory(signal, transposed, cotangent, values)
        factor = self._factor(operation, position, values, result, transposed is not None)
        return self._algebra.sum([total, self._product(cotangent, factor, is_chosen)])

    def _factor(
        self,
        operation: Operation,
        position: int,
        values: Sequence[Signal],
        result: Signal,
        has_memory: bool,
    ) -> Signal:
        """The partial derivative of an operation by one of its arguments."""
        rule = operation.rule
        if isinstance(rule, Linear):
            if has_memory:
                return self._algebra.zero
            tangents = [self._algebra.zero] * len(values)
            tangents[position] = self._algebra.one
            terms = self._operations.terms(operation, position)
            return self._algebra.sum(
                [self._rule(term, [*values, *tangents, result]) for term in terms]
            )
        return self._rule(self._operations.partial(operation, position), [*values, result])

    def _through_memory(
        self, signal: Signal, transposed: Box, cotangent: Signal, values: Sequence[Signal]
    ) -> Signal:
        sent = self._rule(transposed, [cotangent, *values])
        if isinstance(sent, Applied) and sent.box is Primitive("@"):
            _, delay = sent.arguments
            if self._rates[delay] is not Rate.CONSTANT:
                return self._scattered(signal, cotangent, delay)
        return sent

    def _scattered(self, signal: Signal, cotangent: Signal, delay: Signal) -> Signal:
        key = cotangent, delay
        if key not in self._varying:
            _, longest = self._ranges[delay]
            if not math.isfinite(longest) or longest > _LONGEST:
                raise self._obstacles.in_reverse(
                    "the delay of `@` has no bound that can be told from the program",
                    signal,
                    "give it one, as in `x @ min(48000, d)`; ",
                )
            self._varying[key] = self._put(cotangent, delay, longest)
        return self._varying[key]

    def _put(self, cotangent: Signal, delay: Signal, longest: float) -> Signal:
        """A cotangent that comes later by a delay that varies, and is not above a number."""
        apply = self._algebra.apply
        later = apply("int", (delay,))
        least = self._leasts[later]
        if least is None or self._ranges[least.signal][0] < 0:
            return self._scatter.delayed(cotangent, later, -1, max(1, int(longest)))
        # What never changes of the delay is a delay line, and the ring has the length of the rest.
        span = max(1, math.ceil(least.span))
        return apply("@", (self._scatter.delayed(cotangent, least.rest, 0, span), least.signal))


def name_of_cotangent(name: str) -> str:
    """What the cotangent of a signal is called: `ybar`, `cutoff_bar`."""
    return f"{name}bar" if len(name) == 1 else f"{name}_bar"
