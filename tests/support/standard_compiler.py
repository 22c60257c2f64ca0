"""Comparison with the standard compiler: what libfaust expands a program to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import fad
from fad.base.precision import Precision
from fad.runtime.engine import Engine

#: Names that libfaust gives to diagrams, and strings, where they mean nothing.
_NAME = re.compile(r'"[^"]*"|\bID_\d+\b')
#: What matters for the scope of lambda variables in a text of libfaust's.
_TOKEN = re.compile(r'"[^"]*"|\\\((?P<variable>x\d+)\)\.\(|\bx\d+\b|[()]')


def program(text: str) -> str:
    """A whole program; a text without `process` is the expression that it stands for."""
    return text if re.search(r"\bprocess\b", text) else f"process = {text};"


def expansion(
    engine: Engine, text: str, include: Sequence[Path] = (), precision: Precision = "double"
) -> str:
    """The core diagram of a program as libfaust prints it, up to the variables of lambdas.

    libfaust numbers them in the order of their creation, which is not part of the diagram; so it
    can print a diagram twice. Here every diagram has one name.
    """
    printed = engine.expand(text, "test.dsp", include=include, precision=precision)
    names: dict[str, str] = {}
    known: dict[str, str] = {}
    lines = []
    for line in printed.splitlines():
        name, equals, body = line.partition(" = ")
        if not equals or line.startswith("declare "):
            continue
        body = _NAME.sub(
            lambda found: names.get(found[0], found[0]), with_renumbered_variables(body)
        )
        body = _without_outer_brackets(body)
        if name == "process":
            lines.append(f"process = {body}\n")
        elif body not in known:
            known[body] = f"ID_{len(known)}"
            lines.append(f"{known[body]} = {body}\n")
        names[name] = known.get(body, "")
    return "".join(lines)


def _without_outer_brackets(text: str) -> str:
    """libfaust prints a definition with the brackets that its first use needs."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], token[0].startswith("\\"))
        if not depth:
            whole = token.start() and text.startswith("(") and text[token.end() :] == ";"
            return f"{text[1 : token.start()]};" if whole else text
    return text


def with_renumbered_variables(text: str) -> str:
    """A text of libfaust's with each lambda variable numbered by the lambdas around it."""
    variables: list[str | None] = []  # for each open bracket, the variable that it binds

    def rename(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith("\\"):
            variables.append(found["variable"])
            return f"\\(x{len(variables) - variables.count(None)}).("
        if token == "(":
            variables.append(None)
        elif token == ")" and variables:
            variables.pop()
        elif token in variables:
            place = len(variables) - variables[::-1].index(token)
            return f"x{place - variables[:place].count(None)}"
        return token

    return _TOKEN.sub(rename, text)


def expansions(
    engine: Engine, text: str, include: Sequence[Path] = (), precision: Precision = "double"
) -> tuple[str, str]:
    """libfaust's expansions of a program, and of what fad makes of that program.

    libfaust prints both, so equal texts are equal core diagrams.
    """
    ours = fad.expand(text, include=include, precision=precision).source
    return (
        expansion(engine, text, include, precision),
        expansion(engine, ours, precision=precision),
    )
