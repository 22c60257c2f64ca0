"""`--watch`: a command does its work again whenever a file changes that it depends on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from fad.base.prose import counted
from fad.cli.options import STANDARD_INPUT, forget_programs, tell
from fad.cli.results import Outcome

_INTERVAL = 0.3  # seconds
_SUFFIXES = (".dsp", ".lib")

#: Path -> what is another one when the file, or folder, has changed.
_State = Mapping[Path, Hashable]


def watch(work: Callable[[Sequence[str]], Mapping[str, Outcome]], files: Sequence[str]) -> NoReturn:
    """Does some work for programs, and again for those that change, until it is interrupted.

    Args:
        work: what to do with some of the programs; it shows its errors itself.
        files: the programs.
    """
    if STANDARD_INPUT in files:
        raise click.UsageError("`--watch` is about files: the standard input does not change")
    seen: dict[str, _State] = {}
    changed = list(files)
    while True:
        before = {path: state for each in seen.values() for path, state in each.items()}
        forget_programs()
        for file, outcome in work(changed).items():
            # What changed while the work was done has another state than before it.
            known = _depends_on(file, outcome, seen.get(file, {}))
            seen[file] = {path: before.get(path, _state(path)) for path in known}
        count = len({path for each in seen.values() for path in each if not path.is_dir()})
        tell(f"watching {counted(count, 'file')}; Ctrl-C ends that")
        changed = []
        while not changed:
            time.sleep(_INTERVAL)
            now = {path: _state(path) for each in seen.values() for path in each}
            changed = [file for file, each in seen.items() if any(now[p] != each[p] for p in each)]
        for file in changed:
            moved = [str(path) for path in seen[file] if now[path] != seen[file][path]]
            tell(f"changed: {', '.join(moved)}")
            seen[file] = {path: now[path] for path in seen[file]}


def _depends_on(file: str, outcome: Outcome, last: _State) -> set[Path]:
    """The files that a result depends on.

    Those of a program that failed are not all known: what it depended on before counts, and the
    folders of what is known, where a file that is missing may appear.
    """
    known = {Path(os.path.abspath(path)) for path in (Path(file), *outcome.files)}
    if outcome.failed:
        known |= last.keys()
        known |= {path.parent for path in known if not path.is_dir()}
    return known


def _state(path: Path) -> Hashable:
    try:
        if path.is_dir():
            return tuple(sorted(name for name in os.listdir(path) if name.endswith(_SUFFIXES)))
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
