"""Syntax nodes as plain data, in JSON: a text that is read back can make nodes, and nothing else.

A node is a list: the name of its class, then its fields in order. What a field may hold is taken
from the annotations of the node classes, and everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from fad.syntax import nodes

#: How deeply nodes are nested at most: JSON is written and read by recursion in C, for which there
#: is little room in a browser.
_DEEPEST = 500

#: From plain data to what it stands for.
_Decoder = Callable[[Any], Any]


class Malformed(ValueError):
    """Data that no value of the expected type is encoded as."""


def encode(value: object) -> bytes:
    """A value made of nodes, tuples, sets of strings, dictionaries, strings and numbers.

    Raises:
        RecursionError: it is nested too deeply.
    """
    return json.dumps(_plain(value, 0), separators=(",", ":")).encode("ascii")


def decode(data: bytes, expected: Any) -> Any:
    """The value that `encode` was given.

    Args:
        data: the encoded value.
        expected: its type: of the kinds that annotate the node classes, or a `dict` of them by
            strings.

    Raises:
        Malformed: there is no such value, or it is not of that type.
        RecursionError: it is nested too deeply.
    """
    try:
        return _decoder(expected)(json.loads(data))
    except (ValueError, TypeError, LookupError) as error:
        raise Malformed(str(error)) from error


def _plain(value: Any, depth: int) -> Any:
    """A value as JSON has it, so many nodes inside others."""
    if isinstance(value, nodes.Node):
        if depth == _DEEPEST:
            raise RecursionError
        kind: Any = type(value)
        names = _names(kind)
        return [kind.__name__, *[_plain(getattr(value, name), depth + 1) for name in names]]
    if isinstance(value, tuple):
        return [_plain(item, depth) for item in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {key: _plain(item, depth) for key, item in value.items()}
    return value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _decoder(expected: Any) -> _Decoder:
    """What reads values of a type."""
    origin, arguments = get_origin(expected), get_args(expected)
    if expected in (str, int, float):
        return _exactly(expected)
    if origin is tuple and arguments[1:] == (...,):
        return _tuple(_decoder(arguments[0]))
    if origin is tuple:
        return _row(tuple(map(_decoder, arguments)))
    if origin is frozenset:
        items = _tuple(_decoder(arguments[0]))
        return lambda value: frozenset(items(value))
    if origin is dict:
        return _dictionary(_decoder(arguments[1]))
    if origin is UnionType and type(None) in arguments:
        (other,) = (argument for argument in arguments if argument is not type(None))
        present = _decoder(other)
        return lambda value: None if value is None else present(value)
    kinds = arguments if origin is UnionType else (expected,)
    return _node({kind.__name__: kind for base in kinds for kind in _concrete(base)})


def _concrete(kind: type[nodes.Node]) -> list[type[nodes.Node]]:
    """A class of nodes and those that derive from it, but for the abstract ones."""
    derived = [node for child in kind.__subclasses__() for node in _concrete(child)]
    return derived or [kind]


def _exactly(kind: type) -> _Decoder:
    def decoded(value: Any) -> Any:
        if type(value) is not kind:
            raise Malformed(f"{value!r} is no {kind.__name__}")
        return value

    return decoded


def _tuple(item: _Decoder) -> _Decoder:
    def decoded(value: Any) -> Any:
        if type(value) is not list:
            raise Malformed(f"{value!r} is no list")
        return tuple([item(element) for element in value])

    return decoded


def _row(items: tuple[_Decoder, ...]) -> _Decoder:
    def decoded(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise Malformed(f"{value!r} is no list of {len(items)}")
        return tuple([item(element) for item, element in zip(items, value, strict=True)])

    return decoded


def _dictionary(item: _Decoder) -> _Decoder:
    def decoded(value: Any) -> Any:
        if type(value) is not dict:
            raise Malformed(f"{value!r} is no dictionary")
        return {key: item(element) for key, element in value.items()}

    return decoded


def _node(kinds: Mapping[str, Any]) -> _Decoder:
    def decoded(value: Any) -> Any:
        if type(value) is not list:
            raise Malformed(f"{value!r} is no node")
        kind = kinds[value[0]]
        names, items = _fields(kind)
        if len(value) != len(names) + 1:
            raise Malformed(f"{kind.__name__} has {len(names)} fields")
        node = object.__new__(kind)
        # The classes are frozen and have no slots: their own constructors would take far longer.
        contents = node.__dict__
        for name, item, element in zip(names, items, value[1:], strict=True):
            contents[name] = item(element)
        return node

    return decoded


@cache
def _fields(kind: Any) -> tuple[tuple[str, ...], tuple[_Decoder, ...]]:
    hints = get_type_hints(kind)
    names = _names(kind)
    return names, tuple(_decoder(hints[name]) for name in names)
