"""The pipeline: one short function for each thing that fad does with a program."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fad import __version__
from fad.activity import union
from fad.box import Box
from fad.deep import with_deep_stack
from fad.emitter import WIDTH, emit
from fad.errors import place
from fad.evaluator import Evaluation, evaluate
from fad.forward import Dual, dense, differentiate
from fad.libraries import Libraries, read_source
from fad.local import LocalRules
from fad.modules import Module
from fad.parameters import Parameter, default_variables, find_parameters, select
from fad.source import Source
from fad.surrogates import Kind, Surrogates

Precision = Literal["single", "double", "quad"]
#: Which output channels to keep.
Lanes = Literal["all", "tangents", "primal"]


@dataclass(frozen=True)
class Output:
    """One output channel of a program that fad has written.

    Attributes:
        name: `y` for an output, `dy/dgain` for a derivative; `y0`, `y1` ... where there are more.
        output: the number of the original program's output, from 0.
        parameter: what it is differentiated by; `None` for the output itself.
    """

    name: str
    output: int
    parameter: Parameter | None = None


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
    """

    source: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    warnings: tuple[str, ...] = ()
    name: str = ""
    widgets: tuple[Parameter, ...] = ()

    def manifest(self) -> dict[str, Any]:
        """What the channels and the parameters are, as plain data for JSON."""
        from fad.manifest import manifest

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
    header = [f"// {name}, evaluated by fad {__version__}.", *_declares(module)]
    widgets = tuple(find_parameters(box))
    return Program(
        emit(box, evaluation.names, header),
        default_variables(widgets),
        _outputs(box.arity[1], ()),
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

    Returns:
        The program: for each output, the output itself and its derivative by each variable, in
        order of appearance. The user interface is the original's.

    Raises:
        FadError: the program is missing or malformed, `wrt` names nothing, or a construct without
            a derivative is on the way from a variable to an output.
    """
    options = _Options(tuple(wrt), only, tuple(surrogate), rules)
    return with_deep_stack(lambda: _transform(program, include, precision, options))


@dataclass(frozen=True)
class _Options:
    """What is asked of a derivative; see `transform`."""

    wrt: tuple[str, ...]
    only: Lanes
    surrogate: tuple[Kind, ...]
    rules: str | Path | Source | None


def _transform(
    program: str | Path | Source,
    include: Sequence[str | Path],
    precision: Precision,
    options: _Options,
) -> Program:
    module, libraries, evaluation = evaluated(program, include, precision)
    box = evaluation.process
    assert box.arity is not None
    only = options.only
    widgets = tuple(find_parameters(box))
    variables = () if only == "primal" else select(widgets, box.arity[0], options.wrt)
    dual, names = derive(evaluation, variables, libraries, options.surrogate, options.rules)
    outputs = _outputs(box.arity[1], variables)
    if only == "tangents":
        outputs = tuple(output for output in outputs if output.parameter is not None)
    name = Path(module.source.name).name
    header = [
        f"// Forward-mode derivative of {name}, by fad {__version__}.",
        *_comment(f"outputs: {', '.join(output.name for output in outputs)}"),
        *_declares(module),
    ]
    return Program(
        emit(dense(dual, len(variables), only == "tangents"), names, header),
        variables,
        outputs,
        (*evaluation.warnings, *_no_variables(variables, only), *lost(dual, variables).values()),
        name,
        widgets,
    )


def derive(
    evaluation: Evaluation,
    variables: Sequence[Parameter],
    libraries: Libraries,
    surrogate: Sequence[Kind] = (),
    rules: str | Path | Source | None = None,
) -> tuple[Dual, dict[Box, str]]:
    """The dual of an evaluated program, and the names of its diagrams; see `transform`."""
    box = evaluation.process
    user = None if rules is None else libraries.parse(_source(rules))
    names = {inner: name for inner, name in evaluation.names.items() if inner is not box}
    dual = differentiate(
        box,
        variables,
        LocalRules(libraries, user),
        Surrogates(box, evaluation.made_by, surrogate),
        evaluation.origins,
        names,
    )
    return dual, names


def _no_variables(variables: Sequence[Parameter], only: Lanes) -> Iterable[str]:
    if not variables and only != "primal":
        yield "the program has no variables: there is nothing to differentiate by"


def lost(dual: Dual, variables: Sequence[Parameter]) -> dict[str, str]:
    """The paths of the variables whose derivative is zero for a technical reason only.

    Returns:
        path -> the warning about it.
    """
    reached = union(dual.outputs)
    warnings = {}
    for index, dropped in dual.dropped.items():
        if not reached >> index & 1:
            where = "" if dropped.span is None else f" at {place(dropped.span)}"
            path = variables[index].path
            warnings[path] = (
                f"the derivative by {path} is zero: it only acts through "
                f"`{dropped.construct}`{where} ({dropped.reason})"
            )
    return warnings


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="// ", subsequent_indent="//   ", break_long_words=False
    )


def _outputs(count: int, parameters: Sequence[Parameter]) -> tuple[Output, ...]:
    """The channels of a program with this many outputs, each followed by its derivatives."""
    labels = [parameter.label for parameter in parameters]
    channels = []
    for index in range(count):
        name = f"y{index}" if count > 1 else "y"
        channels.append(Output(name, index))
        for parameter in parameters:
            unique = labels.count(parameter.label) == 1
            by = parameter.label if unique else f"({parameter.path})"
            channels.append(Output(f"d{name}/d{by}", index, parameter))
    return tuple(channels)


def evaluated(
    program: str | Path | Source, include: Sequence[str | Path], precision: Precision
) -> tuple[Module, Libraries, Evaluation]:
    """A program as it is written, what it imports, and its diagram."""
    source = _source(program)
    folder = source.path.parent if source.path else Path()
    libraries = Libraries(tuple(map(Path, include)), folder)
    module = libraries.parse(source)
    return module, libraries, evaluate(module, libraries, precision)


def _source(program: str | Path | Source) -> Source:
    if isinstance(program, Source):
        return program
    return read_source(program) if isinstance(program, Path) else Source("<text>", program)


def _declares(module: Module) -> list[str]:
    """The program's own metadata, as written."""
    return [
        f'declare {declare.key} "{declare.value}";'
        for declare in module.declares
        if declare.function is None
    ]
