"""The documentation is true: its commands run, its tables are those of the code, its links lead."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest

import fad
from fad.cli.main import cli
from fad.differentiation.rules import (
    ARGUMENTS,
    DERIVATIVES,
    FOREIGN,
    VARIANTS,
    Linear,
    Partials,
    Rule,
    Zero,
)
from tests.support.commands import COMMAND, ENVIRONMENT
from tests.support.pages import PAGES, check_block
from tests.support.places import ROOT

#: A link to a place in this repository.
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
#: A file or folder that a text names.
_NAMED_PATH = re.compile(r"`((?:\.ci|bench|docs|examples|fad|tests)/[\w./-]*)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@each_page
def test_commands_run(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for program, *arguments in commands(page):
        if program == "fad":
            run = run_fad(arguments, tmp_path)
            assert run.returncode == 0, (arguments, run.stderr.decode())


@each_page
def test_commands_for_people_who_work_on_fad(page: Path) -> None:
    """They would take too long: what they name has to be there."""
    tests = []
    for program, *arguments in commands(page):
        if program == "make":
            run = run_dry(arguments)
            assert run.returncode == 0, (arguments, run.stderr.decode())
        elif program == "pytest":
            tests.append(shlex.join(arguments))
        else:
            assert program == "fad" or arguments == [".venv/bin/activate"]
    if tests:
        words = [sys.executable, "-c", COLLECT, *tests]
        found = subprocess.run(words, cwd=ROOT, capture_output=True)
        assert found.returncode == 0, found.stdout.decode()


#: Finds the tests of command lines without running them; it is an error if there are none.
COLLECT = """
import shlex, sys, pytest
for line in sys.argv[1:]:
    names = [word for word in shlex.split(line) if word != "--update-golden"]
    if pytest.main(["--collect-only", "--quiet", *names]):
        sys.exit(1)
"""


def commands(page: Path) -> list[list[str]]:
    """The command lines of a page, in words."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


def run_fad(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    source = None
    if "<" in arguments:
        end = arguments.index("<")
        source = (folder / arguments[end + 1]).read_bytes()
        arguments = arguments[:end]
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=ENVIRONMENT, input=source, capture_output=True
    )


def run_dry(targets: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Asks make what it would do."""
    # Tests that make itself has started have options of that one here.
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    return subprocess.run(
        ["make", "--dry-run", *targets], cwd=ROOT, env=environment, capture_output=True
    )


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
            text = f"tangent: `{' + '.join(rule.texts)}`"
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


_VARIANTS = {f"{name} {kind}": rule for (kind, name), rule in VARIANTS.items()}


@pytest.mark.parametrize(
    ("name", "rules"),
    [("primitives", DERIVATIVES), ("variants", _VARIANTS), ("foreign", FOREIGN)],
    ids=lambda v: str(v)[:9],
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


def test_all_commands_and_options_are_told_of() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for name, command in cli.commands.items():
        assert f"\n## fad {name}\n" in page
        for option in command.params:
            if isinstance(option, click.Option):
                assert any(f"`{text}" in page for text in option.opts), (name, option.opts)


def test_all_functions_of_the_library_are_told_of() -> None:
    page = (ROOT / "docs" / "library.md").read_text("utf-8")
    for name in fad.__all__:
        if inspect.isfunction(getattr(fad, name)):
            assert f"fad.{name}" in page
