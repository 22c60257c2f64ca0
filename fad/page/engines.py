"""The standard compiler of a page, where there is one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from fad.runtime.renderer import Renderer

#: The module that makes it; see web/python/.
_BROWSER = "browser_engine"


class PageEngine(Renderer, Protocol):
    """The standard compiler as a page needs it: `fad.Engine` will do, too."""

    def diagrams(self, source: str, name: str, *, fold: int) -> dict[str, str]:
        """The block diagrams of a program that needs no library: file name -> SVG.

        Args:
            source: a Faust text.
            name: the program's name, for messages.
            fold: a program with more boxes than this is drawn on several sheets.

        Raises:
            EngineRefusal: the program is not accepted.
            EngineError: it cannot be drawn.
        """


def page_engine() -> PageEngine | None:
    """The standard compiler in this page; `None` where Python runs elsewhere."""
    if find_spec(_BROWSER) is None:
        return None
    engine: PageEngine = import_module(_BROWSER).engine()
    return engine
