"""Where the checkout is, and where the libraries and example programs of Faust are.

Benchmarks use it too.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from fad.syntax.libraries import embedded_folder

#: The root of the checkout.
ROOT = Path(__file__).parents[2]


def _embedded() -> Path:
    folder = embedded_folder()
    assert folder is not None, "cyfaust is not installed"
    return folder


#: The standard libraries that come with cyfaust; programs that use them are among them.
LIBRARIES = _embedded()
#: All that comes with cyfaust.
RESOURCES = LIBRARIES.parent
STANDARD_EXAMPLES = LIBRARIES / "examples"


def standard_examples(pattern: str = "*") -> list[Path]:
    """The example programs that come with Faust and whose names match a pattern."""
    paths = sorted(STANDARD_EXAMPLES.rglob("*.dsp"))
    return [path for path in paths if fnmatch(example_name(path), pattern)]


def example_name(path: Path) -> str:
    """The name of one of these programs: its path below their folder."""
    return path.relative_to(STANDARD_EXAMPLES).as_posix()
