"""Live signals: a model that goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """Where a program is after some samples; it does not change.

    Attributes:
        items: the state of each item of a batch, or of the single signal.
        batch: the number of items, or `None` for a single signal.
        moved: the paths of the widgets that are not where they start.
    """

    items: tuple[Any, ...]
    batch: int | None
    moved: frozenset[str] = frozenset()
