"""Command lines of fad, run as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from tests.support.places import ROOT

#: What a command line begins with.
COMMAND = (sys.executable, "-m", "fad")
#: What it runs in: the fad of this checkout, wherever the current folder is.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    "PYTHONUTF8": "1",
}


class Run(Protocol):
    """Runs a command line to its end, with a text on its standard input or none."""

    def __call__(
        self, *arguments: str, input: str | None = None
    ) -> subprocess.CompletedProcess[str]: ...


def command_line(folder: Path) -> Run:
    """Runs command lines of fad in a folder."""

    def run(*arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            env=ENVIRONMENT,
            input=input,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    return run
