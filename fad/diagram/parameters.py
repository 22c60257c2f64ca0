"""Which inputs of a program are variables: a parameter is a widget at a path, or an audio input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from fad.base.errors import FadError
from fad.base.prose import either, nearest
from fad.diagram.box import Box, Slider, Switch
from fad.diagram.groups import in_groups
from fad.diagram.host_paths import host_paths
from fad.diagram.labels import metadata, plain_name, widget_path

#: The groups around a box, from the outermost.
GroupPath = tuple[str, ...]
#: A widget that can be a variable.
Widget = Slider | Switch

_INPUT = re.compile(r"input:(\d+)")
#: How many names an error lists.
_MOST_NAMES = 8
_ON, _OFF = ("on", "1"), ("off", "0")


@dataclass(frozen=True)
class Parameter:
    """Something that a program can be differentiated by.

    Attributes:
        path: its groups and its name, as in `/synth/filter/freq`, names without metadata; or
            `input:0` for an audio input.
        label: its name.
        kind: `hslider`, `vslider`, `nentry`, `button`, `checkbox` or `input`.
        init, min, max, step: as in the program.
        unit: its `[unit:...]`, or an empty text.
        scale: its `[scale:...]`, or `lin`.
        diff: its `[diff:...]`, or an empty text.
        host_paths: what hosts call it, as in `/Synth/filter/freq`: see `host_paths`; empty where
            that is not known.
    """

    path: str
    label: str
    kind: str
    init: float
    min: float
    max: float
    step: float
    unit: str = ""
    scale: str = "lin"
    diff: str = ""
    host_paths: tuple[str, ...] = field(default=(), compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What users may call it: its label, its path, and its path in a host."""
        return self.label, self.path, *self.host_paths

    @property
    def is_switched_on(self) -> bool:
        """Whether its metadata asks for its derivative."""
        return self.diff in _ON

    @property
    def counts_by_default(self) -> bool:
        """Whether it is a variable where no widget is switched on: sliders and number entries."""
        return self.kind in ("hslider", "vslider", "nentry") and self.diff not in _OFF


def parameter_at(box: Widget, groups: GroupPath) -> Parameter:
    """The parameter that a widget is inside some groups."""
    path = widget_path(box.label, groups)
    notes = metadata(box.label)
    bounds = (0.0, 0.0, 1.0, 1.0)
    if isinstance(box, Slider):
        bounds = (box.init, box.min, box.max, box.step)
    return Parameter(
        "/" + "/".join(path),
        path[-1],
        box.kind,
        *bounds,
        notes.get("unit", ""),
        notes.get("scale", "lin"),
        notes.get("diff", ""),
    )


def find_parameters(box: Box, title: str | None = None) -> Iterator[Parameter]:
    """The widgets of a diagram, each path once, in the order of the diagram.

    Those of a program are in another order for its user: see `widgets_of`.

    Args:
        box: a closed diagram.
        title: the name of the program, if it is a whole one: it tells what hosts call them.
    """
    hosts = {} if title is None else host_paths(box, title)
    found: set[str] = set()
    for _, parameter in with_parameters(box):
        if parameter.path not in found:
            found.add(parameter.path)
            yield replace(parameter, host_paths=hosts.get(parameter.path, ()))


def with_parameters(box: Box) -> Iterator[tuple[Widget, Parameter]]:
    """The widgets of a diagram with the parameters that they are in their places."""
    for inner, groups in with_groups(box):
        if isinstance(inner, Widget):
            yield inner, parameter_at(inner, groups)


def with_groups(box: Box) -> Iterator[tuple[Box, GroupPath]]:
    """The parts of a diagram with the groups around them, each once, in order of appearance.

    Raises:
        FadError: they are too many; see `in_groups`.
    """
    return in_groups(box, lambda group: plain_name(group.label))


