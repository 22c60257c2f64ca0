"""What a program may cost: more never ends in practice, or does not fit into memory.

What is counted is work and not time, so that a program is refused everywhere or nowhere.
"""

from __future__ import annotations

from fad.base.errors import EvaluationError
from fad.base.source import Span

#: Definitions and calls inside each other, at most; more never ends in practice.
MAX_DEPTH = 10_000
#: Copies that one iteration makes, at most.
MAX_COPIES = 50_000
#: Calls and copies in one program, at most; the largest known programs make 33,000.
MAX_CALLS = 80_000
#: Inputs or outputs of one diagram, at most.
MAX_WIRES = 100_000
#: Steps in the evaluation of one program, at most; the largest known programs take 1,000,000.
MAX_STEPS = 1_600_000
#: Different parts of the diagram of one program, at most; the largest known programs have 12,000.
MAX_PARTS = 150_000
#: Inputs and outputs of all parts of a diagram that is differentiated, at most.
MAX_PASSED_WIRES = 60_000_000


class Steps:
    """Counts the steps of an evaluation.

    A step is about as much as it takes to evaluate one expression. Whatever takes longer, because
    a diagram is large or has many free variables, counts for more.

    Attributes:
        taken: the steps so far.
    """

    def __init__(self) -> None:
        self.taken = 0

    def take(self, count: int = 1, span: Span | None = None) -> None:
        """Counts some steps.

        Args:
            count: how many.
            span: what they are taken for.

        Raises:
            EvaluationError: they are too many.
        """
        self.taken += count
        if self.taken > MAX_STEPS:
            raise EvaluationError(
                f"the program is too large: its evaluation takes more than {MAX_STEPS} steps",
                span,
                "iterations inside each other multiply, and so do calls",
            )
