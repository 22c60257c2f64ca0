"""Which mode is cheaper for a program: both are estimated on the graph of its signals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fad.base.deep_stack import recursive
from fad.base.errors import FadError
from fad.base.precision import Precision
from fad.diagram.order import OrderBy
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.pipeline.costs import Costs
from fad.pipeline.front import Front, Request, read
from fad.pipeline.reverse import Marked, adjoint_of, marked_program
from fad.reverse.adjoint import Adjoint
from fad.reverse.cost import work_of_dual, work_of_reverse
from fad.reverse.marked_signals import program_of
from fad.syntax.libraries import ProgramLike


class Choice(NamedTuple):
    """Both modes of a program, before one is taken.

    Attributes:
        costs: what they cost.
        marked: the program.
        adjoint: its adjoint, unless reverse mode refuses the program.
    """

    costs: Costs
    marked: Marked
    adjoint: Adjoint | None


def cheaper_mode(
    evaluation: Evaluation,
    front: Front,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    order_by: OrderBy = "text",
) -> Choice:
    """Estimates what the gradient of an evaluated program costs in either mode.

    Args:
        evaluation: the program.
        front: what it takes to differentiate it.
        wrt, surrogate, order_by: see `fad.transform`.

    Raises:
        FadError: a variable is not there, or both modes refuse the program; the error is that of
            reverse mode then.
    """
    marked = marked_program(evaluation, front, wrt, surrogate, order_by)
    forward = recording = adjoint = tape = found = refused = None
    try:
        program = program_of(marked.prepared, marked.facts)
        work = work_of_dual(program, marked.operations, marked.prepared.seeds)
        forward = work.dual / work.original
    except FadError as error:
        refused = error
    try:
        found = adjoint_of(marked)
    except FadError as error:
        if forward is None:
            raise
        refused = error
    else:
        back = work_of_reverse(found)
        recording, adjoint = back.forward / back.original, back.adjoint / back.original
        tape = len(found.tape)
    refusal = "" if refused is None else refused.message
    costs = Costs(len(marked.variables), forward, recording, adjoint, tape, refusal)
    return Choice(costs, marked, found)


@recursive
def costs(
    program: ProgramLike,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
) -> Costs:
    """Estimates what the gradient of a program costs at run time, in either mode.

    Args:
        program: a text, or the path of a file.
        include, libraries, precision, wrt, surrogate, rules: see `fad.transform`.

    Raises:
        FadError: see `fad.transform`; both modes refuse the program.
    """
    front = read(Request(program, include, precision, rules, libraries))
    return cheaper_mode(front.evaluated(), front, wrt, surrogate).costs
