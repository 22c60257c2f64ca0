"""The engine of the page in node, which `make site` builds: Python and libfaust in WebAssembly."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.places import ROOT

SITE = ROOT / "dist" / "site"
ENGINE = SITE / "engine"
_SCRIPT = ROOT / "web" / "tests" / "engine.mjs"


class Answered(NamedTuple):
    """An answer of the engine, and how long it took, in seconds."""

    answer: dict[str, Any]
    seconds: float

    @property
    def result(self) -> Any:
        assert self.answer["ok"], self.answer["error"]
        return self.answer["result"]


def answered(*requests: dict[str, Any]) -> list[Answered]:
    """What an engine that has just started answers, one after the other."""
    done = subprocess.run(
        ["node", str(_SCRIPT)],
        input="".join(json.dumps(request) + "\n" for request in requests),
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT / "web",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    _, *times = done.stderr.splitlines()  # nothing else is told there, such as a warning
    pairs = zip(done.stdout.splitlines(), times, strict=True)
    return [Answered(json.loads(line), float(seconds)) for line, seconds in pairs]


def request(job: str, path: Path, **options: Any) -> dict[str, Any]:
    beside = {file.name: file.read_text("utf-8") for file in path.parent.glob("*.dsp")}
    source = beside.pop(path.name)
    return {"job": job, "name": path.name, "source": source, "files": beside, "options": options}
