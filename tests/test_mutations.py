"""Mutated programs: whatever the input, fad gives a result or an error of its own, in time.

Pieces of programs that come with Faust and of the golden sources are left out, doubled, swapped
and exchanged. Each mutant is expanded and transformed in a process of its own.
"""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.commands import ENVIRONMENT
from tests.support.places import ROOT, STANDARD_EXAMPLES

MUTANTS = int(os.environ.get("FAD_EXAMPLES", "20"))
#: Those that one test runs, one after the other.
BATCH = 10
SECONDS = 30
BYTES = 6 * 10**9

# In the child: what goes wrong beside a FadError is written to the standard output.
RUN = """
import sys, fad
from pathlib import Path
for name in ("expand", "transform"):
    try:
        getattr(fad, name)(Path(sys.argv[1]))
    except fad.FadError as error:
        str(error)
"""

_WORD = re.compile(r'"[^"]*"|//[^\n]*|/\*[\s\S]*?\*/|\s+|\w+|[<>:=+!-][>:=]|\S')
#: What may be put anywhere: operators, numbers, and words that make programs large or endless.
_PIECES = [
    *(":", ",", "<:", ":>", "~", "+", "-", "*", "/", "@", "'", "(", ")", "_", "!", ";", "0", "1"),
    *("-1", "0.5", "1e999", "70", "20000", "par(i, 9,", "seq(i, 3,", "sum(i, 400,", "x", "f(x)"),
    *("process", "with {", "}", "fad(", "rad(", "forwardAD(", '"a%i[b:c]"'),
    "case { (0) => 1; (x) =>",
    *("environment {", "letrec {", "route(2, 2,", "rdtable", "select2", '["a" ->', "library("),
]


def sources() -> list[Path]:
    golden = (ROOT / "tests" / "golden").rglob("*.dsp")
    return sorted([*STANDARD_EXAMPLES.rglob("*.dsp"), *golden])


def mutant(text: str, other: str, chance: random.Random) -> str:
    """A program with a few pieces changed."""
    words, others = _WORD.findall(text), _WORD.findall(other) or [""]
    for _ in range(chance.randint(1, 4)):
        if not words:
            break
        place = chance.randrange(len(words))
        end = place + chance.choice((1, 1, 1, 3, 10))
        match chance.randrange(6):
            case 0:
                del words[place:end]
            case 1:
                words[place:place] = words[place:end]
            case 2:
                source = chance.randrange(len(words))
                words[place] = words[source]
            case 3:
                words[place:place] = [" ", chance.choice(_PIECES), " "]
            case 4:
                words[place] = f" {chance.choice(_PIECES)} "
            case _:
                source = chance.randrange(len(others))
                words[place:place] = others[source : source + 6]
    return "".join(words)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def complaint(file: Path) -> str:
    """What is wrong with how fad takes a program; nothing most often."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(file)],
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        preexec_fn=_limit,
    )
    if not done.returncode:
        return ""
    return f"exit code {done.returncode}: {done.stderr[-2000:]}"


def mutants(batch: int, files: Sequence[Path]) -> list[tuple[Path, str]]:
    made = []
    for number in range(batch * BATCH, min(MUTANTS, (batch + 1) * BATCH)):
        chance = random.Random(number)
        file, other = chance.choice(files), chance.choice(files)
        text, rest = (each.read_text("utf-8", errors="replace") for each in (file, other))
        made.append((file, mutant(text, rest, chance)))
    return made


@pytest.mark.parametrize("batch", range(-(-MUTANTS // BATCH)))
def test_mutants_are_taken_or_refused(batch: int, tmp_path: Path) -> None:
    for number, (file, text) in enumerate(mutants(batch, sources())):
        program = tmp_path / f"{number}.dsp"
        program.write_text(text, encoding="utf-8", errors="replace")
        found = complaint(program)
        assert not found, f"a mutant of {file.name}: {found}\n{text}"
