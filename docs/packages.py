"""Draws docs/packages.svg: the packages of fad as the floors of a house, and what imports what.

    make docs

The picture is read off the code: the sentence of a floor is its package's docstring, the names are
its modules, and a dot says that a floor imports another one. All dots lie on one side of the
diagonal: imports only go down. `tests/test_packages.py` holds the picture and that rule.
"""

from __future__ import annotations

import ast
import math
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "packages.svg"

#: The packages from the ground up: each imports earlier ones only.
FLOORS = (
    "base",
    "diagram",
    "syntax",
    "text",
    "evaluation",
    "signals",
    "differentiation",
    "reverse",
    "pipeline",
    "estimation",
    "losses",
    "runtime",
    "model",
    "fitting",
    "reporting",
    "batches",
    "torch",
    "jax",
    "checking",
    "drawing",
    "page",
    "cli",
)
#: The floors that need no native code, and run wherever Python does. The page loads others when it
#: is asked for what they do.
PURE = (*FLOORS[: FLOORS.index("losses")], "page")

# Lengths are in the units of the picture, which are pixels where it is shown in full size.
_FLOOR, _GAP, _CELL = 56, 5, 27
_LEFT, _TOP, _WIDTH = 24, 104, 724
_NAME, _TEXT = 16, 138
_MATRIX = _LEFT + _WIDTH + 26
#: How many characters there is room for, in a sentence and in a line of modules.
_SENTENCE, _MODULES = 84, 104
_LINE_HEIGHT, _MOST_LINES = 14, 6
_INK, _FAINT, _LINE, _DOT = "#1d2126", "#5c636d", "#dfe3e8", "#0072b2"
_PURE_FILL, _OTHER_FILL = "#e9f2f8", "#f6f0e6"
_FONT = "font-family='Helvetica, Arial, Liberation Sans, sans-serif'"


@dataclass(frozen=True)
class Import:
    """One module that imports another one, both by their full names."""

    importer: str
    imported: str

    @property
    def floors(self) -> tuple[str, str]:
        """The floors of both."""
        return floor_of(self.importer), floor_of(self.imported)


def floor_of(module: str) -> str:
    """The floor of a module of fad: `text` for `fad.text.lines`; empty for what is above all."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else ""


def modules() -> dict[str, Path]:
    """All modules of fad: name -> file."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / "fad").rglob("*.py"))
    }


def names_imported(module: str, path: Path) -> Iterator[str]:
    """Everything that a module imports, at its top or later, by full names."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def imports() -> list[Import]:
    """Which modules of fad import which, each pair once."""
    known = modules()
    found: dict[Import, None] = {}
    for importer, path in known.items():
        for name in names_imported(importer, path):
            # `from a import b` takes a module out of a package, or a definition out of a module.
            imported = name if name in known else name.rpartition(".")[0]
            if imported in known and imported != importer:
                found[Import(importer, imported)] = None
    return list(found)


def picture() -> str:
    """The picture, as SVG."""
    width = _MATRIX + _CELL * len(FLOORS) + 52
    bottom = _y(FLOORS[0]) + _height(FLOORS[0]) + _GAP
    height = bottom + 60
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' {_FONT}>",
            f"<rect width='{width}' height='{height}' fill='white'/>",
            *_roof(),
            *(line for name in FLOORS for line in _floor(name)),
            *_matrix(),
            *_legend(bottom + 22),
            "</svg>\n",
        ]
    )


def _y(name: str) -> int:
    """The upper edge of a floor."""
    return _TOP + sum(_height(above) + _GAP for above in FLOORS[FLOORS.index(name) + 1 :])


@cache
def _height(name: str) -> int:
    """The height of a floor: more than two lines of modules make it higher."""
    return _FLOOR + _LINE_HEIGHT * max(0, len(_module_lines(name)) - 2)


@cache
def _module_lines(name: str) -> list[str]:
    """The names of a package's modules, in lines."""
    names = sorted(path.stem for path in _folder(name).glob("*.py") if path.stem != "__init__")
    return textwrap.wrap(", ".join(names), _MODULES)


def _folder(name: str) -> Path:
    return ROOT / "fad" / name


def _middle(name: str) -> float:
    """The middle of a floor, from above."""
    return _y(name) + _height(name) / 2


