"""What is on the documentation site, and where: hooks of mkdocs.

The site has the pages of the repository as they are. Inside, every file has the place that it has
in the repository, so that links between files need no change; the addresses are shorter. Programs
that pages name get pages of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from programs import fence, links_to_playground

import fad

ROOT = Path(__file__).resolve().parents[1]
#: The files of the site, as patterns: what can be read, and what is seen on it.
FILES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "web/README.md"),
    *("docs/*.md", "docs/*.png", "docs/*.svg", "docs/gallery/*.dsp"),
    *("examples/*.dsp", "examples/*/*.dsp", "examples/*/README.md", "examples/*/plots/*.png"),
)
#: The page with the docstrings; the repository has none, since it would be empty there.
API = "docs/api.md"
#: What mkdocs writes besides: for a site with an address of its own, for other languages than
#: English, and for people who work on the scripts of mkdocs-material.
LEFT_OUT = ("404.html", "sitemap.xml*", "assets/javascripts/lunr/**/*.js", "assets/**/*.map")
#: A link to a program, or its name as code: up to the name, the name, after it.
_PROGRAM_LINK = re.compile(r"(\]\((?!https?:)[^)\s]+\.dsp)\)")
_PROGRAM_NAME = re.compile(r"(?<!\[)`(examples/[\w/]+\.dsp)`(?!\])")
#: A link whose text is the name of a page.
_PAGE_NAME = re.compile(
    r"\[(?P<text>[\w./-]+\.md)\]\((?P<goal>(?:[\w./-]*/)?(?P<name>[\w-]+\.md))\)"
)
_FENCED = re.compile(r"^(```.*?^```)$", re.DOTALL | re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Blocks of Faust are written by `programs.fence`."""
    blocks = {"name": "faust", "class": "faust", "format": fence}
    config.mdx_configs.setdefault("pymdownx.superfences", {})["custom_fences"] = [blocks]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All files at their places in the repository."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    return Files([*theme, *pages(config)])


def pages(config: MkDocsConfig) -> Iterator[File]:
    """The pages and pictures."""
    for pattern in FILES:
        for path in sorted(ROOT.glob(pattern)):
            place = path.relative_to(ROOT).as_posix()
            if path.suffix == ".dsp":
                text = f"# `{place}`\n\n```faust\n{path.read_text('utf-8')}```\n"
                yield placed(File.generated(config, f"{place}.md", content=text))
            else:
                yield placed(File.generated(config, place, abs_src_path=str(path)))
    yield placed(File.generated(config, API, content=api()))


def placed(file: File) -> File:
    """A file with its address: what is in docs/ comes first on the site."""
    file.dest_uri = file.dest_uri.removeprefix("docs/")
    if file.src_uri.endswith(".dsp.md"):
        file.inclusion = InclusionLevel.NOT_IN_NAV
    return file


def api() -> str:
    """The page with the docstrings of everything that `fad` exports."""
    names = [name for name in fad.__all__ if not name.startswith("_") and name != "losses"]
    parts = {
        "Functions": [f"fad.{name}" for name in names if name.islower()],
        "Losses": [f"fad.losses.{name}" for name in fad.losses.__all__],
        "Classes": [f"fad.{name}" for name in names if not name.islower()],
    }
    text = "# Functions and classes\n\nWhat `import fad` brings, from the docstrings. "
    text += "[The Python library](library.md) tells how it is used.\n"
    for title, objects in parts.items():
        text += f"\n## {title}\n\n" + "".join(f"::: {each}\n\n" for each in objects)
    return text


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to programs lead to their pages, and names of programs are links.

    Where the text of a link is the name of a file, it becomes the title of the page.
    """
    pieces = _FENCED.split(markdown)
    pieces[::2] = [linked(piece, PurePosixPath(page.file.src_uri)) for piece in pieces[::2]]
    return "".join(pieces)


def linked(text: str, page: PurePosixPath) -> str:
    """A text that is not code, with links to the pages of programs, and titles of pages."""

    def named(found: re.Match[str]) -> str:
        if not (ROOT / found[1]).is_file() or found[1] == str(page).removesuffix(".md"):
            return found[0]
        return f"[`{found[1]}`]({'../' * (len(page.parts) - 1)}{found[1]}.md)"

    def titled(found: re.Match[str]) -> str:
        goal = ROOT / page.parent / found["goal"]
        if found["text"].rpartition("/")[2] != found["name"] or not goal.is_file():
            return found[0]
        title = goal.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        return f"[{title}]({found['goal']})"

    text = _PROGRAM_NAME.sub(named, _PROGRAM_LINK.sub(r"\1.md)", text))
    return _PAGE_NAME.sub(titled, text)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that open programs in the playground."""
    return links_to_playground(html, page.file.src_uri, page.url)


def on_post_build(config: MkDocsConfig) -> None:
    """Leaves out what no page asks for, but which would be half of what is sent."""
    folder = Path(config.site_dir)
    for pattern in LEFT_OUT:
        for path in folder.glob(pattern):
            path.unlink()


def on_page_context(context: Any, page: Page, config: MkDocsConfig, nav: Any) -> None:
    """A page that is alone in its part of the site has no list of pages beside it."""
    if page.parent is None:
        page.meta["hide"] = ["navigation"]
