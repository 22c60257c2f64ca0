"""`fad transform`: a program becomes one that also computes derivatives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, overload

from fad.base.deep_stack import recursive
from fad.base.errors import FadError
from fad.base.precision import Precision
from fad.base.prose import either
from fad.base.source import Span
from fad.base.version import __version__
from fad.diagram.box import Box, arity_of
from fad.diagram.facts import Facts, renamed
from fad.diagram.order import OrderBy, widgets_of
from fad.diagram.parameters import Parameter, select
from fad.differentiation.active_sets import Bundles
from fad.differentiation.channels import Output, along_direction, channels
from fad.differentiation.dual import (
    Dual,
    about,
    about_second,
    dense,
    second_derivatives,
    used_of_second,
)
from fad.differentiation.forward import differentiate
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import Seeds, along, by_parameters
from fad.differentiation.surrogates import Kind
from fad.evaluation.core import Evaluation
from fad.evaluation.folding import constants
from fad.evaluation.sizes import check_size
from fad.pipeline.comments import Quoting, parameter_comments, part_notes, rule_comments
from fad.pipeline.front import Front, Request, read
from fad.pipeline.header import outputs_comment
from fad.pipeline.program import Program
from fad.syntax.libraries import ProgramLike
from fad.text.abstraction import abstracted
from fad.text.emitter import written
from fad.text.lines import comment
from fad.text.plan import Note
from fad.text.simplify import simplify
from fad.text.templates import function_of

if TYPE_CHECKING:
    from fad.pipeline.reverse import ReverseProgram

#: Which output channels to keep.
Lanes = Literal["all", "tangents", "primal"]
#: First derivatives, or first and second ones.
Order = Literal[1, 2]
#: From the variables to the outputs, or back, or what is cheaper.
Mode = Literal["forward", "reverse", "auto"]

_COMMENTS = Quoting(comments=True)


@overload
def transform(
    program: ProgramLike,
    *,
    mode: Literal["forward"] = "forward",
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    only: Lanes = "all",
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    order: Order = 1,
    direction: Mapping[str, float] | None = None,
    order_by: OrderBy = "text",
    comments: bool = True,
    lines: bool = False,
) -> Program: ...


@overload
def transform(
    program: ProgramLike,
    *,
    mode: Literal["reverse"],
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    direction: Mapping[str, float] | None = None,
    order_by: OrderBy = "text",
) -> ReverseProgram: ...


@overload
def transform(
    program: ProgramLike,
    *,
    mode: Literal["auto"],
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    order_by: OrderBy = "text",
    comments: bool = True,
) -> Program | ReverseProgram: ...


@recursive
def transform(
    program: ProgramLike,
    *,
    mode: Mode = "forward",
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    only: Lanes = "all",
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    order: Order = 1,
    direction: Mapping[str, float] | None = None,
    order_by: OrderBy = "text",
    comments: bool = True,
    lines: bool = False,
) -> Program | ReverseProgram:
    """Writes the Faust program that also computes the derivatives of a program's outputs.

    Args:
        program: a text, or the path of a file.
        mode: `forward`, or `reverse` for three programs that compute the gradient of a sum of the
            outputs over time, at about the same cost for any number of variables. Reverse mode
            knows neither `only` nor `order`, `comments` and `lines`. `auto` takes the mode that
            costs less at run time (see `fad.costs`), and what is written says so; it knows neither
            `only` nor `order`, `direction` and `lines`.
        include: folders to search for imported files, before the standard ones.
        libraries: a folder of libraries to use instead of the standard ones.
        precision: which precision-prefixed definitions count.
        wrt: the variables, by label or path, with the wildcards of the shell, or `input:0` for an
            audio input. Without any: the widgets marked `[diff:on]`, or else every slider and
            number entry that is not marked `[diff:off]`.
        only: `tangents` leaves out the outputs themselves, `primal` the derivatives.
        surrogate: which reads at whole positions are given the slope of what they read, wherever
            they are: `tables`, `delays`. Those inside the standard table oscillators always are.
        rules: a Faust text or file with the derivatives of foreign functions, and of functions that
            the program defines at its top level: definitions such as `d_foo(x) = ...;`, or
            `d_foo_1(x, y)` and `d_foo_2(x, y)` for two arguments.
        order: 2 for the second derivatives too, after the first ones, each pair of variables once.
        direction: label or path of a variable -> component: one derivative instead of one for each
            variable, along the direction: the sum of the derivatives times the components. In
            reverse mode that is one more output after each of the original, and the gradient is
            that of all these outputs, by the variables of `wrt`.
        order_by: the order of the variables: that of the program's `text`, or of its user interface
            (`ui`); see `widgets_of`. That of `wrt` does not matter.
        comments: whether the comments directly above a definition of the program, or of a file in
            its folder that it imports, come along; those of other libraries never do.
        lines: whether a comment above each definition tells the file and line that it is from.

    Returns:
        The program: for each output, the output itself and its derivative by each variable, in
        their order. The user interface is the original's. In reverse mode, the three programs.

    Raises:
        FadError: the program is missing or malformed, `wrt` names nothing, or a construct without
            a derivative is on the way from a variable to an output.
    """
    options = options_of(
        mode,
        wrt=wrt,
        only=only,
        surrogate=surrogate,
        order=order,
        direction=direction,
        order_by=order_by,
        quoting=Quoting(comments, lines),
    )
    front = read(Request(program, include, precision, rules, libraries))
    evaluation = front.evaluated()
    if mode == "reverse":
        from fad.pipeline.reverse import reversed_program  # forward mode does not need it

        components = options.direction
        return reversed_program(evaluation, front, wrt, surrogate, order_by, components)
    if mode == "auto":
        return _cheaper(evaluation, front, options)
    return transformed(evaluation, front, options).program


@dataclass(frozen=True)
class Options:
    """What is asked of a derivative; see `transform`."""

    wrt: tuple[str, ...] = ()
    only: Lanes = "all"
    surrogate: tuple[Kind, ...] = ()
    order: Order = 1
    direction: tuple[tuple[str, float], ...] = ()
    order_by: OrderBy = "text"
    quoting: Quoting = field(default_factory=Quoting)


def options_of(
    mode: Mode = "forward",
    *,
    wrt: Sequence[str] = (),
    only: Lanes = "all",
    surrogate: Sequence[Kind] = (),
    order: Order = 1,
    direction: Mapping[str, float] | None = None,
    order_by: OrderBy = "text",
    quoting: Quoting = _COMMENTS,
) -> Options:
    """What is asked of a derivative, if that can be; see `transform`.

    Raises:
        FadError: it cannot.
    """
    if mode not in get_args(Mode):
        raise FadError(f"there is no mode `{mode}`", hint=f"there is {either(get_args(Mode))}")
    if order not in (1, 2):
        raise FadError(f"derivatives of order {order} are not supported", hint="order 1 or 2 is")
    if direction and mode == "forward" and (wrt or order != 1 or only == "primal"):
        raise FadError("a direction names the variables, and has one derivative, of order 1")
    if direction and mode == "auto":
        raise FadError(
            "along a direction, the modes give different things",
            hint="ask for one: forward mode for a derivative, reverse mode for its gradient",
        )
    # Real numbers: whole ones would make tangents that are integers, and end at 2^31.
    components = tuple((name, float(value)) for name, value in (direction or {}).items())
    for name, value in components:
        if not math.isfinite(value):
            raise FadError(f"a direction cannot have the component {value:g} by `{name}`")
    if mode != "forward" and (order != 1 or only != "all"):
        raise FadError(
            "reverse mode gives first derivatives, as sums over time",
            hint="leave `order` and `only` out; with a `direction`, there are second derivatives",
        )
    return Options(tuple(wrt), only, tuple(surrogate), order, components, order_by, quoting)


def _cheaper(evaluation: Evaluation, front: Front, options: Options) -> Program | ReverseProgram:
    """What the cheaper mode writes."""
    from fad.pipeline.modes import cheaper_mode
    from fad.pipeline.reverse import written as in_reverse

    choice = cheaper_mode(evaluation, front, options.wrt, options.surrogate, options.order_by)
    if choice.costs.cheaper == "reverse" and choice.adjoint is not None:
        return replace(in_reverse(choice.marked, choice.adjoint), costs=choice.costs)
    return replace(transformed(evaluation, front, options).program, costs=choice.costs)


@dataclass(frozen=True)
class Transformed:
    """A program with derivatives, written.

    Attributes:
        program: the program.
        draft: what was written.
        places: the definitions in its text -> where they are; see `fad.text.emitter.Written`.
    """

    program: Program
    draft: Draft
    places: Mapping[Box, tuple[int, int]]


def transformed(evaluation: Evaluation, front: Front, options: Options) -> Transformed:
    """Writes the derivative of an evaluated program, in forward mode.

    Raises:
        FadError: see `transform`.
    """
    draft = drafted(evaluation, front, options)

    # Without folders: the text must not depend on where the program is.
    told = (*evaluation.warnings, *about(draft.dual, folders=False), *draft.warnings)
    header = [
        *comment(f"Forward-mode derivative of {front.name}, by fad {__version__}."),
        *outputs_comment([output.name for output in draft.outputs]),
        *parameter_comments(draft.variables, dict(options.direction)),
        *rule_comments(evaluation.facts),
        *(line for warning in told for line in comment(f"warning: {warning}")),
        *front.declares,
    ]
    text, places = written(draft.process, draft.names, header, draft.notes)
    program = Program(
        text,
        draft.variables,
        draft.outputs,
        (
            *evaluation.warnings,
            *_no_variables(draft.variables, options.only),
            *about(draft.dual),
            *draft.warnings,
        ),
        front.name,
        draft.widgets,
        options.direction,
        front.files(evaluation.process),
        options.order_by,
    )
    return Transformed(program, draft, places)


@dataclass(frozen=True)
class Draft:
    """A program with derivatives, ready to be written.

    Attributes:
        process: its diagram.
        names: what its parts are called.
        notes: what to say about them.
        outputs: its output channels.
        dual: the diagram before its channels were arranged, and before it was simplified.
        simple: what the parts of the dual have become.
        variables: the parameters it is differentiated by.
        widgets: all widgets of the original.
        warnings: about second derivatives.
        definitions: diagrams of the program, and what has become of them in the dual -> where they
            are defined.
    """

    process: Box
    names: Mapping[Box, str]
    notes: Mapping[Box, Note]
    outputs: tuple[Output, ...]
    dual: Dual
    simple: Mapping[Box, Box]
    variables: tuple[Parameter, ...]
    widgets: tuple[Parameter, ...]
    warnings: tuple[str, ...]
    definitions: Mapping[Box, Span]


def drafted(evaluation: Evaluation, front: Front, options: Options) -> Draft:
    """What an evaluated program becomes."""
    inputs, outputs = arity_of(evaluation.process)
    operations = front.operations
    widgets = widgets_of(evaluation.process, evaluation.facts, front.title, options.order_by)
    variables, seeds = _variables(widgets, inputs, options)
    every_channel = channels(outputs, variables, options.order)
    if options.direction:
        every_channel = along_direction(outputs)
    kept = tuple(each for each in every_channel if each.order or options.only != "tangents")
    dual = derive(evaluation, seeds, operations, options.surrogate)
    definitions = _carried(evaluation.facts.definitions, dual)
    warnings: list[str] = []
    if options.order == 2:
        warnings = about_second(dual.sloped, evaluation.process)
        first = dense(dual, len(variables))
        facts = replace(evaluation.facts, names=dict(dual.names), made_by={})
        used = used_of_second(outputs, kept, seeds.names)
        dual = derive(Evaluation(first, facts), seeds, operations, options.surrogate, used)
        definitions = _carried(definitions, dual)
        process = second_derivatives(dual, kept)
    else:
        process = dense(dual, len(seeds.names), options.only == "tangents")
    process, simple = simplify(process, named=dual.names)
    named = Facts(names=renamed(dual.names, simple))
    process, names, became = abstracted(process, named, constants())
    simple = {old: function_of(became.get(new, new)) for old, new in simple.items()}
    became_of = {box: simple.get(box, box) for box in definitions}
    became_of[evaluation.process] = process
    facts = Facts({**dual.names, evaluation.process: "process"}, definitions)
    return Draft(
        process,
        names,
        options.quoting.notes(facts, became_of, names, part_notes(dual, simple), front.is_own),
        kept,
        dual,
        simple,
        variables,
        widgets,
        tuple(dict.fromkeys(warnings)),
        definitions,
    )


def _carried(definitions: Mapping[Box, Span], dual: Dual) -> dict[Box, Span]:
    """Where the definitions are that what has become of diagrams comes from.

    What no derivative reaches has stayed as it was.
    """
    parts = {p.dual: definitions[p.source] for p in dual.parts if p.source in definitions}
    return {**definitions, **parts}


def _variables(
    widgets: Sequence[Parameter], inputs: int, options: Options
) -> tuple[tuple[Parameter, ...], Seeds]:
    """The parameters that are asked for, and their tangents."""
    if options.only == "primal":
        return (), by_parameters(())
    if not options.direction:
        variables = select(widgets, inputs, options.wrt)
        return variables, by_parameters(variables)
    components: dict[Parameter, float] = {}
    for name, value in options.direction:
        components.update(dict.fromkeys(select(widgets, inputs, [name]), value))
    everything = select(widgets, inputs, [name for name, _ in options.direction])
    return everything, along({parameter: components[parameter] for parameter in everything})


def derive(
    evaluation: Evaluation,
    seeds: Seeds,
    operations: Operations,
    surrogate: Sequence[Kind] = (),
    used: Bundles | None = None,
) -> Dual:
    """The dual of an evaluated program.

    Args:
        evaluation: the program.
        seeds: what it is differentiated by.
        operations: what single functions do to tangents.
        surrogate: see `transform`.
        used: see `differentiate`.
    """
    box, facts = evaluation.process, evaluation.facts
    # The whole program keeps its name, `process`, for itself.
    names = {part: name for part, name in facts.names.items() if part is not box}
    facts = replace(facts, names=names)
    check_size(box, len(seeds.names), facts.origins)
    return differentiate(box, seeds, operations.afresh(), facts, surrogate, used=used)


def _no_variables(variables: Sequence[Parameter], only: Lanes) -> Iterable[str]:
    if not variables and only != "primal":
        yield "the program has no variables: there is nothing to differentiate by"