def _x(name: str) -> float:
    """The middle of a column."""
    return _MATRIX + (FLOORS.index(name) + 0.5) * _CELL


def _roof() -> Iterator[str]:
    """What is above all floors: what users import."""
    middle, edge = _LEFT + _WIDTH / 2, _TOP - _GAP
    points = f"{_LEFT - 12},{edge} {middle:g},16 {_LEFT + _WIDTH + 12},{edge}"
    yield f"<polygon points='{points}' fill='{_LINE}' stroke='{_LINE}' stroke-linejoin='round'/>"
    yield _text(middle, edge - 34, "fad", 17, weight="bold", anchor="middle")
    told = "what it exports from the floors below, and python -m fad"
    yield _text(middle, edge - 14, told, 12.5, anchor="middle")


def _floor(name: str) -> Iterator[str]:
    """A package: its name, its sentence, its modules.

    Raises:
        ValueError: there is no room for the sentence or for the modules.
    """
    tree = ast.parse((_folder(name) / "__init__.py").read_text("utf-8"))
    sentence = ast.get_docstring(tree) or ""
    lines = _module_lines(name)
    if len(sentence) > _SENTENCE or len(lines) > _MOST_LINES:
        raise ValueError(f"fad/{name}: there is no room in the picture for its sentence or modules")
    y, fill = _y(name), _PURE_FILL if name in PURE else _OTHER_FILL
    size = f"width='{_WIDTH}' height='{_height(name)}'"
    yield f"<rect x='{_LEFT}' y='{y}' {size} rx='4' fill='{fill}'/>"
    yield _text(_LEFT + _NAME, _middle(name) + 5, name, 15, weight="bold")
    first = y + (24 if len(lines) == 1 else 18)
    yield _text(_LEFT + _TEXT, first, sentence, 13)
    for number, line in enumerate(lines, start=1):
        yield _text(_LEFT + _TEXT, first + 3 + _LINE_HEIGHT * number, line, 11.5, _FAINT)


def _matrix() -> Iterator[str]:
    """A row for each floor, with a dot for each floor that it imports."""
    counts = Counter(each.floors for each in imports())
    end = _MATRIX + _CELL * len(FLOORS)
    for name in FLOORS:
        x, middle = _x(name), _middle(name)
        yield _line(x, _TOP, x, _y(FLOORS[0]) + _height(FLOORS[0]))
        yield _line(_MATRIX, middle, end, middle)
        turned = f"translate({x + 4:g} {_TOP - 8}) rotate(-50)"
        yield f"<text transform='{turned}' font-size='12.5' fill='{_INK}'>{name}</text>"
    for name in FLOORS:
        middle = _middle(name)
        yield (
            f"<rect x='{_x(name) - 5:g}' y='{middle - 5:g}' width='10' height='10' rx='2' "
            "fill='#aab2bd'/>"
        )
        for other in FLOORS:
            if name != other and (count := counts[name, other]):
                noun = "import" if count == 1 else "imports"
                # The area stands for the number.
                radius = min(3 + 1.6 * math.sqrt(count), _CELL / 2 - 2)
                yield (
                    f"<circle cx='{_x(other):g}' cy='{middle:g}' r='{radius:.3g}' fill='{_DOT}'>"
                    f"<title>{name} imports {other}: {count} {noun}</title></circle>"
                )


def _legend(y: float) -> Iterator[str]:
    for x, fill, told in (
        (_LEFT, _PURE_FILL, "runs wherever Python does"),
        (_LEFT + 200, _OTHER_FILL, "runs libfaust, other native code or a terminal"),
    ):
        yield (
            f"<rect x='{x}' y='{y - 11}' width='14' height='14' rx='3' fill='{fill}' "
            f"stroke='{_LINE}'/>"
        )
        yield _text(x + 22, y, told, 12, _FAINT)
    yield _text(_MATRIX, y, "A dot: the floor on the left imports the floor named at the top.", 12)
    yield _text(_MATRIX, y + 17, "A larger dot: more modules do.", 12)


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str = _INK,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    return (
        f"<text x='{x:g}' y='{y:g}' font-size='{size:g}' font-weight='{weight}' "
        f"text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<line x1='{x1:g}' y1='{y1:g}' x2='{x2:g}' y2='{y2:g}' stroke='{_LINE}'/>"


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
