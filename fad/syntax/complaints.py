"""Syntax errors in the terms of the language: what was met, what was expected, what may help."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from fad.base.errors import ParseError, quoted
from fad.base.source import Source, Span
from fad.syntax.builder import Token

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_INFIX = frozenset(["*", "/", "~"])
_OPENERS_OF_STATEMENTS = frozenset(["import", "declare"])
# What follows the words that begin a call of a fixed form.
_SIGNATURES = {
    **dict.fromkeys(("hslider", "vslider", "nentry"), '("label", init, min, max, step)'),
    **dict.fromkeys(("hbargraph", "vbargraph"), '("label", min, max)'),
    **dict.fromkeys(("hgroup", "vgroup", "tgroup"), '("label", expression)'),
    **dict.fromkeys(("button", "checkbox"), '("label")'),
    **dict.fromkeys(("par", "seq", "sum", "prod"), "(index, count, expression)"),
    **dict.fromkeys(("inputs", "outputs"), "(expression)"),
    **dict.fromkeys(("import", "library", "component"), '("file")'),
    "soundfile": '("label", channels)',
    "route": "(inputs, outputs, pairs)",
}
# What follows the name of a definition, and the name with its parameters.
_AFTER_HEADS = (frozenset(["=", "("]), frozenset(["="]))
# What is worth naming beside "an expression" or "an operator", in this order.
_MARKS = (";", ",", ")", "}", "]", "=", "=>", "->", "(", "{", "[", "'", "where")


def unclosed(span: Span) -> ParseError:
    """A string, comment or documentation block that the text ends in."""
    opening = span.source.text[span.start : span.end]
    what, closing = {
        '"': ("string", '"'),
        "/*": ("comment", "*/"),
        "<mdoc>": ("documentation block", "</mdoc>"),
    }[opening]
    hint = f"it ends at the next `{closing}`, and there is none"
    if opening == '"':
        hint += "; perhaps an earlier string is not closed"
    return ParseError(f"syntax error: this {what} is not closed", span, hint)


def unknown(span: Span) -> ParseError:
    """A character that no word of the language begins with."""
    char = span.source.text[span.start]
    shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
    hint = None
    if char in "\u2018\u2019\u201c\u201d\u00ab\u00bb":
        hint = 'strings stand between straight quotes: "..."'
    return ParseError(f"syntax error: unknown character {shown}", span, hint)


def unexpected(
    source: Source,
    token: Token,
    seen: Sequence[Token],
    accepted: Collection[str],
    keywords: Collection[str],
) -> ParseError:
    """A word that cannot stand where it stands.

    Args:
        source: the text.
        token: the word; its type is `$END` for the end of the text.
        seen: the words before it.
        accepted: what could stand there instead: keywords and operators by their spelling, other
            terminals by their names.
        keywords: the reserved words.
    """
    opened = _open_brackets(seen)
    place = token.start, token.end
    if token.type == "$END" and seen:
        place = seen[-1].end, seen[-1].end
    if _misses_semicolon(source, token, seen, accepted):
        last = seen[-1]
        return ParseError(
            f"syntax error: missing `;` after {_shown(last)}",
            Span(source, last.end, last.end),
            "a definition ends with `;`",
        )
    hint = _hint(source, token, seen, opened, accepted, keywords)
    if accepted in _AFTER_HEADS:
        head = _head(source, seen)
        form = f"a definition is written `{quoted(head)} = ...;`"
        if token.text == ";" or _ends_statement(source, token, seen):
            message = f"`{quoted(head)}` is no definition: expected {_expected(accepted)} after it"
            return ParseError(f"syntax error: {message}", head, hint or form)
        if token.type != "NAME":
            hint = hint or form
    message = f"syntax error: unexpected {_shown(token)}"
    if token.text in keywords:
        message = f"syntax error: unexpected keyword {_shown(token)}"
    if expected := _expected(accepted):
        message += f", expected {expected}"
    return ParseError(message, Span(source, *place), hint)


def _misses_semicolon(
    source: Source, token: Token, seen: Sequence[Token], accepted: Collection[str]
) -> bool:
    """Whether a statement is still open that the word can be no part of."""
    return ";" in accepted and bool(seen) and _ends_statement(source, token, seen)


def _ends_statement(source: Source, token: Token, seen: Sequence[Token]) -> bool:
    """Whether the word begins a new statement, or ends a block or the text."""
    if token.type == "$END" or token.text in _OPENERS_OF_STATEMENTS or token.text == "}":
        return True
    return _begins_line(source, token, seen) and (
        token.type == "NAME" or token.text == "'" or token.text.endswith("precision")
    )


def _head(source: Source, seen: Sequence[Token]) -> Span:
    """What the last words define: a name, with its parameters or with the mark of `letrec`."""
    first = len(seen) - 1
    if seen[first].text == ")":
        depth = 0
        while first == len(seen) - 1 or depth:
            depth += (seen[first].text == ")") - (seen[first].text == "(")
            first -= 1
    if first and seen[first - 1].text == "'":
        first -= 1
    return Span(source, seen[first].start, seen[-1].end)


def _begins_line(source: Source, token: Token, seen: Sequence[Token]) -> bool:
    return not seen or "\n" in source.text[seen[-1].end : token.start]


def _hint(
    source: Source,
    token: Token,
    seen: Sequence[Token],
    opened: Sequence[Token],
    accepted: Collection[str],
    keywords: Collection[str],
) -> str | None:
    operand_expected = "(" in accepted and "NAME" in accepted
    if seen and seen[-1].text == "\\":
        return r"a function without a name is written `\(x).(expression)`"
    if seen and seen[-1].text in keywords and accepted == {"("}:
        word = seen[-1].text
        form = f": it is used as `{word}{_SIGNATURES[word]}`" if word in _SIGNATURES else ""
        return f"`{word}` is a keyword{form}, and not a name to choose"
    if token.text in keywords and "NAME" in accepted and not operand_expected:
        return f"`{token.text}` is a keyword: choose another name"
    if token.text in ("with", "letrec") and not operand_expected:
        return f"put what `{token.text}` applies to in parentheses, with its definitions"
    if token.text in (")", ",") and (called := _called(seen, opened)):
        return f"`{called}` is used as `{called}{_SIGNATURES[called]}`"
    if accepted == {"STRING"} and token.type == "NAME":
        return 'strings stand between quotes: "..."'
    if token.text in _CLOSING.values():
        if not opened:
            return f"no bracket is open that `{token.text}` could close"
        if _CLOSING[opened[-1].text] != token.text:
            return _unclosed_hint(source, opened)
        return None
    if token.type == "$END":
        return _unclosed_hint(source, opened)
    if opened and opened[-1].text != "{":
        begins_statement = token.type == "NAME" and _begins_line(source, token, seen)
        if token.text == ";" or (begins_statement and not operand_expected):
            return _unclosed_hint(source, opened)
    if token.text == "=" and "==" in accepted:
        return (
            "to compare, write `==`; if this begins a definition, the one before it has no `;`"
            " or ends in an operator"
        )
    return None


def _unclosed_hint(source: Source, opened: Sequence[Token]) -> str | None:
    if not opened:
        return None
    line, column = source.location(opened[-1].start)
    return f"the `{opened[-1].text}` of line {line} is not closed (column {column})"


def _called(seen: Sequence[Token], opened: Sequence[Token]) -> str | None:
    """The keyword whose arguments the innermost open parenthesis holds."""
    if not opened or opened[-1].text != "(":
        return None
    before = next((t for t, after in pairwise(seen) if after is opened[-1]), None)
    return before.text if before and before.text in _SIGNATURES else None


def _open_brackets(seen: Sequence[Token]) -> list[Token]:
    """The brackets that are still open, the innermost last."""
    opened: list[Token] = []
    for token in seen:
        if token.text in _CLOSING:
            opened.append(token)
        elif opened and token.text == _CLOSING[opened[-1].text]:
            opened.pop()
    return opened


def _expected(accepted: Collection[str]) -> str:
    """The accepted words in groups, as prose."""
    groups = []
    if "singleprecision" in accepted:
        groups.append("a definition")
    elif "NAME" in accepted and "(" in accepted:
        groups.append("an expression")
    elif "NAME" in accepted:
        groups.append("a name")
    elif "INTEGER" in accepted:
        groups.append("a number")
    if "STRING" in accepted:
        groups.append("a string")
    if "int" in accepted and not groups:
        groups.append("a type")
    if _INFIX.issubset(accepted) and "NAME" not in accepted:
        groups.append("an operator")
        groups.extend(f"`{mark}`" for mark in _MARKS[:8] if mark in accepted)
    elif not groups:
        groups.extend(f"`{mark}`" for mark in (*_MARKS, ".", ":", "|") if mark in accepted)
    if len(groups) < 2:
        return "".join(groups)
    return f"{', '.join(groups[:-1])} or {groups[-1]}"


def _shown(token: Token) -> str:
    if token.type == "$END":
        return "end of the text"
    text = " ".join(token.text.split())
    return f"`{text}`" if len(text) <= 30 else f"`{text[:27]}...`"
