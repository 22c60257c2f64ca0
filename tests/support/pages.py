"""Blocks of documentation pages that show what the code is or does.

A block stands between comments that nobody sees: `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.places import ROOT

#: Every page there is.
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"<!-- (?P<name>[\w-]+) -->\n.*?<!-- /(?P=name) -->", re.DOTALL)


def block_names(page: Path) -> list[str]:
    """The names of the blocks of a page, in order."""
    return [block["name"] for block in _BLOCK.finditer(page.read_text("utf-8"))]


def check_block(page: Path, name: str, content: str, update: bool) -> None:
    """Makes sure that a block of a page is as it should be.

    Args:
        page: the page.
        name: the name of the block.
        content: what should be in it, as lines of Markdown.
        update: whether to write it there instead of comparing.
    """
    assert block_names(page).count(name) == 1, f"{page.name} has one block {name}"
    wanted = f"<!-- {name} -->\n{content}\n<!-- /{name} -->"
    text = page.read_text("utf-8")
    today = _BLOCK.sub(lambda block: wanted if block["name"] == name else block[0], text)
    if update:
        page.write_text(today, "utf-8")
    assert page.read_text("utf-8") == today


def example(page: Path, beginning: str) -> str:
    """The example of a page that begins like this, for a library that not everyone has."""
    blocks = re.findall(r"^```py\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if block.startswith(beginning)]
    return str(found)
