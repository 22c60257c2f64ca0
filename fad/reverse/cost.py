"""What the derivatives of a program cost at run time, in either mode: an estimate.

A program costs what it computes at each sample, in additions. A mode is worth its cost in runs of
the original, and that is what decides between the modes; how fast a machine is does not matter.
Nothing is counted that rests while no slider moves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fad.base.deep_stack import recursive
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import Seeds
from fad.reverse.adjoint import Adjoint
from fad.reverse.marked_signals import Program, lane_of
from fad.reverse.tangents import Tangents
from fad.reverse.tape import can_repeat, cost
from fad.reverse.transpose import paths
from fad.signals.algebra import Algebra, is_number
from fad.signals.graph import Applied, Signal, operands_first, passes_on
from fad.signals.rates import Rate, Rates, running

#: What it takes to go around once for each sample, and to wait for what comes back in recursions.
PROGRAM = 20
#: To read or to write a channel: an input, an output, a lane of the tape.
CHANNEL = 4
#: To sum a channel that comes out.
SUM = 4
#: What has memory: a value that is kept for the next sample, a line of them, a table of them.
_MEMORY: Mapping[str, int] = MappingProxyType({"mem": 2, "prefix": 2, "@": 6, "rwtable": 8})


class DualWork(NamedTuple):
    """What forward mode computes at each sample, in additions.

    Attributes:
        original: the program itself.
        dual: the program with its tangents.
    """

    original: int
    dual: int


class ReverseWork(NamedTuple):
    """What reverse mode computes at each sample, in additions.

    Attributes:
        original: the program itself.
        forward: the program that records.
        adjoint: the program on reversed time.
    """

    original: int
    forward: int
    adjoint: int


def work(outputs: Iterable[Signal], given: Collection[Signal] = (), has_meters: bool = True) -> int:
    """What a program computes at each sample, in additions.

    Args:
        outputs: what it gives.
        given: what stands at its inputs, whatever that is computed from.
        has_meters: whether it computes what its meters show.
    """
    rates = Rates()

    def operands(signal: Signal) -> Sequence[Signal]:
        if signal in given:
            return ()
        values = running(signal)
        if passes_on(signal) and not has_meters:
            values = values[:1]
        return [each for each in values if rates[each] is Rate.AUDIO]

    channels = [each.plain for each in outputs]
    changing = [each for each in channels if rates[each] is Rate.AUDIO]
    return (
        PROGRAM
        + CHANNEL * len(channels)
        + sum(
            CHANNEL if signal in given else _weight(signal)
            for signal in operands_first(changing, operands)
        )
    )


def _weight(signal: Signal) -> int:
    """What a signal takes, from what it is computed from."""
    if passes_on(signal):
        return 0
    if can_repeat(signal):
        return cost(signal)
    name = getattr(signal.box, "name", "") if isinstance(signal, Applied) else ""
    return _MEMORY.get(name, CHANNEL)


@recursive
def work_of_dual(program: Program, operations: Operations, seeds: Seeds) -> DualWork:
    """What forward mode computes: each output, and its tangents that can be other than 0.

    Raises:
        DifferentiationError: something on the way from a variable to an output has no derivative.
    """
    found = paths(program, operations, lambda signal: lane_of(signal, seeds) is not None)
    one = Algebra(program.graph).number(1.0)
    begun: dict[int, dict[Signal, Signal]] = {}
    for signal in found.order:
        lane = lane_of(signal, seeds)
        if lane is not None:
            begun.setdefault(lane, {})[signal] = one
    tangents = Tangents(program, operations, found, seeds.names)
    lanes = [each for seed in begun.values() for each in tangents.outputs(seed)]
    own = [each for each in lanes if not is_number(each, 0)]
    return DualWork(work(program.outputs), work([*program.outputs, *own]))


def work_of_reverse(found: Adjoint) -> ReverseWork:
    """What reverse mode computes, but for what is done once for each block."""
    outputs = found.program.outputs
    given = {*found.tape, *found.cotangents}
    ended = [*found.terms, *found.inputs.values()]
    return ReverseWork(
        work(outputs),
        work([*outputs, *found.tape]),
        work(ended, given, has_meters=False) + SUM * len(found.terms),
    )
