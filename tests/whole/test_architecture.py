"""The page on the architecture: what it shows of each stage is what the stage makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import pytest

import fad
from fad.base.cache import Cache
from fad.diagram.box import Box
from fad.differentiation.variables import with_variables
from fad.evaluation.core import Evaluation
from fad.pipeline.front import Front, Request, read
from fad.pipeline.transform import Draft, Options, drafted
from fad.syntax import parser
from tests.support import stages
from tests.support.pages import block_names, check_block
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "architecture.md"
PROGRAM = ROOT / "examples" / "onepole.dsp"


@cache
def front() -> Front:
    return read(Request(PROGRAM))


@cache
def evaluated() -> Evaluation:
    return front().evaluated()


@cache
def draft() -> Draft:
    return drafted(evaluated(), front(), Options())


def marked() -> Box:
    return with_variables(evaluated().process, draft().dual.seeds)[0]


def faust(text: str) -> str:
    return f"```faust\n{text.rstrip()}\n```"


def plain(text: str) -> str:
    return f"```text\n{text}\n```"


#: The name of a block of the page -> what it shows.
BLOCKS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "program": lambda: faust(PROGRAM.read_text("utf-8")),
        "tokens": lambda: plain(stages.tokens(front().source, Cache())),
        "syntax-tree": lambda: plain(stages.syntax_tree(parser.parse(front().source, Cache()))),
        "core-diagram": lambda: plain(
            stages.diagram_tree(evaluated().process, evaluated().facts.names)
        ),
        "marked-diagram": lambda: plain(stages.diagram_tree(marked(), {})),
        "parts": lambda: plain(stages.parts(draft().dual)),
        "dual": lambda: plain(stages.diagram_tree(draft().dual.box, draft().dual.names)),
        "operations": lambda: faust(stages.functions(draft().dual)),
        "simplified-dual": lambda: plain(stages.diagram_tree(draft().process, draft().names)),
        "text": lambda: faust(fad.transform(PROGRAM).source),
    }
)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_shows_what_a_stage_makes(name: str, update_golden: bool) -> None:
    check_block(PAGE, name, BLOCKS[name](), update_golden)


def test_there_is_a_test_for_every_block() -> None:
    assert block_names(PAGE) == list(BLOCKS)


def test_the_page_tells_of_every_package() -> None:
    folders = {path.parent.name for path in (ROOT / "fad").glob("*/__init__.py")}
    assert set(re.findall(r"`fad/(\w+)/", PAGE.read_text("utf-8"))) >= folders
