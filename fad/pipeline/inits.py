"""A program that starts at other values: its own text with other numbers, where that can be."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from fad.base.deep_stack import recursive
from fad.base.errors import FadError, place
from fad.base.source import Source, Span
from fad.diagram.box import Box, Slider
from fad.diagram.canonical import canonical
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, Widget, resolved, with_parameters
from fad.diagram.ruled import without_rules
from fad.diagram.widgets import with_started
from fad.evaluation.core import Evaluation
from fad.pipeline.expand import expanded
from fad.pipeline.front import Request, read
from fad.syntax.literals import respelled, slider_inits, with_replaced
from fad.syntax.module import Module

#: How many decimal digits a value is written with, at most.
_DIGITS = 7
#: What a number is replaced by to see where it goes: whole numbers from here on, which are exact.
_FIRST_MARK = 2**45
#: How many reasons, and how many paths in one, are told.
_MOST = 3
#: The reason where numbers decide about more than where widgets start, as in patterns.
_MORE = "the initial values in its text decide about more than where widgets start"


@dataclass(frozen=True)
class Fitted:
    """A program that starts at other values.

    Attributes:
        text: the program.
        is_own: whether that is the user's text with other numbers; otherwise it is the program as
            `fad expand` writes it.
        reason: why it is not the user's text, in words; empty where it is.
        values: path -> what the widgets that were asked for start at: what was asked for, with as
            many digits as it is written with.
        encoding: what the text is in as bytes: the name of a codec.
    """

    text: str
    is_own: bool
    reason: str
    values: Mapping[str, float]
    encoding: str

    @property
    def data(self) -> bytes:
        """The text as a file has it, in the encoding of the user's."""
        return self.text.encode(self.encoding, "backslashreplace")


@recursive
def with_inits(request: Request, values: Mapping[str, float]) -> Fitted:
    """A program that starts at other values.

    It is the user's own text with other numbers, where each widget that has to start elsewhere has
    its initial value as a number in that text, which is no other widget's. Otherwise it is the
    expanded program, in which a checkbox or button that does not start at 0 is a number entry.

    Args:
        request: the program.
        values: label or path of a widget -> where it starts. That is written with at most 7 digits,
            and with fewer if they say the same in single precision. A widget that starts there
            already, in single precision, stays as it is.

    Raises:
        FadError: the program has no value, no widget is called so, or a value is not in its range.
    """
    front = read(request)
    evaluation = front.evaluated()
    widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
    asked = _to_write(widgets, values)
    changed = {
        widget.path: asked[widget.path]
        for widget in widgets
        if asked.get(widget.path, widget.init) != widget.init
    }
    if not changed:
        return Fitted(front.source.text, True, "", asked, front.source.encoding)
    process, originals = with_started(evaluation.process, changed)
    try:
        text = _own_text(request, front.module, changed, process)
    except _Expanded as why:
        for new, old in originals.items():
            evaluation.facts.inherit(old, new)
        program = expanded(front, replace(evaluation, process=process))
        return Fitted(program.source, False, str(why), asked, "utf-8")
    return Fitted(text, True, "", asked, front.source.encoding)


# -- Values -------------------------------------------------------------------------------------


def _to_write(widgets: Sequence[Parameter], values: Mapping[str, float]) -> dict[str, float]:
    """Path -> value, with as many digits as it is written with."""
    found = resolved(widgets, values)
    for path, value in found.items():
        if math.isinf(value):
            raise FadError(f"`{path}` cannot start at {value:g}", hint="it needs a finite number")
    return {
        widget.path: _rounded(found[widget.path], widget)
        for widget in widgets
        if widget.path in found
    }


def _rounded(value: float, widget: Parameter) -> float:
    """The number of fewest digits that is the same in single precision; at most 7 digits count.

    It is what the widget starts at already, if that is the same.
    """
    if _single(value) == _single(widget.init):
        return widget.init
    texts = (f"{value:.{digits}g}" for digits in range(1, _DIGITS))
    shorter = (float(text) for text in texts if _single(float(text)) == _single(value))
    found = next(shorter, float(f"{value:.{_DIGITS}g}"))
    # The ends of a range may have more digits. And there is no -0.
    return min(max(found, widget.min), widget.max) + 0.0


