"""The documentation is true: its commands run, its tables are those of the code, its links lead."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import fad
from fad.differentiation.rules import ARGUMENTS, DERIVATIVES, FOREIGN, Linear, Partials, Rule, Zero
from tests.support.pages import PAGES, check_block
from tests.support.places import ROOT

#: A link to a place in this repository.
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
#: A file or folder that a text names.
_NAMED_PATH = re.compile(r"`((?:bench|docs|examples|fad|tests)/[\w./-]*)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@each_page
def test_commands_run(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "fad", line
            source = None
            if "<" in words:
                source = (tmp_path / words[words.index("<") + 1]).read_bytes()
                words = words[: words.index("<")]
            run = subprocess.run(
                [sys.executable, "-m", *words], cwd=tmp_path, input=source, capture_output=True
            )
            assert run.returncode == 0, (line, run.stderr.decode())


@each_page
def test_python_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)


def test_the_example_of_the_readme() -> None:
    source, dual = blocks(ROOT / "README.md", "faust")
    assert fad.transform(ROOT / "examples" / "estimate.dsp").source == dual
    assert fad.transform(source).source.splitlines()[1:] == dual.splitlines()[1:]


def described(name: str, rule: Rule) -> str:
    """A row of the table of primitives."""
    match rule:
        case Partials():
            text = ", ".join(
                f"by {argument}: `{partial}`"
                for argument, partial in zip(ARGUMENTS, rule.texts, strict=False)
            )
            note = rule.edge
        case Linear():
            text = f"tangent: `{rule.text}`"
            note = "; ".join(
                [
                    *([rule.edge] if rule.edge else []),
                    *(f"zero by {argument}: {why}" for argument, why in rule.zero.items()),
                ]
            )
        case Zero():
            text, note = "zero", rule.reason
        case _:
            text, note = "not differentiated", rule.reason
    cells = (f"`{name}`", text, note)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@pytest.mark.parametrize(
    ("name", "rules"), [("primitives", DERIVATIVES), ("foreign", FOREIGN)], ids=lambda v: str(v)[:9]
)
def test_the_tables_of_rules(name: str, rules: Mapping[str, Rule], update_golden: bool) -> None:
    rows = ["| function | derivative | remark |", "|---|---|---|"]
    rows += [described(function, rule) for function, rule in rules.items()]
    check_block(ROOT / "docs" / "language.md", name, "\n".join(rows), update_golden)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    paths = _NAMED_PATH.findall(page.read_text("utf-8"))
    assert [path for path in paths if not (ROOT / path).exists()] == []
