"""Builds the first page of the site, and the documentation.

make docs-site
python site/docs.py FOLDER
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import circuit

HERE = Path(__file__).resolve().parent


def build(destination: Path) -> None:
    """Builds the first page, and the documentation in the folder `documentation` beside it.

    Args:
        destination: the folder of the site; other folders in it stay as they are.

    Raises:
        SystemExit: a page has a mistake, as a link that leads nowhere, or what builds it is not
            installed.
    """
    try:
        from mkdocs.commands.build import build as write
        from mkdocs.config import load_config
        from mkdocs.exceptions import Abort
    except ImportError:
        raise SystemExit(
            "the documentation is built with mkdocs: `pip install -e '.[site]'`"
        ) from None
    circuit.write(destination)
    config = load_config(
        str(HERE / "mkdocs.yml"), site_dir=str(destination / "documentation"), strict=True
    )
    try:
        write(config)
    except Abort as error:
        raise SystemExit(f"the documentation is not built: {error}") from None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python site/docs.py FOLDER")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    build(Path(sys.argv[1]))
