"""The packages of fad: which may import which, what the lower ones need, what is documented."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import fad
from docs import packages
from docs.packages import FLOORS, PURE, floor_of, imports, modules, names_imported
from tests.support.places import LIBRARIES, ROOT

#: What a machine without native code, or without a terminal, does not have.
NATIVE = ("click", "cyfaust", "matplotlib", "numpy", "rich", "subprocess")

# -- Who imports whom ---------------------------------------------------------------------------


def test_every_module_is_on_a_floor() -> None:
    """But for what is above all: what users import, and what `python -m fad` runs."""
    folders = {path.parent.name for path in (ROOT / "fad").glob("*/__init__.py")}
    assert folders == set(FLOORS)
    assert {name for name in modules() if not floor_of(name)} == {"fad", "fad.__main__"}


def test_imports_go_down() -> None:
    between = [each for each in imports() if all(each.floors)]
    assert len(between) > 100
    assert [each for each in between if is_upward(*each.floors)] == []


def is_upward(importer: str, imported: str) -> bool:
    return FLOORS.index(imported) > FLOORS.index(importer)


def test_syntax_trees_and_diagrams_know_nothing_of_each_other() -> None:
    assert [each for each in imports() if set(each.floors) == {"diagram", "syntax"}] == []


def test_only_the_command_line_imports_the_library_as_a_whole() -> None:
    users = {floor_of(each.importer) for each in imports() if each.imported == "fad"}
    assert users == {"cli"}
    assert not [each for each in imports() if each.imported == "fad.__main__"]


def test_there_are_no_circles() -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for each in imports():
        sorter.add(each.importer, each.imported)
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


# -- The floors that need no native code ---------------------------------------------------------


def test_the_lower_floors_import_nothing_native() -> None:
    found = [
        f"{module}: {name}"
        for module, path in modules().items()
        if floor_of(module) in PURE
        for name in names_imported(module, path)
        if name.partition(".")[0] in NATIVE
    ]
    assert found == []


PROGRAM = """
import("stdfaust.lib");
fc = hslider("fc", 800, 20, 20000, 1);
process = fi.lowpass(2, fc);
"""
WHAT_THE_LOWER_FLOORS_DO = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # Python refuses to import it
import fad
program, include = sys.argv[2], [sys.argv[3]]
print(json.dumps([
    fad.transform(program, include=include).source,
    fad.expand(program, include=include).source,
    fad.explain(program, include=include),
    fad.estimate(program, include=include).source,
]))
"""


def test_the_lower_floors_run_where_nothing_native_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", WHAT_THE_LOWER_FLOORS_DO),
            *(json.dumps(NATIVE), PROGRAM, str(LIBRARIES)),
        ],
        cwd=ROOT,
        # An empty cache: nothing is there that another process has parsed.
        env={**os.environ, "FAD_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    include = [LIBRARIES]
    assert json.loads(done.stdout) == [
        fad.transform(PROGRAM, include=include).source,
        fad.expand(PROGRAM, include=include).source,
        fad.explain(PROGRAM, include=include),
        fad.estimate(PROGRAM, include=include).source,
    ]


# -- What is told about them ---------------------------------------------------------------------


def test_the_picture_is_that_of_the_code(update_golden: bool) -> None:
    drawn = packages.picture()
    if update_golden:
        packages.PICTURE.write_text(drawn, "utf-8")
    assert packages.PICTURE.read_text("utf-8") == drawn


@pytest.mark.parametrize("module", modules())
def test_a_module_says_in_a_sentence_what_it_is(module: str) -> None:
    first, *_ = (ast.get_docstring(tree_of(module)) or "no docstring").splitlines()
    assert first.endswith(".")
    assert not re.search(r"[.!?] ", first)


def test_what_users_import_is_there_and_documented() -> None:
    for name in fad.__all__:
        thing = getattr(fad, name)
        if name != "__version__":
            told = inspect.getdoc(thing) or ""
            # A dataclass without a docstring gets its parameters for one.
            assert told and not told.startswith(f"{name}("), name


def test_what_users_import_is_what_type_checkers_see() -> None:
    seen = dict(imported_for_type_checkers())
    assert {*seen, "__version__"} == set(fad.__all__)
    packages = {name for name, home in seen.items() if home == "fad"}
    assert packages == set(fad._PACKAGES)
    assert all(getattr(fad, name).__name__ == f"fad.{name}" for name in packages)
    homes = {name: home for name, home in seen.items() if name not in packages}
    assert homes == fad._HOMES
    assert {name: getattr(fad, name).__module__ for name in homes} == homes


def imported_for_type_checkers() -> Iterator[tuple[str, str]]:
    """The names that `fad/__init__.py` imports under TYPE_CHECKING, and from where."""
    for block in tree_of("fad").body:
        if isinstance(block, ast.If):
            for node in block.body:
                assert isinstance(node, ast.ImportFrom) and node.module
                yield from ((alias.name, node.module) for alias in node.names)


def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"))
