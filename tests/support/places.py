"""Where the checkout is, and where the libraries and example programs of Faust are.

Benchmarks use it too.
"""

from __future__ import annotations

from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

#: The root of the checkout.
ROOT = Path(__file__).parents[2]


def _cyfaust() -> Path:
    """The folder of the package, found without importing it: that would load the compiler."""
    spec = find_spec("cyfaust")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


#: What comes with cyfaust: the standard libraries among it, and programs that use them.
RESOURCES = _cyfaust() / "resources"
LIBRARIES = RESOURCES / "libraries"
STANDARD_EXAMPLES = LIBRARIES / "examples"


def standard_examples(pattern: str = "*") -> list[Path]:
    """The example programs that come with Faust and whose names match a pattern."""
    paths = sorted(STANDARD_EXAMPLES.rglob("*.dsp"))
    return [path for path in paths if fnmatch(example_name(path), pattern)]


def example_name(path: Path) -> str:
    """The name of one of these programs: its path below their folder."""
    return path.relative_to(STANDARD_EXAMPLES).as_posix()
