"""What fad has to work with on this machine: compilers, libraries, packages and the cache."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from fad.base.cache import Cache
from fad.base.errors import EngineError
from fad.base.version import __version__
from fad.runtime.compiler import ADVICE, find_compiler
from fad.runtime.engine import Engine
from fad.syntax.libraries import embedded_folder, installed_folders, own_folder

_TIME_LIMIT = 20.0
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_ALL = "all commands"
#: Package -> what does not work without it.
_PACKAGES = {
    "click": _ALL,
    "lark": _ALL,
    "networkx": "reverse mode",
    "platformdirs": _ALL,
    "cyfaust": "check, run, diagram; the standard libraries",
    "numpy": "check, run",
    "rich": "params, check, run, doctor",
    "soundfile": "sound files, in check, run and estimate",
}
#: The same of those that not everybody needs.
_EXTRAS = {
    "matplotlib": "run --plot",
    "scipy": "fit",
    "threadpoolctl": "fit",
    "cma": "fit of what has no derivative",
    "mido": "fit --midi",
    "PyYAML": "fit with settings in YAML",
    "joblib": "fit --jobs",
}


@dataclass(frozen=True)
class Component:
    """A program or package.

    Attributes:
        name: what it is called.
        version: its version; `unknown` if it does not tell, `None` if it is missing or broken.
        place: where it is, or what is wrong with it.
        needed_for: what does not work without it; empty if nothing.
        is_required: whether fad is broken without it.
        advice: how to get it, where that is not plain.
    """

    name: str
    version: str | None
    place: str = ""
    needed_for: str = ""
    is_required: bool = False
    advice: str = ""


@dataclass(frozen=True)
class LibraryFolder:
    """A folder of the standard libraries.

    Attributes:
        origin: whose libraries they are: `cyfaust`, `fad` or `installed Faust`.
        folder: its path; `None` if it is missing.
        files: how many libraries there are.
        version: the version of the libraries, as they tell.
    """

    origin: str
    folder: str | None
    files: int = 0
    version: str = ""


@dataclass(frozen=True)
class CacheFacts:
    """What is kept between runs.

    Attributes:
        folder: where.
        distrust: why the folder is not used, `None` if it is.
        entries: how many files are kept.
        size: how many bytes they take.
        limit: how many bytes they may take.
    """

    folder: str
    distrust: str | None
    entries: int
    size: int
    limit: int


@dataclass(frozen=True)
class Installation:
    """All of it.

    Attributes:
        components: programs and packages.
        libraries: where the standard libraries are, nearest first.
        cache: what is kept between runs.
    """

    components: tuple[Component, ...]
    libraries: tuple[LibraryFolder, ...]
    cache: CacheFacts

    @property
    def missing(self) -> tuple[str, ...]:
        """A sentence about each thing that is missing, with what does not work without it."""
        told = [
            f"{component.name} is missing: needed for {component.needed_for}"
            + (f"; {component.advice}" if component.advice else "")
            for component in self.components
            if component.version is None and component.needed_for
        ]
        told += [f"there are no libraries of {f.origin}" for f in self.libraries if not f.files]
        if self.cache.distrust is not None:
            told.append(f"nothing is kept between runs: {self.cache.distrust}")
        return tuple(told)

    @property
    def works(self) -> bool:
        """Whether nothing is missing that fad cannot do without."""
        required = [component for component in self.components if component.is_required]
        return all(c.version is not None for c in required) and all(f.files for f in self.libraries)

    def to_json(self) -> dict[str, Any]:
        """The same as plain data, with what is missing."""
        return {**asdict(self), "missing": list(self.missing), "works": self.works}


def inspect() -> Installation:
    """Looks at this machine. Compilers are asked for their versions, and libfaust is started."""
    components = (
        Component("fad", __version__, str(Path(__file__).parents[1])),
        Component("Python", platform.python_version(), sys.executable),
        _libfaust(),
        *(_package(name, needed_for) for name, needed_for in _PACKAGES.items()),
        *(_package(name, needed_for, is_required=False) for name, needed_for in _EXTRAS.items()),
        _compiler(),
        _installed_faust(shutil.which("faust")),
    )
    return Installation(components, tuple(_libraries()), _cache(Cache()))


def _libfaust() -> Component:
    needed_for = "check, run, diagram"
    try:
        with Engine(time_limit=_TIME_LIMIT) as engine:
            text = engine.expand("process = _;", "version.dsp")
    except EngineError as error:
        reason = str(error).strip().splitlines()
        return Component("libfaust", None, reason[-1] if reason else "", needed_for, True)
    found = re.search(r'declare version "([^"]*)"', text)
    return Component(
        "libfaust", found[1] if found else "unknown", "in cyfaust", needed_for, is_required=True
    )


def _package(name: str, needed_for: str, is_required: bool = True) -> Component:
    try:
        version = version_of(name)
    except PackageNotFoundError:
        return Component(name, None, "", needed_for, is_required)
    return Component(name, version, "", needed_for, is_required)


def _compiler() -> Component:
    name, compiler = "C++ compiler", find_compiler()
    needed_for = "fast runs, and foreign functions, in check, run, call and Python"
    if compiler is None:
        return Component(name, None, "", needed_for, advice=ADVICE)
    return Component(name, _version_in(compiler.version) or "unknown", compiler.path, needed_for)


def _installed_faust(path: str | None) -> Component:
    name = "installed Faust"
    if path is None:
        return Component(name, None)
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=_TIME_LIMIT)
    except (OSError, subprocess.TimeoutExpired):
        return Component(name, "unknown", path)
    told = done.stdout.decode("utf-8", "replace")
    return Component(name, _version_in(told) or "unknown", path)


def _version_in(text: str) -> str | None:
    """The number of a version in a text, if there is one."""
    found = _VERSION.search(text)
    return found[0] if found else None


def _libraries() -> Iterator[LibraryFolder]:
    folders = [("cyfaust", embedded_folder()), ("fad", own_folder())]
    for origin, folder in [*folders, *(("installed Faust", f) for f in installed_folders())]:
        if folder is None:
            yield LibraryFolder(origin, None)
        else:
            files = len(list(folder.glob("*.lib")))
            yield LibraryFolder(origin, str(folder), files, _library_version(folder))


def _library_version(folder: Path) -> str:
    """The version of the standard libraries in a folder, if they tell."""
    try:
        text = (folder / "version.lib").read_text("utf-8", "replace")
    except OSError:
        return ""
    told = re.search(r"^version\s*=([^;]*);", re.sub(r"//.*", "", text), re.MULTILINE)
    return ".".join(re.findall(r"\d+", told[1])) if told else ""


def _cache(cache: Cache) -> CacheFacts:
    entries, size = cache.entries()
    return CacheFacts(str(cache.root), cache.distrust, entries, size, cache.size)
