"""How much a fit may cost, and what is told of it while it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fad.fitting.result import Ending


@dataclass(frozen=True)
class Progress:
    """What is told of a fit while it runs.

    Attributes:
        phase: what is going on, in words.
        done, attempts: how many attempts have ended, and how many there may be.
        loss: the best final loss so far; infinite where there is none.
        parameters: path -> value there; empty where there is none.
        evaluations: how many times the program has run.
        seconds: for how long.
    """

    phase: str
    done: int
    attempts: int
    loss: float
    parameters: Mapping[str, float]
    evaluations: int
    seconds: float


#: Called now and then; `StopIteration` ends the fit, which gives the best so far.
Callback = Callable[[Progress], object]


class SpentError(Exception):
    """The fit ends here.

    Attributes:
        ending: why.
    """

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending: Ending = ending


@dataclass
class Budget:
    """What may be used.

    Attributes:
        seconds: the time; without limit by default.
        evaluations: how many times the program may run; without limit by default.
    """

    seconds: float = math.inf
    evaluations: float = math.inf
    _begun: float = field(default_factory=time.monotonic, init=False)

    @property
    def elapsed(self) -> float:
        """How long it has run, in seconds."""
        return time.monotonic() - self._begun

    def check(self, evaluations: int) -> None:
        """Ends the fit where it is used up.

        Args:
            evaluations: how many times the program has run.

        Raises:
            SpentError: it is.
        """
        if evaluations >= self.evaluations or self.elapsed >= self.seconds:
            raise SpentError("limit")
