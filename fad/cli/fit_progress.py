"""How a fit goes on, shown while it does; and Ctrl-C, which ends it with the best so far."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from fad.cli.options import tell

if TYPE_CHECKING:
    from rich.console import Console

    from fad.fitting.budget import Progress

#: The exit code of what was interrupted, as in shells.
_INTERRUPTED = 130
#: How often what is shown changes, at most, in seconds.
_REFRESH = 0.1


@contextmanager
def callback(
    max_seconds: float | None = None,
    max_evaluations: int | None = None,
    console: Console | None = None,
) -> Iterator[Callable[[Progress], None]]:
    """What a fit is given to tell how it goes on.

    It shows that where the standard error is a terminal. Once the fit has told something, the first
    Ctrl-C ends it with the best so far, and the second one ends all.

    Args:
        max_seconds, max_evaluations: where the fit ends, if that is known.
        console: where to show it; the standard error by default.
    """
    with (
        _shown(max_seconds, max_evaluations, console) as screen,
        _interruption(screen.note) as interruption,
    ):

        def told(progress: Progress) -> None:
            interruption.has_result = True
            if interruption.is_asked:
                raise StopIteration
            screen.show(progress)

        yield told


class _Screen(NamedTuple):
    """Where the user sees how a fit goes on.

    Attributes:
        show: shows what a fit tells.
        note: shows a line.
    """

    show: Callable[[Progress], None]
    note: Callable[[str], None]


class _Interruption:
    """Whether the user has asked for the end.

    Args:
        note: shows a line.

    Attributes:
        has_result: whether there is a result that can be kept.
        is_asked: whether the end is asked for.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self.has_result = self.is_asked = False

    def handle(self, number: int, frame: object) -> None:
        """What happens on Ctrl-C."""
        if self.is_asked:
            raise SystemExit(_INTERRUPTED)  # which no fit takes for a wish for the best so far
        if not self.has_result:
            raise KeyboardInterrupt
        self.is_asked = True
        self._note("ending with the best so far; Ctrl-C again ends without it")


@contextmanager
def _interruption(note: Callable[[str], None]) -> Iterator[_Interruption]:
    found = _Interruption(note)
    if threading.current_thread() is not threading.main_thread():  # signals go to that one
        yield found
        return
    usual = signal.signal(signal.SIGINT, found.handle)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def _shown(
    max_seconds: float | None, max_evaluations: int | None, console: Console | None
) -> Iterator[_Screen]:
    """Shows starts, loss, parameters and the time that is left."""
    from rich.console import Console

    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Screen(lambda now: None, tell)
        return
    from rich import progress
    from rich.table import Table
    from rich.text import Text

    from fad.base.prose import visible

    class Display(progress.Progress):
        """A bar with a line below it."""

        line = ""

        def get_renderables(self) -> Any:
            yield self.make_tasks_table(self.tasks)
            below = Table.grid()
            below.add_row(Text(self.line, style="dim", no_wrap=True, overflow="ellipsis"))
            yield below

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TimeRemainingColumn(compact=True),
    )
    last = -math.inf
    with Display(*columns, console=console, transient=True) as display:
        task = display.add_task("compiling", total=None)

        def show(now: Progress) -> None:
            nonlocal last
            if now.seconds - last < _REFRESH:
                return
            last = now.seconds
            parts = [now.done / max(1, now.attempts)]
            parts += [] if max_seconds is None else [now.seconds / max_seconds]
            parts += [] if max_evaluations is None else [now.evaluations / max_evaluations]
            told = [now.phase, f"{now.done} of {now.attempts} starts"]
            told += [f"loss {now.loss:.4g}"] if math.isfinite(now.loss) else []
            display.line = visible(
                "  ".join(f"{path} {value:.4g}" for path, value in now.parameters.items())
            )
            display.update(
                task,
                description=visible(", ".join(told)),
                completed=min(1.0, max(parts)),
                total=1.0,
            )

        def note(line: str) -> None:
            display.line = line  # what is being drawn now is left alone: a signal came in between

        yield _Screen(show, note)
