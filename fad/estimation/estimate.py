"""`fad estimate`: the Faust program that learns the parameters of another one.

It is put together in Faust, from the functions of fad.lib, and evaluated like any program. So it
can be written by hand as well: what stands here is where the names, ranges and groups come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fad.base.errors import FadError
from fad.base.prose import counted, either
from fad.base.source import Source
from fad.base.version import __version__
from fad.diagram.box import Box, Group, Real, Switch, arity_of, postorder
from fad.diagram.labels import identifier, without_metadata
from fad.diagram.order import OrderBy, widgets_of
from fad.diagram.parameters import (
    Parameter,
    Widget,
    find_parameters,
    parameter_at,
    resolved,
    select,
    with_groups,
)
from fad.diagram.widgets import relabelled, with_widgets
from fad.estimation.inputs import SizeOf, gate, heard, is_named, is_program
from fad.estimation.learning_program import COMMENTS, Learning
from fad.estimation.recipes import check_outputs
from fad.estimation.smoothing import without_smoothers
from fad.evaluation.evaluator import Evaluator
from fad.pipeline.comments import parameter_comments
from fad.pipeline.front import Front, title_of
from fad.pipeline.program import Program
from fad.syntax.libraries import ProgramLike, as_source
from fad.syntax.module import Module
from fad.text.emitter import emit
from fad.text.lines import comment
from fad.text.plan import Note
from fad.text.simplify import simplify

#: What is said of programs whose learnt values do not start at the target's.
_AWAY = (
    "they start away from the target's own values, at a quarter or at three quarters of their "
    "ranges; `--start` says where else"
)


@dataclass(frozen=True)
class Job:
    """What is to be learnt, and how; see `fad.estimate`."""

    learning: Learning
    model: ProgramLike | None
    wrt: tuple[str, ...]
    start: Mapping[str, float]
    freeze: tuple[str, ...]
    order_by: OrderBy


def estimated(front: Front, job: Job, size_of: SizeOf) -> Program:
    """The program in which a model learns to sound like a target.

    Args:
        front: the target.
        job: what is to be learnt, and how.
        size_of: looks at a sound file, which takes native code.

    Raises:
        FadError: see `fad.estimate`.
    """
    core = front.evaluator()
    target = model = _named(core, front.module)
    title = front.title
    if job.model is not None:
        module = front.libraries.parse(as_source(job.model))
        model, title = _named(core, module), title_of(module)
        _check_fit(target, model)
    everything = widgets_of(model, core.records.facts, title, job.order_by)
    starts = resolved(everything, job.start)
    chosen = _variables(everything, job.wrt, job.freeze)
    ins, outs = arity_of(target)
    if not outs:
        raise FadError(
            "there is nothing to learn from: the target has no outputs",
            hint="an estimate is compared with what comes out",
        )
    learning = job.learning
    check_outputs(learning.loss, outs)
    data = _data(core, front, learning.input)
    made = None if data is None else arity_of(data)[1]
    sound = heard(learning.input, ins, outs, learning.folder, size_of, made, learning.restart)
    pressed = None
    if learning.restart is not None:
        pressed = _gate(core, front, learning, (target, model))
    is_known = job.model is None and not sound.has_target
    away = {p.path for p in chosen if is_known and p.path not in starts and p.min < p.max}
    variables = tuple(
        _learnt(variable, _away(variable) if variable.path in away else starts.get(variable.path))
        for variable in chosen
    )
    for variable in variables:
        _check_range(variable)
    held = [path for path in starts if path not in {variable.path for variable in variables}]
    learner, unsmoothed = _unsmoothed(
        core, _prepared(core, model, variables, starts, pressed), variables
    )
    given = _grouped(_prepared(core, target, (), {}, pressed), learner, variables)
    if data is not None:
        given["data"] = Group("vgroup", "input", data) if find_parameters(data) else data
    # The values go to `forwardAD`, which takes them in the order of the text.
    places = [widget.path for widget in widgets_of(learner, core.records.facts)]
    by_place = sorted(variables, key=lambda variable: places.index(variable.path))
    own = Source("<learning>", learning.text(by_place, sound, ins, outs))
    evaluation = core.run(front.libraries.parse(own), given=given)
    process, simple = simplify(evaluation.process, named=evaluation.facts.names)
    facts = evaluation.facts.renamed(simple)
    texts = {part: span.source for part, span in facts.origins.items()}
    library = front.libraries.load("fad.lib").source
    notes = {
        part: Note(comment=COMMENTS[name])
        for part, name in facts.names.items()
        if name in COMMENTS and texts.get(part, own) in (own, library)
    }
    header = [
        *comment(f"Learns the parameters of {front.name}, by fad {__version__}."),
        *comment(learning.summary(sound)),
        *parameter_comments(variables),
        *(comment(_AWAY) if away else ()),
        *(line for path in held for line in comment(f"held {path}: {starts[path]:g}")),
        *(
            line
            for path in unsmoothed
            for line in comment(f"learnt behind the smoother of its slider: {path}")
        ),
        *(line for warning in evaluation.warnings for line in comment(f"warning: {warning}")),
        *front.declares,
    ]
    return Program(
        emit(process, facts.names, header, notes),
        variables,
        learning.channels(outs),
        tuple(evaluation.warnings),
        front.name,
        tuple(find_parameters(process)),
        files=(*front.files(target, model, *(() if data is None else (data,))), *learning.files()),
        order_by=job.order_by,
    )


def _named(core: Evaluator, module: Module) -> Box:
    """The diagram of a program, which is called like its file."""
    box = core.run(module).process
    if core.records.facts.names.get(box) == "process":
        core.records.facts.names[box] = identifier(Path(module.source.name).stem, "circuit")
    return box


def _data(core: Evaluator, front: Front, name: str) -> Box | None:
    """The program that makes what is heard, if the input is one."""
    if not is_program(name):
        return None
    box = _named(core, front.libraries.parse(as_source(Path(name))))
    if ins := arity_of(box)[0]:
        raise FadError(
            f"`{name}` makes no sound of its own: it has {counted(ins, 'input')}",
            hint="a program that is heard has none",
        )
    return box


def _check_fit(target: Box, model: Box) -> None:
    if target.arity == model.arity:
        return
    sizes = [
        f"{counted(ins, 'input')} and {counted(outs, 'output')}"
        for ins, outs in map(arity_of, (target, model))
    ]
    raise FadError(
        f"the model does not fit the target: it has {sizes[1]}, and the target {sizes[0]}",
        hint="both hear the same, and are compared output by output",
    )


def _variables(
    everything: Sequence[Parameter], wrt: Sequence[str], freeze: Sequence[str]
) -> tuple[Parameter, ...]:
    """The parameters to learn."""
    frozen = {parameter.path for parameter in select(everything, 0, freeze)} if freeze else set()
    chosen = [p for p in select(everything, 0, wrt) if p.path not in frozen]
    for parameter in chosen:
        if parameter.kind not in ("hslider", "vslider", "nentry"):
            raise FadError(
                f"`{parameter.path}` cannot be learnt: it is a {parameter.kind}",
                hint="sliders and number entries can",
            )
    if not chosen:
        what = "all parameters are frozen" if frozen else "the program has no parameters"
        raise FadError(
            f"there is nothing to learn: {what}",
            hint=f"parameters are sliders and number entries; there is {either(frozen)}"
            if frozen
            else "parameters are sliders and number entries that are not marked `[diff:off]`",
        )
    return tuple(chosen)


def _learnt(parameter: Parameter, start: float | None) -> Parameter:
    """A parameter as it is learnt: from its start, and in octaves where its range has them."""
    init = parameter.init if start is None else start
    return replace(parameter, init=init, scale="log" if _has_octaves(parameter) else "lin")


def _has_octaves(parameter: Parameter) -> bool:
    return parameter.scale == "log" and parameter.min > 0


def _away(parameter: Parameter) -> float:
    """A value away from the initial one: a quarter of the range, or three quarters.

    From the target's own values there would be nothing to learn.
    """
    low, high, init = parameter.min, parameter.max, parameter.init
    if _has_octaves(parameter):
        share = 0.25 if init > math.sqrt(low * high) else 0.75
        value = low * (high / low) ** share
    else:
        share = 0.25 if init > (low + high) / 2 else 0.75
        value = low + (high - low) * share
    short = float(f"{value:.3g}")
    return short if low < short < high else value


def _check_range(parameter: Parameter) -> None:
    start, low, high = parameter.init, parameter.min, parameter.max
    if not low < high:
        raise FadError(
            f"`{parameter.path}` cannot be learnt: its range is [{low:g}, {high:g}]",
            hint="give its slider a lower and a higher bound",
        )
    if not low <= start <= high:
        raise FadError(
            f"`{parameter.path}` starts at {start:g}, outside its range [{low:g}, {high:g}]",
            hint=f'start elsewhere: `--start "{parameter.label}={(low + high) / 2:g}"`',
        )


def _gate(core: Evaluator, front: Front, learning: Learning, programs: Sequence[Box]) -> Box:
    """What presses the buttons of programs again and again."""
    assert learning.restart is not None
    has_buttons = any(_is_button(part) for program in programs for part in postorder(program))
    if not has_buttons and (is_named(learning.input) or is_program(learning.input)):
        raise FadError(
            "there is nothing to start again: the program has no button, and hears no sound file",
            hint="`--restart` is for what plays once",
        )
    box = core.run(front.libraries.parse(Source("<gate>", gate(learning.restart)))).process
    core.records.facts.names[box] = "gate"
    return box


def _is_button(part: Box) -> bool:
    return isinstance(part, Switch) and part.kind == "button"


def _prepared(
    core: Evaluator,
    circuit: Box,
    variables: Sequence[Parameter],
    starts: Mapping[str, float],
    pressed: Box | None,
) -> Box:
    """A circuit whose only variables are these.

    Other parameters that have starts are held; buttons are a gate, if there is one.
    """
    paths = {variable.path for variable in variables}

    def prepared(widget: Widget, parameter: Parameter) -> Box:
        label = without_metadata(widget.label, "diff")
        if parameter.path in paths:
            return relabelled(widget, f"{label}[diff:on]")
        if parameter.path in starts:
            return Real(starts[parameter.path])
        if pressed is not None and _is_button(widget):
            return pressed
        return relabelled(widget, label) if parameter.is_switched_on else widget

    result, originals = with_widgets(circuit, prepared)
    for new, old in originals.items():
        core.records.inherit(old, new)
    return result


def _unsmoothed(
    core: Evaluator, model: Box, variables: Sequence[Parameter]
) -> tuple[Box, list[str]]:
    """A model without smoothers behind what is learnt, and the paths of what had one."""
    found: dict[Box, set[str]] = {}
    for part, groups in with_groups(model):
        if isinstance(part, Widget):
            found.setdefault(part, set()).add(parameter_at(part, groups).path)
    paths = {variable.path for variable in variables}
    result, originals, freed = without_smoothers(
        model, lambda part: bool(paths & found.get(part, set()))
    )
    for new, old in originals.items():
        core.records.inherit(old, new)
    smoothed = {path for widget in freed for path in found[widget]}
    return result, [variable.path for variable in variables if variable.path in smoothed]


def _grouped(target: Box, model: Box, variables: Sequence[Parameter]) -> dict[str, Box]:
    """Target and model, with the widgets that stay in a group: one, if they have some in common."""
    learnt = {variable.path for variable in variables}
    shown = {parameter.path for parameter in find_parameters(target)}
    own = {parameter.path for parameter in find_parameters(model)} - learnt
    group = "target" if own & shown else "model"
    return {
        "hidden": Group("vgroup", "target", target),
        "known": Group("vgroup", group, model) if own else model,
    }
