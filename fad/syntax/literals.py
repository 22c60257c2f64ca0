"""Number literals in a text: those that sliders start at, and the same with other values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal

from fad.base.source import Span
from fad.syntax import nodes
from fad.syntax.module import Module

#: The number at the end of a literal, behind a sign, blanks and comments.
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?f?\Z")
#: The powers of ten of numbers that are written without an exponent.
_PLAIN = range(-6, 10)
#: Integers from here on would be taken modulo 2**32.
_TOO_LARGE = 2**31


def slider_inits(module: Module) -> tuple[Span, ...]:
    """Where the sliders and number entries of a text start at a literal: signs and numbers."""
    sliders = (
        part
        for name in module.names
        for definition in module.definitions(name)
        for part in _inside(definition)
        if isinstance(part, nodes.Slider)
    )
    inits = (slider.init for slider in sliders)
    return tuple(
        Span(module.source, init.start, init.end)
        for init in inits
        if isinstance(init, nodes.Integer | nodes.Float)
    )


def _inside(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all nodes in it."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        values = (getattr(top, field.name) for field in fields(top))
        for value in values:
            inner: Iterable[object] = value if isinstance(value, tuple) else (value,)
            stack += [part for part in inner if isinstance(part, nodes.Node)]


def with_replaced(text: str, texts: Mapping[Span, str]) -> str:
    """A text with others in some places of it."""
    pieces = []
    done = 0
    for span, new in sorted(texts.items(), key=lambda item: item[0].start):
        pieces += [text[done : span.start], new]
        done = span.end
    return "".join([*pieces, text[done:]])


def respelled(literal: str, value: float) -> str:
    """A literal with another value, written like the old one.

    A float stays a float, and what stands between a sign and its number stays as far as there is a
    sign.

    Args:
        literal: a number, which may have a sign before it, with blanks and comments between.
        value: a finite number.
    """
    found = _NUMBER.search(literal)
    assert found is not None, literal
    sign, between = literal[:1] if found.start() else "", literal[1 : found.start()]
    number = _unsigned(abs(value), found[0])
    if value < 0:
        return f"-{between}{number}"
    # A comment behind the sign stays, and a sign with it.
    is_signed = sign == "+" or bool(between.strip())
    return f"+{between}{number}" if is_signed else number


def _unsigned(value: float, model: str) -> str:
    """A number that is not negative, written like another one."""
    exact = Decimal(repr(value)).normalize()
    is_whole = value.is_integer()
    if value and exact.adjusted() not in _PLAIN:
        _, digits, _ = exact.as_tuple()
        first, *rest = map(str, digits)
        text = f"{first}{'.' if rest else ''}{''.join(rest)}e{exact.adjusted()}"
    else:
        text = f"{exact:f}"
    is_integer = model.isdecimal()
    if model.endswith("f"):
        return f"{text}f"
    if model.startswith("."):
        text = text.removeprefix("0") if not is_whole else text
    if text.isdecimal() and (not is_integer or value >= _TOO_LARGE):
        text += "." if model.endswith(".") else ".0"
    return text
