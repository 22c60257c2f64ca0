"""`fad expand`: a program as its core diagram."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fad.base.deep_stack import recursive
from fad.base.precision import Precision
from fad.base.version import __version__
from fad.diagram.box import arity_of
from fad.diagram.order import OrderBy, widgets_of
from fad.diagram.parameters import default_variables
from fad.differentiation.channels import channels
from fad.evaluation.core import Evaluation
from fad.evaluation.folding import constants
from fad.pipeline.comments import Quoting, rule_comments
from fad.pipeline.front import Front, Request, read
from fad.pipeline.program import Program
from fad.syntax.libraries import ProgramLike
from fad.text.abstraction import abstracted
from fad.text.emitter import emit
from fad.text.lines import comment
from fad.text.templates import function_of

_NOTHING = Quoting()


@recursive
def expand(
    program: ProgramLike,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    order_by: OrderBy = "text",
    comments: bool = False,
    lines: bool = False,
) -> Program:
    """Evaluates a Faust program to its core diagram and writes that as Faust.

    Args:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        libraries: a folder of libraries to use instead of the standard ones.
        precision: which precision-prefixed definitions count.
        order_by: the order of the widgets: that of the program's `text`, or of its user
            interface (`ui`); see `widgets_of`.
        comments, lines: what comes along of the source above each definition; see `transform`.

    Returns:
        The program: the same outputs, the same user interface, no library needed.

    Raises:
        FadError: the program is missing, malformed or has no value.
    """
    front = read(Request(program, include, precision, libraries=libraries))
    return expanded(front, front.evaluated(), order_by, Quoting(comments, lines))


def expanded(
    front: Front, evaluation: Evaluation, order_by: OrderBy = "text", quoting: Quoting = _NOTHING
) -> Program:
    """The same, of a program that is evaluated already.

    Args:
        front: the program.
        evaluation: its diagram, or one that was made of it.
        order_by: see `expand`.
        quoting: what comes along of the source.
    """
    box, facts = evaluation.process, evaluation.facts
    header = [*comment(f"{front.name}, evaluated by fad {__version__}.")]
    header += [*rule_comments(facts), *front.declares]
    widgets = widgets_of(box, facts, front.title, order_by)
    process, names, became = abstracted(box, facts, constants())
    written = {**{old: function_of(new) for old, new in became.items()}, box: process}
    notes = quoting.notes(facts, written, names, {}, front.is_own)
    return Program(
        emit(process, names, header, notes),
        default_variables(widgets),
        channels(arity_of(box)[1], ()),
        tuple(evaluation.warnings),
        front.name,
        widgets,
        files=front.files(box),
        order_by=order_by,
    )
