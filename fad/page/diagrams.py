"""Block diagrams for the page, as the standard compiler draws them."""

from __future__ import annotations

from contextlib import nullcontext

from fad.drawing.block_diagrams import FOLD, tidied
from fad.page.engines import page_engine
from fad.pipeline.program import Program
from fad.runtime.engine import Engine


def sheets(program: Program) -> dict[str, str]:
    """The sheets of a program: file name -> SVG, from `process.svg` on; they link to each other.

    Raises:
        EngineError: the standard compiler does not draw the program.
    """
    engine = page_engine()
    with Engine() if engine is None else nullcontext(engine) as drawing:
        return tidied(drawing.diagrams(program.source, program.name, fold=FOLD))
