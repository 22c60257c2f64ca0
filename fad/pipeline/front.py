"""The front of every job: a program is found, parsed and evaluated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fad.base.errors import SourceError
from fad.base.precision import Precision
from fad.base.source import Source
from fad.diagram.box import Box, ForeignFunction, ForeignValue, Soundfile, postorder
from fad.diagram.labels import sound_files
from fad.differentiation.expressions import RuleExpressions
from fad.differentiation.operations import Operations
from fad.differentiation.operators import DerivativeOperators
from fad.evaluation.core import Evaluation
from fad.evaluation.evaluator import Evaluator
from fad.syntax.libraries import Libraries, ProgramLike, as_source
from fad.syntax.module import Module


@dataclass(frozen=True)
class Request:
    """A program, and what it is read with.

    Attributes:
        program: a text, or the path of a file.
        include: folders to search for imported files, before the standard ones.
        precision: which precision-prefixed definitions count.
        rules: a Faust text or file with the user's derivatives of functions.
        libraries: a folder of libraries to use instead of the standard ones.
    """

    program: ProgramLike
    include: Sequence[str | Path] = ()
    precision: Precision = "double"
    rules: ProgramLike | None = None
    libraries: str | Path | None = None


@dataclass(frozen=True)
class Front:
    """A program that was read, with what it takes to evaluate and to differentiate it.

    Attributes:
        module: the program, parsed.
        libraries: finds and parses what it imports.
        precision: see `Request`.
        operations: what single functions do to tangents, by the tables and by the user's rules.
        rules: the user's rules, parsed.
    """

    module: Module
    libraries: Libraries
    precision: Precision
    operations: Operations
    rules: Module | None = None

    @property
    def source(self) -> Source:
        """The text of the program."""
        return self.module.source

    @property
    def name(self) -> str:
        """The file name of the program."""
        return Path(self.source.name).name

    @property
    def title(self) -> str:
        """What hosts call the program: the name that it declares, or that of its file."""
        return title_of(self.module)

    @property
    def folder(self) -> Path:
        """Where the files are that the program names."""
        return folder_of(self.source)

    def is_own(self, source: Source) -> bool:
        """Whether a text is the user's own: the program, or a file of Faust's in its folder.

        A file that does not look like one of Faust's may hold what nobody is meant to see.
        """
        if source.is_given:
            return True
        main = self.source.path
        if main is None or source.path is None or source.library is not None:
            return False
        is_near = source.path.resolve().is_relative_to(main.resolve().parent)
        return is_near and source.may_be_quoted

    def files(self, *processes: Box) -> tuple[Path, ...]:
        """The files that were read, and those that diagrams name: sound files and headers."""
        parts = (part for process in processes for part in postorder(process))
        named = (self.folder / name for part in parts for name in _named_files(part))
        return tuple(dict.fromkeys((*self.libraries.files, *named)))

    @property
    def declares(self) -> list[str]:
        """The program's own metadata, as written, but that it cannot end a comment: libfaust writes
        it into one at the top of its C++."""
        return [
            f'declare {declare.key} "{declare.value.replace("*/", "* /")}";'
            for declare in self.module.declares
            if declare.function is None
        ]

    def evaluator(self) -> Evaluator:
        """What evaluates the program, and others beside it."""
        operators = DerivativeOperators(self.operations)
        return Evaluator(self.libraries, self.precision, operators, self.rules)

    def evaluated(self) -> Evaluation:
        """The program's diagram.

        Raises:
            FadError: the program has no value.
        """
        return self.evaluator().run(self.module)


def read(request: Request) -> Front:
    """Finds and parses a program.

    Raises:
        FadError: the program, the user's rules or the folder of libraries are missing or malformed.
    """
    source = _given(request.program)
    libraries = Libraries(
        tuple(map(Path, request.include)),
        folder_of(source),
        replacement=None if request.libraries is None else _existing(request.libraries),
    )
    module = libraries.parse(source)
    rules = None if request.rules is None else libraries.parse(_given(request.rules))
    # The user's rules may use the operators, which then know the rules of the tables.
    tables = DerivativeOperators(Operations(RuleExpressions(libraries)))
    operations = Operations(RuleExpressions(libraries, rules, tables))
    return Front(module, libraries, request.precision, operations, rules)


def _existing(libraries: str | Path) -> Path:
    if not os.path.isdir(libraries):
        raise SourceError(
            f"there is no folder `{libraries}`", hint="name one with `stdfaust.lib` in it"
        )
    return Path(libraries)


def _named_files(part: Box) -> list[str]:
    """The files that a part of a program names, as they are written."""
    match part:
        case Soundfile():
            return sound_files(part.label)
        case ForeignFunction() | ForeignValue():
            return [part.include[1:-1]]
    return []


def title_of(module: Module) -> str:
    """What hosts call a program: the name that it declares, or that of its file."""
    declared = [d.value for d in module.declares if (d.key, d.function) == ("name", None)]
    return next(iter(declared), Path(module.source.name).stem)


def _given(program: ProgramLike) -> Source:
    """A text that the user named."""
    return replace(as_source(program), is_given=True)


def folder_of(source: Source) -> Path:
    """The folder that a program's own files are in."""
    return source.path.parent if source.path else Path()
