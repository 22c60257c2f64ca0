"""Blocks of Faust on the documentation site: their colours, and links that open them.

The part of an address that carries a program into the playground is made as
web/src/page/share.ts makes it: JSON, compressed, in the base64 of addresses.
"""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, String, Text

import fad

#: Where the playground is, from the first page of the documentation.
PLAYGROUND = "../playground/"
#: Page -> what the playground shows first of its programs, where that is not the dual.
VIEWS = {"docs/estimation.md": "learning", "docs/gallery-reverse.md": "reverse"}
#: Texts that fad has written begin so: there is nothing to try with them.
_WRITTEN = re.compile(r"\s*// [^\n]*\bby fad \d")
_PROCESS = re.compile(r"^\s*process\b[^=\n]*=", re.MULTILINE)
#: A program in a page that is being made, or a heading that names the next programs.
_MARK = "<!-- try {} -->"
_MARKS = re.compile(
    r"<!-- try (?P<source>[\w=-]*) -->|<h[12][^>]*><code>(?P<path>[\w./]+\.dsp)</code>"
)


class FaustLexer(RegexLexer):  # type: ignore[misc]  # pygments has no types
    """Faust, as far as colours go."""

    name = "Faust"
    tokens = {  # noqa: RUF012  (it is the base class's)
        "root": [
            (r"//[^\n]*", Comment),
            (r"/\*.*?\*/", Comment),
            (r'"[^"]*"', String),
            (r"^(\s*)(\w+)(?=\s*(\([^()]*\)\s*)?=(?!=))", bygroups(Text, Name.Function)),
            (
                words(
                    "import declare with letrec where case environment library component waveform "
                    "route par seq sum prod ffunction fconstant fvariable process".split(),
                    prefix=r"\b",
                    suffix=r"\b",
                ),
                Keyword,
            ),
            (
                words(
                    "button checkbox hslider vslider nentry hbargraph vbargraph hgroup vgroup "
                    "tgroup soundfile fad rad forwardAD".split(),
                    prefix=r"\b",
                    suffix=r"\b",
                ),
                Name.Builtin,
            ),
            (r"\d*\.?\d+(e[+-]?\d+)?", Number),
            (r"\w+", Name),
            (r"[\s\S]", Text),
        ]
    }
    flags = re.MULTILINE | re.DOTALL


def fence(source: str, language: str, css_class: str, options: Any, md: Any, **more: Any) -> str:
    """A block of Faust, as HTML.

    The arguments are those that pymdownx.superfences gives. After a whole program comes a mark,
    which `links_to_playground` makes a link: only that knows the page.
    """
    formatter = HtmlFormatter(cssclass="highlight faust", wrapcode=True)
    code: str = highlight(source, FaustLexer(), formatter)
    if not is_whole(source):
        return code
    return code + _MARK.format(base64.urlsafe_b64encode(source.encode()).decode())


@cache
def is_whole(source: str) -> bool:
    """Whether a text is a program that can be tried: somebody wrote it, and nothing is missing."""
    if _WRITTEN.match(source) or not _PROCESS.search(source):
        return False
    try:
        fad.expand(f"{source}\n")
    except fad.FadError:
        return False
    return True


def links_to_playground(page: str, place: str, address: str) -> str:
    """A page whose programs have links that open them in the playground.

    Args:
        page: its HTML, with marks.
        place: its file in the repository.
        address: that of the page in the documentation.
    """
    name = "program.dsp"
    start = "../" * address.strip("./").count("/") + ("../" if address.strip("./") else "")

    def link(found: re.Match[str]) -> str:
        nonlocal name
        if found["path"]:
            name = PurePosixPath(found["path"]).name
            return found[0]
        source = base64.urlsafe_b64decode(found["source"]).decode()
        carried = share(name, f"{source}\n", VIEWS.get(place, "dual"))
        label = html.escape(f"Try it: {name} in the playground", quote=True)
        goal = f"{start}{PLAYGROUND}{carried}"
        return f'<p class="try"><a href="{goal}" aria-label="{label}">Try it</a></p>'

    return _MARKS.sub(link, page)


def share(name: str, source: str, view: str) -> str:
    """The part of an address, from its `#`, with which the playground opens a program.

    Args:
        name: the file name of the program.
        source: its text.
        view: the tab to show.
    """
    shared = {"name": name, "source": source, "view": view, "files": {}}
    deflate = zlib.compressobj(9, wbits=-15)
    data = deflate.compress(json.dumps(shared).encode()) + deflate.flush()
    return "#p=" + base64.urlsafe_b64encode(data).decode().rstrip("=")
