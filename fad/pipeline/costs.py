"""What the derivatives of a program cost in either mode, and which mode that speaks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: From the variables to the outputs, or back.
OneMode = Literal["forward", "reverse"]


@dataclass(frozen=True)
class Costs:
    """What either mode costs at run time, in runs of the program itself: an estimate.

    What a mode costs is `None` where it refuses the program.

    Attributes:
        variables: their number.
        forward: the program with its derivatives, in forward mode.
        recording: the program that records, in reverse mode.
        adjoint: the program on reversed time.
        tape: the number of lanes that are recorded.
        refusal: why a mode refuses the program, in a sentence; empty where none does.
    """

    variables: int
    forward: float | None
    recording: float | None
    adjoint: float | None
    tape: int | None
    refusal: str = ""

    @property
    def reverse(self) -> float | None:
        """Both programs of reverse mode together."""
        if self.recording is None or self.adjoint is None:
            return None
        return self.recording + self.adjoint

    @property
    def cheaper(self) -> OneMode:
        """The mode to take: the cheaper one, and forward mode if they cost the same."""
        if self.reverse is None or (self.forward is not None and self.forward <= self.reverse):
            return "forward"
        return "reverse"

    @property
    def reason(self) -> str:
        """Why that one, in a sentence."""
        if self.forward is None or self.reverse is None:
            return f"{self.cheaper} mode, as the other one refuses: {self.refusal}"
        costs = {"forward": self.forward, "reverse": self.reverse}
        mine = costs.pop(self.cheaper)
        ((other, its),) = costs.items()
        return (
            f"{self.cheaper} mode, which takes about {mine:.1f} runs of the program; "
            f"{other} mode takes {its:.1f}"
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {
            "unit": "runs of the program",
            "variables": self.variables,
            "forward": _rounded(self.forward),
            "reverse": _rounded(self.reverse),
            "recording": _rounded(self.recording),
            "adjoint": _rounded(self.adjoint),
            "tape": self.tape,
            "cheaper": self.cheaper,
            **({"refusal": self.refusal} if self.refusal else {}),
        }


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 3)
