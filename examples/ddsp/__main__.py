"""Runs the examples of differentiable audio, and draws them: `python -m examples.ddsp`."""

from __future__ import annotations

import argparse
import importlib
import io
import time
from collections.abc import Mapping
from importlib.util import find_spec

from examples.ddsp.result import HERE
from examples.pictures import keep

#: Example -> the package that it needs.
EXAMPLES: Mapping[str, str] = {
    "note": "torch",
    "equaliser": "torch",
    "compressor": "jax",
    "live": "numpy",
}


def main() -> int:
    """Runs the examples; 1 if one does not reach what it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these examples")
    chosen = parser.parse_args().names or EXAMPLES
    failed = False
    for name in chosen:
        needed = EXAMPLES.get(name)
        if needed is None:
            parser.error(f"there is no example `{name}`; there are {', '.join(EXAMPLES)}")
        if find_spec(needed) is None:
            print(f"{name}: skipped, as `{needed}` is not installed (the extra `fad[{needed}]`)")
            continue
        began = time.monotonic()
        result = importlib.import_module(f"examples.ddsp.{name}").run()
        drawn = io.BytesIO()
        result.figure.savefig(drawn, format="png")
        keep(drawn.getvalue(), HERE / "plots" / f"{name}.png")
        verdict = "" if result.is_reached else ": NOT what it should reach"
        print(f"{name}: {result.told}{verdict} ({time.monotonic() - began:.0f} s)", flush=True)
        failed |= not result.is_reached
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
