"""The pipeline: one short function for each thing that fad does with a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from fad.base.deep_stack import with_deep_stack
from fad.base.errors import FadError, place
from fad.base.source import Source
from fad.base.version import __version__
from fad.diagram.box import Box
from fad.diagram.parameters import Parameter, default_variables, find_parameters, select
from fad.differentiation.channels import Output, along_direction, channels
from fad.differentiation.dual import Dropped, Dual, dense, lost, second_derivatives
from fad.differentiation.forward import differentiate
from fad.differentiation.operations import LocalRules
from fad.differentiation.seeds import Seeds, along, by_parameters
from fad.differentiation.surrogates import Kind, Surrogates
from fad.evaluation.evaluator import Evaluation, evaluate
from fad.pipeline.comments import described, notes
from fad.syntax.libraries import Libraries, as_source
from fad.syntax.module import Module
from fad.text.emitter import Note, emit
from fad.text.lines import comment
from fad.text.simplify import simplify

Precision = Literal["single", "double", "quad"]
#: Which output channels to keep.
Lanes = Literal["all", "tangents", "primal"]
#: First derivatives, or first and second ones.
Order = Literal[1, 2]


@dataclass(frozen=True)
class Program:
    """A Faust program that fad has written.

    Attributes:
        source: its text.
        parameters: the variables of the original program, in order of appearance.
        outputs: the meaning of each output channel, in order.
        warnings: what the user should know, one sentence each.
        name: the file name of the original program.
        widgets: all sliders, number entries and switches of the original program.
        direction: the names and components of the direction that its derivatives are along.
    """

    source: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    warnings: tuple[str, ...] = ()
    name: str = ""
    widgets: tuple[Parameter, ...] = ()
    direction: tuple[tuple[str, float], ...] = ()

    def manifest(self) -> dict[str, Any]:
        """What the channels and the parameters are, as plain data for JSON."""
        from fad.pipeline.manifest import manifest

        return manifest(self)


def expand(
    program: str | Path | Source,
    *,
    include: Sequence[str | Path] = (),
    precision: Precision = "double",
) -> Program:
    """Evaluates a Faust program to its core diagram and writes that as Faust.

    Args:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        precision: which precision-prefixed definitions count.

    Returns:
        The program: the same outputs, the same user interface, no library needed.

    Raises:
        FadError: the program is missing, malformed or has no value.
    """
    return with_deep_stack(lambda: _expand(program, include, precision))


def _expand(
    program: str | Path | Source, include: Sequence[str | Path], precision: Precision
) -> Program:
    module, _, evaluation = evaluated(program, include, precision)
    box = evaluation.process
    assert box.arity is not None
    name = Path(module.source.name).name
    header = [f"// {name}, evaluated by fad {__version__}.", *declares(module)]
    widgets = tuple(find_parameters(box))
    return Program(
        emit(box, evaluation.names, header),
        default_variables(widgets),
        channels(box.arity[1], ()),
        tuple(evaluation.warnings),
        name,
        widgets,
    )


def transform(
    program: str | Path | Source,
    *,
    include: Sequence[str | Path] = (),
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    only: Lanes = "all",
    surrogate: Sequence[Kind] = (),
    rules: str | Path | Source | None = None,
    order: Order = 1,
    direction: Mapping[str, float] | None = None,
) -> Program:
    """Writes the Faust program that also computes the derivatives of a program's outputs.

    Args:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        precision: which precision-prefixed definitions count.
        wrt: the variables, by label or path, with the wildcards of the shell, or `input:0` for an
            audio input. Without any: the widgets marked `[diff:on]`, or else every slider and
            number entry that is not marked `[diff:off]`.
        only: `tangents` leaves out the outputs themselves, `primal` the derivatives.
        surrogate: which reads at whole positions are given the slope of what they read, wherever
            they are: `tables`, `delays`. Those inside the standard table oscillators always are.
        rules: a Faust text or file with the derivatives of foreign functions: definitions such as
            `d_foo(x) = ...;`, or `d_foo_1(x, y)` and `d_foo_2(x, y)` for two arguments.
        order: 2 for the second derivatives too, after the first ones, each pair of variables once.
        direction: label or path of a variable -> component: one derivative instead of one for each
            variable, along the direction: the sum of the derivatives times the components.

    Returns:
        The program: for each output, the output itself and its derivative by each variable, in
        order of appearance. The user interface is the original's.

    Raises:
        FadError: the program is missing or malformed, `wrt` names nothing, or a construct without
            a derivative is on the way from a variable to an output.
    """
    if order not in (1, 2):
        raise FadError(f"derivatives of order {order} are not supported", hint="order 1 or 2 is")
    if direction and (wrt or order != 1 or only == "primal"):
        raise FadError("a direction names the variables, and has one derivative, of order 1")
    components = tuple((direction or {}).items())
    options = Options(tuple(wrt), only, tuple(surrogate), rules, order, components)
    return with_deep_stack(lambda: _transform(program, include, precision, options))


@dataclass(frozen=True)
class Options:
    """What is asked of a derivative; see `transform`."""

    wrt: tuple[str, ...] = ()
    only: Lanes = "all"
    surrogate: tuple[Kind, ...] = ()
    rules: str | Path | Source | None = None
    order: Order = 1
    direction: tuple[tuple[str, float], ...] = ()


def _transform(
    program: str | Path | Source,
    include: Sequence[str | Path],
    precision: Precision,
    options: Options,
) -> Program:
    module, libraries, evaluation = evaluated(program, include, precision, options.rules)
    draft = drafted(evaluation, libraries, options)
    name = Path(module.source.name).name
    warnings = (
        *evaluation.warnings,
        *_no_variables(draft.variables, options.only),
        *lost(draft.dual).values(),
        *draft.warnings,
    )
    text = emit(
        draft.process,
        draft.names,
        [
            f"// Forward-mode derivative of {name}, by fad {__version__}.",
            *comment(f"outputs: {', '.join(output.name for output in draft.outputs)}"),
            *described(draft.variables, dict(options.direction)),
            # Without folders: the text must not depend on where the program is.
            *chain.from_iterable(
                comment(f"warning: {warning}")
                for warning in (
                    *evaluation.warnings,
                    *lost(draft.dual, folders=False).values(),
                    *draft.warnings,
                )
            ),
            *declares(module),
        ],
        draft.notes,
    )
    return Program(
        text,
        draft.variables,
        draft.outputs,
        warnings,
        name,
        draft.widgets,
        options.direction,
    )


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


def drafted(evaluation: Evaluation, libraries: Libraries, options: Options) -> Draft:
    """What an evaluated program becomes."""
    box = evaluation.process
    assert box.arity is not None
    widgets = tuple(find_parameters(box))
    variables, seeds = _variables(widgets, box.arity[0], options)
    dual = derive(evaluation, seeds, libraries, options.surrogate, options.rules)
    outputs = channels(box.arity[1], variables, options.order)
    if options.direction:
        outputs = along_direction(box.arity[1])
    second_order = options.order == 2
    warnings = [_flat(read) for read in dual.sloped] if second_order else []
    if second_order:
        first = dense(dual, len(variables))
        known = replace(evaluation, process=first, names=dict(dual.names), made_by={})
        dual = derive(known, seeds, libraries, options.surrogate, options.rules)
    kept = tuple(output for output in outputs if output.order or options.only != "tangents")
    if second_order:
        process = second_derivatives(dual, len(variables), kept)
    else:
        process = dense(dual, len(seeds.names), options.only == "tangents")
    process, simple = simplify(process, named=dual.names)
    return Draft(
        process,
        {simple.get(part, part): name for part, name in dual.names.items()},
        notes(dual, simple),
        kept,
        dual,
        simple,
        variables,
        widgets,
        tuple(dict.fromkeys(warnings)),
    )


def _flat(read: Dropped) -> str:
    where = f" at {place(read.span, folder=False)}" if read.span else ""
    return f"the second derivative through `{read.construct}`{where} is zero: {read.reason}"


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
    # In order of appearance.
    everything = select(widgets, inputs, [name for name, _ in options.direction])
    return everything, along({parameter: components[parameter] for parameter in everything})


def derive(
    evaluation: Evaluation,
    seeds: Seeds,
    libraries: Libraries,
    surrogate: Sequence[Kind] = (),
    rules: str | Path | Source | None = None,
) -> Dual:
    """The dual of an evaluated program; see `transform`."""
    box = evaluation.process
    names = {inner: name for inner, name in evaluation.names.items() if inner is not box}
    return differentiate(
        box,
        seeds,
        LocalRules(libraries, user_rules(rules, libraries)),
        Surrogates(box, evaluation.made_by, surrogate),
        evaluation.origins,
        names,
    )


def user_rules(rules: str | Path | Source | None, libraries: Libraries) -> Module | None:
    return None if rules is None else libraries.parse(as_source(rules))


def _no_variables(variables: Sequence[Parameter], only: Lanes) -> Iterable[str]:
    if not variables and only != "primal":
        yield "the program has no variables: there is nothing to differentiate by"


def evaluated(
    program: str | Path | Source,
    include: Sequence[str | Path],
    precision: Precision,
    rules: str | Path | Source | None = None,
) -> tuple[Module, Libraries, Evaluation]:
    """A program as it is written, what it imports, and its diagram.

    Args:
        program, include, precision, rules: see `transform`. The rules are for the operators inside
            the program.
    """
    source = as_source(program)
    folder = source.path.parent if source.path else Path()
    libraries = Libraries(tuple(map(Path, include)), folder)
    module = libraries.parse(source)
    user = user_rules(rules, libraries)
    return module, libraries, evaluate(module, libraries, precision, rules=user)


def declares(module: Module) -> list[str]:
    """The program's own metadata, as written."""
    return [
        f'declare {declare.key} "{declare.value}";'
        for declare in module.declares
        if declare.function is None
    ]
