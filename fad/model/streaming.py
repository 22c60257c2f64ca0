"""Live signals: a model that goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from fad.base.errors import FadError
from fad.model.units import Unit


@dataclass(frozen=True)
class State:
    """Where a program is after some samples; it does not change.

    Attributes:
        program: what it is a state of.
        items: the state of each item of a batch, or of the single signal.
        batch: the number of items, or `None` for a single signal.
        moved: the paths of the widgets that are not where they start.
    """

    program: Unit = field(repr=False)
    items: tuple[Any, ...]
    batch: int | None
    moved: frozenset[str] = frozenset()

    def __copy__(self) -> State:
        return self

    def __deepcopy__(self, memo: object) -> State:
        return self

    def __reduce__(self) -> NoReturn:
        raise FadError(
            "the state of a program cannot leave its process",
            hint="keep the samples since the start, and run them again there",
        )
