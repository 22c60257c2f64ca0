"""C++ compilers: that of the system, or one that is installed as a package of Python."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path

from fad.base.cache import Cache
from fad.base.errors import EngineError
from fad.base.prose import either

#: Those of the system: the first one that is there counts.
NAMES = ("g++", "clang++", "c++")
#: What somebody without a compiler can do.
ADVICE = (
    f"install {either(NAMES)}, or a compiler as a package of Python: "
    "`pip install 'faust-fad[native]'`"
)
#: What somebody can do whose compiler fails.
_OTHERWISE = (
    'libfaust\'s interpreter needs no compiler, and takes longer: `backend="interpreter"` or '
    "`native=False` in Python, `--interpreter` in the shell"
)
#: The package of Python that has a compiler.
_PACKAGE = "ziglang"
#: It would compile for the processor that it runs on, and what is kept may run on another one; it
#: would add what finds mistakes and what a debugger needs.
_PACKAGE_OPTIONS = ("-mcpu=baseline", "-fno-sanitize=undefined", "-s")
#: Where it keeps the standard library of C++, which it compiles once, in fad's cache.
_PACKAGE_FOLDER = "zig"
_TIME_LIMIT = 20.0


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler that takes the options of `g++`.

    Attributes:
        command: what begins a command line with it; first the path of a program.
        is_package: whether it is the package of Python.
    """

    command: tuple[str, ...]
    is_package: bool = False

    @property
    def path(self) -> str:
        """Where it is."""
        return self.command[0]

    @property
    def version(self) -> str:
        """What it says that it is; empty if it says nothing."""
        return _package_version() if self.is_package else _told(self.path)

    def variables(self, home: Path) -> Mapping[str, str]:
        """The variables of the environment that keep its files where they belong.

        Args:
            home: a folder for temporary files.
        """
        # Temporary files go with the folder, even when the compiler is killed.
        # The words of its messages have to be known.
        variables = {"TMPDIR": str(home), "LC_ALL": "C"}
        if self.is_package:
            kept = Cache(programs=True).subfolder(_PACKAGE_FOLDER)
            variables["ZIG_LOCAL_CACHE_DIR"] = str(home)
            variables["ZIG_GLOBAL_CACHE_DIR"] = str(home if kept is None else kept)
        return variables


def find_compiler() -> Compiler | None:
    """The C++ compiler of the system, or that of Python; `None` where there is neither."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is not None:
        return Compiler((path,))
    spec = find_spec(_PACKAGE)
    folders = (spec and spec.submodule_search_locations) or ()
    program = next(filter(None, (shutil.which("zig", path=folder) for folder in folders)), None)
    if program is None:
        return None
    return Compiler((program, "c++", *_PACKAGE_OPTIONS), is_package=True)


@contextmanager
def otherwise_interpreted(has_headers: bool) -> Iterator[None]:
    """Errors of a compiler tell what needs none.

    Args:
        has_headers: whether the program has headers of its own, which need one.
    """
    try:
        yield
    except EngineError as error:
        error.hint = error.hint or (None if has_headers else _OTHERWISE)
        raise


@cache
def _told(path: str) -> str:
    """What a compiler says of its version, asked once."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=_TIME_LIMIT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _package_version() -> str:
    try:
        return version_of(_PACKAGE)
    except PackageNotFoundError:  # copied, not installed
        return ""
