"""Blocks of Faust on the documentation site."""

from __future__ import annotations

import base64
import json
import re
import zlib
from html import unescape
from typing import Any

import pytest

import fad
from tests.site.scripts import script

programs: Any = script("programs")

WHOLE = 'g = hslider("g", 1, 0, 2, .1); // ≤ 2\nprocess = *(g);'


def carried(address: str) -> dict[str, Any]:
    """What an address carries into the playground, as its share.ts reads it."""
    text = address.partition("#p=")[2]
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return dict(json.loads(zlib.decompress(data, wbits=-15)))


def page(*sources: str, heading: str = "") -> str:
    return heading + "".join(programs.fence(each, "faust", "faust", {}, None) for each in sources)


def addresses(made: str) -> list[str]:
    return re.findall(r'class="try"><a href="([^"]+)"', made)


def test_a_program_opens_in_the_playground() -> None:
    made = programs.links_to_playground(page(WHOLE), "docs/cli.md", "cli/")
    (address,) = addresses(made)
    assert address.startswith("../../playground/#p=")
    assert re.fullmatch(r"[\w-]+", address.partition("#p=")[2])
    shared = carried(address)
    assert shared == {"name": "program.dsp", "source": WHOLE + "\n", "view": "dual", "files": {}}


@pytest.mark.parametrize(
    ("address", "start"),
    [("./", "../"), ("cli/", "../../"), ("examples/learn/", "../../../")],
)
def test_the_way_to_the_playground_is_relative(address: str, start: str) -> None:
    made = programs.links_to_playground(page(WHOLE), "README.md", address)
    assert addresses(made)[0].startswith(f"{start}playground/#")


def test_a_program_has_the_name_of_the_heading_above() -> None:
    heading = '<h2 id="a"><code>onepole.dsp</code>: a loop</h2>'
    other = '<h1 id="b"><code>examples/learn/gain.dsp</code></h1>'
    made = page(WHOLE) + page(WHOLE, heading=heading) + page(WHOLE, heading=other)
    made = programs.links_to_playground(made, "docs/gallery-reverse.md", "gallery-reverse/")
    shared = [carried(address) for address in addresses(made)]
    assert [each["name"] for each in shared] == ["program.dsp", "onepole.dsp", "gain.dsp"]
    assert {each["view"] for each in shared} == {"reverse"}


@pytest.mark.parametrize(
    "source",
    [
        "mul(x, y, dy) = x*y, x*dy;",
        "process = filter(1000);",
        "process = _ : ;",
        'process = component("voice.dsp");',
        fad.transform(WHOLE).source,
        fad.estimate(WHOLE).source,
    ],
    ids=["no process", "undefined", "syntax", "missing", "dual", "learner"],
)
def test_there_is_nothing_to_try_with_what_is_no_whole_program(source: str) -> None:
    assert addresses(programs.links_to_playground(page(source), "README.md", "./")) == []


def test_a_block_shows_its_text() -> None:
    made = programs.fence(WHOLE, "faust", "faust", {}, None)
    code = re.search(r"<code>(.*)</code>", made, re.DOTALL)
    assert code is not None
    assert unescape(re.sub(r"<[^>]+>", "", code[1])).strip() == WHOLE
    assert '<span class="nf">g</span>' in made and '<span class="nb">hslider</span>' in made
