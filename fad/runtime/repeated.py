"""Running a diagram again and again, with its widgets at different values.

Native code and WebAssembly are compiled once, and their widgets are set before they run. libfaust's
interpreter cannot set them in double precision: there, the program is compiled again for each
value. What moves while a program runs is an audio input instead of a widget, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from fad.base.precision import NativePrecision
from fad.diagram.box import Box, ForeignFunction, Slider, Switch, postorder
from fad.diagram.parameters import Parameter, Widget
from fad.diagram.widgets import numbered, reach, with_inputs, with_values, with_widgets
from fad.runtime.compiler import find_compiler
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.native import Binary, compile_natively, native_code
from fad.runtime.renderer import Renderer, SettingRenderer
from fad.runtime.soundfiles import played_bytes, read_sounds
from fad.text.emitter import emit

#: How far a widget can be moved, in units of its value (or of 1). Where a delay would have a
#: negative length then, there is a smaller one.
MARGIN, SMALL_MARGIN = 1e-3, 4e-6
#: Parameter path -> value.
Values = Mapping[str, float]
#: Parameter path -> its values over time, of shape (frames,).
Courses = Mapping[str, Samples]


@dataclass(frozen=True)
class Host:
    """Where programs run.

    Attributes:
        engine: the standard compiler.
        name: the program's file name.
        folder: where the files are that it needs.
        rate: the sample rate, in Hz.
        native: whether to use a C++ compiler; `None`: where there is one.
        precision: how programs compute that are interpreted; native code is in double precision.
        trust: whether programs may use foreign code that is not standard.
    """

    engine: Renderer
    name: str
    folder: Path
    rate: int
    native: bool | None = None
    precision: NativePrecision = "double"
    trust: bool = False

    @property
    def compiler(self) -> Engine | None:
        """The engine as it makes C++, if it does; one that only renders runs all programs."""
        return self.engine if isinstance(self.engine, Engine) else None


class Runner(Protocol):
    """A program that can be run from its initial state."""

    def run(self, inputs: Samples, values: Values) -> Samples:
        """The outputs, of shape (channels, frames).

        Args:
            inputs: the audio inputs, of shape (channels, frames).
            values: the widgets that are not where they start: at most a margin from there, or
                from one of the points that the runner was made for. For a widget that has a
                course: how far it is from that, throughout.

        Raises:
            EngineError: the standard compiler, or the C++ compiler, does not take the program.
        """


def runner(
    box: Box,
    host: Host,
    points: Sequence[Values] = (),
    courses: Courses | None = None,
    margin: float = MARGIN,
) -> Runner:
    """The way to run a closed diagram.

    Args:
        box: the diagram.
        host: where to run it.
        points: where its widgets are going to be.
        courses: the widgets that move while it runs.
        margin: how far its widgets can be moved, in units of their values (or of 1).
    """
    if courses:
        ranges = {path: _around(course.tolist(), margin) for path, course in courses.items()}
        return Moving(runner(with_inputs(box, ranges), host, points, None, margin), courses, ranges)
    if host.compiler is not None and runs_natively(box, host.native):
        return Native(_reaching(box, points, margin), host)
    if isinstance(host.engine, SettingRenderer) and host.precision == "double":
        return Rendered(_reaching(box, points, margin), host, host.engine)
    return Interpreted(box, host)


def _around(values: Sequence[float], margin: float) -> tuple[float, float]:
    """A range that has some values in it, with a margin."""
    low, high = min(values), max(values)
    return low - margin * max(1.0, abs(low)), high + margin * max(1.0, abs(high))


def runs_natively(box: Box, native: bool | None) -> bool:
    """Whether a diagram runs as native code, or else in libfaust's interpreter.

    Programs with foreign functions always run as native code, because the interpreter cannot call
    them.

    Args:
        box: the diagram.
        native: what the others do; `None`: native code where there is a C++ compiler.
    """
    if any(isinstance(part, ForeignFunction) for part in postorder(box)):
        return True
    return find_compiler() is not None if native is None else native


def with_courses(
    inputs: Samples, courses: Courses, ranges: Mapping[str, tuple[float, float]]
) -> Samples:
    """What a diagram hears some of whose widgets are audio inputs; see `with_inputs`.

    Args:
        inputs: the audio inputs that it had, of shape (channels, frames).
        courses: path -> the values of the widget, of shape (frames,).
        ranges: path -> what the widget can reach, in the order of the inputs.
    """
    heard = [courses[path] / reach(low, high) for path, (low, high) in ranges.items()]
    return np.concatenate([np.reshape(heard, (len(heard), inputs.shape[1])), inputs])


@dataclass(frozen=True)
class Interpreted:
    """A diagram that libfaust interprets."""

    box: Box
    host: Host

    def run(self, inputs: Samples, values: Values) -> Samples:
        """See `Runner`."""
        return self.host.engine.render(
            emit(with_values(self.box, values)) if values else self._text,
            self.host.name,
            inputs=inputs,
            frames=inputs.shape[1],
            sample_rate=self.host.rate,
            include=[self.host.folder],
            precision=self.host.precision,
        )

    @cached_property
    def _text(self) -> str:
        """The program with all widgets where they start."""
        return emit(self.box)


@dataclass(frozen=True)
class Moving:
    """A diagram some of whose widgets move while it runs.

    Attributes:
        runner: the diagram with audio inputs in their places, see `with_inputs`.
        courses: how they move, in the order of these inputs.
        ranges: path -> what they can reach.
    """

    runner: Runner
    courses: Courses
    ranges: Mapping[str, tuple[float, float]]

    def run(self, inputs: Samples, values: Values) -> Samples:
        """See `Runner`."""
        moved = {path: course + values.get(path, 0.0) for path, course in self.courses.items()}
        others = {path: value for path, value in values.items() if path not in self.courses}
        return self.runner.run(with_courses(inputs, moved, self.ranges), others)


@dataclass(frozen=True)
class Native:
    """A diagram as native code."""

    box: Box
    host: Host

    def run(self, inputs: Samples, values: Values) -> Samples:
        """See `Runner`."""
        binary, numbers = self._compiled
        moved = {numbers[path]: value for path, value in values.items() if path in numbers}
        return binary.run(inputs, self.host.rate, moved)

    @cached_property
    def _compiled(self) -> tuple[Binary, Mapping[str, int]]:
        """The binary, and the numbers of the widgets by path."""
        box, host = self.box, self.host
        assert host.compiler is not None
        code = native_code(box, host.compiler, host.name, [host.folder], trust=host.trust)
        numbers = {path: number for number, path in enumerate(code.paths)}
        sounds = read_sounds(box, host.folder)
        played = played_bytes(code.sounds, sounds, np.float64)
        return replace(compile_natively(code.text, code.folders), sounds=played), numbers


@dataclass(frozen=True)
class Rendered:
    """A diagram whose widgets the renderer sets."""

    box: Box
    host: Host
    engine: SettingRenderer

    def run(self, inputs: Samples, values: Values) -> Samples:
        """See `Runner`."""
        text, labels = self._text
        return self.engine.render_at(
            text,
            self.host.name,
            {labels[path]: value for path, value in values.items() if path in labels},
            inputs=inputs,
            frames=inputs.shape[1],
            sample_rate=self.host.rate,
        )

    @cached_property
    def _text(self) -> tuple[str, Mapping[str, str]]:
        """The program, and the labels of the widgets in it by path."""
        plain, paths = numbered(self.box)
        return emit(plain), {path: str(number) for number, path in enumerate(paths)}


def _reaching(box: Box, points: Sequence[Values], margin: float) -> Box:
    """A diagram whose widgets have ranges with all values in them that they are going to have.

    For the arguments, see `runner`.
    """

    def reaching(widget: Widget, parameter: Parameter) -> Box:
        if isinstance(widget, Switch):
            return widget
        # No more than is needed: a range decides about the sizes of delay lines.
        path = parameter.path
        values = [widget.init, *(point[path] for point in points if path in point)]
        low, high = _around(values, margin)
        bounds = min(widget.min, low), max(widget.max, high)
        return Slider(widget.kind, widget.label, widget.init, *bounds, widget.step)

    return with_widgets(box, reaching)[0]
