"""What a program should sound like: recordings, and how the program is played for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Target:
    """A recording, and how the program is played for it.

    Attributes:
        sound: the recording, of shape (channels, frames).
        input: what the program hears meanwhile, of shape (channels, frames); one channel goes to
            all inputs, silence follows its end. `None` where it hears nothing.
        at: label or path of a widget -> where it stays, or starts.
        changes: time in seconds -> label or path -> value from there on; see `fad.run`.
        name: what it is called in messages and reports.
    """

    sound: NDArray[np.float64]
    input: NDArray[np.float64] | None = None
    at: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[float, Mapping[str, float]] = field(default_factory=dict)
    name: str = "target"
