"""How many examples the property tests try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """This many examples, always the same; `FAD_EXAMPLES=N` asks for N random ones."""
    wanted = os.environ.get("FAD_EXAMPLES")
    return settings(
        max_examples=int(wanted or count),
        deadline=None,
        derandomize=wanted is None,
        suppress_health_check=list(HealthCheck),
    )
