"""Reads a built site from its files: where links lead, and what pages ask for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Where an address is that a browser follows by itself.
LOADED = {
    ("audio", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("link", "href"),
    ("script", "src"),
    ("source", "src"),
    ("video", "src"),
}


class Page(HTMLParser):
    """What a page names, and what can be named in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.names: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.names.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")
            elif (tag, name) in LOADED:
                self.loaded.append(value or "")


class Site:
    """A built site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[Path, Page]:
        return {path: Page(path) for path in sorted(self.folder.rglob("*.html"))}

    def goal(self, page: Path, address: str) -> Path:
        """The file that an address on a page leads to."""
        path = unquote(urlsplit(address).path)
        found = (page.parent / path).resolve() if path else page
        return found / "index.html" if found.is_dir() or path.endswith("/") else found

    def broken(self) -> Iterator[str]:
        """Addresses that lead nowhere, each with its page."""
        for path, page in self.pages.items():
            for address in [*page.links, *page.loaded]:
                parts = urlsplit(address)
                if parts.scheme or parts.netloc:
                    continue
                goal = self.goal(path, address)
                if goal == self.folder / "playground" / "index.html":
                    continue  # the other part of the site, whose build is another one
                named = unquote(parts.fragment)
                if not goal.is_relative_to(self.folder) or not goal.is_file():
                    yield f"{path.relative_to(self.folder)}: {address}"
                elif named and goal in self.pages and named not in self.pages[goal].names:
                    yield f"{path.relative_to(self.folder)}: {address}: no such place"
