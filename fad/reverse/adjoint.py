"""Reverse mode of a whole program: its tape, its adjoint, and what is done once for each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fad.base.deep_stack import recursive
from fad.diagram.facts import Facts
from fad.differentiation.operations import Operations
from fad.differentiation.prepared import Prepared
from fad.reverse.marked_signals import Program, program_of, variable_of
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


@recursive
def adjoint(prepared: Prepared, operations: Operations, facts: Facts) -> Adjoint:
    """The adjoint of a prepared program.

    Args:
        prepared: the program.
        operations: what primitives and foreign functions do to tangents.
        facts: what is known about the program's parts.

    Raises:
        DifferentiationError: something on the way from a variable to an output has no derivative,
            or that has no transpose.
    """
    program = program_of(prepared, facts)
    graph, rates = program.graph, Rates()
    names = prepared.seeds.names
    found = paths(program, operations, prepared.seeds.inputs.keys())
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
    lanes = coefficients(arriving, found.sources, lambda each: variable_of(each) is not None)

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
        lambda each: variable_of(each) is not None,
    )
    by_lane: dict[int, list[Signal]] = {}
    for signal, result in ended.items():
        variable = variable_of(signal)
        assert variable is not None
        by_lane.setdefault(variable.lane, []).append(result)
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
    )
