"""The files of a program: where an `import` or a `library` finds them, each read once."""

from __future__ import annotations

import codecs
import importlib.util
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from fad.base.cache import Cache
from fad.base.errors import SourceError
from fad.base.prose import either, nearest
from fad.base.source import Source, Span
from fad.syntax import module as modules
from fad.syntax.module import Module

__all__ = [
    "Libraries",
    "Module",
    "decode",
    "embedded_folder",
    "installed_folders",
    "own_folder",
    "read_source",
    "standard_folders",
]

#: A program: its text, the path of its file, or both.
ProgramLike = str | Path | Source

_LIBRARY_PATH_VARIABLE = "FAUST_LIB_PATH"
_SUFFIXES = (".lib", ".dsp")
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r")
# The share of control characters above which a file is taken for something else than a text.
_CONTROLS_LIMIT = 0.02


@dataclass(frozen=True)
class Libraries:
    """Finds, reads and parses the files that a program is made of.

    Args:
        search: folders to search before the standard ones (`-I`), in order.
        main: the folder of the main program; the current one by default.
        cache: where parsed files are kept between runs.
        replacement: a folder of libraries that are used instead of the standard ones.
    """

    search: Sequence[Path] = ()
    main: Path = Path()
    cache: Cache = field(default_factory=Cache)
    replacement: Path | None = None
    _loaded: dict[Path, Module] = field(default_factory=dict, init=False, repr=False, compare=False)
    _named: dict[str, set[Path]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _files: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that were parsed up to now, in order."""
        return tuple(self._files)

    def load(self, path: str, importer: Source | None = None, span: Span | None = None) -> Module:
        """The module of a file named in a program.

        Looked for in the folder of the importing file, then in `folders`, then in `standard`.

        Args:
            path: the path as written.
            importer: the text it is written in.
            span: where it is written.

        Raises:
            SourceError: the file is missing or not a text; the place is `span`.
            ParseError: the file is not Faust; the place is in that file.
        """
        if "http://" in path or "https://" in path:
            raise SourceError(
                f"cannot import `{path}` from the network",
                span,
                "download the file and import the copy",
            )
        found = self._find(path, importer, span)
        self._named.setdefault(path, set()).add(found.resolve())
        return self._module(found, span)

    def text(self, path: str) -> str:
        """The text of a file named in a program, not parsed.

        Raises:
            SourceError: the file is missing or not a text.
        """
        return read_source(self._find(path, None, None)).text

    def parse(self, source: Source) -> Module:
        """The module of a text that was read elsewhere, such as the main program.

        Raises:
            ParseError: the text is not Faust.
        """
        if source.path is not None:
            self._files.append(source.path)
        return modules.load(source, self.cache)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The user's folders, nearest first: the main program's, those of `search`, and those of
        the environment variable `FAUST_LIB_PATH`."""
        variable = os.environ.get(_LIBRARY_PATH_VARIABLE, "")
        return (self.main, *self.search, *map(Path, filter(None, variable.split(os.pathsep))))

    @cached_property
    def standard(self) -> tuple[Path, ...]:
        """The folders of the standard libraries, nearest first; see `standard_folders`."""
        if self.replacement is not None:
            return (self.replacement, own_folder())
        return standard_folders()

    @property
    def are_found_by_libfaust(self) -> bool:
        """Whether libfaust, with the same folders, finds the same files as were loaded so far.

        It looks in the folder of an importing file last, and what it has read once under a path it
        takes wherever that path occurs.
        """
        for path, files in self._named.items():
            found = self._first(path, (*self.folders, *self.standard))
            if len(files) > 1 or (found is not None and found.resolve() not in files):
                return False
        return True

    def _find(self, path: str, importer: Source | None, span: Span | None) -> Path:
        found = self._first(path, self._folders(importer))
        if found is None:
            raise self._missing(path, importer, span)
        return found

    def _first(self, path: str, folders: Iterable[Path]) -> Path | None:
        path = path.removeprefix("file://")
        candidates = (folder / path for folder in folders)
        return next((file for file in candidates if os.path.isfile(file)), None)

    def _module(self, path: Path, span: Span | None) -> Module:
        resolved = path.resolve()
        if resolved not in self._loaded:
            library = self._library(resolved)
            is_ours = any(resolved.is_relative_to(folder.resolve()) for folder in _our_folders())
            shown = library if is_ours else None
            source = replace(read_source(path, shown, span), library=library)
            self._loaded[resolved] = self.parse(source)
        return self._loaded[resolved]

    def _folders(self, importer: Source | None) -> Iterator[Path]:
        if importer is not None and importer.path is not None:
            yield importer.path.parent
        yield from self.folders
        yield from self.standard

    def _library(self, resolved: Path) -> str | None:
        """The name of a file among the standard libraries, if it is one of them."""
        for folder in map(Path.resolve, self.standard):
            if resolved.is_relative_to(folder):
                return resolved.relative_to(folder).as_posix()
        return None

    def _missing(self, path: str, importer: Source | None, span: Span | None) -> SourceError:
        message = f"cannot find `{path}`"
        if os.path.isdir(path):
            message += ", which is a folder"
        if Path(path).is_absolute():
            return SourceError(message, span)
        folders = list(dict.fromkeys(self._folders(importer)))
        replaced = self.replacement is not None
        hidden = [own_folder()] if replaced else [folder.resolve() for folder in self.standard]
        own = [str(folder) for folder in folders if folder.resolve() not in hidden]
        hint = f"looked in {', '.join(f'`{folder}`' for folder in own)}"
        hint += "" if replaced else " and the standard libraries"
        available = {name for folder in folders for name in _files(folder)}
        # The endings would make all names look alike.
        stems = {Path(name).stem: name for name in sorted(available)}
        if similar := nearest(Path(path).stem, stems):
            hint = f"did you mean {either(stems[stem] for stem in similar)}? {hint}"
        return SourceError(message, span, hint)


def read_source(path: str | Path, shown: str | None = None, span: Span | None = None) -> Source:
    """Reads a text file.

    Args:
        path: the file.
        shown: its name in messages; by default the path.
        span: what asked for it, the place of an error.

    Raises:
        SourceError: the file is missing, unreadable, or not a text.
    """
    name = str(path) if shown is None else shown
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise SourceError(f"cannot find `{name}`", span) from None
    except IsADirectoryError:
        raise SourceError(f"`{name}` is a folder, not a file", span) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"cannot read `{name}`: {reason}", span) from None
    return decode(data, name, Path(path), span)


