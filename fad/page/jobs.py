"""The jobs of the page: each makes plain data of a program, with what the library does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from fad.base.deep_stack import recursive
from fad.base.source import Span
from fad.diagram.labels import metadata
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, Widget, default_variables, with_parameters
from fad.estimation.learning_program import titles_of
from fad.page.asked import Asked
from fad.page.places import in_utf16
from fad.pipeline.comments import Quoting
from fad.pipeline.expand import expand
from fad.pipeline.explain import explain
from fad.pipeline.front import Request, read
from fad.pipeline.links import linked
from fad.pipeline.places import places_of
from fad.pipeline.program import parameter_data
from fad.pipeline.transform import options_of, transform

_NOWHERE: Mapping[str, Span] = MappingProxyType({})


class Outcome(NamedTuple):
    """What came of a job.

    Attributes:
        result: plain data for JSON.
        warnings: what the user should know, one sentence each.
        warned: those that are about a place -> that place.
    """

    result: Any
    warnings: Sequence[str] = ()
    warned: Mapping[str, Span] = _NOWHERE


@recursive
def _parameters(asked: Asked) -> Outcome:
    """All sliders, number entries, buttons and checkboxes, and where they are in the text."""
    options = asked.options
    front = read(Request(asked.source, precision=options.get("precision", "double")))
    evaluation = front.evaluated()
    box, facts = evaluation.process, evaluation.facts
    order_by = options.get("order_by", "text")
    widgets = widgets_of(box, facts, front.title, order_by)
    variables = default_variables(widgets)
    places = places_of(evaluation, front.source, {})
    units = in_utf16(front.source.text)
    # Of several at one path, the first in the text counts.
    found: dict[str, tuple[Widget, Span | None]] = {}
    for widget, parameter in with_parameters(box):
        span = places.get(widget)
        _, known = found.setdefault(parameter.path, (widget, span))
        if span is not None and (known is None or span.start < known.start):
            found[parameter.path] = widget, span

    def told(parameter: Parameter) -> dict[str, Any]:
        widget, span = found[parameter.path]
        numbers = {name: getattr(parameter, name) for name in ("init", "min", "max", "step")}
        return {
            **parameter_data(parameter),
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "style": metadata(widget.label).get("style", ""),
            "variable": parameter in variables,
            **_range(units, *((span.start, span.end) if span else (None, None))),
        }

    return Outcome([told(parameter) for parameter in widgets], evaluation.warnings)


def _transform(asked: Asked) -> Outcome:
    """The dual, what its outputs are, and which of its definitions come from where."""
    arguments = asked.arguments("precision", "rules", "comments", "lines")
    quoting = Quoting(asked.options.get("comments", True), asked.options.get("lines", False))
    request = Request(
        asked.source,
        precision=asked.options.get("precision", "double"),
        rules=asked.file("rules"),
    )
    program, links, warned = linked(request, options_of(**arguments, quoting=quoting))
    in_source, in_dual = in_utf16(asked.source.text), in_utf16(program.source)
    told = [
        {
            "name": link.name,
            "source": _range(in_source, link.source.start, link.source.end),
            "dual": _range(in_dual, *link.dual),
            "what": link.reason,
        }
        for link in links
    ]
    outputs = [output.name for output in program.outputs]
    result = {"text": program.source, "outputs": outputs, "links": told}
    return Outcome(result, program.warnings, warned)


def _range(
    units: Callable[[int], int], start: int | None, end: int | None
) -> dict[str, int | None]:
    """Part of a text, for an editor; JSON has no numbers for what is nowhere."""
    return {name: at if at is None else units(at) for name, at in (("from", start), ("to", end))}


def _reverse(asked: Asked) -> Outcome:
    """The three programs of reverse mode, and what their channels are."""
    arguments = asked.arguments("rules")
    program = transform(asked.source, mode="reverse", rules=asked.file("rules"), **arguments)
    *_, manifest = program.texts("").values()
    texts = {name: getattr(program, name) for name in ("forward", "adjoint", "control")}
    return Outcome({**texts, "manifest": manifest}, program.warnings)


def _expand(asked: Asked) -> Outcome:
    """The program as its core diagram."""
    program = expand(asked.source, **asked.options)
    return Outcome({"text": program.source}, program.warnings)


def _learn(asked: Asked) -> Outcome:
    """The program that learns the parameters of another one, and where they start."""
    from fad.runtime.estimate import estimate  # a page that only differentiates does without

    arguments = asked.arguments("model", "rules")
    program = estimate(asked.source, asked.file("model"), rules=asked.file("rules"), **arguments)
    titles = titles_of(program.parameters)
    learnt = [
        {**parameter_data(parameter), "title": title}
        for parameter, title in zip(program.parameters, titles, strict=True)
    ]
    return Outcome({"text": program.source, "parameters": learnt}, program.warnings)


def _explain(asked: Asked) -> Outcome:
    """What each part became, and why."""
    arguments = asked.arguments("rules")
    return Outcome({"text": explain(asked.source, rules=asked.file("rules"), **arguments)})


def _check(asked: Asked) -> Outcome:
    """What a check of the derivatives finds."""
    from fad.page.checks import checked, plain  # it needs numpy, and the standard compiler

    report = checked(asked)
    return Outcome(plain(report), report.warnings)


def _diagram(asked: Asked) -> Outcome:
    """Block diagrams, of the program or of its dual."""
    from fad.page.diagrams import sheets

    if asked.options.get("which", "source") == "source":
        program = expand(asked.source)
    else:
        arguments = asked.arguments("rules", "which")
        program = transform(asked.source, rules=asked.file("rules"), **arguments)
    return Outcome({"sheets": sheets(program)}, program.warnings)


#: What the page asks for -> what does it, in the folder of the program.
JOBS: Mapping[str, Callable[[Asked], Outcome]] = MappingProxyType(
    {
        "parameters": _parameters,
        "transform": _transform,
        "reverse": _reverse,
        "expand": _expand,
        "learn": _learn,
        "explain": _explain,
        "check": _check,
        "diagram": _diagram,
    }
)
