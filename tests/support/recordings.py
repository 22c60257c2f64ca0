"""How tests run programs with `fad.run`."""

from __future__ import annotations

from typing import Any

import fad
from fad.runtime.engine import Engine
from fad.runtime.recording import Recording


def recorded(engine: Engine, text: str | fad.Program, **options: Any) -> Recording:
    """A short run; the options are those of `fad.run`."""
    return fad.run(text, **{"seconds": 0.01, "engine": engine, **options})