def as_source(program: ProgramLike) -> Source:
    """A program that is given as a text, as the path of a file, or as a source already.

    A single line that ends with `.dsp` is a path: no program is such a line.

    Raises:
        SourceError: the file is missing, unreadable, or not a text; it is none of these.
    """
    if isinstance(program, Source):
        return program
    if isinstance(program, str) and ("\n" in program or not program.endswith(".dsp")):
        return Source("<text>", program)
    if isinstance(program, (str, os.PathLike)):
        return read_source(Path(program))
    raise SourceError(f"a program is a text, or the path of a file, not {program!r}"[:200])


def decode(data: bytes, name: str, path: Path | None = None, span: Span | None = None) -> Source:
    """The text in some bytes.

    Faust does not say how its texts are encoded: they are taken for UTF-8 and, where that fails,
    for Latin-1, in which every byte is a character.

    Args:
        data: the bytes.
        name: the text's name in messages.
        path: the file they come from, if they do.
        span: what asked for it, the place of an error.

    Raises:
        SourceError: the bytes are not a text.
    """
    if not _looks_like_text(data):
        raise SourceError(f"`{name}` is not a text file", span)
    encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        encoding = "latin-1"
        text = data.decode(encoding)
    return Source(name, text, path, encoding=encoding)


def _looks_like_text(data: bytes) -> bool:
    controls = len(data) - len(data.translate(None, delete=_CONTROLS))
    return b"\0" not in data and controls <= len(data) * _CONTROLS_LIMIT


@cache
def embedded_folder() -> Path | None:
    """The standard libraries that come with cyfaust, if that is installed.

    They fit the compiler that comes with it, which judges all that fad writes.
    """
    # Found without importing it, which would load the whole compiler.
    package = importlib.util.find_spec("cyfaust")
    locations = (package.submodule_search_locations or []) if package else []
    folders = [Path(location) / "resources" / "libraries" for location in locations]
    return next((folder for folder in folders if folder.is_dir()), None)


def own_folder() -> Path:
    """Where the library that comes with fad is."""
    return Path(__file__).resolve().parents[1] / "lib"


def installed_folders() -> tuple[Path, ...]:
    """The libraries of a Faust that is installed on the system; often none."""
    folders = [Path("/usr/local/share/faust"), Path("/usr/share/faust")]
    if executable := shutil.which("faust"):
        folders.insert(0, Path(executable).resolve().parent.parent / "share" / "faust")
    return tuple(folder for folder in dict.fromkeys(folders) if folder.is_dir())


def standard_folders() -> tuple[Path, ...]:
    """Where the standard libraries are, nearest first: those that come with fad, then those of an
    installed Faust, which serve for files that the others do not have: they may be written for
    another version of the language."""
    return (*_our_folders(), *installed_folders())


def _our_folders() -> tuple[Path, ...]:
    """The libraries that come with cyfaust, and fad's own."""
    embedded = embedded_folder()
    return (own_folder(),) if embedded is None else (embedded, own_folder())


def _files(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith(_SUFFIXES)]
    except OSError:
        return []
