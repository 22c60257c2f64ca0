"""The built site: its links lead somewhere, and it asks no other host for anything.

`make test-site` installs what builds it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fad
from tests.site.crawler import Site
from tests.site.test_programs import addresses, carried
from tests.support.places import ROOT


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<h1 id="there">b</h1>')
    links = ["b/", "b/#there", "#here", "playground/#p=x", "b/#nowhere", "c/", "../up", "b/c.png"]
    (tmp_path / "index.html").write_text(
        '<p id="here">' + "".join(f'<a href="{each}">a</a>' for each in links)
    )
    found = [each.split(": ")[1] for each in Site(tmp_path.resolve()).broken()]
    assert found == links[4:]


def test_every_link_leads_somewhere(site: Site) -> None:
    assert len(site.pages) > 50
    assert list(site.broken()) == []


def test_nothing_comes_from_other_hosts(site: Site) -> None:
    asked = {
        f"{path.relative_to(site.folder)}: {address}"
        for path, page in site.pages.items()
        for address in page.loaded
        if urlsplit(address).scheme not in ("", "data") or urlsplit(address).netloc
    }
    for path in site.folder.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", path.read_text("utf-8")):
            if urlsplit(address).netloc:
                asked.add(f"{path.relative_to(site.folder)}: {address}")
    assert asked == set()


def test_every_page_of_the_repository_is_there(site: Site) -> None:
    documentation = site.folder / "documentation"
    for path in (ROOT / "docs").glob("*.md"):
        assert (documentation / path.stem / "index.html").is_file(), path.name


def test_everything_that_fad_exports_is_described(site: Site) -> None:
    names = site.pages[site.folder / "documentation" / "api" / "index.html"].names
    exported = {f"fad.{name}" for name in fad.__all__ if name not in ("__version__", "losses")}
    exported |= {f"fad.losses.{name}" for name in fad.losses.__all__}
    assert exported <= names


def test_the_programs_of_the_gallery_can_be_tried(site: Site) -> None:
    made = (site.folder / "documentation" / "gallery" / "index.html").read_text("utf-8")
    gallery = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    shared = [carried(address) for address in addresses(made)]
    named = re.findall(r"^## `(\w+\.dsp)`", gallery, re.MULTILINE)
    assert [each["name"] for each in shared] == named
    for each in shared:
        assert each["source"] in gallery


def test_the_first_page_is_filled_in(site: Site) -> None:
    made = (site.folder / "index.html").read_text("utf-8")
    assert "{{" not in made
    assert {"playground/", "documentation/", "documentation/#start"} <= set(
        site.pages[site.folder / "index.html"].links
    )


def test_search_knows_the_pages(site: Site) -> None:
    index: Any = (site.folder / "documentation" / "search" / "search_index.json").read_text("utf-8")
    for phrase in ("fad estimate", "hslider", "reverse mode"):
        assert phrase in index
