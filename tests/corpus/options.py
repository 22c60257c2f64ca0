"""The options that all checks over the example programs have."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(description: str, page: Path | None = None) -> argparse.ArgumentParser:
    """The options: `filter`, `jobs`, `limit`, `json`, and `write`.

    Args:
        description: what the check is about.
        page: what `write` asks for, if there is a page.
    """
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--filter", default="*", metavar="PATTERN", help="only these programs")
    found.add_argument("--jobs", type=int, default=2, help="programs at a time (default: 2)")
    found.add_argument(
        "--limit", type=float, default=300, metavar="SECONDS", help="per program (default: 300)"
    )
    found.add_argument("--json", type=Path, metavar="OUT", help="write all outcomes to a file")
    if page is not None:
        found.add_argument("--write", action="store_true", help=f"write docs/{page.name}")
    return found
