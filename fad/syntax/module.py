"""Parsed files, kept on disk in a form that costs only what is used of it.

A library defines hundreds of functions of which a program uses a few. So a stored module is an
index and, behind it, the definitions of each name, which are decoded when the name is asked for.
All of it is plain data (see `encoding`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import encoding, parser
from fad.syntax.nodes import Declare, Definition, Import, Statement

_LENGTH_SIZE = 8
#: The types of what is stored; in an index, each name is followed by the size of its definitions.
_INDEX = tuple[tuple[Import, ...], tuple[Declare, ...], dict[str, int]]
_DEFINITIONS = tuple[Definition, ...]
#: What an encoding that cannot be read raises; the second, one that is too deep for this thread.
_UNREADABLE = (encoding.Malformed, RecursionError)

_Definitions = dict[str, tuple[Definition, ...]]


class Module:
    """What one text contains; made by `load`.

    Attributes:
        source: the text.
        imports: its `import` statements on the top level, in order.
        declares: its `declare` statements on the top level, in order.
    """

    def __init__(
        self,
        source: Source,
        imports: tuple[Import, ...],
        declares: tuple[Declare, ...],
        definitions: Mapping[str, tuple[Definition, ...] | bytes],
        parse: Callable[[], _Definitions],
    ) -> None:
        self.source = source
        self.imports = imports
        self.declares = declares
        self._definitions: dict[str, tuple[Definition, ...] | bytes] = dict(definitions)
        self._parse = parse

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the text defines on its top level, in order of first appearance."""
        return tuple(self._definitions)

    def definitions(self, name: str) -> tuple[Definition, ...]:
        """All definitions of a name, for whichever precision, in order; often none."""
        found = self._definitions.get(name, ())
        if isinstance(found, bytes):
            try:
                found = self._definitions[name] = encoding.decode(found, _DEFINITIONS)
            except _UNREADABLE:
                self._definitions = dict(self._parse())
                found = self.definitions(name)
        return found


def load(source: Source, store: Cache) -> Module:
    """The module of a text: from the cache when the same text was parsed before.

    Raises:
        ParseError: the text is not Faust.
    """

    def parse() -> _Definitions:
        return _sorted(parser.parse(source, store))[2]

    key = _key(source)
    if (data := store.get(key)) is not None:
        with suppress(*_UNREADABLE):
            return Module(source, *_unpacked(data), parse)
    imports, declares, definitions = _sorted(parser.parse(source, store))
    with suppress(RecursionError):  # Too deep to encode: such a text is parsed anew each time.
        store.put(key, _packed(imports, declares, definitions))
    return Module(source, imports, declares, definitions, parse)


def _key(source: Source) -> str:
    """Everything that decides the stored bytes: the text, and the code that reads it."""
    text = source.text.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(_encoder() + text).hexdigest()
    return f"syntax-{parser.fingerprint()[:32]}-{digest}"


@cache
def _encoder() -> bytes:
    return b"".join(Path(file).read_bytes() for file in (encoding.__file__, __file__))


def _sorted(
    statements: tuple[Statement, ...],
) -> tuple[tuple[Import, ...], tuple[Declare, ...], _Definitions]:
    definitions: dict[str, list[Definition]] = {}
    for statement in statements:
        if isinstance(statement, Definition):
            definitions.setdefault(statement.name, []).append(statement)
    return (
        tuple(statement for statement in statements if isinstance(statement, Import)),
        tuple(statement for statement in statements if isinstance(statement, Declare)),
        {name: tuple(variants) for name, variants in definitions.items()},
    )


def _packed(
    imports: tuple[Import, ...],
    declares: tuple[Declare, ...],
    definitions: Mapping[str, tuple[Definition, ...]],
) -> bytes:
    blobs = {name: encoding.encode(variants) for name, variants in definitions.items()}
    sizes = {name: len(blob) for name, blob in blobs.items()}
    index = encoding.encode((imports, declares, sizes))
    return b"".join([len(index).to_bytes(_LENGTH_SIZE, "big"), index, *blobs.values()])


def _unpacked(
    data: bytes,
) -> tuple[tuple[Import, ...], tuple[Declare, ...], dict[str, tuple[Definition, ...] | bytes]]:
    start = _LENGTH_SIZE + int.from_bytes(data[:_LENGTH_SIZE], "big")
    imports, declares, sizes = encoding.decode(data[_LENGTH_SIZE:start], _INDEX)
    definitions: dict[str, tuple[Definition, ...] | bytes] = {}
    for name, size in sizes.items():
        definitions[name] = data[start : start + size]
        start += size
    return imports, declares, definitions
