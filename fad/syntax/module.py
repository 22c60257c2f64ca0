"""Parsed files, kept on disk in a form that costs only what is used of it.

A library defines hundreds of functions of which a program uses a few. So a stored module is an
index and, behind it, one pickle for each name, which is loaded when the name is asked for.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fad.base.cache import Cache
from fad.base.source import Source
from fad.syntax import parser
from fad.syntax.nodes import Declare, Definition, Import, Statement

_LENGTH_SIZE = 8


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
    ) -> None:
        self.source = source
        self.imports = imports
        self.declares = declares
        self._definitions = dict(definitions)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the text defines on its top level, in order of first appearance."""
        return tuple(self._definitions)

    def definitions(self, name: str) -> tuple[Definition, ...]:
        """All definitions of a name, for whichever precision, in order; often none."""
        found = self._definitions.get(name, ())
        if isinstance(found, bytes):
            found = self._definitions[name] = pickle.loads(found)
        return found


def load(source: Source, cache: Cache) -> Module:
    """The module of a text: from the cache when the same text was parsed before.

    Raises:
        ParseError: the text is not Faust.
    """
    key = _key(source)
    if (data := cache.get(key)) is not None:
        return _unpacked(source, data)
    imports, declares, definitions = _sorted(parser.parse(source, cache))
    with suppress(RecursionError):  # Too deep for pickle: such a text is parsed anew each time.
        cache.put(key, _packed(imports, declares, definitions))
    return Module(source, imports, declares, definitions)


def _key(source: Source) -> str:
    """Everything that decides the stored bytes: the text, the parser, and the pickle's classes."""
    text = hashlib.sha256(source.text.encode("utf-8", "surrogatepass"))
    return f"{sys.implementation.cache_tag}-{parser.fingerprint()[:32]}-{text.hexdigest()}"


def _sorted(
    statements: tuple[Statement, ...],
) -> tuple[tuple[Import, ...], tuple[Declare, ...], dict[str, tuple[Definition, ...]]]:
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
    blobs = {name: _pickled(variants) for name, variants in definitions.items()}
    index = _pickled((imports, declares, {name: len(blob) for name, blob in blobs.items()}))
    return b"".join([len(index).to_bytes(_LENGTH_SIZE, "big"), index, *blobs.values()])


def _unpacked(source: Source, data: bytes) -> Module:
    start = _LENGTH_SIZE + int.from_bytes(data[:_LENGTH_SIZE], "big")
    imports, declares, lengths = pickle.loads(data[_LENGTH_SIZE:start])
    definitions: dict[str, tuple[Definition, ...] | bytes] = {}
    for name, length in lengths.items():
        definitions[name] = data[start : start + length]
        start += length
    return Module(source, imports, declares, definitions)


def _pickled(value: Any) -> bytes:
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
