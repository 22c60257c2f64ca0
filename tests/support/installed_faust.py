"""A Faust that is installed on the system, or seems to be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest


def install_faust(
    prefix: Path, libraries: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Puts an executable `faust` on the search path, and its libraries where they belong.

    Args:
        prefix: the folder to install it in.
        libraries: name -> text.

    Returns:
        The folder of the libraries.
    """
    executable, folder = prefix / "bin" / "faust", prefix / "share" / "faust"
    executable.parent.mkdir(parents=True)
    executable.write_text("#!/bin/sh\nexit 1\n")
    executable.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(executable.parent), os.environ["PATH"]]))
    folder.mkdir(parents=True)
    for name, text in libraries.items():
        (folder / name).write_text(text)
    return folder
