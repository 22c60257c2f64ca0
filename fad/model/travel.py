"""Models between processes and machines: they travel as the texts of their programs.

What is in their sound files goes beside these; see `fad.runtime.soundfiles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from fad.base.source import Source
from fad.pipeline.front import Front


@dataclass(frozen=True)
class Texts:
    """A program as texts.

    Attributes:
        name: of its file.
        program: its text.
        files: path -> text of each file that it imports and that is no standard library.
    """

    name: str
    program: str
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Writes the files that the program imports into a folder."""
        write_files(folder, {name: text.encode() for name, text in self.files.items()})

    @property
    def source(self) -> Source:
        """The program."""
        return Source(self.name, self.program, is_given=True)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes files into a folder, and makes the folders in it that they are in.

    Args:
        folder: the folder.
        files: path in it -> content.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def texts_of(front: Front, include: Sequence[Path]) -> Texts:
    """The texts of a program.

    Args:
        front: how it was read.
        include: the folders of its imports.
    """
    folders = [front.folder.absolute(), *(folder.absolute() for folder in include)]
    files: dict[str, str] = {}
    for file in front.libraries.files:
        for folder in folders:
            with suppress(ValueError):
                name = str(PurePath(file.absolute().relative_to(folder)))
                if file != front.source.path:
                    files.setdefault(name, file.read_text("utf-8", "replace"))
                break
    return Texts(front.source.name, front.source.text, files)
