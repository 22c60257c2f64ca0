"""How tests run programs with `fad.run`."""

from __future__ import annotations

import fad
from fad.runtime.engine import Engine
from fad.runtime.recording import Recording


def recorded(engine: Engine, text: str, **options: object) -> Recording:
    options = {"seconds": 0.01, "engine": engine, **options}
    return fad.run(text, **options)  # type: ignore[arg-type]
