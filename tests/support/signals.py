"""Programs as graphs of signals, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fad.base.deep_stack import recursive
from fad.diagram.box import Slot, arity_of
from fad.pipeline.front import Request, read
from fad.signals.graph import Graph, Signal
from fad.signals.propagate import Propagation
from fad.signals.write import Writer, process_of
from fad.text.emitter import emit


@recursive
def outputs_of(program: str | Path) -> Sequence[Signal]:
    """The signals on the outputs of a program."""
    return propagated(program)[1]


@recursive
def written_again(program: str | Path) -> str:
    """The text of a program that went through the graph of its signals."""
    run, outputs, inputs = propagated(program)
    slots = [Slot(1 + index, f"x{index}") for index in range(len(inputs))]
    writer = Writer(outputs, dict(zip(inputs, slots, strict=True)), run.names, len(slots))
    boxes = [writer.box(output) for output in outputs]
    return emit(process_of(slots, boxes), writer.named)


def propagated(
    program: str | Path,
) -> tuple[Propagation, Sequence[Signal], Sequence[Signal]]:
    """A program that was run on signals: the run, its outputs and its inputs."""
    evaluation = read(Request(program)).evaluated()
    run = Propagation(evaluation.process, Graph(), evaluation.facts, {})
    inputs = tuple([run.graph.input(i) for i in range(arity_of(evaluation.process)[0])])
    return run, run.outputs(evaluation.process, inputs), inputs
