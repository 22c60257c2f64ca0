"""Reverse mode of a whole program: its tape, its adjoint, and what is done once for each block."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fad.base.deep_stack import recursive
from fad.diagram.box import Box
from fad.diagram.facts import Facts
from fad.differentiation.dual import Dropped
from fad.differentiation.operations import Operations
from fad.differentiation.prepared import Prepared
from fad.reverse.marked_signals import Program, lane_of, program_of
from fad.reverse.tangents import with_tangents
from fad.reverse.tape import coefficients, needed, tape
from fad.reverse.transpose import Paths, Transposition, paths
from fad.signals.algebra import Algebra
from fad.signals.graph import Input, Signal
from fad.signals.rates import Rate, Rates


@dataclass(frozen=True)
class Adjoint:
    """A program and its adjoint, as signals of one graph.

    Attributes:
        program: the program.
        names: what signals are called.
        tape: the signals of the program that the adjoint uses.
        cotangents: the adjoint's own inputs: a cotangent for each output of the program.
        coefficients: the signals that rest while no slider moves, at which cotangents are left.
        terms: their cotangents at each sample.
        inputs: number of an audio input that is a variable -> its cotangent, on reversed time.
        sums: the inputs of the control program: the cotangents of the coefficients, summed.
        gradient: the cotangents of the parameters, computed from the sums; a lane each.
        sloped: the reads at whole positions whose slope stands for a derivative along a direction.
    """

    program: Program
    names: Mapping[Signal, str]
    tape: Sequence[Signal]
    cotangents: Sequence[Input]
    coefficients: Sequence[Signal]
    terms: Sequence[Signal]
    inputs: Mapping[int, Signal]
    sums: Sequence[Input]
    gradient: Sequence[Signal]
    sloped: Sequence[Dropped] = ()


@recursive
def adjoint(
    prepared: Prepared,
    operations: Operations,
    facts: Facts,
    direction: Mapping[int, float | Box] | None = None,
    asked: Collection[int] | None = None,
) -> Adjoint:
    """The adjoint of a prepared program.

    Args:
        prepared: the program.
        operations: what primitives and foreign functions do to tangents.
        facts: what is known about the program's parts.
        direction: number of a variable -> its component (see `with_tangents`): after each output of
            the program comes its derivative along this direction, another output.
        asked: the numbers of the variables whose cotangents are asked for; all, by default.

    Raises:
        DifferentiationError: something on the way from a variable to an output has no derivative,
            or that has no transpose.
    """
    program = program_of(prepared, facts)
    seeds, names = prepared.seeds, prepared.seeds.names
    sloped: Sequence[Dropped] = ()
    if direction is not None:
        program, sloped = with_tangents(program, operations, seeds, direction)
    graph, rates = program.graph, Rates()
    wanted = range(len(names)) if asked is None else asked

    def is_variable(signal: Signal) -> bool:
        return lane_of(signal, seeds) in wanted

    found = paths(program, operations, is_variable)
    transposition = Transposition(program, operations, rates, names)
    rests = {signal for signal in found.order if rates[signal.plain] <= Rate.CONTROL}
    arriving = {
        operand
        for signal in found.order
        if signal not in rests
        for _, operand in found.sources[signal]
        if operand in rests
    }
    arriving.update(rests.intersection(program.outputs))
    lanes = coefficients(arriving, found.sources, is_variable)

    count = len(program.inputs)
    cotangents = [graph.input(count + index) for index in range(len(program.outputs))]
    begun: dict[Signal, list[Signal]] = {}
    for output, cotangent in zip(program.outputs, cotangents, strict=True):
        begun.setdefault(output, []).append(cotangent)
    left = transposition.pull(found, begun, lambda each: each in lanes or isinstance(each, Input))
    inputs = {each.index: left.pop(each) for each in list(left) if isinstance(each, Input)}

    count += len(cotangents)
    sums = [graph.input(count + index) for index in range(len(left))]
    ended = transposition.pull(
        Paths([signal for signal in found.order if signal in rests], found.sources),
        {signal: [sum_] for signal, sum_ in zip(left, sums, strict=True)},
        is_variable,
    )
    by_lane: dict[int, list[Signal]] = {}
    for signal, result in ended.items():
        lane = lane_of(signal, seeds)
        assert lane is not None
        by_lane.setdefault(lane, []).append(result)
    algebra = Algebra(graph)
    own: list[Signal] = [*cotangents, *transposition.knots]
    roots = [*left.values(), *inputs.values()]
    return Adjoint(
        program,
        {**program.names, **transposition.names},
        tape(needed(roots, own, rates), rates),
        cotangents,
        list(left),
        list(left.values()),
        inputs,
        sums,
        [algebra.sum(by_lane.get(lane, ())) for lane in range(len(names))],
        sloped,
    )
