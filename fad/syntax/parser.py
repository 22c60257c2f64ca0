"""From a text to syntax nodes.

The syntax itself is in `faust.lark`; Lark turns that file into LALR tables, which are kept on disk.
Lark is imported only when a text is really parsed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fad.base.cache import Cache
from fad.base.errors import ParseError
from fad.base.source import Source, Span
from fad.syntax import builder, complaints, nodes
from fad.syntax.builder import Builder, Refusal, Token

if TYPE_CHECKING:
    from lark import Lark

_UNCLOSED = "UNCLOSED"
_UNKNOWN = "UNKNOWN"


def parse(source: Source, cache: Cache) -> tuple[nodes.Statement, ...]:
    """Parses a whole text.

    Args:
        source: the text.
        cache: where the parser's own tables are kept.

    Returns:
        The statements in the order of the text, `<mdoc>` blocks left out.

    Raises:
        ParseError: the text is not Faust.
    """
    from lark import UnexpectedToken

    if (nul := source.text.find("\0")) >= 0:
        # The standard compiler would take it for the end of the text.
        raise ParseError("a text has no NUL characters", Span(source, nul, nul + 1))
    grammar = _grammar(cache)
    # Lark asks for tokens of its own class, and uses no more of them than their type.
    feed: Any = grammar.lark.parse_interactive().feed_token
    token = end = Token("$END", "", len(source.text), len(source.text))
    try:
        for token in grammar.tokens(source):
            feed(token)
        token = end
        return feed(end)  # type: ignore[no-any-return]
    except UnexpectedToken:
        seen = list(grammar.tokens(source, token.start))
        accepted = grammar.accepted_after(seen)
        if not source.may_be_quoted:
            span = Span(source, token.start, token.end)
            raise ParseError("syntax error: this is not Faust", span) from None
        raise complaints.unexpected(source, token, seen, accepted, grammar.keywords) from None
    except Refusal as refusal:
        span = Span(source, refusal.start, refusal.end)
        raise ParseError(refusal.message, span, refusal.hint) from None


@cache
def fingerprint() -> str:
    """A digest of all that decides what a text is parsed to: the grammar and the code around it."""
    digest = hashlib.sha256()
    for path in (_grammar_path(), *map(Path, (nodes.__file__, builder.__file__, __file__))):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _grammar_path() -> Path:
    return Path(__file__).with_name("faust.lark")


@dataclass(frozen=True)
class _Grammar:
    """Lark's tables, and a scanner for the terminals that they name."""

    lark: Lark

    def tokens(self, source: Source, until: int | None = None) -> Iterator[Token]:
        """The words of a text, or of its beginning, without blanks and comments.

        Lark's own scanner would do the same at a quarter of the speed, because it counts lines.
        """
        ignored = frozenset(self.lark.lexer_conf.ignore)
        keywords, operators = self.keywords, self._operators
        text = source.text if until is None else source.text[:until]
        for match in self._scanner.finditer(text):
            kind = match.lastgroup
            if kind in ignored:
                continue
            word = match.group()
            if kind == "NAME":
                kind = keywords.get(word, kind)
            elif kind == "OPERATOR":
                kind = operators[word]
            elif kind == _UNCLOSED:
                raise complaints.unclosed(Span(source, match.start(), match.end()))
            elif kind == _UNKNOWN:
                raise complaints.unknown(Span(source, match.start(), match.end()))
            yield Token(str(kind), word, match.start(), match.end())

    def accepted_after(self, tokens: Iterable[Token]) -> frozenset[str]:
        """What may follow: keywords and operators by their spelling, other terminals by their name.

        Parsed anew up to there, because a parser that met a wrong word has already forgotten a
        part: LALR closes what that word might end in another place before it looks further.
        """
        parser: Any = self.lark.parse_interactive()
        for token in tokens:
            parser.feed_token(token)
        return frozenset(self._spellings.get(name, name) for name in parser.accepts())

    @cached_property
    def keywords(self) -> dict[str, str]:
        """The reserved words, with the names of their terminals."""
        name = re.compile(self._patterns["NAME"])
        return {text: kind for kind, text in self._spellings.items() if name.fullmatch(text)}

    @cached_property
    def _operators(self) -> dict[str, str]:
        spellings = self._spellings.items()
        return {text: kind for kind, text in spellings if text not in self.keywords}

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {t.name: t.pattern.value for t in self.lark.terminals if t.pattern.type == "str"}

    @cached_property
    def _patterns(self) -> dict[str, str]:
        return {t.name: t.pattern.value for t in self.lark.terminals if t.pattern.type == "re"}

    @cached_property
    def _scanner(self) -> re.Pattern[str]:
        """One pattern for everything, with a group for each kind of word."""
        operators = sorted(self._operators, key=len, reverse=True)
        kinds = {
            **self._patterns,
            _UNCLOSED: r'"|/\*|<mdoc>',
            "OPERATOR": "|".join(map(re.escape, operators)),
            _UNKNOWN: r"[\s\S]",
        }
        return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()))


@cache
def _grammar(store: Cache) -> _Grammar:
    import lark

    key = f"tables-{lark.__version__}-{fingerprint()}"
    if (data := store.get(key)) is not None and (kept := _restored(data)) is not None:
        return _Grammar(kept)
    grammar = lark.Lark(
        _grammar_path().read_text(encoding="utf-8"),
        start="program",
        parser="lalr",
        lexer="basic",
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
    )
    store.put(key, _stored(grammar))
    return _Grammar(grammar)


def _stored(grammar: Lark) -> bytes:
    """Lark's tables in JSON; what Lark itself saves is a pickle, which can hold code."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = grammar.memo_serialize([TerminalDef, Rule])
    data["options"].pop("transformer")
    return json.dumps({"data": data, "memo": memo}, separators=(",", ":")).encode()


def _restored(data: bytes) -> Lark | None:
    """The tables that were stored, or `None` if they are not what Lark can read."""
    import lark

    try:
        tables: Any = json.loads(data, object_hook=_with_numbers)
        tables["data"]["options"]["transformer"] = Builder()
        return lark.Lark.load(tables)
    except Exception:  # Lark does not look at what it is given before it uses it.
        return None


def _with_numbers(table: dict[str, Any]) -> dict[Any, Any]:
    """A table with the numbers as keys that it had before: in JSON, keys are texts."""
    is_numbered = next(iter(table), "").isdecimal()
    return {int(key): value for key, value in table.items()} if is_numbered else table