def _single(value: float) -> float:
    """A number in single precision; itself, where it is too large for that."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return value


# -- Texts --------------------------------------------------------------------------------------


class _Expanded(Exception):
    """Why the program's own text cannot be used, in words."""


@dataclass(frozen=True)
class _Use:
    """A widget at a path, and the literal of the text that it starts at, if it does."""

    widget: Widget
    path: str
    literal: Span | None


def _own_text(request: Request, module: Module, changed: Mapping[str, float], aim: Box) -> str:
    """The program's text with other numbers.

    Args:
        request, module: the program.
        changed: path -> another initial value.
        aim: the diagram that the text has to have.

    Raises:
        _Expanded: there is no such text.
    """
    source = module.source
    # A mark in the place of each number: the diagram tells where it has gone.
    marks = {span: float(_FIRST_MARK + index) for index, span in enumerate(slider_inits(module))}
    text = _with_numbers(source, marks)
    marked = _evaluated(request, text)
    literals = {mark: span for span, mark in marks.items()}
    uses = [
        _Use(widget, parameter.path, literals.get(parameter.init))
        for widget, parameter in with_parameters(marked.process)
    ]
    if reasons := list(_reasons(uses, changed, marked, text)):
        raise _Expanded(_several("; ", reasons))
    numbers = {
        use.literal: changed[use.path] for use in uses if use.literal and use.path in changed
    }
    result = _with_numbers(source, numbers)
    if _plain(_evaluated(request, result).process) is not _plain(aim):
        raise _Expanded(_MORE)
    return result.text


def _with_numbers(source: Source, numbers: Mapping[Span, float]) -> Source:
    """A text with other numbers in the places of literals."""
    texts = {
        span: respelled(source.text[span.start : span.end], value)
        for span, value in numbers.items()
    }
    return replace(source, text=with_replaced(source.text, texts))


def _evaluated(request: Request, source: Source) -> Evaluation:
    try:
        return read(replace(request, program=source)).evaluated()
    except FadError:
        raise _Expanded(_MORE) from None


def _plain(process: Box) -> Box:
    """The same for all diagrams that compute the same in the same way."""
    return canonical(without_rules(process)[0])


# -- Reasons ------------------------------------------------------------------------------------


def _reasons(
    uses: Iterable[_Use], changed: Mapping[str, float], marked: Evaluation, text: Source
) -> Iterator[str]:
    """Why other numbers in a text cannot make widgets start elsewhere.

    Args:
        uses: its widgets.
        changed: path -> where they start.
        marked: what the text means.
        text: the text, with marks.
    """
    makers: dict[str, dict[str, None]] = {}
    literals: dict[Span, dict[str, None]] = {}
    for use in uses:
        if use.literal is not None:
            literals.setdefault(use.literal, {})[use.path] = None
        elif use.path in changed:
            makers.setdefault(_maker(use.widget, marked, text), {})[use.path] = None
    for maker, paths in makers.items():
        yield f"{maker} {_paths(paths)}"
    for literal, paths in literals.items():
        if len({changed.get(path) for path in paths}) > 1:
            yield f"one number, at {place(literal, folder=False)}, starts {_paths(paths)}"


def _maker(widget: Widget, marked: Evaluation, text: Source) -> str:
    """Where a widget comes from that starts at no number of the text, and a verb."""
    if not isinstance(widget, Slider):
        return f"a {widget.kind} starts at 0:"
    origin = marked.facts.origins[widget]
    if origin.source != text:
        return f"{PurePath(origin.source.name).name} makes"
    # The columns are those of the text with marks.
    return f"line {origin.location[0]} computes where to start"


def _paths(paths: Iterable[str]) -> str:
    return _several(", ", [f"`{path}`" for path in paths])


def _several(between: str, words: Sequence[str]) -> str:
    """The first words of a list, and how many more there are."""
    more = len(words) - _MOST
    return between.join(words[:_MOST]) + (f" and {more} more" if more > 0 else "")
