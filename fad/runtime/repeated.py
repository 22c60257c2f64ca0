"""Running a diagram again and again, with its widgets at different values.

Native code is compiled once and its widgets are moved while it runs. libfaust's interpreter cannot
move them in double precision: there, the program is compiled again for each value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from fad.diagram.box import Box, ForeignFunction, Slider, Soundfile, Switch, postorder
from fad.diagram.parameters import Parameter, Widget
from fad.diagram.widgets import with_values, with_widgets
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.native import Binary, compile_natively, find_compiler, native_code
from fad.text.emitter import emit

#: How far a widget can be moved at least, in units of its value (or of 1).
MARGIN = 1e-3


@dataclass(frozen=True)
class Host:
    """Where programs run.

    Attributes:
        engine: the standard compiler.
        name: the program's file name.
        folder: where the files are that it needs.
        rate: the sample rate, in Hz.
        native: whether to use a C++ compiler; `None`: where there is one.
        trust: whether programs may use foreign code that is not standard.
    """

    engine: Engine
    name: str
    folder: Path
    rate: int
    native: bool | None = None
    trust: bool = False


class Runner(Protocol):
    """A program that can be run from its initial state."""

    def run(self, inputs: Samples, values: Mapping[str, float]) -> Samples:
        """The outputs, of shape (channels, frames).

        Args:
            inputs: the audio inputs, of shape (channels, frames).
            values: path -> value of the widgets that are not where they start; at most `MARGIN`
                from there.

        Raises:
            EngineError: the standard compiler, or the C++ compiler, does not take the program.
        """


def runner(box: Box, host: Host) -> Runner:
    """The way to run a closed diagram."""
    return Native(box, host) if runs_natively(box, host.native) else Interpreted(box, host)


def runs_natively(box: Box, native: bool | None) -> bool:
    """Whether a diagram runs as native code, or else in libfaust's interpreter.

    Programs with foreign functions always run as native code, because the interpreter cannot call
    them; programs with sound files never do, because native code would have to load them.

    Args:
        box: the diagram.
        native: what the others do; `None`: native code where there is a C++ compiler.
    """
    kinds = {type(part) for part in postorder(box)}
    if ForeignFunction in kinds:
        return True
    if Soundfile in kinds:
        return False
    return find_compiler() is not None if native is None else native


@dataclass(frozen=True)
class Interpreted:
    """A diagram that libfaust interprets."""

    box: Box
    host: Host

    def run(self, inputs: Samples, values: Mapping[str, float]) -> Samples:
        """See `Runner`."""
        text = emit(with_values(self.box, values))
        return self.host.engine.render(
            text,
            self.host.name,
            inputs=inputs,
            frames=inputs.shape[1],
            sample_rate=self.host.rate,
            include=[self.host.folder],
        )


@dataclass(frozen=True)
class Native:
    """A diagram as native code."""

    box: Box
    host: Host

    def run(self, inputs: Samples, values: Mapping[str, float]) -> Samples:
        """See `Runner`."""
        binary, numbers = self._compiled
        moved = {numbers[path]: value for path, value in values.items() if path in numbers}
        return binary.run(inputs, self.host.rate, moved)

    @cached_property
    def _compiled(self) -> tuple[Binary, Mapping[str, int]]:
        """The binary, and the numbers of the widgets by path."""
        host = self.host
        box = with_widgets(self.box, _with_room)[0]
        code = native_code(box, host.engine, host.name, [host.folder], trust=host.trust)
        numbers = {path: number for number, path in enumerate(code.paths)}
        return compile_natively(code.text, code.folders), numbers


def _with_room(widget: Widget, parameter: Parameter) -> Box:
    """A widget that can be moved a little in both directions."""
    if isinstance(widget, Switch):
        return widget
    margin = MARGIN * max(1.0, abs(widget.init))
    # Only where it will be needed: a range decides about the sizes of delay lines.
    low = min(widget.min, widget.init - margin)
    high = max(widget.max, widget.init + margin)
    return Slider(widget.kind, widget.label, widget.init, low, high, widget.step)