def default_variables(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The variables of a program when the user does not name any.

    Widgets that are switched on (`[diff:on]` or `[diff:1]`), if there are any; otherwise the
    sliders and number entries that are not switched off (`[diff:off]` or `[diff:0]`).
    """
    switched_on = tuple(parameter for parameter in parameters if parameter.is_switched_on)
    return switched_on or tuple(p for p in parameters if p.counts_by_default)


def select(
    parameters: Sequence[Parameter], inputs: int, patterns: Sequence[str]
) -> tuple[Parameter, ...]:
    """The variables that the user names.

    Args:
        parameters: all widgets of the program.
        inputs: its number of audio inputs.
        patterns: labels or paths, with the wildcards of the shell, or `input:N`; one text may
            hold several, separated by commas. Paths may be those of hosts. Without any, the default
            variables.

    Returns:
        The parameters in the order of the widgets, audio inputs last; the order of the patterns
        does not matter.

    Raises:
        FadError: a pattern that names nothing; the message lists what there is.
    """
    names = [name.strip() for pattern in patterns for name in pattern.split(",") if name.strip()]
    if not names:
        return default_variables(parameters)
    sources = [_input_parameter(index) for index in range(inputs)]
    chosen: set[str] = set()
    for name in names:
        named = [p.path for p in (*parameters, *sources) if _matches(p, name)]
        if not named:
            available = either(p.path for p in (*parameters, *sources))
            raise FadError(
                f"no variable is called `{name}`",
                hint=f"there is {available}" if available else "the program has no widgets",
            )
        chosen.update(named)
    return tuple(p for p in (*parameters, *sources) if p.path in chosen)


def input_index(parameter: Parameter) -> int | None:
    """The number of the audio input that a parameter is, if it is one."""
    found = _INPUT.fullmatch(parameter.path)
    return int(found.group(1)) if found else None


def _input_parameter(index: int) -> Parameter:
    return Parameter(f"input:{index}", f"input:{index}", "input", 0.0, -1.0, 1.0, 0.0)


def _matches(parameter: Parameter, name: str) -> bool:
    if parameter.kind == "input":
        return fnmatchcase(parameter.path, name) if name.startswith("input:") else False
    return any(fnmatchcase(text, name) for text in parameter.names)


def resolved(widgets: Sequence[Parameter], values: Mapping[str, float]) -> dict[str, float]:
    """Path -> value, for widgets that are named by label or path; a label means all that have it.

    Paths may be those of hosts.

    Raises:
        FadError: a name that no widget has, or a value that is outside the range.
    """
    found: dict[str, float] = {}
    for name, value in values.items():
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise FadError(f"the value of `{name}` is not a number") from None
        for widget in called(widgets, name):
            if not widget.min <= value <= widget.max:  # NaN is in no range
                raise FadError(
                    f"{value:g} is outside the range of `{widget.path}`",
                    hint=f"it goes from {widget.min:g} to {widget.max:g}",
                )
            found[widget.path] = value
    return found


def called(widgets: Sequence[Parameter], name: str) -> tuple[Parameter, ...]:
    """The widgets with a label or path; several may have one label.

    Raises:
        FadError: there is none.
    """
    found = tuple(widget for widget in widgets if name in widget.names)
    if not found:
        raise _unknown(name, widgets)
    return found


def _unknown(name: str, widgets: Sequence[Parameter]) -> FadError:
    message = f"no widget is called `{name}`"
    if not widgets:
        return FadError(message, hint="the program has no sliders, entries or switches")
    similar = nearest(name, [w.path if "/" in name else w.label for w in widgets])
    if similar:
        return FadError(message, hint=f"did you mean {either(dict.fromkeys(similar))}?")
    paths = [widget.path for widget in widgets]
    more = len(paths) - _MOST_NAMES
    hint = f"there is {either(paths[:_MOST_NAMES])}" + (f", and {more} more" if more > 0 else "")
    return FadError(message, hint=hint)
