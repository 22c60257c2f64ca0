"""What a check needs of the standard compiler, wherever that runs: it renders programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from fad.base.errors import EngineError
from fad.base.precision import Precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EngineRefusal(EngineError):
    """libfaust does not accept the program; the message holds its own words."""


class EngineCrash(EngineError):
    """libfaust failed an assertion of its own, or died."""


class EngineTimeout(EngineError):
    """The request took longer than the engine's time limit."""


class Renderer(Protocol):
    """The standard compiler, as it runs programs: `fad.Engine` is one, a page has another one."""

    def render(
        self,
        source: str,
        name: str,
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
        include: Sequence[Path] = (),
        precision: Precision = "double",
    ) -> NDArray[np.float64]:
        """Runs a program from its initial state, widgets at their defaults.

        Args:
            source: a Faust text.
            name: the program's name, for messages.
            inputs: shape (number of inputs, frames); `None` for silence.
            frames: number of samples per channel.
            sample_rate: in Hz.
            include: folders to search for what the program names.
            precision: how it computes.

        Returns:
            Shape (number of outputs, frames).

        Raises:
            EngineRefusal: the program is not accepted.
            EngineError: it cannot be run.
        """


@runtime_checkable
class SettingRenderer(Renderer, Protocol):
    """One that compiles a program once, and sets its widgets before it runs."""

    def render_at(
        self,
        source: str,
        name: str,
        values: Mapping[str, float],
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
    ) -> NDArray[np.float64]:
        """Runs a program in double precision from its initial state.

        Args:
            source: a Faust text.
            name: the program's name, for messages.
            values: label -> value of the widgets that are not at their defaults.
            inputs, frames, sample_rate: see `render`, as for what it returns and raises.
        """
